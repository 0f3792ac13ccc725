//! `kill -9` in the middle of a checkpoint, between two of its pieces, while commits go on.

use crate::engine::Slowburn;
use crate::failing_disk::World;
use crate::faulty_disk::Switch;
use crate::outage::{SLOS, until_exact};
use crate::wait::until_true;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write;
use std::path::Path;

/// SLOs whose state is about a megabyte, in pieces of 256 KiB. (With more a first start would begin a checkpoint by itself,
/// for the configuration is in the journal.)
fn many_slos() -> String {
    let mut slos = SLOS.to_owned();
    for number in 0..100 {
        write!(
            slos,
            "
  - name: availability-{number}
    objective: 99
    window: 1h
    sli:
      events:
        total: http_requests_total{{job=\"shop\"}}
        bad: http_requests_total{{job=\"shop\",code=~\"5..\"}}
    alerting: {{page: {{disable: true}}, ticket: {{disable: true}}, annotations: {{long: {}}}}}",
            "x".repeat(4500)
        )
        .expect("written");
    }
    slos
}

/// The checkpoint in force, and the latest one of which there are pieces.
fn generations(data: &Path) -> (i64, i64) {
    let database = Connection::open_with_flags(data.join("slowburn.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let sql = "SELECT generation, (SELECT max(generation) FROM part) FROM meta";
    let found = database.expect("opened").query_row(sql, [], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)));
    let (in_force, latest) = found.expect("read");
    (in_force, latest.unwrap_or(0))
}

async fn has_checkpointed(slowburn: &Slowburn) -> bool {
    slowburn.text("/metrics").await.contains("\nslowburn_store_checkpoints_total{outcome=\"success\"} 1\n")
}

/// Lets ten minutes go by.
struct Clock<'a>(&'a World, u8);

impl Clock<'_> {
    fn advance(&mut self) {
        self.1 += 11;
        self.0.disk.set(Switch::Later, self.1);
    }
}

#[tokio::test]
async fn a_kill_between_the_pieces_of_a_checkpoint_loses_and_repeats_nothing() {
    let (world, mut slowburn) = World::begin(&many_slos()).await;
    let data = world.installation.path("data");
    let mut clock = Clock(&world, 0);
    for round in 0..6 {
        let before = generations(&data);
        world.disk.set(Switch::Slow, 255);
        clock.advance();
        until_true("pieces are written", async || generations(&data).1 > before.1).await;
        world.service.happen("/cart", "500", 3);
        if round % 2 == 0 {
            // What a commit between two pieces holds is nowhere else.
            world.end_all(slowburn).await;
        } else {
            slowburn.kill().await;
            world.service.happen("/cart", "500", 11);
        }
        let after = generations(&data);
        assert!(after.0 == before.0 && after.1 > before.1, "killed in the middle: {before:?}, {after:?}");
        world.disk.set(Switch::Slow, 0);
        slowburn = world.go_on().await;
        clock.advance();
        // Not asked over HTTP: the leap of time ends connections.
        until_true("a whole checkpoint", async || generations(&data).0 > after.1).await;
        until_true("its end", async || has_checkpointed(&slowburn).await).await;
        world.service.happen("/cart", "200", 1);
        until_exact(&slowburn, &world.service).await;
    }
    world.end_all(slowburn).await;
    world.go_on().await;
}

/// Each start writes SLOs that were changed into the journal, so that this needs nothing to happen.
#[tokio::test]
async fn lives_too_short_for_a_checkpoint_do_not_let_the_journal_grow() {
    let (world, mut slowburn) = World::begin(&many_slos()).await;
    let data = world.installation.path("data");
    for life in 0..8 {
        let inherited = bytes_of_journal(&slowburn).await;
        slowburn.kill().await;
        world.installation.write("slos.yaml", &many_slos().replace("xxxx}}", &format!("xx{life:02}}}}}")));
        slowburn = world.go_on().await;
        if inherited >= JOURNAL_MAX {
            until_true("a checkpoint at once", async || has_checkpointed(&slowburn).await).await;
        }
        let journal = bytes_of_journal(&slowburn).await;
        assert!(journal < 2.0 * JOURNAL_MAX, "life {life}: {journal}");
    }
    assert!(generations(&data).0 > 0, "the journals of all lives were counted together");
}

const JOURNAL_MAX: f64 = 2e6;

async fn bytes_of_journal(slowburn: &Slowburn) -> f64 {
    let text = slowburn.text("/metrics").await;
    let line = text.lines().find_map(|line| line.strip_prefix("slowburn_store_journal_bytes "));
    line.and_then(|number| number.parse().ok()).expect("the journal's size")
}

//! A bit flips in the data of a real engine: the start names it, `salvage` saves the rest, and counting goes on.

use crate::engine::{Installation, Slowburn, bytes, finished};
use crate::outage::{ID, SLOS, config, counted, events, meanwhile, until_exact};
use crate::service::Service;
use crate::wait::{until, until_true};
use rusqlite::Connection;
use slowburn::clock;
use slowburn::domain::time::Timestamp;
use std::fs;
use std::os::unix::fs::FileExt;
use tokio::process::Command;

/// A store with a checkpoint and a journal after it, left by a kill.
async fn lived(service: &Service, installation: &Installation) {
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(service, "200", "counting begins", async || (counted(&slowburn).await.total > 0.0).then_some(())).await;
    until_exact(&slowburn, service).await;
    slowburn.signal("TERM");
    assert_eq!(slowburn.ended().await.0.code(), Some(0));
    service.happen("/cart", "500", 20);
    let slowburn = installation.start().await;
    until_exact(&slowburn, service).await;
    slowburn.kill().await;
}

/// Overwrites the first page with zeros; what the log holds stays there.
fn empty_first_page(installation: &Installation) {
    let file = fs::File::options().write(true).open(installation.path("data/slowburn.db")).expect("opened");
    file.write_all_at(&[0; 4096], 0).expect("written");
}

/// Flips a bit in the body of one row. Opening and closing merges the log into the file.
fn flip(installation: &Installation, table: &str, row: &str) {
    let database = Connection::open(installation.path("data/slowburn.db")).expect("opened");
    let sql = format!("SELECT rowid, body FROM {table} WHERE {row} LIMIT 1");
    let (rowid, mut body): (i64, Vec<u8>) =
        database.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a row");
    let middle = body.len() / 2;
    body[middle] ^= 1;
    database.execute(&format!("UPDATE {table} SET body = ?1 WHERE rowid = ?2"), (body, rowid)).expect("written");
}

async fn command(installation: &Installation, word: &str) -> (Option<i32>, String) {
    let mut command = Command::new(crate::engine::BINARY);
    command.arg(word).args(["--web.listen", "127.0.0.1:0"].iter().filter(|_| word == "run"));
    let (code, stdout, stderr) = finished(command.arg("--config").arg(installation.path("slowburn.yaml"))).await;
    (code, stdout + &stderr)
}

#[tokio::test]
async fn what_is_sound_of_a_damaged_store_is_saved_and_counting_goes_on() {
    for (table, row, lost, exact) in [
        ("part", "key = 'setup'", "the part \"setup\"", true),
        ("part", "key = 'core'", "the part \"core\"", true),
        ("part", "key = 'slos/000000'", "the budget of shop/availability: it begins anew", false),
        ("part", "key = 'targets/000000'", "the last values of all targets", false),
        ("journal", "seq > 0", "the journal from commit", true),
        ("the first page", "", "the file's first page, which tells where the tables are, was damaged", true),
    ] {
        let service = Service::start().await;
        let hook = "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]";
        let installation = Installation::new(&config(&service, hook), SLOS);
        lived(&service, &installation).await;
        if table == "the first page" {
            empty_first_page(&installation)
        } else {
            flip(&installation, table, row)
        }
        let damaged = bytes(&installation.path("data/slowburn.db"));
        let (code, said) = command(&installation, "run").await;
        assert!(code == Some(2) && said.contains("is damaged") && said.contains("slowburn salvage"), "{row}: {said}");
        let (code, said) = command(&installation, "salvage").await;
        assert!(code == Some(0) && said.contains(lost), "{row}: {said}");
        assert!(bytes(&installation.path("data/slowburn.db.damaged-1")) == damaged, "{row}: it is kept");

        service.happen("/cart", "500", 9);
        let slowburn = installation.start().await;
        if exact {
            until_exact(&slowburn, &service).await;
        } else {
            goes_on(&slowburn, &service).await;
        }
        let (code, said) = command(&installation, "salvage").await;
        assert!(code == Some(2) && said.contains("in use by another slowburn"), "{row}: {said}");
        slowburn.signal("TERM");
        assert_eq!(slowburn.ended().await.0.code(), Some(0), "{row}");
        let (code, said) = command(&installation, "salvage").await;
        assert!(code == Some(0) && said.contains("nothing is damaged, and nothing was changed"), "{row}: {said}");
        assert!(fs::exists(installation.path("data/slowburn.db.damaged-1")).expect("asked"), "{row}");
    }
}

/// What is lost is lost; what happens from now on is counted, once.
async fn goes_on(slowburn: &Slowburn, service: &Service) {
    let (now, truth) = (clock::now(), service.truth());
    // A scrape that began later tells of all that happened so far; what it does not count is lost.
    let before = until("a scrape from now on", async || {
        let slo = slowburn.slo(ID).await;
        let updated: Timestamp = serde_json::from_value(slo["updated_at"].clone()).ok()?;
        (updated > now).then(|| events(&slo))
    })
    .await;
    assert!(before.total <= truth.total && before.bad <= truth.bad, "{before:?} counted of {truth:?}");
    service.happen("/cart", "500", 13);
    until_true("13 more", async || {
        let now = counted(slowburn).await;
        assert!(now.total <= before.total + 13.0, "{now:?} after {before:?}");
        (now.total, now.bad) == (before.total + 13.0, before.bad + 13.0)
    })
    .await;
}

//! What is saved of a damaged data directory: all that is sound, nothing twice, and what is lost by name.

use crate::lives;
use crate::lives::build::{read, sample, seconds, series, target};
use crate::model::noise;
use rusqlite::Connection;
use slowburn::domain::event::Event;
use slowburn::domain::reading::Sample;
use slowburn::domain::state::State;
use slowburn::engine::{self, persist, salvage};
use slowburn::store::{Cover, OpenError, Piece, Store};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const DATABASE: &str = "slowburn.db";

/// A data directory with a life of a day and a half in it.
fn lived() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/engine-v2.db");
    fs::copy(fixture, dir.path().join(DATABASE)).unwrap();
    dir
}

/// What a start finds, evaluated at a moment that is the same for all.
fn state_in(dir: &Path) -> State {
    let (_store, loaded) = Store::open(dir).unwrap();
    let mut state = persist::recover(loaded).unwrap().0;
    state.step(&[Event::Tick { at: lives::at(2 * lives::LIVED) }]);
    state
}

/// Good and bad events of each budget, by its name.
fn totals(state: &State) -> Vec<(String, (f64, f64))> {
    let names = state.statuses().map(|status| format!("{}{}", status.id, status.group));
    names.zip(state.totals()).collect()
}

fn sum(state: &State) -> f64 {
    state.totals().iter().map(|(good, bad)| good + bad).sum()
}

/// Flips one bit in the middle of a body.
fn flip(database: &Connection, table: &str, row: &str) {
    let sql = format!("SELECT body FROM {table} WHERE {row}");
    let mut body: Vec<u8> = database.query_row(&sql, [], |row| row.get(0)).unwrap();
    let middle = body.len() / 2;
    body[middle] ^= 4;
    assert_eq!(database.execute(&format!("UPDATE {table} SET body = ?1 WHERE {row}"), [body]).unwrap(), 1);
}

/// Runs the command and returns what it said.
fn salvaged(dir: &Path) -> String {
    let config = dir.join("slowburn.yaml");
    fs::write(&config, "slo_files: []\nscrape_configs: []\nstorage: {path: .}\n").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_slowburn")).args(["salvage", "--config"]).arg(config).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn a_flipped_bit_in_each_kind_of_row_costs_that_row() {
    let whole = lived();
    let before = state_in(whole.path());
    for (name, damage, lost, all) in [
        (
            "setup",
            "part key='setup'",
            vec!["the part \"setup\" of the last checkpoint", "that of the files takes"],
            false,
        ),
        ("core", "part key='core'", vec!["the part \"core\" of the last checkpoint", "may be told again"], true),
        (
            "slos",
            "part key='slos/000000'",
            vec!["the part \"slos/000000\"", "the budget of shop/requests: it begins anew"],
            false,
        ),
        ("targets", "part key='targets/000000'", vec!["the part \"targets/000000\"", "from their next scrape"], false),
        (
            "an old past",
            "part key LIKE 'old/%slices'",
            vec!["the part \"old/", "the counts of that budget from some hours ago and before"],
            false,
        ),
        (
            "a block",
            "journal seq=(SELECT max(seq) - 3 FROM journal)",
            vec!["the journal from commit 10 to commit 13"],
            false,
        ),
        (
            "the first block",
            "journal seq=(SELECT min(seq) FROM journal)",
            vec!["the journal from commit 2 to commit 13"],
            false,
        ),
        ("a day", "archive the first", vec!["the history of "], true),
    ] {
        let dir = lived();
        let database = Connection::open(dir.path().join(DATABASE)).unwrap();
        let (table, row) = damage.split_once(' ').unwrap();
        let first_day = "(day, key) = (SELECT day, key FROM archive ORDER BY day, key LIMIT 1)";
        flip(&database, table, if table == "archive" { first_day } else { row });
        drop(database);
        let damaged = fs::read(dir.path().join(DATABASE)).unwrap();
        let said = salvaged(dir.path());
        println!("{name}: {said}");
        for what in lost {
            assert!(said.contains(what), "{name}: {said}");
        }
        assert!(
            fs::read(dir.path().join("slowburn.db.damaged-1")).unwrap() == damaged,
            "{name}: what was damaged is kept"
        );
        let after = state_in(dir.path());
        if all {
            assert_eq!(totals(&after), totals(&before), "{name}");
        }
        assert!(sum(&after) <= sum(&before), "{name}: {} of {} events", sum(&after), sum(&before));
        assert!(salvaged(dir.path()).contains("nothing is damaged"), "{name}");
    }
}

#[test]
fn numbers_that_were_changed_cost_nothing_where_the_rest_tells_them() {
    let before = totals(&state_in(lived().path()));
    for sql in [
        "UPDATE meta SET generation = generation + 8",
        "UPDATE meta SET generation = 0",
        "UPDATE meta SET parts_sum = parts_sum + 1",
        "UPDATE meta SET parts = 1",
        "UPDATE meta SET checkpoint = 0",
        "UPDATE meta SET checkpoint = 70",
    ] {
        let dir = lived();
        Connection::open(dir.path().join(DATABASE)).unwrap().execute_batch(sql).unwrap();
        let said = salvaged(dir.path());
        assert_eq!(totals(&state_in(dir.path())), before, "{sql}: {said}");
    }
}

/// Rows of a checkpoint that never came into force are newer than what counts.
#[test]
fn parts_of_two_moments_are_never_mixed() {
    let dir = lived();
    let database = Connection::open(dir.path().join(DATABASE)).unwrap();
    database
        .execute_batch(
            "INSERT INTO part SELECT key, generation + 1, crc, body FROM part WHERE key LIKE 'slos/%'; DELETE FROM meta;",
        )
        .unwrap();
    drop(database);
    let said = salvaged(dir.path());
    assert!(said.contains("which of its parts belong together can't be read"), "{said}");
    assert!(said.contains("saved: 0 SLOs") && !said.contains(" 0 days"), "{said}");
}

#[test]
fn each_page_overwritten_costs_no_more_than_is_named_and_nothing_counts_twice() {
    let whole = lived();
    let before = state_in(whole.path());
    let bytes = fs::read(lived().path().join(DATABASE)).unwrap();
    let setup = lives::life_setup();
    let (mut refused, mut whole_states) = (0, 0);
    for page in 0..bytes.len() / 4096 {
        let dir = tempfile::tempdir().unwrap();
        let mut damaged = bytes.clone();
        damaged[page * 4096..][..4096].copy_from_slice(&noise(page as u64, 4096));
        fs::write(dir.path().join(DATABASE), &damaged).unwrap();
        match salvage::salvage(dir.path(), &setup) {
            Err(error) => {
                println!("page {page}: {error}");
                assert!(fs::read(dir.path().join(DATABASE)).unwrap() == damaged, "page {page} is left as it is");
                refused += 1;
            }
            Ok(None) => assert_eq!(totals(&state_in(dir.path())), totals(&before), "page {page}"),
            Ok(Some(report)) => {
                let after = state_in(dir.path());
                println!("page {page}: {} of {} events, lost: {:?}", sum(&after), sum(&before), report.lost);
                assert!(sum(&after) <= sum(&before), "page {page}");
                if sum(&after) < sum(&before) {
                    assert!(!report.lost.is_empty(), "page {page}: a loss without a name");
                }
                whole_states += usize::from(totals(&after) == totals(&before));
            }
        }
    }
    assert!(refused == 0 && whole_states > 3, "{refused} refused, {whole_states} without loss");
}

#[test]
fn a_lost_log_is_accepted_and_named() {
    let dir = lived();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    (0..3).for_each(|_| store.append(b"").unwrap());
    let log = fs::read(dir.path().join("slowburn.db-wal")).unwrap();
    drop(store);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/engine-v2.db"), dir.path().join(DATABASE))
        .unwrap();
    assert!(!log.is_empty() && matches!(Store::open(dir.path()).map(drop), Err(OpenError::Behind { .. })));
    let said = salvaged(dir.path());
    assert!(said.contains("lost: the journal from commit 14 to commit 16"), "{said}");
    assert_eq!(totals(&state_in(dir.path())), totals(&state_in(lived().path())));
}

/// A series that was counted from its birth would be counted from its birth again, were its target's memory lost and the
/// watch over its job not.
#[test]
fn what_was_counted_from_its_birth_is_not_counted_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut setup = lives::life_setup();
    setup.watched_jobs = Some(["shop".to_owned()].into());
    let setup = Arc::new(setup);
    let target = target("a:1", seconds(15));
    let born = |at, value| {
        let series = series(&target, "requests_total", &[("code", "200")]);
        let created = Sample { created: Some(lives::at(1)), ..sample(&series, value) };
        Event::Scraped(read(&target, lives::at(at).0, vec![created]))
    };
    let configured = |at| Event::Configured { at: lives::at(at), setup: setup.clone() };
    let mut state = State::default();
    state.step(&[configured(0), born(2, 100.0)]);
    engine::plant(dir.path(), &mut state).unwrap();
    flip(&Connection::open(dir.path().join(DATABASE)).unwrap(), "part", "key = 'targets/000000'");
    salvage::salvage(dir.path(), &setup).unwrap().unwrap();

    let (_store, loaded) = Store::open(dir.path()).unwrap();
    let mut after = persist::recover(loaded).unwrap().0;
    after.step(&[configured(4), born(5, 100.0), born(6, 107.0), Event::Tick { at: lives::at(9) }]);
    state.step(&[configured(4), born(5, 100.0), born(6, 107.0), Event::Tick { at: lives::at(9) }]);
    assert_eq!(totals(&state)[0].1, (107.0, 0.0), "all is counted from the birth on");
    assert_eq!(totals(&after), totals(&state), "and not once more");
}

/// Counts of the last checkpoint with the last values of the one before would count what lies between once more.
#[test]
fn a_part_that_vanished_is_not_replaced_by_that_of_an_earlier_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Arc::new(lives::life_setup());
    let target = target("a:1", seconds(15));
    let shown = |at, value| {
        let series = series(&target, "requests_total", &[("code", "200")]);
        Event::Scraped(read(&target, lives::at(at).0, vec![sample(&series, value)]))
    };
    let mut state = State::default();
    state.step(&[Event::Configured { at: lives::at(0), setup: setup.clone() }, shown(1, 10.0), shown(2, 110.0)]);
    engine::plant(dir.path(), &mut state).unwrap();
    state.step(&[shown(3, 210.0)]);
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let mut packer = store.begin(Cover::Everything).unwrap();
    let upsert = persist::parts(&state).unwrap().into_iter().collect();
    store.stage(packer.seal(Piece { upsert, ..Piece::default() }).unwrap()).unwrap();
    // Killed before it sweeps up the rows of the checkpoint before.
    store.switch().unwrap();
    drop(store);
    let database = Connection::open(dir.path().join(DATABASE)).unwrap();
    let vanished = "DELETE FROM part WHERE key LIKE 'targets/%' AND generation = (SELECT generation FROM meta)";
    assert_eq!(database.execute(vanished, []).unwrap(), 1);
    drop(database);
    let report = salvage::salvage(dir.path(), &setup).unwrap().unwrap();
    let named = "the part \"targets/000000\" of the last checkpoint: only that of an earlier one is there";
    assert!(report.lost.iter().any(|lost| lost == named), "{:?}", report.lost);

    let (_store, loaded) = Store::open(dir.path()).unwrap();
    let mut after = persist::recover(loaded).unwrap().0;
    after.step(&[shown(4, 310.0), Event::Tick { at: lives::at(9) }]);
    assert_eq!(totals(&after)[0].1, (200.0, 0.0), "the scrape is a baseline");
}

#[test]
fn a_file_of_the_first_format_is_saved_too() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/engine-v1.db");
    let [whole, dir] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for dir in [whole.path(), dir.path()] {
        fs::copy(&fixture, dir.join(DATABASE)).unwrap();
    }
    let before = totals(&state_in(whole.path()));
    flip(&Connection::open(dir.path().join(DATABASE)).unwrap(), "part", "key LIKE 'slo/shop/requests%'");
    let said = salvaged(dir.path());
    assert!(said.contains("lost: the budget of shop/requests: it begins anew"), "{said}");
    let after = totals(&state_in(dir.path()));
    assert_eq!(after.last(), before.last(), "the other budget is whole");
    assert!(after[0].1.0 < before[0].1.0, "{after:?}");
}

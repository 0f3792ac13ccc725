//! A first page that is damaged costs nothing: all that stood behind it is saved, and what is not ours is refused.

use crate::damage::{DATABASE, LOG};
use crate::lives;
use crate::model::noise;
use crate::torture::quick_dir;
use rusqlite::Connection;
use slowburn::domain::event::Event;
use slowburn::domain::state::State;
use slowburn::engine::{persist, salvage};
use slowburn::store::{OpenError, Store};
use std::fs;
use std::path::Path;

const PAGE: usize = 4096;

/// The files of a data directory.
type Files = Vec<(&'static str, Vec<u8>)>;

fn files(dir: &Path) -> Files {
    let read = |name| fs::read(dir.join(name)).ok().map(|bytes| (name, bytes));
    [DATABASE, LOG, "lock"].into_iter().filter_map(read).collect()
}

fn data_dir(files: &Files) -> tempfile::TempDir {
    let dir = quick_dir();
    files.iter().for_each(|(name, bytes)| fs::write(dir.path().join(name), bytes).unwrap());
    dir
}

/// The same files with another database.
fn with(files: &Files, change: impl Fn(&mut Vec<u8>)) -> Files {
    let mut files = files.clone();
    files.iter_mut().filter(|(name, _)| *name == DATABASE).for_each(|(_, bytes)| change(bytes));
    files
}

/// A directory in which an engine lived that began in this format.
fn lived(fixture: &str) -> Files {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture), dir.path().join(DATABASE))
        .unwrap();
    files(dir.path())
}

/// The same after a start, which brings it to the present format and leaves a witness.
fn started(fixture: &str) -> Files {
    let dir = data_dir(&lived(fixture));
    drop(Store::open(dir.path()).unwrap());
    files(dir.path())
}

type Contents = (Vec<(f64, f64)>, usize, Vec<(i32, Vec<u8>)>);

/// Good and bad events of each budget, targets, and the long history of one budget.
fn contents(dir: &Path) -> Contents {
    let (store, loaded) = Store::open(dir).unwrap();
    let mut state: State = persist::recover(loaded).unwrap().0;
    state.step(&[Event::Tick { at: lives::at(2 * lives::LIVED) }]);
    let budget = format!("{}{{instance=\"a:1\"}}", slowburn::domain::slo_state::counting_key(&state.slos[0].spec));
    let days = store.archive_reader().unwrap().archive(&budget, 0..=i32::MAX).unwrap();
    (state.totals(), state.targets.len(), days)
}

/// Salvages a damaged directory in which nothing may be lost. `true` where the first page was replaced.
fn all_is_saved(damaged: &Files, expected: &Contents, name: &str) -> bool {
    let dir = data_dir(damaged);
    let report = salvage::salvage(dir.path(), &lives::life_setup()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let replaced = report.as_ref().is_some_and(|report| report.new_first_page);
    if let Some(report) = report {
        assert!(report.lost.is_empty(), "{name}: {:?}", report.lost);
        assert!(fs::read(&report.aside).unwrap() == damaged[0].1, "{name}: what was damaged is kept");
    }
    assert!(!dir.path().join("salvage.copy").exists(), "{name}");
    assert!(contents(dir.path()) == *expected, "{name}");
    replaced
}

type Damage = (String, Vec<u8>);

/// Damages of a first page: every byte of the header and of the tree's head, others of the schema, and stretches.
fn damages(page: &[u8]) -> Vec<Damage> {
    let schema = page[124..].iter().position(|byte| *byte != 0).unwrap() + 124;
    let flip = |(at, bits): (usize, u8)| {
        let mut page = page.to_vec();
        page[at] ^= bits;
        (format!("byte {at} with {bits:#04x}"), page)
    };
    let heads = (0..124).flat_map(|at| [(at, 1), (at, 0xff)]);
    let bodies = (schema..PAGE).step_by(13).map(|at| (at, 1 << (at % 8)));
    let stretch = |range: std::ops::Range<usize>, with: Vec<u8>| {
        let mut page = page.to_vec();
        let name = format!("{range:?} overwritten with {}", with[0]);
        page[range].copy_from_slice(&with);
        (name, page)
    };
    let stretches = [0..PAGE, 0..100, 0..512, 100..PAGE, 100..108, 2048..PAGE]
        .map(|range| stretch(range.clone(), vec![0; range.len()]));
    // As if there were no more than ten pages.
    let few = stretch(28..32, vec![0, 0, 0, 10]);
    let random = (0..4).map(|seed| stretch(0..PAGE, noise(seed, PAGE)));
    heads.chain(bodies).map(flip).chain(stretches).chain([few]).chain(random).collect()
}

/// The number of the format, of which a small change is a later format.
fn says_newer(page: &[u8]) -> bool {
    page[68..72] == *b"SLBN" && (5..256).contains(&u32::from_be_bytes(page[60..64].try_into().unwrap()))
}

#[test]
fn whatever_befalls_the_first_page_all_behind_it_is_saved_and_the_start_tells_of_it() {
    let whole = started("engine-v4.db");
    let expected = contents(data_dir(&whole).path());
    assert!(expected.0.iter().any(|(good, _)| *good > 0.0) && expected.1 > 0 && !expected.2.is_empty());
    let (mut started, mut replaced) = (0, 0);
    for (name, page) in damages(&whole[0].1[..PAGE]) {
        let damaged = with(&whole, |database| database[..PAGE].copy_from_slice(&page));
        let start = data_dir(&damaged);
        match Store::open(start.path()).map(drop) {
            Ok(()) => started += 1,
            Err(OpenError::Newer { .. }) => {
                assert!(says_newer(&page), "{name}");
                let error = salvage::salvage(start.path(), &lives::life_setup()).unwrap_err();
                assert!(error.to_string().contains("newer slowburn"), "{name}: {error}");
                continue;
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(" is damaged: ") && text.contains("`slowburn salvage`"), "{name}: {text}");
                let left = files(start.path());
                assert!(damaged.iter().all(|file| left.contains(file)), "{name}: a refused file is left as it is");
            }
        }
        replaced += usize::from(all_is_saved(&damaged, &expected, &name));
    }
    println!("{started} damages did not matter to a start, {replaced} first pages were replaced");
    assert!(started > 50 && replaced > 100, "{started} started, {replaced} replaced");
}

/// Where the tables are depends on how a file came by them.
#[test]
fn it_is_saved_in_each_format_and_after_an_upgrade() {
    for fixture in ["engine-v1.db", "engine-v2.db", "engine-v3.db", "engine-v4.db"] {
        let expected = contents(data_dir(&lived(fixture)).path());
        for (name, whole) in [("as it was left", lived(fixture)), ("after a start", started(fixture))] {
            let damaged = with(&whole, |database| database[..PAGE].fill(0));
            assert!(all_is_saved(&damaged, &expected, &format!("{fixture} {name}")), "{fixture} {name}");
        }
    }
}

/// A process that died leaves a log, with newer pages than the file has, the first one among them; that may be as damaged.
#[test]
fn what_the_log_holds_is_saved_too() {
    for (name, fixture, sql) in [
        ("a new store", "engine-v4.db", ""),
        ("an upgrade", "engine-v1.db", ""),
        ("a root in the log", "engine-v4.db", "UPDATE sqlite_schema SET rootpage = 9 WHERE name = 'archive'"),
        ("a definition in the log", "engine-v4.db", "UPDATE sqlite_schema SET sql = 'CREATE' WHERE name = 'part'"),
    ] {
        let dir = data_dir(&lived(fixture));
        let (mut store, _) = Store::open(dir.path()).unwrap();
        // Takes new pages, of which the first page tells. It is no block of events, which salvage tells.
        store.append(&noise(3, 3 * PAGE)).unwrap();
        let whole = files(dir.path());
        let changed = Connection::open(dir.path().join(DATABASE)).unwrap();
        changed.execute_batch(&format!("PRAGMA wal_autocheckpoint = 0; PRAGMA writable_schema = ON; {sql}")).unwrap();
        let damaged = with(&files(dir.path()), |database| database[..PAGE].fill(0));
        assert!(damaged.iter().any(|(name, bytes)| *name == LOG && bytes.len() > 4 * PAGE), "{name}");
        drop((changed, store));

        let [expected, saved] = [whole, damaged].map(|files| {
            let dir = data_dir(&files);
            let report = salvage::salvage(dir.path(), &lives::life_setup()).unwrap().unwrap();
            (
                report.new_first_page,
                (report.slos, report.targets, report.blocks, report.days, report.lost),
                contents(dir.path()),
            )
        });
        assert!(!expected.0 && saved.0, "{name}");
        assert!(expected.1.4.len() == 1 && expected.1.4[0].contains("the last 1 of "), "{name}: {expected:?}");
        assert_eq!(saved.1, expected.1, "{name}");
        assert!(saved.2 == expected.2, "{name}");
    }
}

/// Bodies' checksums decide whether a file is ours.
#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let foreign = tempfile::NamedTempFile::new().unwrap();
    let tables =
        "CREATE TABLE meta (id INTEGER PRIMARY KEY, a); CREATE TABLE journal (seq INTEGER PRIMARY KEY, crc, body);
         INSERT INTO meta VALUES (1, 1); INSERT INTO journal VALUES (1, 7, x'0001');";
    Connection::open(foreign.path()).unwrap().execute_batch(tables).unwrap();
    let foreign = fs::read(foreign.path()).unwrap();
    let empty = tempfile::tempdir().unwrap();
    drop(Store::open(empty.path()).unwrap());
    let empty = fs::read(empty.path().join(DATABASE)).unwrap();
    let without = |bytes: &[u8]| [&[0; PAGE], &bytes[PAGE..]].concat();
    let other_pages = {
        let dir = data_dir(&started("engine-v4.db"));
        let database = Connection::open(dir.path().join(DATABASE)).unwrap();
        database.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM;").unwrap();
        drop(database);
        fs::read(dir.path().join(DATABASE)).unwrap()
    };
    let mut newer = started("engine-v4.db")[0].1.clone();
    (newer[0], newer[63]) = (0, 5);
    assert_eq!(other_pages[16..18], [0x20, 0], "pages of 8 KiB");
    for (name, bytes, text) in [
        ("a text", b"version: 1\n".repeat(2000), "nothing can be saved of "),
        ("noise", noise(1, 50_000), "nothing can be saved of "),
        ("another program's", foreign.clone(), "nothing can be saved of "),
        ("another program's, damaged", without(&foreign), "nothing can be saved of "),
        ("one that holds nothing yet", without(&empty), "nothing can be saved of "),
        ("one with other pages", without(&other_pages), "nothing can be saved of "),
        ("a newer one, damaged", newer, "was written by a newer slowburn (format 5, this one knows up to 4)"),
        ("the first page alone", started("engine-v4.db")[0].1[..PAGE].to_vec(), "nothing can be saved of "),
        ("an empty file", Vec::new(), "is an empty file, not a database"),
    ] {
        let dir = data_dir(&vec![(DATABASE, bytes.clone())]);
        let error = salvage::salvage(dir.path(), &lives::life_setup()).expect_err(name).to_string();
        assert!(error.contains(text), "{name}: {error}");
        assert!(fs::read(dir.path().join(DATABASE)).unwrap() == bytes, "{name}");
        assert!(!dir.path().join("salvage.copy").exists(), "{name}");
        let start = Store::open(dir.path()).map(drop).expect_err(name).to_string();
        assert!(start.contains("leaves it as it is"), "{name}: {start}");
    }
}

/// An engine that died before its first checkpoint left nothing but a journal.
#[test]
fn a_journal_without_a_checkpoint_is_all_there_is_to_save() {
    let dir = quick_dir();
    lives::append(dir.path(), &lives::life());
    let whole = files(dir.path());
    let damaged = with(&whole, |database| database[..PAGE].fill(0));
    let (totals, targets, days) = contents(data_dir(&whole).path());
    assert!(days.is_empty(), "those are written by a checkpoint");
    let dir = data_dir(&damaged);
    let report = salvage::salvage(dir.path(), &lives::life_setup()).unwrap().unwrap();
    assert!(report.new_first_page && report.lost.is_empty(), "{:?}", report.lost);
    let saved = contents(dir.path());
    assert_eq!((saved.0, saved.1), (totals, targets));
}

/// A copy of a run that was killed is in nobody's way.
#[test]
fn a_copy_that_was_left_behind_is_replaced() {
    let whole = started("engine-v4.db");
    let dir = data_dir(&with(&whole, |database| database[..PAGE].fill(0)));
    fs::create_dir(dir.path().join("salvage.copy")).unwrap();
    fs::write(dir.path().join("salvage.copy").join(LOG), noise(1, 9000)).unwrap();
    assert!(salvage::salvage(dir.path(), &lives::life_setup()).unwrap().unwrap().new_first_page);
    assert!(contents(dir.path()) == contents(data_dir(&whole).path()));
}

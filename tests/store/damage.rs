//! Bits flip and ends go missing: the answer is the right data or a refusal, never other data.

use crate::model::{fill, noise, part};
use crate::torture::quick_dir;
use slowburn::store::{Checkpoint, Loaded, OpenError, Store};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

pub const DATABASE: &str = "slowburn.db";
pub const LOG: &str = "slowburn.db-wal";

type History = Vec<(i32, Vec<u8>)>;

/// The files of a data directory and what must be found in it.
pub struct Specimen {
    files: Vec<(&'static str, Vec<u8>)>,
    loaded: Loaded,
    history: History,
}

impl Specimen {
    /// As after a clean end, or as after a crash: commits in the log that are not in the database yet.
    pub fn new(crashed: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut loaded = fill(dir.path());
        let (mut store, _) = Store::open(dir.path()).unwrap();
        if crashed {
            store.checkpoint(Checkpoint { upsert: vec![part("late", b"part")], ..Checkpoint::default() }).unwrap();
            loaded.parts.extend([part("late", b"part")]);
            loaded.journal = (0..6).map(|i| noise(i, 3000)).collect();
            loaded.journal.iter().for_each(|block| store.append(block).unwrap());
        }
        let history = store.archive_reader().unwrap().archive("shop/x", 0..=i32::MAX).unwrap();
        if !crashed {
            drop(store);
        }
        let read = |name| fs::read(dir.path().join(name)).ok().map(|bytes| (name, bytes));
        let files: Vec<_> = [DATABASE, LOG, "lock"].into_iter().filter_map(read).collect();
        assert_eq!(files.len(), if crashed { 3 } else { 2 });
        Self { files, loaded, history }
    }

    pub fn bytes(&self, file: &str) -> &[u8] {
        &self.files.iter().find(|(name, _)| *name == file).unwrap().1
    }

    /// Opens a copy in which one file is changed, and says what came of it.
    fn open_with(&self, file: &str, changed: &[u8]) -> Outcome {
        let dir = quick_dir();
        for (name, bytes) in &self.files {
            fs::write(dir.path().join(name), if *name == file { changed } else { bytes }).unwrap();
        }
        match Store::open(dir.path()) {
            Err(error) => {
                self.assert_unchanged(dir.path(), file, changed);
                Outcome::Refused(error)
            }
            Ok((store, loaded)) => {
                Outcome::Opened(loaded, store.archive_reader().unwrap().archive("shop/x", 0..=i32::MAX).ok())
            }
        }
    }

    fn assert_unchanged(&self, dir: &Path, file: &str, changed: &[u8]) {
        for (name, bytes) in &self.files {
            let expected = if *name == file { changed } else { bytes };
            assert!(fs::read(dir.join(name)).unwrap() == expected, "{name} of a refused store was changed");
        }
    }
}

enum Outcome {
    Refused(OpenError),
    Opened(Loaded, Option<History>),
}

/// How often a damage was refused, noticed when history was read, and harmless.
#[derive(Debug, Default)]
pub struct Tally {
    pub refused: usize,
    pub history: usize,
    pub harmless: usize,
}

impl Tally {
    fn count(&mut self, specimen: &Specimen, outcome: Outcome, what: &str) {
        match outcome {
            Outcome::Refused(
                OpenError::Damaged { .. }
                | OpenError::NotADatabase { .. }
                | OpenError::Foreign { .. }
                | OpenError::Newer { .. }
                | OpenError::Behind { .. },
            ) => self.refused += 1,
            Outcome::Refused(error) => panic!("{what}: {error:?} does not tell of damage"),
            Outcome::Opened(loaded, history) => {
                assert!(loaded == specimen.loaded, "{what}: wrong data");
                match history {
                    None => self.history += 1,
                    Some(history) if history == specimen.history => self.harmless += 1,
                    Some(_) => panic!("{what}: wrong history"),
                }
            }
        }
    }
}

/// Tries every change on two threads.
pub fn try_all(specimen: &Specimen, file: &str, changes: impl Iterator<Item = (String, Vec<u8>)> + Send) -> Tally {
    let (changes, tally) = (Mutex::new(changes), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = changes.lock().unwrap().next();
                    let Some((what, bytes)) = next else { break };
                    let outcome = specimen.open_with(file, &bytes);
                    tally.lock().unwrap().count(specimen, outcome, &what);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

/// Flips one bit at each of some places: the first of each page, where SQLite keeps its own numbers, and others.
fn flips<'a>(bytes: &'a [u8], file: &'a str, others: usize) -> impl Iterator<Item = (String, Vec<u8>)> + Send + 'a {
    let mut random = fastrand::Rng::with_seed(11);
    let heads = (0..bytes.len()).step_by(4096).flat_map(|page| (page..page + 24).step_by(3));
    let others: Vec<usize> = (0..others).map(|_| random.usize(0..bytes.len())).collect();
    heads.chain(others).filter(|at| *at < bytes.len()).map(move |at| {
        let bit = at % 8;
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        (format!("{file} with bit {bit} of byte {at} flipped"), flipped)
    })
}

fn cuts<'a>(bytes: &'a [u8], file: &'a str) -> impl Iterator<Item = (String, Vec<u8>)> + Send + 'a {
    let mut random = fastrand::Rng::with_seed(12);
    let random: Vec<usize> = (0..30).map(|_| random.usize(0..bytes.len())).collect();
    [0, 1, 15, 16, 31, 32, 99, 100, 4095].into_iter().chain((4096..bytes.len()).step_by(4096)).chain(random).map(
        move |length| {
            let length = length.min(bytes.len());
            (format!("{file} cut to {length} bytes"), bytes[..length].to_vec())
        },
    )
}

#[test]
fn a_flipped_bit_in_the_database_never_gives_wrong_data() {
    let specimen = Specimen::new(false);
    let tally = try_all(&specimen, DATABASE, flips(specimen.bytes(DATABASE), DATABASE, 300));
    println!("{tally:?}");
    assert!(tally.refused > 50, "{tally:?}");
}

#[test]
fn a_flipped_bit_in_the_log_never_gives_wrong_data() {
    let specimen = Specimen::new(true);
    let tally = try_all(&specimen, LOG, flips(specimen.bytes(LOG), LOG, 200));
    println!("{tally:?}");
    assert!(tally.refused > 50, "{tally:?}");
}

#[test]
fn a_missing_end_never_gives_wrong_data() {
    for (specimen, file) in
        [(Specimen::new(false), DATABASE), (Specimen::new(true), DATABASE), (Specimen::new(true), LOG)]
    {
        let tally = try_all(&specimen, file, cuts(specimen.bytes(file), file));
        println!("{file}: {tally:?}");
        assert!(tally.refused > 30, "{file}: {tally:?}");
    }
}

#[test]
fn a_flipped_bit_in_the_lock_file_is_no_damage() {
    let specimen = Specimen::new(true);
    let bytes = specimen.bytes("lock");
    let tally = try_all(&specimen, "lock", flips(bytes, "lock", bytes.len()));
    assert_eq!((tally.refused, tally.history), (0, 0), "{tally:?}");
}

#[test]
fn a_lost_log_is_noticed_and_its_loss_can_be_accepted() {
    let specimen = Specimen::new(true);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(DATABASE), specimen.bytes(DATABASE)).unwrap();
    fs::write(dir.path().join("lock"), specimen.bytes("lock")).unwrap();
    let error = Store::open(dir.path()).map(drop).unwrap_err();
    let text = error.to_string().replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(
        text,
        "DIR/slowburn.db ends at commit 5, but commit 11 was confirmed: its last part is missing, or it was replaced by \
         an older copy; restore slowburn.db and slowburn.db-wal together, or run `slowburn salvage`, which tells what is lost, \
         or delete the file DIR/lock to go on from commit 5"
    );
    fs::remove_file(dir.path().join("lock")).unwrap();
    let (_, loaded) = Store::open(dir.path()).unwrap();
    assert!(loaded.journal.is_empty() && loaded.parts.contains_key("late"), "it goes on from the last checkpoint");
}

/// Damage that SQLite's own check does not see is named by table and key.
#[test]
fn a_changed_or_missing_row_is_named() {
    for (name, sql, what) in [
        (
            "part changed",
            "UPDATE part SET body = zeroblob(9) WHERE key = 'engine'",
            "the part \"engine\" of the last checkpoint",
        ),
        ("part renamed", "UPDATE part SET key = 'x' WHERE key = 'engine'", "the part \"x\" of the last checkpoint"),
        ("part gone", "DELETE FROM part WHERE key = 'engine'", "the set of parts (2 found, 3 written)"),
        (
            "part added",
            "INSERT INTO part SELECT 'x', generation, crc, body FROM part WHERE key = 'engine'",
            "the part \"x\" of the last checkpoint",
        ),
        (
            "part of another checkpoint",
            "UPDATE part SET generation = 0 WHERE key = 'engine'",
            "the part \"engine\" of the last checkpoint",
        ),
        (
            "part of a checkpoint to come",
            "UPDATE part SET generation = 7 WHERE key = 'engine'",
            "the set of parts (2 found, 3 written)",
        ),
        ("part abandoned", "INSERT INTO abandoned VALUES (1)", "the set of parts (0 found, 3 written)"),
        ("generation moved", "UPDATE meta SET generation = 0", "the set of parts (0 found, 3 written)"),
        ("block changed", "UPDATE journal SET crc = crc + 1 WHERE seq = 3", "the journal block of commit 3"),
        ("block gone", "DELETE FROM journal WHERE seq = 3", "the journal (commit 4 follows commit 2)"),
        ("last block gone", "DELETE FROM journal WHERE seq = 4", ""),
        ("checkpoint moved", "UPDATE meta SET checkpoint = 9", "the journal (commit 3 follows commit 9)"),
        ("no meta", "DELETE FROM meta", "Query returned no rows"),
        ("table changed", "ALTER TABLE part ADD COLUMN more INTEGER", "the definition of table \"part\""),
        ("table gone", "DROP TABLE archive", "the definition of table \"archive\""),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let changed = rusqlite::Connection::open(dir.path().join(DATABASE)).unwrap();
        changed.execute_batch(sql).unwrap();
        drop(changed);
        match Store::open(dir.path()).map(drop) {
            Err(OpenError::Damaged { what: found, .. }) => {
                assert!(!what.is_empty() && found.contains(what), "{name}: {found}")
            }
            Err(OpenError::Behind { found: 3, confirmed: 4, .. }) => assert_eq!(what, "", "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn damaged_history_is_named_when_it_is_read_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let changed = rusqlite::Connection::open(dir.path().join(DATABASE)).unwrap();
    changed.execute_batch("UPDATE archive SET body = zeroblob(6) WHERE key = 'shop/x' AND day = 20000").unwrap();
    drop(changed);
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let error = store.archive_reader().unwrap().archive("shop/x", 0..=i32::MAX).unwrap_err();
    assert_eq!(error.to_string(), "the store can't read history: the history of \"shop/x\" on 2024-10-04 is damaged");
    assert_eq!(store.archive_reader().unwrap().archive("shop/y", 0..=i32::MAX).unwrap(), [(20_000, b"y".to_vec())]);
    assert_eq!(store.archive_reader().unwrap().archive("shop/x", 20_001..=20_001).unwrap().len(), 1);
    store.append(b"next").unwrap();
}

#[test]
fn a_damaged_structure_does_not_hold_up_a_start_and_is_told_before_history_is_believed() {
    let specimen = Specimen::new(false);
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in &specimen.files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    // SQLite's count of free pages, which nothing that a start reads depends on.
    let mut bytes = specimen.bytes(DATABASE).to_vec();
    bytes[39] ^= 0x40;
    fs::write(dir.path().join(DATABASE), bytes).unwrap();
    let (store, loaded) = Store::open(dir.path()).unwrap();
    assert!(loaded == specimen.loaded, "what was read is what was written");
    let reader = store.archive_reader().unwrap();
    for (name, error) in
        [("verify", reader.verify().unwrap_err()), ("history", reader.archive("shop/x", 0..=i32::MAX).unwrap_err())]
    {
        let text = error.to_string();
        assert!(text.starts_with("the store can't check the file: the structure of the file ("), "{name}: {text}");
        assert!(text.ends_with(" is damaged"), "{name}: {text}");
    }
}

//! Every byte of a store's end, cut off and flipped, one after the other.
//!
//! Without the lock file, as after a power loss that took its text, the log must give exactly the commits before the
//! damage. With it the loss is named.

use crate::damage::{DATABASE, LOG, Specimen, Tally, try_all};
use crate::model::{day, noise, part};
use slowburn::store::{Cover, Loaded, Piece, Store};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A directory in memory where there is one: tens of thousands of openings would wait for the disk.
pub fn quick_dir() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A store that died, and what each commit in its log made of it.
struct Died {
    database: Vec<u8>,
    log: Vec<u8>,
    /// The log's length after each commit, and what a start had to find then.
    commits: Vec<(usize, Loaded)>,
}

impl Died {
    fn new() -> Self {
        let dir = quick_dir();
        let (mut store, mut expected) = Store::open(dir.path()).unwrap();
        let length = || fs::metadata(dir.path().join(LOG)).map_or(0, |log| log.len() as usize);
        let mut commits = vec![(length(), expected.clone())];
        for i in 0..8u64 {
            let block = noise(i, 40 + (7 - i as usize) * 700);
            store.append(&block).unwrap();
            expected.journal.push(block);
            commits.push((length(), expected.clone()));
            if i % 3 == 2 {
                let mut packer = store.begin(Cover::Appended).unwrap();
                let piece = Piece {
                    upsert: vec![part("a", &noise(i, 90)), part(&format!("b{i}"), &noise(i, 3000))],
                    archive: vec![day("k", i as i32, &noise(i, 50))],
                    ..Piece::default()
                };
                store.stage(packer.seal(piece.clone()).unwrap()).unwrap();
                commits.push((length(), expected.clone()));
                store.switch().unwrap();
                expected.parts.extend(piece.upsert);
                expected.journal.clear();
                commits.push((length(), expected.clone()));
            }
        }
        let read = |name| fs::read(dir.path().join(name)).unwrap();
        let (database, log) = (read(DATABASE), read(LOG));
        assert_eq!(log.len(), commits.last().unwrap().0);
        Self { database, log, commits }
    }

    /// What was committed before this byte of the log.
    fn before(&self, byte: usize) -> &Loaded {
        &self.commits.iter().rev().find(|(end, _)| *end <= byte).unwrap_or(&self.commits[0]).1
    }

    /// The bytes of the last commits.
    fn tail(&self, commits: usize) -> Range<usize> {
        self.commits[self.commits.len() - 1 - commits].0..self.log.len()
    }

    /// Opens the store with another log; `dir` is used again and again.
    fn open_with(&self, dir: &Path, log: &[u8]) -> Loaded {
        for name in ["lock", "slowburn.db-shm"] {
            let _absent = fs::remove_file(dir.join(name));
        }
        fs::write(dir.join(DATABASE), &self.database).unwrap();
        fs::write(dir.join(LOG), log).unwrap();
        Store::open(dir).unwrap_or_else(|error| panic!("{error}")).1
    }

    /// Changes the log at each byte of a range, on two threads.
    fn try_each(&self, range: Range<usize>, change: impl Fn(&mut Vec<u8>, usize) + Sync) {
        let half = range.start + range.len() / 2;
        std::thread::scope(|scope| {
            for part in [range.start..half, half..range.end] {
                let change = &change;
                scope.spawn(move || {
                    let dir = quick_dir();
                    for byte in part {
                        let mut log = self.log.clone();
                        change(&mut log, byte);
                        assert!(self.open_with(dir.path(), &log) == *self.before(byte), "byte {byte}: other data");
                        // What the start wrote is what it read.
                        if byte % 8 == 0 {
                            let again = Store::open(dir.path()).unwrap().1;
                            assert!(again == *self.before(byte), "byte {byte}: other data at the next start");
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn a_log_cut_at_any_byte_gives_the_commits_before() {
    let died = Died::new();
    died.try_each(died.tail(2), |log, byte| log.truncate(byte));
}

#[test]
fn a_log_with_any_byte_flipped_gives_the_commits_before() {
    let died = Died::new();
    died.try_each(died.tail(2), |log, byte| log[byte] ^= 1 << (byte % 8));
}

/// Power that fails while a sector is written may leave anything behind.
#[test]
fn a_log_with_any_end_overwritten_gives_the_commits_before() {
    let died = Died::new();
    let garbage = noise(99, died.log.len());
    died.try_each(died.tail(1), |log, byte| log[byte..].copy_from_slice(&garbage[byte..]));
}

/// Damages each byte of a file's end, beside an intact lock file.
fn try_tail(crashed: bool, file: &str, length: usize) -> (Tally, Tally) {
    let specimen = Specimen::new(crashed);
    let bytes = specimen.bytes(file);
    let tail = bytes.len() - length..bytes.len();
    let cut = tail.clone().map(|byte| (format!("{file} cut to {byte} bytes"), bytes[..byte].to_vec()));
    let flipped = tail.map(|byte| {
        let mut flipped = bytes.to_vec();
        flipped[byte] ^= 1 << (byte % 8);
        (format!("{file} with byte {byte} flipped"), flipped)
    });
    (try_all(&specimen, file, cut), try_all(&specimen, file, flipped))
}

#[test]
fn a_damaged_end_of_the_log_is_named_where_the_lock_file_knows_better() {
    let (cut, flipped) = try_tail(true, LOG, 3000);
    assert_eq!((cut.refused, flipped.refused), (3000, 3000), "{cut:?} {flipped:?}");
}

#[test]
fn a_damaged_end_of_the_database_never_gives_wrong_data() {
    let (cut, flipped) = try_tail(false, DATABASE, 6000);
    assert_eq!((cut.refused, flipped.refused + flipped.history), (6000, 6000), "{cut:?} {flipped:?}");
}

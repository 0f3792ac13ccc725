//! The file `lock`: one engine for each directory, and a witness of how far the store had come.
//!
//! The lock is the operating system's, so that it ends with the process however that ends. The file's text tells who
//! holds it and the last commit that was confirmed. That number is written after each commit without waiting for the
//! disk, so it may lag behind after a power loss, but it is never ahead: a database that ends before it has lost its
//! end (a torn write-ahead log, an old copy), which SQLite by itself would not notice.

use super::error::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

pub const FILE: &str = "lock";

/// More than the text ever has; the rest of a foreign file is not read.
const MAX_TEXT: u64 = 128;

/// Holds the directory until dropped.
#[derive(Debug)]
pub struct DirLock {
    file: File,
    confirmed: i64,
}

impl DirLock {
    /// Takes the lock. Writes nothing: what lies in the directory may turn out not to be slowburn's.
    pub fn acquire(dir: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Directory { dir: dir.to_owned(), source };
        let path = dir.join(FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let locked = file.try_lock();
        let text = read_text(&mut file);
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { dir: dir.to_owned(), pid: pid_in(&text) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        Ok(Self { file, confirmed: confirmed_in(&text).unwrap_or(0) })
    }

    /// The last commit known to have been confirmed, 0 when nothing is known.
    pub fn confirmed(&self) -> i64 {
        self.confirmed
    }

    /// Notes the process and that a commit was confirmed. Where that can't be written the old number stays, which is true as well.
    pub fn confirm(&mut self, commit: i64) {
        let text = format!("pid {:010}\ncommit {commit:020} {:08x}\n", std::process::id(), checksum(commit));
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(text.as_bytes()));
        if let Err(error) = written {
            tracing::debug!(%error, commit, "the confirmed commit could not be noted in the lock file");
        }
        self.confirmed = commit;
    }
}

fn read_text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read: io::Result<usize> = file.take(MAX_TEXT).read_to_end(&mut bytes);
    read.ok().and_then(|_| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn pid_in(text: &str) -> Option<u32> {
    text.lines().next()?.strip_prefix("pid ")?.parse().ok()
}

/// A number that does not match its checksum (torn, or edited) is no witness.
fn confirmed_in(text: &str) -> Option<i64> {
    let (number, sum) = text.lines().nth(1)?.strip_prefix("commit ")?.split_once(' ')?;
    let commit = number.parse().ok()?;
    (u32::from_str_radix(sum, 16) == Ok(checksum(commit))).then_some(commit)
}

fn checksum(commit: i64) -> u32 {
    crc32fast::hash(&commit.to_le_bytes())
}

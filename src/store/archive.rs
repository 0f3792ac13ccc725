//! Long history for charts: one body for each key and UTC day.

use super::database::Readers;
use super::error::{Fault, StoreError};
use super::load::{blob, check_structure};
use super::seal::{Place, check, unseal};
use rusqlite::{Connection, OpenFlags};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

/// The days that exist are found by jumping from one to the next: there are hundreds of them, and thousands of keys
/// in each.
const SELECT: &str = "
WITH RECURSIVE found(day) AS (
    SELECT min(day) FROM archive WHERE day >= ?1
    UNION ALL
    SELECT (SELECT min(day) FROM archive WHERE day > found.day) FROM found WHERE found.day < ?2
)
SELECT archive.day, archive.crc, archive.body FROM found CROSS JOIN archive
ON archive.day = found.day AND archive.key = ?3 WHERE found.day <= ?2 ORDER BY archive.day";

/// Waits this long where the writer recreates its write-ahead log's index.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Reads history beside the writer, from any thread, without making it wait.
#[derive(Debug)]
pub struct ArchiveReader {
    path: PathBuf,
    readers: Readers,
    /// What is wrong with the file as a whole; empty until somebody needed to know.
    structure: OnceLock<Result<(), StoreError>>,
}

impl ArchiveReader {
    pub(super) fn open(path: &Path, readers: Readers) -> Result<Self, Fault> {
        let reader = Self { path: path.to_owned(), readers, structure: OnceLock::new() };
        reader.read(|_| Ok(()))?;
        Ok(reader)
    }

    /// With a connection of its own, which is gone afterwards: see [`super::database`].
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let _shared = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        work(&open_reader(&self.path)?)
    }

    /// Checks the file's structure, compares every checksum, and returns how many bodies there are. Takes as long as
    /// reading all of it.
    pub fn verify(&self) -> Result<u64, StoreError> {
        self.structure()?;
        self.read(verify).map_err(|fault| fault.while_doing("check history"))
    }

    /// [`super::Store::size`]. Blocks on the disk.
    pub fn size(&self) -> u64 {
        super::size(&self.path)
    }

    /// In a file with a damaged structure rows could be missing without notice, so it is checked once, before the first
    /// row is believed.
    fn structure(&self) -> Result<(), StoreError> {
        self.structure
            .get_or_init(|| self.read(check_structure).map_err(|fault| fault.while_doing("check the file")))
            .clone()
    }

    /// The stored days of a key (counted from 1970-01-01) in a range, in order. Blocks on the disk, and until the
    /// structure of the file is checked.
    pub fn archive(&self, key: &str, days: RangeInclusive<i32>) -> Result<Vec<(i32, Vec<u8>)>, StoreError> {
        self.structure()?;
        self.read(|connection| read(connection, key, &days)).map_err(|fault| fault.while_doing("read history"))
    }
}

fn open_reader(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Compares every checksum of the history and counts its bodies; a fault names the first one that is damaged.
pub fn verify(connection: &Connection) -> Result<u64, Fault> {
    let mut statement = connection.prepare("SELECT day, key, crc, body FROM archive")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (day, key): (i32, String) = (row.get(0)?, row.get(1)?);
        check(Place::Archive(&key, day), row.get(2)?, blob(row, 3)?)?;
        count += 1;
    }
    Ok(count)
}

pub fn read(connection: &Connection, key: &str, days: &RangeInclusive<i32>) -> Result<Vec<(i32, Vec<u8>)>, Fault> {
    let mut found = Vec::new();
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query((days.start(), days.end(), key))?;
    while let Some(row) = rows.next()? {
        let day: i32 = row.get(0)?;
        found.push((day, unseal(Place::Archive(key, day), row.get(1)?, blob(row, 2)?)?));
    }
    Ok(found)
}

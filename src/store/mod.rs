//! What survives: the journal of events, the parts of the state as of the last checkpoint, and long history.
//!
//! The state in memory is the truth; the store is how it is found again. A journal block is appended in one durable
//! commit for each batch of events. From time to time a checkpoint rewrites the parts of the state that changed and
//! drops the journal before it, in one transaction. A recovery loads the parts and replays the journal.
//!
//! One SQLite file in write-ahead mode, every commit synced. Commits, appends and checkpoints alike, are numbered
//! without gaps, so that a missing one is noticed. What comes back is what was written or an error, never something
//! else; what can't be trusted is never written to. Not for queries: the store knows bodies by their keys and
//! nothing of what is in them, except for [`codec`], which writes and reads journal blocks.

mod archive;
pub mod codec;
mod error;
mod load;
mod lock;
mod open;
mod schema;
mod seal;
#[cfg(test)]
mod tests;
mod writer;

pub use archive::ArchiveReader;
pub use error::{OpenError, StoreError, StoreErrorKind};
pub use load::Loaded;
pub use seal::MAX_BODY;
pub use writer::Writer;

use error::Fault;
use lock::DirLock;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use seal::{Place, Sealer};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The database's name in the data directory.
const FILE: &str = "slowburn.db";

/// Free pages that are kept for the next journal (4 KiB each); those above it and above half of the file are given
/// back.
const FREE_PAGES_KEPT: i64 = 2048;

/// The data directory, opened for writing. Calls block until the disk has answered.
pub struct Store {
    // Dropped in this order: the lock goes last.
    connection: Connection,
    sealer: Sealer,
    lock: DirLock,
    path: PathBuf,
    /// The last commit.
    commit: i64,
}

/// What a checkpoint changes, in one transaction that also drops the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Parts to write; those not named stay as they are.
    pub upsert: Vec<(String, Vec<u8>)>,
    /// Parts to remove, before the others are written.
    pub delete: Vec<String>,
    pub archive: Vec<ArchiveDay>,
    /// History before this day (counted from 1970-01-01) is removed.
    pub drop_archive_before: Option<i32>,
}

/// History of one key on one UTC day (counted from 1970-01-01); replaces what was stored for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveDay {
    pub key: String,
    pub day: i32,
    pub body: Vec<u8>,
}

impl Store {
    /// Opens a data directory, creating it where it does not exist, and loads what a recovery needs.
    pub fn open(dir: &Path) -> Result<(Self, Loaded), OpenError> {
        open::open(dir)
    }

    fn new(connection: Connection, sealer: Sealer, mut lock: DirLock, path: PathBuf, commit: i64) -> Self {
        lock.confirm(commit);
        Self { connection, sealer, lock, path, commit }
    }

    /// Adds a block to the journal; when it returns the block is on the disk.
    pub fn append(&mut self, block: &[u8]) -> Result<(), StoreError> {
        self.insert_block(block).map_err(|fault| fault.while_doing("write the journal"))
    }

    fn insert_block(&mut self, block: &[u8]) -> Result<(), Fault> {
        let commit = self.commit + 1;
        let sealed = self.sealer.seal(Place::Journal(commit), block)?;
        self.connection.prepare_cached("INSERT INTO journal (seq, crc, body) VALUES (?1, ?2, ?3)")?.execute((
            commit,
            sealed.crc,
            sealed.body,
        ))?;
        self.confirm(commit);
        Ok(())
    }

    fn confirm(&mut self, commit: i64) {
        self.commit = commit;
        self.lock.confirm(commit);
    }

    /// Writes parts and history and drops the journal; when it returns all of that is on the disk, and when it fails
    /// none of it is.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.write_checkpoint(&checkpoint).map_err(|fault| fault.while_doing("write a checkpoint"))?;
        if let Err(error) = self.tidy() {
            tracing::debug!(%error, "the store could not give back free room; the next checkpoint tries again");
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let commit = self.commit + 1;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        write_parts(&transaction, &mut self.sealer, checkpoint)?;
        write_archive(&transaction, &mut self.sealer, checkpoint)?;
        transaction.execute("DELETE FROM journal", [])?;
        transaction.execute(
            "UPDATE meta SET checkpoint = ?1, parts = (SELECT count(*) FROM part), \
             parts_sum = (SELECT coalesce(sum(crc), 0) FROM part) WHERE id = 1",
            [commit],
        )?;
        transaction.commit()?;
        self.confirm(commit);
        Ok(())
    }

    /// Gives room back: free pages beyond what the next journal needs, and the write-ahead log.
    fn tidy(&mut self) -> rusqlite::Result<()> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let excess = pragma("freelist_count")? - FREE_PAGES_KEPT.max(pragma("page_count")? / 2);
        if excess > 0 {
            // Each step frees one page.
            let mut vacuum = self.connection.prepare(&format!("PRAGMA incremental_vacuum({excess})"))?;
            let mut steps = vacuum.query([])?;
            while steps.next()?.is_some() {}
        }
        // A reader may hold the log's end; then it is reset at a later checkpoint.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// The stored days of a key (counted from 1970-01-01) in a range, in order.
    pub fn archive(&self, key: &str, days: RangeInclusive<i32>) -> Result<Vec<(i32, Vec<u8>)>, StoreError> {
        archive::read(&self.connection, key, &days).map_err(|fault| fault.while_doing("read history"))
    }

    /// A handle that reads history from another thread; it never makes the writer wait.
    pub fn archive_reader(&self) -> Result<ArchiveReader, StoreError> {
        ArchiveReader::open(&self.path).map_err(|fault| fault.while_doing("open its history"))
    }

    /// Bytes on the disk, the write-ahead log included.
    pub fn size(&self) -> u64 {
        size(&self.path)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).field("commit", &self.commit).finish_non_exhaustive()
    }
}

fn write_parts(transaction: &Transaction<'_>, sealer: &mut Sealer, checkpoint: &Checkpoint) -> Result<(), Fault> {
    let mut delete = transaction.prepare_cached("DELETE FROM part WHERE key = ?1")?;
    for key in &checkpoint.delete {
        delete.execute([key])?;
    }
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO part (key, crc, body) VALUES (?1, ?2, ?3) \
         ON CONFLICT (key) DO UPDATE SET crc = excluded.crc, body = excluded.body",
    )?;
    for (key, body) in &checkpoint.upsert {
        let sealed = sealer.seal(Place::Part(key), body)?;
        upsert.execute((key, sealed.crc, sealed.body))?;
    }
    Ok(())
}

fn write_archive(transaction: &Transaction<'_>, sealer: &mut Sealer, checkpoint: &Checkpoint) -> Result<(), Fault> {
    if let Some(day) = checkpoint.drop_archive_before {
        transaction.execute("DELETE FROM archive WHERE day < ?1", [day])?;
    }
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO archive (day, key, crc, body) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (day, key) DO UPDATE SET crc = excluded.crc, body = excluded.body",
    )?;
    for ArchiveDay { key, day, body } in &checkpoint.archive {
        let sealed = sealer.seal(Place::Archive(key, *day), body)?;
        upsert.execute((day, key, sealed.crc, sealed.body))?;
    }
    Ok(())
}

fn size(path: &Path) -> u64 {
    let log = path.with_file_name(format!("{FILE}-wal"));
    [path, &log].iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
}

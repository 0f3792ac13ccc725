//! What survives: the journal of events, the parts of the state as of the last checkpoint, and long history.
//!
//! The state in memory is the truth; the store is how it is found again. A journal block is appended in one durable
//! commit for each batch of events. From time to time a checkpoint writes the parts of the state that changed, piece by
//! piece between the appends, and then comes into force in one small transaction that also drops the journal before it.
//! A recovery loads the parts and replays the journal.
//!
//! One SQLite file in write-ahead mode, every commit synced. Appends are numbered without gaps, so that a missing one
//! is noticed. What comes back is what was written or an error, never something else; what can't be trusted is never
//! written to. Not for queries: the store knows bodies by their keys and nothing of what is in them, except for
//! [`codec`], which writes and reads journal blocks.

mod archive;
pub mod backup;
pub mod codec;
mod database;
mod error;
mod first_page;
mod generations;
mod load;
mod lock;
mod open;
mod piece;
pub mod salvage;
mod scan;
mod schema;
mod seal;
#[cfg(test)]
mod tests;
mod writer;

pub use archive::ArchiveReader;
pub use error::{OpenError, StoreError, StoreErrorKind};
pub use load::Loaded;
pub use piece::{ArchiveDay, Checkpoint, Packer, Piece, Sealed};
pub use seal::MAX_BODY;
pub use writer::{Appending, Begun, Handle, Writer};

use database::Database;
use error::Fault;
use generations::Generations;
use lock::DirLock;
use rusqlite::Connection;
use seal::{Place, Sealer};
use std::fs;
use std::path::{Path, PathBuf};

/// The database's name in the data directory.
const FILE: &str = "slowburn.db";

/// Free pages that are kept for what is written next (4 KiB each); those above it and above half of the file are given
/// back.
const FREE_PAGES_KEPT: i64 = 2048;

/// Pages given back at once at most.
const PAGES_GIVEN_BACK: i64 = 4096;

/// What a transaction adds to the log besides its bodies, and what removing rows does.
const OVERHEAD: usize = 8 << 10;
const SWEPT: usize = 256 << 10;

/// The data directory, opened for writing. Calls block until the disk has answered.
pub struct Store {
    // Dropped in this order: the lock goes last.
    database: Database,
    sealer: Sealer,
    lock: DirLock,
    path: PathBuf,
    /// The last commit.
    commit: i64,
    generations: Generations,
}

/// What a checkpoint stands for, and what it lets go of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// The state as of the last append: the journal so far is dropped, what is appended until then and later stays.
    Appended,
    /// The state with more in it than was appended: it is a commit of its own, and nothing may be appended before it is
    /// in force.
    Everything,
}

impl Store {
    /// Opens a data directory, creating it where it does not exist, and loads what a recovery needs.
    pub fn open(dir: &Path) -> Result<(Self, Loaded), OpenError> {
        open::open(dir)
    }

    fn new(
        database: Database,
        sealer: Sealer,
        mut lock: DirLock,
        path: PathBuf,
        commit: i64,
        generations: Generations,
    ) -> Self {
        lock.confirm(commit);
        Self { database, sealer, lock, path, commit, generations }
    }

    /// Adds a block to the journal; when it returns the block is on the disk.
    pub fn append(&mut self, block: &[u8]) -> Result<(), StoreError> {
        self.insert_block(block).map_err(|fault| fault.while_doing("write the journal"))
    }

    fn insert_block(&mut self, block: &[u8]) -> Result<(), Fault> {
        let commit = self.commit + 1;
        let sealed = self.sealer.seal(Place::Journal(commit), block)?;
        self.database.write(sealed.body.len() + OVERHEAD, |connection| {
            let mut insert = connection.prepare_cached("INSERT INTO journal (seq, crc, body) VALUES (?1, ?2, ?3)")?;
            Ok(insert.execute((commit, sealed.crc, sealed.body)).map(drop)?)
        })?;
        self.confirm(commit);
        Ok(())
    }

    fn confirm(&mut self, commit: i64) {
        self.commit = commit;
        self.lock.confirm(commit);
    }

    /// Writes a checkpoint at one go, see [`Store::begin`].
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let Checkpoint { upsert, delete, archive, drop_archive_before } = checkpoint;
        let mut packer = self.begin(Cover::Everything)?;
        self.stage(packer.seal(Piece { upsert, dense: Vec::new(), delete, archive })?)?;
        self.switch()?;
        self.sweep_all(drop_archive_before);
        Ok(())
    }

    /// Begins a checkpoint of the state as it is now. An earlier one that is not in force is given up.
    pub fn begin(&mut self, cover: Cover) -> Result<Packer, StoreError> {
        let covers = match cover {
            Cover::Appended => self.commit,
            Cover::Everything => self.commit + 1,
        };
        let generation = self.database.settle().and_then(|()| {
            let generations = &mut self.generations;
            self.database.write(OVERHEAD, |connection| generations.begin(connection, covers))
        });
        generation.and_then(Packer::new).map_err(|fault| fault.while_doing("begin a checkpoint"))
    }

    /// Writes one piece of the checkpoint that was begun, in one transaction. It is not in force yet; its history is.
    pub fn stage(&mut self, piece: Sealed) -> Result<(), StoreError> {
        self.stage_sealed(piece).map_err(|fault| fault.while_doing("write a checkpoint"))
    }

    fn stage_sealed(&mut self, piece: Sealed) -> Result<(), Fault> {
        let generations = &mut self.generations;
        self.database.write(piece.bytes() + OVERHEAD, |connection| generations.stage(connection, piece))
    }

    /// Brings what was staged into force: when it returns that is on the disk, and when it fails nothing has changed.
    pub fn switch(&mut self) -> Result<(), StoreError> {
        let generations = &mut self.generations;
        let covers = self.database.write(SWEPT, |connection| generations.switch(connection));
        let covers = covers.map_err(|fault| fault.while_doing("finish a checkpoint"))?;
        self.confirm(self.commit.max(covers));
        Ok(())
    }

    /// Removes some of what is no longer in force, and history before a day (counted from 1970-01-01). `true` while there
    /// is more. Fails too where what is in force can't be merged into the file.
    pub fn sweep(&mut self, drop_archive_before: Option<i32>) -> Result<bool, StoreError> {
        let generations = &mut self.generations;
        let more = self.database.write(SWEPT, |connection| generations.sweep(connection, drop_archive_before));
        let more = more.and_then(|more| if more { Ok(true) } else { self.tidy().map(|()| false) });
        more.map_err(|fault| fault.while_doing("remove an old checkpoint"))
    }

    fn sweep_all(&mut self, drop_archive_before: Option<i32>) {
        loop {
            match self.sweep(drop_archive_before) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(%error, "the next checkpoint tries again");
                    break;
                }
            }
        }
    }

    /// Gives room back: free pages beyond what is written next, and the write-ahead log.
    fn tidy(&mut self) -> Result<(), Fault> {
        self.database.write(0, give_back)?;
        self.database.merge_all()
    }

    /// A handle that reads history from another thread; it never makes the writer wait.
    pub fn archive_reader(&self) -> Result<ArchiveReader, StoreError> {
        ArchiveReader::open(&self.path, self.database.readers()).map_err(|fault| fault.while_doing("open its history"))
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

fn give_back(connection: &mut Connection) -> Result<(), Fault> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let excess = pragma("freelist_count")? - FREE_PAGES_KEPT.max(pragma("page_count")? / 2);
    if excess > 0 {
        let pages = excess.min(PAGES_GIVEN_BACK);
        // Each step frees one page.
        let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut steps = vacuum.query([])?;
        while steps.next()?.is_some() {}
    }
    Ok(())
}

fn size(path: &Path) -> u64 {
    [path, &log_of(path)].iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
}

/// The write-ahead log of a database.
fn log_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("{FILE}-wal"))
}

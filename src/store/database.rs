//! The connection that writes, and how the write-ahead log goes into the database file.
//!
//! SQLite would merge the log by itself now and then, but tells nobody when that fails, and a failed sync must not
//! simply be tried again: the system may have given up the pages that it could not write, and call the next sync a
//! success. Two kinds of pages would be lost that way. Those that were merged while a reader held the log's end are
//! not written again; and whole transactions that failed lie in the log as the system remembers it, not as the disk
//! holds it, so that a later opening would build on them.
//!
//! After an error of the disk the log is therefore written over itself, so that the disk holds it as the system does,
//! read anew as after a crash, and written into the database as a whole; then it begins anew. Nothing is believed to be on
//! the disk but what was written and synced since. The same happens at every start, for the process before may have died
//! of such an error.

use super::error::{Fault, StoreErrorKind};
use super::{log_of, open};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, TryLockError};

/// Bytes of log that are merged in one go.
const MERGED_AT: usize = 4 << 20;

/// Bytes that are written over themselves at once.
const CHUNK: usize = 1 << 20;

/// Those who read, held out while the log is read anew: it stays as it is known while anybody has it open.
pub type Readers = Arc<RwLock<()>>;

#[derive(Debug)]
pub struct Database {
    /// `None` where opening anew failed.
    connection: Option<Connection>,
    path: PathBuf,
    readers: Readers,
    /// About how much was written since the last merge.
    unmerged: usize,
    /// The disk refused something, and what it holds is not known.
    suspect: bool,
}

impl Database {
    /// What an earlier process left is written anew; where the disk refuses that, later attempts follow.
    pub fn open(path: PathBuf) -> Result<Self, Fault> {
        let readers = Readers::default();
        let mut database = Self { connection: None, path, readers, unmerged: 0, suspect: true };
        if let Err(fault) = database.settle() {
            // Whoever reads from outside, to back it up, only delays the merge.
            database.suspect = fault.kind() != StoreErrorKind::Busy;
            if database.suspect {
                tracing::warn!(error = fault.detail(), "the write-ahead log could not be merged");
            }
        }
        database.connection()?;
        Ok(database)
    }

    pub fn readers(&self) -> Readers {
        self.readers.clone()
    }

    pub fn connection(&mut self) -> Result<&mut Connection, Fault> {
        if self.connection.is_none() {
            self.connection = Some(open::connect(&self.path)?);
        }
        self.connection.as_mut().ok_or(Fault::Order("the database is closed"))
    }

    /// Carries out a transaction that writes about so many bytes.
    pub fn write<T>(
        &mut self,
        bytes: usize,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let done = self.connection().and_then(work);
        match &done {
            Ok(_) => self.merge_some(bytes),
            Err(fault) => self.suspect |= fault.kind() == StoreErrorKind::Io,
        }
        done
    }

    /// A log that can't be merged puts nothing at risk: it holds everything. The next checkpoint meets the error and
    /// tells it.
    fn merge_some(&mut self, bytes: usize) {
        self.unmerged += bytes;
        if self.unmerged < MERGED_AT || self.suspect {
            return;
        }
        if let Err(fault) = self.merge("PASSIVE") {
            tracing::debug!(error = fault.detail(), "the write-ahead log could not be merged");
        }
    }

    /// Writes the log into the database file and lets it begin anew. A reader may hold its end; then a later merge gets
    /// further.
    pub fn merge_all(&mut self) -> Result<(), Fault> {
        let merged = if self.suspect { self.settle() } else { self.merge("TRUNCATE") };
        match merged {
            Err(fault) if fault.kind() == StoreErrorKind::Busy => Ok(()),
            merged => merged,
        }
    }

    fn merge(&mut self, mode: &str) -> Result<(), Fault> {
        self.unmerged = 0;
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let merged = self.connection()?.query_row(&sql, [], |row| row.get::<_, bool>(0));
        match merged {
            Ok(false) => Ok(()),
            Ok(true) => Err(Fault::Busy("somebody reads the write-ahead log")),
            Err(error) => {
                let fault = Fault::from(error);
                // Not for a full disk alone, but a checkpoint that could not be merged should not be followed by more.
                self.suspect |= fault.kind() != StoreErrorKind::Busy;
                Err(fault)
            }
        }
    }

    /// Makes sure that what was written is on the disk, where an error made that doubtful.
    pub fn settle(&mut self) -> Result<(), Fault> {
        if !self.suspect {
            return Ok(());
        }
        let readers = self.readers.clone();
        let _alone = match readers.try_write() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Fault::Busy("history is being read")),
        };
        self.close_as_it_is();
        write_over_itself(&log_of(&self.path))?;
        self.merge("TRUNCATE")?;
        self.suspect = false;
        Ok(())
    }

    /// Closes without merging.
    fn close_as_it_is(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::debug!(%error, "the database would merge when it is closed");
        }
    }
}

/// So that the disk holds what the system remembers of a file.
fn write_over_itself(path: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let (mut bytes, mut at) = (vec![0; CHUNK], 0);
    loop {
        let length = file.read_at(&mut bytes, at)?;
        if length == 0 {
            break;
        }
        file.write_all_at(&bytes[..length], at)?;
        at += length as u64;
    }
    if at > 0 { file.sync_all() } else { Ok(()) }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.suspect {
            self.close_as_it_is();
        }
    }
}

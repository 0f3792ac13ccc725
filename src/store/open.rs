//! Opens a data directory, or says why not.
//!
//! A directory without a database gets one, built beside its final name and renamed when complete, so that a crash
//! leaves either none or a whole one, and an empty file under that name is never slowburn's. An existing file is
//! looked at before SQLite touches it, then read and checked through a read-only connection; only then is it opened for
//! writing. A refused file is byte for byte what it was.

use super::database::Database;
use super::error::{Fault, OpenError, StoreErrorKind};
use super::load::{Connect, Found, Loaded, check_structure, load};
use super::lock::{self, DirLock};
use super::seal::Sealer;
use super::{FILE, Store, schema};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Built under this name first.
const NEW_FILE: &str = "slowburn.db.new";

const NOT_A_DATABASE: &str =
    "is not a database (if slowburn wrote it, its first page is damaged, and `slowburn salvage` saves the rest)";

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// SQLite's file header: its length and the places of two big-endian numbers in it.
const HEADER: usize = 100;
pub const USER_VERSION: usize = 60;
pub const APPLICATION_ID: usize = 68;

/// No format number will ever be greater: it would be a damaged one.
pub const MOST_FORMATS: u32 = 255;

/// What remains of the write-ahead log's file after each reset.
const WAL_KEPT: u32 = 16 << 20;

pub fn open(dir: &Path) -> Result<(Store, Loaded), OpenError> {
    fs::create_dir_all(dir).map_err(|source| OpenError::Directory { dir: dir.to_owned(), source })?;
    let lock = DirLock::acquire(dir)?;
    let opening = Opening { dir, path: dir.join(FILE) };
    let fresh = opening.create_if_missing()?;
    opening.check_header().map_err(|error| if lock.confirmed() > 0 { first_page(error) } else { error })?;
    let Found { loaded, commit, generations } = opening.verify_alone()?.found;
    if !fresh && commit < lock.confirmed() {
        return Err(OpenError::Behind {
            path: opening.path,
            lock: dir.join(lock::FILE),
            found: commit,
            confirmed: lock.confirmed(),
        });
    }
    let database = Database::open(opening.path.clone()).map_err(|fault| opening.refuse(fault))?;
    let sealer = Sealer::new().map_err(|error| opening.refuse(error.into()))?;
    Ok((Store::new(database, sealer, lock, opening.path, commit, generations), loaded))
}

/// Where slowburn kept its data, what is no database of its own is a damaged one.
fn first_page(error: OpenError) -> OpenError {
    match error {
        OpenError::NotADatabase { path, what: NOT_A_DATABASE } => {
            OpenError::Damaged { path, what: "its first page (by that it is not a database)".to_owned() }
        }
        OpenError::Foreign { path, application_id } => {
            let what =
                format!("its first page (by that it is another program's, application id {application_id:#010x})");
            OpenError::Damaged { path, what }
        }
        error => error,
    }
}

/// A database and what was found in it.
pub struct Checked {
    pub connection: Connection,
    pub found: Found,
}

/// Looks at a file that need not be in a data directory, without SQLite.
pub fn check_header(path: &Path) -> Result<(), OpenError> {
    Opening { dir: path.parent().unwrap_or(path), path: path.to_owned() }.check_header()
}

/// Opens such a file for reading, whatever is in it, and tells its format.
pub fn look(path: &Path) -> Result<(Connection, u32), OpenError> {
    let opening = Opening { dir: path.parent().unwrap_or(path), path: path.to_owned() };
    opening.check_header()?;
    opening.look()
}

/// Why a file is refused in which this went wrong.
pub fn refuse(path: &Path, fault: Fault) -> OpenError {
    Opening { dir: path.parent().unwrap_or(path), path: path.to_owned() }.refuse(fault)
}

/// Checks such a file, its structure too, through a connection that can't write.
pub fn check(path: &Path) -> Result<Checked, OpenError> {
    let opening = Opening { dir: path.parent().unwrap_or(path), path: path.to_owned() };
    opening.check_header()?;
    let checked = opening.verify()?;
    check_structure(&checked.connection).map_err(|fault| opening.refuse(fault))?;
    Ok(checked)
}

struct Opening<'a> {
    dir: &'a Path,
    path: PathBuf,
}

impl Opening<'_> {
    fn io(&self, source: io::Error) -> OpenError {
        self.refuse(Fault::Io(source))
    }

    fn damaged(&self, what: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), what: what.into() }
    }

    fn refuse(&self, fault: Fault) -> OpenError {
        let (dir, path, detail) = (self.dir.to_owned(), self.path.clone(), fault.detail());
        match (fault.kind(), fault) {
            (StoreErrorKind::Damaged, Fault::Damaged(what)) => OpenError::Damaged { path, what },
            (StoreErrorKind::Damaged, _) => OpenError::Damaged { path, what: detail },
            (StoreErrorKind::Full, _) => OpenError::Full { dir, detail },
            (StoreErrorKind::ReadOnly, _) => OpenError::Directory { dir, source: io::Error::other(detail) },
            (_, Fault::Io(source)) if source.kind() == io::ErrorKind::PermissionDenied => {
                OpenError::Directory { dir, source }
            }
            _ => OpenError::Failed { path, detail },
        }
    }

    /// Whether a new database was made.
    fn create_if_missing(&self) -> Result<bool, OpenError> {
        if self.path.try_exists().map_err(|error| self.io(error))? {
            return Ok(false);
        }
        let log = self.dir.join(format!("{FILE}-wal"));
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(self.damaged(format!("it is missing, but its write-ahead log {} is there", log.display())));
        }
        let new = self.dir.join(NEW_FILE);
        self.create(&new).map_err(|fault| self.refuse(fault))?;
        Ok(true)
    }

    fn create(&self, new: &Path) -> Result<(), Fault> {
        for leftover in ["", "-journal", "-wal", "-shm"] {
            remove_if_there(&self.dir.join(format!("{NEW_FILE}{leftover}")))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(new, flags)?;
        schema::create(&connection)?;
        connection.close().map_err(|(_, error)| error)?;
        fs::rename(new, &self.path)?;
        File::open(self.dir)?.sync_all()?;
        Ok(())
    }

    /// Looks at the header without SQLite. The file is closed again before SQLite opens it:
    /// closing any handle of a file drops the locks that SQLite holds on it.
    fn check_header(&self) -> Result<(), OpenError> {
        let mut header = Vec::new();
        let file = File::open(&self.path).map_err(|error| self.io(error))?;
        file.take(HEADER as u64).read_to_end(&mut header).map_err(|error| self.io(error))?;
        if !header.starts_with(MAGIC) {
            let what = if header.is_empty() { "is an empty file, not a database" } else { NOT_A_DATABASE };
            return Err(OpenError::NotADatabase { path: self.path.clone(), what });
        }
        let (Some(application_id), Some(format)) = (number(&header, APPLICATION_ID), number(&header, USER_VERSION))
        else {
            return Err(self.damaged(format!("it ends after {} bytes", header.len())));
        };
        self.check_identity(application_id, format).map(drop)
    }

    fn check_identity(&self, application_id: u32, format: u32) -> Result<u32, OpenError> {
        if application_id != schema::APPLICATION_ID {
            return Err(OpenError::Foreign { path: self.path.clone(), application_id });
        }
        match format {
            0 => Err(self.damaged("it has no format number")),
            known if known <= schema::FORMAT => Ok(known),
            found if found > MOST_FORMATS => Err(self.damaged(format!("its format number ({found})"))),
            found => Err(OpenError::Newer { path: self.path.clone(), found, known: schema::FORMAT }),
        }
    }

    /// Checks and loads everything through a connection that can't write.
    fn verify(&self) -> Result<Checked, OpenError> {
        self.load(None)
    }

    /// The same through several connections, where the lock keeps everybody else from writing.
    fn verify_alone(&self) -> Result<Checked, OpenError> {
        self.load(Some(&|| self.connect()))
    }

    fn load(&self, more: Option<Connect<'_>>) -> Result<Checked, OpenError> {
        let (connection, format) = self.look()?;
        let found = load(&connection, format, more).map_err(|fault| self.refuse(fault))?;
        Ok(Checked { connection, found })
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    }

    /// A connection that can't write to a database of ours, and its format.
    fn look(&self) -> Result<(Connection, u32), OpenError> {
        let connect = || -> Result<_, Fault> {
            let connection = self.connect()?;
            let identity = ["application_id", "user_version"]
                .map(|name| connection.pragma_query_value(None, name, |row| row.get(0)));
            Ok((connection, identity))
        };
        let (connection, [application_id, format]) = connect().map_err(|fault| self.refuse(fault))?;
        let sql = |error: rusqlite::Error| self.refuse(error.into());
        let format = self.check_identity(application_id.map_err(sql)?, format.map_err(sql)?)?;
        Ok((connection, format))
    }
}

/// Opens a database that was checked, for writing.
pub fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    if connection.is_readonly("main")? {
        return Err(Fault::Io(io::Error::new(io::ErrorKind::PermissionDenied, "slowburn.db can't be written")));
    }
    // There is one writer, so nothing is worth a wait; a reader only delays the reset of the log.
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.query_row(&format!("PRAGMA journal_size_limit = {WAL_KEPT}"), [], |_| Ok(()))?;
    // See `database`.
    connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// One of the numbers in a header.
pub fn number(header: &[u8], at: usize) -> Option<u32> {
    header.get(at..HEADER)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

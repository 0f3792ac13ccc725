//! What can go wrong with the data directory, in words that name the thing, the place and the mend.

use rusqlite::ErrorCode;
use std::io;
use std::path::PathBuf;

/// Why a data directory can't be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} can't be the data directory: {source}; storage.path must name a directory that slowburn may write to", dir.display())]
    Directory { dir: PathBuf, source: io::Error },
    #[error(
        "the data directory {} is in use by another slowburn{}; give each engine its own storage.path",
        dir.display(), process(*pid)
    )]
    InUse { dir: PathBuf, pid: Option<u32> },
    #[error("{} {what}; slowburn leaves it as it is: move it away, or choose another storage.path", path.display())]
    NotADatabase { path: PathBuf, what: &'static str },
    #[error(
        "{} is a database of another program (application id {application_id:#010x}); \
         slowburn leaves it as it is: choose another storage.path (if slowburn wrote it, its first page is damaged, and \
         `slowburn salvage` saves the rest)", path.display()
    )]
    Foreign { path: PathBuf, application_id: u32 },
    #[error(
        "{} was written by a newer slowburn (format {found}, this one knows up to {known}); run that version, \
         or restore a copy made before the upgrade", path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error(
        "{} is damaged: {what}; slowburn leaves it as it is: restore a backup, save what is sound with `slowburn salvage`, \
         or move slowburn.db* out of {} to begin anew with empty budgets and history", path.display(), dir_of(path)
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{} ends at commit {found}, but commit {confirmed} was confirmed: its last part is missing, or it was replaced \
         by an older copy; restore slowburn.db and slowburn.db-wal together, or run `slowburn salvage`, which tells what is \
         lost, or delete the file {} to go on from commit {found}", path.display(), lock.display()
    )]
    Behind { path: PathBuf, lock: PathBuf, found: i64, confirmed: i64 },
    #[error(
        "nothing can be saved of {}: it holds nothing that slowburn wrote, or nothing of that is sound; restore a backup, or \
         move slowburn.db* out of {} to begin anew with empty budgets and history", path.display(), dir_of(path)
    )]
    NothingSound { path: PathBuf },
    #[error("no room is left for the data directory {}: {detail}", dir.display())]
    Full { dir: PathBuf, detail: String },
    #[error("{} can't be opened: {detail}", path.display())]
    Failed { path: PathBuf, detail: String },
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

fn dir_of(path: &std::path::Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}

/// What kind of trouble a read or write met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No room on the device. Writing works again when there is some.
    Full,
    /// The file or its file system can't be written.
    ReadOnly,
    /// What is stored is not what was written.
    Damaged,
    /// The system could not read or write.
    Io,
    /// Others are in the way; a later attempt finds it free.
    Busy,
    /// A body is larger than the store takes.
    TooLarge,
    /// The writer has ended.
    Closed,
}

/// Why a read or write failed. A failed write left nothing behind, and later ones may succeed; after a crash a block
/// whose append failed may still be found, whole.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store can't {doing}: {detail}")]
pub struct StoreError {
    kind: StoreErrorKind,
    doing: &'static str,
    detail: String,
}

impl StoreError {
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    pub(super) fn closed(doing: &'static str) -> Self {
        Self { kind: StoreErrorKind::Closed, doing, detail: "its writer has ended".to_owned() }
    }
}

/// Trouble inside the store, before it is known what the caller was doing.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Damaged(String),
    TooLarge {
        bytes: usize,
        most: usize,
    },
    Io(io::Error),
    /// A call that can't come now.
    Order(&'static str),
    /// Others are in the way.
    Busy(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Fault {
    pub fn while_doing(self, doing: &'static str) -> StoreError {
        StoreError { kind: self.kind(), doing, detail: self.detail() }
    }

    pub fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Damaged(_) => StoreErrorKind::Damaged,
            Self::TooLarge { .. } => StoreErrorKind::TooLarge,
            Self::Order(_) => StoreErrorKind::Closed,
            Self::Busy(_) => StoreErrorKind::Busy,
            Self::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreErrorKind::Full,
            Self::Io(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => StoreErrorKind::ReadOnly,
            Self::Io(_) => StoreErrorKind::Io,
            Self::Sql(error) => kind_of(error),
        }
    }

    /// What is damaged, or what went wrong.
    pub fn what(self) -> String {
        match self {
            Self::Damaged(what) => what,
            other => other.detail(),
        }
    }

    pub fn detail(&self) -> String {
        match self {
            Self::Damaged(what) => format!("{what} is damaged"),
            Self::TooLarge { bytes, most } => format!("a body of {bytes} bytes is larger than {most}"),
            Self::Order(what) | Self::Busy(what) => (*what).to_owned(),
            Self::Io(error) => error.to_string(),
            Self::Sql(error) => error.to_string(),
        }
    }
}

/// Values of a wrong type can't be stored in strict tables, so finding one is damage too.
fn kind_of(error: &rusqlite::Error) -> StoreErrorKind {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, SqliteFailure,
        Utf8Error,
    };
    match error {
        FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnType(..)
        | QueryReturnedNoRows
        | Utf8Error(..) => StoreErrorKind::Damaged,
        // Told of a number in the header that none of our files has.
        SqliteFailure(_, Some(text)) if text == "unsupported file format" => StoreErrorKind::Damaged,
        // The file ends inside a page.
        SqliteFailure(error, _) if error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
            StoreErrorKind::Damaged
        }
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreErrorKind::Full,
            Some(ErrorCode::DatabaseBusy) => StoreErrorKind::Busy,
            Some(ErrorCode::ReadOnly) => StoreErrorKind::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreErrorKind::Damaged,
            _ => StoreErrorKind::Io,
        },
    }
}

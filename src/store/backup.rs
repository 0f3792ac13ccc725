//! A copy of the database as of one moment, made while an engine writes to it, and the way back.
//!
//! A copy is read under one snapshot, so it holds no more than some commit and no less. Before it gets its name, which
//! is never one that is taken, every checksum in it was compared: a backup that can't be restored is none.

use super::FILE;
use super::archive;
use super::error::{Fault, OpenError};
use super::lock::DirLock;
use super::open::{self, remove_if_there};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Pages between two reports of progress (4 KiB each).
const STEP: i32 = 1024;

/// What a copy holds, all of it checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub bytes: u64,
    /// The last commit in it.
    pub commit: i64,
    pub parts: usize,
    /// Blocks of the journal.
    pub blocks: usize,
    /// Days of history of all budgets.
    pub days: u64,
}

/// Why nothing was copied. What was there is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already; slowburn writes over no file: choose another name", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} is there: another backup is written there, or one was cut off; remove it or choose another name", .0.display()
    )]
    Leftover(PathBuf),
    #[error("there is no {} to back up: storage.path names another directory, or slowburn never ran", .0.display())]
    Nothing(PathBuf),
    #[error(
        "the data directory {} holds data already; --replace removes them for those of the backup", .0.display()
    )]
    NotEmpty(PathBuf),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{} can't be written: {detail}", path.display())]
    Write { path: PathBuf, detail: String },
}

/// Copies the database of a data directory to a new file. `progress` hears of pages done and pages in all.
pub fn backup(dir: &Path, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Summary, BackupError> {
    let source = dir.join(FILE);
    if !source.exists() {
        return Err(BackupError::Nothing(source));
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let partial = beside(file, "partial");
    claim(&partial)?;
    let copied = copy(&source, &partial, "DELETE", progress).and_then(|()| open::check(&partial).map_err(Into::into));
    let summary = copied.and_then(|checked| summary(&partial, checked));
    let named = summary.and_then(|summary| name(&partial, file).map(|()| summary));
    let _leftover = remove_leftovers(&partial);
    named
}

/// Makes a file that nobody else has, and beside which nothing lies that SQLite would take for a part of it.
fn claim(file: &Path) -> Result<(), BackupError> {
    if let Some(leftover) = parts(file).into_iter().find(|part| part.exists()) {
        return Err(BackupError::Leftover(leftover));
    }
    match File::create_new(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Leftover(file.to_owned())),
        Err(error) => Err(BackupError::Write { path: file.to_owned(), detail: error.to_string() }),
    }
}

/// Puts a backup into a data directory that no engine uses; one that holds data only where they are to be replaced.
pub fn restore(
    file: &Path,
    dir: &Path,
    replace: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, BackupError> {
    let checked = open::check(file)?;
    let summary = summary(file, checked)?;
    let failed =
        |path: &Path, error: io::Error| BackupError::Write { path: path.to_owned(), detail: error.to_string() };
    fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    let mut lock = DirLock::acquire(dir)?;
    let (path, log) = (dir.join(FILE), dir.join(format!("{FILE}-wal")));
    if !replace && (path.exists() || log.exists()) {
        return Err(BackupError::NotEmpty(dir.to_owned()));
    }
    let new = beside(&path, "new");
    remove_leftovers(&new).map_err(|error| failed(&new, error))?;
    if let Err(error) = copy(file, &new, "WAL", progress) {
        let _leftover = remove_leftovers(&new);
        return Err(error);
    }
    // Lower before the file is older: the witness is never ahead.
    lock.confirm(summary.commit);
    for rest in ["-wal", "-shm"] {
        remove_if_there(&dir.join(format!("{FILE}{rest}"))).map_err(|error| failed(dir, error))?;
    }
    fs::rename(&new, &path).and_then(|()| File::open(dir)?.sync_all()).map_err(|error| failed(&path, error))?;
    Ok(summary)
}

fn summary(path: &Path, checked: open::Checked) -> Result<Summary, BackupError> {
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    let damaged = |fault: Fault| OpenError::Damaged { path: path.to_owned(), what: fault.what() };
    let days = archive::verify(&checked.connection).map_err(damaged)?;
    let loaded = checked.found.loaded;
    Ok(Summary { bytes, commit: checked.found.commit, parts: loaded.parts.len(), blocks: loaded.journal.len(), days })
}

/// Copies a database as of one moment; the copy is on the disk afterwards.
fn copy(
    source: &Path,
    target: &Path,
    journal_mode: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let failed = |detail: String| BackupError::Write { path: target.to_owned(), detail };
    open::check_header(source)?;
    copy_pages(source, target, journal_mode, progress).map_err(|error| failed(error.to_string()))?;
    File::open(target).and_then(|file| file.sync_all()).map_err(|error| failed(error.to_string()))
}

fn copy_pages(
    source: &Path,
    target: &Path,
    journal_mode: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<()> {
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(source, read)?;
    from.busy_timeout(archive::PATIENCE)?;
    // Pins the moment: without it the copy would begin anew with each commit of the engine.
    from.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let mut to = Connection::open(target)?;
    to.pragma_update(None, "synchronous", "FULL")?;
    {
        let backup = Backup::new(&from, &mut to)?;
        loop {
            let result = backup.step(STEP)?;
            let pages = backup.progress();
            let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
            progress(count(pages.pagecount - pages.remaining), count(pages.pagecount));
            match result {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(archive::PATIENCE / 100),
                _ => {}
            }
        }
    }
    to.query_row(&format!("PRAGMA journal_mode = {journal_mode}"), [], |_| Ok(()))?;
    to.close().map_err(|(_, error)| error)
}

/// Gives the complete file its name, if that is still free.
fn name(partial: &Path, file: &Path) -> Result<(), BackupError> {
    let failed = |error: io::Error| BackupError::Write { path: file.to_owned(), detail: error.to_string() };
    match fs::hard_link(partial, file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(file.to_owned())),
        // A file system without links.
        Err(_) if !file.exists() => fs::rename(partial, file).map_err(failed)?,
        Err(error) => return Err(failed(error)),
    }
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// The name with something appended.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{what}"));
    name.into()
}

fn remove_leftovers(file: &Path) -> io::Result<()> {
    parts(file).iter().try_for_each(|part| remove_if_there(part))
}

/// A database's file, and those that SQLite keeps beside it.
fn parts(file: &Path) -> [PathBuf; 4] {
    ["", "-journal", "-wal", "-shm"].map(|part| {
        let mut name = file.as_os_str().to_owned();
        name.push(part);
        name.into()
    })
}

//! What is still sound in a damaged database, read past what is not.
//!
//! A body counts when its checksum is right; what is lost is named. Which parts belong together is believed only where
//! the sum in `meta` or the number of the checkpoint tells it: parts of two moments would count events twice. The journal
//! is taken as far as it goes on without a gap. Nothing of the damaged files is written to.

use super::error::{Fault, OpenError, StoreError};
use super::first_page::{Beginning, Copy};
use super::generations::{Generations, Row};
use super::load::{self, Loaded, Meta};
use super::lock::DirLock;
use super::open::{self, remove_if_there};
use super::scan::{days, scan};
use super::seal::{self, Place, unseal};
use super::{FILE, Packer, Sealed, Store, log_of, schema};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Days of history written in one transaction.
const DAYS: usize = 500;

/// Bodies by key.
type Parts = BTreeMap<String, Vec<u8>>;

/// A data directory that no engine uses, with what can still be read in it.
pub struct Wreck {
    lock: DirLock,
    dir: PathBuf,
    connection: Connection,
    format: u32,
    beginning: Beginning,
    /// What the connection reads instead of the file, where that has not the first page that it must have.
    copy: Option<Copy>,
}

/// What was found.
pub struct Salvaged {
    pub loaded: Loaded,
    /// Parts that an earlier checkpoint wrote than the last one.
    pub older: BTreeSet<String>,
    /// What could not be saved, each in words.
    pub lost: Vec<String>,
    /// Whether the state is lost as a whole.
    pub no_state: bool,
}

impl Wreck {
    /// Fails where nothing tells that the file is slowburn's.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = DirLock::acquire(dir)?;
        let path = dir.join(FILE);
        let beginning = Beginning::of(&path);
        let (copy, (connection, format)) = match open::look(&path) {
            Ok(looked) => (None, looked),
            Err(error) if beginning.is_nothing() || matches!(error, OpenError::Newer { .. }) => return Err(error),
            Err(_) => {
                if let Some(found) = beginning.newer() {
                    return Err(OpenError::Newer { path, found, known: schema::FORMAT });
                }
                let (copy, looked) = look_at_copy(dir)?.ok_or(OpenError::NothingSound { path })?;
                (Some(copy), looked)
            }
        };
        Ok(Self { lock, dir: dir.to_owned(), connection, format, beginning, copy })
    }

    /// Reads past a first page that is damaged in such a way that the file could be opened all the same.
    pub fn past_first_page(self) -> Result<Self, OpenError> {
        if self.copy.is_some() || self.beginning.fits(&self.connection) {
            return Ok(self);
        }
        let Self { lock, dir, connection, beginning, .. } = self;
        drop(connection);
        let (copy, (connection, format)) = match look_at_copy(&dir)? {
            Some((copy, looked)) => (Some(copy), looked),
            None => (None, open::look(&dir.join(FILE))?),
        };
        Ok(Self { lock, dir, connection, format, beginning, copy })
    }

    /// Whether another first page stands in for that of the file.
    pub fn has_new_first_page(&self) -> bool {
        self.copy.is_some()
    }

    /// All there is, where nothing is damaged, history included.
    pub fn sound(&self) -> Option<Loaded> {
        if self.copy.is_some() {
            return None;
        }
        let found = load::load(&self.connection, self.format, None).ok()?;
        load::check_structure(&self.connection).ok()?;
        super::archive::verify(&self.connection).ok()?;
        (found.commit >= self.lock.confirmed()).then_some(found.loaded)
    }

    /// Reads the state and the journal.
    pub fn read(&self) -> Salvaged {
        let mut lost = Vec::new();
        let found = self.parts(&mut lost);
        let no_state = found.is_none();
        let journal = if no_state { Vec::new() } else { self.journal(&mut lost) };
        let (parts, older) = found.unwrap_or_default();
        Salvaged { loaded: Loaded { parts, journal }, older, lost, no_state }
    }

    /// The parts by key, and the keys of those that are older than the last checkpoint.
    fn parts(&self, lost: &mut Vec<String>) -> Option<(Parts, BTreeSet<String>)> {
        let generation = if self.format == 1 { "0" } else { "generation" };
        let mut rows: Vec<(i64, Row)> = Vec::new();
        // The type of a body is told without the pages that it lies on.
        let sql = format!(
            "SELECT rowid, key, {generation}, crc, typeof(body) = 'null' FROM part WHERE rowid >= ?1 ORDER BY rowid"
        );
        let holes = scan(&self.connection, &sql, &mut |number, row| {
            let row = Row { key: row.get(1)?, generation: row.get(2)?, crc: row.get(3)?, removed: row.get(4)? };
            rows.push((number, row));
            Ok(())
        });
        lost.extend(holes.iter().map(|hole| format!("parts of the state {hole}, whose names can't be read")));
        let Some(live) = self.live(&rows) else {
            lost.push("the state: which of its parts belong together can't be read".to_owned());
            return None;
        };
        let mut parts = Parts::new();
        for (number, row) in rows {
            if live.live().get(&row.key).is_some_and(|stamp| stamp.generation == row.generation) {
                match self.body("part", number, Place::Part(&row.key, row.generation)) {
                    Ok(body) => drop(parts.insert(row.key, body)),
                    Err(fault) => lost.push(fault.what()),
                }
            }
        }
        let last = live.live().values().map(|stamp| stamp.generation).max();
        let older = live.live().iter().filter(|(_, stamp)| Some(stamp.generation) != last);
        Some((parts, older.map(|(key, _)| key.clone()).collect()))
    }

    fn body(&self, table: &str, number: i64, place: Place<'_>) -> Result<Vec<u8>, Fault> {
        let sql = format!("SELECT crc, body FROM {table} WHERE rowid = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let read: Result<(i64, Vec<u8>), _> = statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)));
        let (crc, body) = read.map_err(|_| Fault::Damaged(place.to_string()))?;
        unseal(place, crc, &body)
    }

    /// Which rows are in force: as `meta` says, or by the sum where its number of the checkpoint is what is damaged.
    fn live(&self, rows: &[(i64, Row)]) -> Option<Generations> {
        let meta = load::meta(&self.connection, self.format).ok()?;
        let abandoned = load::abandoned(&self.connection, self.format).unwrap_or_default();
        let as_of = |generation| Generations::new(generation, rows.iter().map(|(_, row)| row.clone()), &abandoned);
        let fits = |found: &Generations, meta: &Meta| found.sum() == (meta.parts, meta.parts_sum);
        let said = as_of(meta.generation);
        if fits(&said, &meta) {
            return Some(said);
        }
        let others: BTreeSet<i64> = rows.iter().map(|(_, row)| row.generation).collect();
        let other = others.into_iter().map(as_of).find(|found| fits(found, &meta));
        other.or_else(|| (!said.live().is_empty()).then_some(said))
    }

    fn journal(&self, lost: &mut Vec<String>) -> Vec<Vec<u8>> {
        let mut numbers = Vec::new();
        let sql = "SELECT seq FROM journal WHERE seq >= ?1 ORDER BY seq";
        let holes = scan(&self.connection, sql, &mut |number, _| {
            numbers.push(number);
            Ok(())
        });
        let mut journal = Vec::new();
        let checkpoint = load::meta(&self.connection, self.format).map(|meta| meta.checkpoint).ok();
        let mut next = numbers.first().copied().or(checkpoint.map(|commit| commit + 1)).unwrap_or(1);
        for number in &numbers {
            match self.body("journal", *number, Place::Journal(*number)) {
                Ok(body) if *number == next => journal.push(body),
                _ => break,
            }
            next += 1;
        }
        let last = numbers.last().copied().unwrap_or(0).max(self.lock.confirmed());
        if next <= last {
            lost.push(format!("the journal from commit {next} to commit {last}"));
        } else if !holes.is_empty() {
            lost.push(format!("the journal from commit {next} on"));
        }
        journal
    }

    /// Copies the long history into a store whose checkpoint was begun, and says how many days there were.
    pub fn copy_days(&self, store: &mut Store, packer: &Packer, lost: &mut Vec<String>) -> Result<u64, StoreError> {
        let (mut batch, mut count) = (Vec::new(), 0);
        let mut failed = None;
        let holes = days(&self.connection, &mut |day, key, crc, body| {
            if let Err(fault) = seal::check(Place::Archive(&key, day), crc, &body) {
                lost.push(fault.what());
                return;
            }
            batch.push((key, day, seal::Sealed { crc: crc as u32, body }));
            count += 1;
            if batch.len() == DAYS && failed.is_none() {
                failed = stage(store, packer, std::mem::take(&mut batch)).err();
            }
        });
        lost.extend(holes.iter().map(|hole| format!("days of the long history {hole}")));
        let staged = failed.map_or_else(|| stage(store, packer, batch), Err);
        staged.map(|()| count).map_err(|fault| fault.while_doing("write history"))
    }

    /// Puts the new store, whole and closed, in the place of the damaged one, which is kept under another name.
    pub fn replace(mut self, new: &Path) -> io::Result<PathBuf> {
        drop(self.connection);
        drop(self.copy);
        let path = self.dir.join(FILE);
        let aside = free_name(&path);
        let log = log_of(&path);
        keep(&path, &aside)?;
        if log.exists() {
            keep(&log, &aside.with_file_name(format!("{}-wal", name(&aside))))?;
        }
        // There is always a database under the name, or a start would begin anew; its log belongs to no other.
        remove_if_there(&log)?;
        remove_if_there(&path.with_file_name(format!("{FILE}-shm")))?;
        // Commits are counted anew, and the witness is never ahead.
        self.lock.confirm(0);
        fs::rename(new.join(FILE), &path)?;
        fs::remove_dir_all(new)?;
        File::open(&self.dir)?.sync_all()?;
        Ok(aside)
    }
}

/// A connection that only reads, and the format of the file.
type Looked = (Connection, u32);

fn look_at_copy(dir: &Path) -> Result<Option<(Copy, Looked)>, OpenError> {
    let copy = Copy::mended(dir).map_err(|fault| open::refuse(&dir.join(FILE), fault))?;
    copy.map(|copy| open::look(&copy.path()).map(|looked| (copy, looked))).transpose()
}

fn stage(store: &mut Store, packer: &Packer, archive: Vec<(String, i32, seal::Sealed)>) -> Result<(), Fault> {
    store.stage_sealed(Sealed { generation: packer.generation(), parts: Vec::new(), archive })
}

/// Gives a file a second name; a file system without links gets a copy.
fn keep(file: &Path, name: &Path) -> io::Result<()> {
    fs::hard_link(file, name).or_else(|_| fs::copy(file, name).map(drop))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Beside the file, under a name that nobody has.
fn free_name(path: &Path) -> PathBuf {
    let named = |number: u32| path.with_file_name(format!("{FILE}.damaged-{number}"));
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}

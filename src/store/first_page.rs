//! A file's first page, made anew where it is damaged.
//!
//! It holds the header and where the tables are, and nothing else. In a file of ours (`auto_vacuum`) SQLite keeps the roots
//! of all tables at the front, on pages that follow from the order in which tables were made and dropped, and from nothing
//! that is in them. So the first page of an empty file that came by its tables in the same way stands in for the damaged
//! one: before a copy, for nothing damaged is written to. It is believed only where bodies whose checksums are right are
//! found through it. Pages of another size than slowburn makes are none of its business.

use super::error::Fault;
use super::open::{self, MOST_FORMATS, remove_if_there};
use super::scan::scan;
use super::seal::{self, Place};
use super::{FILE, load, log_of, schema};
use rusqlite::{Connection, OpenFlags, Row};
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const PAGE: usize = 4096;

/// The copy is made under this name in the data directory.
const COPY: &str = "salvage.copy";

/// What is the same in the headers of all our files: the size of pages and how they are used, the formats of the schema
/// and of texts.
const ALIKE: [(Range<usize>, &[u8]); 3] =
    [(0..24, b"SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20"), (44..48, &[0, 0, 0, 4]), (56..60, &[0, 0, 0, 1])];

/// How many pages there are and which are free. Of zeros SQLite goes by the length of the file.
const COUNTED: Range<usize> = 28..40;

/// A file's first page as it is there, and the length of the file. Read before SQLite opens it, see `open`.
pub struct Beginning {
    page: Vec<u8>,
    length: u64,
}

impl Beginning {
    /// What can't be read is not there.
    pub fn of(path: &Path) -> Self {
        let read = || -> io::Result<Self> {
            let file = File::open(path)?;
            let mut page = vec![0; PAGE];
            let filled = file.read_at(&mut page, 0).unwrap_or(0);
            page.truncate(filled);
            Ok(Self { page, length: file.metadata()?.len() })
        };
        read().unwrap_or(Self { page: Vec::new(), length: 0 })
    }

    /// Whether there is no file with anything in it, or none that may be read.
    pub fn is_nothing(&self) -> bool {
        self.length == 0
    }

    /// The format, where it says that a later slowburn wrote the file, which would be misread.
    pub fn newer(&self) -> Option<u32> {
        let number = |at| open::number(&self.page, at);
        let is_ours = number(open::APPLICATION_ID) == Some(schema::APPLICATION_ID);
        let later = schema::FORMAT + 1..=MOST_FORMATS;
        number(open::USER_VERSION).filter(|format| is_ours && later.contains(format))
    }

    /// Whether all that reading depends on is as in a file of ours.
    pub fn fits(&self, connection: &Connection) -> bool {
        ALIKE.iter().all(|(place, bytes)| self.page.get(place.clone()) == Some(*bytes))
            && self.all_pages_count(connection)
            && tables_fit(connection).unwrap_or(false)
    }

    fn all_pages_count(&self, connection: &Connection) -> bool {
        let pages = connection.pragma_query_value(None, "page_count", |row| row.get::<_, u32>(0));
        pages.is_ok_and(|pages| u64::from(pages) * PAGE as u64 >= self.length)
    }
}

fn tables_fit(connection: &Connection) -> rusqlite::Result<bool> {
    let found = tables(connection)?;
    for origin in schema::ORIGINS {
        let mut model = Connection::open_in_memory()?;
        origin(&mut model)?;
        if tables(&model)? == found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Names, roots and definitions.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, i64, Option<String>)>> {
    let mut rows = connection.prepare("SELECT name, rootpage, sql FROM sqlite_schema ORDER BY name")?;
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// A copy of a damaged file, in a directory of its own, which goes when this is dropped.
pub struct Copy(PathBuf);

impl Copy {
    /// Copies the file of a data directory behind the first page through which most of our tables are found; `None`
    /// where that is none.
    pub fn mended(dir: &Path) -> Result<Option<Self>, Fault> {
        let copy = Self(dir.join(COPY));
        copy.remove()?;
        fs::create_dir(&copy.0)?;
        let pages = schema::ORIGINS.iter().map(|origin| copy.page_of(*origin)).collect::<Result<Vec<_>, _>>()?;
        copy_readable(&dir.join(FILE), &copy.path())?;
        match copy_readable(&log_of(&dir.join(FILE)), &log_of(&copy.path())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let (mut best, mut most) = (None, 0);
        for (number, page) in pages.iter().enumerate() {
            copy.begin_with(page)?;
            if number == 0 {
                copy.merge_log()?;
                // The log's first page may be as damaged.
                copy.begin_with(page)?;
            }
            let found = copy.tables_with_bodies();
            if found > most {
                (best, most) = (Some(page), found);
            }
        }
        let Some(page) = best else { return Ok(None) };
        copy.begin_with(page)?;
        Ok(Some(copy))
    }

    pub fn path(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The first page of an empty file that came by its tables in this way.
    fn page_of(&self, origin: schema::Origin) -> Result<Vec<u8>, Fault> {
        let path = self.0.join("model.db");
        let mut model = Connection::open(&path)?;
        origin(&mut model)?;
        model.close().map_err(|(_, error)| error)?;
        let mut page = vec![0; PAGE];
        File::open(&path)?.read_exact_at(&mut page, 0)?;
        page[COUNTED].fill(0);
        fs::remove_file(path)?;
        Ok(page)
    }

    fn begin_with(&self, page: &[u8]) -> io::Result<()> {
        File::options().write(true).open(self.path())?.write_all_at(page, 0)
    }

    /// Merges the log, which the last connection does when it is closed, if it was asked anything. A log that can't be
    /// merged is given up.
    fn merge_log(&self) -> Result<(), Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.path(), flags)?;
        let asked = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
        tracing::debug!(?asked, "the log of the copy is merged");
        drop(connection);
        Ok(remove_if_there(&log_of(&self.path()))?)
    }

    /// In how many tables something is found that only we can have written, and one more if `meta` can be read then.
    fn tables_with_bodies(&self) -> usize {
        let Ok((connection, format)) = open::look(&self.path()) else { return 0 };
        let with_bodies = [
            has_part(&connection, format),
            has_block(&connection),
            ["ASC", "DESC"].iter().any(|order| has_day(&connection, order).unwrap_or(false)),
        ];
        match with_bodies.into_iter().filter(|found| *found).count() {
            0 => 0,
            found => found + usize::from(load::meta(&connection, format).is_ok()),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, copy = %self.0.display(), "the copy of the damaged file could not be removed");
        }
    }
}

/// Copies what the disk gives of a file; a page that it does not give is left empty.
fn copy_readable(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (File::open(from)?, File::create(to)?);
    let length = from.metadata()?.len();
    let mut page = [0; PAGE];
    for at in (0..length).step_by(PAGE) {
        let filled = from.read_at(&mut page, at).unwrap_or(0);
        to.write_all_at(&page[..filled], at)?;
    }
    to.set_len(length)
}

fn has_part(connection: &Connection, format: u32) -> bool {
    let generation = if format == 1 { "0" } else { "generation" };
    let sql = format!("SELECT rowid, key, {generation}, crc, body FROM part WHERE rowid >= ?1 ORDER BY rowid");
    has_sound(connection, &sql, &|_, row| {
        let key: String = row.get(1)?;
        Ok(seal::check(Place::Part(&key, row.get(2)?), row.get(3)?, &row.get::<_, Vec<u8>>(4)?).is_ok())
    })
}

fn has_block(connection: &Connection) -> bool {
    let sql = "SELECT seq, crc, body FROM journal WHERE seq >= ?1 ORDER BY seq";
    has_sound(connection, sql, &|seq, row| {
        Ok(seal::check(Place::Journal(seq), row.get(1)?, &row.get::<_, Vec<u8>>(2)?).is_ok())
    })
}

fn has_sound(connection: &Connection, sql: &str, sound: &dyn Fn(i64, &Row<'_>) -> rusqlite::Result<bool>) -> bool {
    let mut found = false;
    let _holes = scan(connection, sql, &mut |number, row| {
        found = found || sound(number, row)?;
        Ok(())
    });
    found
}

/// Looks from one end until the first damage.
fn has_day(connection: &Connection, order: &str) -> rusqlite::Result<bool> {
    let sql = format!("SELECT day, key, crc, body FROM archive ORDER BY day {order}, key {order}");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (day, key): (i32, String) = (row.get(0)?, row.get(1)?);
        if seal::check(Place::Archive(&key, day), row.get(2)?, &row.get::<_, Vec<u8>>(3)?).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

//! Checks a database from end to end and reads what a recovery needs. Only reads.
//!
//! Checked are: the identity again (the header may be older than the write-ahead log), the tables' definitions, the
//! file's structure, every checksum of journal and parts, that commits follow each other without a gap, that no part
//! vanished, and that the end is not before the last confirmed commit. History is checked when it is read: it may be
//! large, and a hole in a chart is no reason not to start.

use super::error::Fault;
use super::schema;
use super::seal::{Place, unseal};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// What a recovery starts from: the state's parts as of the last checkpoint, and the journal blocks after it in
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub parts: BTreeMap<String, Vec<u8>>,
    pub journal: Vec<Vec<u8>>,
}

/// What was loaded, and the last commit in it.
pub struct Found {
    pub loaded: Loaded,
    pub commit: i64,
}

/// The row of `meta`.
struct Meta {
    checkpoint: i64,
    parts: i64,
    parts_sum: i64,
}

/// Reads everything; a fault names what is damaged.
pub fn load(connection: &Connection) -> Result<Found, Fault> {
    check_structure(connection)?;
    let meta = connection.query_row("SELECT checkpoint, parts, parts_sum FROM meta WHERE id = 1", [], |row| {
        Ok(Meta { checkpoint: row.get(0)?, parts: row.get(1)?, parts_sum: row.get(2)? })
    })?;
    let parts = load_parts(connection, &meta)?;
    let journal = load_journal(connection, meta.checkpoint)?;
    let commit = meta.checkpoint.saturating_add(i64::try_from(journal.len()).unwrap_or(i64::MAX));
    Ok(Found { loaded: Loaded { parts, journal }, commit })
}

fn check_structure(connection: &Connection) -> Result<(), Fault> {
    if let Some(table) = schema::altered_table(connection)? {
        return Err(Fault::Damaged(format!("the definition of table {table:?}")));
    }
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(Fault::Damaged(format!("the structure of the file ({finding})"))) }
}

fn load_parts(connection: &Connection, meta: &Meta) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let (mut parts, mut sum) = (BTreeMap::new(), 0i64);
    let mut statement = connection.prepare("SELECT key, crc, body FROM part")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, crc): (String, i64) = (row.get(0)?, row.get(1)?);
        let body = unseal(Place::Part(&key), crc, blob(row, 2)?)?;
        sum = sum.wrapping_add(crc);
        parts.insert(key, body);
    }
    if (parts.len() as i64, sum) != (meta.parts, meta.parts_sum) {
        let found = parts.len();
        return Err(Fault::Damaged(format!("the set of parts ({found} found, {} written)", meta.parts)));
    }
    Ok(parts)
}

fn load_journal(connection: &Connection, checkpoint: i64) -> Result<Vec<Vec<u8>>, Fault> {
    let (mut journal, mut last) = (Vec::new(), checkpoint);
    let mut statement = connection.prepare("SELECT seq, crc, body FROM journal ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if Some(seq) != last.checked_add(1) {
            return Err(Fault::Damaged(format!("the journal (commit {seq} follows commit {last})")));
        }
        journal.push(unseal(Place::Journal(seq), row.get(1)?, blob(row, 2)?)?);
        last = seq;
    }
    Ok(journal)
}

/// A column's bytes without a copy.
pub fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], Fault> {
    let value = row.get_ref(column)?;
    value.as_blob().map_err(|_| Fault::Damaged("a row (its body is no blob)".to_owned()))
}

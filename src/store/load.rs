//! Reads what a recovery needs, and believes none of it unchecked. Only reads.
//!
//! Checked are: the identity again (the header may be older than the write-ahead log), the tables' definitions, every
//! checksum of journal and parts, that commits follow each other without a gap, that no part vanished, and that the end
//! is not before the last confirmed commit: so much proves that what was read is what was written. The structure of the
//! whole file ([`check_structure`]) and history are checked beside the running engine: the file may be large, people
//! wait for alerts meanwhile, and a hole in a chart is no reason not to start.

use super::error::Fault;
use super::generations::{self, Generations};
use super::schema;
use super::seal::{Place, unseal};
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// What a recovery starts from: the state's parts as of the last checkpoint, and the journal blocks after it in
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub parts: BTreeMap<String, Vec<u8>>,
    pub journal: Vec<Vec<u8>>,
}

impl Loaded {
    /// Bytes of all blocks.
    pub fn journal_bytes(&self) -> usize {
        self.journal.iter().map(Vec::len).sum()
    }
}

/// What was loaded, the last commit in it, and which rows it is made of.
pub struct Found {
    pub loaded: Loaded,
    pub commit: i64,
    pub generations: Generations,
}

/// The row of `meta`.
pub struct Meta {
    pub checkpoint: i64,
    pub generation: i64,
    pub parts: i64,
    pub parts_sum: i64,
}

/// Reads everything of a file of this format; a fault names what is damaged.
pub fn load(connection: &Connection, format: u32) -> Result<Found, Fault> {
    if let Some(table) = schema::altered_table(connection, format)? {
        return Err(Fault::Damaged(format!("the definition of table {table:?}")));
    }
    let (meta, generations) = if format == 1 { overview_of_format_1(connection)? } else { overview(connection)? };
    // Before the sum, for it can name what is damaged.
    let parts = load_parts(connection, format, &generations)?;
    if generations.sum() != (meta.parts, meta.parts_sum) {
        let found = generations.live().len();
        return Err(Fault::Damaged(format!("the set of parts ({found} found, {} written)", meta.parts)));
    }
    let journal = load_journal(connection, meta.checkpoint)?;
    let commit = meta.checkpoint.saturating_add(i64::try_from(journal.len()).unwrap_or(i64::MAX));
    Ok(Found { loaded: Loaded { parts, journal }, commit, generations })
}

/// Reads every page of the file, in which SQLite finds its own mistakes.
pub fn check_structure(connection: &Connection) -> Result<(), Fault> {
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(Fault::Damaged(format!("the structure of the file ({finding})"))) }
}

/// Which rows count.
pub fn generations(connection: &Connection) -> Result<Generations, Fault> {
    overview(connection).map(|(_, generations)| generations)
}

fn overview(connection: &Connection) -> Result<(Meta, Generations), Fault> {
    let meta = meta(connection, schema::FORMAT)?;
    let abandoned = abandoned(connection, schema::FORMAT)?;
    let rows = rows(connection, "SELECT key, generation, crc, body IS NULL FROM part")?;
    let generations = Generations::new(meta.generation, rows.into_iter(), &abandoned);
    Ok((meta, generations))
}

/// There, every row counts.
fn overview_of_format_1(connection: &Connection) -> Result<(Meta, Generations), Fault> {
    let rows = rows(connection, "SELECT key, 0, crc, 0 FROM part")?;
    Ok((meta(connection, 1)?, Generations::new(0, rows.into_iter(), &Default::default())))
}

/// What the last checkpoint left; format 1 knew no generations.
pub fn meta(connection: &Connection, format: u32) -> Result<Meta, Fault> {
    let generation = if format == 1 { "0" } else { "generation" };
    let sql = format!("SELECT checkpoint, {generation}, parts, parts_sum FROM meta WHERE id = 1");
    Ok(connection.query_row(&sql, [], |row| {
        Ok(Meta { checkpoint: row.get(0)?, generation: row.get(1)?, parts: row.get(2)?, parts_sum: row.get(3)? })
    })?)
}

/// Generations whose rows never count.
pub fn abandoned(connection: &Connection, format: u32) -> Result<BTreeSet<i64>, Fault> {
    if format == 1 {
        return Ok(BTreeSet::new());
    }
    let mut statement = connection.prepare("SELECT generation FROM abandoned")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn rows(connection: &Connection, sql: &str) -> Result<Vec<generations::Row>, Fault> {
    let row = |row: &Row<'_>| {
        Ok(generations::Row { key: row.get(0)?, generation: row.get(1)?, crc: row.get(2)?, removed: row.get(3)? })
    };
    Ok(connection.prepare(sql)?.query_map([], row)?.collect::<Result<_, _>>()?)
}

fn load_parts(
    connection: &Connection,
    format: u32,
    generations: &Generations,
) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let mut parts = BTreeMap::new();
    // In the order of the rows, so that the file is read from its beginning to its end.
    let of_format_1 = "SELECT key, 0, crc, body FROM part ORDER BY rowid";
    let sql = if format == 1 { of_format_1 } else { "SELECT key, generation, crc, body FROM part ORDER BY rowid" };
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, generation): (String, i64) = (row.get(0)?, row.get(1)?);
        if generations.live().get(&key).is_some_and(|stamp| stamp.generation == generation) {
            let body = unseal(Place::Part(&key, generation), row.get(2)?, blob(row, 3)?)?;
            parts.insert(key, body);
        }
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

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
use crate::cores::on_all_cores;
use rusqlite::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are read in one go.
const SHARE: usize = 64;

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

/// Makes one more connection to a file that nobody changes meanwhile.
pub type Connect<'a> = &'a (dyn Fn() -> Result<Connection, Fault> + Sync);

/// Reads everything of a file of this format; a fault names what is damaged. With more connections it is read on all
/// cores: most of the time goes into copying.
pub fn load(connection: &Connection, format: u32, more: Option<Connect<'_>>) -> Result<Found, Fault> {
    if let Some(table) = schema::altered_table(connection, format)? {
        return Err(Fault::Damaged(format!("the definition of table {table:?}")));
    }
    let Overview { meta, generations, rows } =
        if format == 1 { overview_of_format_1(connection)? } else { overview(connection)? };
    // Before the sum, for it can name what is damaged.
    let parts = load_parts(connection, more, format, &generations, &rows)?;
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
    overview(connection).map(|overview| overview.generations)
}

/// All but the bodies.
struct Overview {
    meta: Meta,
    generations: Generations,
    /// Numbers of all rows of parts, ascending.
    rows: Vec<i64>,
}

fn overview(connection: &Connection) -> Result<Overview, Fault> {
    let meta = meta(connection, schema::FORMAT)?;
    let abandoned = abandoned(connection, schema::FORMAT)?;
    let sql = "SELECT rowid, key, generation, crc, body IS NULL FROM part ORDER BY rowid";
    let (rows, found) = rows(connection, sql)?;
    let generations = Generations::new(meta.generation, found.into_iter(), &abandoned);
    Ok(Overview { meta, generations, rows })
}

/// There, every row counts.
fn overview_of_format_1(connection: &Connection) -> Result<Overview, Fault> {
    let (rows, found) = rows(connection, "SELECT rowid, key, 0, crc, 0 FROM part ORDER BY rowid")?;
    let generations = Generations::new(0, found.into_iter(), &Default::default());
    Ok(Overview { meta: meta(connection, 1)?, generations, rows })
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

fn rows(connection: &Connection, sql: &str) -> Result<(Vec<i64>, Vec<generations::Row>), Fault> {
    let row = |row: &Row<'_>| {
        let (key, generation, crc, removed) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((row.get(0)?, generations::Row { key, generation, crc, removed }))
    };
    let found: Vec<(i64, generations::Row)> = connection.prepare(sql)?.query_map([], row)?.collect::<Result<_, _>>()?;
    Ok(found.into_iter().unzip())
}

fn load_parts(
    connection: &Connection,
    more: Option<Connect<'_>>,
    format: u32,
    generations: &Generations,
    rows: &[i64],
) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let generation = if format == 1 { "0" } else { "generation" };
    let sql = format!("SELECT key, {generation}, crc, body FROM part WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid");
    let read = |connection: &Connection, share: &[i64]| {
        let (Some(first), Some(last)) = (share.first(), share.last()) else { return Ok(Vec::new()) };
        read_rows(connection, &sql, (*first, *last), generations)
    };
    // In the order of the rows, so that the file is read from its beginning to its end.
    let Some(connect) = more else { return Ok(read(connection, rows)?.into_iter().collect()) };
    let shares = on_all_cores(rows.chunks(SHARE).collect(), connect, |connection, share| match connection {
        Ok(connection) => read(connection, share),
        Err(_) => read(&connect()?, share),
    });
    let mut parts = BTreeMap::new();
    for share in shares {
        parts.extend(share?);
    }
    Ok(parts)
}

fn read_rows(
    connection: &Connection,
    sql: &str,
    range: (i64, i64),
    generations: &Generations,
) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut parts = Vec::new();
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let (key, generation): (String, i64) = (row.get(0)?, row.get(1)?);
        if generations.live().get(&key).is_some_and(|stamp| stamp.generation == generation) {
            let body = unseal(Place::Part(&key, generation), row.get(2)?, blob(row, 3)?)?;
            parts.push((key, body));
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

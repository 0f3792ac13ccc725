//! The database's identity and tables.
//!
//! Tables are keyed so that writing is appending: journal blocks by commit, history by day before key (a day is
//! written as one stretch of the tree, where keys first would touch a page for each of them).

use rusqlite::{Connection, OptionalExtension, Transaction};

/// `SLBN`: tells slowburn's databases from other programs'.
pub const APPLICATION_ID: u32 = 0x534C_424E;

/// The format of what is stored; grows with each change that an older slowburn can't read.
pub const FORMAT: u32 = MIGRATIONS.len() as u32 + 1;

/// Step n leads from format n + 1 to the next one.
const MIGRATIONS: [&str; 0] = [];

/// `meta` has one row: the commit of the last checkpoint, and how many parts it left with which sum of checksums, so
/// that a part that vanished is noticed.
const TABLES: &str = "
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), checkpoint INTEGER NOT NULL, \
parts INTEGER NOT NULL, parts_sum INTEGER NOT NULL) STRICT;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE part (key TEXT PRIMARY KEY NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE archive (day INTEGER NOT NULL, key TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL, \
PRIMARY KEY (day, key)) STRICT, WITHOUT ROWID;
";

/// Makes an empty file a database of the current format.
pub fn create(connection: &Connection) -> rusqlite::Result<()> {
    // Before the first table, or it takes a rewrite of the whole file.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {TABLES} \
         INSERT INTO meta VALUES (1, 0, 0, 0); COMMIT;"
    ))?;
    // Stays with the file; the switch back and forth at each opening would cost a checkpoint.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
}

/// Brings an older format to the current one, in one transaction.
pub fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    if found >= FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in MIGRATIONS.iter().skip(found.saturating_sub(1) as usize) {
        transaction.execute_batch(step)?;
    }
    set_format(&transaction)?;
    transaction.commit()
}

fn set_format(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "user_version", FORMAT)
}

/// The first of our tables whose definition is not the one that was created.
pub fn altered_table(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut lookup = connection.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    for statement in TABLES.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let name = statement.split_whitespace().nth(2).unwrap_or_default();
        let found: Option<String> = lookup.query_row([name], |row| row.get(0)).optional()?;
        if found.as_deref() != Some(statement) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

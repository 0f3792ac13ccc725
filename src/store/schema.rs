//! The database's identity and tables, in every format there was.
//!
//! Tables are keyed so that writing is appending: journal blocks by commit, history by day before key (a day is
//! written as one stretch of the tree, where keys first would touch a page for each of them).

use rusqlite::{Connection, OptionalExtension, Transaction};

/// `SLBN`: tells slowburn's databases from other programs'.
pub const APPLICATION_ID: u32 = 0x534C_424E;

/// The format of what is stored; grows with each change that an older slowburn can't read.
pub const FORMAT: u32 = MIGRATIONS.len() as u32 + 1;

/// Step n leads from format n + 1 to the next one. Format 3 changes no table, but how the runs of histories are coded:
/// they are read in either coding, and written in the new one. Format 4 changes no table either: its journal knows an
/// event more.
const MIGRATIONS: [&str; 3] = [
    "
ALTER TABLE meta RENAME TO meta_1;
ALTER TABLE part RENAME TO part_1;
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), checkpoint INTEGER NOT NULL, generation INTEGER NOT NULL, \
parts INTEGER NOT NULL, parts_sum INTEGER NOT NULL) STRICT;
CREATE TABLE part (key TEXT NOT NULL, generation INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB, \
PRIMARY KEY (key, generation)) STRICT;
CREATE TABLE abandoned (generation INTEGER PRIMARY KEY) STRICT;
INSERT INTO meta SELECT id, checkpoint, 0, parts, parts_sum FROM meta_1;
INSERT INTO part SELECT key, 0, crc, body FROM part_1;
DROP TABLE meta_1;
DROP TABLE part_1;
",
    "",
    "",
];

/// `meta` has one row: the commit that the last checkpoint covers, its generation, and how many parts are in force
/// with which sum of checksums, so that a part that vanished is noticed. See `generations` for `part` and `abandoned`.
const TABLES: &str = "
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), checkpoint INTEGER NOT NULL, generation INTEGER NOT NULL, \
parts INTEGER NOT NULL, parts_sum INTEGER NOT NULL) STRICT;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE part (key TEXT NOT NULL, generation INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB, \
PRIMARY KEY (key, generation)) STRICT;
CREATE TABLE abandoned (generation INTEGER PRIMARY KEY) STRICT;
CREATE TABLE archive (day INTEGER NOT NULL, key TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL, \
PRIMARY KEY (day, key)) STRICT, WITHOUT ROWID;
";

/// Those of format 1.
const TABLES_1: &str = "
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), checkpoint INTEGER NOT NULL, \
parts INTEGER NOT NULL, parts_sum INTEGER NOT NULL) STRICT;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE part (key TEXT PRIMARY KEY NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE archive (day INTEGER NOT NULL, key TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL, \
PRIMARY KEY (day, key)) STRICT, WITHOUT ROWID;
";

/// A way in which a file came by its tables.
pub type Origin = fn(&mut Connection) -> rusqlite::Result<()>;

/// All that there are. Each leaves the tables on other pages, whatever is in them: made in the present format or one with
/// the same tables, made in format 1, and brought from there to the present one.
pub const ORIGINS: [Origin; 3] = [
    |connection| create(connection),
    |connection| create_first(connection),
    |connection| create_first(connection).and_then(|()| migrate(connection)),
];

/// Makes an empty file a database of the current format.
pub fn create(connection: &Connection) -> rusqlite::Result<()> {
    make(connection, FORMAT, TABLES, "(1, 0, 0, 0, 0)")
}

/// The same of format 1.
fn create_first(connection: &Connection) -> rusqlite::Result<()> {
    make(connection, 1, TABLES_1, "(1, 0, 0, 0)")
}

fn make(connection: &Connection, format: u32, tables: &str, meta: &str) -> rusqlite::Result<()> {
    // Before the first table, or it takes a rewrite of the whole file.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {format}; {tables} \
         INSERT INTO meta VALUES {meta}; COMMIT;"
    ))?;
    // Stays with the file; the switch back and forth at each opening would cost a checkpoint.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
}

/// Brings an older format to the current one, in one transaction.
pub fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    // The file's header may be older than the write-ahead log.
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
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

/// The first of our tables whose definition is not the one that its format creates.
pub fn altered_table(connection: &Connection, format: u32) -> rusqlite::Result<Option<String>> {
    let tables = if format == 1 { TABLES_1 } else { TABLES };
    let mut lookup = connection.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1")?;
    for statement in tables.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let name = statement.split_whitespace().nth(2).unwrap_or_default();
        let found: Option<String> = lookup.query_row([name], |row| row.get(0)).optional()?;
        if found.as_deref() != Some(statement) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

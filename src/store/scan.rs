//! Walks over tables some of whose pages can't be read.
//!
//! SQLite ends a query at the first damaged page. The walk goes on behind it: it leaps ahead in growing steps until
//! something can be read, and then looks back for the first row that can.

use super::error::Fault;
use super::seal::date;
use rusqlite::{Connection, Row};
use std::fmt;

/// Where the first and the last day can't be found: some four centuries, of which most have nothing.
const ANY_DAY: (i32, i32) = (0, 150_000);

/// Rows between two that could be read.
pub struct Hole(String);

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Take<'a> = dyn FnMut(i64, &Row<'_>) -> rusqlite::Result<()> + 'a;

/// Gives every row that can be read of a query whose first column is the number that it asks for, and says what was left
/// out.
pub fn scan(connection: &Connection, sql: &str, take: &mut Take<'_>) -> Vec<Hole> {
    let (mut holes, mut from) = (Vec::new(), i64::MIN);
    loop {
        let (next, whole) = run(connection, sql, from, take);
        if whole {
            return holes;
        }
        let behind = leap(connection, sql, next);
        holes.push(Hole(match behind {
            Some(behind) => format!("between rows {next} and {behind}"),
            None => format!("from row {next} on"),
        }));
        let Some(behind) = behind else { return holes };
        from = behind;
    }
}

/// Reads until a row can't be read: where the next one would be, and whether there is none.
fn run(connection: &Connection, sql: &str, from: i64, take: &mut Take<'_>) -> (i64, bool) {
    let mut next = from.max(0);
    let mut read = || -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([from])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            next = i64::saturating_add(number, 1);
            // A row that is no row of ours is left out, and the walk goes on.
            let _left_out = take(number, row);
        }
        Ok(())
    };
    let whole = read().is_ok();
    (next, whole)
}

/// The first number behind `from` at which a row can be read; `None` where there is none.
fn leap(connection: &Connection, sql: &str, from: i64) -> Option<i64> {
    let reads = |at: i64| -> Result<bool, Fault> {
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query([at])?.next()?.is_some())
    };
    let (mut bad, mut good) = (from, from.saturating_add(1));
    while reads(good).is_err() {
        (bad, good) = (good, good.checked_add(good - from)?);
    }
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if reads(middle).is_ok() { good = middle } else { bad = middle }
    }
    reads(good).is_ok_and(|row| row).then_some(good)
}

/// Gives every day of history that can be read, from the front and from the back of each day that a damage interrupts.
pub fn days(connection: &Connection, take: &mut dyn FnMut(i32, String, i64, Vec<u8>)) -> Vec<Hole> {
    let mut holes = Vec::new();
    let bound = |sql| connection.query_row(sql, [], |row| row.get::<_, Option<i32>>(0));
    let bounds = (bound("SELECT min(day) FROM archive"), bound("SELECT max(day) FROM archive"));
    let (first, last) = match bounds {
        (Ok(first), Ok(last)) => (first.unwrap_or(1), last.unwrap_or(0)),
        _ => ANY_DAY,
    };
    let mut dark: Option<(i32, i32)> = None;
    for day in first..=last {
        let (mut front, mut back) = (None, None);
        let forth = "SELECT key, crc, body FROM archive WHERE day = ?1 ORDER BY key";
        if of_day(connection, forth, day, None, &mut front, take).is_ok() {
            holes.extend(dark.take().map(darkness));
            continue;
        }
        let from_behind = "SELECT key, crc, body FROM archive WHERE day = ?1 ORDER BY key DESC";
        let _ends_at_the_damage = of_day(connection, from_behind, day, front.as_deref(), &mut back, take);
        if front.is_none() && back.is_none() {
            dark = Some((dark.map_or(day, |(first, _)| first), day));
        } else {
            let name = |key: Option<String>| key.map_or_else(|| "its end".to_owned(), |key| format!("{key:?}"));
            holes.push(Hole(format!("on {} between {} and {}", date(day), name(front), name(back))));
        }
    }
    holes.extend(dark.map(darkness));
    holes
}

/// Days of which nothing can be read.
fn darkness((first, last): (i32, i32)) -> Hole {
    if (first, last) == ANY_DAY {
        return Hole("as a whole".to_owned());
    }
    Hole(format!("from {} to {}", date(first), date(last)))
}

fn of_day(
    connection: &Connection,
    sql: &str,
    day: i32,
    until: Option<&str>,
    seen: &mut Option<String>,
    take: &mut dyn FnMut(i32, String, i64, Vec<u8>),
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([day])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if until == Some(&key) {
            break;
        }
        *seen = Some(key.clone());
        take(day, key, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

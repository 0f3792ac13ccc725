//! Which row of a part is in force, and how a checkpoint comes into force as a whole.
//!
//! Each checkpoint has a number, its generation, and adds rows under it: a body for each part that changed, none for a
//! part that is gone. Of each part the row with the highest generation counts, up to the one that `meta` names. So
//! what a checkpoint writes means nothing before the switch, which changes that one number, and what it does not
//! write stays in force. Rows that no longer count are swept up afterwards.
//!
//! A checkpoint that failed on the way, or was cut off by a crash, leaves rows of a generation that never was in force.
//! Before the next one begins its number is noted as abandoned, and its rows never count.

use super::error::Fault;
use super::piece::Sealed;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::{BTreeMap, BTreeSet};

/// Rows removed in one transaction; with the largest ones some megabytes.
const SWEPT: i64 = 64;
/// Days of history removed in one transaction.
const SWEPT_DAYS: i64 = 500;

/// Where the row of a part is that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub generation: i64,
    pub crc: i64,
}

/// What the rows of parts stand for.
#[derive(Debug, Default)]
pub struct Generations {
    /// The one in force.
    current: i64,
    /// The highest number that was ever used.
    last: i64,
    live: BTreeMap<String, Stamp>,
    /// Rows to remove, older ones of a key first.
    outdated: Vec<(String, i64)>,
    /// Generations that failed, of which there may be rows.
    failed: BTreeSet<i64>,
    /// Whether some generation is noted as abandoned in the database.
    abandoned: bool,
    attempt: Option<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    generation: i64,
    covers: i64,
    /// `None`: removed.
    staged: BTreeMap<String, Option<Stamp>>,
}

/// One row of a part, without its body.
#[derive(Clone)]
pub struct Row {
    pub key: String,
    pub generation: i64,
    pub crc: i64,
    pub removed: bool,
}

impl Generations {
    /// Finds out what counts. `abandoned` are the generations noted so.
    pub fn new(current: i64, rows: impl Iterator<Item = Row>, abandoned: &BTreeSet<i64>) -> Self {
        let mut found = Self { current, last: current, abandoned: !abandoned.is_empty(), ..Self::default() };
        found.last = abandoned.last().copied().unwrap_or(0).max(current);
        let mut counting: BTreeMap<String, Row> = BTreeMap::new();
        for row in rows.filter(|row| !abandoned.contains(&row.generation)) {
            found.last = found.last.max(row.generation);
            if row.generation > current {
                found.failed.insert(row.generation);
                continue;
            }
            match counting.get(&row.key) {
                Some(other) if other.generation > row.generation => found.outdated.push((row.key, row.generation)),
                _ => {
                    let before = counting.insert(row.key.clone(), row);
                    found.outdated.extend(before.map(|row| (row.key, row.generation)));
                }
            }
        }
        for (key, row) in counting {
            match row.removed {
                true => found.outdated.push((key, row.generation)),
                false => drop(found.live.insert(key, Stamp { generation: row.generation, crc: row.crc })),
            }
        }
        found
    }

    /// The parts in force.
    pub fn live(&self) -> &BTreeMap<String, Stamp> {
        &self.live
    }

    /// How many parts are in force, and the sum of their checksums.
    pub fn sum(&self) -> (i64, i64) {
        sum(self.live.values().copied())
    }

    /// The number of a new checkpoint.
    pub fn begin(&mut self, connection: &mut Connection, covers: i64) -> Result<i64, Fault> {
        self.failed.extend(self.attempt.take().map(|attempt| attempt.generation));
        let current: i64 = connection.query_row("SELECT generation FROM meta WHERE id = 1", [], |row| row.get(0))?;
        if current != self.current {
            // A switch was said to have failed and had not.
            *self = Self { last: self.last, ..super::load::generations(connection)? };
        }
        if !self.failed.is_empty() {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for generation in &self.failed {
                transaction.execute("INSERT OR IGNORE INTO abandoned (generation) VALUES (?1)", [generation])?;
            }
            transaction.commit()?;
            self.failed.clear();
            self.abandoned = true;
        }
        let generation = self.last + 1;
        self.last = generation;
        self.attempt = Some(Attempt { generation, covers, staged: BTreeMap::new() });
        Ok(generation)
    }

    pub fn stage(&mut self, connection: &mut Connection, piece: Sealed) -> Result<(), Fault> {
        let attempt = self.attempt.as_mut().filter(|attempt| attempt.generation == piece.generation);
        let Some(attempt) = attempt else { return Err(Fault::Order("this checkpoint was given up")) };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        insert(&transaction, &piece)?;
        transaction.commit()?;
        for (key, sealed) in piece.parts {
            let stamp = sealed.map(|sealed| Stamp { generation: piece.generation, crc: sealed.crc.into() });
            attempt.staged.insert(key, stamp);
        }
        Ok(())
    }

    /// Returns the commit up to which the checkpoint covers the journal.
    pub fn switch(&mut self, connection: &mut Connection) -> Result<i64, Fault> {
        let Some(attempt) = &self.attempt else { return Err(Fault::Order("no checkpoint was begun")) };
        let kept = self.live.iter().filter(|(key, _)| !attempt.staged.contains_key(*key)).map(|(_, stamp)| *stamp);
        let (parts, parts_sum) = sum(kept.chain(attempt.staged.values().flatten().copied()));
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM journal WHERE seq <= ?1", [attempt.covers])?;
        transaction.execute(
            "UPDATE meta SET checkpoint = ?1, generation = ?2, parts = ?3, parts_sum = ?4 WHERE id = 1",
            (attempt.covers, attempt.generation, parts, parts_sum),
        )?;
        transaction.commit()?;
        let covers = attempt.covers;
        self.switched();
        Ok(covers)
    }

    fn switched(&mut self) {
        let Some(attempt) = self.attempt.take() else { return };
        self.current = attempt.generation;
        for (key, staged) in attempt.staged {
            let before = match staged {
                Some(stamp) => self.live.insert(key.clone(), stamp),
                None => self.live.remove(&key),
            };
            self.outdated.extend(before.map(|stamp| (key.clone(), stamp.generation)));
            if staged.is_none() {
                self.outdated.push((key, attempt.generation));
            }
        }
    }

    /// Removes some rows that don't count; `true` while there are more.
    pub fn sweep(&mut self, connection: &mut Connection, drop_archive_before: Option<i32>) -> Result<bool, Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // From the front, so that a removed part's last row goes after those that it hides.
        let some = self.outdated.len().min(SWEPT as usize);
        {
            let mut delete = transaction.prepare_cached("DELETE FROM part WHERE key = ?1 AND generation = ?2")?;
            for (key, generation) in &self.outdated[..some] {
                delete.execute((key, generation))?;
            }
        }
        let abandoned = self.abandoned && some == 0 && sweep_abandoned(&transaction, self.attempt.is_some())?;
        let days = if some == 0 { sweep_days(&transaction, drop_archive_before)? } else { false };
        transaction.commit()?;
        self.outdated.drain(..some);
        if some == 0 {
            self.abandoned = abandoned;
        }
        Ok(some > 0 || abandoned || days)
    }
}

fn sum(stamps: impl Iterator<Item = Stamp>) -> (i64, i64) {
    stamps.fold((0, 0), |(count, sum), stamp| (count + 1, sum + stamp.crc))
}

fn insert(transaction: &Transaction<'_>, piece: &Sealed) -> Result<(), Fault> {
    let mut part = transaction
        .prepare_cached("INSERT OR REPLACE INTO part (key, generation, crc, body) VALUES (?1, ?2, ?3, ?4)")?;
    for (key, sealed) in &piece.parts {
        let (crc, body) = sealed.as_ref().map_or((0, None), |sealed| (sealed.crc, Some(&sealed.body)));
        part.execute((key, piece.generation, crc, body))?;
    }
    let mut archive = transaction.prepare_cached(
        "INSERT INTO archive (day, key, crc, body) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (day, key) DO UPDATE SET crc = excluded.crc, body = excluded.body",
    )?;
    for (key, day, sealed) in &piece.archive {
        archive.execute((day, key, sealed.crc, &sealed.body))?;
    }
    Ok(())
}

/// Whether some rows are left.
fn sweep_abandoned(transaction: &Transaction<'_>, under_way: bool) -> Result<bool, Fault> {
    let removed = transaction.execute(
        "DELETE FROM part WHERE rowid IN (SELECT part.rowid FROM part JOIN abandoned USING (generation) LIMIT ?1)",
        [SWEPT],
    )?;
    if removed == 0 && !under_way {
        transaction.execute("DELETE FROM abandoned", [])?;
    }
    Ok(removed > 0)
}

fn sweep_days(transaction: &Transaction<'_>, before: Option<i32>) -> Result<bool, Fault> {
    let Some(day) = before else { return Ok(false) };
    let removed = transaction.execute(
        "DELETE FROM archive WHERE (day, key) IN (SELECT day, key FROM archive WHERE day < ?1 LIMIT ?2)",
        (day, SWEPT_DAYS),
    )?;
    Ok(removed as i64 == SWEPT_DAYS)
}

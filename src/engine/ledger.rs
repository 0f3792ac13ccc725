//! What the store is to be given, and when. Pure: the disk's answers and the time are arguments.
//!
//! Each event that changes the state is kept until a journal block holds it. A checkpoint of the whole state is due from
//! time to time, and is the way out of trouble: while writing fails no event is kept, for the checkpoint that ends the
//! trouble holds what they did. What the state says of the trouble is corrected after each answer of the disk, so that
//! it does not outlive a restart.

use super::archive;
use super::persist;
use crate::domain::event::Event;
use crate::domain::state::State;
use crate::domain::status::AlertState;
use crate::domain::step::Effects;
use crate::domain::time::Timestamp;
use crate::store::Checkpoint;
use crate::store::codec::Encoder;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A checkpoint is due after this time …
const CHECKPOINT_EVERY: Duration = Duration::from_secs(600);
/// … or after this much journal.
const JOURNAL_MAX: usize = 32 << 20;
/// Time between two attempts to write while the store is in trouble.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// What the store holds, and what it does not hold yet.
#[derive(Debug)]
pub struct Ledger {
    encoder: Encoder,
    unsaved: Vec<Event>,
    /// The latest tick that changed nothing but the time. It goes before the next event, which happens at that time.
    idle: Option<Timestamp>,
    journal: usize,
    /// Part keys in the store.
    parts: BTreeSet<String>,
    /// Those that a checkpoint under way writes.
    next_parts: BTreeSet<String>,
    checkpointed: Instant,
    trouble: Option<Trouble>,
}

/// Why writing fails, and since when.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub error: String,
    pub since: Timestamp,
    retry: Instant,
}

/// One request to the store.
#[derive(Clone, Debug)]
pub enum Write {
    Block(Vec<u8>),
    Checkpoint(Checkpoint),
}

/// What is left of a write once the store has it.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    pub checkpoint: bool,
    /// Bytes of bodies.
    pub bytes: usize,
}

impl Write {
    pub fn receipt(&self) -> Receipt {
        match self {
            Self::Block(block) => Receipt { checkpoint: false, bytes: block.len() },
            Self::Checkpoint(checkpoint) => {
                Receipt { checkpoint: true, bytes: checkpoint.upsert.iter().map(|(_, body)| body.len()).sum() }
            }
        }
    }
}

impl Ledger {
    /// `parts` are the keys that the store holds already.
    pub fn new(parts: BTreeSet<String>, now: Instant) -> Self {
        Self {
            encoder: Encoder::new(),
            unsaved: Vec::new(),
            idle: None,
            journal: 0,
            parts,
            next_parts: BTreeSet::new(),
            checkpointed: now,
            trouble: None,
        }
    }

    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Bytes of journal since the last checkpoint of this process.
    pub fn journal(&self) -> usize {
        self.journal
    }

    /// Takes an event into the state, and keeps it for the next block.
    pub fn step(&mut self, state: &mut State, event: Event) -> Effects {
        let effects = state.step(std::slice::from_ref(&event));
        match event {
            _ if self.trouble.is_some() => self.idle = None,
            Event::Tick { at } if effects == Effects::default() => self.idle = self.idle.max(Some(at)),
            event => {
                self.unsaved.extend(self.idle.take().map(|at| Event::Tick { at }));
                self.unsaved.push(event);
            }
        }
        effects
    }

    /// What is to be written now, if anything. [`Ledger::written`] or [`Ledger::failed`] must follow.
    pub fn next_write(&mut self, state: &State, now: Instant) -> Result<Option<Write>, String> {
        let due = now.duration_since(self.checkpointed) >= CHECKPOINT_EVERY || self.journal >= JOURNAL_MAX;
        match &self.trouble {
            Some(trouble) if now < trouble.retry => Ok(None),
            None if !due && self.unsaved.is_empty() => Ok(None),
            None if !due => self.block().map(Some),
            _ => self.checkpoint(state).map(Some),
        }
    }

    fn block(&mut self) -> Result<Write, String> {
        self.encoder.encode(&self.unsaved).map(Write::Block).map_err(|error| error.to_string())
    }

    /// The whole state.
    pub fn checkpoint(&mut self, state: &State) -> Result<Write, String> {
        let parts = persist::parts(state).map_err(|error| error.to_string())?;
        self.next_parts = parts.keys().cloned().collect();
        Ok(Write::Checkpoint(Checkpoint {
            delete: self.parts.difference(&self.next_parts).cloned().collect(),
            upsert: parts.into_iter().collect(),
            archive: archive::days(state),
            drop_archive_before: Some(archive::oldest_day(state.core.now)),
        }))
    }

    /// Notes that the store holds the last write. `Some` is the event that ends the trouble.
    pub fn written(&mut self, state: &mut State, write: Receipt, now: Instant, wall: Timestamp) -> Option<Event> {
        if write.checkpoint {
            archive::written(state);
            self.idle = None;
            self.parts = std::mem::take(&mut self.next_parts);
            self.encoder.reset();
            self.journal = 0;
            self.checkpointed = now;
        } else {
            self.journal += write.bytes;
        }
        self.unsaved.clear();
        self.trouble = None;
        let told = state.core.trouble.state == AlertState::Firing;
        told.then_some(Event::Trouble { at: wall, error: None })
    }

    /// Notes that the store could not be written. `Some` is the event that begins the trouble.
    pub fn failed(&mut self, state: &State, error: String, now: Instant, wall: Timestamp) -> Option<Event> {
        let since = self.trouble.as_ref().map_or(wall, |trouble| trouble.since);
        self.unsaved.clear();
        self.trouble = Some(Trouble { error: error.clone(), since, retry: now + RETRY_EVERY });
        let told = state.core.trouble.state == AlertState::Firing;
        (!told).then_some(Event::Trouble { at: wall, error: Some(error) })
    }
}

//! What the store is to be given, and when. Pure: the disk's answers and the time are arguments.
//!
//! Each event that changes the state is kept until a journal block holds it. From time to time a checkpoint is due: a
//! snapshot of the state right after a block, written beside the blocks that follow it.
//!
//! Two things can go wrong. While a checkpoint fails, blocks go on and nothing is at risk but the length of the journal.
//! While blocks fail, no event is kept, and the way out is a checkpoint that stands for all that was not: events are
//! kept again from its snapshot on, and written once it is in force. What the state says of the trouble is corrected
//! after each answer of the disk, so that it does not outlive a restart.

use crate::domain::effects::Effects;
use crate::domain::event::Event;
use crate::domain::state::State;
use crate::domain::status::AlertState;
use crate::domain::time::Timestamp;
use crate::store::Cover;
use crate::store::codec::Encoder;
use std::time::{Duration, Instant};

/// A checkpoint is due after this time …
const CHECKPOINT_EVERY: Duration = Duration::from_secs(600);
/// … or after this much journal, which is what a start has to live through again …
const JOURNAL_MAX: usize = 2_000_000;
/// … but not before this time, unless a start finds so much.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(90);
/// Time between two attempts to write while the store is in trouble.
const RETRY_EVERY: Duration = Duration::from_secs(5);
/// The same where only checkpoints fail.
const RETRY_CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// What the store holds, and what it does not hold yet.
#[derive(Debug)]
pub struct Ledger {
    encoder: Encoder,
    unsaved: Vec<Event>,
    /// The latest tick that changed nothing but the time. It goes before the next event, which happens at that time.
    idle: Option<Timestamp>,
    /// Bytes of journal since the snapshot of the last checkpoint.
    journal: usize,
    /// Of them, those that the checkpoint under way stands for.
    covered: usize,
    /// The last checkpoint, or the start.
    checkpointed: Instant,
    /// The start found more journal than there should be. A process that dies again and again may never live long
    /// enough for a checkpoint, and the journal would grow with each life.
    overdue: bool,
    under_way: Option<Cover>,
    trouble: Option<Trouble>,
}

/// Why writing fails, and since when.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub error: String,
    pub since: Timestamp,
    retry: Instant,
    /// Whether blocks can't be written either.
    journal: bool,
}

impl Ledger {
    /// `journal` are the bytes that this start lived through.
    pub fn new(now: Instant, journal: usize) -> Self {
        Self {
            encoder: Encoder::new(),
            unsaved: Vec::new(),
            idle: None,
            journal,
            covered: 0,
            checkpointed: now,
            overdue: journal >= JOURNAL_MAX,
            under_way: None,
            trouble: None,
        }
    }

    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Bytes of journal that a start of this moment would have to live through.
    pub fn journal(&self) -> usize {
        self.journal
    }

    fn journal_fails(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.journal)
    }

    /// Takes an event into the state, and keeps it for the next block.
    pub fn step(&mut self, state: &mut State, event: Event) -> Effects {
        let event = event.in_brief(state.setup.as_deref());
        let effects = state.step(std::slice::from_ref(&event));
        match event {
            _ if self.journal_fails() && self.under_way != Some(Cover::Everything) => self.idle = None,
            Event::Tick { at } if effects == Effects::default() => self.idle = self.idle.max(Some(at)),
            event => {
                self.unsaved.extend(self.idle.take().map(|at| Event::Tick { at }));
                self.unsaved.push(event);
            }
        }
        effects
    }

    /// The block to append now, if any. [`Ledger::appended`] or [`Ledger::append_failed`] must follow.
    pub fn next_block(&mut self) -> Result<Option<Vec<u8>>, String> {
        if self.unsaved.is_empty() || self.journal_fails() {
            return Ok(None);
        }
        self.encoder.encode(&self.unsaved).map(Some).map_err(|error| error.to_string())
    }

    /// Notes that the store holds the last block.
    pub fn appended(&mut self, bytes: usize) {
        self.journal += bytes;
        self.unsaved.clear();
    }

    /// Notes that the last block could not be written.
    pub fn append_failed(&mut self, error: String, now: Instant, wall: Timestamp) {
        self.unsaved.clear();
        self.fail(error, now + RETRY_EVERY, wall, true);
    }

    /// What a checkpoint that begins now stands for, if one is due, or wanted without being due. A snapshot must be
    /// taken at once, and [`Ledger::checkpointed`] or [`Ledger::checkpoint_failed`] must follow.
    pub fn begin_checkpoint(&mut self, now: Instant, wanted: bool) -> Option<Cover> {
        if self.under_way.is_some() || !(wanted || self.checkpoint_is_due(now)) {
            return None;
        }
        if self.journal_fails() {
            self.under_way = Some(Cover::Everything);
            self.idle = None;
        } else if self.unsaved.is_empty() {
            self.under_way = Some(Cover::Appended);
            self.covered = self.journal;
        }
        // Blocks after the snapshot must be readable without those before it.
        self.under_way.inspect(|_| self.encoder.reset())
    }

    fn checkpoint_is_due(&self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.checkpointed);
        match &self.trouble {
            Some(trouble) => now >= trouble.retry,
            None => {
                let long = self.journal >= JOURNAL_MAX && since >= CHECKPOINT_PAUSE;
                self.overdue || long || since >= CHECKPOINT_EVERY
            }
        }
    }

    /// Notes that the checkpoint under way is in force.
    pub fn checkpointed(&mut self, now: Instant) {
        let cover = self.under_way.take();
        if cover == Some(Cover::Everything) {
            self.journal = 0;
            self.trouble = None;
        } else {
            self.journal -= self.covered;
            self.trouble.take_if(|trouble| !trouble.journal);
        }
        self.covered = 0;
        self.checkpointed = now;
        self.overdue = false;
    }

    /// Notes that the checkpoint under way came to nothing.
    pub fn checkpoint_failed(&mut self, error: String, now: Instant, wall: Timestamp) {
        self.covered = 0;
        if self.under_way.take() == Some(Cover::Everything) {
            self.unsaved.clear();
            self.fail(error, now + RETRY_EVERY, wall, true);
        } else if !self.journal_fails() {
            self.fail(error, now + RETRY_CHECKPOINT_EVERY, wall, false);
        }
    }

    /// Notes that the checkpoint is in force, but the store could not be tidied up after it. Nothing is at risk, yet the
    /// disk refuses something, and the file grows.
    pub fn left_untidy(&mut self, error: String, now: Instant, wall: Timestamp) {
        if !self.journal_fails() {
            self.fail(error, now + RETRY_CHECKPOINT_EVERY, wall, false);
        }
    }

    fn fail(&mut self, error: String, retry: Instant, wall: Timestamp, journal: bool) {
        let since = self.trouble.as_ref().map_or(wall, |trouble| trouble.since);
        self.trouble = Some(Trouble { error, since, retry, journal });
    }

    /// After an answer of the disk: the event that begins or ends the trouble for people, if the state does not know it.
    pub fn news(&self, state: &State, wall: Timestamp) -> Option<Event> {
        let told = state.core.trouble.state == AlertState::Firing;
        match &self.trouble {
            Some(trouble) if !told => Some(Event::Trouble { at: wall, error: Some(trouble.error.clone()) }),
            None if told => Some(Event::Trouble { at: wall, error: None }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_after_a_while_sooner_with_much_journal_and_at_once_where_a_start_finds_it() {
        let begun = crate::clock::instant();
        for (found, appended, due) in [(0, 1_999_999, 600), (0, 2_000_000, 90), (2_000_000, 0, 0)] {
            let is_due = |seconds| {
                let mut ledger = Ledger::new(begun, found);
                ledger.appended(appended);
                ledger.begin_checkpoint(begun + Duration::from_secs(seconds), false) == Some(Cover::Appended)
            };
            assert!(is_due(due) && (due == 0 || !is_due(due - 1)), "{found} {appended}");
        }
    }
}

//! Carries what the ledger wants written to the store, and its answers back.

use super::ledger::{Ledger, Trouble, Write};
use crate::clock;
use crate::domain::event::Event;
use crate::domain::state::State;
use crate::domain::step::Effects;
use crate::domain::time::Timestamp;
use crate::metrics::Metrics;
use crate::store::Writer;
use std::collections::BTreeSet;

/// Owns the way to the store.
pub struct Saver {
    writer: Writer,
    ledger: Ledger,
    pub commits: u64,
    pub last_commit: Option<Timestamp>,
}

impl Saver {
    /// `parts` are the keys that the store holds already.
    pub fn new(writer: Writer, parts: BTreeSet<String>) -> Self {
        Self { writer, ledger: Ledger::new(parts, clock::instant()), commits: 0, last_commit: None }
    }

    /// Takes an event into the state, and keeps it for the next commit.
    pub fn step(&mut self, state: &mut State, event: Event) -> Effects {
        self.ledger.step(state, event)
    }

    pub fn trouble(&self) -> Option<&Trouble> {
        self.ledger.trouble()
    }

    pub fn size(&self) -> u64 {
        self.writer.size()
    }

    /// Commits what is new. `Some` is the event that trouble began or ended.
    pub async fn save(&mut self, state: &mut State, metrics: &Metrics) -> Option<Event> {
        match self.ledger.next_write(state, clock::instant()) {
            Ok(None) => None,
            Ok(Some(write)) => self.write(write, state, metrics).await,
            Err(error) => self.failed(state, error),
        }
    }

    async fn write(&mut self, write: Write, state: &mut State, metrics: &Metrics) -> Option<Event> {
        let (begun, receipt) = (clock::instant(), write.receipt());
        let result = match write {
            Write::Block(block) => self.writer.append(block).await,
            Write::Checkpoint(checkpoint) => self.writer.checkpoint(checkpoint).await,
        };
        metrics.committed(begun.elapsed(), if result.is_ok() { receipt.bytes as u64 } else { 0 }, result.is_ok());
        if let Err(error) = result {
            return self.failed(state, error.to_string());
        }
        if self.ledger.trouble().is_some() {
            tracing::info!("the store can be written again; nothing was lost");
        }
        let now = clock::now();
        let event = self.ledger.written(state, receipt, clock::instant(), now);
        metrics.journal_size(self.ledger.journal() as u64);
        self.commits += 1;
        self.last_commit = Some(now);
        event
    }

    fn failed(&mut self, state: &State, error: String) -> Option<Event> {
        if self.ledger.trouble().is_none() {
            tracing::error!(%error, "the store can't be written; going on from memory");
        }
        self.ledger.failed(state, error, clock::instant(), clock::now())
    }

    /// Writes everything down and closes the store.
    pub async fn finish(mut self, state: &mut State, metrics: &Metrics) {
        // That trouble begins or ends now has nobody left to tell; the next start finds it in the state.
        let _untold = match self.ledger.checkpoint(state) {
            Ok(write) => self.write(write, state, metrics).await,
            Err(error) => self.failed(state, error),
        };
        if self.trouble().is_some() {
            tracing::error!("the last checkpoint failed; the next start goes on from the last commit");
        }
        self.writer.shutdown().await;
    }
}

//! What is written when: a journal block for each flush, a checkpoint from time to time, and a way out of trouble.

use super::archive;
use super::persist;
use crate::clock;
use crate::domain::event::Event;
use crate::domain::state::State;
use crate::metrics::Metrics;
use crate::store::codec::Encoder;
use crate::store::{Checkpoint, Writer};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A checkpoint is due after this time …
const CHECKPOINT_EVERY: Duration = Duration::from_secs(600);
/// … or after this much journal.
const JOURNAL_MAX: usize = 32 << 20;
/// Time between two attempts to write while the store is in trouble.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// Owns the way to the store.
pub struct Saver {
    writer: Writer,
    encoder: Encoder,
    unsaved: Vec<Event>,
    journal: usize,
    /// Part keys in the store.
    parts: BTreeSet<String>,
    checkpointed: Instant,
    trouble: Option<Trouble>,
    pub commits: u64,
    pub last_commit: Option<crate::domain::time::Timestamp>,
}

/// Why writing fails, and since when.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub error: String,
    pub since: crate::domain::time::Timestamp,
    retry: Instant,
}

impl Saver {
    /// `parts` are the keys that the store holds already.
    pub fn new(writer: Writer, parts: BTreeSet<String>) -> Self {
        Self {
            writer,
            encoder: Encoder::new(),
            unsaved: Vec::new(),
            journal: 0,
            parts,
            checkpointed: clock::instant(),
            trouble: None,
            commits: 0,
            last_commit: None,
        }
    }

    /// Remembers an event for the next commit. In trouble nothing is kept: the checkpoint that ends it holds its effect.
    pub fn keep(&mut self, event: Event) {
        if self.trouble.is_none() {
            self.unsaved.push(event);
        }
    }

    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    pub fn size(&self) -> u64 {
        self.writer.size()
    }

    /// Commits what is new. `Some` tells that trouble began (`Err`) or ended (`Ok`).
    pub async fn save(&mut self, state: &mut State, metrics: &Metrics) -> Option<Result<(), String>> {
        let due = self.checkpointed.elapsed() >= CHECKPOINT_EVERY || self.journal >= JOURNAL_MAX;
        let result = match &self.trouble {
            Some(trouble) if clock::instant() < trouble.retry => return None,
            Some(_) => self.checkpoint(state, metrics).await,
            None if due => self.checkpoint(state, metrics).await,
            None if self.unsaved.is_empty() => return None,
            None => self.append(metrics).await,
        };
        match (result, self.trouble.take()) {
            (Ok(()), None) => None,
            (Ok(()), Some(_)) => {
                tracing::info!("the store can be written again; nothing was lost");
                Some(Ok(()))
            }
            (Err(error), before) => {
                let since = before.as_ref().map_or_else(clock::now, |trouble| trouble.since);
                self.unsaved.clear();
                self.trouble = Some(Trouble { error: error.clone(), since, retry: clock::instant() + RETRY_EVERY });
                if before.is_none() {
                    tracing::error!(%error, "the store can't be written; going on from memory");
                }
                before.is_none().then_some(Err(error))
            }
        }
    }

    async fn append(&mut self, metrics: &Metrics) -> Result<(), String> {
        let block = self.encoder.encode(&self.unsaved).map_err(|error| error.to_string())?;
        let (begun, bytes) = (clock::instant(), block.len());
        let result = self.writer.append(block).await.map_err(|error| error.to_string());
        metrics.committed(begun.elapsed(), if result.is_ok() { bytes as u64 } else { 0 }, result.is_ok());
        result?;
        self.journal += bytes;
        metrics.journal_size(self.journal as u64);
        self.unsaved.clear();
        self.committed();
        Ok(())
    }

    async fn checkpoint(&mut self, state: &mut State, metrics: &Metrics) -> Result<(), String> {
        let parts = persist::parts(state).map_err(|error| error.to_string())?;
        let keys: BTreeSet<String> = parts.keys().cloned().collect();
        let delete = self.parts.difference(&keys).cloned().collect();
        let (archive, bytes) = (archive::days(state), parts.values().map(Vec::len).sum::<usize>());
        let drop_archive_before = Some(archive::oldest_day(state.core.now));
        let begun = clock::instant();
        let checkpoint = Checkpoint { upsert: parts.into_iter().collect(), delete, archive, drop_archive_before };
        let result = self.writer.checkpoint(checkpoint).await.map_err(|error| error.to_string());
        metrics.committed(begun.elapsed(), if result.is_ok() { bytes as u64 } else { 0 }, result.is_ok());
        result?;
        archive::written(state);
        self.parts = keys;
        self.encoder.reset();
        self.unsaved.clear();
        self.journal = 0;
        metrics.journal_size(0);
        self.checkpointed = clock::instant();
        self.committed();
        Ok(())
    }

    fn committed(&mut self) {
        self.commits += 1;
        self.last_commit = Some(clock::now());
    }

    /// Writes everything down and closes the store.
    pub async fn finish(mut self, state: &mut State, metrics: &Metrics) {
        if let Err(error) = self.checkpoint(state, metrics).await {
            tracing::error!(%error, "the last checkpoint failed; the journal holds what was committed before");
        }
        self.writer.shutdown().await;
    }
}

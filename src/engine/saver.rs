//! Carries what the ledger wants written to the store, and its answers back.
//!
//! Blocks are awaited, for what follows from them may only leave after them. A checkpoint runs on a thread of its own,
//! from its snapshot to the sweeping up after it, while blocks go on.

use super::archive;
use super::ledger::{Ledger, Trouble};
use super::snapshot::{Kept, Pieces, Snapshot, Written};
use crate::clock;
use crate::domain::effects::Effects;
use crate::domain::event::Event;
use crate::domain::state::State;
use crate::domain::time::Timestamp;
use crate::metrics::Metrics;
use crate::store::{Appending, Begun, Handle, Writer};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// After each piece of a checkpoint the disk is left to others for this many times as long as the piece took.
const REST: u32 = 2;
const LONGEST_REST: Duration = Duration::from_millis(100);
/// A disk that takes longer to answer counts as failing, so that counting and alerting go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Owns the way to the store.
pub struct Saver {
    writer: Writer,
    ledger: Ledger,
    /// What the store holds.
    kept: Arc<Kept>,
    checkpoint: Option<JoinHandle<Outcome>>,
    /// A block that was given up, for its answer was long in coming. Nothing is asked of the disk before it has come.
    late: Option<Appending>,
    pub commits: u64,
    pub last_commit: Option<Timestamp>,
}

/// What became of a checkpoint.
struct Outcome {
    result: Result<Written, Failure>,
    /// Why what it made needless could not be removed, or the log not be merged.
    untidy: Option<String>,
    took: Duration,
}

struct Failure {
    error: String,
    /// What the store holds now.
    kept: Option<Kept>,
}

impl Saver {
    /// `kept` is what the store holds already, besides so many bytes of journal.
    pub fn new(writer: Writer, kept: Kept, journal: usize) -> Self {
        let ledger = Ledger::new(clock::instant(), journal);
        Self { writer, ledger, kept: Arc::new(kept), checkpoint: None, late: None, commits: 0, last_commit: None }
    }

    /// Takes an event into the state, and keeps it for the next commit.
    pub fn step(&mut self, state: &mut State, event: Event) -> Effects {
        self.ledger.step(state, event)
    }

    pub fn trouble(&self) -> Option<&Trouble> {
        self.ledger.trouble()
    }

    /// Whether it may have to do something that no event tells of.
    pub fn is_busy(&self) -> bool {
        self.checkpoint.is_some() || self.trouble().is_some()
    }

    /// Commits what is new, and begins a checkpoint when it is time. `Some` is the event that trouble began or ended.
    pub async fn save(&mut self, state: &mut State, metrics: &Metrics) -> Option<Event> {
        let in_trouble = self.ledger.trouble().is_some();
        let appended = self.append(metrics).await;
        let ended = match self.checkpoint.take_if(|checkpoint| checkpoint.is_finished()) {
            Some(checkpoint) => {
                self.reap(checkpoint, state, metrics).await;
                true
            }
            None => false,
        };
        self.begin(state, false, REST).await;
        self.tell(in_trouble);
        if appended || ended { self.ledger.news(state, clock::now()) } else { None }
    }

    /// Whether the disk gave an answer.
    async fn append(&mut self, metrics: &Metrics) -> bool {
        let (begun, bytes, result) = match self.ledger.next_block() {
            Ok(None) => return false,
            Ok(Some(block)) => (clock::instant(), block.len(), self.write(block).await),
            Err(error) => {
                self.ledger.append_failed(error, clock::instant(), clock::now());
                return true;
            }
        };
        metrics.committed(begun.elapsed(), if result.is_ok() { bytes as u64 } else { 0 }, result.is_ok());
        match result {
            Ok(()) => {
                self.ledger.appended(bytes);
                self.commits += 1;
                self.last_commit = Some(clock::now());
            }
            Err(error) => self.ledger.append_failed(error, clock::instant(), clock::now()),
        }
        metrics.journal_size(self.ledger.journal() as u64);
        true
    }

    /// Writes a block, unless the disk is too slow: then it may be written later, which a checkpoint makes good.
    async fn write(&mut self, block: Vec<u8>) -> Result<(), String> {
        let mut asked = self.writer.begin_append(block).await.map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, asked.answer()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => {
                self.late = Some(asked);
                Err(format!("can't write the journal: the disk gave no answer for {} s", PATIENCE.as_secs()))
            }
        }
    }

    /// Before anything else is appended, or the checkpoint would cover what its snapshot does not hold.
    async fn begin(&mut self, state: &State, wanted: bool, rest: u32) {
        if self.late.as_mut().is_some_and(Appending::is_pending) {
            return;
        }
        self.late = None;
        let Some(cover) = self.ledger.begin_checkpoint(clock::instant(), wanted) else { return };
        match Snapshot::take(state) {
            Ok(snapshot) => {
                let pieces = Pieces::new(snapshot, self.kept.clone());
                let begun = self.writer.begin(cover).await;
                self.checkpoint = Some(tokio::task::spawn_blocking(move || write(pieces, begun, rest)));
            }
            Err(error) => self.ledger.checkpoint_failed(error.to_string(), clock::instant(), clock::now()),
        }
    }

    async fn reap(&mut self, checkpoint: JoinHandle<Outcome>, state: &mut State, metrics: &Metrics) {
        let Outcome { result, untidy, took } = checkpoint.await.unwrap_or_else(|panic| Outcome {
            result: Err(Failure { error: format!("writing a checkpoint ended by a panic: {panic}"), kept: None }),
            untidy: None,
            took: Duration::ZERO,
        });
        let bytes = result.as_ref().map_or(0, |written| written.bytes as u64);
        metrics.checkpointed(took, bytes, result.is_ok());
        match result {
            Ok(Written { kept, archived, .. }) => {
                self.kept = Arc::new(kept);
                archive::written(state, archived);
                self.ledger.checkpointed(clock::instant());
                if let Some(error) = untidy {
                    self.ledger.left_untidy(error, clock::instant(), clock::now());
                }
                self.last_commit = Some(clock::now());
            }
            Err(Failure { error, kept }) => {
                self.kept = kept.map_or(self.kept.clone(), Arc::new);
                self.ledger.checkpoint_failed(error, clock::instant(), clock::now());
            }
        }
        metrics.journal_size(self.ledger.journal() as u64);
    }

    /// Logs that trouble began or ended.
    fn tell(&self, before: bool) {
        match (before, self.ledger.trouble()) {
            (false, Some(trouble)) => {
                tracing::error!(error = %trouble.error, "the store can't be written; going on from memory");
            }
            (true, None) => tracing::info!("the store can be written again; nothing was lost"),
            _ => {}
        }
    }

    /// Writes everything down and closes the store. `false` where that failed.
    pub async fn finish(mut self, state: &mut State, metrics: &Metrics) -> bool {
        self.append(metrics).await;
        if let Some(checkpoint) = self.checkpoint.take() {
            self.reap(checkpoint, state, metrics).await;
        }
        // That trouble begins or ends now has nobody left to tell; the next start finds it in the state.
        self.append(metrics).await;
        self.begin(state, true, 0).await;
        if let Some(checkpoint) = self.checkpoint.take() {
            self.reap(checkpoint, state, metrics).await;
        }
        let written = self.trouble().is_none();
        if !written {
            tracing::error!("the last checkpoint failed; the next start goes on from the last commit");
        }
        self.writer.shutdown().await;
        written
    }
}

/// Writes a checkpoint from its first piece to the last row that it makes needless. Blocks.
fn write(mut pieces: Pieces, begun: Begun, rest: u32) -> Outcome {
    let start = clock::instant();
    let drop_archive_before = Some(archive::oldest_day(pieces.now()));
    let mut store = match write_pieces(&mut pieces, begun, rest) {
        Ok(store) => store,
        Err(error) => {
            let failure = Failure { error, kept: Some(pieces.given_up()) };
            return Outcome { result: Err(failure), untidy: None, took: start.elapsed() };
        }
    };
    let untidy = sweep(&mut store, drop_archive_before, rest).err();
    Outcome { result: Ok(pieces.written()), untidy, took: start.elapsed() }
}

fn sweep(store: &mut Handle, drop_archive_before: Option<i32>, rest: u32) -> Result<(), String> {
    let mut begun = clock::instant();
    while store.sweep(drop_archive_before).map_err(|error| error.to_string())? {
        pause(begun.elapsed(), rest);
        begun = clock::instant();
    }
    Ok(())
}

fn write_pieces(pieces: &mut Pieces, begun: Begun, rest: u32) -> Result<Handle, String> {
    let (mut store, mut packer) = begun.wait().map_err(|error| error.to_string())?;
    loop {
        let begun = clock::instant();
        let Some(piece) = pieces.next_piece().map_err(|error| error.to_string())? else { break };
        let sealed = packer.seal(piece).map_err(|error| error.to_string())?;
        store.stage(sealed).map_err(|error| error.to_string())?;
        pause(begun.elapsed(), rest);
    }
    store.switch().map_err(|error| error.to_string()).map(|()| store)
}

fn pause(took: Duration, rest: u32) {
    std::thread::sleep((took * rest).min(LONGEST_REST));
}

#[cfg(test)]
mod tests;

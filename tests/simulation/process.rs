//! One life of the engine: what `engine` does around the decision core, step for step, without its sockets and threads.

use crate::disk::{Disk, Request};
use slowburn::clock;
use slowburn::domain::effects::Effects;
use slowburn::domain::event::Event;
use slowburn::domain::labels::Series;
use slowburn::domain::message::{Delivery, DeliveryReport, Message};
use slowburn::domain::plan::{Plan, Role};
use slowburn::domain::setup::Setup;
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use slowburn::engine::ledger::Ledger;
use slowburn::engine::persist;
use slowburn::engine::snapshot::{Kept, Pieces, Snapshot};
use slowburn::notify::backoff;
use slowburn::notify::plan::{Attempted, InFlight, plan};
use slowburn::store::Cover;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Where virtual time begins.
static ZERO: LazyLock<Instant> = LazyLock::new(clock::instant);

pub struct Process {
    pub state: State,
    ledger: Ledger,
    /// What the disk holds.
    kept: Arc<Kept>,
    checkpoint: Option<Running>,
    pub urgent: bool,
    pub last_flush: i64,
    /// The outbox as the worker sees it.
    outbox: Vec<Arc<Message>>,
    attempted: Attempted,
    pub in_flight: InFlight,
    rng: fastrand::Rng,
    /// Which series the readers hand over.
    plan: Plan,
    /// What is not on the disk.
    pub unsaved: Vec<Event>,
    /// How many of the last of them did nothing but move the time on; a block leaves such out.
    idle: usize,
    /// How many of them the checkpoint under way stands for.
    covered: usize,
    /// What reached the disk and was not looked at yet.
    pub reached: Vec<Reached>,
}

/// A checkpoint on its way to the disk, one request in each flush.
struct Running {
    pieces: Pieces,
    cover: Cover,
    next: Request,
}

/// How much of what happened is on the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reached {
    All,
    /// What the last snapshot holds.
    Snapshot,
    /// No more than before, but a snapshot was taken.
    Taken,
}

/// How far a flush went.
pub enum Flushed {
    /// Nothing had to be written.
    Idle,
    Written,
    Failed,
}

/// Where a flush shall die.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Death {
    BeforeCommit,
    /// The write reached the disk, its answer nobody.
    AfterCommit,
}

fn instant(mono: i64) -> Instant {
    *ZERO + Duration::from_millis(mono as u64)
}

impl Process {
    /// A start: recovers what the disk holds. The setup is still to be taken in.
    pub fn start(disk: &Disk, mono: i64, seed: u64) -> Self {
        let loaded = disk.content().clone();
        let journal = loaded.journal_bytes();
        let (state, kept) = persist::recover(loaded).expect("what was written can be read");
        Self {
            kept: Arc::new(kept),
            state,
            ledger: Ledger::new(instant(mono), journal),
            checkpoint: None,
            urgent: true,
            last_flush: mono,
            outbox: Vec::new(),
            attempted: Attempted::default(),
            in_flight: InFlight::new(),
            rng: fastrand::Rng::with_seed(seed),
            plan: Plan::default(),
            unsaved: Vec::new(),
            idle: 0,
            covered: 0,
            reached: Vec::new(),
        }
    }

    pub fn configure(&mut self, at: Timestamp, setup: &Arc<Setup>) -> Effects {
        self.plan = Plan::new(setup, &BTreeMap::new());
        self.urgent = true;
        self.take(Event::Configured { at, setup: setup.clone() })
    }

    pub fn take(&mut self, event: Event) -> Effects {
        let effects = self.ledger.step(&mut self.state, event.clone());
        let idle = matches!(event, Event::Tick { .. }) && effects == Effects::default();
        self.idle = if idle { self.idle + 1 } else { 0 };
        self.unsaved.push(event);
        self.urgent |= effects.outbox_changed || !effects.transitions.is_empty();
        effects
    }

    /// Whether the readers hand a series over.
    pub fn reader(&self) -> impl Fn(&Series) -> bool + use<> {
        let plan = self.plan.clone();
        move |series| plan.links(series).iter().any(|link| link.role != Role::Boundary)
    }

    pub fn is_checkpointing(&self) -> bool {
        self.checkpoint.is_some()
    }

    pub fn in_trouble(&self) -> bool {
        self.ledger.trouble().is_some()
    }

    /// Commits, and takes the checkpoint under way one step further. `Err` when the process died on the way.
    pub fn save(&mut self, disk: &mut Disk, mono: i64, wall: Timestamp, death: Option<Death>) -> Result<Flushed, ()> {
        self.last_flush = mono;
        let mut flushed = Flushed::Idle;
        if let Some(block) = self.ledger.next_block().expect("it can be encoded") {
            let bytes = block.len();
            match self.ask(disk, Request::Block(block), Some(Reached::All), death)? {
                Ok(()) => self.ledger.appended(bytes),
                Err(error) => self.ledger.append_failed(error, instant(mono), wall),
            }
            flushed = self.flushed();
        }
        if let Some(cover) = self.ledger.begin_checkpoint(instant(mono), false) {
            let snapshot = Snapshot::take(&self.state).expect("it can be encoded");
            let pieces = Pieces::new(snapshot, self.kept.clone());
            // Ticks that blocks leave out are in the snapshot.
            self.covered = self.unsaved.len();
            self.reached.push(Reached::Taken);
            self.checkpoint = Some(Running { pieces, cover, next: Request::Begin(cover) });
        }
        if self.checkpoint.is_some() {
            self.go_on(disk, mono, wall, death)?;
            flushed = self.flushed();
        }
        if !matches!(flushed, Flushed::Idle)
            && let Some(event) = self.ledger.news(&self.state, wall)
        {
            self.take(event);
            self.urgent = true;
        }
        Ok(flushed)
    }

    fn flushed(&self) -> Flushed {
        if self.ledger.trouble().is_some() { Flushed::Failed } else { Flushed::Written }
    }

    /// The next request of the checkpoint under way.
    fn go_on(&mut self, disk: &mut Disk, mono: i64, wall: Timestamp, death: Option<Death>) -> Result<(), ()> {
        let Some(mut running) = self.checkpoint.take() else { return Ok(()) };
        let request = std::mem::replace(&mut running.next, Request::Switch);
        let last = matches!(request, Request::Switch);
        let then = (last && running.cover == Cover::Everything).then_some(Reached::Snapshot);
        match self.ask(disk, request, then, death)? {
            Err(error) => {
                self.kept = Arc::new(running.pieces.given_up());
                self.ledger.checkpoint_failed(error, instant(mono), wall);
            }
            Ok(()) if last => {
                self.kept = Arc::new(running.pieces.written().kept);
                self.ledger.checkpointed(instant(mono));
            }
            Ok(()) => {
                let piece = running.pieces.next_piece().expect("it can be encoded");
                running.next = piece.map_or(Request::Switch, Request::Stage);
                self.checkpoint = Some(running);
            }
        }
        Ok(())
    }

    /// What the disk says of a request, after which so many events of `unsaved` are on it; `Err` when the process dies
    /// with the request.
    fn ask(
        &mut self,
        disk: &mut Disk,
        request: Request,
        then: Option<Reached>,
        death: Option<Death>,
    ) -> Result<Result<(), String>, ()> {
        match death {
            Some(Death::BeforeCommit) => return Err(()),
            Some(Death::AfterCommit) => {
                disk.put(request);
                self.reached_the_disk(then);
                return Err(());
            }
            None => {}
        }
        let outcome = disk.write(request);
        if outcome.written {
            self.reached_the_disk(then);
        }
        Ok(outcome.said)
    }

    fn reached_the_disk(&mut self, reached: Option<Reached>) {
        match reached {
            Some(Reached::All) => drop(self.unsaved.drain(..self.unsaved.len() - self.idle)),
            Some(Reached::Snapshot) => drop(self.unsaved.drain(..self.covered)),
            Some(Reached::Taken) | None => return,
        }
        self.reached.extend(reached);
    }

    /// Shows the worker the outbox.
    pub fn publish(&mut self) {
        self.outbox = self.state.core.dispatch.outbox.values().cloned().collect();
        self.attempted.forget_all_but(&self.outbox);
    }

    /// Messages whose attempts begin now.
    pub fn due(&mut self, wall: Timestamp) -> Vec<Arc<Message>> {
        let found: Vec<Arc<Message>> =
            plan(&self.outbox, &self.attempted, &self.in_flight, wall).due.into_iter().cloned().collect();
        self.in_flight.extend(found.iter().map(|message| (message.id, message.channel.clone())));
        found
    }

    /// The worker's report of an attempt; a failure is one that is worth another attempt.
    pub fn report(&mut self, message: &Message, result: Result<(), Failure>, at: Timestamp) -> DeliveryReport {
        self.in_flight.remove(&message.id);
        let delivery = match result {
            Ok(()) => Delivery::Accepted,
            Err(Failure::Final) => Delivery::GivenUp { error: "refused".to_owned() },
            Err(Failure::Retry) => match backoff::next(message, at, None, &mut self.rng) {
                Some(retry_at) => Delivery::Failed { error: "out of order".to_owned(), retry_at },
                None => Delivery::GivenUp { error: "too old".to_owned() },
            },
        };
        self.attempted.note(message, !matches!(delivery, Delivery::Failed { .. }));
        DeliveryReport { message_id: message.id, at, delivery }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Failure {
    Retry,
    Final,
}

/// The state as bytes, without the mark up to where the long history is written, which follows the checkpoint.
pub fn bytes(state: &State) -> BTreeMap<String, Vec<u8>> {
    let mut state = state.clone();
    for group in state.slos.iter_mut().chain(&mut state.retired).flat_map(|slo| slo.groups.values_mut()) {
        group.archived = None;
    }
    persist::parts(&state).expect("it can be written")
}

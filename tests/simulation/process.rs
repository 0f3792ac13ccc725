//! One life of the engine: what `engine` does around the decision core, step for step, without its sockets and threads.

use crate::disk::Disk;
use slowburn::clock;
use slowburn::domain::event::Event;
use slowburn::domain::labels::Series;
use slowburn::domain::message::{Channel, Delivery, DeliveryReport, Message};
use slowburn::domain::plan::{Plan, Role};
use slowburn::domain::setup::Setup;
use slowburn::domain::state::State;
use slowburn::domain::step::Effects;
use slowburn::domain::time::Timestamp;
use slowburn::engine::ledger::{Ledger, Write};
use slowburn::engine::persist;
use slowburn::notify::backoff;
use slowburn::notify::plan::{Attempted, plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Where virtual time begins.
static ZERO: LazyLock<Instant> = LazyLock::new(clock::instant);

pub struct Process {
    pub state: State,
    ledger: Ledger,
    pub urgent: bool,
    pub last_flush: i64,
    /// The outbox as the worker sees it.
    outbox: Vec<Message>,
    attempted: Attempted,
    pub busy: BTreeSet<Channel>,
    rng: fastrand::Rng,
    /// Which series the readers hand over.
    plan: Plan,
    /// What is not on the disk.
    pub unsaved: Vec<Event>,
    /// How many of the last of them did nothing but move the time on; a block leaves such out.
    idle: usize,
    /// Set by each write that reached the disk.
    pub committed: bool,
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
        let state = persist::recover(disk.content()).expect("what was written can be read");
        let parts = disk.content().parts.keys().cloned().collect();
        Self {
            state,
            ledger: Ledger::new(parts, instant(mono)),
            urgent: true,
            last_flush: mono,
            outbox: Vec::new(),
            attempted: Attempted::default(),
            busy: BTreeSet::new(),
            rng: fastrand::Rng::with_seed(seed),
            plan: Plan::default(),
            unsaved: Vec::new(),
            idle: 0,
            committed: false,
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

    pub fn in_trouble(&self) -> bool {
        self.ledger.trouble().is_some()
    }

    /// Commits. `Err` when the process died on the way.
    pub fn save(&mut self, disk: &mut Disk, mono: i64, wall: Timestamp, death: Option<Death>) -> Result<Flushed, ()> {
        self.last_flush = mono;
        let Some(write) = self.ledger.next_write(&self.state, instant(mono)).expect("it can be encoded") else {
            return Ok(Flushed::Idle);
        };
        match death {
            Some(Death::BeforeCommit) => return Err(()),
            Some(Death::AfterCommit) => {
                disk.put(write);
                self.reached_the_disk();
                return Err(());
            }
            None => {}
        }
        Ok(self.write(write, disk, mono, wall))
    }

    fn write(&mut self, write: Write, disk: &mut Disk, mono: i64, wall: Timestamp) -> Flushed {
        let receipt = write.receipt();
        let outcome = disk.write(write);
        if outcome.written {
            self.reached_the_disk();
        }
        let (event, flushed) = match outcome.said {
            Ok(()) => (self.ledger.written(&mut self.state, receipt, instant(mono), wall), Flushed::Written),
            Err(error) => (self.ledger.failed(&self.state, error, instant(mono), wall), Flushed::Failed),
        };
        if let Some(event) = event {
            self.take(event);
            self.urgent = true;
        }
        flushed
    }

    fn reached_the_disk(&mut self) {
        self.unsaved.drain(..self.unsaved.len() - self.idle);
        self.committed = true;
    }

    /// Shows the worker the outbox.
    pub fn publish(&mut self) {
        self.outbox = self.state.core.dispatch.outbox.values().map(|message| Message::clone(message)).collect();
        self.attempted.forget_all_but(&self.outbox);
    }

    /// Messages whose attempts begin now.
    pub fn due(&mut self, wall: Timestamp) -> Vec<Message> {
        let found: Vec<Message> =
            plan(&self.outbox, &self.attempted, &self.busy, wall).due.into_iter().cloned().collect();
        self.busy.extend(found.iter().map(|message| message.channel.clone()));
        found
    }

    /// The worker's report of an attempt; a failure is one that is worth another attempt.
    pub fn report(&mut self, message: &Message, result: Result<(), Failure>, at: Timestamp) -> DeliveryReport {
        self.busy.remove(&message.channel);
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

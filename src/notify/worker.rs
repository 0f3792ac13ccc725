//! The task that empties the outbox.
//!
//! It takes the outbox as the engine publishes it, starts what is due, and reports what became of each attempt. It
//! owns no message: one that is not reported is still in the outbox after a restart. Each channel has its own
//! attempts in flight, so that a receiver that hangs holds up its own messages only.
//!
//! The wake-up is armed before the outbox is looked at (the watch channel remembers a change that comes in between), and
//! a slow poll stands behind it, which also finds what falls due when the wall clock is set.
//!
//! On shutdown nothing new is started; attempts in flight may end and be reported within [`GRACE`].

use super::backoff;
use super::channel::{self, Channels, Failure, Transport};
use super::plan::{self, Attempted, InFlight};
use crate::config::receiver::Receiver;
use crate::domain::message::{Channel, Delivery, DeliveryReport, Message};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Time that attempts in flight have to end after a shutdown was asked for: as long as an attempt may take by default.
pub const GRACE: Duration = Duration::from_secs(10);

/// The longest time between two looks at an outbox in which something waits.
const POLL: Duration = Duration::from_secs(5);

/// Reads the wall clock; an argument, so that tests can have their own.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Sends the outbox's messages.
pub struct Worker {
    channels: watch::Receiver<Arc<Channels>>,
    outbox: watch::Receiver<Arc<Vec<Arc<Message>>>>,
    reports: mpsc::Sender<DeliveryReport>,
    now: Now,
    rng: fastrand::Rng,
    attempted: Attempted,
    in_flight: BTreeMap<Id, Arc<Message>>,
    attempts: JoinSet<Result<(), Failure>>,
    /// Reports that the engine has not taken yet.
    unreported: VecDeque<DeliveryReport>,
}

/// Exchanges the worker's channels; cheap to clone.
#[derive(Clone)]
pub struct Control(watch::Sender<Arc<Channels>>);

impl Control {
    /// Sends through these receivers from now on; attempts in flight end as they began.
    pub fn reload(&self, receivers: &[Receiver], external_url: &str) {
        self.replace(channel::channels(receivers, external_url));
    }

    /// Sends through these channels from now on.
    pub fn replace(&self, channels: Channels) {
        self.0.send_replace(Arc::new(channels));
    }
}

impl Worker {
    /// A worker for these channels. `seed` decides the jitter of the waits.
    pub fn new(
        channels: Channels,
        outbox: watch::Receiver<Arc<Vec<Arc<Message>>>>,
        reports: mpsc::Sender<DeliveryReport>,
        now: Now,
        seed: u64,
    ) -> (Self, Control) {
        let (control, channels) = watch::channel(Arc::new(channels));
        let worker = Self {
            channels,
            outbox,
            reports,
            now,
            rng: fastrand::Rng::with_seed(seed),
            attempted: Attempted::default(),
            in_flight: BTreeMap::new(),
            attempts: JoinSet::new(),
            unreported: VecDeque::new(),
        };
        (worker, Control(control))
    }

    /// Runs until `shutdown`, or until the engine is gone.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let reports = self.reports.clone();
        while !shutdown.is_cancelled() {
            let pause = self.start_what_is_due();
            tokio::select! {
                () = shutdown.cancelled() => break,
                changed = self.outbox.changed() => if changed.is_err() { break },
                Ok(()) = self.channels.changed() => {}
                Some(ended) = self.attempts.join_next_with_id() => self.ended(ended),
                permit = reports.reserve(), if !self.unreported.is_empty() => {
                    let Ok(permit) = permit else { break };
                    if let Some(report) = self.unreported.pop_front() {
                        permit.send(report);
                    }
                }
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        self.finish().await;
    }

    /// Starts an attempt for each message that is due; gives the time until the next look where a message waits for it.
    fn start_what_is_due(&mut self) -> Option<Duration> {
        let outbox = self.outbox.borrow_and_update().clone();
        let channels = self.channels.borrow_and_update().clone();
        self.attempted.forget_all_but(&outbox);
        loop {
            let now = (self.now)();
            let in_flight: InFlight = self.in_flight.values().map(|sent| (sent.id, sent.channel.clone())).collect();
            let plan = plan::plan(&outbox, &self.attempted, &in_flight, now);
            if plan.due.is_empty() {
                return plan.wake_at.map(|at| at.since(now).min(POLL));
            }
            for message in plan.due {
                match channels.get(&message.channel) {
                    Some(transport) => self.start(message, transport.clone()),
                    None => self.settle(message, Err(no_such_channel(&message.channel))),
                }
            }
        }
    }

    fn start(&mut self, message: &Arc<Message>, transport: Arc<dyn Transport>) {
        let sent = Arc::clone(message);
        let task = self.attempts.spawn(async move { channel::attempt(transport.as_ref(), &sent).await });
        self.in_flight.insert(task.id(), Arc::clone(message));
    }

    fn ended(&mut self, ended: Result<(Id, Result<(), Failure>), JoinError>) {
        let (id, result) = match ended {
            Ok((id, result)) => (id, result),
            // A channel that panics must not take the others with it; its message stays and is tried again.
            Err(error) => (error.id(), Err(Failure::retry("the attempt broke off by an error of slowburn's own"))),
        };
        if let Some(message) = self.in_flight.remove(&id) {
            self.settle(&message, result);
        }
    }

    /// Decides what the result means for the message, and reports it.
    fn settle(&mut self, message: &Message, result: Result<(), Failure>) {
        let at = (self.now)();
        let delivery = match result {
            Ok(()) => Delivery::Accepted,
            Err(Failure::Final { error }) => Delivery::GivenUp { error },
            Err(Failure::Retry { error, after }) => match backoff::next(message, at, after, &mut self.rng) {
                Some(retry_at) => Delivery::Failed { error, retry_at },
                None => Delivery::GivenUp { error: format!("too old to be tried again: {error}") },
            },
        };
        log(message, &delivery);
        self.attempted.note(message, !matches!(delivery, Delivery::Failed { .. }));
        self.unreported.push_back(DeliveryReport { message_id: message.id, at, delivery });
    }

    /// Waits for attempts in flight and hands over their reports, as far as [`GRACE`] allows.
    async fn finish(mut self) {
        let deadline = Instant::now() + GRACE;
        while let Ok(Some(ended)) = timeout_at(deadline, self.attempts.join_next_with_id()).await {
            self.ended(ended);
        }
        for message in self.in_flight.values() {
            tracing::warn!(
                id = message.id,
                receiver = message.channel.receiver,
                "shutdown did not wait for a receiver"
            );
        }
        for report in std::mem::take(&mut self.unreported) {
            if !matches!(timeout_at(deadline, self.reports.send(report)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

fn no_such_channel(channel: &Channel) -> Failure {
    let Channel { receiver, kind, index } = channel;
    Failure::Final { error: format!("receiver {receiver:?} has no {kind} channel {index} any more") }
}

fn log(message: &Message, delivery: &Delivery) {
    let Message { id, channel: Channel { receiver, kind, index }, group_key, .. } = message;
    let attempt = message.attempts.saturating_add(1);
    match delivery {
        Delivery::Accepted => {
            tracing::info!(id, receiver, kind, index, group_key, attempt, "message accepted");
        }
        Delivery::Failed { error, retry_at } => {
            tracing::warn!(id, receiver, kind, index, group_key, attempt, error, %retry_at, "message not accepted");
        }
        Delivery::GivenUp { error } => {
            tracing::error!(id, receiver, kind, index, group_key, attempt, error, "message given up");
        }
    }
}

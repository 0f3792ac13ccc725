//! The worker under a virtual clock, with channels in memory: order, duplicates, hanging receivers, restarts, reloads.

use crate::fixtures::{START, message, resolved};
use futures_util::future::BoxFuture;
use slowburn::domain::message::{Channel, Delivery, DeliveryReport, Message};
use slowburn::domain::time::Timestamp;
use slowburn::notify::channel::{Channels, Failure, Transport};
use slowburn::notify::worker::{Control, GRACE, Now, Worker};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a channel in memory behaves at its n-th attempt.
type Behaviour = Arc<dyn Fn(usize) -> Fate + Send + Sync>;

#[derive(Clone)]
enum Fate {
    Accept,
    AcceptAfter(Duration),
    Fail(Failure),
    Hang,
    Panic,
}

struct Fake {
    timeout: Duration,
    behaviour: Behaviour,
    log: Log,
}

/// The messages that channels were asked to send, in order.
type Log = Arc<Mutex<Vec<(Channel, u64)>>>;

impl Transport for Fake {
    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        let turn = {
            let mut log = self.log.lock().expect("no panic while held");
            log.push((message.channel.clone(), message.id));
            log.iter().filter(|(channel, _)| *channel == message.channel).count() - 1
        };
        let fate = (self.behaviour)(turn);
        Box::pin(async move {
            match fate {
                Fate::Accept => Ok(()),
                Fate::AcceptAfter(time) => {
                    tokio::time::sleep(time).await;
                    Ok(())
                }
                Fate::Fail(failure) => Err(failure),
                Fate::Hang => std::future::pending().await,
                Fate::Panic => panic!("a fault of the test's channel"),
            }
        })
    }
}

fn always(fate: Fate) -> Behaviour {
    Arc::new(move |_| fate.clone())
}

fn failing_first(times: usize) -> Behaviour {
    Arc::new(move |turn| if turn < times { Fate::Fail(Failure::retry("HTTP status 503")) } else { Fate::Accept })
}

fn shared(outbox: &[Message]) -> Arc<Vec<Arc<Message>>> {
    Arc::new(outbox.iter().cloned().map(Arc::new).collect())
}

/// The engine's half: it keeps the outbox, applies reports and publishes.
struct Engine {
    outbox: Vec<Message>,
    publish: watch::Sender<Arc<Vec<Arc<Message>>>>,
    reports: mpsc::Receiver<DeliveryReport>,
    taken: Vec<DeliveryReport>,
    control: Control,
    shutdown: CancellationToken,
    worker: JoinHandle<()>,
    started: Instant,
    log: Log,
}

impl Engine {
    fn start(behaviours: &[(&str, Behaviour)], outbox: Vec<Message>) -> Self {
        let log = Log::default();
        let (publish, receiver) = watch::channel(shared(&outbox));
        let (sender, reports) = mpsc::channel(1);
        let started = Instant::now();
        let now: Now = Arc::new(move || START + started.elapsed());
        let (worker, control) = Worker::new(channels(behaviours, &log), receiver, sender, now, 7);
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(worker.run(shutdown.clone()));
        Self { outbox, publish, reports, taken: Vec::new(), control, shutdown, worker, started, log }
    }

    fn sent(&self) -> Vec<u64> {
        self.log.lock().expect("no panic while held").iter().map(|(_, id)| *id).collect()
    }

    fn now(&self) -> Timestamp {
        START + self.started.elapsed()
    }

    fn publish(&self) {
        self.publish.send_replace(shared(&self.outbox));
    }

    /// Takes one report, applies and publishes it as the engine would.
    async fn take(&mut self) -> DeliveryReport {
        let report = self.take_only().await;
        self.apply(&report);
        self.publish();
        report
    }

    async fn take_only(&mut self) -> DeliveryReport {
        let report = self.reports.recv().await.expect("the worker runs");
        self.taken.push(report.clone());
        report
    }

    fn apply(&mut self, report: &DeliveryReport) {
        match &report.delivery {
            Delivery::Accepted | Delivery::GivenUp { .. } => self.outbox.retain(|held| held.id != report.message_id),
            Delivery::Failed { error, retry_at } => {
                for held in self.outbox.iter_mut().filter(|held| held.id == report.message_id) {
                    held.attempts += 1;
                    held.next_attempt = *retry_at;
                    held.last_error = Some(error.clone());
                }
            }
        }
    }

    async fn take_all(&mut self) {
        while !self.outbox.is_empty() {
            self.take().await;
        }
    }
}

fn channels(behaviours: &[(&str, Behaviour)], log: &Log) -> Channels {
    behaviours
        .iter()
        .map(|(receiver, behaviour)| {
            let timeout = Duration::from_secs(if *receiver == PATIENT { 60 } else { 10 });
            let fake = Fake { timeout, behaviour: behaviour.clone(), log: log.clone() };
            (channel(receiver), Arc::new(fake) as Arc<dyn Transport>)
        })
        .collect()
}

/// The receiver whose attempts may take longer than a shutdown.
const PATIENT: &str = "patient";

fn channel(receiver: &str) -> Channel {
    Channel { receiver: receiver.into(), kind: "webhook".into(), index: 0 }
}

fn to(receiver: &str, id: u64) -> Message {
    Message { channel: channel(receiver), ..message(id) }
}

/// Lets the worker do all that it can do now; timers do not move while it is busy.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_once_and_reported() {
    let mut engine = Engine::start(&[("a", always(Fate::Accept))], vec![to("a", 1)]);
    let report = engine.take().await;
    assert_eq!((report.message_id, report.delivery), (1, Delivery::Accepted));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(engine.sent(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_new_message_is_sent_at_once() {
    let mut engine = Engine::start(&[("a", always(Fate::Accept))], Vec::new());
    tokio::time::sleep(Duration::from_secs(2)).await;
    engine.outbox.push(to("a", 1));
    let published = engine.now();
    engine.publish();
    assert_eq!(engine.take().await.at, published);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_slow_to_note_causes_no_second_message() {
    let mut engine = Engine::start(&[("a", failing_first(1))], vec![to("a", 1)]);
    let report = engine.take_only().await;
    for _ in 0..10 {
        engine.publish();
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(engine.sent(), [1], "failed, but not noted");
    engine.apply(&report);
    engine.publish();
    let accepted = engine.take_only().await;
    for _ in 0..10 {
        engine.publish();
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(engine.sent(), [1, 1], "accepted, but not noted");
    assert_eq!(accepted.delivery, Delivery::Accepted);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_with_growing_waits_until_accepted() {
    let mut engine = Engine::start(&[("a", failing_first(12))], vec![to("a", 1)]);
    engine.take_all().await;
    let waits: Vec<Duration> = engine.taken.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    assert_eq!(waits.len(), 12);
    assert!(waits[..9].is_sorted(), "{waits:?}");
    assert!(waits[0] >= Duration::from_millis(500) && waits[11] <= Duration::from_secs(300), "{waits:?}");
    for (report, next) in engine.taken.iter().zip(&engine.taken[1..]) {
        let Delivery::Failed { retry_at, error } = &report.delivery else { panic!("{report:?}") };
        assert_eq!(error, "HTTP status 503");
        assert!(next.at >= *retry_at && next.at.since(*retry_at) < Duration::from_millis(10), "{report:?} {next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_holds_up_only_itself() {
    let mut engine = Engine::start(
        &[("a", always(Fate::Hang)), ("b", always(Fate::Accept))],
        vec![to("a", 1), to("a", 2), to("b", 3), to("b", 4)],
    );
    let (first, second, third) = (engine.take().await, engine.take().await, engine.take().await);
    assert_eq!((first.message_id, second.message_id), (3, 4));
    assert!(second.at.since(START) < Duration::from_secs(1));
    assert_eq!((third.message_id, third.at.since(START).as_secs()), (1, 10));
    let Delivery::Failed { error, .. } = third.delivery else { panic!("{third:?}") };
    assert_eq!(error, "timeout after 10s");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_panics_neither_stops_the_worker_nor_loses_its_message() {
    let panics_once: Behaviour = Arc::new(|turn| if turn == 0 { Fate::Panic } else { Fate::Accept });
    let mut engine = Engine::start(&[("a", panics_once), ("b", always(Fate::Accept))], vec![to("a", 1), to("b", 2)]);
    engine.take_all().await;
    let fates: BTreeMap<u64, usize> = engine.taken.iter().fold(BTreeMap::new(), |mut fates, report| {
        *fates.entry(report.message_id).or_default() += 1;
        fates
    });
    assert_eq!(fates, BTreeMap::from([(1, 2), (2, 1)]));
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_group_keep_their_order_through_failures() {
    let outbox: Vec<Message> = (1..=20).map(|id| to("a", id)).collect();
    let every_other: Behaviour = Arc::new(|turn| {
        if turn % 2 == 0 { Fate::Fail(Failure::retry("x")) } else { Fate::AcceptAfter(Duration::from_secs(1)) }
    });
    let mut engine = Engine::start(&[("a", every_other)], outbox);
    engine.take_all().await;
    let accepted: Vec<u64> = engine
        .taken
        .iter()
        .filter(|report| report.delivery == Delivery::Accepted)
        .map(|report| report.message_id)
        .collect();
    assert_eq!(accepted, (1..=20).collect::<Vec<u64>>());
}

#[tokio::test(start_paused = true)]
async fn final_refusals_and_stale_news_are_given_up_and_firing_alerts_are_not() {
    let refused = Failure::Final { error: "HTTP status 404".into() };
    let down = Failure::retry("HTTP status 503");
    let mut stale = to("down", 2);
    stale.alerts = vec![resolved()];
    let mut engine = Engine::start(
        &[("gone", always(Fate::Fail(refused))), ("down", always(Fate::Fail(down)))],
        vec![to("gone", 1), stale, Message { group_key: "other".into(), ..to("down", 3) }],
    );
    while engine.now().since(START) < Duration::from_secs(26 * 3600) {
        engine.take().await;
    }
    let given_up: Vec<(u64, u64, &str)> = engine
        .taken
        .iter()
        .filter_map(|report| match &report.delivery {
            Delivery::GivenUp { error } => {
                Some((report.message_id, report.at.since(START).as_secs() / 3600, error.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(given_up, [(1, 0, "HTTP status 404"), (2, 24, "too old to be tried again: HTTP status 503")]);
    assert_eq!(engine.outbox.iter().map(|held| held.id).collect::<Vec<_>>(), [3], "what fires is still tried");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let asks: Behaviour = Arc::new(|turn| match turn {
        0 => Fate::Fail(Failure::Retry { error: "HTTP status 429".into(), after: Some(Duration::from_secs(90)) }),
        _ => Fate::Accept,
    });
    let mut engine = Engine::start(&[("a", asks)], vec![to("a", 1)]);
    engine.take_all().await;
    assert_eq!(engine.taken[1].at.since(engine.taken[0].at).as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_removed_receivers_messages_are_given_up_and_a_new_one_gets_its_own() {
    let mut engine = Engine::start(&[("a", always(Fate::Fail(Failure::retry("down"))))], vec![to("a", 1)]);
    engine.take().await;
    let log = engine.log.clone();
    engine.control.replace(channels(&[("b", always(Fate::Accept))], &log));
    engine.outbox.push(to("b", 2));
    engine.publish();
    engine.take_all().await;
    let last: BTreeMap<u64, &Delivery> =
        engine.taken.iter().map(|report| (report.message_id, &report.delivery)).collect();
    let error = "receiver \"a\" has no webhook channel 0 any more".to_owned();
    assert_eq!(last, BTreeMap::from([(1, &Delivery::GivenUp { error }), (2, &Delivery::Accepted)]));
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_attempts_in_flight_end_and_starts_no_other() {
    let slow = always(Fate::AcceptAfter(Duration::from_secs(5)));
    let mut engine = Engine::start(&[("a", slow)], vec![to("a", 1), to("a", 2)]);
    settle().await;
    engine.shutdown.cancel();
    let report = engine.take().await;
    assert_eq!((report.message_id, report.delivery), (1, Delivery::Accepted));
    engine.worker.await.expect("it ends");
    assert_eq!(engine.log.lock().expect("no panic while held").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_nobody_longer_than_its_grace() {
    for (name, receiver, fate) in [
        ("a receiver that hangs", PATIENT, Fate::Hang),
        ("an engine that takes no reports", "a", Fate::AcceptAfter(Duration::from_secs(2))),
    ] {
        // The reports of `b` and `c` fill the way to the engine.
        let accept = always(Fate::Accept);
        let engine = Engine::start(
            &[(receiver, always(fate)), ("b", accept.clone()), ("c", accept)],
            vec![to(receiver, 1), to("b", 2), to("c", 3)],
        );
        settle().await;
        let asked = Instant::now();
        engine.shutdown.cancel();
        engine.worker.await.expect("it ends");
        let waited = asked.elapsed();
        assert!(waited >= GRACE && waited <= GRACE + Duration::from_millis(10), "{name}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_only_what_was_not_reported_is_sent_again() {
    let first = Engine::start(&[("a", always(Fate::Accept))], (1..=5).map(|id| to("a", id)).collect());
    let mut first = first;
    first.take().await;
    first.take().await;
    first.worker.abort();
    let survived = first.outbox.clone();
    let mut second = Engine::start(&[("a", always(Fate::Accept))], survived);
    second.take_all().await;
    assert_eq!(second.sent(), [3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn the_worker_ends_when_the_engine_is_gone() {
    let engine = Engine::start(&[("a", always(Fate::Accept))], Vec::new());
    drop(engine.publish);
    engine.worker.await.expect("it ends");
}

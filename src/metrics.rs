//! slowburn's own health, counted where it happens.
//!
//! The engine, the scrapers and the delivery workers call the recording methods; what can be read from the published
//! snapshot (outbox depth, states, targets) is not repeated here but collected from it when `/metrics` is asked.
//! Every label has few values by construction: jobs and channel kinds come from the configuration, routes from the
//! router, everything else from enums.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Bucket boundaries in seconds.
const SCRAPE_BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const EVALUATION_BUCKETS: &[f64] = &[0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];
const COMMIT_BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const CHECKPOINT_BUCKETS: &[f64] = &[0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];
const HTTP_BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];
/// A delivery may wait for hours while its receiver is down.
const DELIVERY_BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0];

/// Label names with their values.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// What became of one attempt to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    Accepted,
    /// Failed, and to be tried again.
    Retried,
    GivenUp,
}

impl DeliveryOutcome {
    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Retried => "retried",
            Self::GivenUp => "given_up",
        }
    }
}

/// Recorder of slowburn's own metrics; cheap to clone, safe to call from any task.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    scrapes: Counters<2>,
    scrape_duration: Histograms<1>,
    samples: Counter,
    evaluation: Histogram,
    queue: Gauge,
    attempts: Counters<2>,
    delivery: Histograms<1>,
    commits: Counters<1>,
    commit_duration: Histogram,
    checkpoints: Counters<1>,
    checkpoint_duration: Histogram,
    written: Counter,
    journal: Gauge,
    reloads: Counters<1>,
    requests: Counters<3>,
    request_duration: Histograms<1>,
    streams: Gauge,
}

impl Metrics {
    pub fn new() -> Self {
        Self { inner: Arc::new(Inner::new()) }
    }

    /// One attempt to read a target of `job` ended after `duration`; `samples` lines were read (0 when it failed).
    pub fn scrape_finished(&self, job: &str, ok: bool, duration: Duration, samples: u64) {
        let job: Cow<'static, str> = Cow::Owned(job.to_owned());
        self.inner.scrapes.get_or_create_owned(&[("job", job.clone()), ("outcome", outcome(ok))]).inc();
        self.inner.scrape_duration.get_or_create_owned(&[("job", job)]).observe(duration.as_secs_f64());
        self.inner.samples.inc_by(samples);
    }

    /// One event went through the engine: counted, evaluated, its effects known.
    pub fn evaluated(&self, duration: Duration) {
        self.inner.evaluation.observe(duration.as_secs_f64());
    }

    /// Events that wait for the engine.
    pub fn queue_depth(&self, events: usize) {
        self.inner.queue.set(i64::try_from(events).unwrap_or(i64::MAX));
    }

    /// One attempt to deliver through a channel of `kind` ended; `latency` runs from the message's creation and is
    /// observed when it was accepted.
    pub fn delivered(&self, kind: &str, outcome: DeliveryOutcome, latency: Duration) {
        let kind: Cow<'static, str> = Cow::Owned(kind.to_owned());
        let labels = [("kind", kind.clone()), ("outcome", outcome.label().into())];
        self.inner.attempts.get_or_create_owned(&labels).inc();
        if outcome == DeliveryOutcome::Accepted {
            self.inner.delivery.get_or_create_owned(&[("kind", kind)]).observe(latency.as_secs_f64());
        }
    }

    /// One commit to the store ended; `bytes` were handed over (0 when it failed).
    pub fn committed(&self, duration: Duration, bytes: u64, ok: bool) {
        self.inner.commits.get_or_create_owned(&[("outcome", outcome(ok))]).inc();
        self.inner.commit_duration.observe(duration.as_secs_f64());
        self.inner.written.inc_by(bytes);
    }

    /// One checkpoint ended, sweeping up after it included; `bytes` were handed over (0 when it failed).
    pub fn checkpointed(&self, duration: Duration, bytes: u64, ok: bool) {
        self.inner.checkpoints.get_or_create_owned(&[("outcome", outcome(ok))]).inc();
        self.inner.checkpoint_duration.observe(duration.as_secs_f64());
        self.inner.written.inc_by(bytes);
    }

    /// Bytes in the journal since the last checkpoint.
    pub fn journal_size(&self, bytes: u64) {
        self.inner.journal.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The configuration was read again.
    pub fn reloaded(&self, ok: bool) {
        self.inner.reloads.get_or_create_owned(&[("outcome", outcome(ok))]).inc();
    }

    /// A request was answered; `route` is the pattern that matched, never the path itself.
    pub fn http_answered(&self, route: &str, method: &'static str, status: u16, duration: Duration) {
        let route: Cow<'static, str> = Cow::Owned(route.to_owned());
        let labels = [("route", route.clone()), ("method", method.into()), ("status", status.to_string().into())];
        self.inner.requests.get_or_create_owned(&labels).inc();
        self.inner.request_duration.get_or_create_owned(&[("route", route)]).observe(duration.as_secs_f64());
    }

    /// A live connection began; it is counted until the guard is dropped.
    pub fn stream_opened(&self) -> StreamGuard {
        self.inner.streams.inc();
        StreamGuard(self.inner.streams.clone())
    }

    /// All of the above, for encoding.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Counts one live connection while it lives.
#[derive(Debug)]
pub struct StreamGuard(Gauge);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn outcome(ok: bool) -> Cow<'static, str> {
    Cow::Borrowed(if ok { "success" } else { "failure" })
}

/// Makes histograms with the given boundaries.
#[derive(Clone, Copy, Debug)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Registers while it makes, so that a metric can't be recorded and never shown.
struct Maker(Registry);

impl Maker {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn counters<const N: usize>(&mut self, name: &str, help: &str) -> Counters<N> {
        self.add(name, help, Family::default())
    }

    fn histogram(&mut self, name: &str, help: &str, buckets: &'static [f64]) -> Histogram {
        self.add(name, help, Buckets(buckets).new_metric())
    }

    fn histograms<const N: usize>(&mut self, name: &str, help: &str, buckets: &'static [f64]) -> Histograms<N> {
        self.add(name, help, Family::new_with_constructor(Buckets(buckets)))
    }
}

impl Inner {
    /// Counters are named without `_total`, and help texts end without a full stop: the encoder adds both.
    fn new() -> Self {
        let mut make = Maker(Registry::default());
        Self {
            scrapes: make.counters("slowburn_scrapes", "Scrapes by job and outcome"),
            scrape_duration: make.histograms(
                "slowburn_scrape_duration_seconds",
                "Duration of scrapes by job",
                SCRAPE_BUCKETS,
            ),
            samples: make.add("slowburn_scraped_samples", "Samples read from targets", Counter::default()),
            evaluation: make.histogram(
                "slowburn_evaluation_duration_seconds",
                "Time to count and evaluate one event",
                EVALUATION_BUCKETS,
            ),
            queue: make.add("slowburn_engine_queue_events", "Events that wait for the engine", Gauge::default()),
            attempts: make.counters(
                "slowburn_delivery_attempts",
                "Attempts to deliver a message by kind of channel and outcome (accepted, retried, given_up)",
            ),
            delivery: make.histograms(
                "slowburn_delivery_latency_seconds",
                "Time from a message's creation until its receiver accepted it",
                DELIVERY_BUCKETS,
            ),
            commits: make.counters("slowburn_store_commits", "Commits to the store by outcome"),
            commit_duration: make.histogram(
                "slowburn_store_commit_duration_seconds",
                "Duration of commits to the store",
                COMMIT_BUCKETS,
            ),
            checkpoints: make.counters("slowburn_store_checkpoints", "Checkpoints of the state by outcome"),
            checkpoint_duration: make.histogram(
                "slowburn_store_checkpoint_duration_seconds",
                "Duration of checkpoints, which run beside everything else",
                CHECKPOINT_BUCKETS,
            ),
            written: make.add("slowburn_store_written_bytes", "Bytes committed to the store", Counter::default()),
            journal: make.add("slowburn_store_journal_bytes", "Journal since the last checkpoint", Gauge::default()),
            reloads: make.counters("slowburn_config_reloads", "Reloads of the configuration by outcome"),
            requests: make.counters("slowburn_http_requests", "HTTP requests by route, method and status"),
            request_duration: make.histograms(
                "slowburn_http_request_duration_seconds",
                "Time to answer an HTTP request, without sending its body",
                HTTP_BUCKETS,
            ),
            streams: make.add("slowburn_stream_connections", "Open live connections", Gauge::default()),
            registry: make.0,
        }
    }
}

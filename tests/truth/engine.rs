//! slowburn's side of a comparison: SLOs on three targets, told the same as the oracle and asked for its statuses.

use crate::build::{self, events, failed, latency, pair, setup};
use crate::histogram::part;
use crate::oracle::{Attempt, Part, Rules, Shown};
use slowburn::domain::event::Event;
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use slowburn::domain::selector::Matchers;
use slowburn::domain::setup::{JobPolicy, NewSeries, NewTarget, Setup};
use slowburn::domain::slo::{Indicator, Maintenance, Part as EventPart, Severity, Slo};
use slowburn::domain::state::State;
use slowburn::domain::status::SloStatus;
use slowburn::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000;

/// The targets, of the job `shop`.
pub const INSTANCES: [&str; 3] = ["a:80", "b:80", "c:80"];

/// Series of each target: name, and the label that tells them apart.
pub const SERIES: [(&str, &str, &str); 11] = [
    ("requests_total", "code", "200"),
    ("requests_total", "code", "500"),
    ("requests_total", "code", "503"),
    ("jobs_total", "result", "done"),
    ("jobs_total", "result", "failed"),
    ("latency_seconds_count", "", ""),
    ("latency_seconds_bucket", "le", "+Inf"),
    ("latency_seconds_bucket", "le", "1"),
    ("latency_seconds_bucket", "le", "0.3"),
    ("latency_seconds_bucket", "le", "0.30"),
    ("latency_seconds_bucket", "le", "3e-1"),
];

/// How many of them are counters by themselves.
pub const COUNTERS: usize = 5;

/// What an event of a target's series weighs in an indicator, in the total and in the bad count; `None` as series is an
/// attempt.
pub type Weigh = fn(usize, Option<usize>) -> Option<(i64, i64)>;

/// The SLOs and how the oracle tells their events; `each` has a budget for each target, and the bad or good events of the
/// misfits are no part of all.
pub const WEIGHTS: [(&str, Weigh); 7] = [
    ("requests", |_, series| match series? {
        0 => Some((1, 0)),
        1 | 2 => Some((1, 1)),
        _ => None,
    }),
    ("jobs", |_, series| match series? {
        3 => Some((1, 0)),
        4 => Some((1, 1)),
        _ => None,
    }),
    ("up", |_, series| series.is_none().then_some((1, 1))),
    ("each", |_, series| match series? {
        0 => Some((1, 0)),
        1 | 2 => Some((1, 1)),
        _ => None,
    }),
    ("speed", |_, series| {
        part(series?).map(|part| match part {
            Part::Count | Part::Infinity => (1, 1),
            Part::Threshold => (0, -1),
        })
    }),
    ("bad-misfit", |_, series| match series? {
        3 => Some((1, 0)),
        1 | 2 => Some((0, 1)),
        _ => None,
    }),
    ("good-misfit", |_, series| match series? {
        3 => Some((1, 1)),
        0 => Some((0, -1)),
        _ => None,
    }),
];

/// Tells attempts to the engine.
pub struct Engine {
    pub state: State,
    targets: Vec<Arc<Target>>,
}

/// 90 % over an hour, alerting on windows of 1 and 10 minutes and 5 and 30.
pub fn slos() -> Vec<Slo> {
    let mut slo = build::slo("requests");
    slo.policy.pairs = vec![pair(Severity::Page, 600, 60, "3"), pair(Severity::Ticket, 1800, 300, "1")];
    let named = |name: &str, indicator: Indicator| Slo { indicator, ..renamed(&slo, name) };
    let jobs = named("jobs", events("jobs_total", "jobs_total{result=\"done\"}", EventPart::Good));
    let up = named("up", Indicator::Scrape { targets: Matchers::default() });
    let each = Slo { by: vec!["instance".to_owned()], ..renamed(&slo, "each") };
    let speed = named("speed", latency("latency_seconds", 0.3));
    let done = "jobs_total{result=\"done\"}";
    let bad = named("bad-misfit", events(done, "requests_total{code=~\"5..\"}", EventPart::Bad));
    let good = named("good-misfit", events(done, "requests_total{code=\"200\"}", EventPart::Good));
    vec![slo, jobs, up, each, speed, bad, good]
}

fn renamed(slo: &Slo, name: &str) -> Slo {
    let mut slo = slo.clone();
    slo.id.name = name.to_owned();
    slo
}

/// The contract's maintenance.
pub fn maintenance(spans: &[(i64, i64)]) -> Vec<Maintenance> {
    let entry = |(start, end): &(i64, i64)| Maintenance {
        start: Timestamp(*start),
        end: Timestamp(*end),
        reason: "planned".to_owned(),
    };
    spans.iter().map(entry).collect()
}

/// A setup that counts by these rules.
pub fn counting_by(rules: Rules, slos: Vec<Slo>) -> Setup {
    let mut setup = setup(slos);
    setup.watched_jobs = Some(["shop".to_owned()].into());
    let policy = JobPolicy {
        new_series: if rules.baseline { NewSeries::Baseline } else { NewSeries::Zero },
        new_target: if rules.process_start { NewTarget::ProcessStart } else { NewTarget::Created },
    };
    setup.jobs.insert("shop".to_owned(), policy);
    setup
}

impl Engine {
    pub fn new(setup: Setup, interval: Duration, began: i64) -> Self {
        let mut state = State::default();
        state.step(&[Event::Configured { at: Timestamp(began), setup: Arc::new(setup) }]);
        let targets = INSTANCES.map(|instance| build::target(instance, interval));
        Self { state, targets: targets.into() }
    }

    pub fn take(&mut self, attempt: &Attempt) {
        let target = &self.targets[attempt.target];
        let outcome = if attempt.good {
            let samples = attempt.shown.iter().map(|shown| sample(target, shown)).collect();
            let process_start = attempt.process_start.map(Timestamp);
            Outcome::Read(Reading { samples, process_start, unattempted: false })
        } else {
            failed(target, attempt.at).outcome
        };
        let scrape = Scrape { target: target.clone(), at: Timestamp(attempt.at), outcome };
        self.state.step(&[Event::Scraped(scrape)]);
    }

    /// The statuses of an SLO.
    pub fn statuses(&self, name: &str) -> impl Iterator<Item = &SloStatus> {
        self.state.statuses().map(|status| &***status).filter(move |status| status.name == name)
    }

    /// The place of the target that a status of a grouped SLO is of.
    pub fn target_of(&self, status: &SloStatus) -> Option<usize> {
        let instance = status.group.get("instance")?;
        self.targets.iter().position(|target| target.id.instance == instance)
    }
}

fn sample(target: &Target, shown: &Shown) -> Sample {
    let (name, label, value) = SERIES[shown.series];
    let own: &[(&str, &str)] = if label.is_empty() { &[] } else { &[(label, value)] };
    let series = build::series(target, name, own);
    let (at, created) = (shown.at.map(Timestamp), shown.created.map(Timestamp));
    Sample { series, value: shown.value, at, created }
}

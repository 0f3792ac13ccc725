//! slowburn's side of a comparison: SLOs on three targets, told the same as the oracle and asked for its statuses.

use crate::build::{self, events, failed, pair, seconds, setup};
use crate::oracle::{Attempt, Exact, Oracle, Rules, Shown, Sum, whole};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use slowburn::domain::event::Event;
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use slowburn::domain::selector::Matchers;
use slowburn::domain::setup::{JobPolicy, NewSeries, NewTarget, Setup};
use slowburn::domain::slo::{Indicator, Maintenance, Part, Severity, Slo, SloWindow};
use slowburn::domain::state::State;
use slowburn::domain::status::SloStatus;
use slowburn::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000;

/// Series of each target: name, and the label that tells them apart.
pub const SERIES: [(&str, &str, &str); 5] = [
    ("requests_total", "code", "200"),
    ("requests_total", "code", "500"),
    ("requests_total", "code", "503"),
    ("jobs_total", "result", "done"),
    ("jobs_total", "result", "failed"),
];

/// What an event of a target's series weighs in an indicator, in the total and in the bad count; `None` as series is an
/// attempt.
pub type Weigh = fn(usize, Option<usize>) -> Option<(i64, i64)>;

/// The SLOs and how the oracle tells their events; the last one has a budget for each target.
pub const WEIGHTS: [(&str, Weigh); 4] = [
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
    let jobs = named("jobs", events("jobs_total", "jobs_total{result=\"done\"}", Part::Good));
    let up = named("up", Indicator::Scrape { targets: Matchers::default() });
    let each = Slo { by: vec!["instance".to_owned()], ..renamed(&slo, "each") };
    vec![slo, jobs, up, each]
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
        let targets = ["a:80", "b:80", "c:80"].map(|instance| build::target(instance, interval));
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
    let series = build::series(target, name, &[(label, value)]);
    let (at, created) = (shown.at.map(Timestamp), shown.created.map(Timestamp));
    Sample { series, value: shown.value, at, created }
}

/// Engine and oracle side by side.
pub struct Both {
    pub engine: Engine,
    pub oracle: Oracle,
    pub maintenance: Vec<(i64, i64)>,
}

impl Both {
    pub fn new(rules: Rules, maintained: Vec<(i64, i64)>) -> Self {
        Self::over(seconds(3600), rules, maintained)
    }

    /// With this SLO window.
    pub fn over(window: Duration, rules: Rules, maintained: Vec<(i64, i64)>) -> Self {
        let of = |slo: Slo| Slo { window: SloWindow::Rolling(window), maintenance: maintenance(&maintained), ..slo };
        let slos = slos().into_iter().map(of).collect();
        let engine = Engine::new(counting_by(rules, slos), Duration::from_millis(rules.interval as u64), START);
        Self { engine, oracle: Oracle::new(rules), maintenance: maintained }
    }

    pub fn take(&mut self, attempt: &Attempt) {
        self.engine.take(attempt);
        self.oracle.take(attempt);
    }

    /// Every status, its windows and what the oracle says of them.
    pub fn each(
        &self,
        mut compare: impl FnMut(&SloStatus, &dyn Fn(i64, i64) -> Sum) -> Result<(), TestCaseError>,
    ) -> Result<(), TestCaseError> {
        for (name, weigh) in WEIGHTS {
            for status in self.engine.statuses(name) {
                let only = self.engine.target_of(status);
                let of_group =
                    |target, series| weigh(target, series).filter(|_| only.is_none_or(|only| only == target));
                compare(status, &|from, to| self.oracle.sum(of_group, (from, to), &self.maintenance))?;
            }
        }
        Ok(())
    }

    /// Every number of every status is the oracle's.
    pub fn agree(&self) -> Result<(), TestCaseError> {
        self.each(|status, sum| {
            let now = status.updated_at.0;
            same_window(status, &sum(now - 3_600_000, now))?;
            same_rates(status, &|seconds| sum(now - seconds * 1000, now))
        })
    }
}

/// The figures of every window of a pair.
pub fn same_rates(status: &SloStatus, sum: &dyn Fn(i64) -> Sum) -> Result<(), TestCaseError> {
    for burn in &status.burn_rates {
        let sum = sum(burn.seconds as i64);
        let what = format!("{} {} over {}", status.id, status.group, burn.window);
        same(&format!("{what}: total"), burn.total, &sum.total)?;
        same(&format!("{what}: bad"), burn.bad, &sum.bad)?;
        same_or_none(&format!("{what}: burn rate"), burn.rate, sum.burn_rate(&budget()).as_ref())?;
    }
    Ok(())
}

/// 10 %.
pub fn budget() -> Exact {
    Exact::new(1.into(), 10.into())
}

/// The figures of the SLO window.
pub fn same_window(status: &SloStatus, sum: &Sum) -> Result<(), TestCaseError> {
    let what = format!("{} {}", status.id, status.group);
    same(&format!("{what}: total"), status.sli.total, &sum.total)?;
    same(&format!("{what}: bad"), status.sli.bad, &sum.bad)?;
    // The difference of two fractions may be whole.
    near(&format!("{what}: good"), status.sli.good, &sum.good())?;
    same_or_none(&format!("{what}: ratio"), status.sli.ratio, sum.ratio().as_ref())?;
    if sum.total == whole(0) {
        // Whether quiet time was measured is told by the intervals of scrapes, which the oracle does not know.
        let full = status.budget.remaining.is_none_or(|remaining| remaining == 1.0);
        prop_assert!(full && (sum.measured || status.budget.remaining.is_none()), "{what}: {:?}", status.budget);
        return Ok(());
    }
    same_or_none(&format!("{what}: remaining"), status.budget.remaining, sum.remaining(&budget()).as_ref())
}

fn same_or_none(what: &str, found: Option<f64>, exact: Option<&Exact>) -> Result<(), TestCaseError> {
    match (found, exact) {
        (None, None) => Ok(()),
        (Some(found), Some(exact)) => near(what, found, exact),
        _ => Err(TestCaseError::fail(format!("{what}: {found:?} instead of {exact:?}"))),
    }
}

/// A float is as near to a fraction as floats that were added up come; a whole number is met exactly.
pub fn same(what: &str, found: f64, exact: &Exact) -> Result<(), TestCaseError> {
    if exact.is_integer() {
        prop_assert!(Exact::from_float(found).as_ref() == Some(exact), "{what}: {found} instead of {exact}");
    }
    near(what, found, exact)
}

pub fn near(what: &str, found: f64, exact: &Exact) -> Result<(), TestCaseError> {
    let number =
        Exact::from_float(found).ok_or_else(|| TestCaseError::fail(format!("{what}: {found} is no number")))?;
    let apart = if number > *exact { number - exact } else { exact - number };
    prop_assert!(apart <= Exact::new(1.into(), 1_000_000.into()), "{what}: {found} instead of {exact}");
    Ok(())
}

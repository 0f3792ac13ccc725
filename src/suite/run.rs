//! One test after the other through the engine: scrapes at their moments, and a look at each moment that is asked about.

use super::compare::{self, Difference};
use super::file::{Suite, Test, Watched};
use super::report::{Happened, Mismatch, TestReport};
use super::values::Value;
use crate::domain::reading::Scrape;
use crate::domain::setup::Setup;
use crate::domain::state::State;
use crate::domain::status::{AlertState, Transition};
use crate::domain::time::{Timestamp, format_duration, millis};
use crate::replay::collect::Collector;
use crate::replay::virtual_clock::VirtualClock;
use std::collections::BTreeMap;

/// Transitions that a failed test tells, the last ones.
const TOLD: usize = 12;

/// Runs the tests whose name is wanted, in their order.
pub fn run(suite: &Suite, wanted: impl Fn(&str) -> bool) -> Vec<TestReport> {
    suite.tests.iter().filter(|test| wanted(&test.name)).map(|test| run_one(suite, test)).collect()
}

fn run_one(suite: &Suite, test: &Test) -> TestReport {
    let setup = setup_of(suite, test);
    let mut scrapes = scrapes(&setup, test);
    let mut clock = VirtualClock::new(setup, test.start);
    let (mut mismatches, mut happened) = (Vec::new(), Vec::new());
    let mut note = |transitions: Vec<Transition>| {
        happened.extend(transitions.into_iter().filter_map(|transition| told(transition, test.start)));
    };
    let mut moments: Vec<Timestamp> = looks(test).map(|at| test.start + at.eval_time).collect();
    moments.sort_unstable();
    moments.dedup();
    for moment in moments {
        let later = scrapes.split_off(&Timestamp(moment.0 + 1));
        for (at, scrapes) in std::mem::replace(&mut scrapes, later) {
            clock.play(at, scrapes, |_, transitions| note(transitions));
        }
        clock.advance(Timestamp(moment.0 + 1), |_, transitions| note(transitions));
        mismatches.extend(look(test, moment, clock.state()));
    }
    // In the order of the file.
    mismatches.sort_by_key(|mismatch| (mismatch.line, mismatch.column));
    let skipped = happened.len().saturating_sub(TOLD);
    happened.drain(..skipped);
    TestReport { name: test.name.clone(), line: test.line, mismatches, happened }
}

fn setup_of(suite: &Suite, test: &Test) -> Setup {
    let mut setup = suite.setup.clone();
    if let Some(labels) = &test.external_labels {
        setup.external_labels.merge(labels);
    }
    if let Some(url) = &test.external_url {
        setup.external_url.clone_from(url);
    }
    setup
}

fn looks(test: &Test) -> impl Iterator<Item = &Watched> {
    test.alerts.iter().map(|alerts| &alerts.at).chain(test.slos.iter().map(|slo| &slo.at))
}

/// The values as scrapes: `_` is a moment at which nothing is known, `stale` one at which the series was not there.
fn scrapes(setup: &Setup, test: &Test) -> BTreeMap<Timestamp, Vec<Scrape>> {
    let mut collector = Collector::new(setup);
    let step = millis(test.interval);
    for series in &test.series {
        for (at, value) in
            (0..).map(|i| Timestamp(test.start.0.saturating_add(step.saturating_mul(i)))).zip(&series.values)
        {
            match value {
                Value::Sample(number) => collector.sample(series.name.clone(), at, *number),
                Value::Stale => collector.seen(&series.name.labels, at),
                Value::Missing => {}
            }
        }
    }
    collector.take(|_| test.interval)
}

fn look(test: &Test, moment: Timestamp, state: &State) -> Vec<Mismatch> {
    let is_now = |at: &Watched| test.start + at.eval_time == moment;
    let mismatch = |at: &Watched, kind: &'static str, subject: String, differences: Vec<Difference>| {
        let at_text = format_duration(at.eval_time);
        (!differences.is_empty()).then_some(Mismatch {
            kind,
            line: at.line,
            column: at.column,
            eval_time: at_text,
            subject,
            differences,
        })
    };
    let (notices, statuses) = (state.notices(), state.statuses().cloned().collect::<Vec<_>>());
    let alerts = test.alerts.iter().filter(|alerts| is_now(&alerts.at)).filter_map(|alerts| {
        let differences = compare::alerts(alerts, &notices);
        mismatch(&alerts.at, "alert_rule_test", alerts.alertname.clone(), differences)
    });
    let slos = test.slos.iter().filter(|slo| is_now(&slo.at)).filter_map(|slo| {
        let group = slo.group.as_ref().map(|group| format!(" {group}")).unwrap_or_default();
        mismatch(&slo.at, "slo_test", format!("{}{group}", slo.slo), compare::slo(slo, &statuses))
    });
    alerts.chain(slos).collect()
}

/// A change that people would have been told of.
fn told(transition: Transition, start: Timestamp) -> Option<Happened> {
    let Transition { at, id, group, alert, severity, from, to, long, short, .. } = transition;
    let change = match (from, to) {
        (_, AlertState::Firing) => "fires",
        (AlertState::Firing, _) => "resolves",
        _ => return None,
    };
    let windows = long.zip(short).map(|(long, short)| format!(" ({long}/{short})")).unwrap_or_default();
    let group = if group.is_empty() { String::new() } else { format!(" {group}") };
    let text = format!("{id}{group}: {alert} {severity} {change}{windows}");
    Some(Happened { at: format_duration(at.since(start)), text })
}

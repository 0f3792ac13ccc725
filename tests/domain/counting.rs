//! Counts against the oracle: random counters of two targets with everything that can befall them.

use crate::build::{self, events, failed, seconds, series, setup, slo, target};
use crate::oracle::{Births, Events, Oracle, Rule};
use crate::run::START;
use proptest::prelude::*;
use slowburn::domain::event::Event;
use slowburn::domain::labels::Series;
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use slowburn::domain::selector::Matchers;
use slowburn::domain::setup::{JobPolicy, NewSeries, NewTarget, Setup};
use slowburn::domain::slo::{Indicator, Part, Severity, Slo};
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one series shows in one scrape.
#[derive(Clone, Copy, Debug)]
enum Shown {
    More(u16),
    /// Gone to zero and grown from there.
    Reset(u16),
    Missing,
    Value(f64),
    /// As it is, and once more with another value.
    Twice,
}

#[derive(Clone, Debug)]
enum Step {
    Fails,
    Reads {
        shown: Vec<Shown>,
        restarted: bool,
    },
    /// The SLO on jobs comes, or goes.
    Reload,
}

#[derive(Clone, Debug)]
struct Move {
    target: usize,
    /// Milliseconds since the last move; the clock may go back.
    wait: i64,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
struct World {
    baseline: bool,
    process_start: bool,
    /// Whether series carry `_created`, and targets `process_start_time_seconds`.
    created: bool,
    started: bool,
}

/// Series of each target: name and own labels.
const SERIES: [(&str, &str, &str); 5] = [
    ("requests_total", "code", "200"),
    ("requests_total", "code", "500"),
    ("requests_total", "code", "503"),
    ("jobs_total", "result", "done"),
    ("jobs_total", "result", "failed"),
];

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        12 => (0u16..50).prop_map(Shown::More),
        2 => (0u16..50).prop_map(Shown::Reset),
        2 => Just(Shown::Missing),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-1.0)].prop_map(Shown::Value),
        1 => Just(Shown::Twice),
    ]
}

fn moves(most: usize) -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        2 => Just(Step::Fails),
        12 => (proptest::collection::vec(shown(), SERIES.len()), proptest::bool::weighted(0.05))
            .prop_map(|(shown, restarted)| Step::Reads { shown, restarted }),
        1 => Just(Step::Reload),
    ];
    let wait = prop_oneof![8 => 1i64..20_000, 1 => 20_000i64..40_000, 1 => 40_000i64..400_000, 1 => -30_000i64..1];
    let one = (0usize..2, wait, step).prop_map(|(target, wait, step)| Move { target, wait, step });
    proptest::collection::vec(one, 1..most)
}

fn world() -> impl Strategy<Value = World> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(baseline, process_start, created, started)| World { baseline, process_start, created, started })
}

/// A target's counters as they really are.
#[derive(Default)]
struct Counters {
    /// Value and birth.
    values: BTreeMap<usize, (f64, i64)>,
    started: i64,
}

impl Counters {
    fn show(&mut self, target: &Target, now: i64, shown: &[Shown], restarted: bool, world: World) -> Reading {
        if restarted || self.started == 0 {
            self.values.clear();
            self.started = now - 1000;
        }
        let mut samples = Vec::new();
        for (i, shown) in shown.iter().enumerate() {
            let (value, born) = self.values.entry(i).or_insert((0.0, now - 500));
            match shown {
                Shown::More(more) => *value += f64::from(*more),
                Shown::Reset(grown) => (*value, *born) = (f64::from(*grown), now - 300),
                Shown::Missing | Shown::Value(_) | Shown::Twice => {}
            }
            let (name, label, own) = SERIES[i];
            let series = series(target, name, &[(label, own)]);
            let created = world.created.then_some(Timestamp(*born));
            let sample = |value| Sample { created, ..build::sample(&series, value) };
            match shown {
                Shown::Missing => {}
                Shown::Value(value) => samples.push(sample(*value)),
                Shown::Twice => samples.extend([sample(*value), sample(*value + 7.0)]),
                _ => samples.push(sample(*value)),
            }
        }
        let process_start = world.started.then_some(Timestamp(self.started));
        Reading { samples, process_start, unattempted: false }
    }
}

fn is_bad(series: &Series) -> f64 {
    let bad = series.labels.get("code").is_some_and(|code| code.starts_with('5'))
        || series.labels.get("result") == Some("failed");
    f64::from(u8::from(bad))
}

fn requests_rule(name: &'static str, by: &'static [&'static str]) -> Rule {
    let weigh = |series: &Series| (series.name == "requests_total").then(|| (1.0, is_bad(series)));
    Rule { name, since: START.0, by, events: Events::Series(weigh) }
}

fn jobs_rule(since: i64) -> Rule {
    let weigh = |series: &Series| (series.name == "jobs_total").then(|| (1.0, is_bad(series)));
    Rule { name: "jobs", since, by: &[], events: Events::Series(weigh) }
}

fn configured(world: World, jobs: bool) -> Setup {
    let requests = Slo {
        policy: slowburn::domain::slo::Policy {
            pairs: vec![build::pair(Severity::Page, 600, 60, "3")],
            ..slo("requests").policy
        },
        ..slo("requests")
    };
    let good = Slo {
        by: vec!["instance".to_owned()],
        indicator: events("requests_total", "requests_total{code=\"200\"}", Part::Good),
        ..slo("grouped")
    };
    let up = Slo { indicator: Indicator::Scrape { targets: Matchers::default() }, ..slo("up") };
    let failed = Slo { indicator: events("jobs_total", "jobs_total{result=\"failed\"}", Part::Bad), ..slo("jobs") };
    let mut setup = setup([requests, good, up].into_iter().chain(jobs.then_some(failed)));
    setup.watched_jobs = Some(["shop".to_owned()].into());
    let policy = JobPolicy {
        new_series: if world.baseline { NewSeries::Baseline } else { NewSeries::Zero },
        new_target: if world.process_start { NewTarget::ProcessStart } else { NewTarget::Created },
    };
    setup.jobs.insert("shop".to_owned(), policy);
    setup
}

/// Engine and oracle side by side.
struct Both {
    state: State,
    oracle: Oracle,
    world: World,
    jobs: bool,
    now: i64,
}

impl Both {
    fn new(world: World) -> Self {
        let births = Births { baseline: world.baseline, process_start: world.process_start, watched: Some(START.0) };
        let rules = vec![
            requests_rule("requests", &[]),
            requests_rule("grouped", &["instance"]),
            Rule { name: "up", since: START.0, by: &[], events: Events::Attempts },
        ];
        let mut both =
            Self { state: State::default(), oracle: Oracle::new(rules, births), world, jobs: false, now: START.0 };
        both.configure();
        both
    }

    fn configure(&mut self) {
        let setup = Arc::new(configured(self.world, self.jobs));
        self.state.step(&[Event::Configured { at: Timestamp(self.now), setup }]);
    }

    fn reload(&mut self) {
        self.jobs = !self.jobs;
        self.configure();
        self.oracle.rules.retain(|rule| rule.name != "jobs");
        // The engine's time never falls.
        let since = self.state.core.now.0;
        self.oracle.rules.extend(self.jobs.then(|| jobs_rule(since)));
    }

    fn scrape(&mut self, target: &Arc<Target>, outcome: Outcome) {
        let scrape = Scrape { target: target.clone(), at: Timestamp(self.now), outcome };
        self.oracle.take(&scrape);
        self.state.step(&[Event::Scraped(scrape)]);
    }

    fn play(&mut self, moves: &[Move]) {
        let targets = [target("a:80", seconds(15)), target("b:80", seconds(10))];
        let mut counters: [Counters; 2] = Default::default();
        for a_move in moves {
            self.now += a_move.wait;
            let (target, counters) = (&targets[a_move.target], &mut counters[a_move.target]);
            match &a_move.step {
                Step::Fails => self.scrape(target, failed(target, 0).outcome),
                Step::Reads { shown, restarted } => {
                    let reading = counters.show(target, self.now, shown, *restarted, self.world);
                    self.scrape(target, Outcome::Read(reading));
                }
                Step::Reload => self.reload(),
            }
        }
    }

    /// Every count of every budget, all in all and over windows that end now.
    fn compare(&self) -> Result<(), TestCaseError> {
        for slo in &self.state.slos {
            let rule = self.oracle.rules.iter().find(|rule| rule.name == slo.id.name).expect("a rule");
            for (values, group) in slo.groups.iter() {
                let all = self.oracle.sum(rule.name, values, i64::MIN / 4, i64::MAX / 4);
                let (good, bad) = group.totals();
                prop_assert_eq!((good + bad, bad), (all.total, all.bad), "{} {:?}", slo.id, values);
                for window in [10, 60, 333, 600, 3600] {
                    let (now, length) = (self.state.core.now.0, window * 1000);
                    let counts = group.counts(&slo.spec, Timestamp(now - length), Timestamp(now));
                    self.within_an_edge(rule.name, values, (now, length), (counts.total, counts.bad, counts.measured))?;
                }
            }
            for values in self.oracle.groups(rule.name) {
                prop_assert!(slo.groups.contains_key(&values), "{} has no budget {values:?}", slo.id);
            }
        }
        Ok(())
    }

    /// A window's edges may be off by 1/512 of its age: the value lies between those of a shorter and a longer window.
    fn within_an_edge(
        &self,
        rule: &'static str,
        values: &[String],
        (now, length): (i64, i64),
        (total, bad, measured): (f64, f64, i64),
    ) -> Result<(), TestCaseError> {
        let edge = length.max(60_000) / 512 + 2;
        let least = self.oracle.sum(rule, values, now - length + edge, now - edge);
        let most = self.oracle.sum(rule, values, now - length - edge, now + edge);
        let between = |a: f64, x: f64, b: f64| a - 0.01 <= x && x <= b + 0.01;
        let context = format!("{rule} {values:?} over {length} ms: {total} {bad} {measured}, {least:?} {most:?}");
        prop_assert!(between(least.total, total, most.total), "{context}");
        prop_assert!(between(least.bad, bad, most.bad), "{context}");
        prop_assert!((least.measured - 2..=most.measured + 2).contains(&measured), "{context}");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_the_oracle(moves in moves(40), world in world()) {
        let mut both = Both::new(world);
        both.play(&moves);
        both.compare()?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn long_histories_are_those_of_the_oracle(moves in moves(900), world in world()) {
        let mut both = Both::new(world);
        for some in moves.chunks(150) {
            both.play(some);
            both.compare()?;
        }
    }
}

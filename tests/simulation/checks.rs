//! What must hold after every event, at each death, and when all is over.

use crate::disk::Disk;
use crate::first_difference;
use crate::oracle::{Oracle, Sum};
use crate::process::{Process, Reached, bytes};
use crate::receivers::{Inbox, Taken};
use crate::scenario::{self, GROUP_INTERVAL, Variant};
use crate::services::Service;
use slowburn::domain::effects::Effects;
use slowburn::domain::group::BURN;
use slowburn::domain::labels::Labels;
use slowburn::domain::message::Notice;
use slowburn::domain::reading::Scrape;
use slowburn::domain::slo::Severity;
use slowburn::domain::state::State;
use slowburn::domain::status::{AlertState, Transition};
use slowburn::domain::time::{Timestamp, parse_duration};
use slowburn::engine::persist;
use std::collections::{BTreeMap, BTreeSet};

/// Share of bad events that the SLOs allow.
const BUDGET: f64 = 0.1;
/// Window edges may be off by this part: old counts are kept coarser.
const EDGE: f64 = 0.02;

/// What the engine was told, so that the oracle can be told the same.
enum Input {
    Scrape(Scrape),
    /// The SLO on jobs comes into force, or leaves.
    Jobs(Option<i64>),
}

/// A change of an alert that is on the disk.
struct Told {
    /// Of the simulation.
    now: i64,
    transition: Transition,
}

pub struct Checks {
    began: i64,
    inputs: Vec<Input>,
    /// Those whose effect is on the disk.
    kept: usize,
    oracle: Oracle,
    transitions: Vec<Told>,
    kept_transitions: usize,
    /// Inputs and transitions as of the last snapshot.
    snapshot: (usize, usize),
}

impl Checks {
    pub fn new(began: i64) -> Self {
        let oracle = scenario::oracle(began);
        Self {
            began,
            inputs: Vec::new(),
            kept: 0,
            oracle,
            transitions: Vec::new(),
            kept_transitions: 0,
            snapshot: (0, 0),
        }
    }

    pub fn scraped(&mut self, scrape: &Scrape) {
        self.input(Input::Scrape(scrape.clone()));
    }

    pub fn configured(&mut self, state: &State, variant: Variant) {
        let known = self.oracle.rules.iter().any(|rule| rule.name == "jobs");
        if known != variant.jobs {
            self.input(Input::Jobs(variant.jobs.then_some(state.core.now.0)));
        }
    }

    fn input(&mut self, input: Input) {
        feed(&mut self.oracle, &input);
        self.inputs.push(input);
    }

    /// Something reached the disk.
    pub fn reached(&mut self, reached: Reached) {
        let now = (self.inputs.len(), self.transitions.len());
        match reached {
            Reached::All => (self.kept, self.kept_transitions) = now,
            Reached::Snapshot => (self.kept, self.kept_transitions) = self.snapshot,
            Reached::Taken => self.snapshot = now,
        }
    }

    /// Checks what an event did, and gives what is to be logged.
    pub fn after(&mut self, state: &State, effects: &Effects, services: &[Service], now: i64) -> Vec<String> {
        self.nothing_is_made_up(state, services);
        for transition in effects.transitions.iter().filter(|transition| transition.alert == BURN) {
            self.the_data_justifies(transition);
            self.transitions.push(Told { now, transition: transition.clone() });
        }
        let mut lines: Vec<String> = effects.transitions.iter().map(|t| format!("{t:?}")).collect();
        lines.push(format!("{:?}", state.totals()));
        lines
    }

    fn nothing_is_made_up(&self, state: &State, services: &[Service]) {
        for (id, group, good, bad) in totals(state) {
            let sum = |of: fn(&Service) -> f64| services.iter().map(of).sum::<f64>();
            let (true_total, true_bad) = match id.as_str() {
                "requests" => match services.iter().find(|s| s.target.id.instance == group[0]) {
                    Some(service) => (service.truth.requests, service.truth.failed),
                    None => panic!("a budget for {group:?}"),
                },
                "latency" => (sum(|s| s.truth.requests), sum(|s| s.truth.slow)),
                "jobs" => (sum(|s| s.truth.jobs), sum(|s| s.truth.failed_jobs)),
                _ => continue,
            };
            assert!(good + bad <= true_total, "{id} {group:?}: {} of {true_total} events", good + bad);
            // A bucket that has outgrown its last value when it is first seen after a restart looks as if it had gone on,
            // while the count of its histogram shows the reset: the events between are taken for slow ones.
            let blurred = id == "latency" && services.iter().any(|s| s.restarted);
            assert!(bad <= true_bad || blurred, "{id} {group:?}: {bad} of {true_bad} bad events");
        }
    }

    /// An alert fires only on a burn that the oracle sees too, and resolves only where it was measured and sees none.
    fn the_data_justifies(&self, transition: &Transition) {
        let (Some(long), Some(short), Some(factor)) = (&transition.long, &transition.short, transition.factor) else {
            panic!("a burn without a pair: {transition:?}");
        };
        let name = if transition.id == "shop/requests" { "requests" } else { "latency" };
        let group: Vec<String> = transition.group.iter().map(|(_, value)| value.to_owned()).collect();
        let window = |text: &str| {
            let length = parse_duration(text).expect("a duration").as_millis() as i64;
            self.oracle.sum(name, &group, transition.at.0 - length, transition.at.0)
        };
        let (long, short) = (window(long), window(short));
        let burns = |sum: Sum, slack: f64| sum.bad > factor * BUDGET * sum.total * (1.0 + slack);
        if transition.to == AlertState::Firing {
            assert!(burns(long, -EDGE) && burns(short, -EDGE), "{transition:?} with {long:?} {short:?}");
        } else {
            assert!(short.measured > 0, "{transition:?} with {long:?} {short:?}");
            assert!(!(burns(long, EDGE) && burns(short, EDGE)), "{transition:?} with {long:?} {short:?}");
        }
    }

    /// What the disk holds, and what happened since, give the state that dies; then forgets what is not on the disk.
    pub fn killed(&mut self, process: &Process, disk: &Disk) {
        let (mut twin, _) = persist::recover(disk.content().clone()).expect("what was written can be read");
        for event in &process.unsaved {
            twin.step(std::slice::from_ref(event));
        }
        let (back, died) = (bytes(&twin), bytes(&process.state));
        let different: Vec<_> = died.iter().filter(|(part, body)| back.get(*part) != Some(*body)).collect();
        assert!(
            different.is_empty() && back.len() == died.len(),
            "recovered otherwise: {:?}\n{}",
            keys(&different),
            first_difference(&format!("{:#?}", process.state.core), &format!("{:#?}", twin.core))
        );
        self.inputs.truncate(self.kept);
        self.transitions.truncate(self.kept_transitions);
        self.oracle = scenario::oracle(self.began);
        for input in &self.inputs {
            feed(&mut self.oracle, input);
        }
    }

    /// After all faults: every count is exact, nothing burns, and everyone knows.
    pub fn at_the_end(&self, state: &State, services: &[Service], inboxes: &[Inbox]) {
        for (id, group, good, bad) in totals(state) {
            let rule = self.oracle.rules.iter().find(|rule| rule.name == id).expect("a rule");
            let sum = self.oracle.sum(rule.name, &group, i64::MIN / 4, i64::MAX / 4);
            assert_eq!((good + bad, bad), (sum.total, sum.bad), "{id} {group:?}");
        }
        for service in services {
            self.all_that_is_shown_is_counted(state, service);
        }
        assert!(state.notices().is_empty(), "{:?}", state.notices());
        assert!(state.core.dispatch.outbox.is_empty(), "{:?}", state.core.dispatch.outbox);
        for inbox in inboxes {
            no_needless_repeats(inbox);
            self.every_page_arrived(inbox);
            everyone_heard_of_the_end(inbox);
        }
    }

    /// A target that never restarted shows what happened since the first look.
    fn all_that_is_shown_is_counted(&self, state: &State, service: &Service) {
        let instance = &service.target.id.instance;
        let first = self.inputs.iter().find_map(|input| match input {
            Input::Scrape(scrape) if scrape.target.id.instance == *instance => service.requests_in(scrape),
            _ => None,
        });
        let counted = totals(state).into_iter().find(|(id, group, ..)| id == "requests" && group[0] == *instance);
        if !service.restarted {
            let (_, _, good, bad) = counted.expect("it was counted");
            assert_eq!(good + bad, service.requests_shown() - first.expect("it was seen"), "{instance}");
        }
    }

    /// Each alert that fired for longer than messages are held back was told, or known to fire.
    fn every_page_arrived(&self, inbox: &Inbox) {
        if inbox.refused {
            return;
        }
        for (i, fired) in self.transitions.iter().enumerate() {
            let key = key_of(&fired.transition);
            let end = self.transitions[i + 1..].iter().find(|later| key_of(&later.transition) == key);
            // By the engine's clock, and by the true one: a clock that is put forward makes a short alert look long.
            let held = GROUP_INTERVAL * 2;
            let truly = |end: &Told| end.now - fired.now < held.as_millis() as i64;
            let short = end.is_some_and(|end| end.transition.at.since(fired.transition.at) < held || truly(end));
            if fired.transition.to != AlertState::Firing || short {
                continue;
            }
            let told = |taken: &&Taken| taken.message.alerts.iter().any(|alert| key_of_notice(alert) == key);
            let arrived = inbox.taken.iter().any(|taken| taken.at >= fired.now && told(&taken));
            let before = inbox.taken.iter().rfind(|taken| taken.at < fired.now && told(taken));
            assert!(
                arrived || before.is_some_and(|taken| taken.message.firing()),
                "{:?} never heard of {:?}",
                inbox.channel,
                fired.transition
            );
        }
    }
}

fn feed(oracle: &mut Oracle, input: &Input) {
    match input {
        Input::Scrape(scrape) => oracle.take(scrape),
        Input::Jobs(Some(since)) => oracle.rules.push(scenario::jobs_rule(*since)),
        Input::Jobs(None) => oracle.rules.retain(|rule| rule.name != "jobs"),
    }
}

/// SLO, group, good and bad events of everything in force.
fn totals(state: &State) -> Vec<(String, Vec<String>, f64, f64)> {
    let all = state.slos.iter().flat_map(|slo| {
        slo.groups.iter().map(|(values, group)| {
            let (good, bad) = group.totals();
            (slo.id.name.clone(), values.clone(), good, bad)
        })
    });
    all.collect()
}

fn keys<'a>(parts: &[(&'a String, &Vec<u8>)]) -> Vec<&'a String> {
    parts.iter().map(|(part, _)| *part).collect()
}

type Key = (String, Labels, Severity);

fn key_of(transition: &Transition) -> Key {
    (transition.id.clone(), transition.group.clone(), transition.severity)
}

fn key_of_notice(notice: &Notice) -> Key {
    (notice.detail.id.to_string(), notice.detail.group.clone(), notice.detail.severity)
}

/// The same news comes again only after a kill or a lost answer.
fn no_needless_repeats(inbox: &Inbox) {
    let mut last: BTreeMap<u64, ((Timestamp, bool), usize)> = BTreeMap::new();
    for taken in &inbox.taken {
        for alert in &taken.message.alerts {
            let news = (alert.starts_at, alert.firing());
            let before = last.insert(alert.labels.fingerprint(), (news, taken.mishaps));
            let repeated = before.is_some_and(|(old, mishaps)| old == news && mishaps == taken.mishaps);
            assert!(!repeated, "{:?} heard twice: {:?}", inbox.channel, taken.message);
        }
    }
}

/// Whatever was told to fire was told to be over, unless the receiver refused it, or the telling was never on the disk.
fn everyone_heard_of_the_end(inbox: &Inbox) {
    let mut last: BTreeMap<u64, &Taken> = BTreeMap::new();
    let mut firing: BTreeSet<u64> = BTreeSet::new();
    for taken in &inbox.taken {
        for alert in &taken.message.alerts {
            let fingerprint = alert.labels.fingerprint();
            last.insert(fingerprint, taken);
            if alert.firing() {
                firing.insert(fingerprint);
            } else {
                firing.remove(&fingerprint);
            }
        }
    }
    for fingerprint in firing {
        let taken = last[&fingerprint];
        assert!(inbox.refused || taken.from_memory, "{:?} was not told the end of {:?}", inbox.channel, taken.message);
    }
}

//! A state with a clock, for tests that read like stories. Times are in seconds since [`START`].

use crate::build::{failed, read, sample, seconds, series, target};
use slowburn::domain::effects::Effects;
use slowburn::domain::event::Event;
use slowburn::domain::group::GroupState;
use slowburn::domain::history::Counts;
use slowburn::domain::reading::{Sample, Target};
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{Severity, Slo};
use slowburn::domain::state::State;
use slowburn::domain::status::{AlertState, SloStatus, Transition};
use slowburn::domain::time::Timestamp;
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds * 1000)
}

pub struct Run {
    pub state: State,
    pub target: Arc<Target>,
    pub transitions: Vec<Transition>,
    /// Good and bad requests that the target shows.
    shown: (f64, f64),
}

impl Run {
    pub fn new(setup: Setup) -> Self {
        let mut run = Self {
            state: State::default(),
            target: target("a:80", seconds(15)),
            transitions: Vec::new(),
            shown: (0.0, 0.0),
        };
        run.configure(0, setup);
        run
    }

    pub fn step(&mut self, event: Event) -> Effects {
        let effects = self.state.step(&[event]);
        self.transitions.extend(effects.transitions.iter().cloned());
        effects
    }

    pub fn configure(&mut self, second: i64, setup: Setup) -> Effects {
        self.step(Event::Configured { at: at(second), setup: Arc::new(setup) })
    }

    pub fn tick(&mut self, second: i64) -> Effects {
        self.step(Event::Tick { at: at(second) })
    }

    /// A scrape after this many more good and bad requests.
    pub fn scrape(&mut self, second: i64, good: f64, bad: f64) -> Effects {
        self.shown = (self.shown.0 + good, self.shown.1 + bad);
        let (good, bad) = self.shown;
        self.scrape_of(second, &[("200", good), ("500", bad)])
    }

    /// A scrape that shows `requests_total` with these codes and values.
    pub fn scrape_of(&mut self, second: i64, values: &[(&str, f64)]) -> Effects {
        let samples = values.iter().map(|(code, value)| self.sample(code, *value)).collect();
        self.read(second, samples)
    }

    pub fn sample(&self, code: &str, value: f64) -> Sample {
        sample(&series(&self.target, "requests_total", &[("code", code)]), value)
    }

    pub fn read(&mut self, second: i64, samples: Vec<Sample>) -> Effects {
        self.step(Event::Scraped(read(&self.target, at(second).0, samples)))
    }

    pub fn fail(&mut self, second: i64) -> Effects {
        self.step(Event::Scraped(failed(&self.target, at(second).0)))
    }

    /// Regular scrapes from one moment up to another, each after this many more good and bad requests.
    pub fn go(&mut self, from: i64, to: i64, good: f64, bad: f64) {
        let mut second = from;
        while second <= to {
            self.scrape(second, good, bad);
            second += 15;
        }
    }

    /// Time passes without a scrape.
    pub fn wait(&mut self, from: i64, to: i64) {
        for second in (from..=to).step_by(15) {
            self.tick(second);
        }
    }

    /// The first SLO's only budget.
    pub fn group(&self) -> &GroupState {
        self.state.slos[0].groups.values().next().expect("a budget")
    }

    pub fn spec(&self) -> &Slo {
        &self.state.slos[0].spec
    }

    /// What the first SLO counted between two moments.
    pub fn counts(&self, from: i64, to: i64) -> Counts {
        self.group().counts(self.spec(), at(from), at(to))
    }

    /// Good and bad events of the first SLO so far.
    pub fn totals(&self) -> (f64, f64) {
        self.state.totals()[0]
    }

    pub fn status(&self) -> &SloStatus {
        self.state.statuses().next().expect("a status")
    }

    /// How an alert stands: `inactive`, `pending`, `firing`.
    pub fn standing(&self, alert: &str, severity: Severity) -> &'static str {
        let found = self.status().alerts.iter().find(|a| a.alert == alert && a.severity == severity);
        word(found.map_or(AlertState::Inactive, |alert| alert.state))
    }

    /// Transitions so far as `second severity from=>to`, and forgets them.
    pub fn trace(&mut self) -> Vec<String> {
        let line = |t: &Transition| {
            let second = (t.at.0 - START.0) / 1000;
            format!("{second} {} {} {}=>{}", t.alert, t.severity, word(t.from), word(t.to))
        };
        std::mem::take(&mut self.transitions).iter().map(line).collect()
    }
}

fn word(state: AlertState) -> &'static str {
    match state {
        AlertState::Inactive => "inactive",
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
    }
}

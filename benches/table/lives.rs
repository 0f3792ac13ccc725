//! Pasts of budgets: two months, lived through the engine's own functions.
//!
//! Histories are not made up: events of every fifteen seconds are recorded and evaluated as in a running engine, for some
//! weeks longer than it remembers. As ten thousand such lives take long, each traffic is lived once; budgets take copies.

use crate::support::traffic::{Kind, STEP, kinds};
use slowburn::domain::finding::Found;
use slowburn::domain::gauge::Gauge;
use slowburn::domain::group::{GroupState, Surroundings};
use slowburn::domain::labels::Labels;
use slowburn::domain::slo::Slo;
use slowburn::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Twice the SLO window and a week: all that the engine keeps in memory.
pub const LENGTH: Duration = Duration::from_secs(67 * 86_400);
/// An evaluation seals and thins what is old; to skip most of them changes little of that, and saves minutes.
const EVALUATE_EVERY: u32 = 16;

/// A life of each usual traffic, which goes on from where it was told last.
pub struct Lives {
    spec: Arc<Slo>,
    until: Timestamp,
    lives: Vec<(Kind, GroupState)>,
}

impl Lives {
    /// Lives of budgets of this SLO, up to `until`.
    pub fn new(spec: &Arc<Slo>, until: Timestamp) -> Self {
        let since = until - LENGTH;
        let born = || GroupState::new(Labels::new(), spec, since);
        let mut lives =
            Self { spec: Arc::clone(spec), until: since, lives: kinds().map(|kind| (kind, born())).collect() };
        lives.go_on(until);
        lives
    }

    /// Lives on; never back.
    pub fn go_on(&mut self, until: Timestamp) {
        for (kind, life) in &mut self.lives {
            live(life, *kind, &self.spec, self.until, until);
        }
        self.until = until;
    }

    pub fn of(&self, kind: Kind) -> &GroupState {
        let found = self.lives.iter().find(|(known, _)| *known == kind);
        &found.expect("every usual kind is lived").1
    }
}

/// Records what the traffic counted in a span, step by step.
pub fn live(life: &mut GroupState, kind: Kind, spec: &Arc<Slo>, since: Timestamp, until: Timestamp) {
    let (traffic, gauge) = (kind.traffic(), Gauge::new(spec));
    let (mut from, mut seen, mut step) = (since, traffic.until(since, |_| 0), 0);
    while from < until {
        let to = (from + STEP).min(until);
        let (total, bad) = traffic.until(to, |_| 0);
        life.record(spec, (from, to), (total - seen.0) as f64, 0.0, true);
        life.record(spec, (from, to), 0.0, (bad - seen.1) as f64, true);
        life.saw_sample(to);
        step += 1;
        if step % EVALUATE_EVERY == 0 || to == until {
            let around = Surroundings { now: to, problem: None, resumed: since };
            life.evaluate(spec, &gauge, &around, &mut Found::default());
        }
        (from, seen) = (to, (total, bad));
    }
}

//! The time before the demo began, lived through by the engine on a virtual clock.
//!
//! The shop's counters are scraped less often than live: every few minutes long ago, closer towards the present.
//! Attempts of jobs that are judged by them (`scrape` SLIs) are made at the job's own interval throughout, since each
//! attempt is an event. Messages that the past caused count as accepted when they were sent.

use super::instance::Instance;
use super::metrics;
use crate::config::Config;
use crate::domain::event::Event;
use crate::domain::labels::{Labels, Series};
use crate::domain::message::{Delivery, DeliveryReport};
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use crate::domain::setup::Setup;
use crate::domain::state::State;
use crate::domain::time::{Timestamp, millis};
use crate::source::target;
use std::sync::Arc;
use std::time::Duration;

/// How far back the past reaches: two windows of 30 days, so that the budget of 30 days ago was a full one too.
pub const LENGTH: Duration = Duration::from_secs(61 * 86_400);

/// The virtual clock's step.
const STEP: i64 = 30_000;
/// Time between two scrapes, by how long ago they were (both in seconds; the first that holds).
const COARSE: [(i64, i64); 4] = [(3600, 30), (12 * 3600, 60), (3 * 86_400, 300), (WINDOW, 600)];
/// Before the current windows (in seconds) only charts look, for which this many seconds between scrapes do.
const WINDOW: i64 = 31 * 86_400;
const COARSEST: i64 = 1200;

/// An instance as the engine meets it.
pub struct Member {
    pub instance: Instance,
    target: Arc<Target>,
    /// The same with the interval at which it is scraped at present in the past.
    paced: Arc<Target>,
    /// The series that some SLO counts, with their places among the instance's values.
    wanted: Vec<(usize, Arc<Series>)>,
    /// Whether each attempt is an event.
    attempts_count: bool,
}

/// Why the shop and its configuration do not fit.
#[derive(Debug, thiserror::Error)]
#[error("the demo's configuration has no target {0}")]
pub struct NoTarget(String);

impl Member {
    /// Finds the instance's target in the configuration, by the address that it listens on.
    pub fn new(instance: Instance, address: &str, config: &Config) -> Result<Self, NoTarget> {
        let target = find(config, address).ok_or_else(|| NoTarget(address.to_owned()))?;
        let plan = crate::domain::plan::Plan::new(&config.setup, &Default::default());
        // As a live reader is told: buckets that only name boundaries are not handed over.
        let wanted = plan.selection(&plan.terms_for(&target.labels, false, &|_| false));
        let series = metrics::series(&instance, &target).into_iter().enumerate();
        let wanted = series.filter(|(_, series)| wanted.matches(series));
        let wanted = wanted.map(|(place, series)| (place, Arc::new(series))).collect();
        let attempts_count = plan.scrape_slos(&target.labels).next().is_some();
        Ok(Self { instance, paced: target.clone(), target, wanted, attempts_count })
    }

    fn scrape(&mut self, at: Timestamp, interval: i64) -> Scrape {
        self.instance.advance(at);
        let outcome = if self.instance.is_down() {
            Outcome::Failed("HTTP status 503 Service Unavailable".to_owned())
        } else {
            Outcome::Read(self.reading())
        };
        let interval = Duration::from_millis(interval.unsigned_abs());
        if self.paced.interval != interval {
            self.paced = Arc::new(Target { interval, ..(*self.target).clone() });
        }
        Scrape { target: self.paced.clone(), at, outcome }
    }

    fn reading(&self) -> Reading {
        let values: Vec<f64> = metrics::values(&self.instance).collect();
        let created = Some(self.instance.born);
        let sample = |(place, series): &(usize, Arc<Series>)| {
            values.get(*place).map(|value| Sample { series: series.clone(), value: *value, at: None, created })
        };
        Reading { samples: self.wanted.iter().filter_map(sample).collect(), ..Reading::default() }
    }
}

/// The target that the configuration makes of an address.
fn find(config: &Config, address: &str) -> Option<Arc<Target>> {
    let groups = config.scrape_configs.iter().flat_map(|job| job.static_configs.iter().map(move |group| (job, group)));
    let (job, group) = groups.into_iter().find(|(_, group)| group.targets.iter().any(|target| target == address))?;
    let mut labels = Labels::new().with("__address__", address);
    labels.merge(&group.labels);
    target::discovered(job, &labels).ok()?.target.map(|found| found.target)
}

/// Lives through the time before `now` unless it is cancelled, and returns what the engine remembers of it.
pub fn live_through(setup: Arc<Setup>, fleet: &mut [Member], now: Timestamp, is_cancelled: impl Fn() -> bool) -> State {
    let begin = (now - LENGTH).0.div_euclid(STEP) * STEP;
    let mut state = State::default();
    state.step(&[Event::Configured { at: Timestamp(begin - 1), setup }]);
    for at in (0..).map(|i| begin + i * STEP).take_while(|at| *at <= now.0 && !is_cancelled()) {
        let coarse = coarse(now.0 - at);
        let due = fleet.iter_mut().filter_map(|member| {
            let step =
                if member.attempts_count && coarse < COARSEST * 1000 { millis(member.target.interval) } else { coarse };
            (at % step == 0).then(|| Event::Scraped(member.scrape(Timestamp(at), step)))
        });
        let events: Vec<Event> = due.collect();
        state.step(&events);
        accept_messages(&mut state);
    }
    state
}

fn coarse(ago: i64) -> i64 {
    COARSE.iter().find(|(until, _)| ago / 1000 <= *until).map_or(COARSEST, |(_, step)| *step) * 1000
}

fn accept_messages(state: &mut State) {
    let at = state.core.now;
    let waiting: Vec<u64> = state.core.dispatch.outbox.keys().copied().collect();
    for message_id in waiting {
        state.step(&[Event::Delivered(DeliveryReport { message_id, at, delivery: Delivery::Accepted })]);
    }
}

//! The life of one target: wait for the deadline, attempt, hand on, again.

use super::Shared;
use super::board::Last;
use crate::clock;
use crate::config::scrape::ScrapeConfig;
use crate::domain::reading::{Outcome, Scrape};
use crate::domain::time::Timestamp;
use crate::http;
use crate::source::schedule::{self, Schedule};
use crate::source::scrape::{Attempt, Scraper};
use crate::source::target::ScrapeTarget;
use crate::view::ScrapeView;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// All that decides how a target is scraped; a target is started anew when any of it changes.
#[derive(Clone)]
pub(super) struct Spec {
    pub target: ScrapeTarget,
    /// What of the configuration attempts depend on; one value for all targets of the job.
    pub config: Arc<ScrapeConfig>,
    pub client: Arc<http::Rotating>,
    /// Why every attempt fails without a request.
    pub refusal: Option<String>,
}

impl Spec {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config)
            && Arc::ptr_eq(&self.client, &other.client)
            && self.target == other.target
            && self.refusal == other.refusal
    }
}

/// A running target; dropping it ends it, an attempt in flight included.
pub(super) struct TargetLoop {
    pub spec: Spec,
    pub last: Last,
    _task: AbortOnDropHandle<()>,
}

impl TargetLoop {
    /// `last` is the story so far of a target that is started anew.
    pub(super) fn start(spec: Spec, last: Last, shared: Shared) -> Self {
        let task = tokio::spawn(run(spec.clone(), last.clone(), shared));
        Self { spec, last, _task: AbortOnDropHandle::new(task) }
    }
}

async fn run(spec: Spec, last: Last, mut shared: Shared) {
    let target = spec.target.target.clone();
    let selectors = shared.selectors.borrow_and_update().clone()(&target.labels);
    let (config, client) = (spec.config.clone(), spec.client.clone());
    let mut scraper = Scraper::new(config, spec.target.clone(), client, shared.parsers.clone(), selectors);
    let mut schedule = Schedule::new(&target.id, target.interval);
    loop {
        let due = schedule.next(clock::now());
        tokio::time::sleep(due.since(clock::now())).await;
        if shared.selectors.has_changed().unwrap_or(false) {
            let selectors_for = shared.selectors.borrow_and_update().clone();
            scraper.select(selectors_for(&target.labels));
        }
        let at = schedule::begin(due, clock::now());
        let attempt = match &spec.refusal {
            Some(reason) => refused(&spec, at, reason),
            None => scraper.attempt(at).await,
        };
        last.store(Some(Arc::new(attempt.view.clone())));
        if shared.out.send(attempt).await.is_err() {
            return;
        }
    }
}

fn refused(spec: &Spec, at: Timestamp, reason: &str) -> Attempt {
    let error = Some(reason.to_owned());
    let view = ScrapeView { at, duration: Duration::ZERO, samples: 0, bytes: 0, error, warning: None };
    let outcome = Outcome::Failed(reason.to_owned());
    Attempt { scrape: Scrape { target: spec.target.target.clone(), at, outcome }, view }
}

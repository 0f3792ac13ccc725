//! The one function that runs the engine: live, in replay, in simulation and in recovery.
//!
//! Events are taken in first, then what they touch is evaluated once for each moment, then what is due is told. The
//! same events in the same order give the same state, bit for bit.

use super::effects::Effects;
use super::event::Event;
use super::fetch::TOGETHER;
use super::group::Change;
use super::notices::notice;
use super::reading::{Outcome, Scrape, Target, TargetId};
use super::setup::Setup;
use super::sli::{Context, Counted};
use super::slo::Slo;
use super::slo_state::SloState;
use super::state::State;
use super::status::AlertState;
use super::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Transitions kept for the page.
const TRANSITIONS_KEPT: usize = 1000;

/// After this time without an attempt a target's missing bucket is forgiven.
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

impl State {
    /// Takes events in, in order.
    pub fn step(&mut self, events: &[Event]) -> Effects {
        let mut effects = Effects::default();
        let mut pending: Option<Timestamp> = None;
        for event in events {
            let at = match event {
                Event::Scraped(scrape) => Some(scrape.at),
                _ => None,
            };
            if pending.is_some() && pending != at {
                self.settle(&mut effects);
            }
            pending = at;
            match event {
                Event::Configured { at, setup } => self.configured(*at, setup, &mut effects),
                Event::Resumed { at, setup } => self.resumed(*at, setup, &mut effects),
                Event::Scraped(scrape) => self.scraped(scrape, &mut effects),
                Event::Tick { at } => self.tick(*at, &mut effects),
                Event::Trouble { at, error } => self.trouble(*at, error.as_deref()),
                Event::Delivered(report) => {
                    self.core.now = self.core.now.max(report.at);
                    if let Some(setup) = self.setup.clone() {
                        self.tell_untold(&setup);
                        effects.outbox_changed |= self.core.dispatch.delivered(&setup, report);
                    }
                }
            }
        }
        self.settle(&mut effects);
        effects
    }

    fn configured(&mut self, at: Timestamp, setup: &Arc<Setup>, effects: &mut Effects) {
        let at = self.core.now.max(at);
        let rerouted = self.setup.is_some();
        self.core.now = at;
        self.configure(setup, at);
        self.pending = (0..self.slos.len()).map(|slo| (slo, at)).collect();
        if rerouted {
            let firing = self.notices();
            self.core.dispatch.reroute(setup, &firing, at);
        }
        effects.selectors_changed = true;
        self.settle(effects);
    }

    fn resumed(&mut self, at: Timestamp, setup: &Setup, effects: &mut Effects) {
        let slos = self.setup.as_ref().map_or_else(Vec::new, |in_force| in_force.slos.clone());
        self.configured(at, &Arc::new(Setup { slos, ..setup.clone() }), effects);
    }

    /// slowburn's own trouble is told as an alert of the service `slowburn`.
    fn trouble(&mut self, at: Timestamp, error: Option<&str>) {
        self.core.now = self.core.now.max(at);
        let Some(setup) = &self.setup else { return };
        let to = if error.is_some() { AlertState::Firing } else { AlertState::Inactive };
        if let Some(text) = error {
            self.core.trouble_text = text.to_owned();
        }
        let since = self.core.trouble.since;
        if self.core.trouble.change(to, self.core.now).is_some() {
            let firing = to == AlertState::Firing;
            let (starts, ends) = if firing { (self.core.now, None) } else { (since, Some(self.core.now)) };
            let notice = super::trouble::notice(setup, &self.core.trouble_text, starts, ends);
            self.core.dispatch.update(setup, &notice, self.core.now);
        }
    }

    /// Evaluates each SLO that is due, at the moment it was due.
    fn tick(&mut self, at: Timestamp, effects: &mut Effects) {
        let Some(interval) = self.setup.as_ref().map(|setup| setup.evaluation_interval) else { return };
        self.core.now = self.core.now.max(at);
        self.forgive_missing_buckets(effects);
        loop {
            let due = self.due_by(at, interval);
            if due.is_empty() {
                break;
            }
            self.evaluate(due, effects);
        }
        self.settle(effects);
    }

    fn due_by(&self, at: Timestamp, interval: Duration) -> Vec<(usize, Timestamp)> {
        // After a pause only the latest moment is of interest.
        let late = |due: Timestamp| if at.since(due) > interval * 20 { at } else { due };
        let due = self.due.iter().enumerate().filter(|(_, due)| **due <= at);
        due.map(|(slo, due)| (slo, late(*due))).collect()
    }

    /// The earliest moment at which [`Event::Tick`] would evaluate or tell something.
    pub fn next_due(&self) -> Option<Timestamp> {
        [self.due.iter().min().copied(), self.core.dispatch.next_due()].into_iter().flatten().min()
    }

    fn scraped(&mut self, scrape: &Scrape, effects: &mut Effects) {
        let Some(setup) = self.setup.clone() else { return };
        let job = &scrape.target.id.job;
        if !self.core.watched.contains_key(job) {
            self.core.watched.insert(job.clone(), scrape.at);
        }
        let context = Context {
            plan: &self.plan,
            policy: setup.jobs.get(job).copied().unwrap_or_default(),
            watched_since: self.core.watched[job],
            keys: &self.keys,
        };
        let target = self.targets.entry(scrape.target.id.clone()).or_default();
        let last_attempt = target.last_attempt;
        let counted = match &scrape.outcome {
            Outcome::Read(reading) => target.count(&scrape.target, scrape.at, reading, &context),
            Outcome::Failed(_) => {
                target.fail(scrape.at);
                Counted::default()
            }
        };
        let at = target.last_attempt.unwrap_or(scrape.at);
        let attempted = !matches!(&scrape.outcome, Outcome::Read(reading) if reading.unattempted);
        let attempts: Vec<usize> = self.plan.scrape_slos(&scrape.target.labels).filter(|_| attempted).collect();
        let touched: BTreeSet<usize> = target.slos.iter().copied().chain(attempts.iter().copied()).collect();
        let good = matches!(scrape.outcome, Outcome::Read(_));
        for slo in attempts {
            self.slos[slo].attempt(&scrape.target, last_attempt, at, good);
        }
        self.apply(&scrape.target, &counted, effects);
        if good {
            effects.selectors_changed |= self.note_missing_buckets(&scrape.target, &counted, &touched);
        }
        self.core.now = self.core.now.max(at);
        self.forgive_missing_buckets(effects);
        self.pending.extend(touched.into_iter().map(|slo| (slo, at)));
    }

    fn apply(&mut self, target: &Arc<Target>, counted: &Counted, effects: &mut Effects) {
        for some in counted.seen.chunks(TOGETHER) {
            self.fetch_ends(some.iter().map(|(slo, ..)| *slo));
            for (slo, series, at) in some {
                if let Some((_, group)) = self.slos[*slo].group(&series.labels, *at) {
                    group.saw_sample(*at);
                }
            }
        }
        for some in counted.deltas.chunks(TOGETHER) {
            self.fetch_ends(some.iter().map(|delta| delta.slo));
            for delta in some {
                if let Some((spec, group)) = self.slos[delta.slo].group(&delta.series.labels, delta.to) {
                    group.record(&spec, (delta.from, delta.to), delta.total, delta.bad, delta.measured);
                }
            }
        }
        if let Some((count, example)) = &counted.invalid {
            let text = format!(
                "{count} samples are no counts (NaN, infinite or negative) and were skipped; the first: {example}"
            );
            effects.warnings.push((target.clone(), text));
        }
        if counted.out_of_order > 0 {
            let text = format!(
                "{} samples have a time before their last one or far ahead, and were skipped",
                counted.out_of_order
            );
            effects.warnings.push((target.clone(), text));
        }
    }

    fn note_missing_buckets(&mut self, target: &Target, counted: &Counted, touched: &BTreeSet<usize>) -> bool {
        let mut changed = false;
        for index in touched.iter().chain(counted.missing_buckets.keys()) {
            let slo = &mut self.slos[*index];
            match counted.missing_buckets.get(index) {
                Some(boundaries) => drop(slo.missing_bucket.insert(target.id.clone(), boundaries.clone())),
                None => drop(slo.missing_bucket.remove(&target.id)),
            }
            let missing = !slo.missing_bucket.is_empty();
            changed |= if missing { self.wide.insert(*index) } else { self.wide.remove(index) };
            self.pending.entry(*index).or_insert(self.core.now);
        }
        changed
    }

    /// A target that is no longer scraped can't be mended; its missing bucket is no problem any more.
    fn forgive_missing_buckets(&mut self, effects: &mut Effects) {
        let (now, targets) = (self.core.now, &self.targets);
        let gone = |id: &TargetId| {
            targets.get(id).and_then(|t| t.last_attempt).is_none_or(|last| now.since(last) > FORGIVEN_AFTER)
        };
        self.wide.retain(|slo| {
            let missing = &mut self.slos[*slo].missing_bucket;
            missing.retain(|id, _| !gone(id));
            if missing.is_empty() {
                effects.selectors_changed = true;
                self.pending.entry(*slo).or_insert(now);
            }
            !missing.is_empty()
        });
    }

    /// Evaluates what is pending, and tells what is due.
    fn settle(&mut self, effects: &mut Effects) {
        let pending = std::mem::take(&mut self.pending);
        self.evaluate(pending.into_iter().collect(), effects);
    }

    /// Evaluates these SLOs, each as of its moment, and tells what is due.
    fn evaluate(&mut self, pending: Vec<(usize, Timestamp)>, effects: &mut Effects) {
        let Some(setup) = self.setup.clone() else { return };
        effects.evaluated.extend(pending.iter().map(|(index, _)| *index));
        for (number, (index, at)) in pending.iter().copied().enumerate() {
            if number.is_multiple_of(TOGETHER) {
                self.fetch(&pending[number..pending.len().min(number + TOGETHER)]);
            }
            // Once, for each look asks whether a snapshot holds it too.
            let slo: &mut SloState = &mut self.slos[index];
            let now = slo.evaluated.map_or(at, |last| last.max(at));
            slo.evaluated = Some(now);
            self.due[index] = now + setup.evaluation_interval;
            let changes = slo.evaluate(now, self.core.resumed, &setup);
            effects.problems.extend(slo.problem_change());
            if slo.fires() {
                self.untold.insert(index);
            }
            if !changes.is_empty() {
                self.tell(&setup, index, changes, effects);
            }
        }
        if self.core.dispatch.next_due().is_some_and(|due| due <= self.core.now) {
            effects.group_turn = true;
            self.tell_untold(&setup);
        }
        effects.outbox_changed |= self.core.dispatch.advance(&setup, self.core.now);
    }

    /// Tells an SLO's changes, and what fires after them.
    fn tell(&mut self, setup: &Setup, index: usize, changes: Vec<Change>, effects: &mut Effects) {
        let spec = self.slos[index].spec.clone();
        for change in changes {
            self.tell_change(setup, &spec, change, effects);
        }
        self.tell_firing(setup, index);
    }

    fn tell_firing(&mut self, setup: &Setup, index: usize) {
        self.untold.remove(&index);
        for notice in self.notices_of(index).collect::<Vec<_>>() {
            self.core.dispatch.update(setup, &notice, self.core.now);
        }
    }

    /// Tells what fires on, with its figures of now: before a message is made of it, and not at each evaluation.
    fn tell_untold(&mut self, setup: &Setup) {
        for index in std::mem::take(&mut self.untold) {
            self.tell_firing(setup, index);
        }
    }

    fn tell_change(&mut self, setup: &Setup, spec: &Slo, change: Change, effects: &mut Effects) {
        let Change { transition, key, detail } = change;
        if transition.from == AlertState::Firing {
            let resolved = notice(setup, spec, key, &detail, transition.at, Some(transition.at));
            self.core.dispatch.resolve(setup, resolved, self.core.now);
        }
        self.core.transitions.push_front(Arc::new(transition.clone()));
        self.core.transitions.truncate(TRANSITIONS_KEPT);
        effects.transitions.push(transition);
    }
}

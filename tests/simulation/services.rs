//! Targets: counters that grow, restart and break, and the truth about what happened.

use crate::build::{sample, series, target};
use slowburn::domain::labels::Series;
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use slowburn::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How a target answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Health {
    Up,
    Down,
    /// Answers after many seconds, or too late.
    Slow,
    /// Some values are NaN, infinite or negative.
    Garbled,
    /// One series after the other is left out.
    Leaky,
}

pub struct Service {
    pub target: Arc<Target>,
    pub health: Health,
    /// Share of requests that fail.
    pub failing: f64,
    /// Whether it shows `_created`.
    created: bool,
    counters: BTreeMap<Arc<Series>, Counter>,
    /// Requests and failed ones, slow ones, jobs and failed ones, since the simulation began.
    pub truth: Truth,
    pub restarted: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Truth {
    pub requests: f64,
    pub failed: f64,
    pub slow: f64,
    pub jobs: f64,
    pub failed_jobs: f64,
}

struct Counter {
    value: f64,
    since: i64,
}

/// Fingers crossed, a target of this simulation is never older.
const LONG_AGO: i64 = -86_400_000;

impl Service {
    /// Its counters already stand somewhere.
    pub fn new(number: usize, interval: Duration, rng: &mut fastrand::Rng) -> Self {
        let mut service = Self {
            target: target(&format!("10.0.0.{number}:80"), interval),
            health: Health::Up,
            failing: 0.0,
            created: number == 1,
            counters: BTreeMap::new(),
            truth: Truth::default(),
            restarted: false,
        };
        for _ in 0..rng.u32(1..30) {
            service.request(LONG_AGO, rng);
        }
        service.truth = Truth::default();
        service
    }

    fn add(&mut self, now: i64, name: &str, own: &[(&str, &str)], value: f64) {
        let series = series(&self.target, name, own);
        self.counters.entry(series).or_insert(Counter { value: 0.0, since: now }).value += value;
    }

    fn request(&mut self, now: i64, rng: &mut fastrand::Rng) {
        let failed = rng.f64() < self.failing;
        // Each code is a series of its own, which appears with its first event.
        let code = if failed { rng.choice(["500", "502", "503"]).expect("one") } else { "200" };
        let slow = rng.f64() < 0.02 + self.failing / 2.0;
        self.add(now, "requests_total", &[("code", code)], 1.0);
        self.add(now, "latency_seconds_bucket", &[("le", "0.3")], if slow { 0.0 } else { 1.0 });
        self.add(now, "latency_seconds_bucket", &[("le", "+Inf")], 1.0);
        self.add(now, "latency_seconds_count", &[], 1.0);
        let failed_job = rng.f64() < self.failing / 3.0;
        self.add(now, "jobs_total", &[("result", if failed_job { "failed" } else { "done" })], 1.0);
        self.truth.requests += 1.0;
        self.truth.failed += f64::from(u8::from(failed));
        self.truth.slow += f64::from(u8::from(slow));
        self.truth.jobs += 1.0;
        self.truth.failed_jobs += f64::from(u8::from(failed_job));
    }

    /// A few seconds of traffic.
    pub fn traffic(&mut self, now: i64, rng: &mut fastrand::Rng) {
        for _ in 0..rng.u32(0..12) {
            self.request(now, rng);
        }
    }

    /// A new process: series come back with their first event.
    pub fn restart(&mut self) {
        self.counters.clear();
        self.restarted = true;
    }

    /// What it shows of the series that a reader wants.
    pub fn show(&self, wanted: impl Fn(&Series) -> bool, rng: &mut fastrand::Rng) -> Reading {
        let mut samples = Vec::new();
        for (series, counter) in self.counters.iter().filter(|(series, _)| wanted(series)) {
            let mut value = counter.value;
            // A histogram is shown whole or not at all.
            match self.health {
                _ if series.name.starts_with("latency") => {}
                Health::Garbled if rng.bool() => {
                    value = *rng.choice(&[f64::NAN, f64::INFINITY, -1.0]).expect("one");
                }
                Health::Leaky if rng.u8(0..4) == 0 => continue,
                _ => {}
            }
            let created = self.created.then_some(Timestamp(counter.since));
            samples.push(Sample { created, value, ..sample(series, value) });
        }
        Reading { samples, ..Reading::default() }
    }

    /// Requests that it shows now.
    pub fn requests_shown(&self) -> f64 {
        let requests = self.counters.iter().filter(|(series, _)| series.name == "requests_total");
        requests.map(|(_, counter)| counter.value).sum()
    }

    /// Requests that a scrape showed, if it was a good one.
    pub fn requests_in(&self, scrape: &Scrape) -> Option<f64> {
        let Outcome::Read(reading) = &scrape.outcome else { return None };
        let requests = reading.samples.iter().filter(|sample| sample.series.name == "requests_total");
        Some(requests.map(|sample| sample.value).sum())
    }
}

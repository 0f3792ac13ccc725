//! Simulated traffic with known truth, by seed: every job has targets that restart, die and are born, a time in which
//! nobody scrapes, nights, and incidents in which rare things become common.
//!
//! Samples are written as OpenMetrics. What really happened is written beside them, as one cumulative series
//! `truth:NAME` for each series of the job (without `instance`), at every minute. Only events that some sample can
//! tell of are in it: what a target counted after its last scrape died with it, and what it counted before its first
//! one is told by `_created` alone.

use crate::target::Target;
use crate::world::{JOBS, Job};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fmt::Write;

/// 2026-01-01T00:00:00Z, in seconds.
pub const START: i64 = 1_767_225_600;
/// Length of the simulation in seconds.
pub const LENGTH: i64 = 26 * 3600;
/// Seconds between two scrapes of a target.
pub const STEP: i64 = 60;
/// Seconds of a step of the traffic.
pub const TICK: i64 = 15;
/// Files hold two hours each, as Prometheus's blocks do.
pub const PIECE: i64 = 7200;

/// A moment at which Prometheus is known to lose or make up events.
#[derive(Clone, Debug)]
pub struct Happening {
    pub metric: &'static str,
    pub what: What,
    /// Seconds; a restart and a gap last from the last sample before to the first one after.
    pub from: i64,
    pub to: i64,
    /// Events of a series that was away since `from`: the contract spreads them over all that time.
    pub spread: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// First sample of a series on a known target, or the first one after the series was away.
    Birth,
    /// First sample or last sample of a target, or a restart.
    Target,
    /// Nobody scraped.
    Gap,
}

#[derive(Default)]
pub struct Recording {
    /// OpenMetrics without its end, two hours each.
    pub samples: Vec<String>,
    pub truth: Vec<String>,
    pub happenings: Vec<Happening>,
    pub count: usize,
}

/// One life of a target between two births of its process.
#[derive(Clone, Copy)]
pub struct Life {
    pub from: i64,
    pub to: i64,
}

pub struct Plan {
    pub lives: Vec<Life>,
    pub gap: (i64, i64),
    pub incidents: Vec<(i64, i64)>,
    pub phase: i64,
    /// The job's first sample.
    pub watched: i64,
}

/// Truth by series: events by minute.
pub type Truth = BTreeMap<(String, String), Vec<f64>>;

pub fn simulate(seed: u64) -> Recording {
    let pieces = (LENGTH / PIECE + 1) as usize;
    let mut recording =
        Recording { samples: vec![String::new(); pieces], truth: vec![String::new(); pieces], ..Recording::default() };
    for (number, job) in JOBS.iter().enumerate() {
        simulate_job(job, Rng::with_seed(seed + number as u64), &mut recording);
    }
    recording
}

fn simulate_job(job: &Job, mut rng: Rng, recording: &mut Recording) {
    let minute = |rng: &mut Rng, from: f64, to: f64| {
        let at = from + (to - from) * rng.f64();
        START + (LENGTH as f64 * at / 60.0) as i64 * 60 + 60
    };
    let down = |rng: &mut Rng| 90 + rng.i64(0..150);
    let end = START + LENGTH;
    let (restart, death, birth) = (minute(&mut rng, 0.2, 0.35), minute(&mut rng, 0.6, 0.7), minute(&mut rng, 0.4, 0.5));
    let (second, gap) = (minute(&mut rng, 0.8, 0.9), minute(&mut rng, 0.52, 0.58));
    let gap = (gap, gap + 720 + rng.i64(0..780));
    let mut restarts = vec![restart];
    if job.created {
        // Deployed often, so that counters of rare things are born again before they have grown far.
        restarts
            .extend([(0.08, 0.15), (0.42, 0.5), (0.62, 0.7), (0.75, 0.8)].map(|(from, to)| minute(&mut rng, from, to)));
        restarts.sort_unstable();
    }
    let mut first = vec![Life { from: START - 86_400, to: end }];
    for restart in restarts {
        first.last_mut().expect("a life").to = restart;
        first.push(Life { from: restart + down(&mut rng), to: end });
    }
    let lives = [
        first,
        vec![Life { from: START - 86_400, to: death }],
        vec![Life { from: birth, to: second }, Life { from: second + down(&mut rng), to: end }],
    ];
    let incidents: Vec<(i64, i64)> = [(0.05, 0.15), (0.36, 0.39), (0.71, 0.78)]
        .into_iter()
        .map(|(from, to)| {
            let begin = minute(&mut rng, from, to);
            (begin, begin + 300 + rng.i64(0..2400))
        })
        .collect();
    let mut truth = Truth::new();
    let phases = [3..20, 20..40, 40..57].map(|range| rng.i64(range));
    for (instance, lives) in lives.into_iter().enumerate() {
        let (phase, watched) = (phases[instance], START + phases[0]);
        let plan = Plan { lives, gap, incidents: incidents.clone(), phase, watched };
        let name = ["a:80", "b:80", "c:80"][instance];
        Target::new(job, name, plan, rng.fork()).live(recording, &mut truth);
    }
    write_truth(job, &truth, recording);
}

fn write_truth(job: &Job, truth: &Truth, recording: &mut Recording) {
    for ((metric, labels), events) in truth {
        let mut sum = 0.0;
        for (minute, events) in events.iter().enumerate() {
            sum += events;
            let at = START + minute as i64 * 60;
            if let Some(piece) = recording.truth.get_mut(((at - START) / PIECE) as usize) {
                let _ = writeln!(piece, "truth:{metric}{{job=\"{}\"{labels}}} {sum} {at}", job.name);
            }
        }
    }
}

//! Incidents, made up from a seed: what one target of a service showed every thirty seconds.
//!
//! All traces lie in one Prometheus, each at the beginning of a stretch of time that is longer than the longest window,
//! so that none sees another.

use super::process::{Key, Process, labels};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Between two scrapes, and between two evaluations of a rule.
pub const STEP: i64 = 30_000;

/// Scrapes lie between evaluations, as they do anywhere.
const PHASE: i64 = 7_000;

/// A block of Prometheus: 81 times the two hours of a head block.
pub const STRETCH: i64 = 162 * HOUR;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// 2026-01-06T06:00:00Z, where a stretch begins.
const FIRST: i64 = 3031 * STRETCH;

/// One series: its name, its labels besides those of the target, its samples by time.
pub struct Series {
    pub name: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub points: Vec<(i64, f64)>,
}

/// What a trace left behind.
pub struct Trace {
    pub name: &'static str,
    /// Milliseconds.
    pub start: i64,
    pub end: i64,
    /// Times of successful scrapes.
    pub scrapes: Vec<i64>,
    pub series: Vec<Series>,
}

/// From a minute on, so many requests a scrape, of which a share fails.
pub struct Phase(pub i64, pub u64, pub f64);

/// What else happens, at a minute.
#[derive(Clone, Copy, PartialEq)]
pub enum Event {
    /// No scrape succeeds between two minutes; the process goes on.
    Unreachable(i64, i64),
    /// Counters begin again, and only those that something happens to are there.
    Restart(i64),
    /// Errors have this code from now on.
    Code(i64, &'static str),
    /// Failing requests come as even as can be, with no chance in them.
    Even,
    /// The error counter is there from the beginning.
    ErrorsKnown,
    /// Nobody calls with POST any more.
    NoPosts(i64),
}

pub struct Script {
    name: &'static str,
    minutes: i64,
    pub phases: Vec<Phase>,
    pub events: Vec<Event>,
}

/// Every trace, at its place in time.
pub fn all() -> Vec<Trace> {
    scripts().into_iter().enumerate().map(|(i, script)| play(&script, FIRST + i as i64 * STRETCH, i as u64)).collect()
}

fn scripts() -> Vec<Script> {
    use Event::{Code, ErrorsKnown, Even, NoPosts, Restart, Unreachable};
    let script = |name, hours: i64, phases, events| Script { name, minutes: hours * 60, phases, events };
    let quiet = 0.0001;
    let mut all = vec![
        script(
            "fast burn",
            16,
            vec![Phase(0, 200, quiet), Phase(360, 200, 0.3), Phase(400, 200, quiet)],
            vec![ErrorsKnown],
        ),
        script(
            "slow burn",
            80,
            vec![Phase(0, 100, quiet), Phase(600, 100, 0.004), Phase(2200, 100, 0.0015), Phase(3600, 100, 0.0)],
            vec![ErrorsKnown],
        ),
        script("flapping near the threshold", 24, flapping(), vec![ErrorsKnown]),
        script(
            "exactly at the objective",
            10,
            vec![Phase(0, 1000, 0.001), Phase(400, 1000, 0.0)],
            vec![ErrorsKnown, Even],
        ),
        script(
            "short spike",
            12,
            vec![Phase(0, 200, quiet), Phase(300, 200, 0.9), Phase(303, 200, quiet)],
            vec![ErrorsKnown],
        ),
        script(
            "outage without traffic",
            16,
            vec![Phase(0, 50, quiet), Phase(300, 50, 0.4), Phase(330, 0, 0.0), Phase(450, 50, quiet)],
            vec![ErrorsKnown],
        ),
        script(
            "unreachable during an incident",
            16,
            vec![Phase(0, 100, quiet), Phase(300, 100, 0.2), Phase(420, 100, quiet)],
            vec![ErrorsKnown, Unreachable(330, 380), Unreachable(600, 604)],
        ),
        script(
            "restart and new error series",
            20,
            vec![
                Phase(0, 20, 0.0),
                Phase(400, 20, 0.05),
                Phase(470, 20, 0.0),
                Phase(800, 20, 0.3),
                Phase(806, 20, 0.0),
            ],
            vec![Restart(410), Code(800, "503"), Restart(900), NoPosts(900)],
        ),
        script(
            "all errors in one scrape",
            12,
            vec![Phase(0, 30, 0.0), Phase(300, 300, 1.0), Phase(301, 30, 0.0)],
            vec![],
        ),
    ];
    all.extend((0..3).map(random));
    all
}

/// An error ratio that goes to and fro across the factor of the fast page, and of the slow one.
fn flapping() -> Vec<Phase> {
    let swing = |i: i64| Phase(i * 25, 150, if i % 2 == 0 { 0.011 } else { 0.018 });
    let slower = |i: i64| Phase(i * 75, 150, if i % 2 == 0 { 0.0045 } else { 0.0075 });
    (0..24).map(swing).chain((8..16).map(slower)).chain([Phase(1300, 150, 0.0001)]).collect()
}

/// Anything at any time.
fn random(seed: u64) -> Script {
    let mut rng = Rng::with_seed(1000 + seed);
    let minutes = 26 * 60;
    let mut phases = vec![Phase(0, 60, 0.0002)];
    let mut at = 30;
    while at < minutes - 120 {
        let share = [0.0, 0.0003, 0.002, 0.005, 0.02, 0.1, 0.7][rng.usize(..7)];
        let requests = [0, 5, 40, 150][rng.usize(..4)];
        phases.push(Phase(at, requests, share));
        at += rng.i64(2..90);
    }
    let mut events = Vec::new();
    for _ in 0..4 {
        let at = rng.i64(60..minutes - 60);
        events.push(match rng.u8(..3) {
            0 => Event::Restart(at),
            1 => Event::Unreachable(at, at + rng.i64(1..50)),
            _ => Event::Code(at, ["502", "503", "429"][rng.usize(..3)]),
        });
    }
    Script { name: ["random 1", "random 2", "random 3"][seed as usize], minutes, phases, events }
}

fn play(script: &Script, start: i64, seed: u64) -> Trace {
    let mut process = Process::new(script, seed);
    let mut points: BTreeMap<Key, Vec<(i64, f64)>> = BTreeMap::new();
    let mut scrapes = Vec::new();
    for i in 0..script.minutes * MINUTE / STEP {
        let minute = (i * STEP) as f64 / MINUTE as f64;
        if script.events.iter().any(|event| matches!(event, Event::Restart(at) if *at as f64 == minute)) {
            process.restart();
        }
        process.live(minute);
        let at = start + PHASE + i * STEP;
        let is_away = |event: &Event| matches!(event, Event::Unreachable(from, to) if (*from as f64..*to as f64).contains(&minute));
        let is_up = !script.events.iter().any(is_away);
        points.entry(("up", "", "")).or_default().push((at, f64::from(u8::from(is_up))));
        if is_up {
            scrapes.push(at);
            for (counter, value) in &process.counters {
                points.entry(*counter).or_default().push((at, *value));
            }
        }
    }
    let series =
        |(counter, points): (Key, Vec<(i64, f64)>)| Series { name: counter.0, labels: labels(counter), points };
    let series = points.into_iter().map(series).collect();
    Trace { name: script.name, start, end: start + script.minutes * MINUTE, scrapes, series }
}

impl Trace {
    /// As OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for series in &self.series {
            let labels: String =
                series.labels.iter().fold(String::new(), |all, (name, value)| format!("{all},{name}=\"{value}\""));
            let series_text = format!("{}{{job=\"myservice\",instance=\"a:1\"{labels}}}", series.name);
            for (at, value) in &series.points {
                writeln!(text, "{series_text} {value} {}", at / 1000).expect("written");
            }
        }
        text + "# EOF\n"
    }

    pub fn is_random(&self) -> bool {
        self.name.starts_with("random")
    }

    /// The moments at which rules are evaluated.
    pub fn steps(&self) -> impl Iterator<Item = i64> + use<> {
        (self.start..=self.end).step_by(STEP as usize)
    }
}

//! Incidents, made up from a seed: what one target of a service showed every thirty seconds.
//!
//! All traces lie in one Prometheus, each at the beginning of a stretch of time that is longer than the longest window,
//! so that none sees another.

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
struct Phase(i64, u64, f64);

/// What else happens, at a minute.
#[derive(Clone, Copy, PartialEq)]
enum Event {
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
}

struct Script {
    name: &'static str,
    minutes: i64,
    phases: Vec<Phase>,
    events: Vec<Event>,
}

/// Every trace, at its place in time.
pub fn all() -> Vec<Trace> {
    scripts().into_iter().enumerate().map(|(i, script)| play(&script, FIRST + i as i64 * STRETCH, i as u64)).collect()
}

fn scripts() -> Vec<Script> {
    use Event::{Code, ErrorsKnown, Even, Restart, Unreachable};
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
            vec![Restart(410), Code(800, "503"), Restart(900)],
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

/// A process with its counters.
struct Process<'s> {
    script: &'s Script,
    rng: Rng,
    /// By name and labels.
    counters: BTreeMap<(&'static str, &'static str), f64>,
    /// Failing requests that are due, where they come evenly.
    due: f64,
}

const REQUESTS: &str = "http_request_duration_seconds_count";
const API: &str = "apiserver_request_total";
const BUCKET: &str = "apiserver_request_duration_seconds_bucket";
const COUNT: &str = "apiserver_request_duration_seconds_count";
const WIFI: &str = "unifipoller_client_satisfaction_ratio";

/// How much more often a request is slow, and a client unhappy, than a request fails: what makes the objectives of
/// 99 % and 95 % as interesting as the one of 99.9 %.
const SLOWER: f64 = 10.0;
const UNHAPPIER: f64 = 50.0;

impl Process<'_> {
    fn restart(&mut self, errors_known: bool) {
        self.counters.clear();
        for counter in [(REQUESTS, "200"), (API, "200"), (BUCKET, "0.4"), (BUCKET, "+Inf"), (COUNT, "")] {
            self.counters.insert(counter, 0.0);
        }
        if errors_known {
            self.counters.extend([((REQUESTS, "500"), 0.0), ((API, "500"), 0.0)]);
        }
    }

    /// What happens in the half minute before `minute`.
    fn live(&mut self, minute: f64) {
        let began = |from: &i64| *from as f64 <= minute;
        let phase = self.script.phases.iter().rev().find(|phase| began(&phase.0));
        let (requests, share) = phase.map_or((0, 0.0), |phase| (phase.1, phase.2));
        let code = self.script.events.iter().rev().find_map(|event| match event {
            Event::Code(from, code) if began(from) => Some(*code),
            _ => None,
        });
        let code = code.unwrap_or("500");
        let is_even = self.script.events.contains(&Event::Even);
        let requests = if is_even { requests } else { self.rng.u64(requests * 7 / 10..=requests * 13 / 10) };
        let bad = if is_even { self.evenly(requests, share) } else { self.some(requests, share) };
        let slow = if is_even { bad * SLOWER } else { self.some(requests, share * SLOWER) };
        let all = requests as f64;
        for name in [REQUESTS, API] {
            self.add((name, "200"), all - bad);
            self.add((name, code), bad);
        }
        self.add((BUCKET, "0.4"), all - slow);
        self.add((BUCKET, "+Inf"), all);
        self.add((COUNT, ""), all);
        for client in ["a", "b", "c", "d"] {
            let unhappy = self.rng.f64() < share * UNHAPPIER;
            self.counters.insert((WIFI, client), if unhappy { 0.125 } else { 0.97 });
        }
    }

    /// A counter appears with its first event.
    fn add(&mut self, counter: (&'static str, &'static str), events: f64) {
        if events > 0.0 {
            *self.counters.entry(counter).or_default() += events;
        }
    }

    fn some(&mut self, requests: u64, share: f64) -> f64 {
        (0..requests).filter(|_| self.rng.f64() < share).count() as f64
    }

    fn evenly(&mut self, requests: u64, share: f64) -> f64 {
        self.due += requests as f64 * share;
        // A share such as 0.0144 is a little off in binary.
        let bad = (self.due + 1e-9).floor();
        self.due -= bad;
        bad
    }
}

fn labels((name, value): (&'static str, &'static str)) -> Vec<(&'static str, String)> {
    let label = match name {
        REQUESTS | API => "code",
        BUCKET => "le",
        WIFI => "client",
        _ => return vec![("verb", "GET".to_owned())],
    };
    let verb = (name == BUCKET).then(|| ("verb", "GET".to_owned()));
    verb.into_iter().chain([(label, value.to_owned())]).collect()
}

fn play(script: &Script, start: i64, seed: u64) -> Trace {
    let mut process = Process { script, rng: Rng::with_seed(seed), counters: BTreeMap::new(), due: 0.0 };
    let errors_known = script.events.contains(&Event::ErrorsKnown);
    process.restart(errors_known);
    let mut points: BTreeMap<(&'static str, &'static str), Vec<(i64, f64)>> = BTreeMap::new();
    let mut scrapes = Vec::new();
    for i in 0..script.minutes * MINUTE / STEP {
        let minute = (i * STEP) as f64 / MINUTE as f64;
        if script.events.iter().any(|event| matches!(event, Event::Restart(at) if *at as f64 == minute)) {
            process.restart(errors_known);
        }
        process.live(minute);
        let at = start + PHASE + i * STEP;
        let is_away = |event: &Event| matches!(event, Event::Unreachable(from, to) if (*from as f64..*to as f64).contains(&minute));
        let is_up = !script.events.iter().any(is_away);
        points.entry(("up", "")).or_default().push((at, f64::from(u8::from(is_up))));
        if is_up {
            scrapes.push(at);
            for (counter, value) in &process.counters {
                points.entry(*counter).or_default().push((at, *value));
            }
        }
    }
    let series = |(counter, points): ((&'static str, &'static str), Vec<(i64, f64)>)| {
        let labels = if counter.0 == "up" { Vec::new() } else { labels(counter) };
        Series { name: counter.0, labels, points }
    };
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

    /// The moments at which rules are evaluated.
    pub fn steps(&self) -> impl Iterator<Item = i64> + use<> {
        (self.start..=self.end).step_by(STEP as usize)
    }
}

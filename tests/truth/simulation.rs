//! Simulated traffic with known truth, by seed: every job has targets that restart, die and are born, a time in which
//! nobody scrapes, nights, and incidents in which rare things become common.
//!
//! Samples are written as OpenMetrics. What really happened is written beside them, as one cumulative series
//! `truth:NAME` for each series of the job (without `instance`), at every minute. Only events that some sample can
//! tell of are in it: what a target counted after its last scrape died with it, and what it counted before its first
//! one is told by `_created` alone.

use crate::world::{Family, JOBS, Job, Kind, RARE};
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
const TICK: i64 = 15;
/// Files hold two hours each, as Prometheus's blocks do.
pub const PIECE: i64 = 7200;

/// Values of a gauge below these are counted.
const BELOW: [&str; 2] = ["0.75", "0.5"];

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

/// What is shown as one series, and how it grows on one target.
struct Cell {
    metric: &'static str,
    /// `,name="value"…`
    labels: String,
    /// Shown together: a histogram's parts.
    family: usize,
    value: f64,
    /// Seconds; `None` before the first event.
    created: Option<i64>,
    /// Events since the last scrape, by minute.
    pending: Vec<(usize, f64)>,
    /// The last scrape that showed it.
    shown: Option<i64>,
}

/// Something that happens again and again.
struct Happens {
    per_tick: f64,
    rare: bool,
    cells: Vec<usize>,
}

/// One life of a target between two births of its process.
#[derive(Clone, Copy)]
struct Life {
    from: i64,
    to: i64,
}

struct Plan {
    lives: Vec<Life>,
    gap: (i64, i64),
    incidents: Vec<(i64, i64)>,
    phase: i64,
    /// The job's first sample.
    watched: i64,
}

/// Truth by series: events by minute.
type Truth = BTreeMap<(String, String), Vec<f64>>;

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
    let lives = [
        vec![Life { from: START - 86_400, to: restart }, Life { from: restart + down(&mut rng), to: end }],
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

struct Target<'a> {
    job: &'a Job,
    instance: &'static str,
    plan: Plan,
    rng: Rng,
    cells: Vec<Cell>,
    happens: Vec<Happens>,
    /// Gauges: cells and whether they are 0 or 1.
    gauges: Vec<(usize, bool)>,
    last_scrape: Option<i64>,
    /// Whether the process was started anew since.
    restarted: bool,
}

impl<'a> Target<'a> {
    fn new(job: &'a Job, instance: &'static str, plan: Plan, rng: Rng) -> Self {
        let (cells, happens, gauges) = (Vec::new(), Vec::new(), Vec::new());
        let mut target = Self { job, instance, plan, rng, cells, happens, gauges, last_scrape: None, restarted: false };
        for family in job.families {
            target.add(family);
        }
        target
    }

    fn add(&mut self, family: &Family) {
        let mut combinations = vec![(String::new(), 1.0)];
        for (label, values) in family.dimensions {
            let with = |(labels, share): (String, f64)| {
                values.iter().map(move |(value, part)| (format!("{labels},{label}=\"{value}\""), share * part))
            };
            combinations = combinations.into_iter().flat_map(with).collect();
        }
        let shares = |labels: &str| {
            let of = |(label, values): &(&str, &[(&str, f64)])| {
                values.iter().any(|(v, part)| *part < RARE && labels.contains(&format!(",{label}=\"{v}\"")))
            };
            family.dimensions.iter().any(of)
        };
        for (labels, share) in combinations {
            let per_tick = family.per_minute * share * TICK as f64 / 60.0;
            let rare = shares(&labels);
            self.add_combination(&family.kind, labels, per_tick, rare);
        }
    }

    fn add_combination(&mut self, kind: &Kind, labels: String, per_tick: f64, rare: bool) {
        let family = self.cells.len();
        match kind {
            Kind::Counter(name) => {
                let cell = self.cell(name, labels, family);
                self.happens.push(Happens { per_tick, rare, cells: vec![cell] });
            }
            Kind::Pair(total, errors, share) => {
                let all = self.cell(total, labels.clone(), family);
                let failed = self.cell(errors, labels, family + 1);
                self.happens.push(Happens { per_tick, rare, cells: vec![all] });
                self.happens.push(Happens { per_tick: per_tick * share, rare: true, cells: vec![all, failed] });
            }
            Kind::Histogram(name, boundaries) => {
                let part = |suffix: &str| -> &'static str { format!("{name}_{suffix}").leak() };
                let (bucket, count) = (part("bucket"), part("count"));
                let mut cells = vec![
                    self.cell(count, labels.clone(), family),
                    self.cell(bucket, format!("{labels},le=\"+Inf\""), family),
                ];
                let mut above = 0.0;
                for (boundary, share) in boundaries.iter().rev() {
                    let slow =
                        Happens { per_tick: per_tick * (share - above), rare: *share < RARE, cells: cells.clone() };
                    self.happens.push(slow);
                    cells.push(self.cell(bucket, format!("{labels},le=\"{boundary}\""), family));
                    above = *share;
                }
                self.happens.push(Happens { per_tick: per_tick * (1.0 - above), rare, cells });
            }
            Kind::Gauge(name, binary) => {
                let cell = self.cell(name, labels, family);
                self.gauges.push((cell, *binary));
            }
        }
    }

    fn cell(&mut self, metric: &'static str, labels: String, family: usize) -> usize {
        self.cells.push(Cell { metric, labels, family, value: 0.0, created: None, pending: Vec::new(), shown: None });
        self.cells.len() - 1
    }

    fn live(mut self, recording: &mut Recording, truth: &mut Truth) {
        for (number, life) in self.plan.lives.clone().into_iter().enumerate() {
            self.begin(number > 0, life);
            let mut at = START.max((life.from + TICK - 1).div_euclid(TICK) * TICK);
            while at < life.to.min(START + LENGTH) {
                let due = at + (self.plan.phase - at).rem_euclid(STEP);
                let in_gap = self.plan.gap.0 < due && due < self.plan.gap.1;
                if due < at + TICK && due < life.to && !in_gap {
                    self.scrape(due, recording, truth);
                }
                self.traffic(at, at + TICK);
                at += TICK;
            }
        }
        if let Some(last) = self.last_scrape.filter(|last| *last < START + LENGTH - 2 * STEP) {
            self.note(What::Target, last, last + STEP, recording);
        }
    }

    fn begin(&mut self, again: bool, life: Life) {
        self.restarted = again;
        for cell in &mut self.cells {
            (cell.value, cell.pending) = (0.0, Vec::new());
            // With `_created`, label sets are shown from their first event on; without, those known are shown at 0.
            if self.job.created {
                cell.created = None;
            }
        }
        if life.from < START {
            // A long life before: whatever is common was seen already.
            for happens in self.happens.iter().filter(|happens| !happens.rare) {
                for cell in &happens.cells {
                    self.cells[*cell].value += (happens.per_tick * 5760.0).round();
                    self.cells[*cell].created = Some(life.from);
                }
            }
        }
    }

    /// Lets things happen in `[from, to)`; they are dated at its end.
    fn traffic(&mut self, from: i64, to: i64) {
        let incident = self.plan.incidents.iter().any(|(begin, end)| (*begin..*end).contains(&from));
        let busy = busy(from, self.plan.phase);
        for number in 0..self.happens.len() {
            let Happens { per_tick, rare, .. } = self.happens[number];
            let factor = if rare && incident { 30.0 } else { 1.0 };
            let events = poisson(&mut self.rng, per_tick * busy * factor);
            if events == 0.0 {
                continue;
            }
            for place in 0..self.happens[number].cells.len() {
                let cell = self.happens[number].cells[place];
                self.grow(cell, events, to);
            }
        }
        for number in 0..self.gauges.len() {
            let (cell, binary) = self.gauges[number];
            let drawn = self.rng.f64();
            let failing = drawn < if incident { 0.4 } else { 0.004 };
            let value = match binary {
                true => f64::from(u8::from(!failing)),
                false if failing => 0.3 + 0.4 * self.rng.f64(),
                false => 0.7 + 0.3 * self.rng.f64(),
            };
            self.cells[cell].value = (value * 1000.0).round() / 1000.0;
            self.cells[cell].created.get_or_insert(from);
        }
    }

    fn grow(&mut self, cell: usize, events: f64, at: i64) {
        let family = self.cells[cell].family;
        if self.cells[cell].created.is_none() {
            for sibling in self.cells.iter_mut().filter(|sibling| sibling.family == family) {
                sibling.created = Some(at);
            }
        }
        let cell = &mut self.cells[cell];
        cell.value += events;
        cell.pending.push((minute_of(at), events));
    }

    fn scrape(&mut self, at: i64, recording: &mut Recording, truth: &mut Truth) {
        // Without a sample, nobody knows of the scrape.
        if self.cells.iter().all(|cell| cell.created.is_none()) {
            return;
        }
        let first = self.last_scrape.is_none();
        if first && at > START + 2 * STEP {
            self.note(What::Target, at - STEP, at, recording);
        }
        if let Some(last) = self.last_scrape.filter(|last| at - last > STEP) {
            let what = if self.restarted { What::Target } else { What::Gap };
            self.note(what, last, at, recording);
        }
        let piece = &mut recording.samples[((at - START) / PIECE) as usize];
        for (place, cell) in self.cells.iter_mut().enumerate() {
            let Some(created) = cell.created else { continue };
            let (job, instance, metric, labels) = (self.job.name, self.instance, cell.metric, &cell.labels);
            let _ = writeln!(piece, "{metric}{{job=\"{job}\",instance=\"{instance}\"{labels}}} {} {at}", cell.value);
            recording.count += 1;
            let base = ["_total", "_count"].iter().find_map(|suffix| metric.strip_suffix(suffix));
            if let Some(base) = base.filter(|_| self.job.created) {
                let _ =
                    writeln!(piece, "{base}_created{{job=\"{job}\",instance=\"{instance}\"{labels}}} {created} {at}");
                recording.count += 1;
            }
            if self.gauges.iter().any(|(gauge, _)| *gauge == place) {
                note_sample(cell, at, truth);
                continue;
            }
            let told = !first || (self.job.created && created > self.plan.watched);
            let series = truth
                .entry((metric.to_owned(), labels.clone()))
                .or_insert_with(|| vec![0.0; (LENGTH / 60 + 2) as usize]);
            let shown = cell.shown.replace(at);
            if let Some(last) = self.last_scrape.filter(|last| shown != Some(*last)) {
                let (from, spread) = shown.map_or((last, 0.0), |shown| (shown, cell.value));
                recording.happenings.push(Happening { metric, what: What::Birth, from, to: at, spread });
            }
            for (minute, events) in cell.pending.drain(..).filter(|_| told) {
                series[minute] += events;
            }
        }
        self.last_scrape = Some(at);
        self.restarted = false;
    }

    fn note(&self, what: What, from: i64, to: i64, recording: &mut Recording) {
        let mut metrics: Vec<&'static str> = self.cells.iter().map(|cell| cell.metric).collect();
        metrics.dedup();
        recording.happenings.extend(metrics.into_iter().map(|metric| Happening {
            metric,
            what,
            from,
            to,
            spread: 0.0,
        }));
    }
}

/// A gauge's sample is the event, at the moment of its scrape.
fn note_sample(cell: &Cell, at: i64, truth: &mut Truth) {
    let mut add = |part: &str, labels: String, events: f64| {
        let of = || vec![0.0; (LENGTH / 60 + 2) as usize];
        truth.entry((format!("{}:{part}", cell.metric), labels)).or_insert_with(of)[minute_of(at)] += events;
    };
    add("samples", cell.labels.clone(), 1.0);
    add("sum", cell.labels.clone(), cell.value);
    for bound in BELOW {
        let below = cell.value < bound.parse().expect("a number");
        add("below", format!("{},than=\"{bound}\"", cell.labels), f64::from(u8::from(below)));
    }
}

/// The first whole minute since the start that is not before `at`.
fn minute_of(at: i64) -> usize {
    ((at - START + 59).div_euclid(60)).max(0) as usize
}

/// Day and night, and an hour that has hardly any traffic.
fn busy(at: i64, phase: i64) -> f64 {
    let hours = (at - START) as f64 / 3600.0 + phase as f64 / 10.0;
    let day = (hours / 24.0 * std::f64::consts::TAU).sin().mul_add(0.45, 0.55);
    let lull = if (hours % 9.0) < 1.0 { 0.05 } else { 1.0 };
    let waves = (hours * 7.3).sin().mul_add(0.3, 1.0);
    day * lull * waves
}

fn poisson(rng: &mut Rng, mean: f64) -> f64 {
    if mean > 30.0 {
        let normal: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        return normal.mul_add(mean.sqrt(), mean).round().max(0.0);
    }
    let (limit, mut product, mut events) = ((-mean).exp(), rng.f64(), 0.0);
    while product > limit {
        product *= rng.f64();
        events += 1.0;
    }
    events
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

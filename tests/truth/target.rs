//! One simulated target from its first life to its last.

use crate::cells::{Cell, Cells, Happens};
use crate::simulation::{Happening, LENGTH, Life, PIECE, Plan, Recording, START, STEP, TICK, Truth, What};
use crate::world::Job;
use fastrand::Rng;
use std::fmt::Write;

/// Values of a gauge below these are counted.
const BELOW: [&str; 2] = ["0.75", "0.5"];

pub struct Target<'a> {
    job: &'a Job,
    instance: &'static str,
    plan: Plan,
    rng: Rng,
    series: Cells,
    last_scrape: Option<i64>,
    /// Whether the process was started anew since.
    restarted: bool,
}

impl<'a> Target<'a> {
    pub fn new(job: &'a Job, instance: &'static str, plan: Plan, rng: Rng) -> Self {
        Self { job, instance, plan, rng, series: Cells::of(job), last_scrape: None, restarted: false }
    }

    /// Lives all its lives; what it shows and what is true of it go to the recording and to the truth.
    pub fn live(mut self, recording: &mut Recording, truth: &mut Truth) {
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
        for cell in &mut self.series.cells {
            (cell.value, cell.pending) = (0.0, Vec::new());
            // With `_created`, label sets are shown from their first event on; without, those known are shown at 0.
            if self.job.created {
                cell.created = None;
            }
        }
        if life.from < START {
            // A long life before: whatever is common was seen already.
            for happens in self.series.happens.iter().filter(|happens| !happens.rare) {
                for cell in &happens.cells {
                    self.series.cells[*cell].value += (happens.per_tick * 5760.0).round();
                    self.series.cells[*cell].created = Some(life.from);
                }
            }
        }
    }

    /// Lets things happen in `[from, to)`; they are dated at its end.
    fn traffic(&mut self, from: i64, to: i64) {
        let incident = self.plan.incidents.iter().any(|(begin, end)| (*begin..*end).contains(&from));
        let busy = busy(from, self.plan.phase);
        for number in 0..self.series.happens.len() {
            let Happens { per_tick, rare, .. } = self.series.happens[number];
            let factor = if rare && incident { 30.0 } else { 1.0 };
            let events = poisson(&mut self.rng, per_tick * busy * factor);
            if events == 0.0 {
                continue;
            }
            for place in 0..self.series.happens[number].cells.len() {
                let cell = self.series.happens[number].cells[place];
                self.grow(cell, events, to);
            }
        }
        for number in 0..self.series.gauges.len() {
            let (cell, binary) = self.series.gauges[number];
            let drawn = self.rng.f64();
            let failing = drawn < if incident { 0.4 } else { 0.004 };
            let value = match binary {
                true => f64::from(u8::from(!failing)),
                false if failing => 0.3 + 0.4 * self.rng.f64(),
                false => 0.7 + 0.3 * self.rng.f64(),
            };
            self.series.cells[cell].value = (value * 1000.0).round() / 1000.0;
            self.series.cells[cell].created.get_or_insert(from);
        }
    }

    fn grow(&mut self, cell: usize, events: f64, at: i64) {
        let family = self.series.cells[cell].family;
        if self.series.cells[cell].created.is_none() {
            for sibling in self.series.cells.iter_mut().filter(|sibling| sibling.family == family) {
                sibling.created = Some(at);
            }
        }
        let cell = &mut self.series.cells[cell];
        cell.value += events;
        cell.pending.push((minute_of(at), events));
    }

    fn scrape(&mut self, at: i64, recording: &mut Recording, truth: &mut Truth) {
        // Without a sample, nobody knows of the scrape.
        if self.series.cells.iter().all(|cell| cell.created.is_none()) {
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
        for (place, cell) in self.series.cells.iter_mut().enumerate() {
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
            if self.series.gauges.iter().any(|(gauge, _)| *gauge == place) {
                note_sample(cell, at, truth);
                continue;
            }
            let told = !first || (self.job.created && created > self.plan.watched);
            let series = truth
                .entry((metric.to_owned(), labels.clone()))
                .or_insert_with(|| vec![0.0; (LENGTH / 60 + 2) as usize]);
            let shown = cell.shown.replace(at);
            if let Some(last) = self.last_scrape.filter(|last| shown != Some(*last)) {
                // Where `_created` tells of the new life, its events are not spread over the absence.
                let spread = if self.job.created { 0.0 } else { cell.value };
                let (from, spread) = shown.map_or((last, 0.0), |shown| (shown, spread));
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
        let mut metrics: Vec<&'static str> = self.series.cells.iter().map(|cell| cell.metric).collect();
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

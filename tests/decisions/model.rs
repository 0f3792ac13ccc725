//! Prometheus's arithmetic, written down once more, with traits that can be taken away one after the other until
//! slowburn's is left. The trait whose removal makes the two agree is the cause of a difference.
//!
//! The first form is held to what the real Prometheus says, the last one to what slowburn says, at every step.

use super::indicator::{How, Indicator, Term};
use super::traces::{STEP, Series, Trace};

/// What is taken away from Prometheus's way, each besides all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Prometheus,
    /// The threshold is the product of factor and budget, not a floating-point neighbour of it.
    ExactThreshold,
    /// The first value of a new series counts.
    FirstSamples,
    /// What samples show counts, and no more.
    NoExtrapolation,
    /// Events lie between the samples that show them, a window ends at the last scrape, and no gauge is looked at twice.
    SpreadEvents,
    /// What was not measured changes nothing.
    Held,
}

pub const CAUSES: [(Way, &str); 5] = [
    (Way::ExactThreshold, "rounded threshold"),
    (Way::FirstSamples, "first sample"),
    (Way::NoExtrapolation, "extrapolation"),
    (Way::SpreadEvents, "window edges"),
    (Way::Held, "not measured"),
];

/// How long Prometheus takes a value for the present one.
const LOOKBACK: i64 = 300_000;

/// A long and a short window in milliseconds, and the factor.
pub type Pair = (i64, i64, f64);

/// When a severity fires.
pub struct Limits {
    pub pairs: Vec<Pair>,
    pub budget: f64,
    /// Bad events that the long window must hold.
    pub least_bad: f64,
    /// How long a pair must burn, in milliseconds.
    pub wait: i64,
}

/// One series: its samples, and the events that it showed by each of them.
struct Counted {
    points: Vec<(i64, f64)>,
    sums: Vec<f64>,
}

impl Counted {
    /// A counter, resets taken out.
    fn counter(points: Vec<(i64, f64)>) -> Self {
        let mut last = None;
        let grow = |(_, value): &(i64, f64)| {
            let growth = last.map_or(0.0, |last| if *value < last { *value } else { value - last });
            last = Some(*value);
            growth
        };
        let sums = running(points.iter().map(grow));
        Self { points, sums }
    }

    /// A counter with a 0 at the scrape before its first sample, if there is any.
    fn born(points: &[(i64, f64)], scrapes: &[i64]) -> Self {
        let first = points.first().map_or(0, |(at, _)| *at);
        let before = scrapes[..scrapes.partition_point(|at| *at < first)].last();
        let zero = before.map(|at| (*at, 0.0));
        Self::counter(zero.into_iter().chain(points.iter().copied()).collect())
    }

    /// A gauge, each sample of which is so many events.
    fn gauge(points: Vec<(i64, f64)>, events: fn(f64) -> f64) -> Self {
        let sums = running(points.iter().map(|(_, value)| events(*value)));
        Self { points, sums }
    }

    /// A gauge as a subquery sees it: at each multiple of the step its last value, unless that is too old.
    fn looked(points: &[(i64, f64)], events: fn(f64) -> f64) -> Self {
        let ends = points.first().zip(points.last()).map_or((0, 0), |(first, last)| (first.0, last.0 + LOOKBACK));
        let first = (ends.0.div_euclid(STEP) + 1) * STEP;
        let seen = (first..ends.1).step_by(STEP as usize).filter_map(|at| {
            let (when, value) = points[..points.partition_point(|(when, _)| *when <= at)].last()?;
            (when + LOOKBACK > at).then_some((at, *value))
        });
        Self::gauge(seen.collect(), events)
    }

    /// Events of the samples within `[from, to]`.
    fn sum(&self, from: i64, to: i64) -> Option<f64> {
        let range = self.within(from, to);
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start)?;
        let before = range.start.checked_sub(1).map_or(0.0, |before| self.sums[before]);
        Some(self.sums[last] - before)
    }

    /// The samples within `[from, to]`, by index.
    fn within(&self, from: i64, to: i64) -> std::ops::Range<usize> {
        self.points.partition_point(|(at, _)| *at < from)..self.points.partition_point(|(at, _)| *at <= to)
    }

    /// The growth of a window, as `rate` has it, times its seconds.
    fn growth(&self, from: i64, to: i64, extrapolated: bool) -> Option<f64> {
        let range = self.within(from, to);
        let (first, last) = (range.start, range.end.checked_sub(1).filter(|last| *last > range.start)?);
        let grown = self.sums[last] - self.sums[first];
        if !extrapolated {
            return Some(grown);
        }
        let ((begin, value), (end, _)) = (self.points[first], self.points[last]);
        let sampled = (end - begin) as f64 / 1000.0;
        let apart = sampled / (last - first) as f64;
        let mut before = (begin - from) as f64 / 1000.0;
        if grown > 0.0 {
            before = before.min(sampled * value / grown);
        }
        let after = (to - end) as f64 / 1000.0;
        let reach = |gap: f64| if gap < apart * 1.1 { gap } else { apart / 2.0 };
        Some(grown * (sampled + reach(before) + reach(after)) / sampled)
    }

    /// Events up to a moment, those between two samples in proportion; samples after `now` are not known.
    fn up_to(&self, at: i64, now: i64) -> f64 {
        let known = self.within(i64::MIN, now).end;
        let after = self.within(i64::MIN, at).end;
        if after == 0 || known == 0 {
            return 0.0;
        }
        if after >= known {
            return self.sums[known - 1];
        }
        let ((begin, _), (end, _)) = (self.points[after - 1], self.points[after]);
        let share = (at - begin) as f64 / (end - begin) as f64;
        self.sums[after - 1] + share * (self.sums[after] - self.sums[after - 1])
    }
}

/// The series of a term, in the three ways in which they are looked at.
struct Sources {
    weight: f64,
    /// Growth between samples, else events at each of them.
    grows: bool,
    prometheus: Vec<Counted>,
    /// With a beginning at 0.
    born: Vec<Counted>,
    /// As slowburn takes them.
    spread: Vec<Counted>,
}

impl Sources {
    fn new(term: &Term, trace: &Trace) -> Self {
        let series: Vec<&Series> = trace.series.iter().filter(|series| (term.picks)(series)).collect();
        let all = |make: &dyn Fn(&Series) -> Counted| series.iter().map(|series| make(series)).collect::<Vec<_>>();
        let counter = |series: &Series| Counted::counter(series.points.clone());
        let born = |series: &Series| Counted::born(&series.points, &trace.scrapes);
        let (grows, ways) = match term.how {
            How::Growth => (true, [all(&counter), all(&born), all(&born)]),
            How::Samples(events) => {
                let gauge = |series: &Series| Counted::gauge(series.points.clone(), events);
                (false, [all(&gauge), all(&gauge), all(&gauge)])
            }
            How::Looked(events) => {
                let looked = |series: &Series| Counted::looked(&series.points, events);
                let gauge = |series: &Series| Counted::gauge(series.points.clone(), events);
                (false, [all(&looked), all(&looked), all(&gauge)])
            }
        };
        let [prometheus, born, spread] = ways;
        Self { weight: term.weight, grows, prometheus, born, spread }
    }

    fn events(&self, way: Way, from: i64, to: i64) -> Option<f64> {
        let series = match way {
            Way::Prometheus | Way::ExactThreshold => &self.prometheus,
            Way::FirstSamples | Way::NoExtrapolation => &self.born,
            Way::SpreadEvents | Way::Held => &self.spread,
        };
        let of = |one: &Counted| match (self.grows, way >= Way::SpreadEvents) {
            (true, true) => Some(one.up_to(to, to) - one.up_to(from, to)),
            (true, false) => one.growth(from, to, way < Way::NoExtrapolation),
            (false, spread) => one.sum(from + i64::from(spread), to),
        };
        series.iter().filter_map(of).fold(None, |sum, events| Some(sum.unwrap_or(0.0) + events))
    }
}

/// A trace as an SLO sees it.
pub struct Model<'t> {
    trace: &'t Trace,
    bad: Vec<Sources>,
    total: Vec<Sources>,
    missing_is_zero: bool,
}

impl<'t> Model<'t> {
    pub fn new(trace: &'t Trace, indicator: &Indicator) -> Self {
        let of = |terms: &[Term]| terms.iter().map(|term| Sources::new(term, trace)).collect();
        let (bad, total) = (of(&indicator.bad), of(&indicator.total));
        Self { trace, bad, total, missing_is_zero: indicator.missing_is_zero }
    }

    /// The share of bad events in the window that ends at `at`, if there is any.
    pub fn ratio(&self, way: Way, at: i64, window: i64) -> Option<f64> {
        self.counts(way, at, window).map(|(bad, total)| bad / total)
    }

    /// Bad and all events of a window.
    fn counts(&self, way: Way, at: i64, window: i64) -> Option<(f64, f64)> {
        let sum = |terms: &[Sources], missing: Option<f64>| {
            let weighted =
                |term: &Sources| term.events(way, at - window, at).or(missing).map(|events| term.weight * events);
            terms.iter().map(weighted).sum::<Option<f64>>()
        };
        let total = sum(&self.total, None)?;
        let missing_is_zero = self.missing_is_zero || way >= Way::FirstSamples;
        Some((sum(&self.bad, missing_is_zero.then_some(0.0))?, total))
    }

    /// Whether a severity fires at each step of the trace.
    pub fn decisions(&self, way: Way, limits: &Limits) -> Vec<bool> {
        // How long each pair burns.
        let mut burning: Vec<Option<i64>> = vec![None; limits.pairs.len()];
        let decide = |step: i64| {
            // slowburn looks when it has scraped.
            let at = if way >= Way::SpreadEvents { self.attempt_before(step) } else { step };
            for (burns, pair) in burning.iter_mut().zip(&limits.pairs) {
                if way < Way::Held || self.is_measured(at - pair.1, at) {
                    let exceeds = self.exceeds(way, at, pair, limits);
                    *burns = exceeds.then(|| burns.map_or(0, |long| long + STEP));
                }
            }
            burning.iter().any(|burns| burns.is_some_and(|long| long >= limits.wait))
        };
        self.trace.steps().map(decide).collect()
    }

    fn exceeds(&self, way: Way, at: i64, (long, short, factor): &Pair, limits: &Limits) -> bool {
        let burns = |window: i64, least_bad: f64| {
            let counts = self.counts(way, at, window);
            let threshold = factor * limits.budget * (1.0 + 1e-12);
            counts.is_some_and(|(bad, total)| bad / total > threshold && bad >= least_bad)
        };
        burns(*short, 0.0) && burns(*long, limits.least_bad)
    }

    fn attempt_before(&self, step: i64) -> i64 {
        let first = self.trace.scrapes.first().copied().unwrap_or(step);
        step - (step - first).rem_euclid(STEP)
    }

    /// Whether a part of the time from `from` to `to` lies between two scrapes. Counters bridge a gap, gauges don't.
    fn is_measured(&self, from: i64, to: i64) -> bool {
        let scrapes = &self.trace.scrapes;
        let (first, last) = (scrapes.partition_point(|at| *at <= from).max(1), scrapes.partition_point(|at| *at <= to));
        let bridges = self.total.iter().all(|term| term.grows);
        (first..last).any(|i| bridges || scrapes[i] - scrapes[i - 1] == STEP)
    }
}

fn running(parts: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |part| {
        sum += part;
        sum
    };
    parts.map(add).collect()
}

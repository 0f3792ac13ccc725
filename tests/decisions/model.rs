//! Prometheus's arithmetic, written down once more, with traits that can be taken away one after the other until
//! slowburn's is left. The trait whose removal makes the two agree is the cause of a difference.
//!
//! The first form is held to what the real Prometheus says, the last one to what slowburn says, at every step.

use super::counted::Counted;
use super::indicator::{How, Indicator, Term};
use super::traces::{STEP, Series, Trace};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// What is taken away from Prometheus's way, each besides all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    Prometheus,
    /// The threshold is the product of factor and budget, not a floating-point neighbour of it.
    ExactThreshold,
    /// Rules that are evaluated now and then are evaluated at each step.
    EveryStep,
    /// The first value of a new series counts.
    FirstSamples,
    /// What samples show counts, and no more.
    NoExtrapolation,
    /// Events lie between the samples that show them, a window ends at the last scrape, and no gauge is looked at twice.
    SpreadEvents,
    /// What was not measured changes nothing.
    Held,
}

pub const CAUSES: [(Way, &str); 6] = [
    (Way::ExactThreshold, "rounded threshold"),
    (Way::EveryStep, "between two evaluations"),
    (Way::FirstSamples, "first sample"),
    (Way::NoExtrapolation, "extrapolation"),
    (Way::SpreadEvents, "window edges"),
    (Way::Held, "not measured"),
];

/// A long and a short window in milliseconds, and the factor.
pub type Pair = (i64, i64, f64);

/// When a severity of an alert fires.
pub enum Condition {
    Burns(Limits),
    /// No sample for so many milliseconds.
    Silent(i64),
}

/// What must burn.
pub struct Limits {
    pub pairs: Vec<Pair>,
    pub budget: f64,
    /// Whether the factor itself is enough.
    pub reached: bool,
    /// Bad events that the long window must hold.
    pub least_bad: f64,
    /// How long a pair must burn, in milliseconds.
    pub wait: i64,
    /// Milliseconds between two evaluations of the rules.
    pub every: i64,
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
            Way::Prometheus | Way::ExactThreshold | Way::EveryStep => &self.prometheus,
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
    /// Moments at which any event could be seen.
    seen: Vec<i64>,
    /// What windows hold, by their way, end and length, for several SLOs that count the same.
    known: RefCell<HashMap<(Way, i64, i64), Counts>>,
}

/// Bad and all events, if there is any.
type Counts = Option<(f64, f64)>;

impl<'t> Model<'t> {
    pub fn new(trace: &'t Trace, indicator: &Indicator) -> Self {
        let of = |terms: &[Term]| terms.iter().map(|term| Sources::new(term, trace)).collect();
        let (bad, total) = (of(&indicator.bad), of(&indicator.total));
        let counted = |series: &&Series| indicator.total.iter().any(|term| (term.picks)(series));
        let points = trace.series.iter().filter(counted).flat_map(|series| &series.points);
        let seen: BTreeSet<i64> = points.map(|(at, _)| *at).collect();
        Self {
            trace,
            bad,
            total,
            missing_is_zero: indicator.missing_is_zero,
            seen: seen.into_iter().collect(),
            known: RefCell::default(),
        }
    }

    /// The share of bad events in the window that ends at `at`, if there is any.
    pub fn ratio(&self, way: Way, at: i64, window: i64) -> Option<f64> {
        self.counts(way, at, window).map(|(bad, total)| bad / total)
    }

    fn counts(&self, way: Way, at: i64, window: i64) -> Counts {
        *self.known.borrow_mut().entry((way, at, window)).or_insert_with(|| self.count(way, at, window))
    }

    fn count(&self, way: Way, at: i64, window: i64) -> Counts {
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
    pub fn decisions(&self, way: Way, condition: &Condition) -> Vec<bool> {
        match condition {
            Condition::Burns(limits) => self.burning(way, limits),
            Condition::Silent(after) => self.trace.steps().map(|step| self.is_silent(way, step, *after)).collect(),
        }
    }

    fn burning(&self, way: Way, limits: &Limits) -> Vec<bool> {
        // How long each pair burns.
        let mut burning: Vec<Option<i64>> = vec![None; limits.pairs.len()];
        let every = if way < Way::EveryStep { limits.every } else { STEP };
        let decide = |step: i64| {
            // slowburn looks when it has scraped.
            let at = if way >= Way::SpreadEvents { self.attempt_before(step) } else { step };
            for (burns, pair) in burning.iter_mut().zip(&limits.pairs).filter(|_| step % every == 0) {
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
        let little = if limits.reached { -1e-12 } else { 1e-12 };
        let burns = |window: i64, least_bad: f64| {
            let counts = self.counts(way, at, window);
            let threshold = factor * limits.budget * (1.0 + little);
            counts.is_some_and(|(bad, total)| bad / total > threshold && bad >= least_bad)
        };
        burns(*short, 0.0) && burns(*long, limits.least_bad)
    }

    /// Rules look back from a step, and still see a sample at the edge; slowburn does so from a scrape, and does not.
    fn is_silent(&self, way: Way, step: i64, after: i64) -> bool {
        let at = if way >= Way::SpreadEvents { self.attempt_before(step) } else { step - 1 };
        let last = self.seen[..self.seen.partition_point(|seen| *seen <= at)].last();
        last.is_some_and(|last| at - last >= after)
    }

    fn attempt_before(&self, step: i64) -> i64 {
        let first = self.trace.scrapes.first().copied().unwrap_or(step);
        step - (step - first).rem_euclid(STEP)
    }

    /// Whether a part of the time from `from` to `to` lies between two sights. Counters bridge a gap, gauges don't.
    fn is_measured(&self, from: i64, to: i64) -> bool {
        let scrapes = &self.seen;
        let (first, last) = (scrapes.partition_point(|at| *at <= from).max(1), scrapes.partition_point(|at| *at <= to));
        let bridges = self.total.iter().all(|term| term.grows);
        (first..last).any(|i| bridges || scrapes[i] - scrapes[i - 1] == STEP)
    }
}

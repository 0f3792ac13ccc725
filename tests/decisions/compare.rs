//! Two courses of decisions, side by side: what agrees, and why the rest does not.

use super::model::{CAUSES, Condition, Model, Way};
use super::traces::{STEP, Trace};
use std::collections::{BTreeMap, BTreeSet};

/// Rules look every half minute and slowburn at each scrape, so one may know half a minute before the other, and see the
/// next sample half a minute before.
pub const TOLERANCE: i64 = 2 * STEP;

/// When a severity begins and ceases to fire.
pub type Course = Vec<(i64, bool)>;

/// The course of what fires at some steps.
pub fn course(trace: &Trace, firing: &BTreeSet<i64>) -> Course {
    let mut course = Course::new();
    for step in trace.steps() {
        let fires = firing.contains(&step);
        if fires != course.last().is_some_and(|(_, fires)| *fires) {
            course.push((step, fires));
        }
    }
    course
}

pub fn fires_at(course: &Course, at: i64) -> bool {
    course[..course.partition_point(|(when, _)| *when <= at)].last().is_some_and(|(_, fires)| *fires)
}

/// A stretch of time in which one fires and the other does not.
#[derive(Debug)]
pub struct Difference {
    pub from: i64,
    pub to: i64,
    /// Whether it is slowburn that fires.
    pub slowburn_fires: bool,
    /// One of them changes at the beginning and the other at the end, in the same direction.
    pub is_lag: bool,
}

impl Difference {
    /// Whether both tell the same change, near enough.
    pub fn is_alike(&self) -> bool {
        self.is_lag && self.to - self.from <= TOLERANCE
    }
}

/// Every stretch in which two courses differ, up to `end`.
pub fn differences(rules: &Course, slowburn: &Course, end: i64) -> Vec<Difference> {
    let moments: BTreeSet<i64> = rules.iter().chain(slowburn).map(|(at, _)| *at).chain([end]).collect();
    let moments: Vec<i64> = moments.into_iter().filter(|at| *at <= end).collect();
    let of_slowburn = |at: i64| slowburn.iter().any(|(when, _)| *when == at);
    let differ = |from: i64, to: i64| {
        let slowburn_fires = fires_at(slowburn, from);
        let is_lag = to < end && of_slowburn(from) != of_slowburn(to);
        (slowburn_fires != fires_at(rules, from)).then_some(Difference { from, to, slowburn_fires, is_lag })
    };
    moments.windows(2).filter_map(|pair| differ(pair[0], pair[1])).collect()
}

/// What each way of counting decides about one severity, step by step, worked out when it is asked for.
pub struct Ways<'t> {
    model: &'t Model<'t>,
    condition: &'t Condition,
    known: BTreeMap<Way, Vec<bool>>,
}

impl<'t> Ways<'t> {
    pub fn new(model: &'t Model<'t>, condition: &'t Condition) -> Self {
        Self { model, condition, known: BTreeMap::new() }
    }

    pub fn decisions(&mut self, way: Way) -> &[bool] {
        let decide = || self.model.decisions(way, self.condition);
        self.known.entry(way).or_insert_with(decide)
    }

    /// The main cause of a difference: at each of its steps the first trait without which the rules would decide as
    /// slowburn does. `None` when nothing explains a step; whether data is missing is no matter of counting.
    pub fn cause(&mut self, difference: &Difference, trace: &Trace) -> Option<&'static str> {
        if matches!(self.condition, Condition::Silent(_)) {
            return None;
        }
        let mut causes: BTreeMap<&'static str, usize> = BTreeMap::new();
        let steps = trace.steps().enumerate().filter(|(_, at)| (difference.from..difference.to).contains(at));
        for (i, _) in steps {
            let agrees = |(way, _): &&(Way, &'static str)| self.decisions(*way)[i] == difference.slowburn_fires;
            let (_, cause) = CAUSES.iter().find(agrees)?;
            *causes.entry(cause).or_default() += 1;
        }
        Some(causes.into_iter().max_by_key(|(_, steps)| *steps).map_or("between two evaluations", |(cause, _)| cause))
    }
}

//! A point of the cumulative curve, and the line between two of them.

use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Sub;

/// Events and measured time, cumulative or as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub total: f64,
    pub bad: f64,
    /// Milliseconds in which at least one target was measured.
    pub measured: i64,
}

impl Sub for Counts {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { total: self.total - other.total, bad: self.bad - other.bad, measured: self.measured - other.measured }
    }
}

/// The cumulative counts at a moment. Two knots of one moment are a jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Knot {
    pub at: Timestamp,
    pub sum: Counts,
}

impl Knot {
    /// The value at `at` on the line to `next`; `self.at <= at < next.at`, or `self` where there is no line.
    pub fn between(&self, next: &Self, at: Timestamp) -> Counts {
        let length = next.at.0 - self.at.0;
        if length <= 0 || at <= self.at {
            return self.sum;
        }
        let share = (at.0 - self.at.0) as f64 / length as f64;
        let step = next.sum - self.sum;
        Counts {
            total: self.sum.total + step.total * share,
            bad: self.sum.bad + step.bad * share,
            measured: self.sum.measured + (step.measured as f64 * share).round() as i64,
        }
    }

    /// Whether no event happened and all time was measured between two knots.
    pub fn quiet_until(&self, next: &Self) -> bool {
        let step = next.sum - self.sum;
        step.total == 0.0 && step.bad == 0.0 && step.measured == next.at.0 - self.at.0
    }
}

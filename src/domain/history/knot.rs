//! A point of the cumulative curve, and the line between two of them.

use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Sub;

/// The nearest whole number, halves away from zero: a few instructions, where `round` is a call on many processors.
pub fn nearest(x: f64) -> i64 {
    (x + 0.5f64.copysign(x)) as i64
}

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
    /// Length of [`Knot::to_bytes`].
    pub const BYTES: usize = 32;

    /// Every bit of it, little endian.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let Counts { total, bad, measured } = self.sum;
        let words = [self.at.0.to_le_bytes(), total.to_le_bytes(), bad.to_le_bytes(), measured.to_le_bytes()];
        std::array::from_fn(|i| words[i / 8][i % 8])
    }

    /// Undoes [`Knot::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let word = |word: usize| std::array::from_fn(|i| bytes[word * 8 + i]);
        let sum = Counts {
            total: f64::from_le_bytes(word(1)),
            bad: f64::from_le_bytes(word(2)),
            measured: i64::from_le_bytes(word(3)),
        };
        Self { at: Timestamp(i64::from_le_bytes(word(0))), sum }
    }

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
            measured: self.sum.measured + nearest(step.measured as f64 * share),
        }
    }

    /// Whether no event happened and all time was measured between two knots.
    pub fn quiet_until(&self, next: &Self) -> bool {
        let step = next.sum - self.sum;
        step.total == 0.0 && step.bad == 0.0 && step.measured == next.at.0 - self.at.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_knots_is_a_line_and_elsewhere_the_first_of_them() {
        let knot = |at, total, measured| Knot { at: Timestamp(at), sum: Counts { total, bad: total / 2.0, measured } };
        let (first, jump, last) = (knot(10, 4.0, 3), knot(10, 8.0, 3), knot(20, 14.0, 10));
        for (name, next, at, total, measured) in [
            ("at it", last, 10, 4.0, 3),
            ("half way", last, 15, 9.0, 7),
            ("a tenth", last, 11, 5.0, 4),
            ("before it", last, 5, 4.0, 3),
            ("a jump", jump, 11, 4.0, 3),
        ] {
            let found = first.between(&next, Timestamp(at));
            assert_eq!(found, Counts { total, bad: total / 2.0, measured }, "{name}");
        }
    }

    #[test]
    fn quiet_is_measured_time_without_events() {
        let first = Knot { at: Timestamp(10), sum: Counts { total: 4.0, bad: 2.0, measured: 3 } };
        for (total, bad, measured, quiet) in
            [(4.0, 2.0, 13, true), (5.0, 2.0, 13, false), (4.0, 3.0, 13, false), (4.0, 2.0, 12, false)]
        {
            let next = Knot { at: Timestamp(20), sum: Counts { total, bad, measured } };
            assert_eq!(first.quiet_until(&next), quiet, "{next:?}");
        }
    }
}

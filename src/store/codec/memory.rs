//! What both sides of the codec remember of a target: its series by number, their last values, their last order.

use crate::domain::labels::Series;
use crate::domain::reading::Target;
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// The largest magnitude up to which every whole number has its own float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A target as of its last reading.
#[derive(Debug)]
pub struct TargetMemory {
    pub target: Arc<Target>,
    pub process_start: Option<Timestamp>,
    pub series: Vec<SeriesMemory>,
    /// Numbers of the series of the last reading.
    pub order: Vec<u32>,
}

impl TargetMemory {
    pub fn new(target: Arc<Target>) -> Self {
        Self { target, process_start: None, series: Vec::new(), order: Vec::new() }
    }
}

/// A series as of its last sample.
#[derive(Debug)]
pub struct SeriesMemory {
    pub series: Arc<Series>,
    pub value: f64,
    pub created: Option<Timestamp>,
}

impl SeriesMemory {
    pub fn new(series: Arc<Series>) -> Self {
        Self { series, value: 0.0, created: None }
    }
}

/// The whole step that leads from one value to the other bit by bit, if there is one; never 0 (from −0.0 to 0.0 is
/// no step).
pub fn step_between(before: f64, after: f64) -> Option<i64> {
    let whole = |value: f64| value.abs() <= EXACT && value.trunc() == value;
    if !whole(before) || !whole(after) {
        return None;
    }
    let step = after as i64 - before as i64;
    (step != 0 && after_step(before, step).to_bits() == after.to_bits()).then_some(step)
}

/// Undoes [`step_between`].
pub fn after_step(before: f64, step: i64) -> f64 {
    (before as i64).wrapping_add(step) as f64
}

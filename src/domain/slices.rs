//! Time slices: the budget's events are slices of time, each good or bad as a whole.
//!
//! A slice is judged from the event history when it ends, and judged again whenever later knowledge (another target's
//! scrape, a bridged gap) changes what happened in it, so the verdict depends on the data alone, not on when it came.

use super::burn::{exceeds, window_counts};
use super::history::History;
use super::slo::{Maintenance, SliceVerdict, Timeslices};
use super::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};

/// Slices older than this many are not judged again one by one (a bridged gap of weeks would be).
const MOST_AT_ONCE: i64 = 50_000;

/// The slice counts of one SLO or group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// One event for each counted slice, at its end.
    pub history: History,
    /// End of the first slice not yet counted, `None` before the first sample.
    next_end: Option<Timestamp>,
}

/// A slice's verdict as counts: nothing, or one event with its bad part.
type Verdict = (f64, f64);

impl Slices {
    /// Counts every slice that has ended by `now`.
    pub fn advance(&mut self, now: Timestamp, spec: &Timeslices, events: &History, maintenance: &[Maintenance]) {
        let length = millis(spec.slice).max(1);
        let Some(begin) = events.begin() else { return };
        let oldest = slice_end(Timestamp(now.0 - length * MOST_AT_ONCE), length);
        let mut end = self.next_end.unwrap_or(slice_end(begin, length)).max(oldest);
        while end <= now {
            let (total, bad) = judge(spec, events, maintenance, end);
            if total > 0.0 {
                self.history.record(end, end, total, bad, true);
            }
            end = Timestamp(end.0 + length);
        }
        self.next_end = Some(end);
    }

    /// Verdicts of the counted slices that a change of `[from, to]` touches, to be compared after the change.
    pub fn verdicts(
        &self,
        from: Timestamp,
        to: Timestamp,
        spec: &Timeslices,
        events: &History,
        maintenance: &[Maintenance],
    ) -> Vec<(Timestamp, Verdict)> {
        let length = millis(spec.slice).max(1);
        let Some(next_end) = self.next_end else { return Vec::new() };
        let first = slice_end(from, length).0.max(next_end.0 - length * MOST_AT_ONCE);
        let last = slice_end(to, length).0.min(next_end.0 - length);
        let ends = (0..).map(|i| first + i * length).take_while(|end| *end <= last).map(Timestamp);
        ends.map(|end| (end, judge(spec, events, maintenance, end))).collect()
    }

    /// Corrects what was counted, given the verdicts before a change.
    pub fn correct(
        &mut self,
        before: &[(Timestamp, Verdict)],
        spec: &Timeslices,
        events: &History,
        maintenance: &[Maintenance],
    ) {
        for (end, old) in before {
            let new = judge(spec, events, maintenance, *end);
            if new != *old {
                self.history.record(*end, *end, new.0 - old.0, new.1 - old.1, true);
            }
        }
    }
}

/// End of the slice that holds the moment after `at`.
fn slice_end(at: Timestamp, length: i64) -> Timestamp {
    Timestamp((at.0.div_euclid(length) + 1) * length)
}

fn judge(spec: &Timeslices, events: &History, maintenance: &[Maintenance], end: Timestamp) -> Verdict {
    let counts = window_counts(events, maintenance, Timestamp(end.0 - millis(spec.slice).max(1)), end);
    if counts.total <= 0.0 {
        return if counts.measured > 0 { (1.0, 0.0) } else { (0.0, 0.0) };
    }
    if spec.verdict == SliceVerdict::Share {
        return (1.0, (counts.bad / counts.total).clamp(0.0, 1.0));
    }
    let allowed =
        super::ratio::Ratio::new(100, 1).and_then(|hundred| spec.target.over(hundred)).and_then(|t| t.complement());
    let bad = allowed.is_some_and(|allowed| exceeds(counts.bad, counts.total, allowed));
    (1.0, f64::from(u8::from(bad)))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ratio::Ratio;
    use std::time::Duration;

    fn spec(verdict: SliceVerdict) -> Timeslices {
        Timeslices { slice: Duration::from_secs(1), target: Ratio::new(90, 1).unwrap(), verdict }
    }

    /// Events at one rate over `(from, to]` of seconds.
    fn record(events: &mut History, from: i64, to: i64, total: f64, bad: f64) {
        events.record(Timestamp(from * 1000), Timestamp(to * 1000), total, bad, true);
    }

    fn whole(slices: &Slices) -> (f64, f64) {
        let counts = slices.history.sum(Timestamp(i64::MIN / 2), Timestamp(i64::MAX / 2));
        (counts.total, counts.bad)
    }

    #[test]
    fn a_slice_is_one_event_that_ends_with_it() {
        let mut events = History::default();
        record(&mut events, 0, 1, 10.0, 1.0);
        record(&mut events, 1, 2, 10.0, 2.0);
        record(&mut events, 2, 3, 0.0, 0.0);
        for (name, verdict, now, expected) in [
            ("nothing has ended", SliceVerdict::Whole, 999, (0.0, 0.0)),
            ("the first has met its target", SliceVerdict::Whole, 1000, (1.0, 0.0)),
            ("the second is bad as a whole", SliceVerdict::Whole, 2999, (2.0, 1.0)),
            ("a measured slice without events is good", SliceVerdict::Whole, 3000, (3.0, 1.0)),
            ("one that nobody measured is none", SliceVerdict::Whole, 9000, (3.0, 1.0)),
            ("shares add up", SliceVerdict::Share, 9000, (3.0, 0.1 + 0.2)),
        ] {
            let mut slices = Slices::default();
            slices.advance(Timestamp(now), &spec(verdict), &events, &[]);
            slices.advance(Timestamp(now), &spec(verdict), &events, &[]);
            let (total, bad) = whole(&slices);
            assert_eq!(total, expected.0, "{name}");
            assert!((bad - expected.1).abs() < 1e-9, "{name}: {bad}");
        }
    }

    #[test]
    fn time_that_nobody_measured_leaves_no_trace() {
        let mut events = History::default();
        record(&mut events, 0, 1, 10.0, 0.0);
        let [short, long] = [1000, 9000].map(|now| {
            let mut slices = Slices::default();
            slices.advance(Timestamp(now), &spec(SliceVerdict::Whole), &events, &[]);
            slices.history
        });
        assert_eq!(long, short);
    }

    #[test]
    fn no_more_slices_are_judged_at_once_than_a_bound() {
        let mut events = History::default();
        record(&mut events, 0, 60_000, 60_000.0, 0.0);
        let mut slices = Slices::default();
        slices.advance(Timestamp(60_000_000), &spec(SliceVerdict::Whole), &events, &[]);
        assert_eq!(whole(&slices), (50_000.0, 0.0));
        let verdicts = slices.verdicts(Timestamp(0), Timestamp(70_000_000), &spec(SliceVerdict::Whole), &events, &[]);
        let ends = verdicts.first().zip(verdicts.last()).map(|(first, last)| (first.0.0, last.0.0));
        assert_eq!((verdicts.len(), ends), (50_000, Some((10_001_000, 60_000_000))));
    }

    #[test]
    fn later_knowledge_changes_the_slices_that_it_touches() {
        let mut events = History::default();
        record(&mut events, 0, 4, 40.0, 0.0);
        let spec = spec(SliceVerdict::Whole);
        let mut slices = Slices::default();
        slices.advance(Timestamp(4000), &spec, &events, &[]);
        let before = slices.verdicts(Timestamp(1500), Timestamp(2500), &spec, &events, &[]);
        assert_eq!(before.iter().map(|(end, _)| end.0).collect::<Vec<_>>(), [2000, 3000]);
        record(&mut events, 1, 2, 0.0, 5.0);
        slices.correct(&before, &spec, &events, &[]);
        assert_eq!(whole(&slices), (4.0, 1.0));
        assert_eq!(slices.history.sum(Timestamp(1999), Timestamp(2000)).bad, 1.0);
        slices.correct(&slices.verdicts(Timestamp(0), Timestamp(4000), &spec, &events, &[]), &spec, &events, &[]);
        assert_eq!(whole(&slices), (4.0, 1.0), "nothing has changed since");
        let before = slices.verdicts(Timestamp(1500), Timestamp(1900), &spec, &events, &[]);
        record(&mut events, 1, 2, 100.0, 0.0);
        slices.correct(&before, &spec, &events, &[]);
        assert_eq!(whole(&slices), (4.0, 0.0), "good after all");
    }
}

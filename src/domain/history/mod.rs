//! The counts of one SLO over time, kept as cumulative sums so that any window is the difference of two look-ups.
//!
//! The curve is a list of knots with straight lines between them, because events between two samples of a series are
//! taken as spread evenly over the time between. Before the first knot everything is zero, after the last it is flat.
//!
//! Fresh knots lie open in the head. From time to time the older half of it is sealed into a compressed run of the
//! recent past; after some runs a compaction merges and thins all that is sealed into a new old past, which is
//! immutable until the next one. The distance between two knots never exceeds age / 512 (0.2 %), so no window's edge is
//! off by more than that. When sealing and compaction happen is spread by what was counted, so that ten thousand curves
//! that were begun in one moment don't do it in one moment.
//!
//! Late knowledge (a gap that the same counters bridge, another target's scrape) may change the past: sealed runs it
//! reaches into are opened again.

mod coding;
mod compact;
mod curve;
mod edges;
mod former;
mod knot;
mod old;
mod packed;
mod runs;
mod stored;

use super::time::Timestamp;
pub(in crate::domain) use curve::Ahead;
use curve::Curve;
use edges::Edges;
pub use knot::{Counts, Knot, nearest};
pub use old::Old;
use packed::Packed;

/// Cumulative counts of one SLO or group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    old: Old,
    /// What was sealed since; begins with the old past's last knot.
    recent: Packed,
    /// Never empty once something was recorded; begins with the last sealed knot.
    head: Vec<Knot>,
    edges: Edges,
}

impl History {
    /// Adds events that happened evenly over `[from, to]` (all at `to` when they are equal) and, unless it is not
    /// `measured`, marks the span so.
    ///
    /// Amounts may be negative (a corrected slice); a span that ends before it begins is taken as a point.
    pub fn record(&mut self, from: Timestamp, to: Timestamp, total: f64, bad: f64, measured: bool) {
        let from = from.min(to);
        self.edges.tip = None;
        let events = Counts { total, bad, measured: i64::from(measured) };
        if self.head.last().is_some_and(|last| from < last.at) {
            self.insert(from, to, events);
        } else {
            self.append(from, to, events);
        }
    }

    /// The common case: nothing is known yet about any time after `from`.
    ///
    /// Here and in [`History::insert`] `events.measured` is the share of the span that was measured, 0 or 1.
    fn append(&mut self, from: Timestamp, to: Timestamp, events: Counts) {
        let last = self.head.last().copied().unwrap_or(Knot { at: from, sum: Counts::default() });
        if self.head.is_empty() || from > last.at {
            self.head.push(Knot { at: from, sum: last.sum });
        }
        let start = self.head.len() - 1;
        let sum = Counts {
            total: last.sum.total + events.total,
            bad: last.sum.bad + events.bad,
            measured: last.sum.measured + (to.0 - from.0) * events.measured,
        };
        let knot = Knot { at: to, sum };
        let extends =
            start > 0 && from == last.at && self.head[start - 1].quiet_until(&last) && last.quiet_until(&knot);
        if extends {
            self.edges.changed_after(self.head[start - 1].at);
            self.head[start] = knot;
        } else {
            self.head.push(knot);
        }
    }

    /// Knowledge about a span of which later times are known already.
    fn insert(&mut self, from: Timestamp, to: Timestamp, events: Counts) {
        self.open_from(from);
        self.edges.changed_after(from);
        self.ensure(from);
        self.ensure(to);
        if from == to {
            self.split(to);
            let jump = self.head.partition_point(|k| k.at <= to) - 1;
            for knot in &mut self.head[jump..] {
                knot.sum.total += events.total;
                knot.sum.bad += events.bad;
            }
            return;
        }
        let length = (to.0 - from.0) as f64;
        let begin = self.head.partition_point(|k| k.at <= from);
        let (mut before, mut found) = (self.head[begin - 1], 0);
        for knot in &mut self.head[begin..] {
            let share = ((knot.at.0 - from.0) as f64 / length).min(1.0);
            if knot.at <= to {
                let step = knot.at.0 - before.at.0;
                found += (step - (knot.sum.measured - before.sum.measured)) * events.measured;
                before = *knot;
            }
            knot.sum.total += events.total * share;
            knot.sum.bad += events.bad * share;
            knot.sum.measured += found;
        }
    }

    /// Makes `at` a knot, without changing the curve.
    fn ensure(&mut self, at: Timestamp) {
        let next = self.head.partition_point(|k| k.at <= at);
        if next > 0 && self.head[next - 1].at == at {
            return;
        }
        let sum = self.at(at);
        self.head.insert(next, Knot { at, sum });
    }

    /// Makes the knot at `at` a pair, so that a jump can lie between them.
    fn split(&mut self, at: Timestamp) {
        let next = self.head.partition_point(|k| k.at <= at);
        if next < 2 || self.head[next - 2].at != at {
            self.head.insert(next, self.head[next - 1]);
        }
    }

    /// Opens every run that holds knowledge from `from` on.
    fn open_from(&mut self, from: Timestamp) {
        let old = self.old.runs().ended_before(from);
        let all_of_old = old == self.old.runs().len();
        let recent = if all_of_old { self.recent.runs().ended_before(from) } else { 0 };
        if all_of_old && recent == self.recent.runs().len() {
            return;
        }
        self.edges.forget();
        let mut opened: Vec<Knot> = Vec::new();
        for run in self.old.runs().iter().skip(old).chain(self.recent.runs().iter().skip(recent)) {
            opened.pop();
            opened.extend(run.knots());
        }
        // The head begins with it.
        opened.pop();
        self.head.splice(0..0, opened);
        self.recent.truncate(recent);
        if !all_of_old {
            let mut kept = Packed::default();
            self.old.runs().iter().take(old).for_each(|run| kept.push_run(&run));
            self.old = self.old.succeeded_by(kept);
        }
    }

    fn curve(&self) -> Curve<'_> {
        Curve { old: &self.old, recent: &self.recent, head: &self.head }
    }

    /// The cumulative counts at a moment, its own jump included.
    pub fn at(&self, at: Timestamp) -> Counts {
        self.curve().at(at)
    }

    /// What happened in `(from, to]`.
    pub fn sum(&self, from: Timestamp, to: Timestamp) -> Counts {
        self.at(to) - self.at(from)
    }

    /// The moment of the first knot, `None` when nothing was ever recorded.
    pub fn begin(&self) -> Option<Timestamp> {
        self.curve().first().map(|knot| knot.at)
    }

    /// The moment of the last knot.
    pub fn end(&self) -> Option<Timestamp> {
        self.head.last().map(|k| k.at)
    }

    /// The old past, which is stored by itself.
    pub fn old(&self) -> &Old {
        &self.old
    }

    /// Takes back an old past that was stored by itself; `false`, and nothing is changed, where the rest does not
    /// follow it.
    pub fn attach(&mut self, old: Old) -> bool {
        let next = self.recent.runs().first().or_else(|| self.head.first().copied());
        let fits = old.continues_at(next.map(|knot| knot.at));
        if fits {
            self.old = old;
            self.edges.forget();
        }
        fits
    }

    /// Bytes of heap, for the memory report.
    pub fn heap(&self) -> usize {
        self.old.heap() + self.recent.heap() + self.head.capacity() * size_of::<Knot>()
    }
}

#[cfg(test)]
mod knots_tests;
#[cfg(test)]
mod tests;

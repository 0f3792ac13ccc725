//! The counts of one SLO over time, kept as cumulative sums so that any window is the difference of two look-ups.
//!
//! The curve is a list of knots with straight lines between them, because events between two samples of a series are
//! taken as spread evenly over the time between. Before the first knot everything is zero, after the last it is flat.
//! Fresh knots lie open in the head; older ones are sealed into compressed chunks, and chunks are thinned as they age:
//! the distance between two knots never exceeds age / 512 (0.2 %), so no window's edge is off by more than that.
//! Late knowledge (a gap that the same counters bridge, another target's scrape) may change the past: sealed chunks it
//! reaches into are opened again.

mod chunk;
mod edges;
mod knot;

use super::time::Timestamp;
use chunk::Chunk;
use edges::Edges;
pub use knot::{Counts, Knot};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An edge may be off by this part of the window at most (0.195 %).
const EDGE: i64 = 512;
/// Open knots beyond which the older half is sealed.
const HEAD_MAX: usize = 64;
/// Two neighbours become one chunk when their span holds at most this many knots of the allowed distance.
const MERGE_SPAN: i64 = 48;

/// Cumulative counts of one SLO or group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    sealed: Vec<Chunk>,
    /// Never empty once something was recorded; begins with the last sealed knot.
    head: Vec<Knot>,
    #[serde(skip)]
    edges: Edges,
}

impl History {
    /// Adds events that happened evenly over `[from, to]` (all at `to` when they are equal) and, unless it is not
    /// `measured`, marks the span so.
    ///
    /// Amounts may be negative (a corrected slice); a span that ends before it begins is taken as a point.
    pub fn record(&mut self, from: Timestamp, to: Timestamp, total: f64, bad: f64, measured: bool) {
        let from = from.min(to);
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
        let extends = start > 0
            && from == last.at
            && to > from
            && self.head[start - 1].at < last.at
            && self.head[start - 1].quiet_until(&last)
            && last.quiet_until(&knot);
        if extends {
            self.head[start] = knot;
        } else {
            self.head.push(knot);
        }
    }

    /// Knowledge about a span of which later times are known already.
    fn insert(&mut self, from: Timestamp, to: Timestamp, events: Counts) {
        self.open_from(from);
        if self.head.first().is_some_and(|first| from < first.at) {
            self.head.insert(0, Knot { at: from, sum: Counts::default() });
        }
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

    /// Opens every chunk that holds knowledge from `from` on.
    fn open_from(&mut self, from: Timestamp) {
        let keep = self.sealed.partition_point(|chunk| chunk.last.at < from);
        if keep < self.sealed.len() {
            self.edges.forget();
        }
        let mut opened: Vec<Knot> = Vec::new();
        for chunk in self.sealed.drain(keep..) {
            opened.pop();
            opened.extend(chunk.knots());
        }
        if !opened.is_empty() {
            opened.pop();
            self.head.splice(0..0, opened);
        }
    }

    /// The cumulative counts at a moment, its own jump included.
    pub fn at(&self, at: Timestamp) -> Counts {
        if self.head.first().is_some_and(|first| at >= first.at) {
            let next = self.head.partition_point(|k| k.at <= at);
            let knot = &self.head[next - 1];
            return self.head.get(next).map_or(knot.sum, |after| knot.between(after, at));
        }
        let next = self.sealed.partition_point(|chunk| chunk.first.at <= at);
        match next.checked_sub(1) {
            Some(chunk) => self.sealed[chunk].at(at),
            None => self.first().map_or(Counts::default(), |knot| knot.sum),
        }
    }

    /// What happened in `(from, to]`.
    pub fn sum(&self, from: Timestamp, to: Timestamp) -> Counts {
        self.at(to) - self.at(from)
    }

    fn first(&self) -> Option<Knot> {
        self.sealed.first().map(|chunk| chunk.first).or_else(|| self.head.first().copied())
    }

    /// The moment of the first knot, `None` when nothing was ever recorded.
    pub fn begin(&self) -> Option<Timestamp> {
        self.first().map(|knot| knot.at)
    }

    /// The moment of the last knot.
    pub fn end(&self) -> Option<Timestamp> {
        self.head.last().map(|k| k.at)
    }

    /// Whether [`History::maintain`] has something to do.
    pub fn is_full(&self) -> bool {
        self.head.len() > HEAD_MAX
    }

    /// Seals, thins and forgets what age allows.
    ///
    /// `finest` is the shortest window ever asked for, `keep` the longest; around `pins` (ascending: calendar and
    /// maintenance edges) the curve stays exact.
    pub fn maintain(&mut self, now: Timestamp, finest: Duration, keep: Duration, pins: &[Timestamp]) {
        if !self.is_full() {
            return;
        }
        let finest = finest.as_millis() as i64;
        while self.head.len() > HEAD_MAX {
            let half = HEAD_MAX / 2;
            let allowed = finest.max(now.0 - self.head[half].at.0) / EDGE;
            let knots = thin(&self.head[..=half], allowed, pins);
            self.sealed.extend(Chunk::seal(&knots));
            self.head.drain(..half);
        }
        self.edges.forget();
        self.merge(now, finest, pins);
        let oldest = now - keep;
        let forget = self.sealed.partition_point(|chunk| chunk.last.at < oldest);
        self.sealed.drain(..forget);
    }

    fn merge(&mut self, now: Timestamp, finest: i64, pins: &[Timestamp]) {
        let mut merged: Vec<Chunk> = Vec::with_capacity(self.sealed.len());
        for chunk in self.sealed.drain(..) {
            let allowed = finest.max(now.0 - chunk.last.at.0) / EDGE;
            match merged.last_mut() {
                Some(before) if before.span() + chunk.span() <= allowed * MERGE_SPAN => {
                    let mut knots: Vec<Knot> = before.knots().collect();
                    knots.pop();
                    knots.extend(chunk.knots());
                    if let Some(joined) = Chunk::seal(&thin(&knots, allowed, pins)) {
                        *before = joined;
                    }
                }
                _ => merged.push(chunk),
            }
        }
        self.sealed = merged;
    }

    /// Bytes of heap, for the memory report.
    pub fn heap(&self) -> usize {
        let chunks: usize = self.sealed.iter().map(|c| size_of::<Chunk>() + c.heap()).sum();
        chunks + self.head.capacity() * size_of::<Knot>()
    }
}

/// Drops knots whose neighbours are at most `allowed` ms apart; both ends stay, and pins are made knots that stay.
fn thin(knots: &[Knot], allowed: i64, pins: &[Timestamp]) -> Vec<Knot> {
    let (Some(first), Some(last)) = (knots.first(), knots.last()) else { return Vec::new() };
    let inside = pins.partition_point(|p| *p <= first.at)..pins.partition_point(|p| *p < last.at);
    let mut pins = pins[inside].iter().peekable();
    let mut kept = vec![*first];
    let mut last_kept = first.at;
    for (i, knot) in knots.iter().enumerate().skip(1) {
        while let Some(&pin) = pins.next_if(|pin| **pin < knot.at) {
            kept.push(Knot { at: pin, sum: knots[i - 1].between(knot, pin) });
            last_kept = pin;
        }
        let pinned = pins.peek() == Some(&&knot.at);
        if pinned || knots.get(i + 1).is_none_or(|next| next.at.0 - last_kept.0 > allowed) {
            kept.push(*knot);
            last_kept = knot.at;
        }
    }
    kept
}

#[cfg(test)]
mod tests;

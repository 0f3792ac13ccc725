//! Where the edges of windows stand on the curve.
//!
//! An edge moves forward by one scrape interval at a time, so it nearly always stays between the same two knots or moves
//! on to the next one. For each edge both are remembered, which spares the search (and, in the sealed past, the decoding
//! from a run's beginning). What is remembered holds nothing that the curve does not say: what it gives is what
//! [`History::at`] gives.
//!
//! Thousands of curves are looked at in a row, and what they cost is the memory that has to be fetched for each. So what
//! every look needs, the two knots of each edge, lies in one piece inside the history, and apart from what only a step to
//! the next knot needs.

use super::coding::Place;
use super::curve::Curve;
use super::{Counts, History, Knot};
use crate::domain::time::Timestamp;
use smallvec::SmallVec;

/// No change at all.
const UNCHANGED: Timestamp = Timestamp(i64::MAX);
/// The edges of the usual pairs: seven windows, and that of the SLO.
const USUAL: usize = 8;
/// Knots of a span.
const SPAN: usize = 4;

/// Derived, so that two histories are equal whatever their edges.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    spans: SmallVec<[Span; USUAL]>,
    /// Where each span stands.
    spots: Vec<Spot>,
    /// Up to here the open part of the curve is as it was at the last look.
    same_until: Timestamp,
    /// The curve's last knot, while nothing was recorded since the last look.
    pub tip: Option<Knot>,
}

impl Default for Edges {
    fn default() -> Self {
        Self { spans: SmallVec::new(), spots: Vec::new(), same_until: UNCHANGED, tip: None }
    }
}

impl PartialEq for Edges {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Some knots in a row, of which two stand around an edge. The others are those that it meets next: reading them from
/// the sealed past one by one would fetch the same memory each time.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    knots: [Knot; SPAN],
    /// How many of the knots there are.
    len: u8,
    /// The knot before the edge.
    before: u8,
}

/// Behind the last knot of a span.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Spot {
    #[default]
    Nowhere,
    /// In a run, counted through the old and then the recent past.
    Sealed(usize, Place),
    /// An index into the head.
    Open(usize),
}

impl Edges {
    /// After any change of what was sealed, other than an addition at its end.
    pub fn forget(&mut self) {
        self.tip = None;
        self.spans.clear();
        self.spots.clear();
    }

    /// After a change of the open part of the curve behind a moment.
    pub fn changed_after(&mut self, at: Timestamp) {
        self.tip = None;
        self.same_until = self.same_until.min(at);
    }

    /// Forgets what may have changed, and makes room for so many edges.
    fn refresh(&mut self, edges: usize) {
        if self.spans.len() != edges {
            self.spans.resize(edges, Span::default());
            self.spots.resize(edges, Spot::default());
        }
        let same_until = std::mem::replace(&mut self.same_until, UNCHANGED);
        if same_until == UNCHANGED {
            return;
        }
        for (span, spot) in self.spans.iter_mut().zip(&mut self.spots) {
            if span.end() >= same_until {
                (*span, *spot) = Default::default();
            }
        }
    }
}

impl History {
    /// What happened in `(from, to]` for several moments `from`; faster when each lies shortly after the one that stood at
    /// its place in the last call.
    pub fn sums(
        &mut self,
        from: impl Iterator<Item = Timestamp> + Clone,
        to: Timestamp,
    ) -> impl Iterator<Item = Counts> {
        // Not `self.curve()`, which would borrow the edges too.
        let curve = Curve { old: &self.old.packed, recent: &self.recent, head: &self.head };
        let edges = &mut self.edges;
        edges.refresh(from.clone().count());
        edges.tip = edges.tip.or_else(|| self.head.last().copied());
        let end = edges.tip.filter(|tip| to >= tip.at).map_or_else(|| curve.at(to), |tip| tip.sum);
        let edges = edges.spans.iter_mut().zip(&mut edges.spots);
        from.zip(edges).map(move |(at, (span, spot))| end - span.at(spot, curve, at).unwrap_or_else(|| curve.at(at)))
    }
}

impl Span {
    /// The counts at a moment; `None` where the curve has no knots around it.
    fn at(&mut self, spot: &mut Spot, curve: Curve<'_>, at: Timestamp) -> Option<Counts> {
        if self.len == 0 || at < self.knots[usize::from(self.before)].at {
            let (first, behind) = curve.enter(at)?;
            (*self, *spot) = (Self { knots: [first; SPAN], len: 1, before: 0 }, behind);
        }
        loop {
            let before = usize::from(self.before);
            match self.knots[..usize::from(self.len)].get(before + 1) {
                Some(after) if after.at > at => return Some(self.knots[before].between(after, at)),
                Some(_) => self.before += 1,
                None => self.read_on(spot, curve)?,
            }
        }
    }

    /// Goes on with the knots behind the last one; `None`, and there are none at all, where there are no more.
    fn read_on(&mut self, spot: &mut Spot, curve: Curve<'_>) -> Option<()> {
        let last = self.knots[usize::from(self.len) - 1];
        let behind = std::iter::from_fn(|| curve.next(spot));
        let mut len = 1;
        self.knots[0] = last;
        for (place, knot) in self.knots[1..].iter_mut().zip(behind) {
            *place = knot;
            len += 1;
        }
        if len == 1 {
            *self = Self::default();
            return None;
        }
        (self.len, self.before) = (len, 0);
        Some(())
    }

    /// The moment of the last knot.
    fn end(&self) -> Timestamp {
        self.knots[usize::from(self.len.max(1)) - 1].at
    }
}

#[cfg(test)]
mod tests;

//! Where the edges of windows stand on the curve.
//!
//! An edge moves forward by one scrape interval at a time, so it nearly always stays between the same two knots or moves
//! on to the next one. For each edge both are remembered, which spares the search (and, in the sealed past, the decoding
//! from a run's beginning). What is remembered holds nothing that the curve does not say: what it gives is what
//! [`History::at`] gives.
//!
//! Thousands of curves are looked at in a row, and what they cost is the memory that has to be fetched for each. So what
//! every look needs, the two knots, is one cache line for each edge, and apart from what only a step to the next knot
//! needs.

use super::coding::Place;
use super::packed::{Packed, Run};
use super::{Counts, History, Knot};
use crate::domain::time::Timestamp;
use smallvec::SmallVec;

/// Derived, so that two histories are equal whatever their edges.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    spans: Vec<Span>,
    /// Where each span stands.
    spots: Vec<Spot>,
    /// Up to here the open part of the curve is as it was at the last look.
    same_until: Timestamp,
}

impl Default for Edges {
    fn default() -> Self {
        Self { spans: Vec::new(), spots: Vec::new(), same_until: Timestamp(i64::MAX) }
    }
}

impl PartialEq for Edges {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The last knot at or before an edge and the one after it; equal where nothing was looked up yet.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Span {
    before: Knot,
    after: Knot,
}

/// Behind the later knot of a span.
#[derive(Clone, Copy, Debug, Default)]
enum Spot {
    #[default]
    Nowhere,
    /// In a run, counted through the old and then the recent past.
    Sealed(usize, Place),
    /// An index into the head.
    Open(usize),
}

/// The whole curve, to walk on.
#[derive(Clone, Copy)]
struct Curve<'a> {
    old: &'a Packed,
    recent: &'a Packed,
    head: &'a [Knot],
}

impl<'a> Curve<'a> {
    fn run(self, number: usize) -> Option<Run<'a>> {
        match number.checked_sub(self.old.len()) {
            None => self.old.run(number),
            Some(number) => self.recent.run(number),
        }
    }

    /// The first knot of the part that holds a moment, and the spot behind it.
    fn enter(self, at: Timestamp) -> Option<(Knot, Spot)> {
        if self.head.first().is_some_and(|first| first.at <= at) {
            let next = self.head.partition_point(|knot| knot.at <= at);
            return Some((self.head[next - 1], Spot::Open(next)));
        }
        let recent = self.recent.find(at).map(|number| self.old.len() + number);
        self.begin(recent.or_else(|| self.old.find(at))?)
    }

    fn begin(self, number: usize) -> Option<(Knot, Spot)> {
        let run = self.run(number)?;
        Some((run.first, Spot::Sealed(number, run.begin())))
    }

    /// The knot at a spot, which moves on.
    fn next(self, spot: &mut Spot) -> Option<Knot> {
        match spot {
            Spot::Nowhere => None,
            Spot::Open(index) => {
                let knot = self.head.get(*index).copied();
                *index += 1;
                knot
            }
            Spot::Sealed(number, place) => match self.run(*number)?.next(place) {
                Some(knot) => Some(knot),
                None => {
                    let (first, behind) =
                        self.begin(*number + 1).or_else(|| Some((*self.head.first()?, Spot::Open(1))))?;
                    *spot = behind;
                    Some(first)
                }
            },
        }
    }
}

impl Edges {
    /// After any change of what was sealed, other than an addition at its end.
    pub fn forget(&mut self) {
        self.spans.clear();
        self.spots.clear();
    }

    /// After a change of the open part of the curve behind a moment.
    pub fn changed_after(&mut self, at: Timestamp) {
        self.same_until = self.same_until.min(at);
    }

    /// Forgets what may have changed, and makes room for so many edges.
    fn refresh(&mut self, edges: usize) {
        self.spans.resize(edges, Span::default());
        self.spots.resize(edges, Spot::default());
        let same_until = std::mem::replace(&mut self.same_until, Timestamp(i64::MAX));
        for (span, spot) in self.spans.iter_mut().zip(&mut self.spots) {
            if span.after.at > same_until {
                (*span, *spot) = Default::default();
            }
        }
    }
}

impl History {
    /// [`History::at`] at several moments; faster when each lies shortly after the one that stood at its place in the
    /// last call.
    pub fn at_edges(&mut self, moments: &[Timestamp]) -> SmallVec<[Counts; 12]> {
        let mut edges = std::mem::take(&mut self.edges);
        edges.refresh(moments.len());
        let curve = Curve { old: &self.old.packed, recent: &self.recent, head: &self.head };
        let spans = edges.spans.iter_mut().zip(&mut edges.spots);
        let look_up = |(at, (span, spot)): (&Timestamp, (&mut Span, &mut Spot))| {
            span.at(spot, curve, *at).unwrap_or_else(|| self.at(*at))
        };
        let found = moments.iter().zip(spans).map(look_up).collect();
        self.edges = edges;
        found
    }
}

impl Span {
    /// `None` where the curve has no two such knots.
    fn at(&mut self, spot: &mut Spot, curve: Curve<'_>, at: Timestamp) -> Option<Counts> {
        if at < self.before.at || self.before.at == self.after.at {
            let (first, behind) = curve.enter(at)?;
            (*self, *spot) = (Self { before: first, after: first }, behind);
        }
        while self.after.at <= at {
            match curve.next(spot) {
                Some(knot) => self.before = std::mem::replace(&mut self.after, knot),
                None => {
                    (*self, *spot) = Default::default();
                    return None;
                }
            }
        }
        Some(self.before.between(&self.after, at))
    }
}

#[cfg(test)]
mod tests;

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
use super::curve::{Ahead, Curve};
use super::runs::{Bounds, Runs};
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
    spans: Vec<Span>,
    /// Where each edge stands in its span.
    marks: SmallVec<[Mark; USUAL]>,
    /// Where each span stands.
    spots: Vec<Spot>,
    /// Up to here the open part of the curve is as it was at the last look.
    same_until: Timestamp,
    /// The curve's last knot, while nothing was recorded since the last look.
    pub tip: Option<Knot>,
}

impl Default for Edges {
    fn default() -> Self {
        Self { spans: Vec::new(), marks: SmallVec::new(), spots: Vec::new(), same_until: UNCHANGED, tip: None }
    }
}

impl PartialEq for Edges {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Some knots in a row, of which two stand around an edge. The others are those that it meets next: reading them from
/// the sealed past one by one would fetch the same memory each time. Two knots fill what the processor fetches at once.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Span([Knot; SPAN]);

/// The place of an edge in its span.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// How many of the knots there are.
    len: u8,
    /// The knot before the edge.
    before: u8,
}

/// One edge, with all that is known of where it stands.
struct Edge<'a> {
    span: &'a mut Span,
    mark: &'a mut Mark,
    spot: &'a mut Spot,
}

/// Behind the last knot of a span. Of one shape in every part, so that its memory, of two lines, is fetched without a look at
/// it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Spot {
    pub part: Part,
    /// Of the run; in the open part of the knot.
    pub number: u32,
    /// In a sealed run.
    pub place: Place,
    pub bounds: Bounds,
}

/// A part of the curve, in the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    #[default]
    Nowhere,
    Old,
    Recent,
    Open,
}

impl Spot {
    /// Before a knot of the head.
    pub fn open(index: usize) -> Self {
        Self { part: Part::Open, number: u32::try_from(index).unwrap_or(u32::MAX), ..Self::default() }
    }

    /// The first knot of a sealed run, and the spot behind it.
    pub fn begin(part: Part, runs: Runs<'_>, number: usize) -> Option<(Knot, Self)> {
        let (first, bounds) = runs.enter(number)?;
        let place = Place::begin(&bounds.inner(runs.body)?);
        Some((first, Self { part, number: u32::try_from(number).ok()?, place, bounds }))
    }
}

impl Edges {
    /// After any change of what was sealed, other than an addition at its end.
    pub fn forget(&mut self) {
        self.tip = None;
        self.spans.clear();
        self.marks.clear();
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
            self.marks.resize(edges, Mark::default());
            self.spots.resize(edges, Spot::default());
        }
        let same_until = std::mem::replace(&mut self.same_until, UNCHANGED);
        if same_until != UNCHANGED {
            self.all().filter(|edge| edge.last().at >= same_until).for_each(|mut edge| edge.forget());
        }
    }

    fn all(&mut self) -> impl Iterator<Item = Edge<'_>> {
        let edges = self.spans.iter_mut().zip(&mut self.marks).zip(&mut self.spots);
        edges.map(|((span, mark), spot)| Edge { span, mark, spot })
    }
}

impl History {
    /// All that ever happened.
    pub fn all(&self) -> Counts {
        self.edges.tip.or_else(|| self.head.last().copied()).unwrap_or_default().sum
    }

    /// See [`crate::domain::fetch`].
    pub(in crate::domain) fn fetch(&self) -> u64 {
        self.recent.body().len() as u64
            ^ self.old.body().len() as u64
            ^ self.edges.marks.len() as u64
            ^ self.edges.same_until.0 as u64
    }

    /// The same of the knots around the edges: of all of each span, for memory that is read in a row costs less than a
    /// choice.
    pub(in crate::domain) fn fetch_knots(&self) -> u64 {
        let knots = self.edges.spans.iter().map(|span| (span.0[0].at.0 ^ span.0[SPAN - 1].sum.measured) as u64);
        knots.fold(0, |read, word| read ^ word)
    }

    /// What lies behind the knots that the edges have come to.
    pub(in crate::domain) fn ahead(&self) -> impl Iterator<Item = Ahead<'_>> {
        let (curve, spots) = (self.curve(), self.edges.marks.iter().zip(&self.edges.spots));
        spots.filter(|(mark, _)| mark.before + 2 >= mark.len).map(move |(_, spot)| Ahead { curve, spot })
    }

    /// What happened in `(from, to]` for several moments `from`; faster when each lies shortly after the one that stood at
    /// its place in the last call.
    pub fn sums(&mut self, from: &[Timestamp], to: Timestamp, sums: &mut [Counts]) {
        // Not `self.curve()`, which would borrow the edges too.
        let curve = Curve { old: &self.old, recent: &self.recent, head: &self.head };
        let edges = &mut self.edges;
        edges.refresh(from.len());
        let tip = edges.tip.or_else(|| self.head.last().copied());
        edges.tip = tip;
        let flat = |at: Timestamp| tip.filter(|tip| at >= tip.at).map(|tip| tip.sum);
        let end = flat(to).unwrap_or_else(|| curve.at(to));
        for ((at, sum), mut edge) in from.iter().zip(sums).zip(edges.all()) {
            // Behind the last knot no edge stands anywhere: it would be searched for each time.
            let before = flat(*at).or_else(|| edge.at(curve, *at));
            *sum = end - before.unwrap_or_else(|| curve.at(*at));
        }
    }
}

impl Edge<'_> {
    /// The counts at a moment; `None` where the curve has no knots around it.
    fn at(&mut self, curve: Curve<'_>, at: Timestamp) -> Option<Counts> {
        if self.mark.len == 0 || at < self.span.0[usize::from(self.mark.before)].at {
            self.stand(curve.enter(at)?);
        }
        let mut far = false;
        loop {
            let before = usize::from(self.mark.before);
            match self.span.0[..usize::from(self.mark.len)].get(before + 1) {
                Some(after) if after.at > at => return Some(self.span.0[before].between(after, at)),
                Some(_) => self.mark.before += 1,
                None if far => self.go_far(curve, at)?,
                None => {
                    self.read_on(curve)?;
                    far = true;
                }
            }
        }
    }

    /// Goes on after a pause, when the moment may lie many runs away.
    #[cold]
    fn go_far(&mut self, curve: Curve<'_>, at: Timestamp) -> Option<()> {
        let Some(place) = curve.jump(self.spot, at) else { return self.read_on(curve) };
        self.stand(place);
        Some(())
    }

    /// Stands on a knot, and knows what lies behind it.
    fn stand(&mut self, (knot, behind): (Knot, Spot)) {
        (*self.span, *self.mark, *self.spot) = (Span([knot; SPAN]), Mark { len: 1, before: 0 }, behind);
    }

    /// Goes on with the knots behind the last one; `None`, and there are none at all, where there are no more.
    fn read_on(&mut self, curve: Curve<'_>) -> Option<()> {
        self.span.0[0] = self.last();
        let len = curve.read(self.spot, &mut self.span.0);
        if len == 1 {
            self.forget();
            return None;
        }
        *self.mark = Mark { len: len as u8, before: 0 };
        Some(())
    }

    fn forget(&mut self) {
        (*self.span, *self.mark, *self.spot) = Default::default();
    }

    fn last(&self) -> Knot {
        self.span.0[usize::from(self.mark.len.max(1)) - 1]
    }
}

#[cfg(test)]
mod tests;

//! Sealed runs of knots, back to back in one buffer, a few bytes for each knot.
//!
//! One buffer and a small index instead of a box for each run: thousands of histories would else spend a quarter of
//! their memory on boxes. The last knot of a run is the first of the next, so it is kept once.

use super::coding::{self, Place};
use super::knot::{Counts, Knot};
use crate::domain::time::Timestamp;

/// Runs in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packed {
    index: Vec<Entry>,
    body: Vec<u8>,
    /// Where the last run ends.
    last: Knot,
}

/// The beginning of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub first: Knot,
    /// In the body.
    pub offset: u32,
    pub scale: u8,
}

/// One run; both ends are exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub first: Knot,
    pub last: Knot,
    pub scale: u8,
    pub body: &'a [u8],
}

impl Packed {
    /// Takes back what [`Packed::parts`] gave; `None` when the index does not fit the body.
    pub fn from_parts(index: Vec<Entry>, body: Vec<u8>, last: Knot) -> Option<Self> {
        let offsets = || index.iter().map(|entry| entry.offset as usize);
        let fits = offsets().all(|offset| offset <= body.len()) && offsets().is_sorted();
        fits.then_some(Self { index, body, last })
    }

    /// Index, body and last knot, for the disk.
    pub fn parts(&self) -> (&[Entry], &[u8], Knot) {
        (&self.index, &self.body, self.last)
    }

    /// How many runs there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn first(&self) -> Option<Knot> {
        self.index.first().map(|entry| entry.first)
    }

    pub fn last(&self) -> Option<Knot> {
        (!self.index.is_empty()).then_some(self.last)
    }

    pub fn run(&self, number: usize) -> Option<Run<'_>> {
        let entry = self.index.get(number)?;
        let next = self.index.get(number + 1);
        let end = next.map_or(self.body.len(), |next| next.offset as usize);
        let body = self.body.get(entry.offset as usize..end)?;
        Some(Run { first: entry.first, last: next.map_or(self.last, |next| next.first), scale: entry.scale, body })
    }

    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        (0..self.len()).filter_map(|number| self.run(number))
    }

    /// The run that begins at or before a moment, and whose next one does not.
    pub fn find(&self, at: Timestamp) -> Option<usize> {
        self.index.partition_point(|entry| entry.first.at <= at).checked_sub(1)
    }

    /// How many runs end before a moment.
    pub fn ended_before(&self, at: Timestamp) -> usize {
        let Some((_, later)) = self.index.split_first() else { return 0 };
        if self.last.at < at { self.len() } else { later.partition_point(|entry| entry.first.at < at) }
    }

    /// Adds knots as a run; they begin with the last knot, if there is one. Fewer than two are no run.
    pub fn push(&mut self, knots: &[Knot]) {
        let ([first, .., last], Ok(offset)) = (knots, u32::try_from(self.body.len())) else { return };
        let scale = coding::encode(knots, &mut self.body);
        self.index.push(Entry { first: *first, offset, scale });
        self.last = *last;
    }

    /// Adds a run as it is.
    pub fn push_run(&mut self, run: &Run<'_>) {
        let Ok(offset) = u32::try_from(self.body.len()) else { return };
        self.body.extend_from_slice(run.body);
        self.index.push(Entry { first: run.first, offset, scale: run.scale });
        self.last = run.last;
    }

    /// Keeps so many runs.
    pub fn truncate(&mut self, runs: usize) {
        if let Some(entry) = self.index.get(runs) {
            self.last = entry.first;
            self.body.truncate(entry.offset as usize);
            self.index.truncate(runs);
        }
    }

    pub fn shrink(&mut self) {
        self.index.shrink_to_fit();
        self.body.shrink_to_fit();
    }

    /// Bytes of heap.
    pub fn heap(&self) -> usize {
        self.index.capacity() * size_of::<Entry>() + self.body.capacity()
    }
}

impl<'a> Run<'a> {
    /// The place behind the first knot.
    pub fn begin(&self) -> Place {
        Place::behind(&self.first)
    }

    /// The knot at a place, which moves on.
    pub fn next(&self, place: &mut Place) -> Option<Knot> {
        coding::next(self, place)
    }

    /// The knots in order.
    pub fn knots(self) -> impl Iterator<Item = Knot> + use<'a> {
        let mut place = self.begin();
        std::iter::once(self.first).chain(std::iter::from_fn(move || self.next(&mut place)))
    }

    /// The cumulative counts at a moment inside the run.
    pub fn at(self, at: Timestamp) -> Counts {
        let mut before = self.first;
        for knot in self.knots() {
            if knot.at > at {
                return before.between(&knot, at);
            }
            before = knot;
        }
        before.sum
    }

    pub fn span(&self) -> i64 {
        self.last.at.0 - self.first.at.0
    }
}

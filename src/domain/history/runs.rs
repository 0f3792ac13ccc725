//! Sealed runs of knots as they are read, wherever they are kept.

use super::coding::{self, Place};
use super::knot::{Counts, Knot};
use crate::domain::time::Timestamp;

/// The beginning of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub first: Knot,
    /// In the body.
    pub offset: u32,
    pub scale: u8,
}

/// Runs in order of time. The last knot of a run is the first of the next, so it is kept once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Runs<'a> {
    pub index: &'a [Entry],
    pub body: &'a [u8],
    /// Where the last run ends.
    pub last: Knot,
}

/// One run; both ends are exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub first: Knot,
    pub last: Knot,
    pub scale: u8,
    pub body: &'a [u8],
}

/// What tells the knots between the ends of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inner<'a> {
    /// Up to the first knot, from which on counts are told.
    pub from: Counts,
    pub scale: u8,
    pub body: &'a [u8],
}

/// The same without its bytes, for who comes back to it: then only the body has to be looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    from: Counts,
    begin: u32,
    end: u32,
    scale: u8,
}

impl Bounds {
    /// What they bound in the body that they were found in.
    pub fn inner(self, body: &[u8]) -> Option<Inner<'_>> {
        let body = body.get(self.begin as usize..self.end as usize)?;
        Some(Inner { from: self.from, scale: self.scale, body })
    }

    /// See [`crate::domain::fetch`].
    pub fn fetch(&self) -> u64 {
        u64::from(self.begin ^ self.end)
    }
}

impl<'a> Runs<'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.index.len()
    }

    pub fn first(self) -> Option<Knot> {
        self.index.first().map(|entry| entry.first)
    }

    pub fn last(self) -> Option<Knot> {
        (!self.index.is_empty()).then_some(self.last)
    }

    /// The first knot of a run, and what follows it.
    pub fn enter(self, number: usize) -> Option<(Knot, Bounds)> {
        let Entry { first, offset, scale } = *self.index.get(number)?;
        let next = self.index.get(number + 1);
        let end = next.map_or(u32::try_from(self.body.len()), |next| Ok(next.offset)).ok()?;
        Some((first, Bounds { from: first.sum, begin: offset, end, scale }))
    }

    pub fn run(self, number: usize) -> Option<Run<'a>> {
        let (first, bounds) = self.enter(number)?;
        let last = self.index.get(number + 1).map_or(self.last, |next| next.first);
        let Inner { scale, body, .. } = bounds.inner(self.body)?;
        Some(Run { first, last, scale, body })
    }

    pub fn iter(self) -> impl Iterator<Item = Run<'a>> {
        (0..self.len()).filter_map(move |number| self.run(number))
    }

    /// The run that begins at or before a moment, and whose next one does not.
    pub fn find(self, at: Timestamp) -> Option<usize> {
        self.index.partition_point(|entry| entry.first.at <= at).checked_sub(1)
    }

    /// How many runs end before a moment.
    pub fn ended_before(self, at: Timestamp) -> usize {
        let Some((_, later)) = self.index.split_first() else { return 0 };
        if self.last.at < at { self.len() } else { later.partition_point(|entry| entry.first.at < at) }
    }
}

impl<'a> Inner<'a> {
    /// Fills in the knots from a place on, which moves on; `before` is the one before it. Returns how many there were.
    pub fn read(&self, place: &mut Place, mut before: Knot, knots: &mut [Knot]) -> usize {
        for (found, knot) in knots.iter_mut().enumerate() {
            let Some(next) = coding::next(self, place, &before) else { return found };
            (*knot, before) = (next, next);
        }
        knots.len()
    }

    /// The byte behind a place.
    pub fn behind(&self, place: &Place) -> Option<&'a u8> {
        self.body.get(place.byte())
    }
}

impl<'a> Run<'a> {
    fn inner(&self) -> Inner<'a> {
        Inner { from: self.first.sum, scale: self.scale, body: self.body }
    }

    /// The knots in order.
    pub fn knots(self) -> impl Iterator<Item = Knot> + use<'a> {
        let (inner, mut before) = (self.inner(), self.first);
        let mut place = Place::begin(&inner);
        let between = std::iter::from_fn(move || {
            before = coding::next(&inner, &mut place, &before)?;
            Some(before)
        });
        std::iter::once(self.first).chain(between).chain([self.last])
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

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

/// A run without its bytes, for who comes back to it: the body alone has to be looked at then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    first: Knot,
    last: Knot,
    begin: u32,
    end: u32,
    scale: u8,
}

impl Bounds {
    /// See [`crate::domain::fetch`].
    pub fn fetch(&self) -> u64 {
        u64::from(self.begin) ^ self.last.at.0 as u64
    }

    /// The run, in the body that it was found in.
    pub fn run(self, body: &[u8]) -> Option<Run<'_>> {
        let body = body.get(self.begin as usize..self.end as usize)?;
        Some(Run { first: self.first, last: self.last, scale: self.scale, body })
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

    pub fn bounds(self, number: usize) -> Option<Bounds> {
        let Entry { first, offset, scale } = *self.index.get(number)?;
        let next = self.index.get(number + 1);
        let end = next.map_or(Some(self.body.len()), |next| Some(next.offset as usize))?;
        Some(Bounds {
            first,
            last: next.map_or(self.last, |next| next.first),
            begin: offset,
            end: u32::try_from(end).ok()?,
            scale,
        })
    }

    pub fn run(self, number: usize) -> Option<Run<'a>> {
        self.bounds(number)?.run(self.body)
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

impl<'a> Run<'a> {
    /// The place behind the first knot.
    pub fn begin(&self) -> Place {
        Place::begin(self)
    }

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

    /// The knots in order.
    pub fn knots(self) -> impl Iterator<Item = Knot> + use<'a> {
        let (mut place, mut before) = (self.begin(), self.first);
        let behind = std::iter::from_fn(move || {
            before = coding::next(&self, &mut place, &before)?;
            Some(before)
        });
        std::iter::once(self.first).chain(behind)
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

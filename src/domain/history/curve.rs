//! The curve of a history as one, whatever part a moment lies in: values at moments, and the walk from knot to knot.

use super::edges::Spot;
use super::knot::{Counts, Knot};
use super::packed::{Packed, Run};
use crate::domain::time::Timestamp;

/// All parts of a history's curve.
#[derive(Clone, Copy)]
pub(super) struct Curve<'a> {
    pub old: &'a Packed,
    pub recent: &'a Packed,
    pub head: &'a [Knot],
}

impl<'a> Curve<'a> {
    /// The cumulative counts at a moment, its own jump included.
    pub fn at(self, at: Timestamp) -> Counts {
        // The end of every window.
        if let Some(last) = self.head.last().filter(|last| at >= last.at) {
            return last.sum;
        }
        if self.head.first().is_some_and(|first| at >= first.at) {
            let next = self.head.partition_point(|k| k.at <= at);
            let knot = &self.head[next - 1];
            return self.head.get(next).map_or(knot.sum, |after| knot.between(after, at));
        }
        let sealed = |packed: &Packed| packed.find(at).and_then(|number| Some(packed.run(number)?.at(at)));
        let found = sealed(self.recent).or_else(|| sealed(self.old));
        found.unwrap_or_else(|| self.first().map_or(Counts::default(), |knot| knot.sum))
    }

    fn run(self, number: usize) -> Option<Run<'a>> {
        match number.checked_sub(self.old.len()) {
            None => self.old.run(number),
            Some(number) => self.recent.run(number),
        }
    }

    /// The first knot of all.
    pub fn first(self) -> Option<Knot> {
        self.old.first().or_else(|| self.recent.first()).or_else(|| self.head.first().copied())
    }

    /// The first knot of the part that holds a moment, and the spot behind it.
    pub fn enter(self, at: Timestamp) -> Option<(Knot, Spot)> {
        if self.head.first().is_some_and(|first| first.at <= at) {
            let next = self.head.partition_point(|knot| knot.at <= at);
            return Some((self.head[next - 1], Spot::Open(next)));
        }
        let recent = self.recent.find(at).map(|number| self.old.len() + number);
        self.begin(recent.or_else(|| self.old.find(at))?)
    }

    /// The same where a moment lies behind the run of a spot, so that nothing in between has to be read.
    pub fn jump(self, spot: &Spot, at: Timestamp) -> Option<(Knot, Spot)> {
        let Spot::Sealed(number, _) = spot else { return None };
        self.run(*number).filter(|run| run.last.at <= at)?;
        self.enter(at).filter(|(_, found)| !matches!(found, Spot::Sealed(found, _) if found <= number))
    }

    fn begin(self, number: usize) -> Option<(Knot, Spot)> {
        let run = self.run(number)?;
        Some((run.first, Spot::Sealed(number, run.begin())))
    }

    /// See [`crate::domain::fetch`].
    pub fn fetch(self, spot: &Spot) -> u64 {
        match spot {
            Spot::Nowhere => 0,
            Spot::Open(index) => self.head.get(*index).map_or(0, |knot| knot.at.0 as u64),
            Spot::Sealed(number, place) => self.run(*number).map_or(0, |run| run.fetch(place)),
        }
    }

    /// The knot at a spot, which moves on.
    pub fn next(self, spot: &mut Spot) -> Option<Knot> {
        match spot {
            Spot::Nowhere => None,
            Spot::Open(index) => {
                let knot = *self.head.get(*index)?;
                *index += 1;
                Some(knot)
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

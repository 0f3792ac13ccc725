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

    /// The run that a spot lies in; `None` in the open part.
    fn run(self, spot: &Spot) -> Option<Run<'a>> {
        match spot {
            Spot::Old(number, _) => self.old.run(*number as usize),
            Spot::Recent(number, _) => self.recent.run(*number as usize),
            Spot::Nowhere | Spot::Open(_) => None,
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
        let recent = self.recent.find(at).and_then(|number| self.recent(number));
        recent.or_else(|| self.old(self.old.find(at)?))
    }

    /// The same where a moment lies behind the run of a spot, so that nothing in between has to be read.
    pub fn jump(self, spot: &Spot, at: Timestamp) -> Option<(Knot, Spot)> {
        self.run(spot).filter(|run| run.last.at <= at)?;
        self.enter(at).filter(|(_, found)| found.order() > spot.order())
    }

    fn old(self, number: usize) -> Option<(Knot, Spot)> {
        let run = self.old.run(number)?;
        Some((run.first, Spot::Old(u32::try_from(number).ok()?, run.begin())))
    }

    fn recent(self, number: usize) -> Option<(Knot, Spot)> {
        let run = self.recent.run(number)?;
        Some((run.first, Spot::Recent(u32::try_from(number).ok()?, run.begin())))
    }

    /// Fills `knots` behind the first one, which stands before the spot, as far as there are more; the spot moves on.
    /// Returns how many there are then.
    pub fn read(self, spot: &mut Spot, knots: &mut [Knot]) -> usize {
        let mut len = 1;
        while len < knots.len() {
            let (before, behind) = knots.split_at_mut(len);
            let run = self.run(spot);
            let found = match spot {
                Spot::Nowhere => 0,
                Spot::Open(index) => self.read_open(index, behind),
                Spot::Old(_, place) | Spot::Recent(_, place) => {
                    let read = run.map_or(0, |run| run.read(place, before[len - 1], behind));
                    if read == 0 { self.go_on(spot, &mut behind[0]) } else { read }
                }
            };
            if found == 0 {
                break;
            }
            len += found;
        }
        len
    }

    fn read_open(self, index: &mut usize, knots: &mut [Knot]) -> usize {
        let rest = self.head.get(*index..).unwrap_or_default();
        let found = rest.len().min(knots.len());
        knots[..found].copy_from_slice(&rest[..found]);
        *index += found;
        found
    }

    /// Goes on to what follows a run.
    fn go_on(self, spot: &mut Spot, knot: &mut Knot) -> usize {
        let next = match spot {
            Spot::Old(number, _) => self.old(*number as usize + 1).or_else(|| self.recent(0)),
            Spot::Recent(number, _) => self.recent(*number as usize + 1),
            Spot::Nowhere | Spot::Open(_) => return 0,
        };
        let next = next.or_else(|| Some((*self.head.first()?, Spot::Open(1))));
        let Some((first, behind)) = next else { return 0 };
        (*knot, *spot) = (first, behind);
        1
    }
}

/// What lies behind a spot. See [`crate::domain::fetch`]: each step finds where the next one reads.
pub(in crate::domain) struct Ahead<'a> {
    pub(super) curve: Curve<'a>,
    pub(super) spot: &'a Spot,
}

impl Ahead<'_> {
    pub fn fetch_spot(&self) -> u64 {
        u64::from(matches!(self.spot, Spot::Nowhere))
    }

    pub fn fetch_run(&self) -> u64 {
        self.curve.run(self.spot).map_or(0, |run| run.last.at.0 as u64)
    }

    pub fn fetch_knot(&self) -> u64 {
        match self.spot {
            Spot::Nowhere => 0,
            Spot::Open(index) => self.curve.head.get(*index).map_or(0, |knot| knot.at.0 as u64),
            Spot::Old(_, place) | Spot::Recent(_, place) => self.curve.run(self.spot).map_or(0, |run| run.fetch(place)),
        }
    }
}

//! The curve of a history as one, whatever part a moment lies in: values at moments, and the walk from knot to knot.

use super::edges::{Part, Spot};
use super::knot::{Counts, Knot};
use super::old::Old;
use super::packed::Packed;
use super::runs::{Inner, Runs};
use crate::domain::time::Timestamp;

/// All parts of a history's curve.
#[derive(Clone, Copy)]
pub(super) struct Curve<'a> {
    pub old: &'a Old,
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
        let sealed = |runs: Runs<'_>| runs.find(at).and_then(|number| Some(runs.run(number)?.at(at)));
        let found = sealed(self.recent.runs()).or_else(|| sealed(self.old.runs()));
        found.unwrap_or_else(|| self.first().map_or(Counts::default(), |knot| knot.sum))
    }

    /// What a spot lies in; `None` in the open part.
    fn inner(self, spot: &Spot) -> Option<Inner<'a>> {
        let body = match spot.part {
            Part::Old => self.old.body(),
            Part::Recent => self.recent.body(),
            Part::Nowhere | Part::Open => return None,
        };
        spot.bounds.inner(body)
    }

    /// The first knot of all.
    pub fn first(self) -> Option<Knot> {
        self.old.runs().first().or_else(|| self.recent.runs().first()).or_else(|| self.head.first().copied())
    }

    /// The first knot of the part that holds a moment, and the spot behind it.
    pub fn enter(self, at: Timestamp) -> Option<(Knot, Spot)> {
        if self.head.first().is_some_and(|first| first.at <= at) {
            let next = self.head.partition_point(|knot| knot.at <= at);
            return Some((self.head[next - 1], Spot::open(next)));
        }
        let recent = self.recent.runs().find(at).and_then(|number| self.recent(number));
        recent.or_else(|| self.old(self.old.runs().find(at)?))
    }

    /// The same where a moment lies behind the run of a spot, so that nothing in between has to be read.
    pub fn jump(self, spot: &Spot, at: Timestamp) -> Option<(Knot, Spot)> {
        self.enter(at).filter(|(_, found)| (found.part, found.number) > (spot.part, spot.number))
    }

    fn old(self, number: usize) -> Option<(Knot, Spot)> {
        Spot::begin(Part::Old, self.old.runs(), number)
    }

    fn recent(self, number: usize) -> Option<(Knot, Spot)> {
        Spot::begin(Part::Recent, self.recent.runs(), number)
    }

    /// Fills `knots` behind the first one, which stands before the spot, as far as there are more; the spot moves on.
    /// Returns how many there are then.
    pub fn read(self, spot: &mut Spot, knots: &mut [Knot]) -> usize {
        let mut len = 1;
        while len < knots.len() {
            let (before, behind) = knots.split_at_mut(len);
            let found = match self.inner(spot) {
                Some(inner) => match inner.read(&mut spot.place, before[len - 1], behind) {
                    0 => self.go_on(spot, &mut behind[0]),
                    read => read,
                },
                None => self.read_open(spot, behind),
            };
            if found == 0 {
                break;
            }
            len += found;
        }
        len
    }

    fn read_open(self, spot: &mut Spot, knots: &mut [Knot]) -> usize {
        let rest = self.open_from(spot);
        let found = rest.len().min(knots.len());
        knots[..found].copy_from_slice(&rest[..found]);
        spot.number += found as u32;
        found
    }

    /// The knots of the open part behind a spot; none elsewhere.
    fn open_from(self, spot: &Spot) -> &'a [Knot] {
        let rest = self.head.get(spot.number as usize..).filter(|_| spot.part == Part::Open);
        rest.unwrap_or_default()
    }

    /// Goes on to what follows a run.
    fn go_on(self, spot: &mut Spot, knot: &mut Knot) -> usize {
        let next = spot.number as usize + 1;
        let sealed = match spot.part {
            Part::Old => self.old(next).or_else(|| self.recent(0)),
            _ => self.recent(next),
        };
        let next = sealed.or_else(|| Some((*self.head.first()?, Spot::open(1))));
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

impl<'a> Ahead<'a> {
    pub fn fetch_spot(&self) -> u64 {
        self.spot.part as u64 ^ self.spot.place.byte() as u64 ^ self.spot.bounds.fetch()
    }

    /// Where the sealed past goes on.
    pub fn byte(&self) -> Option<&'a u8> {
        self.curve.inner(self.spot)?.behind(&self.spot.place)
    }

    /// Where the open part goes on.
    pub fn knot(&self) -> Option<&'a Knot> {
        self.curve.open_from(self.spot).first()
    }
}

//! Sealed runs of knots, back to back in one buffer, a few bytes for each knot.
//!
//! One buffer and a small index instead of a box for each run: thousands of histories would else spend a quarter of
//! their memory on boxes. The last knot of a run is the first of the next, so it is kept once.

use super::coding::{self, Place};
use super::former;
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

    /// Adds a run that was stored, whatever its coding.
    pub fn add(&mut self, run: &Run<'_>) {
        if coding::is_present(run.scale) {
            self.push_run(run);
        } else {
            self.push(&former::knots(run));
        }
    }

    /// The same runs, all in the present coding.
    pub fn renewed(self) -> Self {
        if self.index.iter().all(|entry| coding::is_present(entry.scale)) {
            return self;
        }
        let mut renewed = Self::default();
        self.runs().for_each(|run| renewed.add(&run));
        renewed.shrink();
        renewed
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

    /// See [`crate::domain::fetch`].
    pub fn fetch(&self, place: &Place) -> u64 {
        self.last.at.0 as u64 ^ self.body.get(place.byte()).map_or(0, |byte| u64::from(*byte))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn knot(at: i64) -> Knot {
        Knot { at: Timestamp(at), sum: Counts { total: at as f64 / 3.0, bad: 0.0, measured: at } }
    }

    /// Runs from 0 to 10, to 20, and to 30.
    fn three() -> Packed {
        let mut packed = Packed::default();
        for begin in [0, 10, 20] {
            packed.push(&[knot(begin), knot(begin + 5), knot(begin + 10)]);
        }
        packed
    }

    #[test]
    fn runs_are_found_by_their_ends() {
        let packed = three();
        for (at, found, ended) in [
            (-1, None, 0),
            (0, Some(0), 0),
            (9, Some(0), 0),
            (10, Some(1), 0),
            (11, Some(1), 1),
            (20, Some(2), 1),
            (21, Some(2), 2),
            (30, Some(2), 2),
            (31, Some(2), 3),
        ] {
            assert_eq!((packed.find(Timestamp(at)), packed.ended_before(Timestamp(at))), (found, ended), "{at}");
        }
        assert_eq!(Packed::default().ended_before(Timestamp(5)), 0);
    }

    #[test]
    fn what_is_cut_off_is_gone() {
        for (runs, ends) in
            [(0, vec![]), (1, vec![10]), (2, vec![10, 20]), (3, vec![10, 20, 30]), (4, vec![10, 20, 30])]
        {
            let mut packed = three();
            packed.truncate(runs);
            assert_eq!(packed.runs().map(|run| run.last.at.0).collect::<Vec<_>>(), ends, "{runs}");
            assert_eq!(packed.last().map(|knot| knot.at.0), ends.last().copied());
            packed.push(&[knot(100), knot(105), knot(110)]);
            let last = packed.run(packed.len() - 1).unwrap();
            assert_eq!(
                last.knots().map(|knot| knot.at.0).collect::<Vec<_>>(),
                [100, 105, 110],
                "what follows is whole"
            );
        }
    }

    #[test]
    fn an_index_that_does_not_fit_the_body_is_refused() {
        let entry = |offset| Entry { first: knot(0), offset, scale: 0 };
        for (offsets, fits) in [([0, 2], true), ([0, 3], true), ([0, 4], false), ([2, 1], false), ([4, 3], false)] {
            let packed = Packed::from_parts(offsets.map(entry).to_vec(), vec![1, 2, 3], knot(9));
            assert_eq!(packed.is_some(), fits, "{offsets:?}");
        }
    }

    #[test]
    fn what_is_shrunk_takes_what_it_holds() {
        let mut packed = three();
        let held = packed.index.len() * size_of::<Entry>() + packed.body.len();
        assert!(packed.heap() > held, "room for more");
        packed.shrink();
        assert_eq!(packed.heap(), held);
    }
}

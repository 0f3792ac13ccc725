//! Sealed runs of knots, back to back in one buffer, a few bytes for each knot.
//!
//! One buffer and a small index instead of a box for each run: thousands of histories would else spend a quarter of
//! their memory on boxes. The last knot of a run is the first of the next, so it is kept once.

use super::coding;
use super::former;
use super::knot::Knot;
use super::runs::{Entry, Run, Runs};

/// Runs in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packed {
    index: Vec<Entry>,
    body: Vec<u8>,
    /// Where the last run ends.
    last: Knot,
}

impl Packed {
    /// Takes back what [`Packed::into_parts`] gave; `None` when the index does not fit the body.
    pub fn from_parts(index: Vec<Entry>, body: Vec<u8>, last: Knot) -> Option<Self> {
        let offsets = || index.iter().map(|entry| entry.offset as usize);
        let fits = offsets().all(|offset| offset <= body.len()) && offsets().is_sorted();
        fits.then_some(Self { index, body, last })
    }

    /// The runs, to be read.
    pub fn runs(&self) -> Runs<'_> {
        Runs { index: &self.index, body: &self.body, last: self.last }
    }

    /// The bytes of all runs.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Index, body and last knot, in no more memory than they take.
    pub fn into_parts(mut self) -> (Vec<Entry>, Vec<u8>, Knot) {
        self.index.shrink_to_fit();
        self.body.shrink_to_fit();
        (self.index, self.body, self.last)
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
        self.runs().iter().for_each(|run| renewed.add(&run));
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

    /// Bytes of heap.
    pub fn heap(&self) -> usize {
        self.index.capacity() * size_of::<Entry>() + self.body.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::Counts;
    use crate::domain::time::Timestamp;

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
            assert_eq!(
                (packed.runs().find(Timestamp(at)), packed.runs().ended_before(Timestamp(at))),
                (found, ended),
                "{at}"
            );
        }
        assert_eq!(Packed::default().runs().ended_before(Timestamp(5)), 0);
    }

    #[test]
    fn what_is_cut_off_is_gone() {
        for (runs, ends) in
            [(0, vec![]), (1, vec![10]), (2, vec![10, 20]), (3, vec![10, 20, 30]), (4, vec![10, 20, 30])]
        {
            let mut packed = three();
            packed.truncate(runs);
            assert_eq!(packed.runs().iter().map(|run| run.last.at.0).collect::<Vec<_>>(), ends, "{runs}");
            assert_eq!(packed.runs().last().map(|knot| knot.at.0), ends.last().copied());
            packed.push(&[knot(100), knot(105), knot(110)]);
            let last = packed.runs().run(packed.runs().len() - 1).unwrap();
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
    fn parts_take_what_they_hold() {
        let packed = three();
        let held = (packed.index.len(), packed.body.len());
        assert!(packed.heap() > held.0 * size_of::<Entry>() + held.1, "room for more");
        let (index, body, _) = packed.into_parts();
        assert_eq!((index.capacity(), body.capacity()), held);
    }
}

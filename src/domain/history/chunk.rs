//! A sealed run of knots in a few bytes each.
//!
//! Counts are stored as differences from the chunk's first knot, as integers when they all are (exact), else scaled by a
//! power of two that keeps at least 1/1024 event and 2⁻²⁰ of the chunk's range, so that rounding never adds up. The last
//! knot of a chunk is the first of the next, so a chunk alone answers for its whole span.

use super::knot::{Counts, Knot};
use crate::domain::time::Timestamp;
use crate::domain::varint::{Reader, put_i64};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Chunk {
    pub first: Knot,
    pub last: Knot,
    /// Binary logarithm of the units an event is stored in.
    scale: u8,
    body: Box<[u8]>,
}

/// Between two knots of a chunk: what was decoded so far, and where the rest begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    offset: usize,
    at: i64,
    step: i64,
    measured: i64,
    total: i64,
    bad: i64,
}

impl Chunk {
    /// `None` without knots.
    pub fn seal(knots: &[Knot]) -> Option<Self> {
        let (&first, &last) = (knots.first()?, knots.last()?);
        let scale = scale_for(knots, &first);
        let mut body = Vec::with_capacity(knots.len() * 6);
        let (mut at, mut step, mut total, mut bad, mut measured) = (first.at.0, 0, 0, 0, first.sum.measured);
        for knot in &knots[1..] {
            let last_step = std::mem::replace(&mut step, knot.at.0 - at);
            let (next_total, next_bad) =
                (units(knot.sum.total - first.sum.total, scale), units(knot.sum.bad - first.sum.bad, scale));
            put_i64(&mut body, step - last_step);
            put_i64(&mut body, step - (knot.sum.measured - measured));
            put_i64(&mut body, next_total - total);
            put_i64(&mut body, next_bad - bad);
            (at, total, bad, measured) = (knot.at.0, next_total, next_bad, knot.sum.measured);
        }
        Some(Self { first, last, scale, body: body.into_boxed_slice() })
    }

    /// The first knot, and the place behind it.
    pub fn begin(&self) -> (Place, Knot) {
        let place = Place { at: self.first.at.0, measured: self.first.sum.measured, ..Place::default() };
        (place, self.first)
    }

    /// The knot at a place, which moves on.
    pub fn next(&self, place: &mut Place) -> Option<Knot> {
        let mut rest = Reader::new(self.body.get(place.offset..)?);
        place.step += rest.i64().ok()?;
        place.at += place.step;
        place.measured += place.step - rest.i64().ok()?;
        place.total += rest.i64().ok()?;
        place.bad += rest.i64().ok()?;
        place.offset = self.body.len() - rest.remaining();
        if rest.is_empty() {
            return Some(self.last);
        }
        let unit = (-f64::from(self.scale)).exp2();
        let sum = Counts {
            total: self.first.sum.total + place.total as f64 * unit,
            bad: self.first.sum.bad + place.bad as f64 * unit,
            measured: place.measured,
        };
        Some(Knot { at: Timestamp(place.at), sum })
    }

    /// The knots in order; both ends exact.
    pub fn knots(&self) -> impl Iterator<Item = Knot> + '_ {
        let (mut place, first) = self.begin();
        std::iter::once(first).chain(std::iter::from_fn(move || self.next(&mut place)))
    }

    /// The cumulative counts at a moment inside the chunk.
    pub fn at(&self, at: Timestamp) -> Counts {
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

    /// Bytes of heap.
    pub fn heap(&self) -> usize {
        self.body.len()
    }
}

fn units(events: f64, scale: u8) -> i64 {
    (events * f64::from(scale).exp2()).round() as i64
}

fn scale_for(knots: &[Knot], first: &Knot) -> u8 {
    let offsets = knots.iter().flat_map(|k| [k.sum.total - first.sum.total, k.sum.bad - first.sum.bad]);
    let (mut integral, mut range) = (true, 0.0f64);
    for offset in offsets {
        integral &= offset.fract() == 0.0;
        range = range.max(offset.abs());
    }
    if integral || range == 0.0 {
        return 0;
    }
    (20.0 - range.log2().floor()).clamp(10.0, 62.0 - range.log2().ceil().max(0.0)).clamp(0.0, 60.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knot(at: i64, total: f64, bad: f64, measured: i64) -> Knot {
        Knot { at: Timestamp(at), sum: Counts { total, bad, measured } }
    }

    #[test]
    fn whole_counts_come_back_exactly() {
        let knots = [
            knot(0, 5.0, 1.0, 0),
            knot(15_000, 9.0, 1.0, 15_000),
            knot(15_000, 10.0, 2.0, 15_000),
            knot(99_000, 10.0, 2.0, 20_000),
        ];
        let chunk = Chunk::seal(&knots).unwrap();
        assert_eq!(chunk.knots().collect::<Vec<_>>(), knots);
        assert_eq!(chunk.at(Timestamp(15_000)).total, 10.0, "a jump belongs to its moment");
        assert_eq!(chunk.at(Timestamp(7_500)).total, 7.0);
    }

    #[test]
    fn fractions_are_off_by_less_than_a_thousandth_event_and_ends_are_exact() {
        let knots: Vec<Knot> = (0..60).map(|i| knot(i * 7, i as f64 / 3.0, i as f64 / 7.0, i * 7)).collect();
        let chunk = Chunk::seal(&knots).unwrap();
        for (had, got) in knots.iter().zip(chunk.knots()) {
            assert!((had.sum.total - got.sum.total).abs() < 1e-3 && (had.sum.bad - got.sum.bad).abs() < 1e-3);
        }
        assert_eq!(chunk.knots().last(), knots.last().copied());
    }

    #[test]
    fn tiny_fractions_keep_their_relative_precision() {
        let knots = [knot(0, 0.0, 0.0, 0), knot(1, 1e-9, 1e-10, 1), knot(2, 2e-9, 2e-10, 2)];
        let middle = Chunk::seal(&knots).unwrap().knots().nth(1).unwrap();
        assert!((middle.sum.total - 1e-9).abs() < 1e-14, "{middle:?}");
    }
}

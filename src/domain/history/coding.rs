//! The bytes of a run of knots.
//!
//! Counts are differences from the run's first knot, as integers when they all are (exact), else scaled by a power of
//! two that keeps at least 1/1024 event and 2⁻²⁰ of the run's range, so that rounding never adds up. A knot is written
//! as what its forerunners don't tell: how its step in time differs from the last one, how far its events and its bad
//! events are from the rate so far, and unmeasured time where there is any. Knots that are too far apart for that are
//! written in full.
//!
//! Steps are told in beats, the longest time that all of them are made of: the scrape interval, where that is kept.
//!
//! ```text
//! run    = head knot*                           without its first and its last knot; numbers as bits
//! head   = knots(varint) beat(varint) width{4}  a width for each kind of number
//! knot   = change-of-step/beat·2+unmeasured? events-beside-the-rate bad-events-beside-the-rate [unmeasured]
//! ```

use super::knot::{Counts, Knot, nearest};
use super::packed::Run;
use crate::domain::bits::{self, BitWriter};
use crate::domain::time::Timestamp;
use crate::domain::varint::{Reader, fold, put_u64, unfold};

/// Marks the coding above in a run's scale. Runs with other marks are of earlier formats of the store.
const MARK: u8 = 0xC0;
/// The scale of a run whose knots are written in full.
pub(super) const FULL: u8 = 0xFF;
/// Numbers below this one survive a float, and a sum of some of them an `i64`.
const MOST: i64 = 1 << 50;
/// Steps, events, bad events, unmeasured time.
const KINDS: usize = 4;

/// Whether a run of this scale is in the coding above, or in full.
pub(super) fn is_present(scale: u8) -> bool {
    scale & MARK == MARK
}

/// Between two knots of a run: what was decoded so far, and where the rest begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// In bits, or in bytes where knots are written in full.
    offset: usize,
    /// Knots before the last one; `None` behind that.
    left: Option<u32>,
    widths: [u8; KINDS],
    at: i64,
    /// Milliseconds, by whose multiples steps differ.
    beat: i64,
    step: i64,
    measured: i64,
    total: i64,
    bad: i64,
    /// Events and bad events between the last two knots.
    events: i64,
    bad_events: i64,
}

impl Place {
    /// Behind the first knot; behind the last one for bytes that are no run.
    pub fn begin(run: &Run<'_>) -> Self {
        let place = Self { at: run.first.at.0, measured: run.first.sum.measured, ..Self::default() };
        if run.scale == FULL {
            return Self { left: u32::try_from(run.body.len() / Knot::BYTES).ok(), ..place };
        }
        if run.body.is_empty() {
            return Self { left: Some(0), ..place };
        }
        let mut head = Reader::new(run.body);
        let left = head.u64().ok().and_then(|left| u32::try_from(left).ok());
        let beat = head.u64().unwrap_or_default() as i64;
        let widths = std::array::from_fn(|_| head.byte().unwrap_or_default());
        Self { offset: (run.body.len() - head.remaining()) * 8, left, widths, beat, ..place }
    }

    /// What the rate between the last two knots lets expect in a step, of so many in the last one.
    fn expected(&self, step: i64, last: i64) -> i64 {
        match self.step {
            0 => last,
            before if before == step => last,
            before => nearest(last as f64 * (step as f64 / before as f64)),
        }
    }

    /// Goes on to a knot, and gives the numbers that tell it.
    fn go_to(&mut self, at: i64, measured: i64, total: i64, bad: i64) -> [u64; KINDS] {
        let step = at - self.at;
        let unmeasured = step - (measured - self.measured);
        let (events, bad_events) = (total - self.total, bad - self.bad);
        let numbers = [
            (fold((step - self.step) / self.beat) << 1) + u64::from(unmeasured != 0),
            fold(events - self.expected(step, self.events)),
            fold(bad_events - self.expected(step, self.bad_events)),
            fold(unmeasured),
        ];
        *self = Self { at, step, measured, total, bad, events, bad_events, ..*self };
        numbers
    }

    /// Goes on by the numbers of the next knot; `None` where the bytes end.
    fn go_by(&mut self, body: &[u8]) -> Option<()> {
        let mut number = |kind: usize| bits::read(body, &mut self.offset, u32::from(self.widths[kind]));
        let (change, events, bad) = (number(0)?, number(1)?, number(2)?);
        let unmeasured = if change & 1 == 1 { unfold(number(3)?) } else { 0 };
        let step = self.step.wrapping_add(unfold(change >> 1).wrapping_mul(self.beat));
        self.events = self.expected(step, self.events).wrapping_add(unfold(events));
        self.bad_events = self.expected(step, self.bad_events).wrapping_add(unfold(bad));
        self.step = step;
        self.at = self.at.wrapping_add(step);
        self.total = self.total.wrapping_add(self.events);
        self.bad = self.bad.wrapping_add(self.bad_events);
        self.measured = self.measured.wrapping_add(step.wrapping_sub(unmeasured));
        Some(())
    }
}

/// Appends the knots between the first and the last one, and returns the scale.
pub(super) fn encode(knots: &[Knot], body: &mut Vec<u8>) -> u8 {
    let ([first, inner @ .., _], Some(scale)) = (knots, scale_for(knots)) else {
        knots.iter().skip(1).take(knots.len().saturating_sub(2)).for_each(|knot| put_full(body, knot));
        return FULL;
    };
    if inner.is_empty() {
        return scale + MARK;
    }
    let beat = beat(knots);
    let mut place = Place { at: first.at.0, beat, measured: first.sum.measured, ..Place::default() };
    let numbers = inner.iter().map(|knot| {
        let from_first = knot.sum - first.sum;
        place.go_to(knot.at.0, knot.sum.measured, units(from_first.total, scale), units(from_first.bad, scale))
    });
    let numbers: Vec<[u64; KINDS]> = numbers.collect();
    let widths: [u32; KINDS] = std::array::from_fn(|kind| {
        let needed = numbers.iter().filter(|knot| kind < 3 || knot[0] & 1 == 1);
        bits::fitting(&needed.map(|knot| knot[kind]).collect::<Vec<u64>>()).0
    });
    put_u64(body, inner.len() as u64);
    put_u64(body, beat as u64);
    body.extend(widths.map(|width| width as u8));
    let mut writer = BitWriter::new(body);
    for knot in &numbers {
        let told = if knot[0] & 1 == 1 { KINDS } else { KINDS - 1 };
        knot.iter().zip(widths).take(told).for_each(|(number, width)| writer.put(*number, width));
    }
    writer.finish();
    scale + MARK
}

/// The longest time that all steps are multiples of; at least 1.
fn beat(knots: &[Knot]) -> i64 {
    let steps = knots.windows(2).map(|pair| (pair[1].at.0 - pair[0].at.0).unsigned_abs());
    let divisor = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    steps.fold(0, divisor).max(1) as i64
}

fn put_full(body: &mut Vec<u8>, knot: &Knot) {
    body.extend_from_slice(&knot.to_bytes());
}

/// The knot at a place, which moves on. Bytes that are no run end it early.
pub(super) fn next(run: &Run<'_>, place: &mut Place) -> Option<Knot> {
    let left = place.left?;
    place.left = left.checked_sub(1);
    if left == 0 {
        return Some(run.last);
    }
    if run.scale == FULL {
        let rest = run.body.get(place.offset..)?;
        place.offset += Knot::BYTES;
        return rest.first_chunk().map(Knot::from_bytes);
    }
    place.go_by(run.body)?;
    let unit = unit(run.scale & !MARK);
    let sum = Counts {
        total: run.first.sum.total + place.total as f64 * unit,
        bad: run.first.sum.bad + place.bad as f64 * unit,
        measured: place.measured,
    };
    Some(Knot { at: Timestamp(place.at), sum })
}

/// An event in units, `2^-scale`: made of its bits, for it is asked for at each knot.
pub(super) fn unit(scale: u8) -> f64 {
    f64::from_bits((1023 - u64::from(scale)) << 52)
}

fn units(events: f64, scale: u8) -> i64 {
    (events / unit(scale)).round() as i64
}

/// Binary logarithm of the units an event is stored in; `None` where differences are too large for it.
fn scale_for(knots: &[Knot]) -> Option<u8> {
    let first = knots.first()?;
    let offsets = knots.iter().flat_map(|k| [k.sum.total - first.sum.total, k.sum.bad - first.sum.bad]);
    let (mut integral, mut range) = (true, 0.0f64);
    for offset in offsets {
        integral &= offset.fract() == 0.0;
        range = if offset.is_finite() { range.max(offset.abs()) } else { f64::INFINITY };
    }
    let small = |difference: Option<i64>| difference.is_some_and(|difference| (-MOST..MOST).contains(&difference));
    let near = knots.windows(2).all(|pair| {
        small(pair[1].at.0.checked_sub(pair[0].at.0)) && small(pair[1].sum.measured.checked_sub(pair[0].sum.measured))
    });
    if !near || range >= MOST as f64 {
        return None;
    }
    if integral {
        return Some(0);
    }
    let fitting = (20.0 - range.log2().floor()).max(10.0);
    Some(fitting.min(50.0 - range.log2().ceil()).clamp(0.0, 60.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::packed::Packed;
    use super::*;
    use proptest::prelude::*;

    fn knot(at: i64, total: f64, bad: f64, measured: i64) -> Knot {
        Knot { at: Timestamp(at), sum: Counts { total, bad, measured } }
    }

    fn packed(knots: &[Knot]) -> Packed {
        let mut packed = Packed::default();
        packed.push(knots);
        packed
    }

    fn back(packed: &Packed) -> Vec<Knot> {
        packed.run(0).expect("a run").knots().collect()
    }

    #[test]
    fn whole_counts_come_back_exactly() {
        let knots = [
            knot(0, 5.0, 1.0, 0),
            knot(15_000, 9.0, 1.0, 15_000),
            knot(15_000, 10.0, 2.0, 15_000),
            knot(99_000, 10.0, 2.0, 20_000),
            knot(199_000, 7.0, 3.0, 120_000),
        ];
        let packed = packed(&knots);
        let run = packed.run(0).unwrap();
        assert_eq!(back(&packed), knots);
        assert_eq!(run.at(Timestamp(15_000)).total, 10.0, "a jump belongs to its moment");
        assert_eq!(run.at(Timestamp(7_500)).total, 7.0);
    }

    /// Stored runs are read by later versions: these bytes may only be added to, under another mark.
    #[test]
    fn a_run_is_stored_in_these_bytes() {
        let knots = [(0, 0.0), (10, 6.0), (20, 12.0), (50, 30.0)];
        let knots = knots.map(|(at, total)| knot(100 + at, 5.0 + total, total / 2.0, 3 + at));
        let mut body = Vec::new();
        assert_eq!(encode(&knots, &mut body), MARK);
        // Two knots in beats of 10 ms, and the widths. A step of one beat more than none is folded to 2, and doubled for
        // the mark of unmeasured time: 4. Of events 6 are 12, of bad ones 3 are 6, and then everything is as expected.
        assert_eq!(body[..6], [2, 10, 0, 2, 1, 0]);
        let first = [0b01111, 0b00_0111, 0b0_0111];
        let bits = first[0] | first[1] << 5 | first[2] << 11;
        assert_eq!(body[6..], [bits as u8, (bits >> 8) as u8, 0]);
        let mut none = Vec::new();
        assert_eq!((encode(&knots[..2], &mut none), none.len()), (MARK, 0), "nothing between two knots");
    }

    #[test]
    fn gaps_jumps_and_fractions_come_back() {
        let steps = [(0, 0.0, 0), (10, 6.0, 10), (20, 12.0, 20), (50, 30.0, 50), (60, 40.0, 57), (60, 41.0, 57)];
        for scale in [1.0, 0.25] {
            let knot = |(at, total, measured): &(i64, f64, i64)| {
                knot(100 + at, 5.0 + total * scale, total * scale / 2.0, 3 + measured)
            };
            let knots: Vec<Knot> = steps.iter().map(knot).collect();
            assert_eq!(back(&packed(&knots)), knots);
        }
    }

    #[test]
    fn the_scale_fits_the_range_of_a_run_wherever_that_begins() {
        let far = 1 << 51;
        for (name, offsets, scale) in [
            ("nothing happened", [(0, 0.0, 0.0, 0), (1, 0.0, 0.0, 1)], Some(0)),
            ("whole", [(1, 7.0, 2.0, 1), (2, 9.0, 3.0, 2)], Some(0)),
            ("a fraction", [(1, 7.5, 0.0, 1), (2, 41.0, 0.0, 2)], Some(15)),
            ("a fraction of the bad ones", [(1, 7.0, 0.5, 1), (2, 41.0, 0.0, 2)], Some(15)),
            ("tiny", [(1, 1e-9, 0.0, 1), (2, 2e-9, 0.0, 2)], Some(49)),
            ("large", [(1, 0.5, 0.0, 1), (2, 1e13, 0.0, 2)], Some(6)),
            ("too large", [(1, 0.0, 0.0, 1), (2, MOST as f64, 0.0, 2)], None),
            ("too large, falling", [(1, 0.0, 0.0, 1), (2, 0.0, -MOST as f64, 2)], None),
            ("infinite", [(1, 0.0, f64::INFINITY, 1), (2, 1.0, 1.0, 2)], None),
            ("too far apart", [(1, 0.0, 0.0, 1), (far, 1.0, 0.0, 2)], None),
            ("measured too far apart", [(1, 0.0, 0.0, -far), (2, 1.0, 0.0, 2)], None),
        ] {
            for begin in [0.0, 1_048_576.0] {
                let offset = |(at, total, bad, measured)| knot(at, begin + total, begin + bad, measured);
                // A tiny offset from a large count is no longer exact.
                let exact = begin == 0.0 || name != "tiny";
                let knots = [knot(0, begin, begin, 0), offset(offsets[0]), offset(offsets[1])];
                assert!(!exact || scale_for(&knots) == scale, "{name}: {:?}", scale_for(&knots));
            }
        }
    }

    #[test]
    fn fractions_are_off_by_less_than_a_thousandth_event_and_ends_are_exact() {
        let knots: Vec<Knot> = (0..60).map(|i| knot(i * 7, i as f64 / 3.0, i as f64 / 7.0, i * 7)).collect();
        let packed = packed(&knots);
        for (had, got) in knots.iter().zip(back(&packed)) {
            assert!((had.sum.total - got.sum.total).abs() < 1e-3 && (had.sum.bad - got.sum.bad).abs() < 1e-3);
        }
        assert_eq!(back(&packed).last(), knots.last());
    }

    #[test]
    fn tiny_fractions_keep_their_relative_precision() {
        let knots = [knot(0, 0.0, 0.0, 0), knot(1, 1e-9, 1e-10, 1), knot(2, 2e-9, 2e-10, 2)];
        let middle = back(&packed(&knots))[1];
        assert!((middle.sum.total - 1e-9).abs() < 1e-14, "{middle:?}");
    }

    #[test]
    fn what_is_too_far_apart_is_kept_in_full() {
        let knots = [
            knot(i64::MIN, 0.0, 0.5, 0),
            knot(-7, 1e300, 1.0, i64::MAX),
            knot(i64::MAX, f64::INFINITY, 2.0, 9),
            knot(i64::MAX, 0.1, 3.0, 9),
        ];
        assert_eq!(back(&packed(&knots)), knots);
    }

    #[test]
    fn even_traffic_takes_three_bits_a_knot() {
        let knots: Vec<Knot> = (0..66).map(|i| knot(i * 15_000, (i * 1000) as f64, 0.0, i * 15_000)).collect();
        let packed = packed(&knots);
        let (_, body, _) = packed.parts();
        // And the head, and the events of the first one.
        assert!(body.len() <= 64 * 3 / 8 + 7 + 12, "{}", body.len());
    }

    #[test]
    fn the_beat_is_what_all_steps_are_made_of() {
        for (moments, expected) in [(&[0, 30, 75][..], 15), (&[5, 20, 20, 50], 15), (&[0, 7, 15], 1), (&[3, 3], 1)] {
            let knots: Vec<Knot> = moments.iter().map(|at| knot(*at, 0.0, 0.0, 0)).collect();
            assert_eq!(beat(&knots), expected, "{moments:?}");
        }
    }

    proptest! {
        #[test]
        fn runs_of_whole_counts_come_back_whole(
            steps in prop::collection::vec((0..100_000i64, -50..9_000_000i64, -3..500i64, -7..7i64), 1..80),
        ) {
            let mut knots = vec![knot(1_700_000_000_000, 9e9, 1e6, 5)];
            for (step, total, bad, unmeasured) in steps {
                let last = knots[knots.len() - 1];
                let measured = last.sum.measured + step - unmeasured.max(0);
                knots.push(knot(last.at.0 + step, last.sum.total + total as f64, last.sum.bad + bad as f64, measured));
            }
            prop_assert_eq!(back(&packed(&knots)), knots);
        }

        #[test]
        fn bytes_that_are_no_run_never_panic(body in prop::collection::vec(any::<u8>(), 0..60), scale: u8) {
            let first = knot(i64::MAX, 1.0, 1.0, i64::MAX);
            let run = Run { first, last: first, scale, body: &body };
            // A knot takes three bits at least.
            prop_assert!(run.knots().count() <= body.len() * 3 + 2);
            run.at(Timestamp(5));
        }
    }
}

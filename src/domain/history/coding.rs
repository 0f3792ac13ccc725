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
use super::runs::Inner;
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

/// Between two knots of a run: what was decoded so far besides the last knot, and where the rest begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// In bits, or in bytes where knots are written in full.
    offset: u32,
    /// Knots that are left.
    left: u32,
    widths: [u8; KINDS],
    /// Milliseconds, by whose multiples steps differ.
    beat: i64,
    step: i64,
    total: i64,
    bad: i64,
    /// Events and bad events between the last two knots.
    events: i64,
    bad_events: i64,
}

impl Place {
    /// Behind the first knot; bytes that are no run tell of no more.
    pub fn begin(inner: &Inner<'_>) -> Self {
        let place = |left: usize| Self { left: u32::try_from(left).unwrap_or_default(), ..Self::default() };
        if inner.scale == FULL {
            return place(inner.body.len() / Knot::BYTES);
        }
        let mut head = Reader::new(inner.body);
        let left = head.u64().ok().and_then(|left| usize::try_from(left).ok()).unwrap_or_default();
        let beat = head.u64().unwrap_or_default() as i64;
        let widths = std::array::from_fn(|_| head.byte().unwrap_or_default());
        Self { offset: ((inner.body.len() - head.remaining()) * 8) as u32, widths, beat, ..place(left) }
    }

    /// The byte of the run's body in which the next knot begins.
    pub fn byte(&self) -> usize {
        self.offset as usize / 8
    }

    /// What the rate between the last two knots lets expect in a step, of so many in the last one.
    fn expected(&self, step: i64, last: i64) -> i64 {
        match self.step {
            0 => last,
            before if before == step => last,
            before => nearest(last as f64 * (step as f64 / before as f64)),
        }
    }

    /// Goes on from a knot to the next one, with so many events up to there, and gives the numbers that tell it.
    fn go_to(&mut self, before: &Knot, knot: &Knot, total: i64, bad: i64) -> [u64; KINDS] {
        let step = knot.at.0 - before.at.0;
        let unmeasured = step - (knot.sum.measured - before.sum.measured);
        let (events, bad_events) = (total - self.total, bad - self.bad);
        let numbers = [
            (fold((step - self.step) / self.beat) << 1) + u64::from(unmeasured != 0),
            fold(events - self.expected(step, self.events)),
            fold(bad_events - self.expected(step, self.bad_events)),
            fold(unmeasured),
        ];
        *self = Self { step, total, bad, events, bad_events, ..*self };
        numbers
    }

    /// Goes on by the numbers of the next knot, and gives the measured part of the step; `None` where the bytes end.
    fn go_by(&mut self, body: &[u8]) -> Option<i64> {
        let mut offset = self.offset as usize;
        let [step, events, bad, unmeasured] = self.widths;
        let [change, events, bad] = bits::read(body, &mut offset, [step, events, bad])?;
        let unmeasured = if change & 1 == 1 { unfold(bits::read(body, &mut offset, [unmeasured])?[0]) } else { 0 };
        self.offset = u32::try_from(offset).ok()?;
        let step = self.step.wrapping_add(unfold(change >> 1).wrapping_mul(self.beat));
        self.events = self.expected(step, self.events).wrapping_add(unfold(events));
        self.bad_events = self.expected(step, self.bad_events).wrapping_add(unfold(bad));
        self.step = step;
        self.total = self.total.wrapping_add(self.events);
        self.bad = self.bad.wrapping_add(self.bad_events);
        Some(step.wrapping_sub(unmeasured))
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
    let mut place = Place { beat, ..Place::default() };
    let numbers = knots.iter().zip(inner).map(|(before, knot)| {
        let from_first = knot.sum - first.sum;
        place.go_to(before, knot, units(from_first.total, scale), units(from_first.bad, scale))
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

/// The knot at a place, which moves on; `before` is the knot before it. None where the run's last one follows, and where
/// the bytes are no run.
#[inline]
pub(super) fn next(inner: &Inner<'_>, place: &mut Place, before: &Knot) -> Option<Knot> {
    place.left = place.left.checked_sub(1)?;
    if inner.scale == FULL {
        let knot = inner.body.get(place.offset as usize..)?.first_chunk().map(Knot::from_bytes)?;
        place.offset += Knot::BYTES as u32;
        return Some(knot);
    }
    let measured = place.go_by(inner.body)?;
    let unit = unit(inner.scale & !MARK);
    let sum = Counts {
        total: inner.from.total + place.total as f64 * unit,
        bad: inner.from.bad + place.bad as f64 * unit,
        measured: before.sum.measured.wrapping_add(measured),
    };
    Some(Knot { at: Timestamp(before.at.0.wrapping_add(place.step)), sum })
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
mod tests;

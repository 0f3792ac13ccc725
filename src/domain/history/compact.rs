//! When and how a curve's past is sealed, merged, thinned and forgotten.

use super::History;
use super::knot::Knot;
use super::packed::{Packed, Run};
use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// An edge may be off by this part of the window at most (0.195 %).
pub(super) const EDGE: i64 = 512;
/// Open knots beyond which the older ones are sealed, and by how many this differs between curves.
const HEAD: usize = 48;
const HEAD_SPREAD: usize = 32;
/// Knots of a sealed run.
const SEALED: usize = 32;
/// Recent runs beyond which the past is compacted, and by how many this differs between curves.
const RECENT: usize = 8;
const RECENT_SPREAD: usize = 8;
/// Two neighbours become one run when their span holds at most this many knots of the allowed distance.
const MERGE_SPAN: i64 = 64;

impl History {
    /// Whether [`History::maintain`] has something to do.
    pub fn is_full(&self) -> bool {
        let limit = |first| HEAD + spread(first, HEAD_SPREAD);
        self.head.len() > HEAD && self.head.first().is_some_and(|first| self.head.len() > limit(first))
    }

    /// Seals, thins and forgets what age allows.
    ///
    /// `finest` is the shortest window ever asked for, `keep` the longest; around `pins` (ascending: calendar and
    /// maintenance edges) the curve stays exact.
    pub fn maintain(&mut self, now: Timestamp, finest: Duration, keep: Duration, pins: &[Timestamp]) {
        if !self.is_full() {
            return;
        }
        let finest = finest.as_millis() as i64;
        self.edges.changed_after(self.head[0].at);
        while self.is_full() {
            let allowed = finest.max(now.0 - self.head[SEALED].at.0) / EDGE;
            self.recent.push(&thin(&self.head[..=SEALED], allowed, pins));
            self.head.drain(..SEALED);
        }
        let many = |first: Knot| self.recent.len() > RECENT + spread(&first, RECENT_SPREAD);
        if self.recent.first().is_some_and(many) {
            self.compact(now, finest, now - keep, pins);
        }
    }

    /// Makes all that is sealed a new old past.
    fn compact(&mut self, now: Timestamp, finest: i64, oldest: Timestamp, pins: &[Timestamp]) {
        let mut packed = Packed::default();
        let mut last: Option<Pending<'_>> = None;
        for run in self.old.packed.runs().chain(self.recent.runs()).skip_while(|run| run.last.at < oldest) {
            let allowed = finest.max(now.0 - run.last.at.0) / EDGE;
            last = Some(match last {
                Some(before) if before.span() + run.span() <= allowed * MERGE_SPAN => {
                    let mut knots = before.into_knots();
                    knots.pop();
                    knots.extend(run.knots());
                    Pending::Open(thin(&knots, allowed, pins))
                }
                before => {
                    before.into_iter().for_each(|before| before.seal(&mut packed));
                    Pending::Sealed(run)
                }
            });
        }
        last.into_iter().for_each(|last| last.seal(&mut packed));
        self.old = Arc::new(self.old.succeeded_by(packed));
        self.recent = Packed::default();
        self.edges.forget();
    }
}

/// A run that may yet be merged with the next one.
enum Pending<'a> {
    Sealed(Run<'a>),
    Open(Vec<Knot>),
}

impl Pending<'_> {
    fn span(&self) -> i64 {
        match self {
            Self::Sealed(run) => run.span(),
            Self::Open(knots) => match &knots[..] {
                [first, .., last] => last.at.0 - first.at.0,
                _ => 0,
            },
        }
    }

    fn into_knots(self) -> Vec<Knot> {
        match self {
            Self::Sealed(run) => run.knots().collect(),
            Self::Open(knots) => knots,
        }
    }

    fn seal(self, packed: &mut Packed) {
        match self {
            Self::Sealed(run) => packed.push_run(&run),
            Self::Open(knots) => packed.push(&knots),
        }
    }
}

/// A number below `of` that differs between curves and from time to time, and is the same in each replay.
fn spread(knot: &Knot, of: usize) -> usize {
    let mixed = [knot.at.0 as u64, knot.sum.total.to_bits(), knot.sum.bad.to_bits()]
        .iter()
        .fold(0u64, |mixed, word| (mixed ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29));
    (mixed % of as u64) as usize
}

/// Drops knots whose neighbours are at most `allowed` ms apart; both ends stay, and pins are made knots that stay.
fn thin(knots: &[Knot], allowed: i64, pins: &[Timestamp]) -> Vec<Knot> {
    let (Some(first), Some(last)) = (knots.first(), knots.last()) else { return Vec::new() };
    let inside = pins.partition_point(|p| *p <= first.at)..pins.partition_point(|p| *p < last.at);
    let mut pins = pins[inside].iter().peekable();
    let mut kept = vec![*first];
    let mut last_kept = first.at;
    for (i, knot) in knots.iter().enumerate().skip(1) {
        while let Some(&pin) = pins.next_if(|pin| **pin < knot.at) {
            kept.push(Knot { at: pin, sum: knots[i - 1].between(knot, pin) });
            last_kept = pin;
        }
        let pinned = pins.peek() == Some(&&knot.at);
        if pinned || knots.get(i + 1).is_none_or(|next| next.at.0 - last_kept.0 > allowed) {
            kept.push(*knot);
            last_kept = knot.at;
        }
    }
    kept
}

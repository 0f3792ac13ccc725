//! When and how a curve's past is sealed, merged, thinned and forgotten.

use super::History;
use super::knot::Knot;
use super::packed::Packed;
use super::runs::Run;
use crate::domain::time::Timestamp;
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
        let limit = |first| HEAD + spread(&first, HEAD_SPREAD);
        // The head begins with the last sealed knot, which is at hand without a look at the head's memory.
        let first = || self.recent.runs().last().or_else(|| self.head.first().copied());
        self.head.len() > HEAD && first().is_some_and(|first| self.head.len() > limit(first))
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
        let many = |first: Knot| self.recent.runs().len() > RECENT + spread(&first, RECENT_SPREAD);
        if self.recent.runs().first().is_some_and(many) {
            self.compact(now, finest, now - keep, pins);
        }
    }

    /// Makes all that is sealed a new old past.
    fn compact(&mut self, now: Timestamp, finest: i64, oldest: Timestamp, pins: &[Timestamp]) {
        let mut packed = Packed::default();
        let mut last: Option<Pending<'_>> = None;
        for run in self.old.runs().iter().chain(self.recent.runs().iter()).skip_while(|run| run.last.at < oldest) {
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
        self.old = self.old.succeeded_by(packed);
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
    let Some(first) = knots.first() else { return Vec::new() };
    let inside = pins.partition_point(|p| *p <= first.at)..;
    let mut pins = pins[inside].iter().peekable();
    let mut kept = vec![*first];
    let mut last_kept = first.at;
    for (i, knot) in knots.iter().enumerate().skip(1) {
        while let Some(&pin) = pins.next_if(|pin| **pin < knot.at) {
            // A pin that is a knot, or stands here twice, was kept already.
            if pin > last_kept {
                kept.push(Knot { at: pin, sum: knots[i - 1].between(knot, pin) });
                last_kept = pin;
            }
        }
        let pinned = pins.peek() == Some(&&knot.at);
        if pinned || knots.get(i + 1).is_none_or(|next| next.at.0 - last_kept.0 > allowed) {
            kept.push(*knot);
            last_kept = knot.at;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::Counts;
    use super::*;

    fn knots(moments: &[i64]) -> Vec<Knot> {
        let sum = |at: i64| Counts { total: at as f64, bad: 0.0, measured: at };
        moments.iter().map(|at| Knot { at: Timestamp(*at), sum: sum(*at) }).collect()
    }

    #[test]
    fn thinning_keeps_ends_pins_and_what_is_needed_between() {
        let even: Vec<i64> = (0..=10).map(|i| i * 10).collect();
        for (name, moments, allowed, pins, kept) in [
            ("as far apart as allowed", &even[..], 30, &[][..], &[0, 30, 60, 90, 100][..]),
            ("nothing may go", &even, 9, &[], &even),
            ("all but the ends", &even, 100, &[], &[0, 100]),
            ("pins", &even, 100, &[25, 50], &[0, 25, 50, 100]),
            ("pins beside and at the ends", &even, 100, &[-5, 0, 100, 105], &[0, 100]),
            ("pins between two knots", &even, 100, &[42, 42, 44], &[0, 42, 44, 100]),
            ("distances count from pins", &even, 30, &[15], &[0, 15, 40, 70, 100]),
            ("uneven", &[0, 1, 2, 50, 51, 100], 40, &[], &[0, 2, 50, 51, 100]),
            ("one", &[7], 40, &[], &[7]),
            ("none", &[], 40, &[], &[]),
        ] {
            let pins: Vec<Timestamp> = pins.iter().copied().map(Timestamp).collect();
            assert_eq!(thin(&knots(moments), allowed, &pins), knots(kept), "{name}");
        }
    }

    /// Records of 15 seconds, and what was done after each of them.
    fn grow(steps: i64, mut after: impl FnMut(&mut History, Timestamp)) {
        let mut history = History::default();
        for i in 0..steps {
            let (from, to) = (Timestamp(i * 15_000), Timestamp((i + 1) * 15_000));
            history.record(from, to, ((i * 7919) % 101) as f64, 0.0, true);
            after(&mut history, to);
        }
    }

    const FINEST: Duration = Duration::from_secs(300);
    const KEEP: Duration = Duration::from_secs(86_400);

    #[test]
    fn a_head_is_sealed_and_the_past_compacted_when_they_are_full_and_not_before() {
        let (mut sealed, mut compacted) = (0, 0);
        grow(2000, |history, now| {
            let limit = HEAD + spread(&history.head[0], HEAD_SPREAD);
            assert_eq!(history.is_full(), history.head.len() > limit);
            let full = history.is_full();
            let runs = history.recent.runs().len() + usize::from(full);
            let first = history.recent.runs().first().unwrap_or(history.head[0]);
            let version = history.old.version();
            history.maintain(now, FINEST, KEEP, &[]);
            assert!(!history.is_full());
            let compacts = full && runs > RECENT + spread(&first, RECENT_SPREAD);
            assert_eq!(history.old.version() - version, u64::from(compacts), "{runs} runs");
            (sealed, compacted) = (sealed + usize::from(full), compacted + usize::from(compacts));
        });
        assert!(sealed > 50 && compacted > 3, "{sealed} {compacted}");
    }

    #[test]
    fn what_is_old_when_it_is_sealed_is_thinned_as_its_age_allows() {
        grow(200, |history, now| {
            if !history.is_full() {
                return;
            }
            // As if ten days had passed: 1687 s between two knots.
            let later = now + Duration::from_secs(864_000);
            history.maintain(later, FINEST, KEEP * 30, &[]);
            let moments: Vec<i64> =
                history.recent.runs().iter().flat_map(|run| run.knots().map(|knot| knot.at.0)).collect();
            assert!(moments.len() <= 2 * history.recent.runs().len(), "{moments:?}");
        });
    }

    #[test]
    fn a_compaction_merges_as_many_neighbours_as_fit() {
        for (age, spans) in [(512, &[60, 20][..]), (1024, &[80]), (400, &[20; 4])] {
            let mut history = History::default();
            for begin in [1000, 1020, 1040, 1060] {
                history.recent.push(&knots(&[begin, begin + 10, begin + 20]));
            }
            // Of the last run; the others are a little older.
            history.compact(Timestamp(1080 + age), 0, Timestamp(0), &[]);
            let merged: Vec<i64> = history.old.runs().iter().map(|run| run.span()).collect();
            assert_eq!(merged, spans, "{age}");
        }
    }

    #[test]
    fn runs_are_merged_up_to_an_eighth_of_their_age() {
        let mut versions = 0;
        grow(6000, |history, now| {
            let version = history.old.version();
            history.maintain(now, FINEST, KEEP, &[]);
            if history.old.version() == version {
                return;
            }
            versions += 1;
            let runs: Vec<Run<'_>> = history.old.runs().iter().collect();
            let limit = |run: &Run<'_>| 300_000.max(now.0 - run.last.at.0) / EDGE * MERGE_SPAN;
            for run in &runs {
                assert!(run.span() <= limit(run).max(SEALED as i64 * 15_000), "{} of {}", run.span(), limit(run));
                let moments: Vec<i64> = run.knots().map(|knot| knot.at.0).collect();
                let allowed = limit(run) / MERGE_SPAN;
                assert!(moments.windows(2).all(|pair| pair[1] - pair[0] <= allowed.max(15_000)), "{moments:?}");
            }
            for pair in runs.windows(2) {
                let both = pair[0].span() + pair[1].span();
                assert!(both > limit(&pair[1]), "{both} of {}", limit(&pair[1]));
            }
        });
        assert!(versions > 10, "{versions}");
    }

    #[test]
    fn a_run_is_forgotten_when_it_ended_before_all_that_is_kept() {
        for (spare, kept) in [(0, true), (1, true), (-1, false)] {
            let mut done = false;
            grow(3000, |history, now| {
                if done || !history.is_full() {
                    return;
                }
                let end = history.recent.runs().run(0).map_or(Timestamp(0), |run| run.last.at);
                let keep = Duration::from_millis((now.0 - end.0 + spare) as u64);
                let version = history.old.version();
                history.maintain(now, FINEST, keep, &[]);
                if history.old.version() > version {
                    done = true;
                    assert_eq!(history.begin() == Some(Timestamp(0)), kept, "{spare}");
                }
            });
            assert!(done);
        }
    }

    #[test]
    fn what_begins_together_is_kept_up_at_different_times() {
        let mut times = [0; 32];
        for i in 0..3200 {
            let sum = Counts { total: f64::from(i), bad: 0.0, measured: 0 };
            times[spread(&Knot { at: Timestamp(1_767_225_600_000), sum }, 32)] += 1;
        }
        assert!(times.iter().all(|times| (50..150).contains(times)), "{times:?}");
    }
}

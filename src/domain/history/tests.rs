//! The curve against a list of records summed by hand, and what thinning may cost.

use super::compact::EDGE;
use super::knots_tests::sums;
use super::*;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
struct Record {
    from: i64,
    to: i64,
    total: f64,
    bad: f64,
}

fn records(longest: i64) -> impl Strategy<Value = Vec<Record>> {
    let record = (0..10_000i64, 0..longest, 0..50u32, 0..5u32).prop_map(|(from, length, total, bad)| Record {
        from,
        to: from + length,
        total: total.into(),
        bad: bad.into(),
    });
    prop::collection::vec(record, 1..60)
}

/// Events of one record in `(.., at]`, straight from the definition.
fn before(record: &Record, at: i64) -> f64 {
    if at >= record.to {
        1.0
    } else if at <= record.from {
        0.0
    } else {
        (at - record.from) as f64 / (record.to - record.from) as f64
    }
}

fn measured(records: &[Record], from: i64, to: i64) -> i64 {
    (from..to).filter(|ms| records.iter().any(|r| r.from <= *ms && *ms < r.to)).count() as i64
}

fn filled(records: &[Record]) -> History {
    let mut history = History::default();
    for r in records {
        history.record(Timestamp(r.from), Timestamp(r.to), r.total, r.bad, true);
    }
    history
}

proptest! {
    #[test]
    fn any_window_is_what_the_records_say(records in records(400), from in 0..11_000i64, length in 0..5000i64) {
        let (history, to) = (filled(&records), from + length);
        let got = history.sum(Timestamp(from), Timestamp(to));
        let total: f64 = records.iter().map(|r| r.total * (before(r, to) - before(r, from))).sum();
        let bad: f64 = records.iter().map(|r| r.bad * (before(r, to) - before(r, from))).sum();
        prop_assert!((got.total - total).abs() < 1e-6, "total {} but {total}", got.total);
        prop_assert!((got.bad - bad).abs() < 1e-6, "bad {} but {bad}", got.bad);
        let slack = records.len() as i64;
        prop_assert!((got.measured - measured(&records, from, to)).abs() <= slack);
    }

    #[test]
    fn late_records_reach_into_sealed_chunks(late in records(3_000_000)) {
        let (mut history, mut all) = (History::default(), Vec::new());
        for i in 0..600 {
            all.push(Record { from: i * 15_000, to: (i + 1) * 15_000, total: 3.0, bad: 1.0 });
        }
        for r in &all {
            history.record(Timestamp(r.from), Timestamp(r.to), r.total, r.bad, true);
            history.maintain(Timestamp(r.to), Duration::from_secs(300), Duration::from_secs(86_400), &[]);
        }
        for r in late {
            history.record(Timestamp(r.from), Timestamp(r.to), r.total, r.bad, true);
            all.push(r);
        }
        let end = 9_000_000;
        let got = history.sum(Timestamp(-1), Timestamp(end));
        let total: f64 = all.iter().map(|r| r.total * before(r, end)).sum();
        prop_assert!((got.total - total).abs() < 1e-3, "{} but {total}", got.total);
        prop_assert!((got.measured - end).abs() <= 60, "{}", got.measured);
    }
}

/// A day of uneven traffic, maintained as time passes.
fn day(step: i64) -> (History, Vec<Record>) {
    let (mut history, mut all) = (History::default(), Vec::new());
    for i in 0..(86_400_000 / step) {
        let total = ((i * 7919) % 101) as f64;
        let r = Record { from: i * step, to: (i + 1) * step, total, bad: f64::from(u8::from(i % 97 == 0)) };
        history.record(Timestamp(r.from), Timestamp(r.to), r.total, r.bad, true);
        history.maintain(
            Timestamp(r.to),
            Duration::from_secs(300),
            Duration::from_secs(86_400 * 2),
            &[Timestamp(40_000_003)],
        );
        all.push(r);
    }
    (history, all)
}

#[test]
fn no_edge_is_off_by_more_than_a_512th_of_the_window() {
    let (history, all) = day(15_000);
    let now = 86_400_000;
    for window in [300_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 50_000_000, 86_000_000] {
        let got = history.sum(Timestamp(now - window), Timestamp(now)).total;
        let exact = |edge: i64| all.iter().map(|r| r.total * (1.0 - before(r, edge))).sum::<f64>();
        let (most, least) = (exact(now - window - window / EDGE), exact(now - window + window / EDGE));
        assert!(least - 1e-6 <= got && got <= most + 1e-6, "window {window}: {got} is not in {least}..{most}");
    }
}

#[test]
fn the_whole_is_exact_and_pins_stay_exact_however_old() {
    let (history, all) = day(15_000);
    let total = |edge: i64| all.iter().map(|r| r.total * before(r, edge)).sum::<f64>();
    assert_eq!(history.sum(Timestamp(0), Timestamp(86_400_000)).total, total(86_400_000));
    assert!((history.at(Timestamp(40_000_003)).total - total(40_000_003)).abs() < 1e-2);
}

#[test]
fn sixty_days_of_busy_traffic_stay_below_42_kilobytes() {
    let mut history = History::default();
    for i in 0..(60 * 5760i64) {
        history.record(
            Timestamp(i * 15_000),
            Timestamp((i + 1) * 15_000),
            ((i * 31) % 900) as f64,
            (i % 3) as f64,
            true,
        );
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), Duration::from_secs(86_400 * 62), &[]);
    }
    assert!(history.heap() < 42_000, "{}", history.heap());
}

#[test]
fn edges_that_move_on_find_what_a_search_finds() {
    let mut history = History::default();
    let lengths =
        [20i64, 300, 3600, 20_000, 86_400, 200_000, 999_999_999].map(|seconds| Duration::from_secs(seconds as u64));
    for i in 0..20_000i64 {
        let now = Timestamp((i + 1) * 15_000);
        history.record(Timestamp(now.0 - 15_000), now, ((i * 31) % 900) as f64, (i % 3) as f64, i % 70 > 5);
        if i % 1013 == 0 {
            // Late knowledge opens what was sealed; a jump makes two knots of one moment.
            history.record(Timestamp(now.0 - 40_000_000), Timestamp(now.0 - 1_000_000), 7.0, 1.0, true);
            history.record(Timestamp(now.0 - 700_000), Timestamp(now.0 - 700_000), 1.0, 0.0, false);
        }
        // Edges mostly move on, and sometimes back, as when a calendar window begins anew.
        let moments = lengths.map(|length| now - if i % 500 == 3 { length * 2 } else { length });
        let found = sums(&mut history, moments, now);
        assert_eq!(found, moments.map(|from| history.sum(from, now)), "step {i}");
        history.maintain(now, Duration::from_secs(300), Duration::from_secs(250_000), &[]);
    }
}

/// Several targets' scrapes one after another, each known late, quiet times, jumps and clocks that jump ahead.
fn steps() -> impl Strategy<Value = Vec<(i64, i64, i64, u32, bool)>> {
    let step = (prop_oneof![8 => 1..40i64, 1 => 0..5000i64], 0..90i64, prop_oneof![9 => 0..60i64, 1 => 0..4000i64]);
    prop::collection::vec((step, prop_oneof![2 => Just(0u32), 3 => 0..900u32], any::<bool>()), 1..400).prop_map(
        |steps| steps.into_iter().map(|((by, late, span), events, on)| (by, late, span, events, on)).collect(),
    )
}

proptest! {
    #[test]
    fn edges_find_what_a_search_finds_whatever_is_recorded(steps in steps(), every in 1..4usize) {
        let (mut history, mut now) = (History::default(), 1_000_000);
        for (i, (by, late, span, events, on)) in steps.into_iter().enumerate() {
            now += by;
            let to = Timestamp(now - late);
            history.record(to - Duration::from_millis(span as u64), to, f64::from(events) / 3.0, f64::from(events % 7), on);
            if i % every == 0 {
                let moments = [0, 3, 40, 200, 900, 2000, 9000].map(|length| Timestamp(now - length));
                let to = Timestamp(now - i as i64 % 3);
                let found = sums(&mut history, moments, to);
                prop_assert_eq!(found, moments.map(|from| history.sum(from, to)));
            }
            history.maintain(Timestamp(now), Duration::from_millis(300), Duration::from_secs(60), &[]);
        }
    }
}

#[test]
fn forgetting_does_not_change_what_is_kept() {
    let (mut history, keep) = (History::default(), Duration::from_secs(3600));
    for i in 0..2000i64 {
        history.record(Timestamp(i * 15_000), Timestamp((i + 1) * 15_000), 1.0, 0.0, true);
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), keep, &[]);
    }
    let now = Timestamp(30_000_000);
    assert_eq!(history.sum(now - keep, now).total, 240.0);
    assert!(history.begin().is_some_and(|begin| begin > Timestamp(0)), "old chunks are gone");
}

#[test]
fn quiet_time_costs_nothing() {
    let mut history = History::default();
    for i in 0..10_000i64 {
        history.record(Timestamp(i * 15_000), Timestamp((i + 1) * 15_000), 0.0, 0.0, true);
    }
    assert_eq!(history.sum(Timestamp(0), Timestamp(150_000_000)).measured, 150_000_000);
    assert!(history.heap() < 1000);
}

#[test]
fn a_jump_belongs_to_its_moment() {
    let mut history = History::default();
    history.record(Timestamp(10), Timestamp(10), 1.0, 1.0, true);
    history.record(Timestamp(10), Timestamp(20), 0.0, 0.0, true);
    history.record(Timestamp(20), Timestamp(20), 1.0, 0.0, true);
    assert_eq!(history.sum(Timestamp(9), Timestamp(10)).total, 1.0);
    assert_eq!(history.sum(Timestamp(10), Timestamp(20)).total, 1.0);
    assert_eq!(history.sum(Timestamp(10), Timestamp(19)).total, 0.0);
}

/// What the store keeps of a curve: its old past, and the rest.
fn stored_and_back(history: &History) -> History {
    let young = postcard::to_stdvec(history).unwrap();
    let old = Old::from_bytes(history.old().to_bytes()).unwrap();
    let mut back: History = postcard::from_bytes(&young).unwrap();
    assert!(old.version() == 0 || back.attach(old), "they fit");
    back
}

#[test]
fn a_curve_comes_back_from_its_two_stored_parts() {
    let mut history = History::default();
    for i in 0..6000i64 {
        history.record(Timestamp(i * 15_000), Timestamp((i + 1) * 15_000), (i % 90) as f64, 0.0, i % 50 > 3);
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), Duration::from_secs(60_000), &[]);
        if i % 500 == 0 {
            assert_eq!(stored_and_back(&history), history, "step {i}");
        }
    }
    assert!(history.old().version() > 3 && history.old().runs().len() > 10, "{:?}", history.old().version());
    let other = Old::default().succeeded_by(History::default().recent);
    assert!(stored_and_back(&history).attach(other), "nothing can precede any curve");
    let mut stranger = History::default();
    stranger.record(Timestamp(5), Timestamp(6), 1.0, 1.0, true);
    let old = history.old().clone();
    assert!(!stranger.attach(old), "another curve's past is refused");
}

#[test]
fn an_old_past_changes_its_version_with_its_content() {
    let (mut history, mut known) = (History::default(), std::collections::BTreeMap::<u64, Old>::new());
    for i in 0..9000i64 {
        history.record(Timestamp(i * 15_000), Timestamp((i + 1) * 15_000), (i % 90) as f64, 0.0, true);
        if i % 997 == 0 {
            history.record(Timestamp(i * 9000), Timestamp(i * 9000 + 5), 3.0, 0.0, true);
        }
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), Duration::from_secs(86_400), &[]);
        let old = history.old();
        let before = known.entry(old.version()).or_insert_with(|| old.clone());
        assert_eq!(before, old, "step {i}");
    }
    assert!(known.len() > 20, "{}", known.len());
}

#[test]
fn bytes_that_are_no_old_past_are_refused() {
    let (history, _) = day(15_000);
    let bytes = history.old().to_bytes();
    assert_eq!(Old::from_bytes(bytes.clone()).as_ref(), Some(history.old()));
    for length in 0..bytes.len() {
        // What is shorter may be read as something, but never with a panic, and never as the same.
        assert_ne!(Old::from_bytes(bytes[..length].to_vec()).as_ref(), Some(history.old()), "{length}");
    }
}

/// Ten thousand curves of one beginning, on one beat, must not be compacted in one moment.
#[test]
fn curves_of_one_beat_are_sealed_and_compacted_at_different_times() {
    let mut histories = vec![History::default(); 200];
    let (mut most_sealed, mut most_compacted) = (0, 0);
    for i in 0..3000i64 {
        let (mut sealed, mut compacted) = (0, 0);
        for (number, history) in histories.iter_mut().enumerate() {
            let total = (((i + 1) * (number as i64 + 7919) * 2_654_435_761) >> 7).rem_euclid(101) as f64;
            history.record(Timestamp(i * 15_000), Timestamp((i + 1) * 15_000), total, 0.0, true);
            let before = (history.old().version(), history.is_full());
            history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), Duration::from_secs(86_400), &[]);
            sealed += usize::from(before.1);
            compacted += usize::from(before.0 != history.old().version());
        }
        // All begin with the same knot, so that the first time is common to all.
        most_sealed = most_sealed.max(if i > 100 { sealed } else { 0 });
        most_compacted = most_compacted.max(compacted);
    }
    assert!(most_sealed < 30 && most_compacted < 20, "{most_sealed} {most_compacted}");
}

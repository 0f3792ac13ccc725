//! What late knowledge leaves of the list of knots, and what looks at it while it changes.

use super::runs::Runs;
use super::*;
use std::time::Duration;

/// What happened from each of these moments on, by the edges that a history remembers.
pub(super) fn sums<const N: usize>(history: &mut History, from: [Timestamp; N], to: Timestamp) -> [Counts; N] {
    let mut sums = [Counts::default(); N];
    history.sums(&from, to, &mut sums);
    sums
}

fn record(history: &mut History, from: i64, to: i64, total: f64) {
    history.record(Timestamp(from), Timestamp(to), total, 0.0, true);
}

#[test]
fn late_knowledge_at_known_moments_needs_no_more_knots() {
    let mut history = History::default();
    for (from, to) in [(10, 10), (10, 20), (20, 30), (30, 30), (30, 40)] {
        record(&mut history, from, to, 1.0);
    }
    let knots = history.head.len();
    for (i, (from, to)) in [(10, 20), (20, 30), (10, 10), (30, 30), (10, 30)].into_iter().enumerate() {
        record(&mut history, from, to, 1.0);
        assert_eq!(history.head.len(), knots, "{from} to {to}");
        assert_eq!(history.sum(Timestamp(9), Timestamp(40)).total, 6.0 + i as f64);
    }
}

#[test]
fn knowledge_from_before_all_that_is_kept_adds_its_own_events_only() {
    let (mut history, keep) = (History::default(), Duration::from_secs(3600));
    for i in 0..2000i64 {
        record(&mut history, i * 15_000, (i + 1) * 15_000, 1.0);
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), keep, &[]);
    }
    let begin = history.begin().expect("a knot");
    let (before, end) = (Timestamp(begin.0 - 100_000), Timestamp(30_000_000));
    let kept = history.sum(before, end).total;
    assert!(history.at(begin).total > 0.0, "something was forgotten");
    record(&mut history, before.0, begin.0 + 100_000, 7.0);
    assert_eq!(history.sum(before, end).total, kept + 7.0);
}

#[test]
fn an_edge_in_quiet_time_goes_on_after_that_was_extended() {
    let mut history = History::default();
    record(&mut history, 0, 10, 5.0);
    record(&mut history, 10, 20, 0.0);
    let since = |history: &mut History, from, to| sums(history, [Timestamp(from)], Timestamp(to));
    assert_eq!(since(&mut history, 15, 20).map(|counts| counts.total), [0.0]);
    record(&mut history, 20, 30, 0.0);
    record(&mut history, 30, 40, 100.0);
    assert_eq!(since(&mut history, 35, 40), [history.sum(Timestamp(35), Timestamp(40))]);
    assert_eq!(history.at(Timestamp(35)).total, 55.0);
}

#[test]
fn the_memory_report_knows_every_part() {
    let mut history = History::default();
    assert_eq!(history.heap(), 0);
    let mut seen = [false; 3];
    for i in 0..3000i64 {
        record(&mut history, i * 15_000, (i + 1) * 15_000, (i % 90) as f64);
        history.maintain(Timestamp((i + 1) * 15_000), Duration::from_secs(300), Duration::from_secs(86_400), &[]);
        let (old, recent) = (history.old.heap(), history.recent.heap());
        let open = history.head.capacity() * Knot::BYTES;
        assert_eq!(history.heap(), old + recent + open, "step {i}");
        seen = [seen[0] || old > 1000, seen[1] || recent > 1000, seen[2] || open > 1000];
    }
    assert_eq!(seen, [true; 3]);
}

#[test]
fn the_heap_of_an_old_past_is_its_index_and_its_bytes() {
    let mut history = History::default();
    for i in 0..1000i64 {
        let to = Timestamp((i + 1) * 15_000);
        history.record(Timestamp(i * 15_000), to, (i % 7) as f64, 0.0, true);
        history.maintain(to, Duration::from_secs(300), Duration::from_secs(86_400), &[]);
    }
    let Runs { index, body, .. } = history.old.runs();
    assert!(index.len() > 3 && body.len() > 100, "{} runs of {} bytes", index.len(), body.len());
    assert_eq!(history.old.heap(), size_of_val(index) + body.len());
}

//! The walk along a curve, from any moment on. What it leads to is compared with a search in `history/tests.rs`.

use super::super::knots_tests::sums;
use super::*;
use std::time::Duration;

/// A curve with an old and a recent past and an open head, with a jump in each of them.
fn long() -> History {
    let mut history = History::default();
    for i in 0..1500i64 {
        let (from, to) = (Timestamp(i * 15_000), Timestamp((i + 1) * 15_000));
        history.record(from, to, ((i * 7919) % 101) as f64, 0.0, true);
        if i % 10 == 0 {
            history.record(to, to, 5.0, 1.0, true);
        }
        history.maintain(to, Duration::from_secs(300), Duration::from_secs(86_400), &[]);
    }
    assert!(history.old.runs().len() > 3 && history.recent.runs().len() > 3 && history.head.len() > 3);
    history
}

/// Every sealed run, old and recent, as its knots.
fn sealed(history: &History) -> Vec<Vec<Knot>> {
    history.old.runs().iter().chain(history.recent.runs().iter()).map(|run| run.knots().collect()).collect()
}

#[test]
fn a_walk_from_any_moment_meets_all_that_follows() {
    let history = long();
    let curve = history.curve();
    let runs = sealed(&history);
    let mut all: Vec<Knot> = runs.iter().flatten().chain(&history.head).copied().collect();
    all.dedup();
    let moments = all.iter().flat_map(|knot| [knot.at, Timestamp(knot.at.0 + 1)]);
    for at in moments.step_by(13).filter(|at| *at < all[all.len() - 1].at) {
        let (first, mut spot) = curve.enter(at).expect("a knot");
        let (mut met, mut knots, mut len) = (vec![first], [first; SPAN], SPAN);
        while len == SPAN {
            len = curve.read(&mut spot, &mut knots);
            met.extend(&knots[1..len]);
            knots[0] = knots[len - 1];
        }
        met.dedup();
        assert!(all.ends_with(&met), "{at:?}");
        // It begins where the run does, or in the head at the moment itself.
        let mut begins = runs.iter().map(|run| run[0]).chain(history.head.iter().copied());
        let latest = begins.by_ref().filter(|knot| knot.at <= at).last();
        assert_eq!(Some(first), latest, "{at:?}");
    }
    assert!(curve.enter(Timestamp(-1)).is_none(), "nothing is known from before the first knot");
}

#[test]
fn edges_agree_with_a_search_through_compactions_late_knowledge_and_steps_back() {
    let mut history = History::default();
    let (mut compactions, finest) = (0, Duration::from_secs(300));
    for i in 0..1500i64 {
        let now = Timestamp((i + 1) * 15_000);
        history.record(Timestamp(i * 15_000), now, ((i * 7919) % 101) as f64, 0.0, true);
        if i % 200 == 150 {
            history.record(Timestamp(now.0 - 2_000_000), Timestamp(now.0 - 1_900_000), 50.0, 0.0, true);
        }
        let back = if i % 100 == 42 { 2 } else { 1 };
        let moments = [40_000, 300_000, 3_600_000, 9_000_000].map(|length| Timestamp(now.0 - length * back));
        let found = sums(&mut history, moments, now);
        assert_eq!(found, moments.map(|from| history.sum(from, now)), "step {i}");
        let version = history.old.version();
        history.maintain(now, finest, Duration::from_secs(86_400), &[]);
        compactions += history.old.version() - version;
    }
    assert!(compactions > 2, "{compactions}");
}

#[test]
fn a_window_may_end_before_the_last_knot() {
    let mut history = long();
    let end = history.end().expect("an end");
    for before in [20_000_000, 20_000, 1, 0, -1] {
        let to = Timestamp(end.0 - before);
        let from = Timestamp(to.0 - 100_000);
        let found = sums(&mut history, [from], to);
        assert_eq!(found, [history.sum(from, to)], "{before} ms before the last knot");
    }
}

#[test]
fn an_edge_remembers_the_knots_around_it() {
    let mut history = long();
    let end = history.end().expect("an end");
    let moments = [end.0 - 20_000_000, end.0 - 3_000_000, end.0 - 100_000].map(Timestamp);
    for later in [0, 1000, 30_000] {
        let moments = moments.map(|at| Timestamp(at.0 + later));
        sums(&mut history, moments, end);
        let marks = history.edges.marks.iter().map(|mark| usize::from(mark.before));
        for ((span, mark), at) in history.edges.spans.iter().zip(marks).zip(moments) {
            let [before, after] = [0, 1].map(|next| span.0[mark + next]);
            assert!(before.at <= at && at < after.at, "{at:?} {span:?}");
        }
    }
}

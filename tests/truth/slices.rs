//! Time-slice budgets against the oracle: each slice is judged from all its events, one by one.

use crate::both::{budget, near, same};
use crate::build::{self, ratio};
use crate::engine::{Engine, START, WEIGHTS, counting_by};
use crate::oracle::{Attempt, Exact, Ms, Oracle, Rules, Shown, Sum, whole};
use proptest::prelude::*;
use slowburn::domain::slo::{SliceVerdict, Slo, Timeslices};
use std::time::Duration;

const SLICE: Ms = 60_000;

/// The slices that ended in `(from, to]`, as events: bad where less than 95 % of the slice's events are good.
fn slices(oracle: &Oracle, (from, to): (Ms, Ms)) -> Sum {
    let (mut total, mut all_bad) = (0, 0);
    for end in (from.div_euclid(SLICE) + 1..=to.div_euclid(SLICE)).map(|number| number * SLICE) {
        let sum = oracle.sum(WEIGHTS[0].1, (end - SLICE, end), &[]);
        if sum.is_measured() {
            let bad = sum.bad > &sum.total * Exact::new(5.into(), 100.into());
            (total, all_bad) = (total + 1, all_bad + i64::from(bad));
        }
    }
    Sum::of_slices(total, all_bad)
}

/// How much of some events is bad.
#[derive(Clone, Copy, Debug)]
enum Worse {
    Nothing,
    /// Just what is allowed.
    FivePercent,
    OneMore,
    Half,
}

fn worse() -> impl Strategy<Value = Worse> {
    prop_oneof![Just(Worse::Nothing), Just(Worse::FivePercent), Just(Worse::OneMore), Just(Worse::Half)]
}

impl Worse {
    fn of(self, events: u32) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::FivePercent => events / 20,
            Self::OneMore => (events / 20 + 1).min(events),
            Self::Half => events / 2,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Often exactly 5 % are bad, which is still good.
    #[test]
    fn slices_are_judged_as_the_oracle_judges_them(
        steps in prop::collection::vec((prop_oneof![1..150i64, Just(30), Just(60)], 0u32..4, worse()), 2..12),
    ) {
        let timeslices = Timeslices {
            slice: Duration::from_millis(SLICE as u64),
            target: ratio("95"),
            verdict: SliceVerdict::Whole,
        };
        let slo = Slo { timeslices: Some(timeslices), ..build::slo("requests") };
        let rules = Rules { baseline: false, process_start: false, watched_since: START, interval: SLICE };
        let mut engine = Engine::new(counting_by(rules, vec![slo]), Duration::from_millis(SLICE as u64), START);
        let mut oracle = Oracle::new(rules);
        let (mut now, mut good, mut bad) = (START, 0, 0);
        for (wait, more, worse) in steps {
            let worse = worse.of(100 * more);
            (now, good, bad) = (now + wait * 1000, good + 100 * more - worse, bad + worse);
            let sample = |series, value: u32| Shown { series, value: f64::from(value), at: None, created: None };
            let shown = vec![sample(0, good), sample(1, bad)];
            let attempt = Attempt { target: 0, at: now, good: true, shown, process_start: None };
            engine.take(&attempt);
            oracle.take(&attempt);
            let status = engine.statuses("requests").next().expect("a status");
            let sum = slices(&oracle, (now - 3_600_000, now));
            same("slices", status.sli.total, &sum.total)?;
            same("bad slices", status.sli.bad, &sum.bad)?;
            if sum.total > whole(0) {
                let found = status.budget.remaining.unwrap_or(f64::NAN);
                near("remaining", found, &sum.remaining(&budget()).unwrap_or_else(|| whole(0)))?;
            }
        }
    }
}

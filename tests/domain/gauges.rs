//! What a definition makes of counts, with factors that are exact in 64 bits and with one that is not.

use crate::build::{objective, pair, slo};
use slowburn::domain::alert::Verdict;
use slowburn::domain::gauge::{Gauge, Gauges};
use slowburn::domain::history::Counts;
use slowburn::domain::ratio::Ratio;
use slowburn::domain::slo::{Severity, Slo};
use std::sync::Arc;

fn with_factor(factor: Ratio) -> Slo {
    let mut slo = slo("api");
    slo.policy.pairs = vec![pair(Severity::Page, 600, 60, "2")];
    slo.policy.pairs[0].factor = factor;
    slo.policy.pairs[0].min_bad_events = 2.0;
    slo
}

#[test]
fn a_pair_burns_above_its_factor_and_not_at_it() {
    let exact = Ratio::new(2, 1).expect("a ratio");
    // As a float this is 2 too, and a tenth of it has a denominator beyond 64 bits.
    let inexact = Ratio::new((1 << 63) + 1, 1 << 62).expect("a ratio");
    let counts = |bad, measured| Counts { total: 10.0, bad, measured };
    for (name, long, short, expected) in [
        ("at the factor", counts(2.0, 1), counts(2.0, 1), Verdict::Quiet),
        ("the long window at it", counts(2.0, 1), counts(9.0, 1), Verdict::Quiet),
        ("the short window at it", counts(9.0, 1), counts(2.0, 1), Verdict::Quiet),
        ("both above", counts(2.5, 1), counts(2.5, 1), Verdict::Burning),
        ("below", counts(1.0, 1), counts(1.0, 1), Verdict::Quiet),
        ("nobody looked", counts(9.0, 1), counts(9.0, 0), Verdict::Held),
    ] {
        for factor in [exact, inexact] {
            let gauge = Gauge::new(&with_factor(factor));
            // The short window stands first.
            let view = gauge.view(0, &long, &[short, long]);
            assert_eq!((view.verdict, view.burn_long), (expected, Some(long.bad)), "{name}, {factor:?}");
            assert_eq!(gauge.windows_of(0, &[short, long]), (&long, &short), "{name}");
        }
    }
    let gauge = Gauge::new(&with_factor(Ratio::ONE));
    let few = Counts { total: 1.0, bad: 1.0, measured: 1 };
    assert_eq!(gauge.view(0, &few, &[few, few]).verdict, Verdict::TooFewEvents);
}

#[test]
fn definitions_that_measure_alike_share_a_gauge() {
    let (mut same, mut other) = (slo("b"), slo("c"));
    same.description = "other words".to_owned();
    other.objective = objective("99");
    let mut gauges = Gauges::default();
    let [first, same, other] = [&slo("a"), &same, &other].map(|slo| gauges.of(slo));
    assert!(Arc::ptr_eq(&first, &same));
    assert_ne!(first, other);
    assert_eq!(other.objective, 99.0);
}

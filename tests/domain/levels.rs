//! Gauges of which each sample counts: what they count, which of their values are taken, and what time they measure.

use crate::build::{setup, slo};
use crate::run::Run;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::slo::{CompareOp, Comparison, Indicator, Slo, Tally, Term};

/// Every sample of `requests_total{code="200"}` is an event, bad by what `tally` says of it.
fn of(tally: Tally) -> Slo {
    let selector = parse_selector("requests_total{code=\"200\"}").expect("a selector");
    let term = |total, bad, tally| Term { selector: selector.clone(), total, bad, tally };
    let mut slo = slo("level");
    slo.indicator =
        Indicator::Terms { terms: vec![term(1.0, 0.0, Tally::Samples), term(0.0, 1.0, tally)], text: String::new() };
    slo
}

#[test]
fn each_sample_of_a_gauge_counts_as_its_tally_says() {
    let high = Tally::Where(Comparison { op: CompareOp::More, with: 2.0 });
    for (name, tally, values, expected) in [
        ("compared", high, &[1.0, 2.0, 3.0, 4.0][..], (4.0, 2.0)),
        ("compared, falling is no restart", high, &[4.0, 3.0, 1.0], (3.0, 2.0)),
        ("compared, negative", high, &[-1.0, 3.0], (2.0, 1.0)),
        ("by its value", Tally::Values, &[1.0, 0.0, 0.5], (3.0, 1.5)),
        ("by its value, negative", Tally::Values, &[1.0, -1.0], (1.0, 1.0)),
        ("not a number", high, &[f64::NAN, 3.0], (1.0, 1.0)),
    ] {
        let mut run = Run::new(setup([of(tally)]));
        for (i, value) in values.iter().enumerate() {
            run.scrape_of(15 * i as i64, &[("200", *value)]);
        }
        let counts = run.counts(-60, 600);
        assert_eq!((counts.total, counts.bad), expected, "{name}");
    }
}

#[test]
fn a_gauge_measures_the_time_in_which_somebody_looked() {
    for (name, seconds, failed, measured) in [
        ("regular", &[0, 15, 30][..], None, 30),
        ("twice the interval", &[0, 15, 45], None, 45),
        ("longer", &[0, 15, 46], None, 15),
        ("not shown for a while", &[0, 15, -30, -45, 60], None, 15),
        ("an attempt failed in between", &[0, 15, 40], Some(30), 15),
        ("and it goes on", &[0, 15, 40, 55], Some(30), 30),
    ] {
        let mut run = Run::new(setup([of(Tally::Values)]));
        for second in seconds {
            if let Some(failed) = failed.filter(|failed| *second > *failed && *second <= *failed + 15) {
                run.fail(failed);
            }
            let shown: &[(&str, f64)] = if *second < 0 { &[] } else { &[("200", 0.0)] };
            run.scrape_of(second.abs(), shown);
        }
        assert_eq!(run.counts(-60, 600).measured, measured * 1000, "{name}");
    }
}

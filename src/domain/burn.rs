//! Counts to burn rates and budgets (SRE workbook, chapter 5, "Alerting on SLOs").
//!
//! * burn rate over w = (bad in w / all in w) / (1 − objective); none without events.
//! * budget remaining = 1 − (bad in the SLO window / all in it) / (1 − objective).
//!
//! Comparisons of whole counts are exact: 0.1 % bad under 99.9 % is a burn rate of exactly 1.

use super::history::{Counts, History};
use super::ratio::Ratio;
use super::slo::{Maintenance, SloWindow};
use super::time::{Timestamp, millis};
use std::cmp::Ordering;

/// Whole numbers up to here are exact in a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Sums of fractions that ought to be equal differ by less than this part.
const ROUNDING: f64 = 1e-8;

/// From here on floats are whole numbers.
const NO_FRACTIONS: f64 = 4_503_599_627_370_496.0;

/// The packed past keeps fractions in units of 1/1024 of an event, and the counts of a window are made of a few look-ups.
const LESS_THAN_NOTHING: f64 = 1.0 / 256.0;

/// Burn rate; `None` without events.
pub fn burn_rate(counts: &Counts, budget: Ratio) -> Option<f64> {
    let denominator = counts.total * budget.num() as f64;
    (denominator > 0.0).then(|| counts.bad * budget.den() as f64 / denominator)
}

/// Whether `bad > threshold × total`, exactly for whole counts. Without events nothing is exceeded.
pub fn exceeds(bad: f64, total: f64, threshold: Ratio) -> bool {
    total > 0.0 && compare(bad, total, threshold).is_gt()
}

/// How `bad` compares with `threshold × total`: exactly for whole counts, and for fractions, which come of events spread
/// over time, as equal where only rounding tells them apart.
pub fn compare(bad: f64, total: f64, threshold: Ratio) -> Ordering {
    let (scaled, allowed) = (bad * threshold.den() as f64, total * threshold.num() as f64);
    let near = (scaled - allowed).abs() <= ROUNDING * allowed.abs();
    if !near {
        // Far more apart than the rounding of these two, so the exact answer is the same.
        return scaled.total_cmp(&allowed);
    }
    let (Some(bad), Some(total)) = (whole(bad), whole(total)) else { return Ordering::Equal };
    (i128::from(bad) * i128::from(threshold.den())).cmp(&(i128::from(total) * i128::from(threshold.num())))
}

/// A count as a whole number, where it is one and exact.
fn whole(count: f64) -> Option<i64> {
    let number = count as i64;
    (number as f64 == count && count.abs() <= EXACT).then_some(number)
}

/// Events of `(from, to]` without those in maintenance. Measured time there does not count either.
pub fn window_counts(history: &History, maintenance: &[Maintenance], from: Timestamp, to: Timestamp) -> Counts {
    let mut counts = history.sum(from, to);
    for (start, end) in overlaps(maintenance, from, to) {
        counts = counts - history.sum(start, end);
    }
    tidied(counts)
}

/// A difference of two look-ups as counts.
pub fn tidied(counts: Counts) -> Counts {
    Counts { total: without_noise(counts.total), bad: without_noise(counts.bad), measured: counts.measured.max(0) }
}

/// The parts of maintenance inside `(from, to]`, merged where they overlap.
fn overlaps(maintenance: &[Maintenance], from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let inside = |m: &Maintenance| (m.start.max(from), m.end.min(to));
    let mut spans: Vec<_> = maintenance.iter().map(inside).filter(|(start, end)| start < end).collect();
    spans.sort_unstable();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// Milliseconds of maintenance inside `(from, to]`.
pub fn maintained(maintenance: &[Maintenance], from: Timestamp, to: Timestamp) -> i64 {
    overlaps(maintenance, from, to).iter().map(|(start, end)| end.0 - start.0).sum()
}

/// Interpolation leaves 0.30000000000000004 where 0.3 is meant, and where nothing happened a look-up into the packed past
/// may leave less than nothing; such dust is wiped off, real fractions stay.
///
/// Without branches, which nothing could foretell.
fn without_noise(count: f64) -> f64 {
    let millionths = count * 1e6;
    // Adding and taking away a number from which on there are no fractions rounds to a whole one.
    let rounded = (millionths.abs() + NO_FRACTIONS - NO_FRACTIONS).copysign(count) / 1e6;
    let near = (count - rounded).abs() <= 1e-9 * count.abs().max(1.0);
    let tidy = if near & (millionths.abs() < NO_FRACTIONS) { rounded } else { count };
    if (-LESS_THAN_NOTHING..0.0).contains(&count) { 0.0 } else { tidy }
}

/// Share of the window's time outside maintenance that was measured, 0 to 1. Of a calendar period the elapsed part counts.
pub fn coverage(measured: i64, window: &SloWindow, maintenance: &[Maintenance], now: Timestamp) -> f64 {
    let start = window.start(now);
    let expected = now.0 - start.0 - maintained(maintenance, start, now);
    if expected <= 0 { 0.0 } else { (measured as f64 / expected as f64).clamp(0.0, 1.0) }
}

/// Seconds until the budget is spent at the given burn rate: `remaining × window / rate`. 0 when overspent, `None` when
/// nothing burns.
pub fn exhausts_in(remaining: Option<f64>, rate: Option<f64>, window: &SloWindow) -> Option<f64> {
    match remaining? {
        spent if spent <= 0.0 => Some(0.0),
        left => rate.filter(|rate| *rate > 0.0).map(|rate| left * millis(window.nominal()) as f64 / 1000.0 / rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn counts(bad: f64, total: f64) -> Counts {
        Counts { total, bad, measured: 1 }
    }

    #[test]
    fn a_tenth_of_a_percent_bad_under_three_nines_burns_at_exactly_one() {
        let budget = Ratio::new(1, 1000).unwrap();
        assert_eq!(burn_rate(&counts(1.0, 1000.0), budget), Some(1.0));
        assert_eq!(burn_rate(&counts(144.0, 10_000.0), budget), Some(14.4));
        assert_eq!(burn_rate(&counts(0.0, 0.0), budget), None);
        assert!(!exceeds(1.0, 1000.0, budget));
        assert!(exceeds(1001.0, 1_000_000.0, budget));
        assert!(!exceeds(144.0, 10_000.0, Ratio::parse("0.0144").unwrap()), "14.4 × 0.001 is not exceeded by 1.44 %");
        assert!(!exceeds(0.0, 0.0, Ratio::ZERO));
        let twentieth = Ratio::new(1, 20).unwrap();
        assert!(
            !exceeds(30.0 / 7.0, 600.0 / 7.0, twentieth),
            "a twentieth of a part of 100 events is no more than that"
        );
        assert!(exceeds(30.001 / 7.0, 600.0 / 7.0, twentieth));
    }

    #[test]
    fn a_burn_rate_is_the_share_of_bad_events_over_the_budget() {
        for (bad, total, budget, rate) in [
            (3.0, 1000.0, Ratio::new(3, 1000), 1.0),
            (1.0, 200.0, Ratio::new(1, 400), 2.0),
            (5.0, 10.0, Ratio::ONE.into(), 0.5),
        ] {
            assert_eq!(burn_rate(&counts(bad, total), budget.unwrap()), Some(rate), "{bad} of {total}");
        }
    }

    #[test]
    fn exceeding_is_exact_for_whole_counts_and_strict_for_all() {
        for (name, bad, total, num, den, expected) in [
            // 3 × 3002399751580331 is one above 2^53, and that is no float.
            ("by one event", 3_002_399_751_580_331.0, EXACT, 1, 3, true),
            ("whole, equal", 3_002_399_751_580_330.0, EXACT - 2.0, 1, 3, false),
            ("a fraction of a whole", 1.5, 1.0, 1, 1, true),
            ("a whole of a fraction", 1.0, 1.5, 1, 1, false),
            ("fractions, equal", 0.5, 0.5, 1, 1, false),
            ("fractions, equal, one of them whole", 3.0, 1.5, 2, 1, false),
            ("fractions, equal but for rounding", 0.1 + 0.2, 3.0, 1, 10, false),
            ("many, equal but for rounding", 300_000.000_1, 3_000_000.0, 1, 10, false),
            ("many, above", 300_000.1, 3_000_000.0, 1, 10, true),
            ("fractions, above", 1.5, 120.5, 1, 100, true),
            ("fractions, below", 1.5, 120.5, 2, 100, false),
            ("fractions, far below", 0.5, 0.75, 5, 2, false),
            ("no events", 1.0, 0.0, 0, 1, false),
        ] {
            assert_eq!(exceeds(bad, total, Ratio::new(num, den).unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn maintenance_takes_its_events_and_its_time_out() {
        let mut history = History::default();
        history.record(Timestamp(0), Timestamp(1000), 100.0, 10.0, true);
        let m = |start, end| Maintenance { start: Timestamp(start), end: Timestamp(end), reason: String::new() };
        let maintenance = [m(100, 300), m(200, 400), m(5000, 6000)];
        let got = window_counts(&history, &maintenance, Timestamp(0), Timestamp(1000));
        assert_eq!((got.total, got.bad, got.measured), (70.0, 7.0, 700));
        let window = SloWindow::Rolling(Duration::from_secs(1));
        assert_eq!(coverage(got.measured, &window, &maintenance, Timestamp(1000)), 1.0);
        assert_eq!(coverage(0, &window, &[m(0, 1000)], Timestamp(1000)), 0.0);
    }

    #[test]
    fn maintenance_apart_leaves_what_lies_between() {
        let mut history = History::default();
        history.record(Timestamp(0), Timestamp(1000), 100.0, 10.0, true);
        let m = |start, end| Maintenance { start: Timestamp(start), end: Timestamp(end), reason: String::new() };
        let maintenance = [m(600, 700), m(100, 200), m(150, 180)];
        let got = window_counts(&history, &maintenance, Timestamp(0), Timestamp(1000));
        assert_eq!((got.total, got.bad, got.measured), (80.0, 8.0, 800));
        assert_eq!(maintained(&maintenance, Timestamp(150), Timestamp(650)), 100);
    }

    #[test]
    fn dust_of_interpolation_is_wiped_off_and_fractions_stay() {
        for (count, expected) in [
            (0.1 + 0.2, 0.3),
            (1e-12, 0.0),
            (-0.003, 0.0),
            (-0.004, -0.004),
            (1_234_567.000_000_000_2, 1_234_567.0),
            (-0.300_000_000_000_000_04, -0.3),
            (0.300_000_1, 0.300_000_1),
            (1.0 / 3.0, 1.0 / 3.0),
            (2e9 + 0.25, 2e9 + 0.25),
            (5e9 + 0.25, 5e9 + 0.25),
            // Of these, a millionth part of a million times as many is not the same float.
            (736_949_614_283.0, 736_949_614_283.0),
            (-8_439_129_253_556_532.0, -8_439_129_253_556_532.0),
            (f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(tidied(counts(count, count)), counts(expected, expected), "{count}");
        }
        assert_eq!(tidied(Counts { measured: -1, ..counts(0.0, 0.0) }).measured, 0);
    }

    #[test]
    fn forecasts_follow_the_contract() {
        let window = SloWindow::Rolling(Duration::from_secs(1000));
        for (remaining, rate, seconds) in [
            (Some(0.5), Some(2.0), Some(250.0)),
            (Some(-0.1), None, Some(0.0)),
            (Some(0.5), Some(0.0), None),
            (Some(0.5), None, None),
            (None, Some(1.0), None),
        ] {
            assert_eq!(exhausts_in(remaining, rate, &window), seconds, "{remaining:?} {rate:?}");
        }
    }
}

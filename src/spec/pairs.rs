//! The pairs of windows an SLO gets when it names none, and what is told about a pair that cannot work.
//!
//! The table is that of the SRE workbook, chapter 5, for 30 days: the share of the budget that may be spent within the
//! long window before someone is told. An SLO window of about a month (28 to 31 days) keeps the table's windows and
//! takes its factors from the shares, as Sloth does; any other SLO window scales the windows and keeps the factors, so
//! that the same shares hold for it. All factors are exact fractions.

use crate::domain::ratio::Ratio;
use crate::domain::slo::{Objective, Pair, Severity};
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The SLO window for which the table was made.
const TABLE_WINDOW: Duration = Duration::from_secs(30 * DAY);

/// SLO windows that count as a month, both ends included.
const MONTH: std::ops::RangeInclusive<Duration> = Duration::from_secs(28 * DAY)..=Duration::from_secs(31 * DAY);

/// One row: percent of the budget, and the windows in seconds.
struct Row {
    severity: Severity,
    budget_percent: u64,
    long: u64,
    short: u64,
}

const TABLE: [Row; 4] = [
    Row { severity: Severity::Page, budget_percent: 2, long: HOUR, short: 5 * MINUTE },
    Row { severity: Severity::Page, budget_percent: 5, long: 6 * HOUR, short: 30 * MINUTE },
    Row { severity: Severity::Ticket, budget_percent: 10, long: DAY, short: 2 * HOUR },
    Row { severity: Severity::Ticket, budget_percent: 10, long: 3 * DAY, short: 6 * HOUR },
];

/// The default pairs of one severity, the fastest first; `slo_window` is nominal for a calendar period.
pub fn default_pairs(slo_window: Duration, severity: Severity) -> Vec<Pair> {
    TABLE.iter().filter(|row| row.severity == severity).map(|row| row.pair(slo_window)).collect()
}

impl Row {
    fn pair(&self, slo_window: Duration) -> Pair {
        let is_month = MONTH.contains(&slo_window);
        let window = |seconds| if is_month { Duration::from_secs(seconds) } else { scaled(seconds, slo_window) };
        let factor_window = if is_month { slo_window } else { TABLE_WINDOW };
        Pair {
            severity: self.severity,
            long: window(self.long),
            short: window(self.short),
            factor: self.factor(factor_window),
            r#for: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            min_bad_events: 0.0,
        }
    }

    /// Share of the budget × SLO window / long window.
    fn factor(&self, slo_window: Duration) -> Ratio {
        let window_ms = slo_window.as_millis() as u64;
        // A month in milliseconds times 10 is far below 2^64, and no row has an empty long window.
        Ratio::new(self.budget_percent * window_ms, 100 * self.long * 1000).unwrap_or(Ratio::ONE)
    }
}

/// A window of the table for another SLO window: to the nearest whole second (halves go up), at least one.
fn scaled(seconds: u64, slo_window: Duration) -> Duration {
    let table = TABLE_WINDOW.as_millis();
    let nearest = (u128::from(seconds) * slo_window.as_millis() + table / 2) / table;
    Duration::from_secs(u64::try_from(nearest).unwrap_or(u64::MAX).max(1))
}

/// The short window of a pair that names none: a twelfth of the long one, to the nearest whole second, at least one.
pub fn default_short(long: Duration) -> Duration {
    let nearest = (long.as_millis() + 6000) / 12_000;
    Duration::from_secs(u64::try_from(nearest).unwrap_or(u64::MAX).max(1))
}

/// Whether no burn rate can exceed `factor`: with every event bad the burn rate is `1 / budget`.
pub fn is_unreachable(factor: Ratio, objective: Objective) -> bool {
    Ratio::ONE.over(objective.budget()).is_some_and(|highest| factor >= highest)
}

/// The objective, in percent, above which `factor` can be exceeded; rounded up to 4 decimals, so always safe to name.
pub fn objective_needed(factor: Ratio) -> f64 {
    let percent = 100.0 * (1.0 - 1.0 / factor.as_f64());
    // The subtraction of a billionth keeps a bound like 90, which floats render as 90.00000000000001, at 90.
    ((percent - 1e-9) * 1e4).ceil() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE_AND_TICKET: [Severity; 2] = [Severity::Page, Severity::Ticket];

    fn table(slo_window: u64) -> Vec<(u64, u64, Ratio)> {
        let all = PAGE_AND_TICKET.iter().flat_map(|s| default_pairs(Duration::from_secs(slo_window), *s));
        all.map(|pair| (pair.long.as_secs(), pair.short.as_secs(), pair.factor)).collect()
    }

    fn ratio(num: u64, den: u64) -> Ratio {
        Ratio::new(num, den).unwrap()
    }

    const MONTHLY: [(u64, u64); 4] = [(3600, 300), (21_600, 1800), (86_400, 7200), (259_200, 21_600)];

    #[test]
    fn a_month_keeps_the_windows_and_takes_its_factors_from_the_shares() {
        for (name, days, factors) in [
            ("30d", 30, [ratio(72, 5), ratio(6, 1), ratio(3, 1), ratio(1, 1)]),
            ("28d as Sloth", 28, [ratio(1344, 100), ratio(56, 10), ratio(28, 10), ratio(14, 15)]),
            ("29d", 29, [ratio(1392, 100), ratio(58, 10), ratio(29, 10), ratio(29, 30)]),
            ("31d", 31, [ratio(1488, 100), ratio(62, 10), ratio(31, 10), ratio(31, 30)]),
        ] {
            let expected: Vec<_> = MONTHLY.iter().zip(factors).map(|((long, short), f)| (*long, *short, f)).collect();
            assert_eq!(table(days * DAY), expected, "{name}");
        }
    }

    #[test]
    fn any_other_window_scales_the_windows_and_keeps_the_factors() {
        for (name, slo_window, windows) in [
            ("just below a month", 28 * DAY - 1, [(3360, 280), (20_160, 1680), (80_640, 6720), (241_920, 20_160)]),
            ("just above a month", 31 * DAY + 1, [(3720, 310), (22_320, 1860), (89_280, 7440), (267_840, 22_320)]),
            ("7d, a calendar week", 7 * DAY, [(840, 70), (5040, 420), (20_160, 1680), (60_480, 5040)]),
            ("1d", DAY, [(120, 10), (720, 60), (2880, 240), (8640, 720)]),
            (
                "90d, a calendar quarter",
                90 * DAY,
                [(10_800, 900), (64_800, 5400), (259_200, 21_600), (777_600, 64_800)],
            ),
            (
                "365d, a calendar year",
                365 * DAY,
                [(43_800, 3650), (262_800, 21_900), (1_051_200, 87_600), (3_153_600, 262_800)],
            ),
            // 5 m / 720 is 0.42 s and 30 m / 720 is 2.5 s.
            ("1h", HOUR, [(5, 1), (30, 3), (120, 10), (360, 30)]),
            ("1s", 1, [(1, 1), (1, 1), (1, 1), (1, 1)]),
        ] {
            let factors = [ratio(72, 5), ratio(6, 1), ratio(3, 1), ratio(1, 1)];
            let expected: Vec<_> = windows.iter().zip(factors).map(|((long, short), f)| (*long, *short, f)).collect();
            assert_eq!(table(slo_window), expected, "{name}");
        }
    }

    #[test]
    fn a_window_a_millisecond_over_31_days_is_no_month() {
        let window = Duration::from_millis(31 * DAY * 1000 + 1);
        assert_eq!(default_pairs(window, Severity::Page)[0].long, Duration::from_secs(3720));
    }

    #[test]
    fn a_short_window_is_a_twelfth_of_the_long_one() {
        for (long, short) in [(3600, 300), (60, 5), (30, 3), (29, 2), (1, 1)] {
            assert_eq!(default_short(Duration::from_secs(long)), Duration::from_secs(short), "{long}");
        }
    }

    #[test]
    fn a_factor_is_unreachable_when_even_total_failure_burns_no_faster() {
        for (factor, objective, unreachable, needed) in [
            ("14.4", "99.9", false, 93.0556),
            ("14.4", "93.06", false, 93.0556),
            ("14.4", "93.05", true, 93.0556),
            ("10", "90", true, 90.0),
            ("10", "90.001", false, 90.0),
            ("1", "0.001", false, 0.0),
            ("1000", "99.9", true, 99.9),
        ] {
            let percent = Objective::from_percent(Ratio::parse(objective).unwrap()).unwrap();
            let factor = Ratio::parse(factor).unwrap();
            assert_eq!(is_unreachable(factor, percent), unreachable, "{factor} at {objective}");
            assert_eq!(objective_needed(factor), needed, "{factor}");
        }
    }
}

//! An SLO window in numbers: what is consumed, what remains, and when it is gone.

use super::alert::{BurnAlerts, PairView};
use super::burn::{burn_rate, compare, exhausts_in};
use super::gauge::{Gauge, SpentGauge};
use super::history::Counts;
use super::ratio::Ratio;
use super::status::HistoryPoint;
use super::time::{Timestamp, millis};
use std::time::Duration;

/// The SLO window in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub window: Counts,
    /// Share of the budget, 1 is all of it.
    pub consumed: f64,
    /// Seconds, see [`exhausts_in`].
    pub exhausts: Option<f64>,
}

impl Default for Figures {
    /// Of what was never measured.
    fn default() -> Self {
        Self::new(Ratio::ZERO, Counts::default())
    }
}

impl Figures {
    /// `budget` is the objective's.
    pub fn new(budget: Ratio, window: Counts) -> Self {
        Self { window, consumed: burn_rate(&window, budget).unwrap_or(0.0), exhausts: None }
    }

    /// Share of the budget; `None` when never measured.
    pub fn remaining(&self) -> Option<f64> {
        (self.window.measured > 0 || self.window.total > 0.0).then_some(1.0 - self.consumed)
    }

    pub fn forecast(&mut self, gauge: &Gauge, burn: &BurnAlerts, views: &[PairView]) {
        let pair = burn.hottest(None, &gauge.pairs, views).or(gauge.forecast_pair());
        self.exhausts = exhausts_in(self.remaining(), pair.and_then(|i| views[i].burn_long), &gauge.window);
    }

    /// A step of the history with these counts, at whose end the window stood as it does here.
    pub fn history_point(&self, budget: Ratio, (from, at): (Timestamp, Timestamp), step: &Counts) -> HistoryPoint {
        let length = (at.0 - from.0).max(1);
        HistoryPoint {
            at,
            good: (step.total - step.bad).max(0.0),
            bad: step.bad,
            total: step.total,
            burn_rate: burn_rate(step, budget),
            budget_remaining: self.remaining(),
            coverage: (step.measured as f64 / length as f64).clamp(0.0, 1.0),
        }
    }

    pub fn ratio(&self) -> Option<f64> {
        let good = (self.window.total - self.window.bad).max(0.0);
        (self.window.total > 0.0).then(|| good / self.window.total)
    }

    /// Whether at least this share of the budget is spent; never without measurement.
    pub fn consumed_reaches(&self, spent: &SpentGauge) -> bool {
        match spent.threshold {
            Some(threshold) => self.window.total > 0.0 && at_least(&self.window, threshold),
            None => self.consumed >= spent.share.as_f64(),
        }
    }
}

/// `bad ≥ threshold × total`, exactly for whole counts.
fn at_least(counts: &Counts, threshold: Ratio) -> bool {
    compare(counts.bad, counts.total, threshold).is_ge()
}

/// Whether a window holds more than `share × w / long` of the bad events that the whole SLO window may have at the
/// traffic measured so far; with `share = factor × long / window` that is `factor × w × budget × total / measured`.
pub(super) fn exceeds_allowance(counts: &Counts, w: Duration, factor: Ratio, budget: Ratio, window: &Counts) -> bool {
    if window.measured <= 0 {
        return false;
    }
    let per_ms = window.total / window.measured as f64;
    counts.bad > factor.as_f64() * millis(w) as f64 * budget.as_f64() * per_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slo::Severity;

    fn counts(total: f64, bad: f64, measured: i64) -> Counts {
        Counts { total, bad, measured }
    }

    #[test]
    fn a_step_of_the_history_has_its_own_counts_and_the_windows_budget() {
        let budget = Ratio::new(1, 100).unwrap();
        let figures = Figures::new(budget, counts(1000.0, 4.0, 60_000));
        let step = (Timestamp(5000), Timestamp(9000));
        for (name, counts, good, burn_rate, coverage) in [
            ("measured in part", counts(100.0, 2.0, 1000), 98.0, Some(2.0), 0.25),
            ("measured without events", counts(0.0, 0.0, 4000), 0.0, None, 1.0),
            ("more bad than all", counts(1.0, 2.0, 4000), 0.0, Some(200.0), 1.0),
        ] {
            let point = figures.history_point(budget, step, &counts);
            assert_eq!((point.at, point.bad, point.total), (step.1, counts.bad, counts.total), "{name}");
            assert_eq!((point.good, point.burn_rate, point.coverage), (good, burn_rate, coverage), "{name}");
            assert_eq!(point.budget_remaining, Some(0.6), "{name}");
        }
        assert_eq!(
            figures.history_point(budget, (step.0, step.0), &counts(0.0, 0.0, 0)).coverage,
            0.0,
            "no time at all"
        );
    }

    #[test]
    fn what_was_never_measured_has_no_figures() {
        let budget = Ratio::new(1, 100).unwrap();
        for (name, window, remaining, ratio) in [
            ("nothing", counts(0.0, 0.0, 0), None, None),
            ("time without events", counts(0.0, 0.0, 1), Some(1.0), None),
            ("events at one moment", counts(4.0, 1.0, 0), Some(-24.0), Some(0.75)),
        ] {
            let figures = Figures::new(budget, window);
            assert_eq!((figures.remaining(), figures.ratio()), (remaining, ratio), "{name}");
        }
    }

    #[test]
    fn a_share_of_the_budget_is_reached_exactly() {
        let share = Ratio::new(1, 2).unwrap();
        let spent = |threshold| SpentGauge { severity: Severity::Page, share, threshold };
        let threshold = Ratio::new(1, 200);
        for (name, window, expected) in [
            ("just", counts(200.0, 1.0, 1), true),
            ("more", counts(200.0, 2.0, 1), true),
            ("not yet", counts(201.0, 1.0, 1), false),
            ("no events", counts(0.0, 0.0, 1), false),
        ] {
            let figures = Figures::new(Ratio::new(1, 100).unwrap(), window);
            assert_eq!(figures.consumed_reaches(&spent(threshold)), expected, "{name}");
        }
        for (bad, expected) in [(1.0, true), (0.5, false)] {
            let figures = Figures::new(Ratio::new(1, 100).unwrap(), counts(200.0, bad, 1));
            assert_eq!(figures.consumed_reaches(&spent(None)), expected, "by the float, {bad} bad");
        }
    }

    #[test]
    fn the_allowance_of_a_window_grows_with_traffic_and_its_length() {
        // 1000 events in 100 s, 1 % may be bad: at a factor of 2 these 10 s may have 2.
        let (factor, budget, window) =
            (Ratio::new(2, 1).unwrap(), Ratio::new(1, 100).unwrap(), counts(1000.0, 9.0, 100_000));
        for (name, bad, seconds, window, expected) in [
            ("exactly what is allowed", 2.0, 10, window, false),
            ("more", 2.5, 10, window, true),
            ("as much in half the time", 2.0, 5, window, true),
            ("nothing measured", 2.5, 10, counts(1000.0, 9.0, 0), false),
        ] {
            let w = Duration::from_secs(seconds);
            assert_eq!(exceeds_allowance(&counts(0.0, bad, 1), w, factor, budget, &window), expected, "{name}");
        }
    }
}

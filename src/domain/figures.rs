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
    budget: Ratio,
    /// Share of the budget, 1 is all of it.
    pub consumed: f64,
    /// `None` when never measured.
    pub remaining: Option<f64>,
    /// Seconds, see [`exhausts_in`].
    pub exhausts: Option<f64>,
}

impl Figures {
    /// `budget` is the objective's.
    pub fn new(budget: Ratio, window: Counts) -> Self {
        let measured = window.measured > 0 || window.total > 0.0;
        let consumed = burn_rate(&window, budget).unwrap_or(0.0);
        Self { window, budget, consumed, remaining: measured.then_some(1.0 - consumed), exhausts: None }
    }

    pub fn forecast(&mut self, gauge: &Gauge, burn: &BurnAlerts, views: &[PairView]) {
        let pair = burn.hottest(None, &gauge.pairs, views).or(gauge.forecast_pair());
        self.exhausts = exhausts_in(self.remaining, pair.and_then(|i| views[i].burn_long), &gauge.window);
    }

    /// A step of the history with these counts, at whose end the window stood as it does here.
    pub fn history_point(&self, (from, at): (Timestamp, Timestamp), step: &Counts) -> HistoryPoint {
        let length = (at.0 - from.0).max(1);
        HistoryPoint {
            at,
            good: (step.total - step.bad).max(0.0),
            bad: step.bad,
            total: step.total,
            burn_rate: burn_rate(step, self.budget),
            budget_remaining: self.remaining,
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

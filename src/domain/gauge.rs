//! What an SLO's definition says about its windows and thresholds, worked out once instead of at every evaluation.
//!
//! Many SLOs differ in what they count only, so those that say the same share one gauge: ten thousand of them then read
//! a few hundred bytes that stay in the processor's cache.

use super::alert::{PairView, Verdict};
use super::burn::{burn_rate, exceeds};
use super::figures::exceeds_allowance;
use super::history::Counts;
use super::misfit::Misfit;
use super::ratio::Ratio;
use super::slo::{Measure, NoData, Pair, Part, Severity, Slo, SloWindow};
use super::time::millis;
use std::sync::Arc;
use std::time::Duration;

/// Windows shown where no pair asks for any.
const SHOWN_WINDOWS: [u64; 7] = [300, 1800, 3600, 7200, 21_600, 86_400, 259_200];
/// Gauges kept at hand to be shared.
const SHARED: usize = 32;

/// The measuring side of an SLO's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Of good events, in percent.
    pub objective: f64,
    /// `1 − objective`.
    pub budget: Ratio,
    pub window: SloWindow,
    /// Whether there is one budget for each value of some labels.
    pub grouped: bool,
    /// Whether a window's counts are those of its events: neither slices nor maintenance change them.
    pub plain: bool,
    /// Every window that a pair asks for, ascending.
    pub windows: Vec<Duration>,
    /// How long these are, in milliseconds; each evaluation asks for that.
    pub lengths: Vec<i64>,
    pub pairs: Vec<Pair>,
    pub no_data: NoData,
    pub spent: Vec<SpentGauge>,
    /// The events that are checked to be a part of all.
    pub part: Option<Part>,
    measure: Measure,
    of_pairs: Vec<PairGauge>,
    /// The pair that tells when the budget is gone while none fires, by index.
    forecast: Option<usize>,
}

/// A budget alert's condition.
#[derive(Clone, Debug, PartialEq)]
pub struct SpentGauge {
    pub severity: Severity,
    /// Of the budget, 1 is all of it.
    pub share: Ratio,
    /// The share of bad events at which that much is spent; `None` where it is not exact in 64 bits.
    pub threshold: Option<Ratio>,
}

/// Where a pair's windows stand among all, and its threshold.
#[derive(Clone, Debug, PartialEq)]
struct PairGauge {
    long: usize,
    short: usize,
    /// The share of bad events above which it burns; `None` where it is not exact in 64 bits.
    threshold: Option<Ratio>,
}

impl Gauge {
    pub fn new(slo: &Slo) -> Self {
        let (budget, pairs, windows) = (slo.objective.budget(), slo.policy.pairs.clone(), windows(slo));
        let place = |length: &Duration| windows.binary_search(length).unwrap_or_default();
        let of_pairs = pairs.iter().map(|pair| PairGauge {
            long: place(&pair.long),
            short: place(&pair.short),
            threshold: pair.factor.times(budget),
        });
        let spent = slo.policy.budget.iter().map(|alert| {
            let share = Ratio::new(100, 1).and_then(|hundred| alert.consumed.over(hundred)).unwrap_or(Ratio::ONE);
            SpentGauge { severity: alert.severity, share, threshold: share.times(budget) }
        });
        let last_page = pairs.iter().rposition(|p| p.severity == Severity::Page);
        let forecast = last_page.or_else(|| pairs.iter().position(|p| p.severity == Severity::Ticket));
        Self {
            objective: slo.objective.percent().as_f64(),
            budget,
            window: slo.window.clone(),
            grouped: !slo.by.is_empty(),
            plain: slo.timeslices.is_none() && slo.maintenance.is_empty(),
            of_pairs: of_pairs.collect(),
            no_data: slo.policy.no_data,
            spent: spent.collect(),
            part: Misfit::part_of(&slo.indicator),
            measure: slo.policy.measure,
            forecast,
            lengths: windows.iter().copied().map(millis).collect(),
            windows,
            pairs,
        }
    }

    /// What a pair's windows say. `counts` are those of [`Gauge::windows`], `window` those of the SLO window.
    pub fn view(&self, pair: usize, window: &Counts, counts: &[Counts]) -> PairView {
        let spec = &self.pairs[pair];
        let (long, short) = self.windows_of(pair, counts);
        let burning = match self.measure {
            Measure::BurnRate => self.burns(pair, long) && self.burns(pair, short),
            Measure::BudgetSpent => [(long, spec.long), (short, spec.short)]
                .iter()
                .all(|(c, w)| exceeds_allowance(c, *w, spec.factor, self.budget, window)),
        };
        let verdict = if short.measured == 0 {
            Verdict::Held
        } else if !burning {
            Verdict::Quiet
        } else if long.bad < spec.min_bad_events {
            Verdict::TooFewEvents
        } else {
            Verdict::Burning
        };
        PairView { verdict, burn_long: burn_rate(long, self.budget) }
    }

    /// The counts of a pair's long and short window.
    pub fn windows_of<'a>(&self, pair: usize, counts: &'a [Counts]) -> (&'a Counts, &'a Counts) {
        let PairGauge { long, short, .. } = self.of_pairs[pair];
        (&counts[long], &counts[short])
    }

    fn burns(&self, pair: usize, counts: &Counts) -> bool {
        match self.of_pairs[pair].threshold {
            Some(threshold) => exceeds(counts.bad, counts.total, threshold),
            None => burn_rate(counts, self.budget).is_some_and(|rate| rate > self.pairs[pair].factor.as_f64()),
        }
    }

    /// The pair whose long window tells when the budget is gone while none fires: the last page pair, or the first
    /// ticket pair where there is no page pair.
    pub fn forecast_pair(&self) -> Option<usize> {
        self.forecast
    }
}

fn windows(slo: &Slo) -> Vec<Duration> {
    let mut windows: Vec<Duration> = slo.policy.pairs.iter().flat_map(|p| [p.long, p.short]).collect();
    if windows.is_empty() {
        windows = SHOWN_WINDOWS.map(Duration::from_secs).to_vec();
    }
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// Gauges by what they say.
#[derive(Debug, Default)]
pub struct Gauges(Vec<Arc<Gauge>>);

impl Gauges {
    /// The gauge of an SLO, shared with one made before where that says the same.
    pub fn of(&mut self, slo: &Slo) -> Arc<Gauge> {
        let gauge = Gauge::new(slo);
        if let Some(known) = self.0.iter().find(|known| ***known == gauge) {
            return known.clone();
        }
        let gauge = Arc::new(gauge);
        if self.0.len() == SHARED {
            self.0.remove(0);
        }
        self.0.push(gauge.clone());
        gauge
    }
}

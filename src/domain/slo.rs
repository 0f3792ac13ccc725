//! What a user promises and how its breach is told: the checked form of an SLO.
//!
//! Every format (slowburn's own, Sloth, Pyrra, OpenSLO) is read into these types.

use super::calendar::Calendar;
use super::labels::Labels;
use super::ratio::Ratio;
use super::time::{Timestamp, format_duration};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

pub use super::indicator::{CompareOp, Comparison, Indicator, Part, SliceVerdict, Tally, Term, Timeslices};
pub use super::policy::{BudgetAlert, Extras, Measure, NoData, Pair, Policy, Severity};

/// Names an SLO: `service/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SloId {
    pub service: String,
    pub name: String,
}

impl fmt::Display for SloId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

/// The share of good events that is promised, in percent, 0 < objective < 100, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objective {
    percent: Ratio,
}

impl Objective {
    /// `None` unless 0 < `percent` < 100 and exact in 64 bits.
    pub fn from_percent(percent: Ratio) -> Option<Self> {
        let hundred = Ratio::new(100, 1)?;
        (percent > Ratio::ZERO && percent < hundred && percent.over(hundred).is_some()).then_some(Self { percent })
    }

    pub fn percent(self) -> Ratio {
        self.percent
    }

    /// The error budget as a ratio, `1 − objective`, in (0, 1).
    pub fn budget(self) -> Ratio {
        let hundred = Ratio::new(100, 1).unwrap_or(Ratio::ONE);
        self.percent.over(hundred).and_then(Ratio::complement).unwrap_or(Ratio::ZERO)
    }
}

/// The time over which the budget is spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SloWindow {
    Rolling(Duration),
    Calendar(Calendar),
}

impl SloWindow {
    /// Length for pairs, factors and forecasts; nominal for calendar periods (week 7 d, month 30 d, quarter 90 d, year 365 d).
    pub fn nominal(&self) -> Duration {
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(calendar) => calendar.period.nominal(),
        }
    }

    /// Where the window that contains `now` begins.
    pub fn start(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Rolling(length) => now - *length,
            Self::Calendar(calendar) => calendar.bounds(now).0,
        }
    }
}

/// `30d`, or `month (Europe/Paris)`.
impl fmt::Display for SloWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(length) => f.write_str(&format_duration(*length)),
            Self::Calendar(calendar) => write!(f, "{} ({})", calendar.period, calendar.time_zone),
        }
    }
}

/// A time whose events do not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Maintenance {
    pub start: Timestamp,
    pub end: Timestamp,
    pub reason: String,
}

/// One checked SLO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    pub id: SloId,
    pub description: String,
    /// The file's labels and the SLO's own, merged.
    pub labels: Labels,
    pub objective: Objective,
    pub window: SloWindow,
    /// One budget for each value of these labels.
    pub by: Vec<String>,
    pub indicator: Indicator,
    pub timeslices: Option<Timeslices>,
    pub policy: Policy,
    pub maintenance: Vec<Maintenance>,
    /// File and line that declare it, for messages and the page.
    pub source: String,
    /// The definition as written, shown on the SLO's page.
    pub definition: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_lies_between_0_and_100_percent_and_is_exact() {
        // As a float this is 2, but a hundredth of it has a denominator beyond 64 bits.
        let inexact = Ratio::new((1 << 63) + 1, 1 << 62);
        for (percent, budget) in [
            (Ratio::parse("99.9"), Ratio::new(1, 1000)),
            (Ratio::parse("0"), None),
            (Ratio::parse("100"), None),
            (Ratio::parse("100.1"), None),
            (inexact, None),
        ] {
            let objective = percent.and_then(Objective::from_percent);
            assert_eq!(objective.map(Objective::budget), budget, "{percent:?}");
            assert_eq!(objective.map(Objective::percent), budget.and(percent), "{percent:?}");
        }
    }

    #[test]
    fn windows_are_shown_as_people_write_them() {
        use crate::domain::calendar::Period;
        let month = Calendar { period: Period::Month, time_zone: "Europe/Paris".parse().unwrap() };
        for (window, shown) in [
            (SloWindow::Rolling(Duration::from_secs(30 * 86_400)), "30d"),
            (SloWindow::Calendar(month), "month (Europe/Paris)"),
        ] {
            assert_eq!(window.to_string(), shown);
        }
    }
}

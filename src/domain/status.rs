//! What the outside sees: an SLO's status, transitions and history points, in the contract's shapes.

use super::labels::Labels;
use super::slo::Severity;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The status of one SLO, or of one group of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SloStatus {
    /// `service/name`.
    pub id: String,
    pub service: String,
    pub name: String,
    pub group: Labels,
    pub labels: Labels,
    pub description: String,
    /// Percent.
    pub objective: f64,
    pub window: WindowStatus,
    pub state: State,
    pub sli: SliStatus,
    pub budget: BudgetStatus,
    pub burn_rates: Vec<BurnRate>,
    /// Pending and firing alerts.
    pub alerts: Vec<AlertStatus>,
    pub runbook_url: Option<String>,
    /// Why the numbers can't be trusted, for people.
    pub problem: Option<String>,
    pub updated_at: Timestamp,
}

/// The SLO window as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum WindowStatus {
    Rolling { seconds: u64 },
    Calendar { period: String, time_zone: String, start: Timestamp, end: Timestamp, seconds: u64 },
}

/// Worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The SLI can't be computed; `problem` says why.
    Error,
    /// An `ErrorBudgetBurn` page fires.
    Critical,
    /// An `ErrorBudgetBurn` ticket fires.
    Burning,
    NoData,
    Exhausted,
    Ok,
}

impl State {
    pub const ALL: [Self; 6] = [Self::Error, Self::Critical, Self::Burning, Self::NoData, Self::Exhausted, Self::Ok];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Burning => "burning",
            Self::NoData => "no_data",
            Self::Exhausted => "exhausted",
            Self::Ok => "ok",
        }
    }
}

/// Events over the SLO window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliStatus {
    pub kind: String,
    /// Good share, `None` without events.
    pub ratio: Option<f64>,
    pub good: f64,
    pub bad: f64,
    pub total: f64,
}

/// The error budget of the SLO window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetStatus {
    pub remaining: Option<f64>,
    pub consumed: Option<f64>,
    pub exhausts_in_seconds: Option<f64>,
    /// Share of the window that was measured, 0 to 1.
    pub coverage: f64,
}

/// Burn rate over one window; 1 spends exactly the budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnRate {
    pub window: String,
    pub seconds: u64,
    /// `None` without events.
    pub rate: Option<f64>,
    pub bad: f64,
    pub total: f64,
}

/// A pending or firing alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertStatus {
    /// `ErrorBudgetBurn`, `SloNoData` or `ErrorBudgetSpent`.
    pub alert: String,
    pub severity: Severity,
    pub state: AlertState,
    pub since: Timestamp,
    pub long: Option<String>,
    pub short: Option<String>,
    pub factor: Option<f64>,
    pub burn_long: Option<f64>,
    pub burn_short: Option<f64>,
}

/// Prometheus's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    Inactive,
    Pending,
    Firing,
}

impl AlertState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One change of one alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub at: Timestamp,
    pub id: String,
    pub group: Labels,
    pub alert: String,
    pub severity: Severity,
    pub from: AlertState,
    pub to: AlertState,
    pub long: Option<String>,
    pub short: Option<String>,
    pub factor: Option<f64>,
    pub burn_long: Option<f64>,
    pub burn_short: Option<f64>,
    pub budget_remaining: Option<f64>,
    /// Why, in words, for the log and the page.
    pub reason: String,
}

/// One step of an SLO's history; counts are of the step, the budget is as of its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// End of the step.
    pub at: Timestamp,
    pub good: f64,
    pub bad: f64,
    pub total: f64,
    /// Burn rate over the step, `None` without events.
    pub burn_rate: Option<f64>,
    pub budget_remaining: Option<f64>,
    /// Share of the step that was measured.
    pub coverage: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_words_of_the_contract() {
        let words = State::ALL.map(State::as_str);
        assert_eq!(words, ["error", "critical", "burning", "no_data", "exhausted", "ok"]);
        assert_eq!(serde_json::json!(State::ALL), serde_json::json!(words));
        let all = [AlertState::Inactive, AlertState::Pending, AlertState::Firing];
        let words = all.map(AlertState::as_str);
        assert_eq!(words, ["inactive", "pending", "firing"]);
        assert_eq!(serde_json::json!(all), serde_json::json!(words));
    }
}

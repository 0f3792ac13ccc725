//! What was expected against what is: each difference by itself, so that one run shows them all.

use super::file::{Alert, AlertTest, Expected, Figure, SloTest};
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::message::Notice;
use crate::domain::status::SloStatus;
use serde::Serialize;
use std::sync::Arc;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Such as `budget_remaining`, or the labels of an alert.
    pub what: String,
    /// `None` where nothing was expected.
    pub expected: Option<String>,
    /// `None` where nothing is.
    pub actual: Option<String>,
}

impl Difference {
    fn new(what: impl Into<String>, expected: Option<String>, actual: Option<String>) -> Self {
        Self { what: what.into(), expected, actual }
    }
}

/// Compares the alerts that fire with all that must.
pub fn alerts(test: &AlertTest, firing: &[Notice]) -> Vec<Difference> {
    let name = Some(test.alertname.as_str());
    let mut unexpected: Vec<&Notice> = firing.iter().filter(|n| n.labels.get("alertname") == name).collect();
    let mut differences = Vec::new();
    let mut missing: Vec<&Alert> = Vec::new();
    for alert in &test.expected {
        match unexpected.iter().position(|notice| notice.labels == alert.labels) {
            Some(found) => differences.extend(annotations(alert, unexpected.remove(found))),
            None => missing.push(alert),
        }
    }
    let shown = |labels: &Labels| {
        let mut labels = labels.clone();
        labels.remove("alertname");
        labels.to_string()
    };
    differences.extend(missing.iter().map(|a| Difference::new("alert", Some(shown(&a.labels)), None)));
    differences.extend(unexpected.iter().map(|n| Difference::new("alert", None, Some(shown(&n.labels)))));
    differences
}

/// The annotations that a test names.
fn annotations(alert: &Alert, notice: &Notice) -> Vec<Difference> {
    let differs = |(name, wanted): (&str, &str)| {
        let found = notice.annotations.get(name);
        (found != Some(wanted))
            .then(|| Difference::new(format!("annotation {name}"), Some(wanted.to_owned()), found.map(str::to_owned)))
    };
    alert.annotations.iter().filter_map(differs).collect()
}

/// Compares an SLO's figures with those expected.
pub fn slo(test: &SloTest, statuses: &[Arc<LazyStatus>]) -> Vec<Difference> {
    let id = test.slo.to_string();
    let of_slo = || statuses.iter().filter(|status| status.id == id);
    let wanted = |status: &&Arc<LazyStatus>| test.group.as_ref().is_none_or(|group| status.group == *group);
    let found: Vec<&Arc<LazyStatus>> = of_slo().filter(wanted).collect();
    let [status] = found[..] else {
        let groups: Vec<String> = of_slo().map(|status| status.group.to_string()).collect();
        let expected = test.group.as_ref().map_or("one budget; say which by `group`".to_owned(), Labels::to_string);
        return vec![Difference::new("group", Some(expected), Some(groups.join(", ")))];
    };
    let mut differences = Vec::new();
    if let Some(state) = test.state.as_ref().filter(|state| *state != status.state.as_str()) {
        differences.push(Difference::new("state", Some(state.clone()), Some(status.state.as_str().to_owned())));
    }
    differences
        .extend(test.figures.iter().filter_map(|(which, wanted)| figure(which, *wanted, test.tolerance, status)));
    differences
}

fn figure(which: &Figure, expected: Expected, tolerance: f64, status: &SloStatus) -> Option<Difference> {
    let known = value_of(which, status);
    let Some(actual) = known else {
        let windows: Vec<&str> = status.burn_rates.iter().map(|burn| burn.window.as_str()).collect();
        let actual = format!("no such window; there are {}", windows.join(", "));
        return Some(Difference::new(which.to_string(), Some(shown(expected)), Some(actual)));
    };
    (!is_near(expected, actual, tolerance))
        .then(|| Difference::new(which.to_string(), Some(shown(expected)), Some(shown(actual))))
}

/// `None` when the SLO has no such figure at all.
fn value_of(figure: &Figure, status: &SloStatus) -> Option<Option<f64>> {
    Some(match figure {
        Figure::BudgetRemaining => status.budget.remaining,
        Figure::SliRatio => status.sli.ratio,
        Figure::Good => Some(status.sli.good),
        Figure::Bad => Some(status.sli.bad),
        Figure::Total => Some(status.sli.total),
        Figure::Coverage => Some(status.budget.coverage),
        Figure::BurnRate(window) => {
            status.burn_rates.iter().find(|burn| burn.seconds == window.as_secs() && window.subsec_nanos() == 0)?.rate
        }
    })
}

/// Whether two figures differ by no more than `tolerance` of the expected one (of 1, when that is smaller).
fn is_near(expected: Option<f64>, actual: Option<f64>, tolerance: f64) -> bool {
    match (expected, actual) {
        (Some(expected), Some(actual)) => (expected - actual).abs() <= tolerance * expected.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}

fn shown(figure: Option<f64>) -> String {
    figure.map_or_else(|| super::file::NONE.to_owned(), |figure| figure.to_string())
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn tolerance_is_a_share_of_large_figures_and_absolute_for_small_ones() {
        for (name, expected, actual, tolerance, near) in [
            ("equal", Some(0.25), Some(0.25), 0.0, true),
            ("small, within", Some(0.25), Some(0.2509), 0.001, true),
            ("small, beyond", Some(0.25), Some(0.2511), 0.001, false),
            ("large, within", Some(1000.0), Some(1000.9), 0.001, true),
            ("large, beyond", Some(-1000.0), Some(-1001.1), 0.001, false),
            ("nothing expected, nothing there", None, None, 0.0, true),
            ("nothing expected, something there", None, Some(0.0), 1.0, false),
            ("something expected, nothing there", Some(0.0), None, 1.0, false),
        ] {
            assert_eq!(is_near(expected, actual, tolerance), near, "{name}");
        }
    }
}

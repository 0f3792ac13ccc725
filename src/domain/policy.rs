//! When people are told of an SLO, and how urgently: everything under `alerting`.

use super::labels::Labels;
use super::ratio::Ratio;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Page,
    Ticket,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        })
    }
}

/// A pair of windows (SRE workbook, chapter 5): burns while both windows exceed the factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub severity: Severity,
    pub long: Duration,
    pub short: Duration,
    /// Burn rate above which the pair burns.
    pub factor: Ratio,
    /// Time for which the pair must burn before it fires.
    pub r#for: Duration,
    /// Time for which it goes on firing after it stopped to burn.
    pub keep_firing_for: Duration,
    /// Bad events that the long window must hold at least.
    pub min_bad_events: f64,
}

/// What a pair's windows are measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Bad share of the window's own events.
    #[default]
    BurnRate,
    /// Bad events against those that the whole SLO window may have, at the traffic measured so far.
    BudgetSpent,
}

/// Fires when no sample was seen for a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoData {
    pub after: Duration,
    /// `None`: the state is shown, but nobody is told.
    pub severity: Option<Severity>,
}

/// Fires when a share of the budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetAlert {
    /// Percent of the budget, above 0.
    pub consumed: Ratio,
    pub severity: Severity,
}

/// Everything under `alerting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub pairs: Vec<Pair>,
    pub measure: Measure,
    pub no_data: NoData,
    pub budget: Vec<BudgetAlert>,
    pub runbook_url: Option<String>,
    pub labels: Labels,
    pub annotations: Labels,
    /// What the alerts of one severity carry besides, over the two above.
    #[serde(default)]
    pub of_severity: BTreeMap<Severity, Extras>,
}

/// Labels and annotations of the alerts of one severity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extras {
    pub labels: Labels,
    pub annotations: Labels,
}

impl Policy {
    /// The pairs of one severity.
    pub fn pairs_of(&self, severity: Severity) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.severity == severity)
    }

    /// The labels that alerts of a severity get from the policy.
    pub fn labels_of(&self, severity: Severity) -> Labels {
        let mut labels = self.labels.clone();
        self.of_severity.get(&severity).into_iter().for_each(|extras| labels.merge(&extras.labels));
        labels
    }

    /// Whether the policy sets this label on some alerts.
    pub fn sets_label(&self, name: &str) -> bool {
        let own = self.of_severity.values().map(|extras| &extras.labels);
        std::iter::once(&self.labels).chain(own).any(|labels| labels.get(name).is_some())
    }

    /// The annotations that alerts of a severity get from the policy.
    pub fn annotations_of(&self, severity: Severity) -> Labels {
        let mut annotations = self.annotations.clone();
        self.of_severity.get(&severity).into_iter().for_each(|extras| annotations.merge(&extras.annotations));
        annotations
    }
}

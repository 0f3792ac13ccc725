//! A status that is written out when somebody looks at it.
//!
//! Every evaluation of every SLO makes one, and hardly any is ever read, so an evaluation keeps its numbers and leaves
//! texts and lists to the first reader.

use super::finding::{Budget, Finding};
use super::group::Firing;
use super::labels::Labels;
use super::status::{SloStatus, State};
use serde::{Serialize, Serializer};
use std::ops::Deref;
use std::sync::OnceLock;

/// Behaves as the [`SloStatus`] that it stands for.
#[derive(Debug)]
pub struct LazyStatus {
    content: Content,
    /// Good and bad events (slices, for a timeslice budget) since counting began.
    pub totals: (f64, f64),
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the large one is what nearly all are")]
enum Content {
    Written(Box<SloStatus>),
    Found { finding: Finding, written: OnceLock<Box<SloStatus>> },
}

impl LazyStatus {
    pub(super) fn new(finding: Finding, totals: (f64, f64)) -> Self {
        Self { content: Content::Found { finding, written: OnceLock::new() }, totals }
    }

    /// What the next evaluation is written over; `None` where this is of another budget or another definition.
    pub(super) fn renew(&mut self, budget: Budget<'_>) -> Option<(&mut Finding, &mut (f64, f64))> {
        match &mut self.content {
            Content::Found { finding, written } if finding.is_of(budget) => {
                written.take();
                Some((finding, &mut self.totals))
            }
            _ => None,
        }
    }
}

/// What lists ask of every status, told without writing it out.
impl LazyStatus {
    pub fn service(&self) -> &str {
        match &self.content {
            Content::Written(status) => &status.service,
            Content::Found { finding, .. } => &finding.slo.id.service,
        }
    }

    pub fn name(&self) -> &str {
        match &self.content {
            Content::Written(status) => &status.name,
            Content::Found { finding, .. } => &finding.slo.id.name,
        }
    }

    pub fn group(&self) -> &Labels {
        match &self.content {
            Content::Written(status) => &status.group,
            Content::Found { finding, .. } => &finding.group,
        }
    }

    pub fn labels(&self) -> &Labels {
        match &self.content {
            Content::Written(status) => &status.labels,
            Content::Found { finding, .. } => &finding.slo.labels,
        }
    }

    pub fn description(&self) -> &str {
        match &self.content {
            Content::Written(status) => &status.description,
            Content::Found { finding, .. } => &finding.slo.description,
        }
    }

    /// Why the figures can't be trusted.
    pub fn problem(&self) -> Option<&str> {
        match &self.content {
            Content::Written(status) => status.problem.as_deref(),
            Content::Found { finding, .. } => finding.found.problem.as_deref(),
        }
    }

    pub fn state(&self) -> State {
        match &self.content {
            Content::Written(status) => status.state,
            Content::Found { finding, .. } => finding.state(),
        }
    }

    /// Of the budget, `None` when never measured.
    pub fn remaining(&self) -> Option<f64> {
        match &self.content {
            Content::Written(status) => status.budget.remaining,
            Content::Found { finding, .. } => finding.found.figures.remaining(),
        }
    }

    /// What fires, as far as it was found here.
    pub(super) fn firing(&self, external_url: &str) -> Vec<Firing> {
        match &self.content {
            Content::Written(_) => Vec::new(),
            Content::Found { finding, .. } => finding.firing(external_url),
        }
    }

    /// See [`super::fetch`].
    pub(super) fn fetch(&self) -> u64 {
        let found = match &self.content {
            Content::Written(_) => 0,
            Content::Found { finding, .. } => finding.found.fetch(),
        };
        self.totals.0.to_bits() ^ found
    }

    /// How many alerts are pending or fire.
    pub fn alerting(&self) -> usize {
        match &self.content {
            Content::Written(status) => status.alerts.len(),
            Content::Found { finding, .. } => finding.found.alerts.len(),
        }
    }
}

impl Deref for LazyStatus {
    type Target = SloStatus;

    fn deref(&self) -> &SloStatus {
        match &self.content {
            Content::Written(status) => status,
            Content::Found { finding, written } => written.get_or_init(|| Box::new(finding.status())),
        }
    }
}

/// A status from elsewhere; its events are taken as all there were.
impl From<SloStatus> for LazyStatus {
    fn from(status: SloStatus) -> Self {
        let totals = (status.sli.good, status.sli.bad);
        Self { content: Content::Written(status.into()), totals }
    }
}

impl Serialize for LazyStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

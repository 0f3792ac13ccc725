//! What a step changed, for those who write it down, show it or send it.

use super::reading::Target;
use super::slo::SloId;
use super::status::Transition;
use std::sync::Arc;

/// What became of a batch of events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    pub transitions: Vec<Transition>,
    /// SLOs with a new status, by index; as often as they were evaluated.
    pub evaluated: Vec<usize>,
    /// A group of alerts had its turn, be it that there was nothing to tell.
    pub group_turn: bool,
    /// The outbox holds something new, or lost something.
    pub outbox_changed: bool,
    /// Readers must be told other selectors.
    pub selectors_changed: bool,
    /// SLOs whose figures begin or cease to be trustworthy, with the reason while they are not.
    pub problems: Vec<(SloId, Option<String>)>,
    /// Oddities in samples, with their target, for the log and the page.
    pub warnings: Vec<(Arc<Target>, String)>,
}

impl Effects {
    /// Whether nothing came of it but turns of groups that had nothing to tell.
    pub fn are_quiet(&self) -> bool {
        let changed = self.outbox_changed || self.selectors_changed;
        let told = [self.transitions.len(), self.evaluated.len(), self.problems.len(), self.warnings.len()];
        !changed && told.iter().all(|count| *count == 0)
    }
}

//! The statuses of one SLO's budgets, and the memory that they are written into.
//!
//! Whoever shows a status holds it, so the next one can't be written over it. But by the evaluation after that it has
//! mostly been let go: so two take turns, and nothing is allocated.

use super::finding::{Budget, Finding};
use super::lazy_status::LazyStatus;
use smallvec::SmallVec;
use std::ops::Deref;
use std::sync::Arc;

/// One for each budget, in the order of their groups.
#[derive(Clone, Debug, Default)]
pub struct BudgetStatuses {
    shown: SmallVec<[Arc<LazyStatus>; 1]>,
    /// Those of the evaluation before, as far as somebody held the ones before them.
    before: SmallVec<[Arc<LazyStatus>; 1]>,
}

impl BudgetStatuses {
    /// Replaces the status with this number, or adds it when it is the next one. `write` fills in what is found, and gives
    /// the budget's events since counting began.
    pub(super) fn write(&mut self, number: usize, budget: Budget<'_>, write: impl FnOnce(&mut Finding) -> (f64, f64)) {
        if let Some(status) = self.free(number)
            && let Some((finding, totals)) = status.renew(budget)
        {
            *totals = write(finding);
            return;
        }
        let mut finding = Finding::new(budget);
        let totals = write(&mut finding);
        let status = Arc::new(LazyStatus::new(finding, totals));
        let Some(shown) = self.shown.get_mut(number) else { return self.shown.push(status) };
        let shown = std::mem::replace(shown, status);
        if let Some(before) = self.before.get_mut(number) {
            *before = shown;
        } else if self.before.len() == number {
            self.before.push(shown);
        }
    }

    /// The status with this number, or the one before it in its place, where nobody else holds that.
    fn free(&mut self, number: usize) -> Option<&mut LazyStatus> {
        let shown = self.shown.get_mut(number)?;
        let held = |status: &Arc<LazyStatus>| Arc::strong_count(status) > 1;
        if held(shown)
            && let Some(before) = self.before.get_mut(number)
            && !held(before)
        {
            std::mem::swap(shown, before);
        }
        Arc::get_mut(shown)
    }

    /// Keeps so many.
    pub(super) fn truncate(&mut self, budgets: usize) {
        self.shown.truncate(budgets);
        self.before.truncate(budgets);
    }
}

impl Deref for BudgetStatuses {
    type Target = [Arc<LazyStatus>];

    fn deref(&self) -> &[Arc<LazyStatus>] {
        &self.shown
    }
}

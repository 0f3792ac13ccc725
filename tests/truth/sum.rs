//! What the oracle says of a window: its events, and the figures that the contract makes of them.

use crate::oracle::{Exact, whole};

/// Events of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    pub total: Exact,
    pub bad: Exact,
    /// Whether any time of it was measured.
    pub measured: bool,
}

impl Sum {
    /// Slices, that were measured or had events.
    pub fn of_slices(total: i64, bad: i64) -> Self {
        Self { total: whole(total), bad: whole(bad), measured: total > 0 }
    }

    pub fn is_measured(&self) -> bool {
        self.measured || self.total > whole(0)
    }

    /// Never fewer than none, even where the bad events are no part of all.
    pub fn good(&self) -> Exact {
        (&self.total - &self.bad).max(whole(0))
    }

    /// Good share of all events; `None` without events.
    pub fn ratio(&self) -> Option<Exact> {
        (self.total > whole(0)).then(|| self.good() / &self.total)
    }

    /// How fast the budget (1 − objective) is spent; `None` without events.
    pub fn burn_rate(&self, budget: &Exact) -> Option<Exact> {
        (self.total > whole(0)).then(|| &self.bad / &self.total / budget)
    }

    /// What is left of the budget; `None` where nothing was ever measured.
    pub fn remaining(&self, budget: &Exact) -> Option<Exact> {
        self.is_measured().then(|| whole(1) - self.burn_rate(budget).unwrap_or_else(|| whole(0)))
    }
}

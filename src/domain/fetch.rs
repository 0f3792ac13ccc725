//! Fetching the memory of several SLOs at once, before they are evaluated.
//!
//! Ten thousand SLOs do not fit the processor's cache, and an evaluation that waits for one piece of memory after the
//! other waits longer than it computes. Reading a word of each piece of several SLOs in a row lets the processor fetch
//! them all at the same time. Nothing is changed, and what was read is of no interest.

use super::budget_statuses::BudgetStatuses;
use super::group::GroupState;
use super::groups::Groups;
use super::shared::Shared;
use super::slo_state::SloState;
use super::state::State;
use super::time::Timestamp;
use std::hint::black_box;

/// Budgets that are fetched together: what an evaluation needs of so many fits the cache nearest to a core but one.
pub(super) const TOGETHER: usize = 32;

/// What is fetched of a budget. Each step finds where the next one reads.
const STEPS: [fn(Budgets<'_>, usize) -> u64; 3] = [
    |budgets, number| budgets.group(number),
    |budgets, number| budgets.knots(number),
    |budgets, number| budgets.ahead(number),
];

impl State {
    /// Fetches what the evaluation of these SLOs will read, of each one's budgets the first.
    pub(super) fn fetch(&self, slos: &[(usize, Timestamp)]) {
        let slos = || slos.iter().map(|(slo, _)| &self.slos[*slo]);
        black_box(slos().fold(0, |read: u64, slo| read ^ Shared::fetch(slo) ^ SloState::fetch(slo)));
        for step in STEPS {
            black_box(slos().fold(0, |read: u64, slo| read ^ step(Budgets(&slo.groups, &slo.statuses), 0)));
        }
    }
}

impl SloState {
    fn fetch(&self) -> u64 {
        self.since.0 as u64 ^ self.groups.len() as u64 ^ self.statuses.len() as u64 ^ self.refused_groups
    }
}

/// Those of one SLO, with their statuses.
#[derive(Clone, Copy)]
pub(super) struct Budgets<'a>(pub &'a Groups, pub &'a BudgetStatuses);

impl Budgets<'_> {
    /// Fetches what the evaluation of [`TOGETHER`] of them will read, from the one with this number on.
    pub fn fetch(self, from: usize) {
        let budgets = || from..self.0.len().min(from + TOGETHER);
        for step in STEPS {
            black_box(budgets().fold(0, |read: u64, budget| read ^ step(self, budget)));
        }
    }

    fn group(self, budget: usize) -> u64 {
        let group = self.0.nth(budget).map_or(0, |group| Shared::fetch(group) ^ GroupState::fetch(group));
        group ^ self.1.get(budget).map_or(0, |status| status.fetch())
    }

    fn knots(self, budget: usize) -> u64 {
        self.0.nth(budget).map_or(0, |group| group.events.fetch_knots())
    }

    fn ahead(self, budget: usize) -> u64 {
        self.0.nth(budget).map_or(0, |group| group.events.fetch_ahead())
    }
}

impl GroupState {
    fn fetch(&self) -> u64 {
        let moments = [
            self.evaluated,
            self.last_sample,
            Some(self.no_data.since),
            Some(self.burn.page.since),
            Some(self.burn.ticket.since),
        ];
        let moments = moments.into_iter().flatten().fold(0, |read, moment| read ^ moment.0 as u64);
        self.events.fetch() ^ moments ^ self.burn.pairs.len() as u64
    }
}

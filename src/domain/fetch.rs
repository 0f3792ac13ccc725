//! Fetching the memory of several budgets at once, before they count or are evaluated.
//!
//! Ten thousand SLOs do not fit the processor's cache, and a hundred have left it when the next scrape comes. Work that
//! waits for one piece of memory after the other waits longer than it computes. Reading a word of each piece of several
//! budgets in a row lets the processor fetch them all at the same time. Nothing is changed, and what was read is of no
//! interest.

use super::group::GroupState;
use super::history::{Ahead, Knot};
use super::lazy_status::LazyStatus;
use super::shared::Shared;
use super::slo_state::SloState;
use super::state::State;
use super::time::Timestamp;
use std::hint::black_box;
use std::sync::Arc;

/// Budgets that are fetched together: what an evaluation needs of so many fits the cache nearest to a core but one.
pub(super) const TOGETHER: usize = 32;

/// A budget and its last status.
type Budget<'a> = (&'a Shared<GroupState>, Option<&'a Arc<LazyStatus>>);

impl State {
    /// Fetches what the evaluation of these SLOs will read, of each one's budgets the first.
    pub(super) fn fetch(&self, slos: &[(usize, Timestamp)]) {
        fetch(self.fetch_slos(slos.iter().map(|(slo, _)| *slo)));
    }

    /// Fetches where these SLOs will count, of each one's budgets the first.
    pub(super) fn fetch_ends(&self, slos: impl Iterator<Item = usize> + Clone) {
        let budgets = self.fetch_slos(slos);
        read(budgets.clone(), |(group, _)| fetch_group(group));
        read(budgets, |(group, _)| group.events.end().map_or(0, |end| end.0 as u64));
    }

    fn fetch_slos(&self, slos: impl Iterator<Item = usize> + Clone) -> impl Iterator<Item = Budget<'_>> + Clone {
        let slos = slos.map(|slo| &self.slos[slo]);
        read(slos.clone(), |slo| Shared::fetch(slo) ^ SloState::fetch(slo));
        slos.filter_map(|slo| Some((slo.groups.nth(0)?, slo.statuses.first())))
    }
}

/// Fetches what the evaluation of these budgets will read. Each step finds where the next one reads.
pub(super) fn fetch<'a>(budgets: impl Iterator<Item = Budget<'a>> + Clone) {
    read(budgets.clone(), |(group, status)| fetch_group(group) ^ status.map_or(0, |status| status.fetch()));
    read(budgets.clone(), |(group, _)| group.events.fetch_knots());
    // Steps of few instructions, so that the processor looks far ahead.
    let ahead: Vec<Ahead<'_>> = budgets.flat_map(|(group, _)| group.events.ahead()).collect();
    read(ahead.iter(), Ahead::fetch_spot);
    let bytes: Vec<&u8> = ahead.iter().filter_map(Ahead::byte).collect();
    let knots: Vec<&Knot> = ahead.iter().filter_map(Ahead::knot).collect();
    read(bytes.into_iter(), |byte| u64::from(*byte));
    read(knots.into_iter(), |knot| knot.at.0 as u64);
}

fn fetch_group(group: &Shared<GroupState>) -> u64 {
    Shared::fetch(group) ^ GroupState::fetch(group)
}

fn read<T>(from: impl Iterator<Item = T>, word: impl Fn(T) -> u64) {
    black_box(from.fold(0, |read, from| read ^ word(from)));
}

impl SloState {
    fn fetch(&self) -> u64 {
        u64::from(self.fires())
            ^ self.since.0 as u64
            ^ self.groups.len() as u64
            ^ self.statuses.len() as u64
            ^ self.refused_groups
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

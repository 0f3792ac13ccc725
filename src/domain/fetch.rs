//! Fetching the memory of several SLOs at once, before they are evaluated.
//!
//! Ten thousand SLOs do not fit the processor's cache, and an evaluation that waits for one piece of memory after the
//! other waits longer than it computes. Reading a word of each piece of several SLOs in a row lets the processor fetch
//! them all at the same time. Nothing is changed, and what was read is of no interest.

use super::group::GroupState;
use super::slo_state::SloState;
use super::state::State;
use super::time::Timestamp;
use std::hint::black_box;

/// SLOs that are fetched together, each with its first budget: what an evaluation needs of so many fits the cache nearest to a core but one.
pub(super) const TOGETHER: usize = 64;

impl State {
    /// Fetches what the evaluation of these SLOs will read.
    pub(super) fn fetch(&self, slos: &[(usize, Timestamp)]) {
        // Each step finds where the next one reads.
        for step in [SloState::fetch, SloState::fetch_group, SloState::fetch_spots, SloState::fetch_ahead] {
            black_box(slos.iter().fold(0, |read: u64, (slo, _)| read.wrapping_add(step(&self.slos[*slo]))));
        }
    }
}

impl SloState {
    fn fetch(&self) -> u64 {
        self.since.0 as u64 ^ self.groups.len() as u64 ^ self.statuses.len() as u64 ^ self.refused_groups
    }

    fn fetch_group(&self) -> u64 {
        let group = self.groups.values().next().map_or(0, |group| group.fetch());
        group ^ self.statuses.first().map_or(0, |status| status.fetch())
    }

    fn fetch_spots(&self) -> u64 {
        self.groups.values().next().map_or(0, |group| group.events.fetch_spots())
    }

    fn fetch_ahead(&self) -> u64 {
        self.groups.values().next().map_or(0, |group| group.events.fetch_ahead())
    }
}

impl GroupState {
    fn fetch(&self) -> u64 {
        let moments = [self.evaluated, self.last_sample, Some(self.no_data.since), Some(self.burn.page.since)];
        let moments = moments.into_iter().flatten().fold(0, |read, moment| read ^ moment.0 as u64);
        self.events.fetch() ^ moments ^ self.burn.pairs.len() as u64
    }
}

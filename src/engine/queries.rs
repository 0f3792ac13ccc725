//! Answers to what is too large to publish.

use super::archive;
use super::past::Past;
use crate::domain::group::GroupState;
use crate::domain::labels::Labels;
use crate::domain::slo::SloId;
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::domain::time::{Timestamp, millis, step_ends};
use crate::view::{Request, Sparkline};
use std::time::Duration;

impl super::Engine {
    pub(super) async fn answer(&mut self, request: Request) {
        match request {
            Request::History { query, reply } => {
                let Some(past) = past(&self.state, &query.id, &query.group) else {
                    // A reply that nobody waits for any more is no loss.
                    let _gone = reply.send(None);
                    return;
                };
                let archive = self.links.archive.clone();
                tokio::task::spawn_blocking(move || {
                    let _gone = reply.send(Some(past.answer(&query, &archive)));
                });
            }
            Request::Sparklines { ids, points, reply } => {
                let lines = ids.iter().map(|(id, group)| sparkline(&self.state, id, group, points)).collect();
                let _gone = reply.send(lines);
            }
            Request::Reload { reply } => {
                let result = self.reload().await;
                // The caller shall see the new configuration at work.
                self.flush().await;
                let _gone = reply.send(result);
            }
        }
    }
}

fn find<'a>(state: &'a State, id: &SloId, group: &Labels) -> Option<(&'a SloState, Option<&'a GroupState>)> {
    let slo = state.slo(id)?;
    let found = slo.groups.values().find(|candidate| candidate.group == *group).map(|found| &**found);
    (found.is_some() || (slo.groups.is_empty() && group.is_empty())).then_some((slo, found))
}

fn past(state: &State, id: &SloId, group: &Labels) -> Option<Past> {
    let (slo, found) = find(state, id, group)?;
    let group = found.cloned().unwrap_or_else(|| GroupState::new(Labels::new(), &slo.spec, slo.since));
    let archive_key = archive::key(&slo.key, &group.group);
    Some(Past { spec: slo.spec.clone(), group, archive_key, now: state.core.now })
}

/// The remaining budget at the end of each of `points` steps over the SLO window, or since the first sample where that
/// is younger, so that the line of a new SLO is a line too.
fn sparkline(state: &State, id: &SloId, group: &Labels, points: usize) -> Sparkline {
    let Some((slo, Some(group))) = find(state, id, group) else { return Sparkline::default() };
    let now = state.core.now;
    let Some(begin) = group.events.begin() else { return Sparkline::default() };
    let window = millis(slo.spec.window.nominal());
    let length = window.min(now.0 - begin.0).max(1);
    let step = Duration::from_millis((length / (points.max(1) as i64)).max(1).unsigned_abs());
    let ends = step_ends(Timestamp(now.0 - length), now, step, now);
    Sparkline {
        points: ends.map(|at| group.figures(&slo.spec, at).remaining()).collect(),
        young: (length < window).then(|| Duration::from_millis(length.unsigned_abs())),
    }
}

#[cfg(test)]
#[path = "queries_tests.rs"]
mod tests;

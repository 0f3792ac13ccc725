//! Answers to what is too large to publish.

use super::archive;
use super::past::Past;
use crate::domain::group::GroupState;
use crate::domain::labels::Labels;
use crate::domain::shared::Shared;
use crate::domain::slo::{Slo, SloId};
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::domain::time::{Timestamp, millis, step_ends};
use crate::view::{Request, Sparkline};
use std::sync::Arc;
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
                let recent: Vec<_> = ids.iter().map(|(id, group)| recent(&self.state, id, group)).collect();
                tokio::task::spawn_blocking(move || {
                    let lines = recent.into_iter().map(|recent| recent.map(|recent| recent.sparkline(points)));
                    let _gone = reply.send(lines.map(Option::unwrap_or_default).collect());
                });
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

type Group = Shared<GroupState>;

fn find<'a>(state: &'a State, id: &SloId, group: &Labels) -> Option<(&'a SloState, Option<&'a Group>)> {
    let slo = state.slo(id)?;
    let found = slo.groups.values().find(|candidate| candidate.group == *group);
    (found.is_some() || (slo.groups.is_empty() && group.is_empty())).then_some((slo, found))
}

fn past(state: &State, id: &SloId, group: &Labels) -> Option<Past> {
    let (slo, found) = find(state, id, group)?;
    let group = found.cloned().unwrap_or_else(|| GroupState::new(Labels::new(), &slo.spec, slo.since).into());
    let archive_key = archive::key(&slo.key, &group.group);
    Some(Past { spec: slo.spec.clone(), group, archive_key, now: state.core.now })
}

fn recent(state: &State, id: &SloId, group: &Labels) -> Option<Recent> {
    let (slo, group) = find(state, id, group)?;
    Some(Recent { spec: slo.spec.clone(), group: group?.clone(), now: state.core.now })
}

/// What a sparkline is made of, taken from the engine so that making it holds nobody up.
struct Recent {
    spec: Arc<Slo>,
    group: Group,
    now: Timestamp,
}

impl Recent {
    /// The remaining budget at the end of each of `points` steps over the SLO window, or since the first sample where that
    /// is younger, so that the line of a new SLO is a line too.
    fn sparkline(&self, points: usize) -> Sparkline {
        let Self { spec, group, now } = self;
        let Some(begin) = group.events.begin() else { return Sparkline::default() };
        let window = millis(spec.window.nominal());
        let length = window.min(now.0 - begin.0).max(1);
        let step = Duration::from_millis((length / (points.max(1) as i64)).max(1).unsigned_abs());
        let ends = step_ends(Timestamp(now.0 - length), *now, step, *now);
        Sparkline {
            points: ends.map(|at| group.figures(spec, at).remaining()).collect(),
            young: (length < window).then(|| Duration::from_millis(length.unsigned_abs())),
        }
    }
}

#[cfg(test)]
#[path = "queries_tests.rs"]
mod tests;

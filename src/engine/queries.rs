//! Answers to what is too large to publish.

use super::archive;
use super::past::Past;
use crate::domain::group::GroupState;
use crate::domain::labels::Labels;
use crate::domain::shared::Shared;
use crate::domain::slo::SloId;
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::view::Request;

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
                let pasts: Vec<_> = ids.iter().map(|(id, group)| past(&self.state, id, group)).collect();
                tokio::task::spawn_blocking(move || {
                    let line = |past: Option<Past>| past.map(|past| past.sparkline(points)).unwrap_or_default();
                    let _gone = reply.send(pasts.into_iter().map(line).collect());
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

#[cfg(test)]
#[path = "queries_tests.rs"]
mod tests;

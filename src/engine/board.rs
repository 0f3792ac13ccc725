//! What is shown, brought up to date by what changed: the cost of a publication follows the change, not the number of
//! SLOs.

use crate::domain::effects::Effects;
use crate::domain::message::{Message, Notice, Sent};
use crate::domain::state::State;
use crate::domain::status::Transition;
use crate::view::Statuses;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The last publication's content, and what is out of date in it.
#[derive(Debug)]
pub(super) struct Board {
    pub statuses: Statuses,
    pub alerts: Arc<Vec<Arc<Notice>>>,
    pub outbox: Arc<Vec<Arc<Message>>>,
    pub sent: Arc<Vec<Arc<Sent>>>,
    pub transitions: Arc<Vec<Arc<Transition>>>,
    /// By SLO, where any fires.
    firing: BTreeMap<usize, Vec<Arc<Notice>>>,
    stale: Stale,
}

/// What changed since.
#[derive(Debug)]
struct Stale {
    /// Other SLOs than before.
    everything: bool,
    evaluated: BTreeSet<usize>,
    messages: bool,
    transitions: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            statuses: Statuses::default(),
            alerts: Arc::default(),
            outbox: Arc::default(),
            sent: Arc::default(),
            transitions: Arc::default(),
            firing: BTreeMap::new(),
            stale: Stale { everything: true, evaluated: BTreeSet::new(), messages: true, transitions: true },
        }
    }
}

impl Board {
    /// After a configuration.
    pub fn forget(&mut self) {
        self.stale.everything = true;
    }

    pub fn note(&mut self, effects: &Effects) {
        self.stale.evaluated.extend(&effects.evaluated);
        self.stale.messages |= effects.outbox_changed;
        self.stale.transitions |= !effects.transitions.is_empty();
    }

    /// Whether there is something new to show.
    pub fn is_stale(&self) -> bool {
        self.stale.everything || self.stale.messages || !self.stale.evaluated.is_empty()
    }

    pub fn refresh(&mut self, state: &State) {
        let slos = state.slos.len();
        let of = |slo: usize| &state.slos[slo].statuses[..];
        let evaluated = std::mem::take(&mut self.stale.evaluated);
        if std::mem::take(&mut self.stale.everything) {
            self.statuses = Statuses::new(slos, of);
            self.firing.clear();
            self.refresh_firing(state, 0..slos);
        } else {
            self.statuses = self.statuses.with(evaluated.iter().copied(), slos, of);
            self.refresh_firing(state, evaluated);
        }
        let own = state.trouble_notice().map(Arc::new);
        self.alerts = Arc::new(self.firing.values().flatten().cloned().chain(own).collect());
        if std::mem::take(&mut self.stale.messages) {
            self.outbox = Arc::new(state.core.dispatch.outbox.values().cloned().collect());
            self.sent = Arc::new(state.core.dispatch.sent.iter().cloned().collect());
        }
        if std::mem::take(&mut self.stale.transitions) {
            self.transitions = Arc::new(state.core.transitions.iter().cloned().collect());
        }
    }

    fn refresh_firing(&mut self, state: &State, slos: impl IntoIterator<Item = usize>) {
        for slo in slos {
            let notices: Vec<_> = state.notices_of(slo).map(Arc::new).collect();
            if notices.is_empty() {
                self.firing.remove(&slo);
            } else {
                self.firing.insert(slo, notices);
            }
        }
    }
}

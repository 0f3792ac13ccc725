//! What everyone else sees: one immutable picture after each commit.

use crate::clock;
use crate::domain::reading::TargetId;
use crate::view::{DiscoveryView, Published, StoreView, TargetView};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Target views copy every label set, so they are taken less often.
const TARGETS_EVERY: Duration = Duration::from_secs(1);

/// The pool's view as last taken.
#[derive(Default)]
pub(super) struct TargetsView {
    taken: Option<Instant>,
    targets: Arc<Vec<TargetView>>,
    discovery: Arc<Vec<DiscoveryView>>,
    /// Nothing new is to be seen since they were taken.
    fresh: bool,
    /// What the counting of samples found odd, by target.
    warnings: BTreeMap<TargetId, String>,
}

impl TargetsView {
    pub fn warn(&mut self, target: &TargetId, text: &str) {
        self.outdated();
        self.warnings.insert(target.clone(), text.to_owned());
    }

    /// There is something new to take.
    pub fn outdated(&mut self) {
        self.fresh = false;
    }

    pub fn are_outdated(&self) -> bool {
        !self.fresh
    }

    pub fn are_none(&self) -> bool {
        self.targets.is_empty()
    }

    pub fn are_old(&self) -> bool {
        self.are_none() || self.taken.is_none_or(|taken| taken.elapsed() >= TARGETS_EVERY)
    }
}

impl super::Engine {
    pub(super) fn publish(&mut self) {
        if self.targets.are_old() {
            self.targets.taken = Some(clock::instant());
            self.take_targets();
        }
        let published = self.picture();
        self.links.published.store(Arc::new(published));
        self.links.version.send_modify(|version| *version += 1);
    }

    fn take_targets(&mut self) {
        if std::mem::replace(&mut self.targets.fresh, true) {
            return;
        }
        let mut targets = self.links.pool.view();
        let warnings = std::mem::take(&mut self.targets.warnings);
        for target in &mut targets {
            let found = warnings
                .iter()
                .find(|(id, _)| id.job == target.job && target.labels.get("instance") == Some(&id.instance));
            if let (Some((_, text)), Some(last)) = (found, target.last.as_mut()) {
                last.warning.get_or_insert_with(|| text.clone());
            }
        }
        self.targets.targets = Arc::new(targets);
        self.targets.discovery = Arc::new(self.links.pool.watch().discovery());
    }

    fn picture(&mut self) -> Published {
        self.board.refresh(&self.state);
        let board = &self.board;
        Published {
            at: clock::now(),
            started: self.started,
            statuses: board.statuses.clone(),
            setup: self.state.setup.clone().unwrap_or_else(|| Arc::new(self.config.setup.clone())),
            outbox: board.outbox.clone(),
            sent: board.sent.clone(),
            transitions: board.transitions.clone(),
            alerts: board.alerts.clone(),
            targets: self.targets.targets.clone(),
            discovery: self.targets.discovery.clone(),
            store: self.store_view(),
            reload: self.reload.clone(),
            compat: self.config.web.compat,
        }
    }

    fn store_view(&self) -> StoreView {
        let trouble = self.saver.trouble();
        StoreView {
            error: trouble.map(|trouble| trouble.error.clone()),
            since: trouble.map(|trouble| trouble.since),
            damage: self.links.damage.get().cloned(),
            commits: self.saver.commits,
            last_commit: self.saver.last_commit,
        }
    }
}

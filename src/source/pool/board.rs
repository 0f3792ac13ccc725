//! Where a job shows its targets and discoveries to whoever looks.

use crate::view::{DiscoveryView, ScrapeView, TargetView};
use arc_swap::ArcSwapOption;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A target's last attempt; its task writes it, the board reads it.
pub(super) type Last = Arc<ArcSwapOption<ScrapeView>>;

pub(super) struct Board {
    contents: Mutex<Contents>,
    /// Told when what is shown changes.
    changed: Arc<Notify>,
}

#[derive(Default)]
struct Contents {
    targets: Vec<(TargetView, Last)>,
    discovery: Vec<DiscoveryView>,
}

impl Board {
    pub(super) fn new(changed: Arc<Notify>) -> Self {
        Self { contents: Mutex::default(), changed }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show_targets(&self, targets: Vec<(TargetView, Last)>) {
        self.contents().targets = targets;
        self.changed.notify_one();
    }

    pub(super) fn show_discovery(&self, discovery: Vec<DiscoveryView>) {
        self.contents().discovery = discovery;
        self.changed.notify_one();
    }

    pub(super) fn targets(&self) -> Vec<TargetView> {
        let fill = |(view, last): &(TargetView, Last)| {
            let last = last.load().as_deref().cloned();
            TargetView { last, ..view.clone() }
        };
        self.contents().targets.iter().map(fill).collect()
    }

    pub(super) fn discovery(&self) -> Vec<DiscoveryView> {
        self.contents().discovery.clone()
    }
}

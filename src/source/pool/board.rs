//! Where a job shows its targets and discoveries to whoever looks.

use crate::view::{DiscoveryView, ScrapeView, TargetView};
use arc_swap::ArcSwapOption;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A target's last attempt; its task writes it, the board reads it.
pub(super) type Last = Arc<ArcSwapOption<ScrapeView>>;

#[derive(Default)]
pub(super) struct Board(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    targets: Vec<(TargetView, Last)>,
    discovery: Vec<DiscoveryView>,
}

impl Board {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show_targets(&self, targets: Vec<(TargetView, Last)>) {
        self.contents().targets = targets;
    }

    pub(super) fn show_discovery(&self, discovery: Vec<DiscoveryView>) {
        self.contents().discovery = discovery;
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

//! What every handler may use.

use super::stream::Hub;
use crate::metrics::Metrics;
use crate::view::{Handle, Published};
use std::sync::Arc;

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The published snapshot, history and reload.
    pub engine: Handle,
    pub metrics: Metrics,
    /// Command-line flags as `/api/v1/status/flags` shows them, without secrets.
    pub flags: Arc<Vec<(String, String)>>,
    pub(super) hub: Hub,
}

impl AppState {
    pub fn new(engine: Handle, metrics: Metrics, flags: Vec<(String, String)>) -> Self {
        Self { engine, metrics, flags: Arc::new(flags), hub: Hub::new() }
    }

    /// What the engine published last.
    pub fn now(&self) -> Arc<Published> {
        self.engine.now()
    }

    /// Whether the engine has published at least once; before, [`AppState::now`] is an empty stand-in.
    pub fn is_ready(&self) -> bool {
        *self.engine.version.borrow() > 0
    }
}

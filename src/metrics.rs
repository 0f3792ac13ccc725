//! slowburn's own health, counted where it happens.

use std::sync::Arc;

/// Recorder of slowburn's own metrics; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    _inner: Arc<()>,
}

impl Metrics {
    pub fn new() -> Self {
        Self::default()
    }
}

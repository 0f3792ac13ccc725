//! Stand-in.
use crate::config::scrape::RelabelConfig;
use crate::domain::reading::{Reading, Target};
use crate::domain::selector::Selector;
use std::sync::Arc;
/// Stand-in.
pub struct ReaderOptions {
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub sample_limit: u64,
    pub label_limit: u64,
    pub label_name_length_limit: u64,
    pub label_value_length_limit: u64,
    pub metric_relabel: Arc<[RelabelConfig]>,
    pub process_start: bool,
}
/// Stand-in.
#[derive(Debug, thiserror::Error)]
#[error("no")]
pub struct ReadError;
/// Stand-in.
pub struct ReadOutcome {
    pub reading: Reading,
    pub samples: u64,
    pub warning: Option<String>,
}
/// Stand-in.
pub struct SeriesReader;
/// Stand-in.
pub enum Format {
    Text,
}
impl Format {
    /// Stand-in.
    pub fn from_content_type(_: Option<&str>) -> Result<Self, ReadError> {
        Ok(Self::Text)
    }
}
impl SeriesReader {
    /// Stand-in.
    pub fn new(_: Arc<Target>, _: Arc<[Selector]>, _: ReaderOptions) -> Self {
        Self
    }
    /// Stand-in.
    pub fn read(&mut self, _: &[u8], _: Format) -> Result<ReadOutcome, ReadError> {
        Err(ReadError)
    }
}

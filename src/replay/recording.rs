//! Recordings in OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads them.

use super::collect::{Collector, configured_interval};
use crate::config::Config;
use crate::domain::labels::Series;
use crate::domain::reading::Scrape;
use crate::domain::time::Timestamp;
use crate::source::exposition::{self, Entry, Format, SyntaxError};
use std::collections::BTreeMap;

/// 9999-12-31T23:59:59Z, the end of what RFC 3339 can write.
const LAST: Timestamp = Timestamp::from_secs(253_402_300_799);

/// Why a recording can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("line {line}: {series} has no timestamp; a recording needs one on every sample")]
    NoTimestamp { line: usize, series: String },
    #[error("line {line}: the time of {series} is after the year 9999: is it in milliseconds? OpenMetrics has seconds")]
    TooLate { line: usize, series: String },
    #[error("there are no samples")]
    Empty,
}

/// Scrapes in the order of time.
#[derive(Debug)]
pub struct Recording {
    pub(super) scrapes: BTreeMap<Timestamp, Vec<Scrape>>,
}

impl Recording {
    /// Keeps the samples that an SLO of the configuration needs.
    pub fn read(text: &[u8], config: &Config) -> Result<Self, RecordingError> {
        let mut collector = Collector::new(&config.setup);
        exposition::read::<RecordingError>(text, Format::OpenMetrics, |entry| match entry {
            Entry::Type { .. } | Entry::Expected(_) => Ok(()),
            Entry::Sample { series, point } => {
                let read = Series::new(series.name(), series.labels().collect());
                let Some(at) = point.at else {
                    let line = line_of(text, series.raw());
                    return Err(RecordingError::NoTimestamp { line, series: read.to_string() });
                };
                if at > LAST {
                    let line = line_of(text, series.raw());
                    return Err(RecordingError::TooLate { line, series: read.to_string() });
                }
                collector.sample(read, at, point.value);
                Ok(())
            }
        })?;
        if collector.is_empty() {
            return Err(RecordingError::Empty);
        }
        Ok(Self { scrapes: collector.take(|job| configured_interval(config, job)) })
    }

    /// The scrapes, for who runs them otherwise than [`super::run`].
    pub fn into_scrapes(self) -> BTreeMap<Timestamp, Vec<Scrape>> {
        self.scrapes
    }
}

/// The line of `text` that a part of it begins in, from 1.
fn line_of(text: &[u8], part: &str) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
    memchr::memchr_iter(b'\n', &text[..offset]).count() + 1
}

//! Recordings in OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads them.

use super::collect::{Collector, configured_interval};
use crate::config::Config;
use crate::domain::labels::Series;
use crate::domain::reading::{Outcome, Scrape};
use crate::domain::time::Timestamp;
use crate::source::exposition::{self, Entry, Format, SyntaxError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

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
    #[error("line {line}: {series} has two values at {at}: {value} here, {first} on line {first_line}")]
    TwoValues { line: usize, series: String, at: Timestamp, value: f64, first: f64, first_line: usize },
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
        let mut recording = Self::of(collector, config);
        match recording.scrapes.values_mut().flatten().find_map(once_each) {
            Some((series, at)) => Err(two_values(text, &series, at)),
            None => Ok(recording),
        }
    }

    /// What was collected otherwise.
    pub fn of(mut collector: Collector, config: &Config) -> Self {
        Self { scrapes: collector.take(|job| configured_interval(config, job)) }
    }

    /// The first and the last moment.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.scrapes.first_key_value()?.0, *self.scrapes.last_key_value()?.0))
    }

    /// What lies from `start` to `end`, both included.
    pub fn cut(mut self, (start, end): (Timestamp, Timestamp)) -> Self {
        self.scrapes = self.scrapes.split_off(&start);
        self.scrapes.split_off(&Timestamp(end.0.saturating_add(1)));
        self
    }

    /// The scrapes, in the order of time.
    pub fn scrapes(&self) -> &BTreeMap<Timestamp, Vec<Scrape>> {
        &self.scrapes
    }
}

/// Leaves each series once in a scrape; returns one that has two values.
fn once_each(scrape: &mut Scrape) -> Option<(Arc<Series>, Timestamp)> {
    let Outcome::Read(reading) = &mut scrape.outcome else { return None };
    let (mut seen, mut contradicted) = (HashMap::with_capacity(reading.samples.len()), None);
    reading.samples.retain(|sample| match seen.insert(Arc::as_ptr(&sample.series), sample.value.to_bits()) {
        Some(first) if first != sample.value.to_bits() => {
            contradicted = Some(sample.series.clone());
            true
        }
        first => first.is_none(),
    });
    contradicted.map(|series| (series, scrape.at))
}

/// Looks for the lines of a series that has two values at one time.
fn two_values(text: &[u8], wanted: &Series, at: Timestamp) -> RecordingError {
    let mut first = None;
    let found = exposition::read::<RecordingError>(text, Format::OpenMetrics, |entry| {
        let Entry::Sample { series, point } = entry else { return Ok(()) };
        if point.at != Some(at) || Series::new(series.name(), series.labels().collect()) != *wanted {
            return Ok(());
        }
        let (line, value) = (line_of(text, series.raw()), point.value);
        let (first_line, first) = *first.get_or_insert((line, value));
        if first.to_bits() == value.to_bits() {
            return Ok(());
        }
        Err(RecordingError::TwoValues { line, series: wanted.to_string(), at, value, first, first_line })
    });
    found.err().unwrap_or(RecordingError::Empty)
}

/// The line of `text` that a part of it begins in, from 1.
fn line_of(text: &[u8], part: &str) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
    memchr::memchr_iter(b'\n', &text[..offset]).count() + 1
}

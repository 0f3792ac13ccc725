//! Recordings in OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads them.

use super::collect::{Collector, configured_interval};
use crate::config::Config;
use crate::domain::labels::Series;
use crate::domain::reading::{Outcome, Sample, Scrape};
use crate::domain::time::Timestamp;
use crate::source::exposition::{self, Entry, Format, Scanner, SyntaxError};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
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
        Ok(Self::of(collector, config))
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

    /// The first place in its `text` where a series has a second value at one time, and what becomes of it.
    pub fn contradiction(&self, text: &[u8]) -> Option<String> {
        self.scrapes.values().flatten().find_map(|scrape| Twice::of(scrape, text)).map(|twice| twice.to_string())
    }

    /// The scrapes, in the order of time.
    pub fn scrapes(&self) -> &BTreeMap<Timestamp, Vec<Scrape>> {
        &self.scrapes
    }
}

/// A series with a value on each of two lines, where only the first counts.
#[derive(Debug)]
struct Twice<'a> {
    series: &'a Series,
    at: Timestamp,
    lines: [(usize, f64); 2],
}

impl fmt::Display for Twice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { series, at, lines: [(first_line, first), (line, value)] } = self;
        write!(
            f,
            "line {line}: {series} has two values at {at}: {value} here is left out, {first} on line {first_line} counts"
        )
    }
}

impl<'a> Twice<'a> {
    /// The first series of a scrape that has two values.
    fn of(scrape: &'a Scrape, text: &[u8]) -> Option<Self> {
        let Outcome::Read(reading) = &scrape.outcome else { return None };
        let mut seen = HashMap::with_capacity(reading.samples.len());
        let differs = |sample: &&Sample| {
            let first = *seen.entry(Arc::as_ptr(&sample.series)).or_insert(sample.value.to_bits());
            first != sample.value.to_bits()
        };
        let series = &*reading.samples.iter().find(differs)?.series;
        Some(Self { series, at: scrape.at, lines: lines_of(text, series, scrape.at)? })
    }
}

/// The first line with a sample of the series at this time, and the next one with another value.
fn lines_of(text: &[u8], wanted: &Series, at: Timestamp) -> Option<[(usize, f64); 2]> {
    let mut scanner = Scanner::new(text, Format::OpenMetrics).ok()?;
    let mut first: Option<(usize, f64)> = None;
    while let Some(entry) = scanner.next_entry("").ok()? {
        let Entry::Sample { series, point } = entry else { continue };
        if point.at != Some(at) || Series::new(series.name(), series.labels().collect()) != *wanted {
            continue;
        }
        let found = (line_of(text, series.raw()), point.value);
        match first {
            Some(first) if first.1.to_bits() != found.1.to_bits() => return Some([first, found]),
            _ => first = first.or(Some(found)),
        }
    }
    None
}

/// The line of `text` that a part of it begins in, from 1.
fn line_of(text: &[u8], part: &str) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
    memchr::memchr_iter(b'\n', &text[..offset]).count() + 1
}

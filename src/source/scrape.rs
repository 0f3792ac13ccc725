//! One attempt to read one target: request, bounded body, parsing, and how it went.
//!
//! An attempt always ends, within the target's timeout and the body limit, and always says how: a failure is a value
//! with a reason for people. Large bodies are parsed off the reactor's thread and only a few at a time, so that a huge
//! target neither delays others nor multiplies memory. What is large depends on whether the reader knows the target.

use crate::clock;
use crate::config::scrape::ScrapeConfig;
use crate::domain::labels::Labels;
use crate::domain::reading::{Outcome, Scrape};
use crate::domain::selection::Selection;
use crate::domain::setup::NewTarget;
use crate::domain::time::Timestamp;
use crate::http;
use crate::source::exposition::Format;
use crate::source::reader::{ReadOutcome, ReaderOptions, SeriesReader};
use crate::source::target::ScrapeTarget;
use crate::view::ScrapeView;
use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What is asked for, best first, as Prometheus 3 does without protobuf.
pub const ACCEPT_METRICS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// Bodies up to this size (about a millisecond of parsing) are read where they arrive …
const INLINE_BYTES: usize = 128 << 10;
/// … and up to this size by a reader that knows the target: it takes a third of a millisecond, and waking a thread for
/// that would cost as much.
const KNOWN_INLINE_BYTES: usize = 512 << 10;

/// The body of a refused answer is read up to this size, so that its connection can be used again.
const DRAIN_BYTES: u64 = 16 << 10;

/// Which selectors the series of a target with these labels are needed for.
pub type SelectorsFor = Arc<dyn Fn(&Labels) -> Selection + Send + Sync>;

/// One attempt's result for the engine, and its story for people.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub scrape: Scrape,
    pub view: ScrapeView,
}

/// Reads one target again and again, over kept connections and with a warm reader.
pub struct Scraper {
    config: Arc<ScrapeConfig>,
    target: ScrapeTarget,
    client: Arc<http::Rotating>,
    parsers: Arc<Semaphore>,
    selectors: Selection,
    /// `None` while a blocking thread has it, and after that thread was lost.
    reader: Option<SeriesReader>,
}

/// What an attempt learned before it failed or ended.
#[derive(Default)]
struct Progress {
    bytes: u64,
    samples: u64,
    warning: Option<String>,
}

impl Scraper {
    /// `parsers` bounds how many large bodies are parsed at a time, over all scrapers that share it.
    pub fn new(
        config: Arc<ScrapeConfig>,
        target: ScrapeTarget,
        client: Arc<http::Rotating>,
        parsers: Arc<Semaphore>,
        selectors: Selection,
    ) -> Self {
        Self { config, target, client, parsers, selectors, reader: None }
    }

    /// Other series are needed from the next attempt on.
    pub fn select(&mut self, selectors: Selection) {
        if selectors != self.selectors {
            self.selectors = selectors;
            self.reader = None;
        }
    }

    /// One attempt, which is told to have begun at `at`.
    pub async fn attempt(&mut self, at: Timestamp) -> Attempt {
        let started = clock::instant();
        let mut progress = Progress::default();
        let outcome = match self.read(&mut progress).await {
            Ok(reading) => Outcome::Read(reading),
            Err(reason) => Outcome::Failed(reason),
        };
        let error = match &outcome {
            Outcome::Read(_) => None,
            Outcome::Failed(reason) => Some(reason.clone()),
        };
        let Progress { bytes, samples, warning } = progress;
        let view = ScrapeView { at, duration: started.elapsed(), samples, bytes, error, warning };
        Attempt { scrape: Scrape { target: self.target.target.clone(), at, outcome }, view }
    }

    async fn read(&mut self, progress: &mut Progress) -> Result<crate::domain::reading::Reading, String> {
        let response = self.request().await?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let format = Format::from_content_type(content_type).map_err(|error| error.to_string())?;
        let body =
            http::read_bounded(response, self.config.body_size_limit).await.map_err(|error| error.to_string())?;
        progress.bytes = body.len() as u64;
        let outcome = self.parse(body, format).await?;
        progress.samples = outcome.samples;
        progress.warning = outcome.warning;
        Ok(outcome.reading)
    }

    async fn request(&self) -> Result<Response, String> {
        let client = self.client.get().map_err(|error| error.to_string())?;
        let request = client
            .get(self.target.url.clone())
            .timeout(self.target.timeout)
            .header(ACCEPT, ACCEPT_METRICS)
            .header("X-Prometheus-Scrape-Timeout-Seconds", self.target.timeout.as_secs_f64().to_string());
        let response = http::send(request, &self.config.http).await.map_err(|error| error.to_string())?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        if response.content_length().is_some_and(|length| length <= DRAIN_BYTES) {
            // The answer is refused already; whether its body can be read decides only about the connection.
            let _ = http::read_bounded(response, DRAIN_BYTES).await;
        }
        Err(format!("HTTP status {status}"))
    }

    async fn parse(&mut self, body: Bytes, format: Format) -> Result<ReadOutcome, String> {
        let inline = if self.reader.is_some() { KNOWN_INLINE_BYTES } else { INLINE_BYTES };
        let mut reader = self.reader.take().unwrap_or_else(|| self.new_reader());
        if body.len() <= inline {
            let outcome = reader.read(&body, format);
            self.reader = Some(reader);
            return outcome.map_err(|error| error.to_string());
        }
        let permit = self.parsers.clone().acquire_owned().await.map_err(|_| "the program is stopping".to_owned())?;
        let work = move || {
            let outcome = reader.read(&body, format);
            drop(permit);
            (reader, outcome)
        };
        let done = tokio::task::spawn_blocking(work).await;
        let (reader, outcome) = done.map_err(|error| format!("parsing the body failed: {error}"))?;
        self.reader = Some(reader);
        outcome.map_err(|error| error.to_string())
    }

    fn new_reader(&self) -> SeriesReader {
        let config = &self.config;
        let options = ReaderOptions {
            honor_labels: config.honor_labels,
            honor_timestamps: config.honor_timestamps,
            sample_limit: config.sample_limit,
            label_limit: config.label_limit,
            label_name_length_limit: config.label_name_length_limit,
            label_value_length_limit: config.label_value_length_limit,
            metric_relabel: config.metric_relabel_configs.clone(),
            process_start: config.policy.new_target == NewTarget::ProcessStart,
        };
        SeriesReader::new(self.target.target.clone(), self.selectors.clone(), options)
    }
}

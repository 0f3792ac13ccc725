//! History out of a running Prometheus, or whatever speaks its API (Thanos, Mimir, VictoriaMetrics).
//!
//! An instant query for a range vector (`x[1h]` at its end) gives the samples as they were scraped, which no resampling
//! has touched; so does the remote read protocol ([`remote_read`]). The range is asked for in pieces; a piece that the
//! server finds too large is halved.

use super::matrix::{MatrixError, Samples};
use super::remote_read::{self, RemoteReadError};
use crate::config::auth::HttpConfig;
use crate::domain::selector::Selector;
use crate::domain::time::{Timestamp, format_duration, millis};
use crate::http::{self, HttpError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use std::time::Duration;

/// A piece is not halved below this.
const SMALLEST_PIECE: i64 = 60_000;

/// Bytes of one answer at most.
const LARGEST_ANSWER: u64 = 512 << 20;

/// Prometheus itself gives a query two minutes.
const TIMEOUT: Duration = Duration::from_secs(150);

/// Queries under way at once.
const AT_ONCE: usize = 4;

/// Longer queries go into the body; many servers and proxies end a request line at 8 KiB.
const LONGEST_URL: usize = 4000;

/// How samples are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Instant queries for range vectors, `/api/v1/query`.
    Query,
    /// Remote read, `/api/v1/read`.
    RemoteRead,
}

/// A server with the API.
pub struct Prometheus {
    client: Client,
    base: Url,
    config: HttpConfig,
    protocol: Protocol,
}

/// Why history can't be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{selector}")]
    Answer { selector: String, source: MatrixError },
    #[error("{selector}")]
    RemoteRead { selector: String, source: RemoteReadError },
    #[error("{selector}: status {status}: {text}")]
    Status { selector: String, status: StatusCode, text: String },
}

impl FetchError {
    /// Whether a smaller piece may do.
    fn is_too_much(&self) -> bool {
        match self {
            Self::Http(HttpError::TooLarge { .. }) => true,
            Self::RemoteRead { source: RemoteReadError::TooLarge { .. }, .. } => true,
            Self::Status { status, text, .. } => {
                *status == StatusCode::PAYLOAD_TOO_LARGE
                    || *status == StatusCode::SERVICE_UNAVAILABLE
                    || text.contains("too many samples")
                    || text.contains("exceeded sample limit")
            }
            _ => false,
        }
    }
}

impl Prometheus {
    /// `base` is the address of the server, with the path below which its API lies.
    pub fn new(base: Url, config: HttpConfig, protocol: Protocol) -> Result<Self, HttpError> {
        Ok(Self { client: http::client(&config, TIMEOUT)?, base, config, protocol })
    }

    /// All samples of the selectors in `(from, to]`.
    pub async fn piece(&self, selectors: &[Selector], from: Timestamp, to: Timestamp) -> Result<Samples, FetchError> {
        let answers = stream::iter(selectors).map(|selector| self.samples(selector, from, to)).buffered(AT_ONCE);
        let mut samples = answers
            .try_fold(Samples::default(), async |mut all, some| {
                for (series, values) in some.0 {
                    all.0.entry(series).or_default().extend(values);
                }
                Ok(all)
            })
            .await?;
        // Before version 3 a range held its first moment too, which belongs to the piece before.
        for values in samples.0.values_mut() {
            *values = values.split_off(&Timestamp(from.0 + 1));
        }
        Ok(samples)
    }

    async fn samples(&self, selector: &Selector, from: Timestamp, to: Timestamp) -> Result<Samples, FetchError> {
        let (mut samples, mut pieces) = (Samples::default(), vec![(from, to)]);
        while let Some((from, to)) = pieces.pop() {
            let asked = match self.protocol {
                Protocol::Query => self.query(&mut samples, selector, from, to).await,
                Protocol::RemoteRead => self.remote_read(&mut samples, selector, from, to).await,
            };
            match asked {
                Err(error) if error.is_too_much() && to.0 - from.0 >= 2 * SMALLEST_PIECE => {
                    let middle = Timestamp(from.0 + (to.0 - from.0) / 2);
                    pieces.extend([(middle, to), (from, middle)]);
                }
                result => result?,
            }
        }
        Ok(samples)
    }

    async fn query(
        &self,
        samples: &mut Samples,
        selector: &Selector,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(), FetchError> {
        let range = format_duration(Duration::from_millis(to.since(from).as_millis() as u64));
        let mut url = self.url("query");
        url.query_pairs_mut()
            .append_pair("query", &format!("{selector}[{range}]"))
            .append_pair("time", &format!("{}.{:03}", to.0.div_euclid(1000), to.0.rem_euclid(1000)));
        let request = if url.as_str().len() <= LONGEST_URL {
            self.client.get(url)
        } else {
            let body = url.query().unwrap_or_default().to_owned();
            url.set_query(self.base.query());
            self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
        };
        let body = http::read_bounded(self.send(request, selector).await?, LARGEST_ANSWER).await?;
        let answer = |source| FetchError::Answer { selector: selector.to_string(), source };
        samples.add_answers(&body).map_err(answer)
    }

    async fn remote_read(
        &self,
        samples: &mut Samples,
        selector: &Selector,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(), FetchError> {
        let failed = |source| FetchError::RemoteRead { selector: selector.to_string(), source };
        let request = self
            .client
            .post(self.url("read"))
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(CONTENT_ENCODING, "snappy")
            .header("X-Prometheus-Remote-Read-Version", remote_read::VERSION)
            .body(remote_read::request(selector, from, to).map_err(failed)?);
        let body = http::read_encoded(self.send(request, selector).await?, LARGEST_ANSWER).await?;
        remote_read::add_answer(samples, &body, LARGEST_ANSWER).map_err(failed)
    }

    /// Where one of the API's resources lies.
    fn url(&self, resource: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/api/v1/{resource}", self.base.path().trim_end_matches('/')));
        url
    }

    /// The answer, if it is a good one.
    async fn send(&self, request: RequestBuilder, selector: &Selector) -> Result<Response, FetchError> {
        let response = http::send(request, &self.config).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        // Prometheus announces Snappy for its refusals too, and sends plain text.
        let body = http::read_encoded(response, LARGEST_ANSWER).await?;
        Err(FetchError::Status { selector: selector.to_string(), status, text: reason(&body) })
    }
}

/// What an answer says is wrong, on one line.
fn reason(body: &[u8]) -> String {
    let error = serde_json::from_slice::<serde_json::Value>(body).ok();
    let error = error.and_then(|answer| answer["error"].as_str().map(str::to_owned));
    let text = error.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// The pieces of `(start, end]`, the first of which holds `start` too.
pub fn pieces(start: Timestamp, end: Timestamp, length: Duration) -> Vec<(Timestamp, Timestamp)> {
    let length = millis(length).max(1);
    let (mut from, mut pieces) = (Timestamp(start.0 - 1), Vec::new());
    while from < end {
        let to = Timestamp(from.0.saturating_add(length)).min(end);
        pieces.push((from, to));
        from = to;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_touch_and_cover_the_range() {
        let of = |start, end, length| {
            let pieces = pieces(Timestamp(start), Timestamp(end), Duration::from_millis(length));
            pieces.into_iter().map(|(from, to)| (from.0, to.0)).collect::<Vec<_>>()
        };
        assert_eq!(of(10, 30, 10), [(9, 19), (19, 29), (29, 30)]);
        assert_eq!(of(10, 10, 10), [(9, 10)]);
        assert_eq!(of(10, 5, 10), []);
    }
}

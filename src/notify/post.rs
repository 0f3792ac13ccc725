//! One HTTP attempt, and which answers are worth another one.
//!
//! * 2xx is accepted (Slack looks into the body, too);
//! * 408, 429, 5xx and everything below HTTP (refused, reset, timeout, TLS, DNS) is tried again;
//! * any other 4xx is final: the same request would be refused again;
//! * 307 and 308 are followed where the configuration says so. The other redirects are not, because they would turn the
//!   message into a GET and lose it; such an answer is tried again, since the configuration can be mended meanwhile.
//!
//! No answer is held in memory beyond a small bound, however long it is.

use super::channel::Failure;
use super::scrub::Scrubber;
use crate::clock;
use crate::config::auth::{Auth, HttpConfig, Secret};
use crate::domain::time::Timestamp;
use crate::http;
use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::ExposeSecret;
use std::sync::OnceLock;
use std::time::Duration;

/// Bytes of an answer that are read at most; Slack's are a few hundred.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Where messages of one channel are posted to.
pub struct Endpoint {
    http: HttpConfig,
    timeout: Duration,
    /// Built at the first use, so that a mended certificate file is found by the next attempt.
    client: OnceLock<Client>,
}

/// An answer with a 2xx status.
pub struct Accepted {
    /// At most [`ANSWER_LIMIT`] bytes of the body.
    pub body: String,
    /// The wait that the receiver asked for.
    pub retry_after: Option<Duration>,
}

impl Endpoint {
    pub fn new(http: HttpConfig, timeout: Duration) -> Self {
        Self { http, timeout, client: OnceLock::new() }
    }

    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Posts JSON and gives the 2xx answer, or why there is none. The body is read only if `wants_body`.
    pub async fn post(
        &self,
        url: &str,
        json: Vec<u8>,
        scrubber: &Scrubber,
        wants_body: bool,
    ) -> Result<Accepted, Failure> {
        let request = self.client()?.post(url).header(CONTENT_TYPE, "application/json").body(json);
        let response =
            http::send(request, &self.http).await.map_err(|e| Failure::retry(scrubber.clean(&e.to_string())))?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), clock::now());
        if status.is_success() {
            let body = if wants_body { beginning(response).await } else { String::new() };
            return Ok(Accepted { body, retry_after });
        }
        let answer = scrubber.clean(&beginning(response).await);
        Err(refusal(status, &answer, retry_after))
    }

    /// Adds what `http_config` holds to the secrets that an answer must not repeat into an error.
    pub fn hide_credentials(&self, scrubber: &mut Scrubber) {
        // An unreadable secret is reported by the request itself.
        let readable = |secret: &Secret| secret.read().ok();
        match &self.http.auth {
            Some(Auth::Basic { username, password }) => {
                for password in password.iter().filter_map(readable) {
                    scrubber.hide(password.expose_secret());
                    scrubber.hide(&http::basic(username, password.expose_secret()));
                }
            }
            Some(Auth::Header { credentials, .. }) => {
                readable(credentials).iter().for_each(|secret| scrubber.hide(secret.expose_secret()));
            }
            None => {}
        }
        let headers = self.http.headers.iter().filter_map(|(_, secret)| readable(secret));
        headers.for_each(|secret| scrubber.hide(secret.expose_secret()));
    }

    fn client(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = http::client(&self.http, self.timeout).map_err(|error| Failure::retry(error.to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The failure that a status other than 2xx means.
fn refusal(status: StatusCode, answer: &str, after: Option<Duration>) -> Failure {
    let hint = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
            " (this redirect would lose the message: configure the URL that it leads to)"
        }
        status if status.is_redirection() => " (a redirect that is not followed: configure the URL that it leads to)",
        _ => "",
    };
    let quoted = if answer.is_empty() { String::new() } else { format!(": {answer}") };
    let error = format!("HTTP status {}{hint}{quoted}", described(status));
    let retry = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if status.is_client_error() && !retry { Failure::Final { error } } else { Failure::Retry { error, after } }
}

fn described(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// The first bytes of a body; what breaks off or takes too long is worth what came of it.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_LIMIT
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = ANSWER_LIMIT - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `Retry-After`, as seconds or as an HTTP date; what is neither is ignored.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp(date.timestamp_millis()).since(now))
}

//! The only way out over HTTP: clients built from a checked `http_config`, requests sent as Prometheus sends them.
//!
//! A client keeps its connections alive and is shared by all requests of one `http_config`. Secrets are read at each
//! request, so that a rotated file needs no reload. Redirects are followed here rather than by the client library,
//! because only this module knows which headers are credentials: they never reach another host, another port, or plain
//! HTTP after HTTPS. No error text holds a credential, a URL's user info or a query.

mod error;
mod redirect;
mod rotating;
mod tls;

pub use error::HttpError;
pub use rotating::Rotating;
pub use tls::client_config as tls_client_config;

use crate::clock;
use crate::config::auth::{Auth, HttpConfig};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use reqwest::{Client, Proxy, RequestBuilder, Response};
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

/// How this program names itself to servers.
pub const USER_AGENT: &str = concat!("slowburn/", env!("CARGO_PKG_VERSION"));

/// Idle connections are kept this long, as in Prometheus; scrape intervals of minutes still reuse theirs.
const IDLE: Duration = Duration::from_secs(300);

/// A client for one `http_config`. `timeout` bounds each request from the first byte out to the last byte in.
///
/// The client neither authorizes nor follows redirects by itself: use [`send`].
pub fn client(config: &HttpConfig, timeout: Duration) -> Result<Client, HttpError> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(IDLE)
        .tls_backend_preconfigured(tls::client_config(&config.tls, config.enable_http2)?)
        .no_proxy();
    if !config.enable_http2 {
        builder = builder.http1_only();
    }
    if let Some(url) = &config.proxy_url {
        // The library's message would repeat the URL, which may hold a password.
        let proxy = Proxy::all(url.as_str()).map_err(|_| HttpError::Config("proxy_url is not a proxy's URL".into()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| HttpError::Config(error::innermost(&error)))
}

/// Sends a request with the credentials and headers of `config`, and follows at most ten redirects where it says so.
///
/// A timeout set on the request bounds all of it: every hop, and the body of the last answer.
pub async fn send(request: RequestBuilder, config: &HttpConfig) -> Result<Response, HttpError> {
    let (client, plain) = request.build_split();
    let mut plain = plain.map_err(|_| HttpError::Config("not a URL that can be requested".into()))?;
    let origin = plain.url().clone();
    let waiting = Waiting { since: clock::instant(), timeout: plain.timeout().copied() };
    let proxy = config.proxy_url.as_deref().and_then(|url| reqwest::Url::parse(url).ok());
    let mut trusted = true;
    for _ in 0..=redirect::MAX {
        let mut copy = plain.try_clone().ok_or_else(|| HttpError::Config("the body can't be sent again".into()))?;
        if let Some(left) = copy.timeout_mut() {
            *left = left.saturating_sub(waiting.since.elapsed());
        }
        let request = RequestBuilder::from_parts(client.clone(), copy);
        let request = if trusted { authorize(request, config)? } else { request };
        let answer = request.send().await;
        let mut response =
            answer.map_err(|error| HttpError::new(&error, plain.url(), proxy.as_ref(), waiting.time()))?;
        response.extensions_mut().insert(waiting);
        if !config.follow_redirects {
            return Ok(response);
        }
        match redirect::next(&plain, &response)? {
            None => return Ok(response),
            Some(next) => plain = next,
        }
        trusted = trusted && redirect::may_see_credentials(&origin, plain.url());
        if !trusted {
            // The caller's own, and those that the URL's user info became.
            for header in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
                plain.headers_mut().remove(header);
            }
        }
    }
    Err(HttpError::Redirect(format!("stopped after {} redirects", redirect::MAX)))
}

/// Since when an answer is waited for, kept with the answer so that a timeout of its body can tell the whole wait.
#[derive(Clone, Copy)]
struct Waiting {
    since: Instant,
    timeout: Option<Duration>,
}

impl Waiting {
    /// What a timeout waited: the request's own limit, or as measured when the client's was hit.
    fn time(self) -> Duration {
        self.timeout.unwrap_or_else(|| error::nearest(self.since.elapsed()))
    }
}

/// Adds credentials and `http_headers`, reading their files now; they replace headers of the same name.
pub fn authorize(request: RequestBuilder, config: &HttpConfig) -> Result<RequestBuilder, HttpError> {
    let mut headers = HeaderMap::new();
    if let Some(auth) = &config.auth {
        headers.insert(AUTHORIZATION, authorization(auth)?);
    }
    for (name, secret) in &config.headers {
        let value = secret.read().map_err(HttpError::Config)?;
        let value = header_value(name, value.expose_secret())?;
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| HttpError::Config(format!("http_headers: {name:?} is not a header name")))?;
        headers.append(name, value);
    }
    Ok(request.headers(headers))
}

fn authorization(auth: &Auth) -> Result<HeaderValue, HttpError> {
    let text = match auth {
        Auth::Basic { username, password } => {
            let password = password.as_ref().map(|secret| secret.read()).transpose().map_err(HttpError::Config)?;
            let password = password.as_ref().map_or("", |secret| secret.expose_secret());
            format!("Basic {}", basic(username, password))
        }
        Auth::Header { scheme, credentials } => {
            let credentials = credentials.read().map_err(HttpError::Config)?;
            format!("{scheme} {}", credentials.expose_secret())
        }
    };
    header_value("authorization", &text)
}

/// The credentials of basic authentication, as they are sent.
pub fn basic(username: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{username}:{password}"))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| HttpError::Config(format!("{name}: the value holds a line break or control character")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a body, decompressed, holding at most `limit` bytes of it; 0 is no limit.
pub async fn read_bounded(response: Response, limit: u64) -> Result<Bytes, HttpError> {
    if let Some(encoding) = response.headers().get(reqwest::header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(HttpError::Body(format!("the answer has Content-Encoding {encoding:?}, known are gzip and zstd")));
    }
    read_encoded(response, limit).await
}

/// As [`read_bounded`], in whatever encoding the body is that the client does not know.
pub async fn read_encoded(mut response: Response, limit: u64) -> Result<Bytes, HttpError> {
    let fresh = || Waiting { since: clock::instant(), timeout: None };
    let waiting = response.extensions().get::<Waiting>().copied().unwrap_or_else(fresh);
    let limit = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| HttpError::new(&error, response.url(), None, waiting.time()))?;
        let Some(chunk) = chunk else { return Ok(body.into()) };
        if chunk.len() > limit - body.len() {
            return Err(HttpError::TooLarge { limit: limit as u64 });
        }
        reserve(&mut body, chunk.len(), limit);
        body.extend_from_slice(&chunk);
    }
}

/// Makes room by doubling, as vectors do, but never for more than `limit` bytes.
fn reserve(body: &mut Vec<u8>, more: usize, limit: usize) {
    if body.capacity() - body.len() < more {
        let wanted = body.len().saturating_mul(2).clamp(body.len() + more, limit);
        body.reserve_exact(wanted - body.len());
    }
}

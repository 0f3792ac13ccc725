//! The layers around every handler: identity, time, limits, panics, compression and security headers.

use super::api::envelope::{ApiError, ErrorType};
use super::is_api;
use crate::clock;
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::time::Duration;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::Instrument;

/// Time for a handler to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's body; no request of this API needs more than a silence's JSON.
const MAX_BODY: usize = 256 * 1024;
/// Characters of a request id that a client may choose.
const MAX_REQUEST_ID: usize = 128;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Set on every answer unless its handler set its own.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // `no-referrer` would make browsers send `Origin: null` with forms, which the check of origins refuses.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Wraps the router; the last layer added is the outermost.
pub fn layer<S: Clone + Send + Sync + 'static>(router: Router<S>, metrics: &Metrics) -> Router<S> {
    router
        .layer(from_fn(deadline))
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .layer(from_fn(dress))
        .layer(from_fn_with_state(metrics.clone(), observe))
}

/// Gives the request its id, logs it and counts it.
async fn observe(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let begun = clock::instant();
    let id = request_id(request.headers());
    let method = method_name(request.method());
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    request.headers_mut().insert(REQUEST_ID, id.clone());
    // At the level of errors, so that no filter takes the id away from what is logged.
    let span = tracing::error_span!("http", request_id = id.to_str().unwrap_or_default(), method, path);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status(), begun.elapsed());
    metrics.http_answered(&route, method, status.as_u16(), took);
    span.in_scope(|| log(status, took));
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn log(status: StatusCode, took: Duration) {
    let seconds = took.as_secs_f64();
    // Not ready yet, or no more live connections: said on purpose, to programs that ask again and again.
    let turned_away = status == StatusCode::SERVICE_UNAVAILABLE && took < TIMEOUT;
    if status.is_server_error() && !turned_away {
        let status = status.as_u16();
        tracing::warn!(status, seconds, "request failed");
    } else {
        tracing::debug!(status = status.as_u16(), seconds, "request answered");
    }
}

/// The client's own id where it is harmless in a log, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b);
        (1..=MAX_REQUEST_ID).contains(&value.len()) && value.as_bytes().iter().all(allowed)
    };
    let given = headers.get(REQUEST_ID).filter(harmless).cloned();
    given.unwrap_or_else(|| {
        HeaderValue::from_str(&format!("{:032x}", fastrand::u128(..))).unwrap_or(HeaderValue::from_static("-"))
    })
}

/// The method as a label with few values.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::PATCH, "PATCH"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}

async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn deadline(request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("the answer took longer than {} s", TIMEOUT.as_secs());
            failure(api, ErrorType::Timeout, StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }
}

fn failure(api: bool, kind: ErrorType, status: StatusCode, message: String) -> Response {
    if api { ApiError::new(kind, message).into_response() } else { (status, message + "\n").into_response() }
}

fn panicked(reason: Box<dyn Any + Send>) -> Response {
    let text = reason.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| reason.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a handler panicked");
    ApiError::new(ErrorType::Internal, "an internal error; the log says more").into_response()
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

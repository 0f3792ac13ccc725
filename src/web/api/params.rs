//! Reads what requests carry in path and query; every mistake becomes an answer in the envelope.

use super::envelope::ApiError;
use crate::domain::labels::Labels;
use crate::domain::time::{Timestamp, parse_duration};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The last moment that a parameter may name, 9999-12-31: beyond it arithmetic on times would saturate.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The query string, percent-decoded, as pairs in their order.
#[derive(Clone, Debug)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// The first non-empty value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All non-empty values of a parameter.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Pairs {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        typed_query(parts).map(Self)
    }
}

/// The query string as a type of its own.
#[derive(Clone, Debug)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        typed_query(parts).map(Self)
    }
}

fn typed_query<T: DeserializeOwned>(parts: &Parts) -> Result<T, ApiError> {
    let rejected = |rejection: axum::extract::rejection::QueryRejection| {
        ApiError::bad_data(format!("invalid parameter: {}", source_text(&rejection)))
    };
    Query::try_from_uri(&parts.uri).map(|Query(value)| value).map_err(rejected)
}

/// The innermost cause: what was wrong rather than who noticed.
fn source_text(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// `{service}/{name}` of a path.
#[derive(Clone, Debug)]
pub struct SloPath {
    pub service: String,
    pub name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for SloPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path: Result<Path<(String, String)>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path((service, name))) => Ok(Self { service, name }),
            Err(rejection) => Err(ApiError::bad_data(source_text(&rejection))),
        }
    }
}

/// The group that parameters name: each one that is not `reserved` is a label. A label that is called like a reserved
/// parameter is written `group.NAME`.
pub fn group_labels(pairs: &Pairs, reserved: &[&str]) -> Labels {
    let labels = pairs.0.iter().filter(|(name, _)| !reserved.contains(&name.as_str()));
    labels.map(|(name, value)| (name.strip_prefix("group.").unwrap_or(name), value.as_str())).collect()
}

/// RFC 3339 or Unix seconds, as Prometheus reads them.
pub fn parse_time(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    let seconds = text.parse::<f64>().ok().filter(|s| (0.0..=LAST_SECOND).contains(s));
    let in_range = |time: &Timestamp| (0.0..=LAST_SECOND).contains(&time.as_secs_f64());
    seconds
        .map(|seconds| Timestamp((seconds * 1000.0).round() as i64))
        .or_else(|| Timestamp::parse(text).filter(in_range))
        .ok_or_else(|| {
            let wanted = "write RFC 3339 (2026-01-31T12:00:00Z) or Unix seconds, from 1970 to 9999";
            ApiError::bad_data(format!("invalid parameter \"{name}\": cannot parse {text:?} to a time; {wanted}"))
        })
}

/// A Prometheus duration or seconds.
pub fn parse_step(name: &str, text: &str) -> Result<Duration, ApiError> {
    let seconds = text.parse::<f64>().ok().filter(|s| s.is_finite() && s.abs() <= LAST_SECOND);
    if seconds.is_some_and(|s| s <= 0.0) || text == "0s" {
        let wanted = "zero or negative steps are not accepted; try a positive number of seconds, or 5m";
        return Err(ApiError::bad_data(format!("invalid parameter \"{name}\": {wanted}")));
    }
    let step = match seconds {
        Some(seconds) => Duration::from_millis((seconds * 1000.0).round() as u64),
        None => parse_duration(text)
            .map_err(|error| ApiError::bad_data(format!("invalid parameter \"{name}\": {error}")))?,
    };
    if step.is_zero() {
        return Err(ApiError::bad_data(format!("invalid parameter \"{name}\": it is shorter than 1 ms")));
    }
    Ok(step)
}

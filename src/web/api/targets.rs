//! `/api/v1/targets` in Prometheus's shape, with slowburn's warnings and the sources of targets added.

use super::envelope::{ApiError, success};
use super::params::Pairs;
use crate::domain::labels::Labels;
use crate::domain::time::{Timestamp, format_duration};
use crate::view::{DiscoveryView, Published, ScrapeView, TargetView};
use crate::web::AppState;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<ActiveTarget>,
    dropped_targets: Vec<DroppedTarget>,
    dropped_target_counts: BTreeMap<String, usize>,
    discovery: Vec<Source>,
}

/// Where a job's targets come from, and how the last refresh went.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    scrape_pool: String,
    /// `static`, `file_sd`, `http_sd`, `dns_sd`, or `targets` for what is wrong with the targets found.
    kind: &'static str,
    /// Files, URL or names; empty for `static` and `targets`.
    source: String,
    /// Targets found, before relabelling.
    targets: usize,
    /// Prometheus's zero time before the first answer.
    last_refresh: String,
    /// Empty when all went well.
    problems: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActiveTarget {
    discovered_labels: Labels,
    labels: Labels,
    scrape_pool: String,
    scrape_url: String,
    global_url: String,
    last_error: String,
    /// Prometheus's zero time before the first attempt.
    last_scrape: String,
    /// Seconds.
    last_scrape_duration: f64,
    health: &'static str,
    scrape_interval: String,
    scrape_timeout: String,
    last_samples: u64,
    last_bytes: u64,
    last_warning: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DroppedTarget {
    discovered_labels: Labels,
    scrape_pool: String,
}

/// `?state=active|dropped|any` and `?scrapePool=` as in Prometheus.
pub async fn targets(State(app): State<AppState>, pairs: Pairs) -> Result<Response, ApiError> {
    let (active, dropped) = match pairs.get("state").unwrap_or("any").to_lowercase().as_str() {
        "any" => (true, true),
        "active" => (true, false),
        "dropped" => (false, true),
        other => return Err(ApiError::bad_data(format!("state {other:?}: it is one of active, dropped, any"))),
    };
    Ok(success(select(&app.now(), active, dropped, pairs.get("scrapePool"))))
}

fn select(published: &Published, active: bool, dropped: bool, pool: Option<&str>) -> Targets {
    let in_pool = |target: &&TargetView| pool.is_none_or(|pool| target.job == pool);
    let of_kind = |is_dropped: bool| published.targets.iter().filter(in_pool).filter(move |t| t.dropped == is_dropped);
    let discovery = published.discovery.iter().filter(|source| pool.is_none_or(|pool| source.job == pool));
    let mut counts = BTreeMap::new();
    for target in of_kind(true) {
        *counts.entry(target.job.clone()).or_insert(0) += 1;
    }
    Targets {
        active_targets: of_kind(false).filter(|_| active).map(active_target).collect(),
        dropped_targets: of_kind(true).filter(|_| dropped).map(dropped_target).collect(),
        dropped_target_counts: counts,
        discovery: discovery.map(source).collect(),
    }
}

fn source(source: &DiscoveryView) -> Source {
    Source {
        scrape_pool: source.job.clone(),
        kind: source.kind,
        source: source.source.clone(),
        targets: source.targets,
        last_refresh: time_or_zero(source.refreshed),
        problems: source.problems.clone(),
    }
}

fn active_target(target: &TargetView) -> ActiveTarget {
    let last = target.last.as_ref();
    let url = without_credentials(&target.url);
    ActiveTarget {
        discovered_labels: target.discovered_labels.clone(),
        labels: target.labels.clone(),
        scrape_pool: target.job.clone(),
        global_url: url.clone(),
        scrape_url: url,
        last_error: last.and_then(|scrape| scrape.error.clone()).unwrap_or_default(),
        last_scrape: last.map_or_else(zero_time, |scrape| scrape.at.to_string()),
        last_scrape_duration: last.map_or(0.0, |scrape| scrape.duration.as_secs_f64()),
        health: health(last),
        scrape_interval: format_duration(target.scrape_interval),
        scrape_timeout: format_duration(target.scrape_timeout),
        last_samples: last.map_or(0, |scrape| scrape.samples),
        last_bytes: last.map_or(0, |scrape| scrape.bytes),
        last_warning: last.and_then(|scrape| scrape.warning.clone()).unwrap_or_default(),
    }
}

fn dropped_target(target: &TargetView) -> DroppedTarget {
    DroppedTarget { discovered_labels: target.discovered_labels.clone(), scrape_pool: target.job.clone() }
}

fn health(last: Option<&ScrapeView>) -> &'static str {
    match last {
        None => "unknown",
        Some(ScrapeView { error: None, .. }) => "up",
        Some(_) => "down",
    }
}

/// Go's zero time, which Prometheus's clients take for "never".
fn zero_time() -> String {
    "0001-01-01T00:00:00Z".to_owned()
}

/// The URL without `user:password@`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host..])
}

/// A moment, for shapes in which Prometheus never has `null`.
pub fn time_or_zero(time: Option<Timestamp>) -> String {
    time.map_or_else(zero_time, |time| time.to_string())
}

//! From discovered labels to a target: defaults, relabelling, and the URL, as Prometheus makes them.
//!
//! A target starts as labels (`__address__` and what discovery knows), gets the job's settings as `__…__` labels,
//! passes `relabel_configs`, and what relabelling left of those labels decides how it is scraped. Its own labels are
//! those without a `__` in front. Ports are left as configured: an address without one means the scheme's own.

use crate::config::scrape::ScrapeConfig;
use crate::domain::labels::Labels;
use crate::domain::reading::{Target, TargetId};
use crate::domain::time::{format_duration, parse_duration};
use crate::source::relabel;
use reqwest::Url;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAM: &str = "__param_";

/// A target and how to reach it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeTarget {
    pub target: Arc<Target>,
    pub url: Url,
    /// Time for one attempt, at most the interval.
    pub timeout: Duration,
}

/// What became of discovered labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// The labels before relabelling, defaults among them.
    pub labels: Labels,
    /// `None` when relabelling dropped the target.
    pub target: Option<ScrapeTarget>,
}

/// Why labels make no target. The text holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("a target without an address (no __address__ after relabelling)")]
    NoAddress,
    #[error("the address of {0} holds credentials; put them into basic_auth or authorization")]
    Credentials(String),
    #[error("{0:?} is not an address; write host:port, the path belongs into metrics_path")]
    Address(String),
    #[error("{address}: the scheme {scheme:?} is neither http nor https")]
    Scheme { address: String, scheme: String },
    #[error("{address}: {label}: {value:?} is not a duration above 0")]
    Duration { address: String, label: &'static str, value: String },
    #[error("{address}: the scrape timeout {timeout} is longer than the scrape interval {interval}")]
    Timeout { address: String, timeout: String, interval: String },
}

/// Makes the target that `found` describes in the job of `config`.
pub fn discovered(config: &ScrapeConfig, found: &Labels) -> Result<Discovered, BadTarget> {
    let before = with_defaults(config, found);
    let target = match relabel::apply(&config.relabel_configs, before.clone()) {
        Some(labels) => Some(target(config, &labels)?),
        None => None,
    };
    Ok(Discovered { labels: before, target })
}

fn with_defaults(config: &ScrapeConfig, found: &Labels) -> Labels {
    let mut labels = found.clone();
    let mut default = |name: &str, value: &str| {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    };
    default("job", &config.job_name);
    default(SCHEME, &config.scheme);
    default(PATH, &config.metrics_path);
    default(INTERVAL, &format_duration(config.scrape_interval));
    default(TIMEOUT, &format_duration(config.scrape_timeout));
    for (name, values) in &config.params {
        if let Some(first) = values.first() {
            default(&format!("{PARAM}{name}"), first);
        }
    }
    labels
}

fn target(config: &ScrapeConfig, labels: &Labels) -> Result<ScrapeTarget, BadTarget> {
    let address = labels.get(ADDRESS).ok_or(BadTarget::NoAddress)?;
    let url = url(config, labels, address)?;
    let interval = duration(labels, INTERVAL, address)?;
    let timeout = duration(labels, TIMEOUT, address)?;
    if timeout > interval {
        let (timeout, interval) = (format_duration(timeout), format_duration(interval));
        return Err(BadTarget::Timeout { address: address.to_owned(), timeout, interval });
    }
    let mut own: Labels = labels.iter().filter(|(name, _)| !name.starts_with("__")).collect();
    if own.get("instance").is_none() {
        own.set("instance", address);
    }
    let id = TargetId {
        job: config.job_name.clone(),
        instance: own.get("instance").unwrap_or_default().to_owned(),
        url: url.to_string(),
    };
    Ok(ScrapeTarget { target: Arc::new(Target { id, labels: own, interval }), url, timeout })
}

fn duration(labels: &Labels, label: &'static str, address: &str) -> Result<Duration, BadTarget> {
    let value = labels.get(label).unwrap_or_default();
    let bad = || BadTarget::Duration { address: address.to_owned(), label, value: value.to_owned() };
    let duration = parse_duration(value).map_err(|_| bad())?;
    if duration.is_zero() { Err(bad()) } else { Ok(duration) }
}

fn url(config: &ScrapeConfig, labels: &Labels, address: &str) -> Result<Url, BadTarget> {
    if let Some((_, host)) = address.rsplit_once('@') {
        return Err(BadTarget::Credentials(host.split('/').next().unwrap_or_default().to_owned()));
    }
    let scheme = labels.get(SCHEME).unwrap_or_default();
    if !matches!(scheme, "http" | "https") {
        return Err(BadTarget::Scheme { address: address.to_owned(), scheme: scheme.to_owned() });
    }
    let bad = || BadTarget::Address(address.to_owned());
    let strange = |c: char| matches!(c, '/' | '?' | '#' | '\\') || c.is_whitespace() || c.is_control();
    if address.contains(strange) {
        return Err(bad());
    }
    let mut url = Url::parse(&format!("{scheme}://{address}")).map_err(|_| bad())?;
    url.set_path(labels.get(PATH).unwrap_or_default());
    let params = params(config, labels);
    if !params.is_empty() {
        let pairs = params.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// The job's `params`, sorted; a `__param_` label replaces the first value of its name.
fn params(config: &ScrapeConfig, labels: &Labels) -> BTreeMap<String, Vec<String>> {
    let mut params: BTreeMap<String, Vec<String>> = config.params.iter().cloned().collect();
    for (label, value) in labels.iter() {
        let Some(name) = label.strip_prefix(PARAM) else { continue };
        let values = params.entry(name.to_owned()).or_default();
        match values.first_mut() {
            Some(first) => *first = value.to_owned(),
            None => values.push(value.to_owned()),
        }
    }
    params.retain(|_, values| !values.is_empty());
    params
}

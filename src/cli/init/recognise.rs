//! What can be an SLI: request counters with a status label, latency histograms, and scrapes themselves.
//!
//! Of several counters of the same requests one is enough, and what is not about requests that someone sends to this
//! service is told but not made an SLO: a budget that nobody depends on only wakes people.

use super::codes::{Codes, status_label};
use super::inventory::{Inventory, Metric};
use super::threshold::{self, Threshold, Unfit, Why};
use crate::spec::names::{bad_grouping, mended_name};
use std::collections::{BTreeMap, BTreeSet};

/// SLOs proposed of each kind; more are a list that nobody reads.
const MOST: usize = 10;

/// Budgets that are offered for one split.
const MOST_GROUPS: usize = 50;

/// The metrics page's own counter in Prometheus's Go library.
const OWN_PAGE: &str = "promhttp_metric_handler_requests_total";

const NOT_SERVING: &str = "is not about requests; an SLO for it is worth having if somebody depends on it";

const UNCLEAR: &str = "holds times, but its name does not say that they are durations of requests; \
                       sli.latency makes an SLO of it";

/// Metrics of language runtimes.
const RUNTIMES: [&str; 7] = ["go_", "process_", "python_", "jvm_", "nodejs_", "dotnet_", "ruby_"];

/// Words in the names of metrics about requests that a service answers.
const SERVING: [&str; 9] = ["http", "https", "grpc", "rpc", "request", "requests", "response", "responses", "handling"];

/// Last words, before the unit, of histograms that measure how long something takes.
const LASTING: [&str; 11] = [
    "duration",
    "durations",
    "latency",
    "latencies",
    "time",
    "handling",
    "elapsed",
    "request",
    "requests",
    "response",
    "responses",
];

/// Labels that a budget may usefully be split by, the most telling first.
const SPLITS: [&str; 12] = [
    "route",
    "http_route",
    "handler",
    "endpoint",
    "path",
    "uri",
    "operation",
    "grpc_service",
    "rpc_service",
    "grpc_method",
    "rpc_method",
    "method",
];

/// What was found on the pages of one job.
pub struct Found {
    pub proposals: Vec<Proposal>,
    pub left_out: Vec<LeftOut>,
}

/// One SLO to be written.
pub struct Proposal {
    pub name: String,
    pub sli: Sli,
}

pub enum Sli {
    Events { metric: String, label: String, codes: Codes, bad: f64, total: f64, split: Option<Split> },
    Latency { histogram: String, threshold: Threshold, split: Option<Split> },
    Scrape,
}

/// A label by which the budget could be split.
pub struct Split {
    pub label: String,
    pub groups: usize,
}

/// A metric that could be taken for an SLI, and why it was not.
pub struct LeftOut {
    pub metric: String,
    pub reason: String,
}

/// Recognises what the metrics of a service offer.
pub fn recognise(service: &str, inventory: &Inventory) -> Found {
    let mut left_out = Vec::new();
    let mut slis = events(inventory, &mut left_out);
    slis.extend(latencies(inventory, &mut left_out));
    let mut slis = leave(slis, &mut left_out, |name| name == OWN_PAGE, "counts scrapes, which the SLO uptime covers");
    slis.push(Sli::Scrape);
    left_out.extend(unclear(inventory));
    Found { proposals: named(service, slis), left_out }
}

fn events(inventory: &Inventory, left_out: &mut Vec<LeftOut>) -> Vec<Sli> {
    let counters = inventory.metrics().filter(|(name, _)| inventory.is_counter(name) && counts_things(name));
    let mut found: Vec<Sli> = counters.filter_map(|(name, metric)| counter(name, metric)).collect();
    let protocols: BTreeSet<&str> = found.iter().filter_map(protocol).collect();
    // A histogram counts requests too, but where there is a counter it counts the same ones.
    let counts = inventory.metrics().filter(|(name, _)| name.strip_suffix("_count").is_some_and(measures_time));
    let counts = counts.filter_map(|(name, metric)| counter(name, metric));
    found.extend(counts.filter(|sli| !protocol(sli).is_some_and(|protocol| protocols.contains(protocol))));
    found = leave(found, left_out, is_client, "counts requests that this service sends to others");
    limit(found, left_out)
}

fn counter(name: &str, metric: &Metric) -> Option<Sli> {
    let (label, codes) = status_label(name, metric)?;
    // Words of outcome stand at all kinds of counters, such as those of jobs and caches.
    if codes.protocol().is_empty() && !is_serving(name) {
        return None;
    }
    let values = metric.label(label)?;
    let bad = values.all().filter(|(value, _)| codes.is_bad(value)).fold(0.0, |sum, (_, seen)| sum + seen.sum);
    let (label, split) = (label.to_owned(), split(metric, label));
    Some(Sli::Events { metric: name.to_owned(), label, codes, bad, total: metric.sum, split })
}

fn protocol(sli: &Sli) -> Option<&'static str> {
    match sli {
        Sli::Events { codes, .. } => Some(codes.protocol()),
        _ => None,
    }
}

/// Bytes and seconds are counted too, but they are not events.
fn counts_things(name: &str) -> bool {
    let name = name.strip_suffix("_total").unwrap_or(name);
    !name.ends_with("_bytes") && threshold::unit(name).is_none()
}

fn latencies(inventory: &Inventory, left_out: &mut Vec<LeftOut>) -> Vec<Sli> {
    let lasting: Vec<_> = histograms(inventory).filter(|(name, _)| measures_time(name)).collect();
    let serving: Vec<_> = lasting.iter().filter(|(name, _)| is_serving(name)).copied().collect();
    let chosen = if serving.is_empty() { &lasting } else { &serving };
    let mut found = Vec::new();
    for (name, metric) in &lasting {
        let reason = match threshold::choose(inventory, name) {
            _ if !chosen.iter().any(|(chosen, _)| chosen == name) => NOT_SERVING.to_owned(),
            Ok(Threshold { why: Why::Guess, .. }) if serving.is_empty() => NOT_SERVING.to_owned(),
            Ok(threshold) => {
                found.push(Sli::Latency { histogram: (*name).to_owned(), threshold, split: split(metric, "le") });
                continue;
            }
            Err(Unfit::NoBoundaries) => "has no boundaries that all its series share".to_owned(),
            Err(Unfit::TooCoarse { largest, share }) => format!(
                "holds only {:.1} % of its observations within {largest}, its largest boundary; it needs larger ones",
                share * 100.0
            ),
        };
        left_out.push(LeftOut { metric: (*name).to_owned(), reason });
    }
    limit(leave(found, left_out, is_client, "times requests that this service sends to others"), left_out)
}

/// Histograms of times that may be durations or not.
fn unclear(inventory: &Inventory) -> impl Iterator<Item = LeftOut> {
    let times = histograms(inventory).filter(|(name, _)| threshold::unit(name).is_some() && !is_of_runtime(name));
    let unclear = times.filter(|(name, _)| !measures_time(name));
    unclear.map(|(name, _)| LeftOut { metric: name.to_owned(), reason: UNCLEAR.to_owned() })
}

/// Histograms by their names, with their buckets.
fn histograms(inventory: &Inventory) -> impl Iterator<Item = (&str, &Metric)> {
    inventory.metrics().filter_map(|(name, metric)| Some((name.strip_suffix("_bucket")?, metric)))
}

/// Whether a histogram of this name holds durations: by its unit and the word before it, or by its last word.
fn measures_time(name: &str) -> bool {
    if is_of_runtime(name) {
        return false;
    }
    let (rest, has_unit) = match threshold::unit(name) {
        Some((unit, _)) => (name.strip_suffix(unit).unwrap_or(name), true),
        None => (name, false),
    };
    let last = rest.rsplit(is_border).next().unwrap_or_default().to_ascii_lowercase();
    // Without a unit, `request` may count bytes as well.
    if has_unit { LASTING.contains(&last.as_str()) } else { LASTING[..4].contains(&last.as_str()) }
}

fn is_of_runtime(name: &str) -> bool {
    RUNTIMES.iter().any(|runtime| name.starts_with(runtime))
}

fn is_border(c: char) -> bool {
    !c.is_ascii_alphanumeric()
}

fn is_serving(name: &str) -> bool {
    name.split(is_border).any(|word| SERVING.contains(&word.to_ascii_lowercase().as_str()))
}

fn is_client(name: &str) -> bool {
    name.split(is_border).any(|word| word.eq_ignore_ascii_case("client"))
}

/// The most telling label with a few values.
fn split(metric: &Metric, but: &str) -> Option<Split> {
    let found = SPLITS.into_iter().filter(|label| *label != but && bad_grouping(label).is_none());
    let found = found.filter_map(|label| Some((label, metric.label(label)?.count()?)));
    let mut found = found.filter(|(_, groups)| (2..=MOST_GROUPS).contains(groups));
    found.next().map(|(label, groups)| Split { label: label.to_owned(), groups })
}

fn leave(found: Vec<Sli>, left_out: &mut Vec<LeftOut>, is_left: impl Fn(&str) -> bool, reason: &str) -> Vec<Sli> {
    let (left, kept): (Vec<Sli>, Vec<Sli>) = found.into_iter().partition(|sli| is_left(sli.metric()));
    left_out.extend(left.iter().map(|sli| LeftOut { metric: sli.metric().to_owned(), reason: reason.to_owned() }));
    kept
}

fn limit(mut found: Vec<Sli>, left_out: &mut Vec<LeftOut>) -> Vec<Sli> {
    let more = found.split_off(MOST.min(found.len()));
    let reason = format!("is beyond the first {MOST} of its kind");
    left_out.extend(more.iter().map(|sli| LeftOut { metric: sli.metric().to_owned(), reason: reason.clone() }));
    found
}

impl Sli {
    /// The metric that it is made from; empty for scrapes.
    pub fn metric(&self) -> &str {
        match self {
            Self::Events { metric, .. } => metric,
            Self::Latency { histogram, .. } => histogram,
            Self::Scrape => "",
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Events { .. } => "availability",
            Self::Latency { .. } => "latency",
            Self::Scrape => "uptime",
        }
    }
}

/// Gives each SLO a name: its kind, after what is special about its metric when there are several of a kind.
fn named(service: &str, slis: Vec<Sli>) -> Vec<Proposal> {
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for sli in &slis {
        *of_kind.entry(sli.kind()).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let name = |sli: &Sli| {
        let kind = sli.kind();
        let alone = of_kind[kind] == 1;
        let stem = if alone { None } else { stem(service, sli.metric()) };
        let base = stem.map_or(kind.to_owned(), |stem| format!("{stem}-{kind}"));
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        let free = std::iter::once(base.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
        free.unwrap_or(base)
    };
    let names: Vec<String> = slis.iter().map(name).collect();
    slis.into_iter().zip(names).map(|(sli, name)| Proposal { name, sli }).collect()
}

/// What tells a metric from others of the service: its name without the service's and without usual endings.
fn stem(service: &str, metric: &str) -> Option<String> {
    /// A stem with its kind is a name, which has a largest length.
    const LONGEST: usize = 80;
    let mut rest = metric.strip_prefix(service).filter(|rest| rest.starts_with(is_border)).unwrap_or(metric);
    for ending in ["_total", "_count"] {
        rest = rest.strip_suffix(ending).unwrap_or(rest);
    }
    rest = threshold::unit(rest).and_then(|(unit, _)| rest.strip_suffix(unit)).unwrap_or(rest);
    for ending in ["_duration", "_latency", "_requests", "_request", "_handled", "_handling"] {
        rest = rest.strip_suffix(ending).unwrap_or(rest);
    }
    let short: String = rest.trim_matches(is_border).chars().take(LONGEST).collect();
    mended_name(&short.replace(is_border, "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_from_sizes_and_runtimes_by_their_names() {
        for (name, lasting) in [
            ("http_request_duration_seconds", true),
            ("grpc_server_handling_seconds", true),
            ("http_server_requests_seconds", true),
            ("app_latency_ms", true),
            ("http.server.request.duration", true),
            ("http_request_size_bytes", false),
            ("http_request", false),
            ("prometheus_tsdb_compaction_chunk_range_seconds", false),
            ("go_sched_latencies_seconds", false),
            ("", false),
        ] {
            assert_eq!(measures_time(name), lasting, "{name}");
        }
    }

    #[test]
    fn stems_are_what_is_special_about_a_metric() {
        for (metric, special) in [
            ("shop_http_requests_total", Some("http")),
            ("shop_checkout_request_duration_seconds", Some("checkout")),
            ("grpc_server_handled_total", Some("grpc-server")),
            ("http_request_duration_seconds_count", Some("http")),
            ("\u{1b}[31m ünï{}", Some("31m--n")),
            ("é", None),
            ("_total", None),
        ] {
            assert_eq!(stem("shop", metric).as_deref(), special, "{metric}");
        }
    }
}

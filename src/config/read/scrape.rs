//! `scrape_configs`.

use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::super::scrape::ScrapeConfig;
use super::global::{self, Globals};
use super::http_config::{self, with_http_fields, with_http_refused};
use super::{relabel, sd};
use crate::domain::setup::{JobPolicy, NewSeries, NewTarget};
use std::collections::BTreeMap;
use std::time::Duration;

pub static SCRAPE: Table = Table {
    title: "scrape_config",
    fields: with_http_fields!(
        Field::req("job_name", Shape::Text, "the label job of all its series"),
        Field::opt("static_configs", Shape::List(&Shape::Map(&sd::STATIC)), "targets listed here"),
        Field::opt("file_sd_configs", Shape::List(&Shape::Map(&sd::FILE_SD)), "targets listed in files"),
        Field::opt("http_sd_configs", Shape::List(&Shape::Map(&sd::HTTP_SD)), "targets answered by a URL"),
        Field::opt("dns_sd_configs", Shape::List(&Shape::Map(&sd::DNS_SD)), "targets found in DNS"),
        Field::opt("scheme", Shape::Choice(&["http", "https"]), "default http"),
        Field::opt("metrics_path", Shape::Text, "default /metrics"),
        Field::opt("params", Shape::Texts(&Shape::List(&Shape::Text)), "query parameters"),
        Field::opt("scrape_interval", Shape::Duration, "time between two scrapes of a target"),
        Field::opt("scrape_timeout", Shape::Duration, "time for one scrape"),
        Field::opt("honor_labels", Shape::Bool, "whether a series' own labels win over the target's, default false"),
        Field::opt("honor_timestamps", Shape::Bool, "whether timestamps of samples count, default true"),
        Field::opt(
            "body_size_limit",
            Shape::Size,
            "bytes of a scrape after decompression, default 64MiB, 0 for no limit"
        ),
        Field::opt("sample_limit", Shape::Integer, "samples of a scrape, 0 for no limit"),
        Field::opt("label_limit", Shape::Integer, "labels of a sample, 0 for no limit"),
        Field::opt("label_name_length_limit", Shape::Integer, "length of a label's name, 0 for no limit"),
        Field::opt("label_value_length_limit", Shape::Integer, "length of a label's value, 0 for no limit"),
        Field::opt("target_limit", Shape::Integer, "targets after relabelling, 0 for no limit"),
        Field::opt("relabel_configs", Shape::List(&Shape::Map(&relabel::RELABEL)), "changes of targets' labels"),
        Field::opt("metric_relabel_configs", Shape::List(&Shape::Map(&relabel::RELABEL)), "changes of series' labels"),
        Field::opt("new_series", Shape::Choice(&["zero", "baseline"]), "what the first value of a new series counts"),
        Field::opt(
            "new_target",
            Shape::Choice(&["created", "process_start"]),
            "what tells that a target was just born"
        ),
    ),
    refused: with_http_refused!(
        Refused::new(
            "*_sd_configs",
            "is not supported",
            "use static_configs, file_sd_configs, http_sd_configs or dns_sd_configs"
        ),
        Refused::new("track_timestamps_staleness", "is not supported", "remove it"),
        Refused::new("enable_compression", "is not supported: gzip and zstd are always asked for", "remove it"),
        Refused::new(
            "scrape_protocols",
            "is not supported",
            "remove it; OpenMetrics and Prometheus text are negotiated"
        ),
        Refused::new("fallback_scrape_protocol", "is not supported", "remove it"),
        Refused::new(
            "scrape_failure_log_file",
            "is not supported",
            "remove it; failed scrapes are in the log and on the page"
        ),
        Refused::new("keep_dropped_targets", "is not supported", "remove it; dropped targets are not kept"),
        Refused::new("extra_scrape_metrics", "is not supported", "remove it"),
        Refused::new("*_native_histograms", "is not supported: classic histograms are read", "remove it"),
        Refused::new("*_classic_histograms", "is not needed: classic histograms are always read", "remove it"),
        Refused::new("convert_classic_histograms_to_nhcb", "is not supported", "remove it"),
        Refused::new("native_histogram_bucket_limit", "is not supported", "remove it"),
        Refused::new("native_histogram_min_bucket_factor", "is not supported", "remove it"),
        Refused::new("metric_name_validation_scheme", "is not supported: UTF-8 names are read", "remove it"),
        Refused::new("metric_name_escaping_scheme", "is not supported: UTF-8 names are read", "remove it"),
    ),
};

/// Decodes all jobs and reports names that come twice.
pub fn read_all(list: &Value<'_>, globals: &Globals) -> Vec<ScrapeConfig> {
    let mut lines: BTreeMap<String, u32> = BTreeMap::new();
    list.list_of(|value| {
        let map = value.map(&SCRAPE)?;
        let job = read(&map, globals);
        let name = map.get("job_name")?;
        let config = job?;
        if let Some(first) = lines.insert(config.job_name.clone(), name.mark().line) {
            name.error(format!("another job on line {first} has this name"), "give each job its own name");
        }
        Some(config)
    })
}

fn read(map: &Map<'_>, globals: &Globals) -> Option<ScrapeConfig> {
    let (scrape_interval, scrape_timeout) = intervals(map, globals);
    let limits = global::limits(map, &globals.limits);
    let relabel_configs = map.get("relabel_configs").map(|list| relabel::read_all(&list)).unwrap_or_default();
    let boolean = |key, default| map.get(key).and_then(|value| value.boolean()).unwrap_or(default);
    let scheme = map.get("scheme").and_then(|v| v.choice(&[("http", "http"), ("https", "https")]));
    let config = ScrapeConfig {
        job_name: map.get("job_name").and_then(|value| value.nonempty()).unwrap_or_default(),
        static_configs: map
            .get("static_configs")
            .map(|list| sd::static_configs(&list, !relabel_configs.is_empty()))
            .unwrap_or_default(),
        file_sd_configs: map.get("file_sd_configs").map(|list| sd::file_sd(&list)).unwrap_or_default(),
        http_sd_configs: map.get("http_sd_configs").map(|list| sd::http_sd(&list)).unwrap_or_default(),
        dns_sd_configs: map.get("dns_sd_configs").map(|list| sd::dns_sd(&list)).unwrap_or_default(),
        scheme: scheme.unwrap_or("http").to_owned(),
        metrics_path: map.get("metrics_path").and_then(|v| metrics_path(&v)).unwrap_or_else(|| "/metrics".to_owned()),
        params: map.get("params").map(|value| params(&value)).unwrap_or_default(),
        scrape_interval,
        scrape_timeout,
        honor_labels: boolean("honor_labels", false),
        honor_timestamps: boolean("honor_timestamps", true),
        http: http_config::read_inline(map),
        body_size_limit: limits.body_size,
        sample_limit: limits.samples,
        label_limit: limits.labels,
        label_name_length_limit: limits.label_name_length,
        label_value_length_limit: limits.label_value_length,
        target_limit: limits.targets,
        relabel_configs,
        metric_relabel_configs: map
            .get("metric_relabel_configs")
            .map(|list| relabel::read_all(&list))
            .unwrap_or_default(),
        policy: policy(map),
    };
    warn_without_targets(map);
    (!config.job_name.is_empty()).then_some(config)
}

fn intervals(map: &Map<'_>, globals: &Globals) -> (Duration, Duration) {
    let duration = |key| map.get(key).and_then(|value| value.positive_duration());
    let interval = duration("scrape_interval").unwrap_or(globals.global.scrape_interval);
    let timeout = duration("scrape_timeout");
    if let (Some(timeout), Some(value)) = (timeout, map.get("scrape_timeout"))
        && timeout > interval
    {
        value.error("scrape_timeout is longer than scrape_interval", "make it shorter, or the interval longer");
    }
    (interval, timeout.unwrap_or(globals.global.scrape_timeout).min(interval))
}

fn metrics_path(value: &Value<'_>) -> Option<String> {
    let path = value.nonempty()?;
    if !path.starts_with('/') {
        value.error("the path must begin with /", "write it like /metrics");
    }
    Some(path)
}

fn params(value: &Value<'_>) -> Vec<(String, Vec<String>)> {
    let entries = value.entries().unwrap_or_default();
    entries.iter().map(|(name, _, list)| ((*name).to_owned(), list.list_of(|item| item.text()))).collect()
}

fn policy(map: &Map<'_>) -> JobPolicy {
    let series = [("zero", NewSeries::Zero), ("baseline", NewSeries::Baseline)];
    let target = [("created", NewTarget::Created), ("process_start", NewTarget::ProcessStart)];
    JobPolicy {
        new_series: map.get("new_series").and_then(|value| value.choice(&series)).unwrap_or_default(),
        new_target: map.get("new_target").and_then(|value| value.choice(&target)).unwrap_or_default(),
    }
}

fn warn_without_targets(map: &Map<'_>) {
    let sources = ["static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs"];
    if let Some(name) = map.get("job_name")
        && !sources.iter().any(|key| map.has(key))
    {
        name.warn("the job has no targets", "add static_configs: [{targets: ['host:port']}]");
    }
}

//! One `scrape_configs` entry, checked.

use super::auth::HttpConfig;
use crate::domain::labels::Labels;
use crate::domain::setup::JobPolicy;
use regex::Regex;
use std::path::PathBuf;
use std::time::Duration;

/// A job: where its targets come from and how they are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeConfig {
    pub job_name: String,
    pub static_configs: Vec<TargetGroup>,
    pub file_sd_configs: Vec<FileSd>,
    pub http_sd_configs: Vec<HttpSd>,
    pub dns_sd_configs: Vec<DnsSd>,
    /// `http` or `https`.
    pub scheme: String,
    pub metrics_path: String,
    pub params: Vec<(String, Vec<String>)>,
    pub scrape_interval: Duration,
    pub scrape_timeout: Duration,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub http: HttpConfig,
    /// Bytes after decompression; 0 is no limit. Default 64 MiB.
    pub body_size_limit: u64,
    /// Samples after metric relabelling; 0 is no limit.
    pub sample_limit: u64,
    /// Labels of a sample; 0 is no limit.
    pub label_limit: u64,
    /// Characters of a label name or value; 0 is no limit.
    pub label_name_length_limit: u64,
    pub label_value_length_limit: u64,
    /// Targets after relabelling; 0 is no limit.
    pub target_limit: u64,
    pub relabel_configs: Vec<RelabelConfig>,
    pub metric_relabel_configs: Vec<RelabelConfig>,
    pub policy: JobPolicy,
}

/// Targets with common labels, as `static_configs`, file and HTTP discovery give them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetGroup {
    pub targets: Vec<String>,
    pub labels: Labels,
}

/// `file_sd_configs`: YAML or JSON files with target groups; the last path segment may hold one `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSd {
    pub files: Vec<PathBuf>,
    pub refresh_interval: Duration,
}

/// `http_sd_configs`: a URL that answers JSON target groups.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSd {
    pub url: String,
    pub refresh_interval: Duration,
    pub http: HttpConfig,
}

/// `dns_sd_configs`.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsSd {
    pub names: Vec<String>,
    pub record: DnsRecord,
    /// Needed unless the record is SRV (or MX, which uses 25).
    pub port: Option<u16>,
    pub refresh_interval: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    Srv,
    A,
    Aaaa,
    Mx,
    Ns,
}

/// Prometheus's relabelling step.
#[derive(Clone, Debug)]
pub struct RelabelConfig {
    pub source_labels: Vec<String>,
    pub separator: String,
    /// Anchored.
    pub regex: Regex,
    pub target_label: String,
    pub replacement: String,
    pub modulus: u64,
    pub action: RelabelAction,
}

impl PartialEq for RelabelConfig {
    fn eq(&self, other: &Self) -> bool {
        let key = |config: &Self| {
            let Self { source_labels, separator, regex, target_label, replacement, modulus, action } = config.clone();
            (source_labels, separator, regex.as_str().to_owned(), target_label, replacement, modulus, action)
        };
        key(self) == key(other)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelabelAction {
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

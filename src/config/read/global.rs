//! `global`: Prometheus's defaults for jobs and Alertmanager's for receivers.

use super::super::Global;
use super::super::auth::{HttpConfig, Secret, TlsConfig};
use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::super::receiver::SlackTarget;
use super::{http_config, secret, slack, tls};
use crate::domain::labels::Labels;
use std::time::Duration;

pub static GLOBAL: Table = Table {
    title: "global",
    fields: &[
        Field::opt("scrape_interval", Shape::Duration, "time between two scrapes of a target, default 15s"),
        Field::opt("scrape_timeout", Shape::Duration, "time for one scrape, default 10s or the interval if shorter"),
        Field::opt(
            "evaluation_interval",
            Shape::Duration,
            "SLOs are evaluated at least this often, default scrape_interval",
        ),
        Field::opt("external_labels", Shape::Labels, "labels that name this instance to the outside"),
        Field::opt("external_url", Shape::Url, "base of the links in messages"),
        Field::opt("body_size_limit", Shape::Size, "bytes of a scrape after decompression, default 64MiB"),
        Field::opt("sample_limit", Shape::Integer, "samples of a scrape, default 0 for no limit"),
        Field::opt("label_limit", Shape::Integer, "labels of a sample, default 0 for no limit"),
        Field::opt("label_name_length_limit", Shape::Integer, "length of a label's name, default 0 for no limit"),
        Field::opt("label_value_length_limit", Shape::Integer, "length of a label's value, default 0 for no limit"),
        Field::opt("target_limit", Shape::Integer, "targets of a job, default 0 for no limit"),
        Field::opt(
            "resolve_timeout",
            Shape::Duration,
            "time after which an alert that is not renewed is over, default 5m",
        ),
        Field::opt("http_config", Shape::Map(&http_config::HTTP), "HTTP client of receivers that have none"),
        Field::opt("slack_api_url", Shape::Secret, "Slack's incoming webhook"),
        Field::opt("slack_api_url_file", Shape::Path, "file with Slack's incoming webhook"),
        Field::opt("slack_app_token", Shape::Secret, "a Slack app's bot token"),
        Field::opt("slack_app_token_file", Shape::Path, "file with a Slack app's bot token"),
        Field::opt("slack_app_url", Shape::Url, "where a Slack app posts, default chat.postMessage"),
        Field::opt("smtp_from", Shape::Text, "sender of e-mails"),
        Field::opt("smtp_smarthost", Shape::Text, "mail server, host:port"),
        Field::opt("smtp_hello", Shape::Text, "name given to the mail server, default localhost"),
        Field::opt("smtp_auth_username", Shape::Text, "user at the mail server"),
        Field::opt("smtp_auth_password", Shape::Secret, "password at the mail server"),
        Field::opt("smtp_auth_password_file", Shape::Path, "file with the password at the mail server"),
        Field::opt("smtp_auth_identity", Shape::Text, "identity for PLAIN authentication"),
        Field::opt("smtp_require_tls", Shape::Bool, "whether STARTTLS is required, default true"),
        Field::opt("smtp_force_implicit_tls", Shape::Bool, "TLS from the first byte, default on port 465 only"),
        Field::opt("smtp_tls_config", Shape::Map(&tls::TLS), "TLS settings for the mail server"),
    ],
    refused: &[
        Refused::new("query_log_file", "is Prometheus's: slowburn has no queries", "remove it"),
        Refused::new("rule_query_offset", "is Prometheus's: slowburn evaluates after each scrape", "remove it"),
        Refused::new(
            "scrape_failure_log_file",
            "is not supported",
            "remove it; failed scrapes are in the log and on the page",
        ),
        Refused::new(
            "scrape_protocols",
            "is not supported",
            "remove it; OpenMetrics and Prometheus text are negotiated",
        ),
        Refused::new("keep_dropped_targets", "is not supported", "remove it; dropped targets are not kept"),
        Refused::new("extra_scrape_metrics", "is not supported", "remove it"),
        Refused::new("*_native_histograms", "is not supported: classic histograms are read", "remove it"),
        Refused::new("*_classic_histograms", "is not needed: classic histograms are always read", "remove it"),
        Refused::new("convert_classic_histograms_to_nhcb", "is not supported", "remove it"),
        Refused::new("metric_name_validation_scheme", "is not supported: UTF-8 names are read", "remove it"),
        Refused::new("metric_name_escaping_scheme", "is not supported: UTF-8 names are read", "remove it"),
        Refused::new("smtp_auth_secret", "is not supported: CRAM-MD5 is obsolete", "use smtp_auth_password"),
        Refused::new("smtp_auth_secret_file", "is not supported: CRAM-MD5 is obsolete", "use smtp_auth_password_file"),
        Refused::new(
            "*_api_url",
            "belongs to a channel that is not supported",
            "remove it, or send through webhook_configs",
        ),
        Refused::new(
            "*_api_key",
            "belongs to a channel that is not supported",
            "remove it, or send through webhook_configs",
        ),
        Refused::new(
            "*_api_key_file",
            "belongs to a channel that is not supported",
            "remove it, or send through webhook_configs",
        ),
        Refused::new(
            "pagerduty_url",
            "belongs to a channel that is not supported",
            "remove it, or send through webhook_configs",
        ),
    ],
};

/// The checked `global` with the defaults for jobs and receivers.
pub struct Globals {
    pub global: Global,
    pub limits: Limits,
    pub http: HttpConfig,
    pub slack: Option<SlackTarget>,
    pub smtp: Smtp,
    /// Whether `external_url` was given.
    pub external_url: Option<String>,
}

/// Limits of scrapes; 0 is no limit.
#[derive(Clone, Copy)]
pub struct Limits {
    pub body_size: u64,
    pub samples: u64,
    pub labels: u64,
    pub label_name_length: u64,
    pub label_value_length: u64,
    pub targets: u64,
}

/// Defaults for e-mail receivers.
#[derive(Default)]
pub struct Smtp {
    pub from: Option<String>,
    pub smarthost: Option<(String, u16)>,
    pub hello: Option<String>,
    pub auth_username: Option<String>,
    pub auth_password: Option<Secret>,
    pub auth_identity: Option<String>,
    pub require_tls: Option<bool>,
    pub force_implicit_tls: Option<bool>,
    pub tls: TlsConfig,
}

const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_RESOLVE_TIMEOUT: Duration = Duration::from_secs(300);

impl Default for Limits {
    fn default() -> Self {
        Self { body_size: 64 << 20, samples: 0, labels: 0, label_name_length: 0, label_value_length: 0, targets: 0 }
    }
}

impl Default for Globals {
    fn default() -> Self {
        let global = Global {
            scrape_interval: DEFAULT_INTERVAL,
            scrape_timeout: DEFAULT_TIMEOUT,
            evaluation_interval: DEFAULT_INTERVAL,
            external_url: String::new(),
            external_url_by_default: true,
            external_labels: Labels::new(),
            resolve_timeout: DEFAULT_RESOLVE_TIMEOUT,
        };
        Self {
            global,
            limits: Limits::default(),
            http: HttpConfig::default(),
            slack: None,
            smtp: Smtp::default(),
            external_url: None,
        }
    }
}

/// Decodes `global`; what is absent or wrong has its default.
pub fn read(value: Option<&Value<'_>>) -> Globals {
    let Some(map) = value.and_then(|value| value.map(&GLOBAL)) else { return Globals::default() };
    Globals {
        global: intervals(&map),
        limits: limits(&map, &Limits::default()),
        http: map.get("http_config").map(|value| http_config::read(&value)).unwrap_or_default(),
        slack: slack::target(&map, &slack::GLOBAL_KEYS),
        smtp: smtp(&map),
        external_url: map
            .get("external_url")
            .and_then(|v| v.http_url())
            .map(|url| url.trim_end_matches('/').to_owned()),
    }
}

fn intervals(map: &Map<'_>) -> Global {
    let duration = |key| map.get(key).and_then(|value| value.positive_duration());
    let scrape_interval = duration("scrape_interval").unwrap_or(DEFAULT_INTERVAL);
    let scrape_timeout = duration("scrape_timeout");
    if let (Some(timeout), Some(value)) = (scrape_timeout, map.get("scrape_timeout"))
        && timeout > scrape_interval
    {
        value.error("scrape_timeout is longer than scrape_interval", "make it shorter, or the interval longer");
    }
    Global {
        scrape_interval,
        scrape_timeout: scrape_timeout.unwrap_or(DEFAULT_TIMEOUT).min(scrape_interval),
        evaluation_interval: duration("evaluation_interval").unwrap_or(scrape_interval),
        external_url: String::new(),
        external_url_by_default: true,
        external_labels: map.get("external_labels").and_then(|v| v.labels()).unwrap_or_default(),
        resolve_timeout: duration("resolve_timeout").unwrap_or(DEFAULT_RESOLVE_TIMEOUT),
    }
}

/// The limits of `global` or of a job, with defaults.
pub fn limits(map: &Map<'_>, defaults: &Limits) -> Limits {
    let integer = |key, default| map.get(key).and_then(|value| value.integer()).unwrap_or(default);
    Limits {
        body_size: map.get("body_size_limit").and_then(|value| value.size()).unwrap_or(defaults.body_size),
        samples: integer("sample_limit", defaults.samples),
        labels: integer("label_limit", defaults.labels),
        label_name_length: integer("label_name_length_limit", defaults.label_name_length),
        label_value_length: integer("label_value_length_limit", defaults.label_value_length),
        targets: integer("target_limit", defaults.targets),
    }
}

fn smtp(map: &Map<'_>) -> Smtp {
    Smtp {
        from: map.get("smtp_from").and_then(|value| super::email::mailbox(&value)),
        smarthost: map.get("smtp_smarthost").and_then(|value| value.host_port()),
        hello: map.get("smtp_hello").and_then(|value| value.nonempty()),
        auth_username: map.get("smtp_auth_username").and_then(|value| value.text()),
        auth_password: secret::read(map, "smtp_auth_password", "smtp_auth_password_file"),
        auth_identity: map.get("smtp_auth_identity").and_then(|value| value.text()),
        require_tls: map.get("smtp_require_tls").and_then(|value| value.boolean()),
        force_implicit_tls: map.get("smtp_force_implicit_tls").and_then(|value| value.boolean()),
        tls: map.get("smtp_tls_config").map(|value| tls::read(&value)).unwrap_or_default(),
    }
}

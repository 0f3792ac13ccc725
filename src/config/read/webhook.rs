//! `webhook_configs`.

use super::super::decode::{Field, Refused, Shape, Table, Value};
use super::super::receiver::WebhookConfig;
use super::global::Globals;
use super::{http_config, secret};
use std::time::Duration;

pub static WEBHOOK: Table = Table {
    title: "webhook_config",
    fields: &[
        Field::opt("send_resolved", Shape::Bool, "tell when an alert is over, default true"),
        Field::opt("url", Shape::Secret, "where to post"),
        Field::opt("url_file", Shape::Path, "file with the URL"),
        Field::opt("max_alerts", Shape::Integer, "alerts in one message at most, default 0 for no limit"),
        Field::opt("timeout", Shape::Duration, "time for one attempt, default 0s for 10s"),
        Field::opt("http_config", Shape::Map(&http_config::HTTP), "HTTP client, default that of global"),
    ],
    refused: &[Refused::new("payload", "is not supported: Alertmanager's version-4 JSON is sent", "remove it")],
};

/// Decodes one webhook.
pub fn read(value: &Value<'_>, globals: &Globals) -> Option<WebhookConfig> {
    let map = value.map(&WEBHOOK)?;
    map.at_least_one(&["url", "url_file"]);
    let config = WebhookConfig {
        send_resolved: map.get("send_resolved").and_then(|value| value.boolean()).unwrap_or(true),
        max_alerts: map.get("max_alerts").and_then(|value| value.integer()).unwrap_or(0),
        timeout: map.get("timeout").and_then(|value| value.duration()).unwrap_or(Duration::ZERO),
        http: map.get("http_config").map(|v| http_config::read(&v)).unwrap_or_else(|| globals.http.clone()),
        url: secret::read_url(&map, "url", "url_file")?,
    };
    Some(config)
}

//! `webhook_configs`: Alertmanager's version-4 JSON, field for field and in its order.
//!
//! Anything that takes Alertmanager's webhook takes this. The common labels and annotations are those of the alerts
//! in the message, after `max_alerts` cut it, as in Alertmanager.

use super::channel::{DEFAULT_TIMEOUT, Failure, Transport};
use super::post::Endpoint;
use super::scrub::Scrubber;
use crate::config::auth::Secret;
use crate::config::receiver::WebhookConfig;
use crate::domain::labels::Labels;
use crate::domain::message::{Message, Notice};
use crate::domain::time::Timestamp;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::time::Duration;

/// A webhook receiver.
pub struct Webhook {
    endpoint: Endpoint,
    url: Secret,
    max_alerts: usize,
    external_url: String,
}

impl Webhook {
    pub fn new(config: &WebhookConfig, external_url: &str) -> Self {
        let timeout = if config.timeout.is_zero() { DEFAULT_TIMEOUT } else { config.timeout };
        Self {
            endpoint: Endpoint::new(config.http.clone(), timeout),
            url: config.url.clone(),
            max_alerts: usize::try_from(config.max_alerts).unwrap_or(usize::MAX),
            external_url: external_url.to_owned(),
        }
    }
}

impl Transport for Webhook {
    fn timeout(&self) -> Duration {
        self.endpoint.timeout()
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let url = self.url.read().map_err(Failure::retry)?;
            let url = url.expose_secret();
            let mut scrubber = Scrubber::default();
            scrubber.hide_url(url);
            self.endpoint.hide_credentials(&mut scrubber);
            let json = payload(message, &self.external_url, self.max_alerts);
            self.endpoint.post(url, json, &scrubber, false).await.map(drop)
        })
    }
}

/// The JSON body; `max_alerts` 0 is no limit.
pub fn payload(message: &Message, external_url: &str, max_alerts: usize) -> Vec<u8> {
    let kept = if max_alerts == 0 { message.alerts.len() } else { message.alerts.len().min(max_alerts) };
    let alerts = &message.alerts[..kept];
    let payload = Payload {
        receiver: quote_meta(&message.channel.receiver),
        status: status(alerts.iter().any(Notice::firing)),
        alerts: alerts.iter().map(Alert::from).collect(),
        notification_reason: message.reason.text(),
        group_labels: &message.group_labels,
        common_labels: common(alerts.iter().map(|alert| &alert.labels)),
        common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
        route_labels: &message.route_labels,
        external_url,
        version: "4",
        group_key: &message.group_key,
        truncated_alerts: message.alerts.len() - kept,
    };
    // Strings, numbers and maps with string keys always serialize.
    serde_json::to_vec(&payload).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    receiver: String,
    status: &'static str,
    alerts: Vec<Alert<'a>>,
    #[serde(rename = "notification_reason")]
    notification_reason: &'static str,
    group_labels: &'a Labels,
    common_labels: Labels,
    common_annotations: Labels,
    route_labels: &'a Labels,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: &'a Labels,
    annotations: &'a Labels,
    starts_at: Timestamp,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

impl<'a> From<&'a Notice> for Alert<'a> {
    fn from(notice: &'a Notice) -> Self {
        Self {
            status: status(notice.firing()),
            labels: &notice.labels,
            annotations: &notice.annotations,
            starts_at: notice.starts_at,
            // Go's zero time stands for "not yet".
            ends_at: notice.ends_at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |end| end.to_string()),
            generator_url: &notice.detail.slo_url,
            fingerprint: format!("{:016x}", notice.labels.fingerprint()),
        }
    }
}

fn status(firing: bool) -> &'static str {
    if firing { "firing" } else { "resolved" }
}

/// Names and values that all sets share.
fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = sets.next() else { return Labels::new() };
    sets.fold(first.clone(), |shared, set| shared.iter().filter(|(name, value)| set.get(name) == Some(value)).collect())
}

/// Go's `regexp.QuoteMeta`, which Alertmanager applies to the receiver's name.
fn quote_meta(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

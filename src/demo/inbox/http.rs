//! The inbox's HTTP side: Slack's incoming webhook, Alertmanager's webhook, and the page of what came.

use super::{Inbox, MAX_MESSAGE, Received};
use crate::notify::render;
use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub async fn serve(listener: TcpListener, inbox: Inbox, shutdown: CancellationToken) {
    let app = Router::new()
        .route("/", get(show))
        .route("/slack", post(slack))
        .route("/webhook", post(webhook))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE))
        .with_state(inbox);
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned()).await {
        tracing::error!(%error, "the demo's inbox ended early");
    }
}

#[derive(Deserialize)]
struct SlackMessage {
    #[serde(default)]
    channel: String,
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    title: String,
    #[serde(default)]
    text: String,
}

async fn slack(State(inbox): State<Inbox>, body: String) -> (StatusCode, &'static str) {
    let message = serde_json::from_str(&body).ok().and_then(|message: SlackMessage| {
        let attachment = message.attachments.into_iter().next()?;
        Some((message.channel, attachment))
    });
    let Some((channel, attachment)) = message else { return (StatusCode::BAD_REQUEST, "invalid_payload") };
    inbox.take(format!("Slack {channel}"), &plain(&attachment.title), plain(&attachment.text), pretty(&body));
    (StatusCode::OK, "ok")
}

#[derive(Deserialize)]
struct WebhookMessage {
    status: String,
    alerts: Vec<WebhookAlert>,
}

#[derive(Deserialize)]
struct WebhookAlert {
    status: String,
    labels: Value,
    annotations: Value,
}

async fn webhook(State(inbox): State<Inbox>, body: String) -> (StatusCode, &'static str) {
    let Ok(message) = serde_json::from_str::<WebhookMessage>(&body) else {
        return (StatusCode::BAD_REQUEST, "not a message of version 4");
    };
    let line = |alert: &WebhookAlert| {
        let (severity, summary) = (field(&alert.labels, "severity"), field(&alert.annotations, "summary"));
        format!("{severity} {summary}")
    };
    let first = message.alerts.first().map(line).unwrap_or_default();
    let more = match message.alerts.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let told = |alert: &WebhookAlert| {
        format!("{}: {}\n{}", alert.status, line(alert), field(&alert.annotations, "description"))
    };
    let text: Vec<String> = message.alerts.iter().map(told).collect();
    let headline = format!("[{}] {first}{more}", message.status.to_uppercase());
    inbox.take("pager webhook".to_owned(), &headline, text.join("\n\n"), pretty(&body));
    (StatusCode::OK, "")
}

fn field<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn pretty(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| format!("{value:#}"))
}

/// Slack's markup as plain text: `<url|name>` becomes `name: url`, entities become their characters.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let Some(length) = rest[open..].find('>') else { break };
        let link = &rest[open + 1..open + length];
        out.push_str(&rest[..open]);
        out.push_str(&link.split_once('|').map_or_else(|| link.to_owned(), |(url, name)| format!("{name}: {url}")));
        rest = &rest[open + length + 1..];
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page {
    messages: Vec<(String, Received)>,
}

async fn show(State(inbox): State<Inbox>) -> Result<Html<String>, StatusCode> {
    let messages = inbox.all().into_iter().map(|message| (render::moment(message.at), message)).collect();
    Page { messages }.render().map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_markup_becomes_plain_text() {
        for (name, markup, text) in [
            ("a link", "see <https://a/b?c=1&amp;d=2|Runbook> now", "see Runbook: https://a/b?c=1&d=2 now"),
            ("entities", "a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
            ("never closed", "a < b", "a < b"),
            ("nothing", "", ""),
        ] {
            assert_eq!(plain(markup), text, "{name}");
        }
    }
}

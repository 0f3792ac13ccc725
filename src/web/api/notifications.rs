//! `/api/v1/notifications`: messages on their way with their retries, and the last finished ones.
//!
//! A message's alerts are shown by their labels; rendered bodies and addresses are left out, as they may hold secrets.

use super::envelope::success;
use crate::domain::labels::Labels;
use crate::domain::message::{Message, Sent};
use crate::domain::time::Timestamp;
use crate::web::AppState;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

#[derive(Serialize)]
struct Notifications<'a> {
    /// Not yet accepted.
    outbox: Vec<Waiting<'a>>,
    /// Newest first.
    sent: Vec<Finished<'a>>,
}

#[derive(Serialize)]
struct Waiting<'a> {
    #[serde(flatten)]
    message: MessageView<'a>,
    next_attempt: Timestamp,
    last_error: Option<&'a str>,
}

#[derive(Serialize)]
struct Finished<'a> {
    #[serde(flatten)]
    message: MessageView<'a>,
    at: Timestamp,
    outcome: &'static str,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct MessageView<'a> {
    id: u64,
    receiver: &'a str,
    kind: &'a str,
    index: usize,
    status: &'static str,
    reason: &'static str,
    group_key: &'a str,
    group_labels: &'a Labels,
    alerts: Vec<NoticeView<'a>>,
    created_at: Timestamp,
    attempts: u32,
}

#[derive(Serialize)]
struct NoticeView<'a> {
    status: &'static str,
    labels: &'a Labels,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
}

pub async fn notifications(State(app): State<AppState>) -> Response {
    let now = app.now();
    success(Notifications {
        outbox: now.outbox.iter().map(|message| waiting(message)).collect(),
        sent: now.sent.iter().map(|sent| finished(sent)).collect(),
    })
}

fn waiting(message: &Message) -> Waiting<'_> {
    Waiting { message: view(message), next_attempt: message.next_attempt, last_error: message.last_error.as_deref() }
}

fn finished(sent: &Sent) -> Finished<'_> {
    Finished {
        message: view(&sent.message),
        at: sent.at,
        outcome: if sent.error.is_none() { "accepted" } else { "given_up" },
        error: sent.error.as_deref(),
    }
}

fn view(message: &Message) -> MessageView<'_> {
    MessageView {
        id: message.id,
        receiver: &message.channel.receiver,
        kind: &message.channel.kind,
        index: message.channel.index,
        status: word(message.firing()),
        reason: message.reason.text(),
        group_key: &message.group_key,
        group_labels: &message.group_labels,
        alerts: message
            .alerts
            .iter()
            .map(|alert| NoticeView {
                status: word(alert.firing()),
                labels: &alert.labels,
                starts_at: alert.starts_at,
                ends_at: alert.ends_at,
            })
            .collect(),
        created_at: message.created_at,
        attempts: message.attempts,
    }
}

/// Alertmanager's words.
fn word(firing: bool) -> &'static str {
    if firing { "firing" } else { "resolved" }
}

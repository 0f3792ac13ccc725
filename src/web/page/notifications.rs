//! `/notifications`: messages on their way, with their retries, and what became of the last ones.

use super::chrome::{Chrome, Nav, number, plural};
use super::parts::{Ago, slo_href_of};
use super::render;
use crate::clock;
use crate::domain::labels::Labels;
use crate::domain::message::{Message, Notice, Sent};
use crate::domain::time::Timestamp;
use crate::view::Published;
use crate::web::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// Rows of each table: the outbox holds the oldest first, which are the ones in trouble.
const SHOWN: usize = 200;
/// Alerts named in one row.
const NAMED: usize = 5;

/// A message as one row.
#[derive(Clone, Debug)]
pub struct MessageRow {
    pub key: String,
    pub receiver: String,
    pub kind: String,
    pub reason: &'static str,
    pub what: String,
    /// Where to and what: address and name.
    pub alerts: Vec<(String, String)>,
    /// How many more alerts it tells of.
    pub more: Option<String>,
    pub created: Ago,
    pub attempts: u32,
    /// `critical` (given up), `burning` (retrying), `no_data` (waiting) or `ok` (accepted).
    pub class: &'static str,
    pub fate: String,
    /// When it was accepted or given up, or when it is tried again.
    pub when: Ago,
    pub error: Option<String>,
}

impl MessageRow {
    pub fn waiting(message: &Message, now: Timestamp, root: &str) -> Self {
        let retrying = message.last_error.is_some();
        let (class, fate) = if retrying { ("burning", "retrying") } else { ("no_data", "waiting") };
        Self::new(message, class, fate, message.next_attempt, message.last_error.clone(), now, root)
    }

    pub fn finished(sent: &Sent, now: Timestamp, root: &str) -> Self {
        let (class, fate) = if sent.error.is_some() { ("critical", "given up") } else { ("ok", "accepted") };
        Self::new(&sent.message, class, fate, sent.at, sent.error.clone(), now, root)
    }

    fn new(
        message: &Message,
        class: &'static str,
        fate: &str,
        when: Timestamp,
        error: Option<String>,
        now: Timestamp,
        root: &str,
    ) -> Self {
        let index = if message.channel.index > 0 { format!(" #{}", message.channel.index + 1) } else { String::new() };
        Self {
            key: format!("m{}", message.id),
            receiver: message.channel.receiver.clone(),
            kind: format!("{}{index}", message.channel.kind),
            reason: message.reason.text(),
            what: what(message),
            alerts: message.alerts.iter().take(NAMED).map(|notice| named(notice, root)).collect(),
            more: (message.alerts.len() > NAMED).then(|| number(message.alerts.len() - NAMED)),
            created: Ago::new(message.created_at, now),
            attempts: message.attempts,
            class,
            fate: fate.to_owned(),
            when: Ago::new(when, now),
            error,
        }
    }
}

fn what(message: &Message) -> String {
    let firing = message.alerts.iter().filter(|notice| notice.firing()).count();
    match (firing, message.alerts.len() - firing) {
        (0, resolved) => format!("{} resolved", number(resolved)),
        (firing, 0) => format!("{} firing", number(firing)),
        (firing, resolved) => format!("{} firing, {} resolved", number(firing), number(resolved)),
    }
}

fn named(notice: &Notice, root: &str) -> (String, String) {
    let detail = &notice.detail;
    let group = if detail.group.is_empty() { String::new() } else { format!(" {}", detail.group) };
    (slo_href_of(root, &detail.id, &detail.group), format!("{}{group} {}", detail.id, detail.severity))
}

/// Whether a message tells of this SLO and group.
pub fn tells_of(message: &Message, id: &str, group: &Labels) -> bool {
    message.alerts.iter().any(|notice| notice.detail.id.to_string() == id && notice.detail.group == *group)
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct Notifications {
    chrome: Chrome,
    waiting: Vec<MessageRow>,
    waiting_total: String,
    /// What there is to say when none waits.
    none_waits: String,
    finished: Vec<MessageRow>,
    /// Whether anyone is told at all.
    routed: bool,
}

/// `GET /notifications`
pub async fn show(State(state): State<AppState>) -> Response {
    render(StatusCode::OK, &page(&state.now(), clock::now()))
}

fn page(published: &Published, now: Timestamp) -> Notifications {
    let chrome = Chrome::new(published, now, "/notifications", Nav::Notifications, "Notifications");
    let waiting = published.outbox.iter().take(SHOWN).map(|message| MessageRow::waiting(message, now, &chrome.root));
    let finished = published.sent.iter().take(SHOWN).map(|sent| MessageRow::finished(sent, now, &chrome.root));
    Notifications {
        waiting: waiting.collect(),
        waiting_total: plural(published.outbox.len(), "message"),
        none_waits: none_waits(&published.sent),
        finished: finished.collect(),
        routed: published.setup.route.is_some(),
        chrome,
    }
}

/// That none waits is good news only when all were accepted.
fn none_waits(finished: &[Arc<Sent>]) -> String {
    let given_up = finished.iter().filter(|sent| sent.error.is_some()).count();
    match given_up {
        _ if finished.is_empty() => "No message waits to be sent.".to_owned(),
        0 => "Every message was accepted.".to_owned(),
        1 => "No message waits to be sent, but 1 of those below was given up.".to_owned(),
        n => format!("No message waits to be sent, but {} of those below were given up.", number(n)),
    }
}

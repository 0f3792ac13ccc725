//! `notify-test`: one test message through each channel of a receiver, as a real alert would travel.
//!
//! Each channel gets one attempt: whoever tests wants the first refusal, not patience. The message says that it is a
//! test in its first word, and its alert has a name of its own, so that no routing or paging rule takes it for an SLO's.

use crate::clock;
use crate::config::Config;
use crate::domain::labels::Labels;
use crate::domain::message::{Channel, Detail, Message, Notice, NoticeReason};
use crate::domain::slo::{Severity, SloId};
use crate::domain::time::Timestamp;
use crate::notify::channel::{self, Channels};
use crate::notify::render::TEST_ALERT;
use comfy_table::Table;
use futures_util::future::join_all;

/// Names this far apart (in letters changed, added or dropped) are still offered as "did you mean".
const NEAR: usize = 3;

const DESCRIPTION: &str = "This is a test message: nothing is wrong. If you can read it, this receiver works.";

/// What became of the test, channel by channel.
pub type Results = Vec<(Channel, Result<(), String>)>;

/// Why no test message could be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyTestError {
    #[error("there is no receiver {name:?}{}", offer(near, known))]
    UnknownReceiver { name: String, near: Vec<String>, known: Vec<String> },
    #[error("receiver {0:?} has no channel: give it slack_configs, email_configs or webhook_configs")]
    NoChannel(String),
}

/// Sends one test message through each channel of the receiver.
pub async fn run(config: &Config, receiver: &str) -> Result<Results, NotifyTestError> {
    let Some(found) = config.receivers.iter().find(|candidate| candidate.name == receiver) else {
        return Err(unknown(config, receiver));
    };
    let channels: Channels = channel::channels(std::slice::from_ref(found), &config.global.external_url);
    if channels.is_empty() {
        return Err(NotifyTestError::NoChannel(receiver.to_owned()));
    }
    let now = clock::now();
    let attempts = channels.into_iter().map(|(channel, transport)| async move {
        let message = test_message(&channel, &config.global.external_url, now);
        let result = channel::attempt(transport.as_ref(), &message).await;
        (channel, result.map_err(|failure| failure.error().to_owned()))
    });
    Ok(join_all(attempts).await)
}

/// The results as a table for the terminal.
pub fn table(results: &Results) -> String {
    let mut table = Table::new();
    table.set_header(["receiver", "channel", "result"]);
    for (channel, result) in results {
        let name = format!("{} {}", channel.kind, channel.index);
        let told = result.as_ref().map_or_else(|error| format!("failed: {error}"), |()| "sent".to_owned());
        table.add_row([channel.receiver.clone(), name, told]);
    }
    table.to_string()
}

/// Runs the command and prints its outcome. Exit code: 0 all sent, 1 a channel failed, 2 nothing could be sent.
pub async fn execute(config: &Config, receiver: &str) -> u8 {
    match run(config, receiver).await {
        Ok(results) => {
            println!("{}", table(&results));
            u8::from(results.iter().any(|(_, result)| result.is_err()))
        }
        Err(error) => {
            eprintln!("{error}");
            2
        }
    }
}

fn test_message(channel: &Channel, external_url: &str, now: Timestamp) -> Message {
    let id = SloId { service: "slowburn".to_owned(), name: "notify-test".to_owned() };
    let detail = Detail {
        group: Labels::new(),
        alert: TEST_ALERT.to_owned(),
        severity: Severity::Ticket,
        description: DESCRIPTION.to_owned(),
        objective: 99.9,
        slo_window: "30d".to_owned(),
        burn: None,
        budget_remaining: None,
        exhausts_in_seconds: None,
        sli_ratio: None,
        runbook_url: None,
        slo_url: external_url.to_owned(),
        id,
    };
    let labels = Labels::from_iter([
        ("alertname", TEST_ALERT),
        ("service", "slowburn"),
        ("severity", "test"),
        ("slo", "notify-test"),
    ]);
    let annotations = Labels::from_iter([("summary", "Test message from slowburn"), ("description", DESCRIPTION)]);
    let group_labels = Labels::new().with("alertname", TEST_ALERT);
    Message {
        id: 0,
        channel: channel.clone(),
        group_key: format!("{{}}:{group_labels}"),
        group_labels,
        route_labels: Labels::new(),
        reason: NoticeReason::First,
        alerts: vec![Notice { labels, annotations, starts_at: now, ends_at: None, detail }],
        created_at: now,
        attempts: 0,
        next_attempt: now,
        last_error: None,
    }
}

fn unknown(config: &Config, name: &str) -> NotifyTestError {
    let known: Vec<String> = config.receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let mut near: Vec<(usize, &String)> = known.iter().map(|known| (distance(name, known), known)).collect();
    near.sort();
    let near =
        near.into_iter().filter(|(distance, _)| *distance <= NEAR).take(3).map(|(_, name)| name.clone()).collect();
    NotifyTestError::UnknownReceiver { name: name.to_owned(), near, known }
}

fn offer(near: &[String], known: &[String]) -> String {
    let quoted = |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    match (near, known) {
        (_, []) => "; the configuration has no receivers".to_owned(),
        ([], known) => format!("; there are {}", quoted(known)),
        (near, _) => format!("; did you mean {}?", quoted(near)),
    }
}

/// Levenshtein's distance in characters, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.chars().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.chars().count()]
}

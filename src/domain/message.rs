//! Messages to people: what the outbox holds until a receiver accepts it.
//!
//! A message is a value: it is stored with the decision that caused it, sent by the shell, and its fate comes back as
//! an event. Rendering for a channel happens outside.

use super::labels::Labels;
use super::slo::{Severity, SloId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Which channel of which receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Channel {
    pub receiver: String,
    /// `slack`, `email`, `webhook`.
    pub kind: String,
    /// Position among the receiver's channels of this kind.
    pub index: usize,
}

/// Why a message is sent (Alertmanager 0.32's `notification_reason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeReason {
    First,
    NewAlerts,
    SomeResolved,
    AllResolved,
    Repeat,
}

impl NoticeReason {
    /// Alertmanager's own words.
    pub fn text(self) -> &'static str {
        match self {
            Self::First => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::SomeResolved => "some alerts resolved",
            Self::AllResolved => "all alerts resolved",
            Self::Repeat => "repeat interval elapsed",
        }
    }
}

/// One message on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Unique in the data directory, rising.
    pub id: u64,
    pub channel: Channel,
    /// Alertmanager's key: the route's path and the group's labels.
    pub group_key: String,
    pub group_labels: Labels,
    /// The matchers' labels of the route (Alertmanager 0.34's `routeLabels`).
    pub route_labels: Labels,
    pub reason: NoticeReason,
    /// Firing alerts first, never empty.
    pub alerts: Vec<Notice>,
    pub created_at: Timestamp,
    pub attempts: u32,
    /// Not before this moment.
    pub next_attempt: Timestamp,
    pub last_error: Option<String>,
}

impl Message {
    pub fn firing(&self) -> bool {
        self.alerts.iter().any(Notice::firing)
    }
}

/// One alert as a message tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub labels: Labels,
    pub annotations: Labels,
    pub starts_at: Timestamp,
    /// `None` while it fires.
    pub ends_at: Option<Timestamp>,
    pub detail: Detail,
}

impl Notice {
    pub fn firing(&self) -> bool {
        self.ends_at.is_none()
    }
}

/// What a woken person needs, as numbers; the annotations carry the same as sentences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub id: SloId,
    pub group: Labels,
    /// `ErrorBudgetBurn`, `SloNoData` or `ErrorBudgetSpent`.
    pub alert: String,
    pub severity: Severity,
    pub description: String,
    /// Percent, as written.
    pub objective: f64,
    /// `30d`, or `month (Europe/Paris)`.
    pub slo_window: String,
    pub burn: Option<BurnDetail>,
    /// 1 is untouched, 0 is spent, negative is overspent; `None` when never measured.
    pub budget_remaining: Option<f64>,
    pub exhausts_in_seconds: Option<f64>,
    /// SLI over the SLO window, 0 to 1.
    pub sli_ratio: Option<f64>,
    pub runbook_url: Option<String>,
    pub slo_url: String,
}

/// The pair that fires (or fired last).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnDetail {
    pub long: String,
    pub short: String,
    pub factor: f64,
    pub burn_long: Option<f64>,
    pub burn_short: Option<f64>,
    /// Bad and all events in the long window.
    pub bad: f64,
    pub total: f64,
}

/// What became of one attempt to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Delivery {
    Accepted,
    /// To be tried again, not before `retry_at`.
    Failed {
        error: String,
        retry_at: Timestamp,
    },
    /// Given up: a final refusal, or too old.
    GivenUp {
        error: String,
    },
}

/// The fate of one message, as the worker reports it and the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryReport {
    pub message_id: u64,
    pub at: Timestamp,
    pub delivery: Delivery,
}

/// A finished message, kept for the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub message: Message,
    pub at: Timestamp,
    /// `None` when accepted, else why it was given up.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::NoticeReason::{AllResolved, First, NewAlerts, Repeat, SomeResolved};

    #[test]
    fn reasons_are_told_in_alertmanagers_words() {
        let texts = [First, NewAlerts, SomeResolved, AllResolved, Repeat].map(super::NoticeReason::text);
        assert_eq!(
            texts,
            [
                "first notification",
                "new alerts added",
                "some alerts resolved",
                "all alerts resolved",
                "repeat interval elapsed"
            ]
        );
    }
}

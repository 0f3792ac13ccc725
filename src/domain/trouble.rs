//! slowburn's own trouble as an alert: when the store can't be written, people are told like of any other alert.

use super::labels::Labels;
use super::message::{Detail, Notice};
use super::setup::Setup;
use super::slo::{Severity, SloId};
use super::time::Timestamp;

/// The alert's name.
pub const STORE_UNWRITABLE: &str = "SlowburnStoreUnwritable";

/// The alert, firing without `ends_at`.
pub fn notice(setup: &Setup, text: &str, starts_at: Timestamp, ends_at: Option<Timestamp>) -> Notice {
    let mut labels = setup.external_labels.clone();
    labels.merge(
        &[("alertname", STORE_UNWRITABLE), ("service", "slowburn"), ("slo", "store"), ("severity", "ticket")]
            .into_iter()
            .collect(),
    );
    let state = if ends_at.is_none() { "slowburn can't write its data" } else { "slowburn writes its data again" };
    let description =
        format!("{text}. Counting and alerting go on from memory; what is in memory is lost if the process stops.");
    let annotations: Labels = [("summary", state), ("description", &description)].into_iter().collect();
    let detail = Detail {
        id: SloId { service: "slowburn".to_owned(), name: "store".to_owned() },
        group: Labels::new(),
        alert: STORE_UNWRITABLE.to_owned(),
        severity: Severity::Ticket,
        description,
        objective: 0.0,
        slo_window: String::new(),
        burn: None,
        budget_remaining: None,
        exhausts_in_seconds: None,
        sli_ratio: None,
        runbook_url: None,
        slo_url: setup.external_url.clone(),
    };
    Notice { labels, annotations, starts_at, ends_at, detail }
}

//! What the shop's incident left behind: transitions, messages on their way and done, and scraped targets.

use super::demo::labels;
use slowburn::domain::labels::Labels;
use slowburn::domain::message::{BurnDetail, Channel, Detail, Message, Notice, NoticeReason, Sent};
use slowburn::domain::slo::SloId;
use slowburn::domain::status::{AlertState, SloStatus, Transition};
use slowburn::domain::time::Timestamp;
use slowburn::view::{DiscoveryView, Published, ScrapeView, TargetView};
use std::sync::Arc;
use std::time::Duration;

pub fn transition(status: &SloStatus, at: Timestamp, to: AlertState) -> Transition {
    let alert = &status.alerts[0];
    let from = if to == AlertState::Firing { AlertState::Inactive } else { AlertState::Firing };
    Transition {
        at,
        id: status.id.clone(),
        group: status.group.clone(),
        alert: alert.alert.clone(),
        severity: alert.severity,
        from,
        to,
        long: alert.long.clone(),
        short: alert.short.clone(),
        factor: alert.factor,
        burn_long: alert.burn_long,
        burn_short: alert.burn_short,
        budget_remaining: status.budget.remaining,
        reason: "both windows burn faster than the limit".into(),
    }
}

pub fn notice(status: &SloStatus, at: Timestamp, published: &Published) -> Notice {
    let alert = &status.alerts[0];
    let summary = format!("{} burns its error budget {:.1} times too fast", status.id, alert.burn_long.unwrap());
    Notice {
        labels: labels(&[("alertname", "ErrorBudgetBurn"), ("service", &status.service), ("severity", "page")]),
        annotations: labels(&[("summary", &summary)]),
        starts_at: at,
        ends_at: None,
        detail: Detail {
            id: SloId { service: status.service.clone(), name: status.name.clone() },
            group: status.group.clone(),
            alert: alert.alert.clone(),
            severity: alert.severity,
            description: status.description.clone(),
            objective: status.objective,
            slo_window: "30d".into(),
            burn: Some(BurnDetail {
                long: "1h".into(),
                short: "5m".into(),
                factor: 14.4,
                burn_long: alert.burn_long,
                burn_short: alert.burn_short,
                bad: 3020.0,
                total: 151_200.0,
            }),
            budget_remaining: status.budget.remaining,
            exhausts_in_seconds: status.budget.exhausts_in_seconds,
            sli_ratio: status.sli.ratio,
            runbook_url: status.runbook_url.clone(),
            slo_url: format!("{}/slo/{}", published.setup.external_url, status.id),
        },
    }
}

fn message(id: u64, receiver: &str, kind: &str, notice: &Notice) -> Message {
    Message {
        id,
        channel: Channel { receiver: receiver.into(), kind: kind.into(), index: 0 },
        group_key: "{}:{service=\"checkout\"}".into(),
        group_labels: labels(&[("service", "checkout")]),
        route_labels: Labels::new(),
        reason: NoticeReason::First,
        alerts: vec![notice.clone()],
        created_at: notice.starts_at,
        attempts: 1,
        next_attempt: notice.starts_at,
        last_error: None,
    }
}

pub fn sent(id: u64, receiver: &str, kind: &str, notice: &Notice, error: Option<&str>) -> Arc<Sent> {
    let at = notice.starts_at + Duration::from_secs(1);
    Arc::new(Sent { message: message(id, receiver, kind, notice), at, error: error.map(str::to_owned) })
}

pub fn given_up(notice: &Notice) -> Arc<Sent> {
    sent(2, "team", "slack", notice, Some("400 Bad Request: invalid_payload"))
}

pub fn waiting(notice: &Notice, at: Timestamp) -> Message {
    Message {
        attempts: 7,
        next_attempt: at + Duration::from_secs(95),
        last_error: Some("connect to smtp.example.com:587: connection refused".into()),
        ..message(3, "team", "email", notice)
    }
}

/// A job whose only source of targets does not answer.
pub fn unreachable(job: &str, at: Timestamp) -> DiscoveryView {
    DiscoveryView {
        job: job.into(),
        kind: "http_sd",
        source: format!("http://sd.example.com/{job}"),
        targets: 0,
        refreshed: Some(at - Duration::from_secs(20)),
        problems: vec!["HTTP status 503 Service Unavailable".into()],
    }
}

pub fn targets(at: Timestamp) -> Vec<TargetView> {
    let target = |job: &str, instance: &str, error: Option<&str>| TargetView {
        job: job.into(),
        url: format!("http://{instance}/metrics"),
        labels: labels(&[("job", job), ("instance", instance), ("env", "prod")]),
        discovered_labels: labels(&[("__address__", instance), ("__metrics_path__", "/metrics")]),
        last: Some(ScrapeView {
            at: at - Duration::from_secs(6),
            duration: Duration::from_millis(if error.is_some() { 10_000 } else { 23 }),
            samples: if error.is_some() { 0 } else { 1843 },
            bytes: 182_133,
            error: error.map(str::to_owned),
            warning: None,
        }),
        scrape_interval: Duration::from_secs(15),
        scrape_timeout: Duration::from_secs(10),
        dropped: false,
    };
    let dropped = TargetView { dropped: true, last: None, ..target("checkout", "10.0.3.9:9100", None) };
    vec![
        target("checkout", "10.0.3.14:8080", None),
        target("checkout", "10.0.3.15:8080", None),
        target(
            "mail",
            "10.0.5.2:8080",
            Some("line 214: expected a number, found \"12,5\": mail_queue_seconds_sum 12,5"),
        ),
        target("search", "10.0.4.2:8080", None),
        TargetView { last: None, ..target("search", "10.0.4.3:8080", None) },
        dropped,
    ]
}

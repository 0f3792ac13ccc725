//! Messages and channel settings that the tests share.

pub use crate::detail::detail;
use slowburn::config::auth::{HttpConfig, Secret, TlsConfig};
use slowburn::config::receiver::{EmailConfig, SlackConfig, SlackTarget, WebhookConfig};
use slowburn::domain::labels::Labels;
use slowburn::domain::message::{Channel, Message, Notice, NoticeReason};
use slowburn::domain::time::Timestamp;
use std::time::Duration;

pub const EXTERNAL_URL: &str = "https://slo.example.com";

/// 2026-01-01T00:00:00Z, when the fixture's alert began.
pub const START: Timestamp = Timestamp::from_secs(1_767_225_600);

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

pub fn secret(text: &str) -> Secret {
    Secret::Value(text.into())
}

pub fn notice() -> Notice {
    Notice {
        labels: labels(&[
            ("alertname", "ErrorBudgetBurn"),
            ("service", "checkout"),
            ("severity", "page"),
            ("slo", "availability"),
        ]),
        annotations: labels(&[
            ("summary", "checkout/availability burns"),
            ("dashboard", "https://grafana.example.com/d/1"),
        ]),
        starts_at: START,
        ends_at: None,
        detail: detail(),
    }
}

pub fn resolved() -> Notice {
    Notice { ends_at: Some(START + Duration::from_secs(1500)), ..notice() }
}

pub fn channel(kind: &str) -> Channel {
    Channel { receiver: "team.x".into(), kind: kind.into(), index: 0 }
}

/// A message of one firing alert, due at once.
pub fn message(id: u64) -> Message {
    Message {
        id,
        channel: channel("webhook"),
        group_key: "{}:{service=\"checkout\"}".into(),
        group_labels: labels(&[("service", "checkout")]),
        route_labels: labels(&[("severity", "page")]),
        reason: NoticeReason::First,
        alerts: vec![notice()],
        created_at: START,
        attempts: 0,
        next_attempt: START,
        last_error: None,
    }
}

pub fn webhook_config(url: &str) -> WebhookConfig {
    WebhookConfig {
        send_resolved: true,
        url: secret(url),
        max_alerts: 0,
        timeout: Duration::ZERO,
        http: HttpConfig::default(),
    }
}

pub fn slack_config(target: SlackTarget) -> SlackConfig {
    SlackConfig {
        send_resolved: false,
        target,
        channel: Some("#slo".into()),
        username: None,
        icon_emoji: None,
        icon_url: None,
        http: HttpConfig::default(),
    }
}

pub fn email_config(port: u16) -> EmailConfig {
    EmailConfig {
        send_resolved: false,
        to: "Team <team@example.com>".into(),
        from: "slowburn <slo@example.com>".into(),
        smarthost: ("127.0.0.1".into(), port),
        hello: "monitor.example.com".into(),
        auth_username: None,
        auth_password: None,
        auth_identity: None,
        require_tls: true,
        force_implicit_tls: None,
        tls: TlsConfig::default(),
        headers: Vec::new(),
    }
}

//! Receivers and their channels, checked, with the globals filled in.

use super::auth::{HttpConfig, Secret, TlsConfig};
use std::time::Duration;

/// A named list of channels; a message goes to each of them.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub name: String,
    pub slack: Vec<SlackConfig>,
    pub email: Vec<EmailConfig>,
    pub webhook: Vec<WebhookConfig>,
}

/// `slack_configs`.
#[derive(Clone, Debug)]
pub struct SlackConfig {
    pub send_resolved: bool,
    pub target: SlackTarget,
    /// `#slo`; optional with an incoming webhook.
    pub channel: Option<String>,
    pub username: Option<String>,
    pub icon_emoji: Option<String>,
    pub icon_url: Option<String>,
    pub http: HttpConfig,
}

/// How Slack is reached.
#[derive(Clone, Debug)]
pub enum SlackTarget {
    /// An incoming webhook: the URL is the secret.
    Webhook { url: Secret },
    /// `chat.postMessage` (or a stand-in's URL) with a bot token.
    Api { url: String, token: Secret },
}

/// `email_configs`.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    pub send_resolved: bool,
    /// One or more addresses, separated by commas.
    pub to: String,
    pub from: String,
    /// `host:port`.
    pub smarthost: (String, u16),
    /// Name given in EHLO.
    pub hello: String,
    pub auth_username: Option<String>,
    pub auth_password: Option<Secret>,
    pub auth_identity: Option<String>,
    /// STARTTLS is required unless this is false (implicit TLS on port 465 needs none).
    pub require_tls: bool,
    /// `None`: implicit TLS on port 465 only.
    pub force_implicit_tls: Option<bool>,
    pub tls: TlsConfig,
    /// Further or replaced headers (`Subject` among them).
    pub headers: Vec<(String, String)>,
}

/// `webhook_configs`.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    pub send_resolved: bool,
    /// May hold a token, so it is a secret.
    pub url: Secret,
    /// Alerts in one message at most, 0 is no limit.
    pub max_alerts: u64,
    /// Time for one attempt; 0 is the default of 10 s.
    pub timeout: Duration,
    pub http: HttpConfig,
}

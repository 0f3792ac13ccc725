//! What a channel is: a way to send one message, once.
//!
//! A channel classifies its failures and nothing more; when to try again is decided by `backoff`, what to send next by
//! `plan`. A channel is built without touching the world, so that a receiver with an unreadable certificate or secret
//! file does not keep the others from working: it fails at each attempt, with the reason, until the file is mended.

use super::{email, slack, webhook};
use crate::config::receiver::Receiver;
use crate::domain::message::{Channel, Message};
use crate::domain::time::format_duration;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The time for one attempt unless the configuration names one: a receiver that hangs holds up its own messages only,
/// but those it does.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an attempt failed; the text is for people and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Worth another attempt, not before `after` where the receiver said so.
    Retry { error: String, after: Option<Duration> },
    /// The receiver refused this message and would refuse it again.
    Final { error: String },
}

impl Failure {
    pub fn retry(error: impl Into<String>) -> Self {
        Self::Retry { error: error.into(), after: None }
    }

    pub fn error(&self) -> &str {
        match self {
            Self::Retry { error, .. } | Self::Final { error } => error,
        }
    }
}

/// One way out.
pub trait Transport: Send + Sync {
    /// How long one attempt may take.
    fn timeout(&self) -> Duration;

    /// Sends the message once. Dropping the future abandons the attempt.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>>;
}

/// All channels of a configuration.
pub type Channels = BTreeMap<Channel, Arc<dyn Transport>>;

/// The channels of checked receivers. `external_url` is the base of the links in messages.
pub fn channels(receivers: &[Receiver], external_url: &str) -> Channels {
    let mut channels = Channels::new();
    for receiver in receivers {
        let mut add = |kind: &str, index: usize, transport: Arc<dyn Transport>| {
            channels.insert(Channel { receiver: receiver.name.clone(), kind: kind.to_owned(), index }, transport);
        };
        for (index, config) in receiver.slack.iter().enumerate() {
            add("slack", index, Arc::new(slack::Slack::new(config, DEFAULT_TIMEOUT)));
        }
        for (index, config) in receiver.email.iter().enumerate() {
            add("email", index, Arc::new(email::Email::new(config, external_url, email::DIALOG_TIMEOUT)));
        }
        for (index, config) in receiver.webhook.iter().enumerate() {
            add("webhook", index, Arc::new(webhook::Webhook::new(config, external_url)));
        }
    }
    channels
}

/// One attempt, ended when its time is up.
pub async fn attempt(transport: &dyn Transport, message: &Message) -> Result<(), Failure> {
    let limit = transport.timeout();
    match tokio::time::timeout(limit, transport.send(message)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::retry(format!("timeout after {}", format_duration(limit)))),
    }
}

//! `slack_configs`: an incoming webhook, or `chat.postMessage` with a bot token.
//!
//! One attachment, coloured by state. Its text is read as plain text: formatting is left off (`mrkdwn_in` is empty), the
//! characters that Slack gives a meaning are escaped, and the words that would call a whole channel are broken, so that
//! a hostile label can neither draw a link nor wake everybody. The links are ours alone.
//!
//! An incoming webhook answers `ok`, the API a JSON object; both can refuse with status 200, so the body decides.

use super::channel::{Failure, Transport};
use super::post::{Accepted, Endpoint};
use super::render;
use super::scrub::Scrubber;
use crate::config::auth::Auth;
use crate::config::receiver::{SlackConfig, SlackTarget};
use crate::domain::message::{Message, Notice};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Characters of the attachment's text. Slack folds long texts away and cuts them at some thousands.
const TEXT_LIMIT: usize = 3000;
/// Room kept for the line that counts the alerts that did not fit.
const MORE_LINE: usize = 40;

/// Errors of the API that pass by themselves; any other refusal stays until somebody mends it.
const PASSING_ERRORS: [&str; 7] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "message_limit_exceeded",
];

/// A Slack receiver.
pub struct Slack {
    config: SlackConfig,
    endpoint: Endpoint,
}

impl Slack {
    pub fn new(config: &SlackConfig, timeout: Duration) -> Self {
        let mut http = config.http.clone();
        if let SlackTarget::Api { token, .. } = &config.target {
            http.auth = Some(Auth::Header { scheme: "Bearer".to_owned(), credentials: token.clone() });
        }
        Self { config: config.clone(), endpoint: Endpoint::new(http, timeout) }
    }
}

impl Transport for Slack {
    fn timeout(&self) -> Duration {
        self.endpoint.timeout()
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut scrubber = Scrubber::default();
            self.endpoint.hide_credentials(&mut scrubber);
            let (url, is_api) = match &self.config.target {
                SlackTarget::Webhook { url } => (url.read().map_err(Failure::retry)?, false),
                SlackTarget::Api { url, .. } => (url.as_str().into(), true),
            };
            if !is_api {
                scrubber.hide_url(url.expose_secret());
            }
            let json = payload(message, &self.config);
            let answer = self.endpoint.post(url.expose_secret(), json, &scrubber, true).await?;
            judge(&answer, is_api, &scrubber)
        })
    }
}

/// What an answer with a 2xx status says.
#[derive(Deserialize)]
struct Answer {
    ok: Option<bool>,
    error: Option<String>,
}

fn judge(answer: &Accepted, is_api: bool, scrubber: &Scrubber) -> Result<(), Failure> {
    let body = answer.body.trim();
    let unclear = || Failure::retry(format!("the answer is not Slack's: {}", scrubber.clean(body)));
    if !is_api && (body.is_empty() || body.eq_ignore_ascii_case("ok")) {
        return Ok(());
    }
    let Ok(parsed) = serde_json::from_str::<Answer>(body) else { return Err(unclear()) };
    match (parsed.ok, parsed.error) {
        (Some(true), _) => Ok(()),
        // Stand-ins for an incoming webhook answer with objects of their own.
        (None, None) if !is_api => Ok(()),
        (_, Some(error)) => Err(refusal(&scrubber.clean(&error), answer.retry_after)),
        (Some(false), None) => Err(refusal("no reason given", None)),
        (None, None) => Err(unclear()),
    }
}

fn refusal(reason: &str, after: Option<Duration>) -> Failure {
    let error = format!("Slack refused the message: {reason}");
    if PASSING_ERRORS.contains(&reason) { Failure::Retry { error, after } } else { Failure::Final { error } }
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_emoji: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<&'a str>,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title_link: Option<String>,
    text: String,
    fallback: String,
    footer: String,
    color: &'static str,
    mrkdwn_in: [&'static str; 0],
}

/// The JSON body.
pub fn payload(message: &Message, config: &SlackConfig) -> Vec<u8> {
    let notices = render::by_urgency(message);
    let title = escaped(&render::title(message));
    let attachment = Attachment {
        title_link: notices.first().and_then(|first| render::web_link(&first.detail.slo_url)),
        text: text(&notices),
        fallback: title.clone(),
        title,
        footer: format!("slowburn: {}", render::reason(message)),
        color: if message.firing() { "danger" } else { "good" },
        mrkdwn_in: [],
    };
    let payload = Payload {
        channel: config.channel.as_deref(),
        username: config.username.as_deref(),
        icon_emoji: config.icon_emoji.as_deref(),
        icon_url: config.icon_url.as_deref(),
        attachments: [attachment],
    };
    // Strings always serialize.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// The first alert in full, the others in one line each, as many as fit.
fn text(notices: &[&Notice]) -> String {
    let Some((first, others)) = notices.split_first() else { return String::new() };
    let mut text = in_full(first);
    for (told, notice) in others.iter().enumerate() {
        let line = format!("\n• {}{}", escaped(&render::headline(notice)), linked(notice));
        if text.chars().count() + line.chars().count() + MORE_LINE > TEXT_LIMIT {
            text.push_str(&format!("\n…and {} more alerts", others.len() - told));
            break;
        }
        text.push_str(&line);
    }
    text
}

/// The facts, the links, then the description, each only while there is room for it.
fn in_full(notice: &Notice) -> String {
    let links = linked(notice).trim_start().to_owned();
    let mut lines: Vec<String> = Vec::new();
    let mut room = TEXT_LIMIT.saturating_sub(links.chars().count() + MORE_LINE);
    let facts = render::facts(notice).into_iter().map(|(name, value)| format!("{name}: {value}"));
    for line in facts.chain([render::description(notice)]).filter(|line| !line.is_empty()) {
        let line = escaped(&line);
        let length = line.chars().count() + 1;
        if length <= room {
            room -= length;
            lines.push(line);
        }
    }
    if !links.is_empty() {
        // Before the description and the less urgent facts, so that a folded message still shows them.
        lines.insert(lines.len().min(URGENT_FACTS), links);
    }
    lines.join("\n")
}

/// Burn rate, bad events and budget come before the links.
const URGENT_FACTS: usize = 3;

/// ` <https://…|Runbook> · <https://…|SLO page>`.
fn linked(notice: &Notice) -> String {
    let links: Vec<String> =
        render::links(notice).iter().map(|(name, url)| format!("<{}|{name}>", url.replace('&', "&amp;"))).collect();
    if links.is_empty() { String::new() } else { format!(" {}", links.join(" · ")) }
}

/// Slack's three entities, and a zero-width space in the words that call a whole channel: stand-ins for Slack read
/// them even in plain text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' if calls_everybody(&text[at + 1..]) => escaped.push_str("@\u{200b}"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn calls_everybody(after_at: &str) -> bool {
    ["here", "channel", "everyone", "all", "group"]
        .iter()
        .any(|word| after_at.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

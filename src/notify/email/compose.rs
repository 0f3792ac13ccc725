//! The mail itself: headers, plain text and HTML. Pure.
//!
//! The subject tells the whole story in one line, because that is what a phone shows. Mails of one group form a thread
//! (`References` names a mail that was never sent, as Alertmanager does it), and the `Message-ID` follows from the
//! message, so that a mail that had to be sent twice is recognised as one. Header values are stripped of line breaks and
//! then encoded, so that no label can add a header. The HTML loads nothing from anywhere and leaves colours to the
//! reader's dark or light mode.

use crate::config::receiver::EmailConfig;
use crate::domain::labels::Labels;
use crate::domain::message::{Message, Notice};
use crate::domain::time::Timestamp;
use crate::notify::render;
use askama::Template;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder, MultiPart};
use lettre::{Address, Message as Mail};
use std::time::{Duration, UNIX_EPOCH};

/// Alerts told in one mail; the rest is counted.
const ALERTS: usize = 50;

/// Headers that make the mail what it is; replacing them would break it or tell its recipients of hidden ones.
const FIXED_HEADERS: [&str; 4] = ["bcc", "content-transfer-encoding", "content-type", "mime-version"];

/// A mail ready for its envelope.
#[derive(Clone, Debug)]
pub struct Letter {
    pub sender: Address,
    pub recipients: Vec<Address>,
    /// Headers and body as they travel.
    pub bytes: Vec<u8>,
}

/// Composes the mail; `now` is its date. The error names the setting that can't be used.
pub fn compose(message: &Message, config: &EmailConfig, external_url: &str, now: Timestamp) -> Result<Letter, String> {
    let from: Mailbox =
        config.from.parse().map_err(|e| format!("from: {:?} is not a mail address: {e}", config.from))?;
    let to: Mailboxes =
        config.to.parse().map_err(|e| format!("to: {:?} is not a list of mail addresses: {e}", config.to))?;
    let recipients: Vec<Address> = to.iter().map(|mailbox| mailbox.email.clone()).collect();
    let envelope = Envelope::new(Some(from.email.clone()), recipients.clone()).map_err(|e| format!("to: {e}"))?;
    let (text, html) = (text(message, external_url), html(message, external_url)?);
    let sender = from.email.clone();
    let thread = thread_id(message, &from);
    let mut builder = Mail::builder()
        .envelope(envelope)
        .message_id(Some(message_id(message, &from)))
        .in_reply_to(thread.clone())
        .references(thread)
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or_default()))
        .subject(render::title(message))
        .from(from)
        .raw_header(header("Auto-Submitted", "auto-generated")?);
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    let mail = with_headers(builder, &config.headers)?
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|e| format!("headers: {e}"))?;
    Ok(Letter { sender, recipients, bytes: mail.formatted() })
}

/// Adds or replaces the configured headers.
fn with_headers(mut builder: MessageBuilder, headers: &[(String, String)]) -> Result<MessageBuilder, String> {
    for (name, value) in headers {
        if !FIXED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            builder = builder.raw_header(header(name, value)?);
        }
    }
    Ok(builder)
}

fn header(name: &str, value: &str) -> Result<HeaderValue, String> {
    let invalid = || format!("headers: {name:?} is not a header name");
    if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid());
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| invalid())?;
    Ok(HeaderValue::new(name, render::one_line(value)))
}

/// The same for each attempt of one message, different for every other one.
fn message_id(message: &Message, from: &Mailbox) -> String {
    let unique = format!("{}.{}", message.id, message.created_at.0);
    format!("<{unique}.{:016x}@{}>", group_hash(message), from.email.domain())
}

/// The root of the group's thread.
fn thread_id(message: &Message, from: &Mailbox) -> String {
    format!("<group.{:016x}@{}>", group_hash(message), from.email.domain())
}

fn group_hash(message: &Message) -> u64 {
    let channel = &message.channel;
    Labels::new()
        .with("group", &message.group_key)
        .with("receiver", &channel.receiver)
        .with("index", channel.index.to_string())
        .fingerprint()
}

fn text(message: &Message, external_url: &str) -> String {
    let notices = render::by_urgency(message);
    let mut text = String::new();
    for notice in notices.iter().take(ALERTS) {
        text.push_str(&format!("{}: {}\n\n", render::state(notice), render::headline(notice)));
        for (name, url) in render::links(notice) {
            text.push_str(&format!("{name}: {url}\n"));
        }
        for (name, value) in render::facts(notice) {
            text.push_str(&format!("{name}: {value}\n"));
        }
        let description = render::description(notice);
        if !description.is_empty() {
            text.push_str(&format!("\n{description}\n"));
        }
        let labels: Vec<String> =
            render::labels(notice).iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        text.push_str(&format!("\nLabels: {}\n\n-----\n\n", labels.join(" ")));
    }
    if notices.len() > ALERTS {
        text.push_str(&format!("…and {} more alerts.\n\n", notices.len() - ALERTS));
    }
    text.push_str(&format!("Sent by slowburn: {}. {external_url}\n", render::reason(message)));
    text
}

#[derive(Template)]
#[template(path = "email.html")]
struct Page<'a> {
    title: String,
    alerts: Vec<Block<'a>>,
    more: usize,
    reason: &'static str,
    external_url: String,
}

/// One alert in the HTML part.
struct Block<'a> {
    state: &'static str,
    color: &'static str,
    headline: String,
    links: Vec<(&'static str, String)>,
    facts: Vec<(String, String)>,
    description: String,
    labels: Vec<(&'a str, String)>,
}

impl<'a> From<&'a Notice> for Block<'a> {
    fn from(notice: &'a Notice) -> Self {
        Self {
            state: render::state(notice),
            // Readable on white and on black.
            color: if notice.firing() { "#e5484d" } else { "#30a46c" },
            headline: render::headline(notice),
            links: render::links(notice),
            facts: render::facts(notice),
            description: render::description(notice),
            labels: render::labels(notice),
        }
    }
}

fn html(message: &Message, external_url: &str) -> Result<String, String> {
    let notices = render::by_urgency(message);
    let page = Page {
        title: render::title(message),
        alerts: notices.iter().take(ALERTS).map(|notice| Block::from(*notice)).collect(),
        more: notices.len().saturating_sub(ALERTS),
        reason: render::reason(message),
        external_url: render::web_link(external_url).unwrap_or_default(),
    };
    page.render().map_err(|e| format!("can't write the mail: {e}"))
}

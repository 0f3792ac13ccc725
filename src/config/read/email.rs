//! `email_configs`.

use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::super::receiver::EmailConfig;
use super::global::Globals;
use super::{secret, tls};
use lettre::message::{Mailbox, Mailboxes};

pub static EMAIL: Table = Table {
    title: "email_config",
    fields: &[
        Field::opt("send_resolved", Shape::Bool, "tell when an alert is over, default false"),
        Field::req("to", Shape::Text, "addresses, separated by commas"),
        Field::opt("from", Shape::Text, "sender, default smtp_from"),
        Field::opt("smarthost", Shape::Text, "mail server, host:port, default smtp_smarthost"),
        Field::opt("hello", Shape::Text, "name given to the mail server, default smtp_hello"),
        Field::opt("auth_username", Shape::Text, "user at the mail server, default smtp_auth_username"),
        Field::opt("auth_password", Shape::Secret, "password at the mail server, default smtp_auth_password"),
        Field::opt("auth_password_file", Shape::Path, "file with the password at the mail server"),
        Field::opt("auth_identity", Shape::Text, "identity for PLAIN authentication, default smtp_auth_identity"),
        Field::opt("require_tls", Shape::Bool, "whether STARTTLS is required, default smtp_require_tls"),
        Field::opt("force_implicit_tls", Shape::Bool, "TLS from the first byte, default on port 465 only"),
        Field::opt("tls_config", Shape::Map(&tls::TLS), "TLS settings, default smtp_tls_config"),
        Field::opt("headers", Shape::Texts(&Shape::Text), "further or replaced headers, such as Subject"),
    ],
    refused: &[
        Refused::new("auth_secret", "is not supported: CRAM-MD5 is obsolete", "use auth_password"),
        Refused::new("auth_secret_file", "is not supported: CRAM-MD5 is obsolete", "use auth_password_file"),
        Refused::new("html", "is not supported: messages have a fixed form", "remove it"),
        Refused::new("text", "is not supported: messages have a fixed form", "remove it"),
        Refused::new("threading", "is not supported", "remove it"),
    ],
};

/// Decodes one e-mail channel, with what it leaves out taken from `global`.
pub fn read(value: &Value<'_>, globals: &Globals) -> Option<EmailConfig> {
    let map = value.map(&EMAIL)?;
    let smtp = &globals.smtp;
    let text = |key, default: &Option<String>| map.get(key).and_then(|v| v.text()).or_else(|| default.clone());
    let boolean = |key| map.get(key).and_then(|value| value.boolean());
    let to = map.get("to").and_then(|value| mailboxes(&value));
    let from = needed(&map, "from", mailbox, &smtp.from, "smtp_from");
    let smarthost = needed(&map, "smarthost", |v| v.host_port(), &smtp.smarthost, "smtp_smarthost");
    let auth_username = text("auth_username", &smtp.auth_username);
    let auth_password =
        secret::read(&map, "auth_password", "auth_password_file").or_else(|| smtp.auth_password.clone());
    let hello = text("hello", &smtp.hello).unwrap_or_else(|| "localhost".to_owned());
    let auth_identity = text("auth_identity", &smtp.auth_identity);
    let require_tls = boolean("require_tls").or(smtp.require_tls).unwrap_or(true);
    let force_implicit_tls = boolean("force_implicit_tls").or(smtp.force_implicit_tls);
    let tls = map.get("tls_config").map(|v| tls::read(&v)).unwrap_or_else(|| smtp.tls.clone());
    let headers = map.get("headers").map(|value| headers(&value)).unwrap_or_default();
    let send_resolved = boolean("send_resolved").unwrap_or(false);
    if auth_username.is_some() && auth_password.is_none() && !map.has("auth_password") {
        value
            .error("auth_username needs a password", "add auth_password_file, or smtp_auth_password_file under global");
    }
    Some(EmailConfig {
        send_resolved,
        to: to?,
        from: from?,
        smarthost: smarthost?,
        hello,
        auth_username,
        auth_password,
        auth_identity,
        require_tls,
        force_implicit_tls,
        tls,
        headers,
    })
}

/// A key of the channel, or its default of `global`; one of them must be there.
fn needed<T: Clone>(
    map: &Map<'_>,
    key: &'static str,
    read: impl Fn(&Value<'_>) -> Option<T>,
    default: &Option<T>,
    global_key: &str,
) -> Option<T> {
    match map.get(key) {
        Some(value) => read(&value),
        None => {
            if default.is_none() {
                map.value().error(format!("`{key}` is missing"), format!("add it, or {global_key} under global"));
            }
            default.clone()
        }
    }
}

/// One address, with or without a name.
pub fn mailbox(value: &Value<'_>) -> Option<String> {
    let text = value.literal()?;
    if text.parse::<Mailbox>().is_err() {
        value.error("not an e-mail address", "write it like slo@example.com or SLO <slo@example.com>");
        return None;
    }
    Some(text)
}

fn mailboxes(value: &Value<'_>) -> Option<String> {
    let text = value.literal()?;
    if text.parse::<Mailboxes>().is_err() || text.trim().is_empty() {
        value.error("not a list of e-mail addresses", "write it like a@example.com, b@example.com");
        return None;
    }
    Some(text)
}

fn headers(value: &Value<'_>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, _, text) in value.entries().unwrap_or_default() {
        if !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') || name.is_empty() {
            text.error(format!("{name:?} is not a header name"), "use letters, digits and dashes");
        } else if headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            text.error(format!("the header {name} is given twice"), "keep one of the two");
        } else if let Some(content) = text.literal() {
            if content.contains(['\r', '\n']) {
                text.error("a header is one line", "remove the line break");
            }
            headers.push((name.to_owned(), content));
        }
    }
    headers
}

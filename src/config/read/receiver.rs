//! `receivers`: named lists of channels.

use super::super::decode::{Field, Refused, Shape, Table, Value};
use super::super::receiver::Receiver;
use super::global::Globals;
use super::{email, slack, webhook};
use std::collections::BTreeMap;

pub static RECEIVER: Table = Table {
    title: "receiver",
    fields: &[
        Field::req("name", Shape::Text, "unique"),
        Field::opt("slack_configs", Shape::List(&Shape::Map(&slack::SLACK)), "Slack channels"),
        Field::opt("email_configs", Shape::List(&Shape::Map(&email::EMAIL)), "e-mail"),
        Field::opt(
            "webhook_configs",
            Shape::List(&Shape::Map(&webhook::WEBHOOK)),
            "programs that take Alertmanager's JSON",
        ),
    ],
    refused: &[Refused::new("*_configs", "is not supported", "use slack_configs, email_configs or webhook_configs")],
};

/// A receiver and where its name stands.
pub struct Named<'a> {
    pub receiver: Receiver,
    pub name: Value<'a>,
}

/// Decodes all receivers and reports names that come twice.
pub fn read_all<'a>(list: &Value<'a>, globals: &Globals) -> Vec<Named<'a>> {
    let mut lines: BTreeMap<String, u32> = BTreeMap::new();
    list.list_of(|value| {
        let named = read(value, globals)?;
        if let Some(first) = lines.insert(named.receiver.name.clone(), named.name.mark().line) {
            let message = format!("another receiver on line {first} has this name");
            named.name.error(message, "give each receiver its own name");
        }
        Some(named)
    })
}

fn read<'a>(value: &Value<'a>, globals: &Globals) -> Option<Named<'a>> {
    let map = value.map(&RECEIVER)?;
    let slack = map.get("slack_configs").map(|list| list.list_of(|item| slack::read(item, globals)));
    let email = map.get("email_configs").map(|list| list.list_of(|item| email::read(item, globals)));
    let webhook = map.get("webhook_configs").map(|list| list.list_of(|item| webhook::read(item, globals)));
    let name = map.get("name")?;
    let receiver = Receiver {
        name: name.nonempty()?,
        slack: slack.unwrap_or_default(),
        email: email.unwrap_or_default(),
        webhook: webhook.unwrap_or_default(),
    };
    Some(Named { receiver, name })
}

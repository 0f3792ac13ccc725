//! `relabel_configs` and `metric_relabel_configs`, with the checks that Prometheus makes.

use super::super::decode::{Field, Map, Shape, Table, Value, is_label_name};
use super::super::scrape::{RelabelAction as Action, RelabelConfig};
use crate::domain::selector::anchored;
use regex::Regex;

pub static RELABEL: Table = Table {
    title: "relabel_config",
    fields: &[
        Field::opt("source_labels", Shape::List(&Shape::Text), "labels whose values are joined"),
        Field::opt("separator", Shape::Text, "between joined values, default ;"),
        Field::opt("regex", Shape::Text, "anchored pattern, default (.*)"),
        Field::opt("target_label", Shape::Text, "label that is written"),
        Field::opt("replacement", Shape::Text, "what is written, with $1 for groups, default $1"),
        Field::opt("modulus", Shape::Integer, "of the hash, for hashmod"),
        Field::opt("action", Shape::Choice(&ACTION_NAMES), "default replace"),
    ],
    refused: &[],
};

const ACTION_NAMES: [&str; 11] = [
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
];

const ACTIONS: [Action; 11] = [
    Action::Replace,
    Action::Keep,
    Action::Drop,
    Action::KeepEqual,
    Action::DropEqual,
    Action::HashMod,
    Action::LabelMap,
    Action::LabelDrop,
    Action::LabelKeep,
    Action::Lowercase,
    Action::Uppercase,
];

const DEFAULT_REGEX: &str = "(.*)";

/// Decodes a list of steps.
pub fn read_all(list: &Value<'_>) -> Vec<RelabelConfig> {
    list.list_of(read)
}

fn read(value: &Value<'_>) -> Option<RelabelConfig> {
    let map = value.map(&RELABEL)?;
    let action = map.get("action").map_or(Some(Action::Replace), |value| action(&value));
    let regex = map.get("regex").map_or_else(|| anchored(DEFAULT_REGEX).ok(), |value| regex(&value));
    let source_labels = map.get("source_labels").map(|list| list.list_of(|item| item.text())).unwrap_or_default();
    let separator = map.get("separator").and_then(|v| v.text());
    // `$` has a meaning of its own in these two.
    let target_label = map.get("target_label").and_then(|v| v.raw_text()).unwrap_or_default();
    let replacement = map.get("replacement").and_then(|v| v.raw_text());
    let modulus = map.get("modulus").and_then(|v| v.integer()).unwrap_or(0);
    let action = action?;
    check(&map, action, &target_label, modulus);
    Some(RelabelConfig {
        source_labels,
        separator: separator.unwrap_or_else(|| ";".to_owned()),
        regex: regex?,
        target_label,
        replacement: replacement.unwrap_or_else(|| "$1".to_owned()),
        modulus,
        action,
    })
}

/// Prometheus takes actions in any case.
fn action(value: &Value<'_>) -> Option<Action> {
    let text = value.text()?.to_lowercase();
    match ACTION_NAMES.iter().position(|name| *name == text) {
        Some(index) => Some(ACTIONS[index]),
        None => {
            let choices: Vec<(&'static str, ())> = ACTION_NAMES.iter().map(|name| (*name, ())).collect();
            value.choice(&choices);
            None
        }
    }
}

fn regex(value: &Value<'_>) -> Option<Regex> {
    match anchored(&value.text()?) {
        Ok(regex) => Some(regex),
        Err(_) if value.is_expanded() => {
            value.error("not a regular expression after its variables were replaced", "check the variables");
            None
        }
        Err(message) => {
            value.error("not a regular expression", message);
            None
        }
    }
}

/// What each action needs and what it ignores.
fn check(map: &Map<'_>, action: Action, target_label: &str, modulus: u64) {
    let needs_target = matches!(
        action,
        Action::Replace
            | Action::HashMod
            | Action::Lowercase
            | Action::Uppercase
            | Action::KeepEqual
            | Action::DropEqual
    );
    if needs_target && target_label.is_empty() {
        map.value().error("this action needs target_label", "add target_label: name");
    }
    let plain = !target_label.contains('$') || action != Action::Replace;
    if let Some(value) = map.get("target_label")
        && plain
        && !target_label.is_empty()
        && !is_label_name(target_label)
    {
        value.error("not a label name", "a label name is a letter or _, then letters, digits and _");
    }
    if action == Action::HashMod && modulus == 0 {
        map.value().error("hashmod needs a modulus above 0", "add modulus: 8");
    }
    if matches!(action, Action::KeepEqual | Action::DropEqual) && !map.has("source_labels") {
        map.value().error("this action needs source_labels", "add source_labels: [name]");
    }
    let unused: &[&'static str] = match action {
        Action::KeepEqual | Action::DropEqual => &["regex", "separator", "replacement", "modulus"],
        Action::LabelDrop | Action::LabelKeep => {
            &["source_labels", "target_label", "separator", "replacement", "modulus"]
        }
        _ => &[],
    };
    for key in unused {
        if let Some(value) = map.get(key) {
            value.error(format!("{key} has no meaning with this action"), "remove it");
        }
    }
}

//! What Sloth, Pyrra and OpenSLO files have in common when they are read.

use super::fidelity::Notes;
use super::names;
use super::pairs::{is_unreachable, objective_needed};
use super::promql::{Compiled, Refusal, Refused};
use crate::config::decode::{Value, is_label_name};
use crate::config::yaml::Kind;
use crate::domain::group::{ALERT_LABELS, shown_label};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Indicator, Measure, NoData, Objective, Pair, Policy, Severity, Tally};
use crate::domain::time::format_duration;
use std::collections::BTreeMap;
use std::time::Duration;

/// Without a word of the file, an SLO counts as not measured after this time, and nobody is told.
pub(super) const NO_DATA: NoData = NoData { after: Duration::from_secs(5 * 60), severity: None };

/// A name as slowburn can have it; what had to be changed is noted.
pub(super) fn name(value: &Value<'_>, field: &str, notes: &mut Notes) -> Option<String> {
    let text = value.nonempty()?;
    if names::is_name(&text) {
        return Some(text);
    }
    match names::mended_name(&text) {
        Some(mended) => {
            notes.changed(field, format!("{text:?} becomes {mended:?}: {}", names::NAME_RULE));
            Some(mended)
        }
        None => {
            value.error("not a usable name", names::NAME_RULE);
            None
        }
    }
}

/// Labels for alerts. Names that Prometheus would not take are mended; those that every alert carries are kept with
/// `exported_` in front.
pub(super) fn labels(value: &Value<'_>, field: &str, notes: &mut Notes) -> Labels {
    let entries = value.entries().unwrap_or_default();
    let texts = entries.iter().filter_map(|(key, _, value)| Some((*key, label_value(value)?)));
    renamed(&texts.collect(), field, notes)
}

/// As [`labels`], from texts that were read already.
pub(super) fn renamed(found: &Labels, field: &str, notes: &mut Notes) -> Labels {
    let mut labels = Labels::new();
    for (key, text) in found.iter() {
        let label = label_name(key);
        if ALERT_LABELS.contains(&key) {
            notes.changed(
                field,
                format!("{key}={text:?} is kept as {label}: every alert has a {key} of slowburn's own"),
            );
        } else if label != key {
            notes.changed(field, format!("the label {key} becomes {label}"));
        }
        labels.set(label, text);
    }
    labels
}

/// The name under which a label of another format is kept.
pub(super) fn label_name(key: &str) -> String {
    let mut label = legal(key);
    if !is_label_name(&label) || label.starts_with("__") {
        label.insert_str(0, "label_");
    }
    shown_label(&label)
}

fn legal(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// A text, or a list of texts joined by commas; nothing for nothing.
fn label_value(value: &Value<'_>) -> Option<String> {
    match value.node().kind() {
        _ if value.node().is_null() => None,
        Kind::List(_) => Some(value.list_of(|item| item.text()).join(",")),
        _ => value.text(),
    }
}

/// Annotations for alerts, as [`texts`] reads them; names that slowburn would not take are mended.
pub(super) fn annotations(value: &Value<'_>, field: &str, notes: &mut Notes) -> Labels {
    named(&texts(value, field, notes), field, notes)
}

/// Texts by any names; templates in them stay as they are, which is noted.
pub(super) fn texts(value: &Value<'_>, field: &str, notes: &mut Notes) -> Labels {
    let mut texts = Labels::new();
    for (key, _, value) in value.entries().unwrap_or_default() {
        let Some(text) = label_value(&value) else { continue };
        if text.contains("{{") {
            notes.changed(field, format!("the template in {key} is not expanded"));
        }
        texts.set(key, text);
    }
    texts
}

/// Annotations under names that slowburn takes.
pub(super) fn named(found: &Labels, field: &str, notes: &mut Notes) -> Labels {
    let mut annotations = Labels::new();
    for (key, text) in found.iter() {
        let mut name = legal(key);
        if !is_label_name(&name) {
            name.insert_str(0, "annotation_");
        }
        if name != key {
            notes.changed(field, format!("the annotation {key} becomes {name}"));
        }
        annotations.set(name, text);
    }
    annotations
}

/// The runbook that annotations link to.
pub(super) fn runbook(annotations: &Labels) -> Option<String> {
    let keys = ["runbook_url", "runbook", "runbookUrl", "runbookURL"];
    let link = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    keys.iter().find_map(|key| annotations.get(key).filter(link)).map(str::to_owned)
}

/// Reports a query that can't be counted, at the part to blame.
pub(super) fn refuse(query: &Value<'_>, refusal: &Refusal) {
    query.error_about(&refusal.expression, refusal.offset.unwrap_or(0), &*refusal.why, &*refusal.help);
}

/// Reports which of two queries can't be counted.
pub(super) fn refuse_one(part: &Value<'_>, total: &Value<'_>, refused: &Refused) {
    match refused {
        Refused::Part(refusal) => refuse(part, refusal),
        Refused::Total(refusal) => refuse(total, refusal),
    }
}

/// Reports labels that split the budget and are also set to one value for all alerts, as in slowburn's own files: which
/// of the two is meant can't be told.
pub(super) fn refuse_set_groups(at: &Value<'_>, by: &[String], labels: &Labels, policy: &Policy) {
    for label in by.iter().filter(|label| labels.get(label).is_some() || policy.sets_label(label)) {
        at.error(
            format!("budgets are kept by {label}, and a label sets {label} to one value for the alerts of all of them"),
            "leave out the label, or the grouping: Prometheus fails on rules with both",
        );
    }
}

/// Notes what a query has become.
pub(super) fn note_query(field: &str, compiled: &Compiled, notes: &mut Notes) {
    notes.taken(field, counted(&compiled.indicator));
    if !compiled.by.is_empty() {
        notes.taken(field, format!("one budget for each value of {}", compiled.by.join(", ")));
    }
    for note in &compiled.notes {
        notes.changed(field, note.clone());
    }
}

/// What an indicator counts, in a line.
fn counted(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Events { .. } => "counters of all events and of a part of them, counted event by event".to_owned(),
        Indicator::Latency { histogram, threshold_text, .. } => {
            format!("latency: events of {histogram} within the bucket {threshold_text}")
        }
        Indicator::Scrape { .. } => "each scrape is an event, good when it succeeds".to_owned(),
        Indicator::Terms { terms, .. } if terms.iter().any(|term| term.tally != Tally::Growth) => {
            "each sample of a gauge is an event".to_owned()
        }
        Indicator::Terms { terms, .. } => format!("a weighted sum of {} counters, counted event by event", terms.len()),
    }
}

/// Warns of pairs that can never fire under the objective.
pub(super) fn warn_of_unreachable(at: &Value<'_>, pairs: &[Pair], objective: Objective) {
    for pair in pairs.iter().filter(|pair| is_unreachable(pair.factor, objective)) {
        at.warn(
            format!(
                "the {} over {} and {} with factor {} can never fire under this objective",
                pair.severity,
                format_duration(pair.long),
                format_duration(pair.short),
                pair.factor
            ),
            format!("it works above an objective of {}", objective_needed(pair.factor)),
        );
    }
}

/// A policy that alerts on nothing.
pub(super) fn no_alerts() -> Policy {
    Policy {
        pairs: Vec::new(),
        measure: Measure::BurnRate,
        no_data: NO_DATA,
        budget: Vec::new(),
        runbook_url: None,
        labels: Labels::new(),
        annotations: Labels::new(),
        of_severity: BTreeMap::new(),
    }
}

/// A pair without guards.
pub(super) fn pair(severity: Severity, long: Duration, short: Duration, factor: Ratio) -> Pair {
    Pair { severity, long, short, factor, r#for: Duration::ZERO, keep_firing_for: Duration::ZERO, min_bad_events: 0.0 }
}

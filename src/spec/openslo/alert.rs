//! Alert policies and conditions: a burn rate over one window each.
//!
//! A condition looks at one window only, so its pair has the same window twice, unless the policy's annotation
//! `slowburn/short-window`, which `export` writes, names another one. Without a policy nothing alerts, as the file says
//! nothing of alerts.

use super::super::fidelity::Notes;
use super::super::foreign;
use super::annotations::{self, SHORT_WINDOW};
use super::keys::{BURN, CONDITION, CONDITION_REF, POLICY, POLICY_REF};
use super::{Library, units};
use crate::config::decode::{Map, Value};
use crate::domain::group::shown_label;
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Extras, Pair, Policy, Severity};
use crate::domain::time::format_duration;
use std::time::Duration;

/// Words by which people name what must wake someone.
const URGENT: [&str; 10] = ["page", "crit", "urgent", "high", "fatal", "emergency", "p0", "p1", "sev0", "sev1"];

/// A burn rate that alerts.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    word: String,
    pair: Pair,
    notes: Notes,
}

/// When to alert.
#[derive(Clone, Debug)]
pub(super) struct AlertPolicy {
    breaching: bool,
    no_data: bool,
    /// By annotations.
    short: Option<Duration>,
    severity: Option<Severity>,
    conditions: Vec<Reference>,
    notes: Notes,
}

#[derive(Clone, Debug)]
enum Reference {
    Named(String),
    Inline(Box<Condition>),
}

/// Reads the `spec` of an AlertCondition.
pub(super) fn condition(value: &Value<'_>) -> Option<Condition> {
    let map = value.lenient_map(&CONDITION)?;
    let mut notes = Notes::default();
    let word = map.get("severity")?.nonempty()?;
    let burn = map.get("condition")?.lenient_map(&BURN)?;
    let kind = burn.get("kind")?;
    if kind.text()? != "burnrate" {
        kind.error("slowburn knows conditions of the kind burnrate", "write kind: burnrate");
        return None;
    }
    note_op(&burn, &mut notes)?;
    let threshold_at = burn.get("threshold")?;
    let threshold = threshold_at.decimal().filter(|threshold| *threshold > Ratio::ZERO);
    if threshold.is_none() {
        threshold_at.error("a burn rate is above zero", "write it like 14.4");
    }
    let lookback = burn.get("lookbackWindow").and_then(|window| units::duration(&window))?;
    let after = match burn.get("alertAfter") {
        Some(after) if after.node().text() != Some("0m") => units::duration(&after)?,
        _ => Duration::ZERO,
    };
    let pair = Pair { r#for: after, ..foreign::pair(severity(&word), lookback, lookback, threshold?) };
    Some(Condition { word, pair, notes })
}

/// The severity that a word stands for.
pub fn severity(word: &str) -> Severity {
    let lower = word.to_lowercase();
    if URGENT.iter().any(|urgent| lower.contains(urgent)) { Severity::Page } else { Severity::Ticket }
}

/// Only rising above the threshold can be meant, whatever `op` says.
fn note_op(burn: &Map<'_>, notes: &mut Notes) -> Option<()> {
    let Some(at) = burn.get("op") else { return Some(()) };
    match at.text()?.as_str() {
        "gt" => {}
        "gte" => notes.changed("condition.op", "gte is read as above, not at, the threshold"),
        "lt" | "lte" => {
            at.warn("a burn rate below its threshold is no reason to alert", "write op: gt");
            notes.changed("condition.op", "it is read as above the threshold");
        }
        _ => {
            at.error("slowburn knows the comparisons gt and gte here", "write op: gt");
            return None;
        }
    }
    Some(())
}

/// Reads an AlertPolicy from its `spec` and its `metadata`.
pub(super) fn policy(value: &Value<'_>, metadata: Option<&Value<'_>>) -> Option<AlertPolicy> {
    let map = value.lenient_map(&POLICY)?;
    let mut notes = Notes::default();
    let switch = |key| map.get(key).and_then(|value: Value<'_>| value.boolean()).unwrap_or(false);
    let (breaching, no_data, resolved) =
        (switch("alertWhenBreaching"), switch("alertWhenNoData"), switch("alertWhenResolved"));
    if !breaching {
        value.warn("the policy does not alert when its condition holds", "write alertWhenBreaching: true");
    }
    let how = if resolved { "send_resolved: true" } else { "send_resolved: false" };
    notes.left_out("alertWhenResolved", format!("each receiver says whether it tells of the end; here {how} is meant"));
    if map.has("notificationTargets") {
        notes.left_out("notificationTargets", "messages go by route and receivers of the main file");
    }
    let conditions = map.get("conditions")?.list_of(|item| reference(item));
    let short = metadata.and_then(annotations::short_window);
    let severity = metadata.and_then(annotations::severity);
    Some(AlertPolicy { breaching, no_data, short, severity, conditions, notes })
}

fn reference(value: &Value<'_>) -> Option<Reference> {
    let map = value.lenient_map(&CONDITION_REF)?;
    map.exactly_one(&["conditionRef", "spec"]);
    match map.get("conditionRef") {
        Some(name) => name.nonempty().map(Reference::Named),
        None => condition(&map.get("spec")?).map(|condition| Reference::Inline(Box::new(condition))),
    }
}

/// The SLO's policy from all its alert policies, with what its `metadata` says.
pub(super) fn read(list: Option<&Value<'_>>, metadata: &Value<'_>, library: &Library, notes: &mut Notes) -> Policy {
    let mut all = foreign::no_alerts();
    if let Some(after) = annotations::no_data_after(metadata) {
        all.no_data.after = after;
    }
    let items = list.map(|list| list.list().unwrap_or_default()).unwrap_or_default();
    if items.is_empty() {
        notes.left_out("alertPolicies", "there are none, so nothing alerts; the budget is counted and shown");
    }
    for item in &items {
        let Some((at, policy)) = named_policy(item, library) else { continue };
        notes.extend(&policy.notes);
        for condition in policy.conditions.iter().filter_map(|reference| resolved(reference, &at, library)) {
            add(&mut all, &policy, condition, &at, notes);
        }
    }
    all.pairs.sort_by_key(|pair| (pair.severity, pair.long));
    all
}

fn named_policy<'a>(item: &Value<'a>, library: &Library) -> Option<(Value<'a>, AlertPolicy)> {
    let map = item.lenient_map(&POLICY_REF)?;
    map.exactly_one(&["alertPolicyRef", "spec"]);
    let Some(name_at) = map.get("alertPolicyRef") else {
        let at = map.get("spec")?;
        let policy = policy(&at, map.get("metadata").as_ref())?;
        return Some((at, policy));
    };
    let name = name_at.nonempty()?;
    let policy = library.policies.find(&name, "AlertPolicy", &name_at)?;
    Some((name_at, policy.clone()))
}

fn resolved<'l>(reference: &'l Reference, at: &Value<'_>, library: &'l Library) -> Option<&'l Condition> {
    match reference {
        Reference::Inline(condition) => Some(condition),
        Reference::Named(name) => library.conditions.find(name, "AlertCondition", at),
    }
}

fn add(all: &mut Policy, policy: &AlertPolicy, condition: &Condition, at: &Value<'_>, notes: &mut Notes) {
    let pair = pair(policy, condition, at);
    let Pair { severity, long, short, factor, .. } = pair;
    notes.extend(&condition.notes);
    if policy.no_data {
        all.no_data.severity = Some(severity.min(all.no_data.severity.unwrap_or(severity)));
        notes.taken("alertWhenNoData", format!("no data for {} is a {severity}", format_duration(all.no_data.after)));
    }
    if !policy.breaching {
        notes.left_out("alertPolicies", "a policy without alertWhenBreaching does not alert on its condition");
        return;
    }
    let label = shown_label("severity");
    let mut windows = format_duration(long);
    if short < long {
        windows = format!("{windows} and {}", format_duration(short));
    }
    notes.changed(
        "alertPolicies",
        format!("a burn rate above {factor} over {windows} is a {severity}; {:?} is its label {label}", condition.word),
    );
    if !all.pairs.contains(&pair) {
        all.pairs.push(pair);
    }
    let labels = Labels::new().with(label, condition.word.clone());
    all.of_severity.entry(severity).or_insert(Extras { labels, annotations: Labels::new() });
}

/// The condition's pair, with what annotations of the policy say of it.
fn pair(policy: &AlertPolicy, condition: &Condition, at: &Value<'_>) -> Pair {
    let severity = policy.severity.unwrap_or(condition.pair.severity);
    let pair = Pair { severity, ..condition.pair };
    let Some(short) = policy.short else { return pair };
    if short >= pair.long {
        let (short, long) = (format_duration(short), format_duration(pair.long));
        at.warn(
            format!("the annotation {SHORT_WINDOW} of {short} is not below the condition's window of {long}"),
            "it is left aside; write a shorter one, or none",
        );
        return pair;
    }
    Pair { short, ..pair }
}

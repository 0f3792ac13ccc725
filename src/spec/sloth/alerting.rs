//! `alerting`: the pairs of the catalogue, less what is disabled, and what the alerts carry.
//!
//! slowburn's alerts keep their own `alertname` and `severity`. Sloth's names for the same things go beside them, so
//! that routes and silences that look for them still find them.

use super::super::fidelity::Notes;
use super::super::foreign;
use super::Scope;
use super::keys::ALERT;
use crate::config::decode::{Map, Value};
use crate::domain::group::shown_label;
use crate::domain::labels::Labels;
use crate::domain::slo::{Extras, Policy, Severity, SloId};

/// Reads the policy; mistakes are reported.
pub(super) fn read(value: Option<&Value<'_>>, scope: &Scope<'_>, id: Option<&SloId>, notes: &mut Notes) -> Policy {
    let map = value.and_then(|value| value.lenient_map(scope.keys.alerting));
    let get = |key| map.as_ref().and_then(|map: &Map<'_>| map.get(key));
    let mut labels = id.map(sloth_labels).unwrap_or_default();
    labels.merge(&get("labels").map(|own| foreign::labels(&own, "alerting.labels", notes)).unwrap_or_default());
    let annotations =
        get("annotations").map(|own| foreign::annotations(&own, "alerting.annotations", notes)).unwrap_or_default();
    if let Some(name) = get("name").and_then(|name| name.text()) {
        let label = shown_label("alertname");
        notes.changed("alerting.name", format!("alerts are named ErrorBudgetBurn; {name:?} is their label {label}"));
        labels.set(label, name);
    }
    let mut policy = Policy {
        pairs: scope.catalogue.pairs.clone(),
        runbook_url: foreign::runbook(&annotations),
        labels,
        annotations,
        ..foreign::no_alerts()
    };
    for (key, severity) in [(scope.keys.page_alert, Severity::Page), (scope.keys.ticket_alert, Severity::Ticket)] {
        alert(get(key).as_ref(), &format!("alerting.{key}"), severity, &mut policy, notes);
    }
    policy
}

/// The labels that all of Sloth's series carry, and so its alerts.
fn sloth_labels(id: &SloId) -> Labels {
    Labels::new()
        .with("sloth_id", format!("{}-{}", id.service, id.name))
        .with("sloth_service", id.service.clone())
        .with("sloth_slo", id.name.clone())
}

/// What belongs to the alerts of one severity.
fn alert(value: Option<&Value<'_>>, field: &str, severity: Severity, policy: &mut Policy, notes: &mut Notes) {
    let map = value.and_then(|value| value.lenient_map(&ALERT));
    let get = |key| map.as_ref().and_then(|map: &Map<'_>| map.get(key));
    if get("disable").and_then(|disable| disable.boolean()) == Some(true) {
        policy.pairs.retain(|pair| pair.severity != severity);
        notes.taken(field, "disabled");
        return;
    }
    let mut labels = Labels::new().with("sloth_severity", severity.to_string());
    let labels_field = format!("{field}.labels");
    labels.merge(&get("labels").map(|own| foreign::labels(&own, &labels_field, notes)).unwrap_or_default());
    let annotations = get("annotations")
        .map(|own| foreign::annotations(&own, &format!("{field}.annotations"), notes))
        .unwrap_or_default();
    if policy.runbook_url.is_none() {
        policy.runbook_url = foreign::runbook(&annotations);
    }
    notes.taken(field, format!("{} pairs of windows; labels and annotations", policy.pairs_of(severity).count()));
    policy.of_severity.insert(severity, Extras { labels, annotations });
}

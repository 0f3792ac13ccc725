//! Pyrra's `ServiceLevelObjective` (`pyrra.dev/v1alpha1`).
//!
//! A document is one SLO. Its service here is its namespace, for Pyrra has no services. Windows and factors are Pyrra's
//! own: parts of the SLO window, with factors that do not depend on it.

mod alerting;
mod indicator;
mod keys;

use super::declared::{Declared, place};
use super::definition::definition;
use super::fidelity::{Fidelity, Notes};
use super::slowburn::rolling_window;
use super::{foreign, percent};
use crate::config::decode::{Map, Value};
use crate::domain::labels::Labels;
use crate::domain::slo::{Objective, Policy, Slo, SloId, SloWindow};
use keys::{DOCUMENT, METADATA, SPEC};
use std::time::Duration;

/// What stands before the labels and annotations that Pyrra hands on.
const PREFIX: &str = "pyrra.dev/";

/// Kubernetes's own name for no namespace.
const NO_NAMESPACE: &str = "default";

/// Reads one document.
pub(super) fn read(root: &Value<'_>, source: &str, declared: &mut Declared) -> Vec<(Slo, Fidelity)> {
    slo(root, source, declared).into_iter().collect()
}

fn slo(root: &Value<'_>, source: &str, declared: &mut Declared) -> Option<(Slo, Fidelity)> {
    let errors_before = root.context().errors();
    let (metadata, spec) = opened(root)?;
    let mut notes = Notes::default();
    let id = id(&metadata, &mut notes, declared);
    let objective = spec.get("target").and_then(|target| percent::float_objective(&target));
    let window = spec.get("window").and_then(|window| rolling_window(&window));
    let compiled = spec.get("indicator").and_then(|indicator| indicator::read(&indicator, &mut notes));
    let labels = handed_on(metadata.get("labels"), "metadata.labels", &mut notes);
    let labels = foreign::renamed(&labels, "metadata.labels", &mut notes);
    let annotations = handed_on(metadata.get("annotations"), "metadata.annotations", &mut notes);
    let annotations = foreign::named(&annotations, "metadata.annotations", &mut notes);
    let policy = policy(&spec, objective, window, annotations, &mut notes);
    if let (Some(at), Some(compiled), Some(policy)) = (spec.get("indicator"), &compiled, &policy) {
        foreign::refuse_set_groups(&at, &compiled.by, &labels, policy);
    }
    note_the_rest(&spec, &mut notes);
    let description = spec.get("description").and_then(|text| text.text()).unwrap_or_default();
    if root.context().errors() > errors_before {
        return None;
    }
    let (id, compiled, source_place) = (id?, compiled?, place(root));
    let report = notes.into_report("pyrra", &id, &source_place);
    let slo = Slo {
        id,
        description,
        labels,
        objective: objective?,
        window: SloWindow::Rolling(window?),
        by: compiled.by,
        indicator: compiled.indicator,
        timeslices: None,
        policy: policy?,
        maintenance: Vec::new(),
        source: source_place,
        definition: definition(root, source),
    };
    Some((slo, report))
}

/// `metadata` and `spec`, both opened.
fn opened<'a>(root: &Value<'a>) -> Option<(Map<'a>, Map<'a>)> {
    let document = root.lenient_map(&DOCUMENT)?;
    let kind = document.get("kind")?;
    if kind.text()? != "ServiceLevelObjective" {
        kind.error("this is no SLO", "slowburn reads the kind ServiceLevelObjective of Pyrra");
        return None;
    }
    let metadata = document.get("metadata").and_then(|metadata| metadata.lenient_map(&METADATA));
    let spec = document.get("spec").and_then(|spec| spec.lenient_map(&SPEC));
    Some((metadata?, spec?))
}

fn policy(
    spec: &Map<'_>,
    objective: Option<Objective>,
    window: Option<Duration>,
    annotations: Labels,
    notes: &mut Notes,
) -> Option<Policy> {
    let (objective, window) = (objective?, window?);
    let policy = alerting::read(spec.get("alerting").as_ref(), objective, window, annotations, notes);
    foreign::warn_of_unreachable(&spec.get("target")?, &policy.pairs, objective);
    Some(policy)
}

fn id(metadata: &Map<'_>, notes: &mut Notes, declared: &mut Declared) -> Option<SloId> {
    let name_at = metadata.get("name")?;
    let name = foreign::name(&name_at, "metadata.name", notes)?;
    let service = match metadata.get("namespace") {
        Some(namespace) => foreign::name(&namespace, "metadata.namespace", notes)?,
        None => NO_NAMESPACE.to_owned(),
    };
    notes.changed("metadata.namespace", format!("{service} is the service"));
    let id = SloId { service, name };
    declared.claim(&id, &name_at);
    Some(id)
}

/// Labels or annotations with Pyrra's prefix, without it.
fn handed_on(value: Option<Value<'_>>, field: &str, notes: &mut Notes) -> Labels {
    let all = value.map(|value| foreign::texts(&value, field, notes)).unwrap_or_default();
    let own: Labels = all.iter().filter_map(|(name, text)| Some((name.strip_prefix(PREFIX)?, text))).collect();
    if own.len() < all.len() {
        notes.left_out(field, format!("those without {PREFIX} in front are Kubernetes's; Pyrra leaves them out too"));
    }
    own
}

fn note_the_rest(spec: &Map<'_>, notes: &mut Notes) {
    notes.as_written(&["name", "description", "target", "window"]);
    for (key, why) in [
        ("performanceOverAccuracy", "slowburn's windows cost the same and are exact"),
        ("partial_response_strategy", "slowburn asks no Thanos"),
        ("ruleOutput", "slowburn writes no rules"),
    ] {
        if spec.has(key) {
            notes.left_out(key, why);
        }
    }
}

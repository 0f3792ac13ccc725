//! Sloth's formats: `version: prometheus/v1`, its Kubernetes resource, and catalogues of windows.
//!
//! What Sloth would write as recording and alerting rules is counted here event by event: the same objective, windows
//! and factors, without the bias of averaged ratios. Keys that Sloth ignores are ignored with a warning.

mod alerting;
mod keys;
mod plugin;
mod slo;
mod windows;

pub(super) use windows::Catalogues;

use super::declared::Declared;
use super::fidelity::{Fidelity, Notes};
use super::foreign;
use crate::config::decode::{Map, Value};
use crate::domain::labels::Labels;
use crate::domain::slo::Slo;
use keys::{CAMEL, DOCUMENT, Keys, PLUGIN_OF_RULES, PLUGINS, RESOURCE, SNAKE, SPEC};
use windows::Catalogue;

/// What an SLO takes from its document.
struct Scope<'a> {
    keys: &'static Keys,
    /// `None` when it is missing or wrong, which was reported.
    service: Option<String>,
    labels: Labels,
    catalogue: Catalogue,
    /// What was noted about the document as a whole.
    notes: Notes,
    /// The text of the file.
    source: &'a str,
}

/// Reads one document of `version: prometheus/v1`.
pub(super) fn read(
    root: &Value<'_>,
    source: &str,
    catalogues: &Catalogues,
    declared: &mut Declared,
) -> Vec<(Slo, Fidelity)> {
    let Some(document) = root.lenient_map(&DOCUMENT) else { return Vec::new() };
    slos(&document, &SNAKE, Notes::default(), source, catalogues, declared)
}

/// Reads one Kubernetes resource.
pub(super) fn read_resource(
    root: &Value<'_>,
    source: &str,
    catalogues: &Catalogues,
    declared: &mut Declared,
) -> Vec<(Slo, Fidelity)> {
    let spec = root.lenient_map(&RESOURCE).and_then(|resource| {
        let kind = resource.get("kind")?;
        if kind.text()? != "PrometheusServiceLevel" {
            kind.error(
                "these are no SLOs",
                "slowburn reads the kinds PrometheusServiceLevel and AlertWindows of Sloth",
            );
            return None;
        }
        resource.get("spec")?.lenient_map(&SPEC)
    });
    let Some(spec) = spec else { return Vec::new() };
    let mut notes = Notes::default();
    notes.left_out("metadata", "names and labels of the Kubernetes resource tell nothing about its SLOs");
    slos(&spec, &CAMEL, notes, source, catalogues, declared)
}

fn slos(
    map: &Map<'_>,
    keys: &'static Keys,
    mut notes: Notes,
    source: &str,
    catalogues: &Catalogues,
    declared: &mut Declared,
) -> Vec<(Slo, Fidelity)> {
    let service = map.get("service").and_then(|service| foreign::name(&service, "service", &mut notes));
    let labels = map.get("labels").map(|own| foreign::labels(&own, "labels", &mut notes)).unwrap_or_default();
    if let Some(plugins) = map.get(keys.slo_plugins) {
        note_plugins(&plugins, keys.slo_plugins, &mut notes);
    }
    let scope = Scope { keys, service, labels, catalogue: catalogues.choose(), notes, source };
    let Some(list) = map.get("slos") else { return Vec::new() };
    list.list_of(|value| slo::read(value, &scope, declared))
}

/// Plugins that write rules: slowburn writes none.
fn note_plugins(value: &Value<'_>, field: &str, notes: &mut Notes) {
    let Some(chain) = value.lenient_map(&PLUGINS).and_then(|plugins| plugins.get("chain")) else { return };
    let id = |plugin: &Value<'_>| plugin.lenient_map(&PLUGIN_OF_RULES)?.get("id")?.text();
    for plugin in chain.list_of(id) {
        let note = match plugin.as_str() {
            "sloth.dev/contrib/denominator_corrected_rules/v1" => {
                "needed by averaged ratios; slowburn counts events, so every event weighs the same anyway"
            }
            "sloth.dev/contrib/info_labels/v1" => "its labels go to a metric of Sloth's own",
            "sloth.dev/contrib/rule_intervals/v1" => "there are no rules: SLOs are evaluated after every scrape",
            _ => "it changes rules of Prometheus, and slowburn writes none",
        };
        notes.left_out(field, format!("{plugin}: {note}"));
    }
}

//! slowburn's own format, `version: slowburn/v1`.
//!
//! A document names a service and its SLOs. Each SLO is read whole even when a part of it is wrong, and one bad SLO
//! hides nothing of the next.

mod alerting;
mod indicator;
mod keys;
mod pair;
mod slo;
mod window;

pub use alerting::NO_DATA_AFTER;
pub(super) use keys::DOCUMENT;
pub(super) use window::{rolling as rolling_window, time_zone};

use super::declared::Declared;
use super::names;
use crate::config::decode::{Value, is_label_name};
use crate::config::diagnostics::Diagnostic;
use crate::config::yaml::Kind;
use crate::domain::labels::Labels;
use crate::domain::slo::Slo;

/// What stands after `version:`.
pub const VERSION: &str = "slowburn/v1";

/// What an SLO takes from its document.
struct Scope<'a> {
    /// `None` when it is missing or wrong, which was reported.
    service: Option<String>,
    labels: Labels,
    /// The text of the file.
    source: &'a str,
}

/// Reads one document.
pub(super) fn read(root: &Value<'_>, source: &str, declared: &mut Declared) -> Vec<Slo> {
    let Some(document) = root.map(&DOCUMENT) else { return Vec::new() };
    let scope = Scope {
        service: document.get("service").and_then(|service| name(&service)),
        labels: document.get("labels").map(|labels| alert_labels(&labels)).unwrap_or_default(),
        source,
    };
    let Some(list) = document.get("slos") else { return Vec::new() };
    let slos = list.list().unwrap_or_default();
    if slos.is_empty() && list.node().text().is_none() {
        list.warn("the list of SLOs is empty", "add one, or remove the document");
    }
    slos.iter().filter_map(|value| slo::read(value, &scope, declared)).collect()
}

/// The name of a service or an SLO.
fn name(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    if names::is_name(&name) {
        return Some(name);
    }
    // The value of a variable is not shown, in case that it is the wrong one.
    let mended = names::mended_name(&name).filter(|_| !value.is_expanded());
    let example = mended.map(|mended| format!("; for example {mended:?}")).unwrap_or_default();
    value.error("not a usable name", format!("{}{example}", names::NAME_RULE));
    None
}

/// Labels that go with alerts, which leave alone what slowburn sets itself; mistakes are reported.
fn alert_labels(value: &Value<'_>) -> Labels {
    let labels = value.labels().unwrap_or_default();
    let Kind::Map(entries) = value.node().kind() else { return labels };
    for key in entries.iter().map(|entry| &entry.key).filter(|key| is_label_name(&key.text)) {
        if let Some(help) = names::bad_label(&key.text) {
            let context = value.context();
            let found = Diagnostic::error(context.file(), key.mark, "this label can't be set");
            context.push(found.path(format!("{}.{}", value.path(), key.text)).value(&key.text).help(help));
        }
    }
    labels
}

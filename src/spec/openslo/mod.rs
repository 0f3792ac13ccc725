//! OpenSLO v1: SLOs, with the SLIs, alert policies, conditions and data sources that they name.
//!
//! Referenced documents may stand in any of the SLO files. They are gathered before the first SLO is read; an SLI that
//! nobody can count is only warned of until an SLO names it.

mod alert;
mod alpha;
pub mod annotations;
mod keys;
mod sli;
mod slo;
mod units;

pub use alert::severity;
pub(super) use alpha::read as read_alpha;

use super::declared::{Declared, place};
use super::fidelity::{Fidelity, Notes};
use crate::config::decode::{Map, Value, nearest};
use crate::domain::slo::Slo;
use alert::{AlertPolicy, Condition};
use keys::{DATA_SOURCE, DOCUMENT, METADATA, SERVICE, TARGET};
use sli::Sli;
use std::collections::BTreeMap;

/// Names that are looked at for a suggestion.
const MOST_SUGGESTED: usize = 100;

/// Documents that others refer to.
#[derive(Default)]
pub(super) struct Library {
    /// The kinds of data sources.
    sources: Shelf<String>,
    /// An SLI that can't be counted is kept as the reason.
    slis: Shelf<Result<(Sli, Notes), String>>,
    conditions: Shelf<Condition>,
    policies: Shelf<AlertPolicy>,
}

/// Documents of one kind by name, with their places.
struct Shelf<T>(BTreeMap<String, (T, String)>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Shelf<T> {
    /// The first of a name stays.
    fn put(&mut self, name: &Value<'_>, text: String, item: T) {
        match self.0.get(&text) {
            Some((_, first)) => name.warn(
                format!("there is another document of this kind and name at {first}, which is used"),
                "give each its own name",
            ),
            None => drop(self.0.insert(text, (item, place(name)))),
        }
    }

    /// The document of a name; reports at `at` when there is none.
    fn find(&self, name: &str, kind: &str, at: &Value<'_>) -> Option<&T> {
        if let Some((item, _)) = self.0.get(name) {
            return Some(item);
        }
        let help = match nearest(name, self.0.keys().take(MOST_SUGGESTED).map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("declare it in a file that slo_files names, with kind: {kind}"),
        };
        at.error(format!("there is no {kind} of the name {name}"), help);
        None
    }
}

/// Which documents a pass of gathering takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Those that lean on nothing.
    First,
    /// SLIs, which lean on data sources.
    Second,
}

impl Library {
    /// Takes one document that SLOs may refer to; SLOs themselves are left for later.
    pub fn add(&mut self, root: &Value<'_>, pass: Pass) {
        let kind = root.node().get("kind").and_then(|kind| kind.text()).unwrap_or_default();
        if kind == "SLO" || (kind == "SLI") != (pass == Pass::Second) {
            return;
        }
        let Some(document) = root.lenient_map(&DOCUMENT) else { return };
        let metadata = document.get("metadata").and_then(|metadata| metadata.lenient_map(&METADATA));
        let Some(name_at) = metadata.and_then(|metadata| metadata.get("name")) else { return };
        let (Some(name), Some(spec)) = (name_at.nonempty(), document.get("spec")) else { return };
        self.shelve(kind, &document, &name_at, name, &spec);
    }

    fn shelve(&mut self, kind: &str, document: &Map<'_>, name_at: &Value<'_>, name: String, spec: &Value<'_>) {
        match kind {
            "DataSource" => {
                let kind = spec.lenient_map(&DATA_SOURCE).and_then(|map| map.get("type")?.text());
                kind.into_iter().for_each(|kind| self.sources.put(name_at, name.clone(), kind));
            }
            "SLI" => self.add_sli(name_at, name, spec),
            "AlertCondition" => {
                alert::condition(spec).into_iter().for_each(|found| self.conditions.put(name_at, name.clone(), found));
            }
            "AlertPolicy" => {
                let found = alert::policy(spec, document.get("metadata").as_ref());
                found.into_iter().for_each(|found| self.policies.put(name_at, name.clone(), found));
            }
            "Service" => drop(spec.lenient_map(&SERVICE)),
            "AlertNotificationTarget" => drop(spec.lenient_map(&TARGET)),
            _ => document.get("kind").into_iter().for_each(|at| {
                at.error(
                    "unknown kind of OpenSLO document",
                    "known are SLO, SLI, Service, DataSource, AlertPolicy, AlertCondition and AlertNotificationTarget",
                );
            }),
        }
    }

    fn add_sli(&mut self, name_at: &Value<'_>, name: String, spec: &Value<'_>) {
        let mut notes = Notes::default();
        let found = match sli::read(spec, self, &mut notes) {
            None => return,
            Some(Ok(sli)) => Ok((sli, notes)),
            Some(Err(trouble)) => {
                trouble.warn();
                Err(trouble.sentence())
            }
        };
        self.slis.put(name_at, name, found);
    }

    /// The kind of a data source.
    fn kind_of_source(&self, name: &str) -> Option<&str> {
        self.sources.0.get(name).map(|(kind, _)| kind.as_str())
    }
}

/// Reads one document; only SLOs give anything.
pub(super) fn read(root: &Value<'_>, source: &str, library: &Library, declared: &mut Declared) -> Vec<(Slo, Fidelity)> {
    if root.node().get("kind").and_then(|kind| kind.text()) != Some("SLO") {
        return Vec::new();
    }
    match root.lenient_map(&DOCUMENT) {
        Some(document) => slo::read(root, &document, source, library, declared),
        None => Vec::new(),
    }
}

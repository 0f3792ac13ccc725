//! One entry of `slos`.

use super::super::declared::{Declared, place};
use super::super::definition::definition;
use super::super::fidelity::{Fidelity, Notes};
use super::super::promql::{self, Bare, Compiled};
use super::super::{foreign, percent};
use super::{Scope, alerting, note_plugins, plugin};
use crate::config::decode::{Map, Value};
use crate::domain::slo::{Part, Slo, SloId, SloWindow};
use crate::domain::time::format_duration;

/// Reads one SLO with the report on it; `None` when anything in it is wrong.
pub(super) fn read(value: &Value<'_>, scope: &Scope<'_>, declared: &mut Declared) -> Option<(Slo, Fidelity)> {
    let errors_before = value.context().errors();
    let map = value.lenient_map(scope.keys.slo)?;
    let mut notes = Notes::default();
    let id = id(&map, scope, &mut notes, declared);
    let objective_at = map.get("objective");
    let objective = objective_at.as_ref().and_then(percent::float_objective);
    notes.extend(&scope.notes);
    notes.as_written(&["service", "name", "description", "objective"]);
    let compiled = map.get("sli").and_then(|sli| indicator(&sli, scope, &mut notes));
    let mut labels = scope.labels.clone();
    labels.merge(&map.get("labels").map(|own| foreign::labels(&own, "labels", &mut notes)).unwrap_or_default());
    let policy = alerting::read(map.get("alerting").as_ref(), scope, id.as_ref(), &mut notes);
    if let (Some(at), Some(compiled)) = (map.get("sli"), &compiled) {
        foreign::refuse_set_groups(&at, &compiled.by, &labels, &policy);
    }
    if let (Some(at), Some(objective)) = (&objective_at, objective) {
        foreign::warn_of_unreachable(at, &policy.pairs, objective);
    }
    if let Some(plugins) = map.get("plugins") {
        note_plugins(&plugins, "plugins", &mut notes);
    }
    let description = map.get("description").and_then(|text| text.text()).unwrap_or_default();
    let window = SloWindow::Rolling(scope.catalogue.period);
    note_window(scope, &mut notes);
    if value.context().errors() > errors_before {
        return None;
    }
    let (id, compiled, source) = (id?, compiled?, place(value));
    let report = notes.into_report("sloth", &id, &source);
    let slo = Slo {
        id,
        description,
        labels,
        objective: objective?,
        window,
        by: compiled.by,
        indicator: compiled.indicator,
        timeslices: None,
        policy,
        maintenance: Vec::new(),
        source,
        definition: definition(value, scope.source),
    };
    Some((slo, report))
}

fn id(map: &Map<'_>, scope: &Scope<'_>, notes: &mut Notes, declared: &mut Declared) -> Option<SloId> {
    let value = map.get("name")?;
    let id = SloId { name: foreign::name(&value, "name", notes)?, service: scope.service.clone()? };
    declared.claim(&id, &value);
    Some(id)
}

fn note_window(scope: &Scope<'_>, notes: &mut Notes) {
    let length = format_duration(scope.catalogue.period);
    match &scope.catalogue.source {
        Some(source) => notes.taken("window", format!("{length} rolling, with the windows of {source}")),
        None => notes.taken("window", format!("{length} rolling, with Sloth's own windows; another period is chosen by a catalogue (kind: AlertWindows) among the SLO files")),
    }
}

fn indicator(value: &Value<'_>, scope: &Scope<'_>, notes: &mut Notes) -> Option<Compiled> {
    let map = value.lenient_map(scope.keys.sli)?;
    map.exactly_one(&["events", "raw", "plugin"]);
    let found = match (map.get("events"), map.get("raw"), map.get("plugin")) {
        (Some(at), _, _) => ("sli.events", events(&at, scope)?),
        (_, Some(at), _) => ("sli.raw", raw(&at, scope)?),
        (_, _, Some(at)) => ("sli.plugin", of_plugin(&at, notes)?),
        _ => return None,
    };
    foreign::note_query(found.0, &found.1, notes);
    Some(found.1)
}

fn events(value: &Value<'_>, scope: &Scope<'_>) -> Option<Compiled> {
    let keys = scope.keys;
    let map = value.lenient_map(keys.events)?;
    let (bad_at, total_at) = (map.get(keys.error_query)?, map.get(keys.total_query)?);
    let (bad, total) = (bad_at.nonempty()?, total_at.nonempty()?);
    match promql::events(&bad, Part::Bad, &total, Bare::Refused) {
        Ok(compiled) => Some(compiled),
        Err(refused) => {
            foreign::refuse_one(&bad_at, &total_at, &refused);
            None
        }
    }
}

fn raw(value: &Value<'_>, scope: &Scope<'_>) -> Option<Compiled> {
    let at = value.lenient_map(scope.keys.raw)?.get(scope.keys.error_ratio_query)?;
    let query = at.nonempty()?;
    match promql::ratio(&query, Part::Bad, Bare::Refused) {
        Ok(compiled) => Some(compiled),
        Err(refusal) => {
            foreign::refuse(&at, &refusal);
            None
        }
    }
}

fn of_plugin(value: &Value<'_>, notes: &mut Notes) -> Option<Compiled> {
    let (id, query) = plugin::query(value)?;
    match promql::ratio(&query, Part::Bad, Bare::Refused) {
        Ok(compiled) => {
            notes.changed("sli.plugin", format!("no program is run; {id} is read as the query it is known to give"));
            Some(compiled)
        }
        Err(refusal) => {
            value.error(
                format!("the plugin's query {:?} can't be counted: {}", refusal.expression, refusal.why),
                format!("check its options; {}", refusal.help),
            );
            None
        }
    }
}

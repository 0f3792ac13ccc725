//! One entry of `slos`.

use super::super::declared::{Declared, place};
use super::super::definition::definition;
use super::super::{names, percent};
use super::keys::{BUDGETING, MAINTENANCE, SLO, TIMESLICES, VERDICTS};
use super::{Scope, alert_labels, alerting, indicator, name, window};
use crate::config::decode::{Map, Value};
use crate::domain::slo::{Maintenance, SliceVerdict, Slo, SloId, Timeslices};
use std::time::Duration;

/// Reads one SLO; `None` when anything in it is wrong.
pub(super) fn read(value: &Value<'_>, scope: &Scope<'_>, declared: &mut Declared) -> Option<Slo> {
    let errors_before = value.context().errors();
    let map = value.map(&SLO)?;
    let id = id(&map, scope, declared);
    let objective = map.get("objective").and_then(|objective| percent::objective(&objective));
    let window = map.get("window").and_then(|slo_window| window::read(&slo_window));
    let timeslices = map.get("budgeting").and_then(|budgeting| timeslices(&budgeting));
    let indicator = map.get("sli").and_then(|sli| indicator::read(&sli));
    let basis = alerting::Basis { slo: &map, objective, window: window.as_ref(), timeslices };
    let policy = alerting::read(map.get("alerting").as_ref(), &basis);
    let mut labels = scope.labels.clone();
    labels.merge(&map.get("labels").map(|own| alert_labels(&own)).unwrap_or_default());
    let by = map
        .get("by")
        .map(|by| grouping(&by, &|label| labels.get(label).is_some() || policy.sets_label(label)))
        .unwrap_or_default();
    let maintenance = map.get("maintenance").map(|list| list.list_of(maintenance)).unwrap_or_default();
    let description = map.get("description").and_then(|text| text.text()).unwrap_or_default();
    if value.context().errors() > errors_before {
        return None;
    }
    Some(Slo {
        id: id?,
        description,
        labels,
        objective: objective?,
        window: window?,
        by,
        indicator: indicator?,
        timeslices,
        policy,
        maintenance,
        source: place(value),
        definition: definition(value, scope.source),
    })
}

fn id(map: &Map<'_>, scope: &Scope<'_>, declared: &mut Declared) -> Option<SloId> {
    let value = map.get("name")?;
    let id = SloId { name: name(&value)?, service: scope.service.clone()? };
    declared.claim(&id, &value);
    Some(id)
}

/// Labels that split the budget; alerts carry them, so they may not clash with the labels set there.
fn grouping(value: &Value<'_>, is_set: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut by: Vec<String> = Vec::new();
    for item in value.list().unwrap_or_default() {
        let Some(label) = item.text() else { continue };
        if let Some(why) = names::bad_grouping(&label) {
            item.error("budgets can't be kept by this label", why);
        } else if by.contains(&label) {
            item.error("the label is named twice", "remove one");
        } else if is_set(&label) {
            item.error("this label is also set under `labels`, to one value for all groups", "remove one of the two");
        } else {
            by.push(label);
        }
    }
    by
}

fn timeslices(value: &Value<'_>) -> Option<Timeslices> {
    let map = value.map(&BUDGETING)?.get("timeslices")?.map(&TIMESLICES)?;
    let slice = map.get("slice").and_then(|slice| slice_length(&slice));
    let target = map.get("target").and_then(|target| percent::slice_target(&target));
    let verdict = map.get("verdict").map_or(Some(SliceVerdict::Whole), |verdict| verdict.choice(&VERDICTS));
    Some(Timeslices { slice: slice?, target: target?, verdict: verdict? })
}

/// Whole seconds, so that slices stay aligned to the epoch on every clock that shows them.
fn slice_length(value: &Value<'_>) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(86_400);
    let slice = value.positive_duration()?;
    if slice.subsec_nanos() != 0 || slice > DAY {
        value.error("a slice is a number of whole seconds, at most a day", "write it like 30s, 1m or 5m");
        return None;
    }
    Some(slice)
}

fn maintenance(value: &Value<'_>) -> Option<Maintenance> {
    let map = value.map(&MAINTENANCE)?;
    let start = map.get("start").and_then(|start| start.timestamp());
    let end_at = map.get("end");
    let end = end_at.as_ref().and_then(Value::timestamp);
    let reason = map.get("reason").and_then(|reason| reason.text()).unwrap_or_default();
    let (start, end) = (start?, end?);
    if end <= start {
        end_at?.error(format!("the maintenance ends before it begins at {start}"), "write an end after the start");
        return None;
    }
    Some(Maintenance { start, end, reason })
}

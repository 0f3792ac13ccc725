//! SLO documents: each objective is an SLO of slowburn.

use super::super::declared::{Declared, place};
use super::super::definition::definition;
use super::super::fidelity::{Fidelity, Notes};
use super::super::promql::Compiled;
use super::super::{foreign, percent};
use super::keys::{INLINE, METADATA, OBJECTIVE, SLO};
use super::sli::{self, Sli};
use super::{Library, alert, annotations, units};
use crate::config::decode::{Map, Value};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Comparison, Objective, Policy, SliceVerdict, Slo, SloId, SloWindow, Timeslices};
use std::time::Duration;

/// What the objectives of one document have in common.
struct Common<'a> {
    name: Value<'a>,
    id: SloId,
    labels: Labels,
    description: String,
    window: SloWindow,
    slices: Option<SliceVerdict>,
    /// `None` for a composite, whose objectives have their own.
    sli: Option<(Sli, Notes)>,
    policy: Policy,
    notes: Notes,
}

/// Reads one document; `root` is the whole of it.
pub(super) fn read(
    root: &Value<'_>,
    document: &Map<'_>,
    source: &str,
    library: &Library,
    declared: &mut Declared,
) -> Vec<(Slo, Fidelity)> {
    let errors_before = root.context().errors();
    let (metadata, spec) = (document.get("metadata"), document.get("spec"));
    let metadata = metadata.and_then(|metadata| metadata.lenient_map(&METADATA));
    let spec = spec.and_then(|spec| spec.lenient_map(&SLO));
    let (Some(metadata), Some(spec)) = (metadata, spec) else { return Vec::new() };
    let common = common(&metadata, &spec, library);
    let Some(list) = spec.get("objectives") else { return Vec::new() };
    let objectives = list.list().unwrap_or_default();
    if objectives.is_empty() {
        list.error("there is no objective", "add one, such as {target: 0.99}");
    }
    let Some(common) = common else { return Vec::new() };
    let several = objectives.len() > 1;
    let read = |(index, at): (usize, &Value<'_>)| {
        let suffix = several.then(|| format!("-{index}"));
        objective(at, suffix, &common, library, declared)
    };
    let slos: Vec<(Slo, Notes)> = objectives.iter().enumerate().filter_map(read).collect();
    if root.context().errors() > errors_before {
        return Vec::new();
    }
    let source_place = place(root);
    let text = definition(root, source);
    let finished = |(slo, notes): (Slo, Notes)| {
        let report = notes.into_report("openslo", &slo.id, &source_place);
        (Slo { source: source_place.clone(), definition: text.clone(), ..slo }, report)
    };
    slos.into_iter().map(finished).collect()
}

fn common<'a>(metadata: &Map<'a>, spec: &Map<'a>, library: &Library) -> Option<Common<'a>> {
    let mut notes = Notes::default();
    let (name_at, service_at) = (metadata.get("name")?, spec.get("service"));
    let exact = annotations::id(metadata.value());
    let exact_is_known = exact.is_some();
    let id = exact.or_else(|| {
        let name = foreign::name(&name_at, "metadata.name", &mut notes);
        let service = service_at.and_then(|service| foreign::name(&service, "service", &mut notes));
        Some(SloId { service: service?, name: name? })
    });
    let own = metadata.get("labels").map(|own| foreign::labels(&own, "metadata.labels", &mut notes));
    let window = units::window(spec.get("timeWindow").as_ref(), spec.value(), &mut notes);
    let slices = budgeting(spec, &mut notes);
    let sli = indicator(spec, library);
    let policy = alert::read(spec.get("alertPolicies").as_ref(), metadata.value(), library, &mut notes);
    let description = spec.get("description").and_then(|text| text.text());
    // Of a name that could not be written the display name is only another form.
    let title = metadata.get("displayName").filter(|_| !exact_is_known).and_then(|text| text.text());
    notes.as_written(&["service", "name", "description", "target"]);
    Some(Common {
        name: name_at,
        id: id?,
        labels: own.unwrap_or_default(),
        description: description.or(title).unwrap_or_default(),
        window: window?,
        slices: slices?,
        sli: sli?,
        policy,
        notes,
    })
}

/// `None` when it is wrong; `Some(None)` for occurrences.
fn budgeting(spec: &Map<'_>, notes: &mut Notes) -> Option<Option<SliceVerdict>> {
    let Some(at) = spec.get("budgetingMethod") else {
        spec.value().warn("`budgetingMethod` is missing", "add budgetingMethod: Occurrences");
        notes.changed("budgetingMethod", "none is given; Occurrences is taken");
        return Some(None);
    };
    let found = at.choice(&[
        ("Occurrences", None),
        ("Timeslices", Some(SliceVerdict::Whole)),
        ("RatioTimeslices", Some(SliceVerdict::Share)),
    ]);
    if found.is_some() {
        notes.taken("budgetingMethod", at.text()?);
    }
    found
}

/// The SLI of a document or of one objective; `Some(None)` where none is named.
fn indicator(map: &Map<'_>, library: &Library) -> Option<Option<(Sli, Notes)>> {
    map.at_most_one(&["indicator", "indicatorRef"]);
    if let Some(inline) = map.get("indicator") {
        let mut notes = Notes::default();
        return match sli::read(&inline.lenient_map(&INLINE)?.get("spec")?, library, &mut notes)? {
            Ok(sli) => Some(Some((sli, notes))),
            Err(trouble) => {
                trouble.error();
                None
            }
        };
    }
    let Some(name_at) = map.get("indicatorRef") else { return Some(None) };
    let name = name_at.nonempty()?;
    match library.slis.find(&name, "SLI", &name_at)? {
        Ok((sli, notes)) => Some(Some((sli.clone(), notes.clone()))),
        Err(why) => {
            name_at.error(format!("the SLI {name} can't be counted: {why}"), "see the warning at the SLI");
            None
        }
    }
}

fn objective(
    at: &Value<'_>,
    suffix: Option<String>,
    common: &Common<'_>,
    library: &Library,
    declared: &mut Declared,
) -> Option<(Slo, Notes)> {
    let map = at.lenient_map(&OBJECTIVE)?;
    let mut notes = common.notes.clone();
    let id =
        SloId { name: format!("{}{}", common.id.name, suffix.as_deref().unwrap_or_default()), ..common.id.clone() };
    declared.claim(&id, &common.name);
    if suffix.is_some() {
        notes.changed("objectives", format!("each objective is an SLO; this one is {}", id.name));
    }
    let sli = of_objective(at, &map, common, library, &mut notes)?;
    let compiled = compiled(&sli, &map, &mut notes);
    let objective = target(&map);
    let timeslices = match common.slices {
        Some(verdict) => timeslices(&map, verdict).map(Some),
        None => Some(None),
    };
    let (compiled, objective, timeslices) = (compiled?, objective?, timeslices?);
    foreign::refuse_set_groups(at, &compiled.by, &common.labels, &common.policy);
    foreign::warn_of_unreachable(at, &common.policy.pairs, objective);
    let title = map.get("displayName").filter(|_| suffix.is_some()).and_then(|title| title.text());
    let slo = Slo {
        id,
        description: described(&common.description, title),
        labels: common.labels.clone(),
        objective,
        window: common.window.clone(),
        by: compiled.by,
        indicator: compiled.indicator,
        timeslices,
        policy: common.policy.clone(),
        maintenance: Vec::new(),
        source: String::new(),
        definition: String::new(),
    };
    Some((slo, notes))
}

/// The SLI of one objective: its own in a composite, or that of the document.
fn of_objective(
    at: &Value<'_>,
    map: &Map<'_>,
    common: &Common<'_>,
    library: &Library,
    notes: &mut Notes,
) -> Option<Sli> {
    let own = indicator(map, library)?;
    if own.is_some() {
        // A sum of ratios of different counts is the ratio of no counts, and counts are what an SLO holds.
        at.warn(
            "the parts of a composite are SLOs of their own here",
            "watch each; where all count the same events, `sli.terms` of a slowburn/v1 file can weigh them",
        );
        notes.changed("objectives.indicator", "a part of a composite is an SLO, and alerts by itself");
        notes.left_out("objectives.compositeWeight", "the weighted sum of the parts' burn rates is not counted");
    }
    let Some((sli, sli_notes)) = own.as_ref().or(common.sli.as_ref()) else {
        at.error("there is no SLI", "add indicator or indicatorRef to the SLO");
        return None;
    };
    notes.extend(sli_notes);
    Some(sli.clone())
}

fn described(description: &str, title: Option<String>) -> String {
    match title {
        Some(title) if description.is_empty() => title,
        Some(title) => format!("{description} ({title})"),
        None => description.to_owned(),
    }
}

/// The indicator; a threshold metric becomes one only with the objective's comparison.
fn compiled(sli: &Sli, map: &Map<'_>, notes: &mut Notes) -> Option<Compiled> {
    let query = match sli {
        Sli::Ratio(compiled) => {
            if let Some(op) = map.get("op").or_else(|| map.get("value")) {
                op.warn("a ratio has no value to compare, so this is ignored", "remove op and value");
            }
            return Some(compiled.clone());
        }
        Sli::Threshold(query) => query,
    };
    let (Some(op), Some(value_at)) = (map.get("op"), map.get("value")) else {
        map.value().error("a threshold metric needs `op` and `value`", "add them, such as op: lte and value: 0.5");
        return None;
    };
    let op = units::comparison(&op)?;
    let text = value_at.text()?;
    let Some(with) = text.parse::<f64>().ok().filter(|with| with.is_finite()) else {
        value_at.error("not a number", "write a decimal, such as 0.5");
        return None;
    };
    let compiled = sli::threshold(query, Comparison { op, with }, map.value())?;
    foreign::note_query("thresholdMetric", &compiled, notes);
    Some(compiled)
}

/// `target` is a share, `targetPercent` a percentage.
fn target(map: &Map<'_>) -> Option<Objective> {
    map.exactly_one(&["target", "targetPercent"]);
    if let Some(at) = map.get("targetPercent") {
        return percent::objective(&at);
    }
    let at = map.get("target")?;
    let share = at.decimal()?;
    let objective = share.times(Ratio::new(100, 1)?).and_then(Objective::from_percent);
    if objective.is_none() {
        let help = "write it like 0.999; targetPercent is the key for percentages";
        at.error("the target is a share above 0 and below 1", help);
    }
    objective
}

fn timeslices(map: &Map<'_>, verdict: SliceVerdict) -> Option<Timeslices> {
    const DAY: Duration = Duration::from_secs(86_400);
    let Some(window) = map.get("timeSliceWindow") else {
        map.value().error("`timeSliceWindow` is missing", "add it, such as timeSliceWindow: 1m");
        return None;
    };
    let slice = units::duration(&window)?;
    if slice > DAY {
        window.error("a slice is at most a day", "write it like 1m or 5m");
        return None;
    }
    let hundred = Ratio::new(100, 1)?;
    let target = match (map.get("timeSliceTarget"), verdict) {
        (_, SliceVerdict::Share) => hundred,
        (None, SliceVerdict::Whole) => {
            map.value().error("`timeSliceTarget` is missing", "add it, such as timeSliceTarget: 0.95");
            return None;
        }
        (Some(at), SliceVerdict::Whole) => {
            let percent = at.decimal().and_then(|share| share.times(hundred));
            let sound = percent.filter(|percent| *percent > Ratio::ZERO && *percent <= hundred);
            if sound.is_none() {
                at.error("the target of a slice is a share above 0, at most 1", "write it like 0.95");
            }
            sound?
        }
    };
    Some(Timeslices { slice, target, verdict })
}

//! OpenSLO v1alpha, as Sloth reads it: ratios with queries beside them, and windows in days.

use super::super::declared::{Declared, place};
use super::super::definition::definition;
use super::super::fidelity::{Fidelity, Notes};
use super::super::foreign;
use super::super::promql::{self, Bare, Compiled};
use super::keys::{DOCUMENT, METADATA};
use crate::config::decode::{Field, Shape, Table, Value};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Objective, Part, Slo, SloId, SloWindow};
use std::time::Duration;

const fn table(title: &'static str, fields: &'static [Field]) -> Table {
    Table { title, fields, refused: &[] }
}

static SPEC: Table = table(
    "openslo_alpha_slo",
    &[
        Field::req("service", Shape::Text, "the service's name"),
        Field::opt("description", Shape::Text, "what it promises"),
        Field::opt("budgetingMethod", Shape::Choice(&["Occurrences"]), "how events are counted"),
        Field::req("objectives", Shape::List(&Shape::Map(&OBJECTIVE)), "what is promised"),
        Field::req("timeWindows", Shape::List(&Shape::Map(&WINDOW)), "the SLO window"),
    ],
);

static OBJECTIVE: Table = table(
    "openslo_alpha_objective",
    &[
        Field::opt("displayName", Shape::Text, "its name for people"),
        Field::req("ratioMetrics", Shape::Map(&RATIO), "good events and all events"),
        Field::req("target", Shape::Decimal, "the share of good events, below 1"),
    ],
);

static RATIO: Table = table(
    "openslo_alpha_ratio",
    &[
        Field::opt("counter", Shape::Bool, "whether the queries are of counters"),
        Field::req("good", Shape::Map(&QUERY), "good events"),
        Field::req("total", Shape::Map(&QUERY), "all events"),
    ],
);

static QUERY: Table = table(
    "openslo_alpha_query",
    &[
        Field::opt("source", Shape::Text, "`prometheus` or `sloth`"),
        Field::opt("queryType", Shape::Text, "`promql`"),
        Field::req("query", Shape::Text, "the query"),
    ],
);

static WINDOW: Table = table(
    "openslo_alpha_window",
    &[
        Field::req("count", Shape::Integer, "how many"),
        Field::req("unit", Shape::Text, "`Day`"),
        Field::opt("isRolling", Shape::Bool, "whether it moves with time"),
    ],
);

/// Reads one document.
pub(in super::super) fn read(root: &Value<'_>, source: &str, declared: &mut Declared) -> Vec<(Slo, Fidelity)> {
    let errors_before = root.context().errors();
    let slos = document(root, declared).unwrap_or_default();
    if root.context().errors() > errors_before {
        return Vec::new();
    }
    let (source_place, text) = (place(root), definition(root, source));
    let finished = |(slo, notes): (Slo, Notes)| {
        let report = notes.into_report("openslo", &slo.id, &source_place);
        (Slo { source: source_place.clone(), definition: text.clone(), ..slo }, report)
    };
    slos.into_iter().map(finished).collect()
}

fn document(root: &Value<'_>, declared: &mut Declared) -> Option<Vec<(Slo, Notes)>> {
    let document = root.lenient_map(&DOCUMENT)?;
    let metadata = document.get("metadata").and_then(|metadata| metadata.lenient_map(&METADATA));
    let spec = document.get("spec").and_then(|spec| spec.lenient_map(&SPEC));
    let (metadata, spec) = (metadata?, spec?);
    let mut notes = Notes::default();
    let name_at = metadata.get("name")?;
    let name = foreign::name(&name_at, "metadata.name", &mut notes)?;
    let service = foreign::name(&spec.get("service")?, "service", &mut notes)?;
    let window = window(&spec.get("timeWindows")?)?;
    let description = spec.get("description").and_then(|text| text.text()).unwrap_or_default();
    let list = spec.get("objectives")?.list()?;
    let several = list.len() > 1;
    notes.as_written(&["service", "name", "description", "target", "timeWindows"]);
    notes.left_out("alerts", "there are none, so nothing alerts; the budget is counted and shown");
    let slo = |(index, at): (usize, &Value<'_>)| {
        let map = at.lenient_map(&OBJECTIVE)?;
        let mut notes = notes.clone();
        let suffix = if several { format!("-{index}") } else { String::new() };
        let id = SloId { service: service.clone(), name: format!("{name}{suffix}") };
        declared.claim(&id, &name_at);
        let compiled = map.get("ratioMetrics").and_then(|ratio| compiled(&ratio, &mut notes));
        let objective = map.get("target").and_then(|target| objective(&target));
        let (compiled, objective) = (compiled?, objective?);
        Some((slo(id, description.clone(), objective, window.clone(), compiled), notes))
    };
    Some(list.iter().enumerate().filter_map(slo).collect())
}

fn slo(id: SloId, description: String, objective: Objective, window: SloWindow, compiled: Compiled) -> Slo {
    Slo {
        id,
        description,
        labels: Labels::new(),
        objective,
        window,
        by: compiled.by,
        indicator: compiled.indicator,
        timeslices: None,
        policy: foreign::no_alerts(),
        maintenance: Vec::new(),
        source: String::new(),
        definition: String::new(),
    }
}

fn compiled(value: &Value<'_>, notes: &mut Notes) -> Option<Compiled> {
    let map = value.lenient_map(&RATIO)?;
    let at = |key| map.get(key)?.lenient_map(&QUERY)?.get("query");
    let (good_at, total_at) = (at("good"), at("total"));
    let (good_at, total_at) = (good_at?, total_at?);
    match promql::events(&good_at.nonempty()?, Part::Good, &total_at.nonempty()?, Bare::Refused) {
        Ok(compiled) => {
            foreign::note_query("ratioMetrics", &compiled, notes);
            Some(compiled)
        }
        Err(refused) => {
            foreign::refuse_one(&good_at, &total_at, &refused);
            None
        }
    }
}

fn objective(at: &Value<'_>) -> Option<Objective> {
    let objective = at.decimal()?.times(Ratio::new(100, 1)?).and_then(Objective::from_percent);
    if objective.is_none() {
        at.error("the target is a share above 0 and below 1", "write it like 0.999");
    }
    objective
}

fn window(value: &Value<'_>) -> Option<SloWindow> {
    let first = value.list()?.into_iter().next()?;
    let map = first.lenient_map(&WINDOW)?;
    let (count, unit_at) = (map.get("count")?.integer()?, map.get("unit")?);
    if !matches!(unit_at.text()?.as_str(), "Day" | "day") || !(1..=366).contains(&count) {
        first.error("slowburn reads windows of 1 to 366 days here", "write count: 30 and unit: Day");
        return None;
    }
    Some(SloWindow::Rolling(Duration::from_secs(count * 86_400)))
}

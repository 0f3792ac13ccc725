//! `indicator`: ratio, latency or bool_gauge; the first that is there, as in Pyrra. Others are left out with a warning:
//! newer versions of Pyrra refuse them, and files that older ones took shall go on working.

use super::super::fidelity::Notes;
use super::super::promql::{self, Bare, Compiled};
use super::super::{foreign, selectors};
use super::keys::{BOOL_GAUGE, INDICATOR, LATENCY, QUERY, RATIO};
use crate::config::decode::{Map, Value};
use crate::domain::group::shown_label;
use crate::domain::selector::{MatchOp, Selector};
use crate::domain::slo::Part;

/// The kinds of indicators, in Pyrra's order.
const KINDS: [&str; 4] = ["ratio", "latency", "latencyNative", "bool_gauge"];

pub(super) fn read(value: &Value<'_>, notes: &mut Notes) -> Option<Compiled> {
    let map = value.lenient_map(&INDICATOR)?;
    let mut given = KINDS.into_iter().filter_map(|kind| Some((kind, map.get(kind)?)));
    let Some((kind, at)) = given.next() else {
        map.at_least_one(&["ratio", "latency", "bool_gauge"]);
        return None;
    };
    for (other, at) in given {
        at.warn(
            format!("only one indicator of an SLO is read, here {kind}; {other} is left out"),
            "write a second SLO for it",
        );
        notes.left_out(format!("indicator.{other}"), format!("{kind} is the indicator; an SLO has one"));
    }
    let compiled = match kind {
        "ratio" => ratio(&at),
        "latency" => latency(&at),
        "bool_gauge" => bool_gauge(&at),
        _ => {
            at.error(
                "latencyNative needs native histograms, which slowburn does not read",
                "write latency with success.metric …_bucket{le=\"0.2\"} and total.metric …_count of the classic histogram",
            );
            None
        }
    }?;
    let field = format!("indicator.{kind}");
    foreign::note_query(&field, &compiled, notes);
    for label in compiled.by.iter().filter(|label| shown_label(label) != **label) {
        let note = format!("{label} is shown as {}: every alert has a {label} of its own", shown_label(label));
        notes.changed(format!("{field}.grouping"), note);
    }
    Some(compiled)
}

fn ratio(value: &Value<'_>) -> Option<Compiled> {
    let map = value.lenient_map(&RATIO)?;
    let (bad, total) = (metric(&map, "errors"), metric(&map, "total"));
    let ((bad_at, bad), (_, total)) = (bad?, total?);
    counters(&bad_at, &bad, Part::Bad, &total, &grouping(&map)?)
}

fn latency(value: &Value<'_>) -> Option<Compiled> {
    let map = value.lenient_map(&LATENCY)?;
    let (good, total) = (metric(&map, "success"), metric(&map, "total"));
    let ((good_at, good), (_, total)) = (good?, total?);
    let is_bucket = |m: &crate::domain::selector::Matcher| m.label == "le" && m.op == MatchOp::Equal;
    let le = good.matchers.0.iter().find(|m| is_bucket(m)).map(|m| m.value.parse::<f64>());
    if !matches!(le, Some(Ok(_))) {
        good_at.error("the selector names no bucket", "add le=\"…\" with a boundary of the histogram");
        return None;
    }
    counters(&good_at, &good, Part::Good, &total, &grouping(&map)?)
}

fn counters(part_at: &Value<'_>, part: &Selector, part_is: Part, total: &Selector, by: &[String]) -> Option<Compiled> {
    let query = |selector: &Selector| format!("sum({selector})");
    match promql::events(&query(part), part_is, &query(total), Bare::Counters) {
        Ok(compiled) => Some(grouped(compiled, by)),
        Err(promql::Refused::Part(refusal) | promql::Refused::Total(refusal)) => {
            part_at.error(refusal.why, refusal.help);
            None
        }
    }
}

fn bool_gauge(value: &Value<'_>) -> Option<Compiled> {
    let map = value.lenient_map(&BOOL_GAUGE)?;
    let at = map.get("metric")?;
    let gauge = selectors::selector(&at)?;
    let query =
        format!("sum(sum_over_time({gauge}[{{{{.window}}}}])) / sum(count_over_time({gauge}[{{{{.window}}}}]))");
    match promql::ratio(&query, Part::Good, Bare::Refused) {
        Ok(compiled) => Some(grouped(compiled, &grouping(&map)?)),
        Err(refusal) => {
            at.error(refusal.why, refusal.help);
            None
        }
    }
}

/// Pyrra adds up all series but those of different groups.
fn grouped(compiled: Compiled, by: &[String]) -> Compiled {
    Compiled { by: by.to_vec(), ..compiled }
}

fn metric<'a>(map: &Map<'a>, key: &'static str) -> Option<(Value<'a>, Selector)> {
    let at = map.get(key)?.lenient_map(&QUERY)?.get("metric")?;
    let selector = selectors::selector(&at)?;
    Some((at, selector))
}

/// Labels of groups, each once.
fn grouping(map: &Map<'_>) -> Option<Vec<String>> {
    let mut by: Vec<String> = Vec::new();
    for item in map.get("grouping").map(|list| list.list()).unwrap_or(Some(Vec::new()))? {
        let label = item.label_name()?;
        if !by.contains(&label) {
            by.push(label);
        }
    }
    Some(by)
}

//! Every decision of every SLO about every trace.

use super::compare::{Course, Ways, course, differences, fires_at};
use super::indicator::Indicator;
use super::model::{Model, Way};
use super::peers::{self, AlertKind, Budget, Decided};
use super::services::{self, Alert, Slo};
use super::table::{Row, assert_documented, render};
use super::traces::{self, Trace};
use std::collections::{BTreeMap, BTreeSet};

const WINDOWS: [(&str, i64); 7] =
    [("5m", 5), ("30m", 30), ("1h", 60), ("2h", 120), ("6h", 360), ("1d", 1440), ("3d", 4320)];

/// Ratios are looked at only here and there: each step is like the one before it.
const EVERY: usize = 23;

#[test]
fn rules_in_a_real_prometheus_and_slowburn_decide_alike_or_differ_for_a_known_cause() {
    let (slos, traces) = (services::slos(), traces::all());
    let installations = services::installations();
    let mut rows: BTreeMap<(&'static str, usize), Row> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (set, installation) in installations.iter().enumerate() {
        // The second set counts what an SLO of the first does, by other words: the random traces are enough for it.
        let traces: Vec<_> = traces.iter().enumerate().filter(|(_, trace)| set == 0 || trace.is_random()).collect();
        let rules = services::rules_of(set, installation.path());
        let decided = peers::prometheus(traces.iter().map(|(_, trace)| *trace), &rules);
        for ((i, trace), decided) in traces.into_iter().zip(&decided) {
            let told = peers::replay(installation.path(), trace);
            let mut models: BTreeMap<*const Indicator, Model<'_>> = BTreeMap::new();
            for slo in slos.iter().filter(|slo| slo.set == set) {
                let model =
                    models.entry(&raw const *slo.indicator).or_insert_with(|| Model::new(trace, &slo.indicator));
                wrong.extend(strays(trace, slo, model, decided));
                for alert in slo.alerts() {
                    let row = rows.entry((slo.row_of(&alert), i)).or_default();
                    wrong.extend(compare(trace, slo, &alert, model, decided, &told, row));
                }
            }
        }
    }
    let rows: Vec<_> = rows.into_iter().map(|((rules, i), row)| ((rules, traces[i].name), row)).collect();
    let table = render(&rows);
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_documented(&table);
}

/// Where the model of Prometheus's arithmetic is not what Prometheus recorded: then it explains nothing.
fn strays(trace: &Trace, slo: &Slo, model: &Model<'_>, decided: &Decided) -> Vec<String> {
    let mut strays = Vec::new();
    for (name, minutes) in WINDOWS {
        let Some(recorded) = decided.recorded.get(&(name.to_owned(), slo.in_rules())) else { continue };
        let recorded: BTreeMap<i64, f64> = recorded.iter().copied().collect();
        for at in trace.steps().filter(|at| at % slo.every() == 0).step_by(EVERY) {
            let (found, modelled) = (recorded.get(&at).copied(), model.ratio(Way::Prometheus, at, minutes * 60_000));
            let same = match (found, modelled) {
                (Some(found), Some(modelled)) => {
                    (found - modelled).abs() <= 1e-9 * found.abs().max(1e-6) || found.is_nan() && modelled.is_nan()
                }
                (found, modelled) => found.is_none() && modelled.is_none(),
            };
            if !same {
                let at = (at - trace.start) / 1000;
                strays.push(format!(
                    "{}, {:?} at {at} s, {name}: {found:?}, model {modelled:?}",
                    trace.name,
                    slo.in_rules()
                ));
                break;
            }
        }
    }
    strays
}

/// Compares the course of one alert, and says what has no explanation.
fn compare(
    trace: &Trace,
    slo: &Slo,
    alert: &Alert,
    model: &Model<'_>,
    decided: &Decided,
    told: &BTreeMap<(Budget, AlertKind), Course>,
    row: &mut Row,
) -> Vec<String> {
    let (id, _) = slo.in_rules();
    let kind = (alert.name.to_owned(), alert.severity.to_owned());
    assert!(
        decided.firing.contains_key(&((id, String::new()), kind.clone())),
        "no rule {kind:?} of {:?}",
        slo.in_rules()
    );
    let none = BTreeSet::new();
    let firing = decided.firing.get(&(slo.in_rules(), kind.clone())).unwrap_or(&none);
    let slowburn = told.get(&(slo.in_slowburn(), kind.clone())).cloned().unwrap_or_default();
    let rules = course(trace, firing);
    (row.rules, row.slowburn) = (row.rules + rules.len(), row.slowburn + slowburn.len());
    let place = |at: i64| format!("{}, {:?} {kind:?} at {} s", trace.name, slo.in_rules(), (at - trace.start) / 1000);
    let mut ways = Ways::new(model, &alert.condition);
    let held = ways.decisions(Way::Held);
    let strange = trace.steps().enumerate().find(|(i, at)| held[*i] != fires_at(&slowburn, *at));
    let mut wrong: Vec<String> =
        strange.iter().map(|(_, at)| format!("{}: slowburn is not as the model of it", place(*at))).collect();
    for difference in differences(&rules, &slowburn, trace.end) {
        let lasts = (difference.to - difference.from) as f64 / 1000.0;
        if difference.is_alike() {
            row.alike += 1;
            row.lag = row.lag.max(lasts);
            continue;
        }
        match ways.cause(&difference, trace) {
            Some(cause) => row.explain(cause, lasts / 60.0),
            None => wrong.push(format!("{}: {difference:?} is not explained", place(difference.from))),
        }
    }
    wrong
}

//! Every decision of every SLO about every trace.

use super::compare::{Ways, course, differences, fires_at};
use super::model::{Model, Way};
use super::peers::{self, Decided};
use super::services::{self, Slo};
use super::table::{Row, assert_documented, render};
use super::traces::{self, Trace};
use std::collections::BTreeMap;

const WINDOWS: [(&str, i64); 7] =
    [("5m", 5), ("30m", 30), ("1h", 60), ("2h", 120), ("6h", 360), ("1d", 1440), ("3d", 4320)];

/// Ratios are looked at only here and there: each step is like the one before it.
const EVERY: usize = 23;

#[test]
fn rules_in_a_real_prometheus_and_slowburn_decide_alike_or_differ_for_a_known_cause() {
    let (slos, traces) = (services::slos(), traces::all());
    let installation = services::installation();
    let decided = peers::prometheus(&traces, &services::rule_files(installation.path()));
    let mut rows: BTreeMap<(&'static str, usize), Row> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (i, (trace, decided)) in traces.iter().zip(&decided).enumerate() {
        let told = peers::replay(installation.path(), trace);
        for slo in &slos {
            let model = Model::new(trace, &slo.indicator);
            wrong.extend(strays(trace, slo, &model, decided));
            for severity in ["page", "ticket"] {
                let slowburn = told.get(&(slo.id(), severity.to_owned())).cloned().unwrap_or_default();
                let row = rows.entry((slo.rules, i)).or_default();
                wrong.extend(compare(trace, slo, severity, &model, decided, &slowburn, row));
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
        let recorded = decided.recorded.get(&(name.to_owned(), slo.sloth_id()));
        let recorded: BTreeMap<i64, f64> = recorded.into_iter().flatten().copied().collect();
        for at in trace.steps().step_by(EVERY) {
            let (found, modelled) = (recorded.get(&at).copied(), model.ratio(Way::Prometheus, at, minutes * 60_000));
            let same = match (found, modelled) {
                (Some(found), Some(modelled)) => {
                    (found - modelled).abs() <= 1e-9 * found.abs().max(1e-6) || found.is_nan() && modelled.is_nan()
                }
                (found, modelled) => found.is_none() && modelled.is_none(),
            };
            if !same {
                let at = (at - trace.start) / 1000;
                strays.push(format!("{}, {} at {at} s, {name}: {found:?}, model {modelled:?}", trace.name, slo.id()));
                break;
            }
        }
    }
    strays
}

/// Compares the course of one severity, and says what has no explanation.
fn compare(
    trace: &Trace,
    slo: &Slo,
    severity: &str,
    model: &Model<'_>,
    decided: &Decided,
    slowburn: &[(i64, bool)],
    row: &mut Row,
) -> Vec<String> {
    let firing = &decided.firing[&(slo.sloth_id(), severity.to_owned())];
    let (rules, slowburn) = (course(trace, firing), slowburn.to_vec());
    (row.rules, row.slowburn) = (row.rules + rules.len(), row.slowburn + slowburn.len());
    let place = |at: i64| format!("{}, {} {severity} at {} s", trace.name, slo.id(), (at - trace.start) / 1000);
    let mut ways = Ways::new(model, slo.limits(severity));
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

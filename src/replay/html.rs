//! The report as one HTML file that needs nothing else: styles, scripts and numbers are in it.

use super::known::Known;
use super::observe::{AlertSpan, BudgetKey, Curve};
use super::study::Outcome;
use super::tables::{Sheet, sheets};
use crate::domain::group::BURN;
use crate::domain::slo::Severity;
use crate::domain::time::Timestamp;
use askama::Template;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    from: String,
    to: String,
    source: &'a str,
    sheets: Vec<Sheet>,
    charts: Vec<Heading>,
    more: usize,
    /// For a script element: JSON in which nothing can end the element.
    data: String,
    uplot_js: &'static str,
    uplot_css: &'static str,
    report_js: &'static str,
    report_css: &'static str,
}

struct Heading {
    title: String,
}

/// Budgets that get charts; the tables tell of all.
const MOST_CHARTED: usize = 40;

/// One budget's charts: a time axis, and a pair of lines for each alternative.
#[derive(Serialize)]
struct Chart<'a> {
    at: Vec<f64>,
    lines: Vec<Lines<'a>>,
    /// Firing alerts of the SLOs as they are.
    bands: Vec<Band<'a>>,
    known: Vec<Band<'a>>,
}

#[derive(Serialize)]
struct Lines<'a> {
    name: &'a str,
    budget: Vec<Option<f64>>,
    burn: Vec<Option<f64>>,
}

#[derive(Serialize)]
struct Band<'a> {
    kind: &'a str,
    from: f64,
    to: f64,
}

/// The whole file. `source` says where the history came from; `range` is what was played.
pub fn page(
    outcomes: &[Outcome],
    known: &[Known],
    source: &str,
    range: (Timestamp, Timestamp),
) -> Result<String, askama::Error> {
    let budgets: Vec<&BudgetKey> = outcomes.first().map(|own| own.curves.keys().collect()).unwrap_or_default();
    let charts: Vec<Chart<'_>> =
        budgets.iter().take(MOST_CHARTED).map(|key| chart(key, outcomes, known, range.1)).collect();
    let title = |key: &&BudgetKey| {
        let (id, group) = *key;
        Heading { title: if group.is_empty() { id.clone() } else { format!("{id} {group}") } }
    };
    Page {
        from: range.0.to_string(),
        to: range.1.to_string(),
        source,
        sheets: sheets(outcomes, known),
        charts: budgets.iter().take(MOST_CHARTED).map(title).collect(),
        more: budgets.len().saturating_sub(MOST_CHARTED),
        data: for_script(&charts),
        uplot_js: include_str!("../../assets/vendor/uplot/uPlot.iife.min.js"),
        uplot_css: include_str!("../../assets/vendor/uplot/uPlot.min.css"),
        report_js: include_str!("../../assets/report.js"),
        report_css: include_str!("../../assets/report.css"),
    }
    .render()
}

fn chart<'a>(key: &BudgetKey, outcomes: &'a [Outcome], known: &[Known], end: Timestamp) -> Chart<'a> {
    let own = outcomes.first().and_then(|own| own.curves.get(key));
    let at: Vec<Timestamp> = own.map(|curve| curve.points.iter().map(|point| point.at).collect()).unwrap_or_default();
    let lines = outcomes.iter().map(|outcome| {
        let curve = outcome.curves.get(key);
        let name = outcome.what_if.as_deref().unwrap_or("as it is");
        Lines { name, budget: column(curve, &at, |p| p.budget_remaining), burn: column(curve, &at, |p| p.burn_rate) }
    });
    let of_budget = |span: &&AlertSpan| span.alert == BURN && (&span.id, &span.group) == (&key.0, &key.1);
    let band = |span: &AlertSpan| Band {
        kind: if span.severity == Severity::Page { "page" } else { "ticket" },
        from: span.started_at.as_secs_f64(),
        to: span.ended_at.unwrap_or(end).as_secs_f64(),
    };
    let told = known.iter().filter(|known| known.slo.as_ref().is_none_or(|slo| *slo == key.0));
    Chart {
        at: at.iter().map(|at| at.as_secs_f64()).collect(),
        lines: lines.collect(),
        bands: outcomes.first().map(|own| own.alerts.iter().filter(of_budget).map(band).collect()).unwrap_or_default(),
        known: told
            .map(|known| Band { kind: "known", from: known.start.as_secs_f64(), to: known.end.as_secs_f64() })
            .collect(),
    }
}

fn column(
    curve: Option<&Curve>,
    at: &[Timestamp],
    value: impl Fn(&crate::domain::status::HistoryPoint) -> Option<f64>,
) -> Vec<Option<f64>> {
    let points: BTreeMap<Timestamp, Option<f64>> =
        curve.into_iter().flat_map(|curve| &curve.points).map(|point| (point.at, value(point))).collect();
    at.iter().map(|at| points.get(at).copied().flatten()).collect()
}

fn for_script(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}

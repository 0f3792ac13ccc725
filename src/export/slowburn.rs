//! slowburn's own format: what is written reads back as the same SLO, but for where it was declared.
//!
//! What is as it would be without saying is not said: default pairs, labels that there are none of.

use super::exact::{decimal, decimal_or_fraction};
use super::yaml::{MapBuilder, Tree};
use super::{Export, Unexportable, by_service};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::selector::MatchOp;
use crate::domain::slo::{
    Indicator, Measure, NoData, Pair, Part, Policy, Severity, SliceVerdict, Slo, SloWindow, Tally, Term,
};
use crate::domain::time::format_duration;
use crate::spec::pairs::default_pairs;
use crate::spec::{NO_DATA_AFTER, VERSION, names};
use std::sync::Arc;
use std::time::Duration;

/// One document for each service.
pub fn write(slos: &[Arc<Slo>]) -> Result<Export, Vec<Unexportable>> {
    let (mut texts, mut refused) = (Vec::new(), Vec::new());
    for (service, slos) in by_service(slos) {
        let (written, failed): (Vec<_>, Vec<_>) = slos.iter().map(|slo| of_slo(slo)).partition(Result::is_ok);
        refused.extend(failed.into_iter().filter_map(Result::err));
        let slos = written.into_iter().filter_map(Result::ok).collect();
        let document = MapBuilder::default().plain("version", VERSION).with("service", text(service));
        texts.push(document.with("slos", Tree::List(slos)).build().to_yaml());
    }
    if refused.is_empty() { Ok(Export { text: texts.join("---\n"), notes: Vec::new() }) } else { Err(refused) }
}

fn of_slo(slo: &Slo) -> Result<Tree, Unexportable> {
    let percent = |ratio: Ratio, what: &str| {
        let written = decimal(ratio).map(Tree::Plain);
        written.ok_or_else(|| Unexportable::new(slo, format!("its {what}, {ratio}, is no plain decimal")))
    };
    let mut map = MapBuilder::default().with("name", text(&slo.id.name));
    if !slo.description.is_empty() {
        map = map.with("description", text(&slo.description));
    }
    map = map.maybe("labels", labels(&slo.labels)).with("objective", percent(slo.objective.percent(), "objective")?);
    map = map.with("window", window(&slo.window));
    if let Some(label) = slo.by.iter().find(|label| names::bad_grouping(label).is_some()) {
        return Err(Unexportable::new(slo, format!("slowburn/v1 keeps no budgets by the label {label}; rename it")));
    }
    if !slo.by.is_empty() {
        map = map.with("by", Tree::List(slo.by.iter().map(|label| text(label)).collect()));
    }
    map = map.with("sli", sli(slo)?);
    if let Some(slices) = slo.timeslices {
        let slices = MapBuilder::default()
            .with("slice", duration(slices.slice))
            .with("target", percent(slices.target, "target of slices")?)
            .maybe("verdict", (slices.verdict == SliceVerdict::Share).then(|| text("share")));
        map = map.with("budgeting", MapBuilder::default().with("timeslices", slices.build()).build());
    }
    map = map.maybe("alerting", alerting(slo)?);
    if !slo.maintenance.is_empty() {
        map = map.with("maintenance", maintenance(slo));
    }
    Ok(map.build())
}

/// A text in which `${NAME}` stands for itself.
fn text(text: &str) -> Tree {
    let (mut written, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("${") {
        let after = &rest[at + 2..];
        let name = after.split_once('}').map_or("", |(name, _)| name);
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_variable = name.starts_with(|c: char| letter(c) && !c.is_ascii_digit()) && name.chars().all(letter);
        written.push_str(&rest[..at]);
        written.push_str(if is_variable { "$${" } else { "${" });
        rest = after;
    }
    Tree::Text(written + rest)
}

fn duration(duration: Duration) -> Tree {
    Tree::Plain(format_duration(duration))
}

fn labels(labels: &Labels) -> Option<Tree> {
    let entries = labels.iter().map(|(name, value)| (name.to_owned(), text(value)));
    (!labels.is_empty()).then(|| Tree::Map(entries.collect()))
}

fn window(window: &SloWindow) -> Tree {
    match window {
        SloWindow::Rolling(length) => duration(*length),
        SloWindow::Calendar(calendar) => MapBuilder::default()
            .text("calendar", calendar.period.to_string())
            .text("time_zone", calendar.time_zone.to_string())
            .build(),
    }
}

fn sli(slo: &Slo) -> Result<Tree, Unexportable> {
    let sli = MapBuilder::default();
    let sli = match &slo.indicator {
        Indicator::Events { total, part, part_is } => {
            let key = if *part_is == Part::Bad { "bad" } else { "good" };
            let events = MapBuilder::default().with("total", text(&total.to_string()));
            sli.with("events", events.with(key, text(&part.to_string())).build())
        }
        Indicator::Latency { histogram, threshold_text, .. } => {
            let latency = MapBuilder::default().with("histogram", text(&histogram.to_string()));
            sli.with("latency", latency.with("threshold", text(threshold_text)).build())
        }
        Indicator::Scrape { targets } => {
            if let Some(other) = targets.0.iter().find(|matcher| matcher.op != MatchOp::Equal) {
                return Err(Unexportable::new(slo, format!("targets are chosen by {other}; only = can be written")));
            }
            let chosen: Labels = targets.0.iter().map(|m| (m.label.clone(), m.value.clone())).collect();
            sli.maybe("scrape", labels(&chosen))
        }
        Indicator::Terms { terms, text: query } => {
            let sli = sli.with("terms", Tree::List(terms.iter().map(term).collect()));
            if query.is_empty() { sli } else { sli.with("query", text(query)) }
        }
    };
    Ok(sli.build())
}

fn term(term: &Term) -> Tree {
    let mut map = MapBuilder::default().with("selector", text(&term.selector.to_string()));
    for (key, weight) in [("total", term.total), ("bad", term.bad)] {
        if weight != 0.0 {
            map = map.plain(key, weight.to_string());
        }
    }
    let count = match term.tally {
        Tally::Growth => None,
        Tally::Samples => Some("samples".to_owned()),
        Tally::Values => Some("values".to_owned()),
        Tally::Where(comparison) => Some(comparison.to_string()),
    };
    map.maybe("count", count.as_deref().map(text)).build()
}

fn alerting(slo: &Slo) -> Result<Option<Tree>, Unexportable> {
    let Policy { measure, no_data, budget, runbook_url, labels: own, annotations, .. } = &slo.policy;
    let mut map = MapBuilder::default()
        .maybe("page", severity(slo, Severity::Page))
        .maybe("ticket", severity(slo, Severity::Ticket));
    if *measure == Measure::BudgetSpent {
        map = map.plain("measure", "budget_spent");
    }
    map = map.maybe("no_data", written_no_data(no_data));
    let alert = |alert: &crate::domain::slo::BudgetAlert| {
        let consumed = decimal(alert.consumed)
            .ok_or_else(|| Unexportable::new(slo, format!("a share of {} % is no plain decimal", alert.consumed)))?;
        Ok(MapBuilder::default().plain("consumed", consumed).text("severity", alert.severity.to_string()).build())
    };
    if !budget.is_empty() {
        map = map.with("budget", Tree::List(budget.iter().map(alert).collect::<Result<_, _>>()?));
    }
    map = map
        .maybe("runbook_url", runbook_url.as_deref().map(text))
        .maybe("labels", labels(own))
        .maybe("annotations", labels(annotations));
    Ok((!map.is_empty()).then(|| map.build()))
}

/// `None` for the default pairs with nothing else.
fn severity(slo: &Slo, severity: Severity) -> Option<Tree> {
    let extras = slo.policy.of_severity.get(&severity);
    let more = |map: MapBuilder| match extras {
        Some(extras) => map.maybe("labels", labels(&extras.labels)).maybe("annotations", labels(&extras.annotations)),
        None => map,
    };
    let pairs: Vec<&Pair> = slo.policy.pairs_of(severity).collect();
    let Some(first) = pairs.first() else {
        return Some(more(MapBuilder::default().plain("disable", "true")).build());
    };
    let rest = |pair: &Pair| (pair.r#for, pair.keep_firing_for, pair.min_bad_events);
    let windows = |pair: &Pair| (pair.long, pair.short, pair.factor);
    let defaults = default_pairs(slo.window.nominal(), severity);
    let is_default = pairs.iter().map(|pair| windows(pair)).eq(defaults.iter().map(windows));
    if is_default && pairs.iter().all(|pair| rest(pair) == rest(first)) {
        let common = more(further(MapBuilder::default(), first));
        return (!common.is_empty()).then(|| common.build());
    }
    let list = Tree::List(pairs.iter().map(|pair| written_pair(pair)).collect());
    let map = more(MapBuilder::default());
    Some(if map.is_empty() { list } else { map.with("windows", list).build() })
}

fn written_pair(pair: &Pair) -> Tree {
    let short = if pair.short == pair.long { text("none") } else { duration(pair.short) };
    let windows = MapBuilder::default().with("long", duration(pair.long)).with("short", short);
    further(windows.plain("factor", decimal_or_fraction(pair.factor)), pair).build()
}

fn further(mut map: MapBuilder, pair: &Pair) -> MapBuilder {
    if !pair.r#for.is_zero() {
        map = map.with("for", duration(pair.r#for));
    }
    if !pair.keep_firing_for.is_zero() {
        map = map.with("keep_firing_for", duration(pair.keep_firing_for));
    }
    if pair.min_bad_events != 0.0 {
        map = map.plain("min_bad_events", pair.min_bad_events.to_string());
    }
    map
}

fn written_no_data(no_data: &NoData) -> Option<Tree> {
    let mut map = MapBuilder::default();
    if no_data.after != NO_DATA_AFTER {
        map = map.with("after", duration(no_data.after));
    }
    map = map.maybe("severity", no_data.severity.map(|severity| Tree::Text(severity.to_string())));
    (!map.is_empty()).then(|| map.build())
}

fn maintenance(slo: &Slo) -> Tree {
    let one = |window: &crate::domain::slo::Maintenance| {
        let map = MapBuilder::default().text("start", window.start.to_string()).text("end", window.end.to_string());
        let reason = (!window.reason.is_empty()).then(|| text(&window.reason));
        map.maybe("reason", reason).build()
    };
    Tree::List(slo.maintenance.iter().map(one).collect())
}

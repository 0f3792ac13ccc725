//! A Grafana dashboard over slowburn's own metrics: a row for each SLO with its budget, burn rates, events and alerts.

use super::Export;
use super::exact::decimal_or_fraction;
use crate::domain::labels::Labels;
use crate::domain::slo::{Severity, Slo};
use crate::domain::time::format_duration;
use serde_json::{Value, json};
use std::sync::Arc;

/// Grafana's grid has this many columns.
const COLUMNS: u64 = 24;

const HEIGHT: u64 = 8;

/// One dashboard with all SLOs.
pub fn write(slos: &[Arc<Slo>]) -> Export {
    let mut panels = Vec::new();
    for slo in slos {
        let top = panels.len() as u64 * HEIGHT;
        let mut row = vec![header(slo)];
        row.extend([budget(slo), burn_rates(slo), events(slo), alerts(slo)]);
        place(&mut row, top);
        panels.append(&mut row);
    }
    for (id, panel) in (1u64..).zip(&mut panels) {
        panel["id"] = json!(id);
    }
    let dashboard = json!({
        "uid": uid(slos),
        "title": title(slos),
        "tags": ["slo", "slowburn"],
        "schemaVersion": 39,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": { "from": "now-24h", "to": "now" },
        "templating": { "list": [{
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
        }] },
        "panels": panels,
    });
    Export { text: format!("{dashboard:#}\n"), notes: Vec::new() }
}

/// Stays the same for the same SLOs, so that an import replaces the last one.
fn uid(slos: &[Arc<Slo>]) -> String {
    let ids: Labels = slos.iter().map(|slo| (slo.id.to_string(), "slo")).collect();
    format!("slowburn-{:016x}", ids.fingerprint())
}

fn title(slos: &[Arc<Slo>]) -> String {
    match slos {
        [one] => format!("SLO {}", one.id),
        [first, ..] if slos.iter().all(|slo| slo.id.service == first.id.service) => {
            format!("SLOs of {}", first.id.service)
        }
        _ => "SLOs".to_owned(),
    }
}

/// Puts the panels of a row side by side under its header.
fn place(row: &mut [Value], top: u64) {
    row[0]["gridPos"] = json!({ "x": 0, "y": top, "w": COLUMNS, "h": 1 });
    let width = COLUMNS / (row.len() as u64 - 1);
    for (i, panel) in (0u64..).zip(row[1..].iter_mut()) {
        panel["gridPos"] = json!({ "x": i * width, "y": top + 1, "w": width, "h": HEIGHT });
    }
}

fn header(slo: &Slo) -> Value {
    let title = format!("{}: {}% over {}", slo.id, slo.objective.percent(), slo.window);
    json!({ "type": "row", "title": title, "collapsed": false, "panels": [] })
}

/// A selector of one of the SLO's series; names hold nothing that would need an escape.
fn series(slo: &Slo, name: &str, more: &str) -> String {
    format!("{name}{{service=\"{}\",slo=\"{}\"{more}}}", slo.id.service, slo.id.name)
}

fn legend(slo: &Slo, first: &str) -> String {
    let groups = slo.by.iter().map(|label| format!("{{{{{label}}}}}"));
    std::iter::once(first.to_owned()).filter(|text| !text.is_empty()).chain(groups).collect::<Vec<_>>().join(" ")
}

fn panel(kind: &str, title: &str, targets: &[(String, String)], unit: &str, steps: Value) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let target = |(i, (expr, legend)): (usize, &(String, String))| {
        let letter = char::from(b'A' + (i % 26) as u8).to_string();
        json!({ "refId": letter, "expr": expr, "legendFormat": legend, "datasource": source })
    };
    json!({
        "type": kind,
        "title": title,
        "datasource": source,
        "targets": targets.iter().enumerate().map(target).collect::<Vec<_>>(),
        "fieldConfig": {
            "defaults": { "unit": unit, "thresholds": { "mode": "absolute", "steps": steps } },
            "overrides": [],
        },
        "options": {},
    })
}

fn budget(slo: &Slo) -> Value {
    let query = (series(slo, "slo_error_budget_remaining_ratio", ""), legend(slo, "left"));
    let steps = json!([
        { "color": "red", "value": null },
        { "color": "orange", "value": 0 },
        { "color": "green", "value": 0.25 },
    ]);
    let mut panel = panel("timeseries", "Error budget left", &[query], "percentunit", steps);
    panel["fieldConfig"]["defaults"]["max"] = json!(1);
    panel
}

/// Burn rates with a line at each factor.
fn burn_rates(slo: &Slo) -> Value {
    let query = (series(slo, "slo_burn_rate", ""), legend(slo, "{{window}}"));
    let mut factors: Vec<(f64, Severity)> =
        slo.policy.pairs.iter().map(|pair| (pair.factor.as_f64(), pair.severity)).collect();
    factors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let color = |severity| if severity == Severity::Page { "red" } else { "orange" };
    let lines = factors.into_iter().map(|(factor, severity)| json!({ "color": color(severity), "value": factor }));
    let steps: Vec<Value> = std::iter::once(json!({ "color": "green", "value": null })).chain(lines).collect();
    let mut panel = panel("timeseries", "Burn rate", &[query], "none", json!(steps));
    panel["fieldConfig"]["defaults"]["custom"] = json!({ "thresholdsStyle": { "mode": "dashed" } });
    panel["description"] = json!(pairs(slo));
    panel
}

/// What the lines mean.
fn pairs(slo: &Slo) -> String {
    let told = slo.policy.pairs.iter().map(|pair| {
        let (long, short) = (format_duration(pair.long), format_duration(pair.short));
        format!("{}: above {} over {long} and {short}", pair.severity, decimal_or_fraction(pair.factor))
    });
    told.collect::<Vec<_>>().join("\n")
}

fn events(slo: &Slo) -> Value {
    let query = |outcome: &str| {
        let counter = series(slo, "slo_events_total", &format!(",outcome=\"{outcome}\""));
        (format!("rate({counter}[$__rate_interval])"), legend(slo, outcome))
    };
    let steps = json!([{ "color": "green", "value": null }]);
    panel("timeseries", "Events", &[query("good"), query("bad")], "reqps", steps)
}

fn alerts(slo: &Slo) -> Value {
    let query = (series(slo, "slo_alert_firing", ""), legend(slo, "{{severity}}"));
    let steps = json!([{ "color": "green", "value": null }, { "color": "red", "value": 1 }]);
    let mut panel = panel("state-timeline", "Alerts", &[query], "none", steps);
    panel["fieldConfig"]["defaults"]["mappings"] = json!([{
        "type": "value",
        "options": { "0": { "text": "quiet", "color": "green" }, "1": { "text": "fires", "color": "red" } },
    }]);
    panel
}

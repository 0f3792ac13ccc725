//! The rules that Sloth makes of the same SLOs: eight recorded windows, seven figures about the SLO, two alerts.
//!
//! The ratio over the SLO window is the mean of the recorded 5-minute ratios, as Sloth has it.

use crate::world::{JOB, OBJECTIVE};
use std::fmt::Write;

/// Windows whose ratio is taken from the counters.
pub const WINDOWS: [(&str, u64); 7] =
    [("5m", 300), ("30m", 1800), ("1h", 3600), ("2h", 7200), ("6h", 21_600), ("1d", 86_400), ("3d", 259_200)];
/// Figures about an SLO that do not change.
pub const CONSTANTS: [(&str, &str); 4] = [
    ("slo:objective:ratio", "0.999"),
    ("slo:error_budget:ratio", "0.001"),
    ("slo:time_period:days", "30"),
    ("sloth_slo_info", "1"),
];
/// Figures about an SLO that follow from the recorded ratios.
pub const DERIVED: [&str; 3] =
    ["slo:current_burn_rate:ratio", "slo:period_burn_rate:ratio", "slo:period_error_budget_remaining:ratio"];
/// Factor, short window, long window.
type Pair = (f64, &'static str, &'static str);
/// Severities and their pairs.
const ALERTS: [(&str, [Pair; 2]); 2] =
    [("page", [(14.4, "5m", "1h"), (6.0, "30m", "6h")]), ("ticket", [(3.0, "2h", "1d"), (1.0, "6h", "3d")])];

/// Rules of one SLO.
pub const OF_AN_SLO: f64 = 17.0;

/// Labels by which all series of an SLO are known.
pub fn identity(service: usize) -> String {
    format!(r#"sloth_id="s{service:04}-availability",sloth_service="s{service:04}",sloth_slo="availability""#)
}

/// The query of a service's error ratio from its counters.
pub fn ratio(service: &str, window: &str) -> String {
    let all = format!(r#"job="{JOB}",service="{service}""#);
    format!(
        "(sum(rate(http_requests_total{{{all},code=~\"5..\"}}[{window}])))\n/\n(sum(rate(http_requests_total{{{all}}}[{window}])))"
    )
}

/// A rule file for so many SLOs.
pub fn rules(slos: usize) -> String {
    let mut text = String::from("groups:\n");
    (0..slos).for_each(|service| slo(&mut text, service));
    text
}

fn slo(text: &mut String, service: usize) {
    let identity = identity(service);
    group(text, "sli-recordings", service);
    for (window, _) in WINDOWS {
        let name = format!("slo:sli_error:ratio_rate{window}");
        record(text, service, &name, &ratio(&format!("s{service:04}"), window), Some(window));
    }
    let recorded = format!("slo:sli_error:ratio_rate5m{{{identity}}}[30d]");
    let mean = format!("sum_over_time({recorded})\n/ ignoring (sloth_window)\ncount_over_time({recorded})");
    record(text, service, "slo:sli_error:ratio_rate30d", &mean, Some("30d"));
    group(text, "meta-recordings", service);
    for (name, value) in CONSTANTS {
        record(text, service, name, &format!("vector({value})"), None);
    }
    let over_budget = |ratio: &str| {
        let on = "on(sloth_id, sloth_slo, sloth_service) group_left";
        format!("slo:sli_error:ratio_rate{ratio}{{{identity}}}\n/ {on}\nslo:error_budget:ratio{{{identity}}}")
    };
    let remaining = format!("1 - slo:period_burn_rate:ratio{{{identity}}}");
    for (name, query) in DERIVED.into_iter().zip([over_budget("5m"), over_budget("30d"), remaining]) {
        record(text, service, name, &query, None);
    }
    group(text, "alerts", service);
    for (severity, pairs) in ALERTS {
        let over = |window: &str, factor: f64| {
            format!("max(slo:sli_error:ratio_rate{window}{{{identity}}} > ({factor} * 0.001)) without (sloth_window)")
        };
        let pairs =
            pairs.map(|(factor, short, long)| format!("({}\nand\n{})", over(short, factor), over(long, factor)));
        let query = indented(&pairs.join("\nor\n"));
        let _ = write!(
            text,
            "  - alert: HighErrorRate\n    expr: |\n{query}    labels: {{sloth_severity: {severity}}}\n    annotations:\n      \
             summary: '{{{{$labels.sloth_service}}}} spends its error budget of {OBJECTIVE} too fast'\n"
        );
    }
}

fn group(text: &mut String, kind: &str, service: usize) {
    let _ = write!(text, "- name: sloth-slo-{kind}-s{service:04}-availability\n  rules:\n");
}

fn record(text: &mut String, service: usize, name: &str, query: &str, window: Option<&str>) {
    let window = window.map_or(String::new(), |window| format!(", sloth_window: {window}"));
    let _ = write!(
        text,
        "  - record: {name}\n    expr: |\n{}    labels: {{sloth_id: s{service:04}-availability, sloth_service: s{service:04}, \
         sloth_slo: availability{window}}}\n",
        indented(query)
    );
}

fn indented(query: &str) -> String {
    query.lines().map(|line| format!("      {line}\n")).collect()
}

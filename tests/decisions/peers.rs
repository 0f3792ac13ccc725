//! The two that decide: rules in a real Prometheus, and slowburn's replay.
//!
//! The recording rules' expressions are asked for over each trace, as promtool's own back-filling does, and what they say
//! is put beside the samples. The alerting rules are then asked for by a server that looks back no further than one
//! step, so that a recorded ratio that is absent is absent, as it is where the rule manager writes stale markers.

use super::compare::Course;
use super::promtool::{promtool, text};
use super::rules::Rule;
use super::server::Server;
use super::services::{GROUPS, slowburn};
use super::traces::{STEP, Trace};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use tempfile::TempDir;

const CONFIGURATION: &str = "global: {scrape_interval: 1h, evaluation_interval: 30s}\n";

/// An SLO as its rules and slowburn name it, and the value of the label that tells its budgets apart.
pub type Budget = (String, String);

/// The name of an alert, and its severity.
pub type AlertKind = (String, String);

/// Of a trace: what was recorded and what fired.
#[derive(Default)]
pub struct Decided {
    /// By window; times in milliseconds.
    pub recorded: BTreeMap<(String, Budget), Vec<(i64, f64)>>,
    /// Steps at which an alert fires. Alerts that never did are there too, without a group.
    pub firing: BTreeMap<(Budget, AlertKind), BTreeSet<i64>>,
}

/// What these rules decide about each trace.
pub fn prometheus<'t>(traces: impl Iterator<Item = &'t Trace> + Clone, rules: &[Rule]) -> Vec<Decided> {
    let dir = tempfile::tempdir().expect("a directory");
    let blocks = dir.path().join("data");
    traces.clone().for_each(|trace| import(&dir, &trace.text(), &blocks));
    let mut decided: Vec<Decided> = Vec::new();
    {
        let server = Server::start(&blocks, CONFIGURATION, &[]);
        for trace in traces.clone() {
            let (recorded, samples) = record(&server, trace, rules);
            import(&dir, &samples, &blocks);
            decided.push(Decided { recorded, ..Decided::default() });
        }
    }
    let server = Server::start(&blocks, CONFIGURATION, &["--query.lookback-delta=29s"]);
    for (trace, decided) in traces.zip(&mut decided) {
        for rule in rules {
            let Some(alert) = rule.alert() else { continue };
            let key = |group: &str| ((rule.sloth_id.clone(), group.to_owned()), alert.clone());
            decided.firing.entry(key("")).or_default();
            for found in query_range(&server, &rule.expr, trace, rule.every) {
                let steps = found.values.iter().map(|(at, _)| millis(*at));
                // It fires until the rules look again.
                let steps = steps.flat_map(|at| (at..(at + rule.every).min(trace.end + 1)).step_by(STEP as usize));
                // Of the time before the first scrape nobody knows.
                let steps = lasting(steps.filter(|at| *at >= trace.scrapes[0]).collect(), rule.wait);
                decided.firing.entry(key(found.group())).or_default().extend(steps);
            }
        }
    }
    decided
}

/// The steps at which an expression has held for some time, as the rule manager counts it.
fn lasting(steps: BTreeSet<i64>, wait: i64) -> BTreeSet<i64> {
    let (mut since, mut last) = (0, i64::MIN);
    let lasts = |at: &i64| {
        since = if *at == last + STEP { since } else { *at };
        last = *at;
        at - since >= wait
    };
    steps.into_iter().filter(lasts).collect()
}

type Recorded = BTreeMap<(String, Budget), Vec<(i64, f64)>>;

/// What the recording rules say at each step, and the same as OpenMetrics text.
fn record(server: &Server, trace: &Trace, rules: &[Rule]) -> (Recorded, String) {
    let (mut recorded, mut samples) = (Recorded::new(), String::new());
    // Several SLOs may count the same.
    let mut answers: BTreeMap<(&str, i64), Vec<Found>> = BTreeMap::new();
    for rule in rules {
        let Some(name) = &rule.record else { continue };
        let ask = || query_range(server, &rule.expr, trace, rule.every);
        for series in answers.entry((&rule.expr, rule.every)).or_insert_with(ask) {
            let labels = rule.labels.iter().chain(&series.metric);
            let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = labels.join(",");
            let budget = (rule.sloth_id.clone(), series.group().to_owned());
            let values = recorded.entry((rule.window().to_owned(), budget)).or_default();
            for (at, value) in &series.values {
                writeln!(samples, "{name}{{{labels}}} {value} {at}").expect("written");
                values.push((millis(*at), value.parse().expect("a number")));
            }
        }
    }
    (recorded, samples + "# EOF\n")
}

fn import(dir: &TempDir, samples: &str, blocks: &Path) {
    let file = dir.path().join("samples.om");
    std::fs::write(&file, samples).expect("written");
    promtool(&["tsdb", "create-blocks-from", "--max-block-duration=162h", "openmetrics", text(&file), text(blocks)]);
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Found>,
}

/// A series of an answer.
#[derive(Deserialize)]
struct Found {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

impl Found {
    /// The value of the one label by which budgets are counted here.
    fn group(&self) -> &str {
        self.metric.get(GROUPS).map_or("", String::as_str)
    }
}

fn query_range(server: &Server, expr: &str, trace: &Trace, every: i64) -> Vec<Found> {
    let (start, end, step) = (trace.start / 1000, trace.end / 1000, every / 1000);
    let query: String = expr.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let answer = server.get(&format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}"));
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let answer: Answer = serde_json::from_str(body).unwrap_or_else(|error| panic!("{expr}: {error}: {body}"));
    answer.data.result
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Each change of each alert that slowburn's replay of a trace tells: when, and whether it fires from then on.
pub fn replay(installation: &Path, trace: &Trace) -> BTreeMap<(Budget, AlertKind), Course> {
    std::fs::write(installation.join("samples.om"), trace.text()).expect("written");
    let told = slowburn(installation, &["replay", "--log.level=error", "--samples", "samples.om", "--json"]);
    let mut changes: BTreeMap<(Budget, AlertKind), Course> = BTreeMap::new();
    for line in told.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["type"] == "transition" {
            let text = |key: &str| line[key].as_str().expect("a text").to_owned();
            let group = line["group"][GROUPS].as_str().unwrap_or_default().to_owned();
            let at = chrono::DateTime::parse_from_rfc3339(&text("at")).expect("a time").timestamp_millis();
            let changes = changes.entry(((text("id"), group), (text("alert"), text("severity")))).or_default();
            let fires = line["to"] == "firing";
            // A pending alert does not fire.
            if fires != changes.last().is_some_and(|(_, fires)| *fires) {
                changes.push((at, fires));
            }
        }
    }
    changes
}

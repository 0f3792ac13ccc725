//! The two that decide: rules in a real Prometheus, and slowburn's replay.
//!
//! The recording rules' expressions are asked for over each trace, as promtool's own back-filling does, and what they say
//! is put beside the samples. The alerting rules are then asked for by a server that looks back no further than one
//! step, so that a recorded ratio that is absent is absent, as it is where the rule manager writes stale markers.

use super::compare::Course;
use super::promtool::{promtool, text};
use super::server::Server;
use super::services::slowburn;
use super::traces::{STEP, Trace};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use tempfile::TempDir;

const CONFIGURATION: &str = "global: {scrape_interval: 1h, evaluation_interval: 30s}\n";

/// One rule of a file.
struct Rule {
    /// Of the recorded series; `None` for an alert.
    record: Option<String>,
    expr: String,
    labels: BTreeMap<String, String>,
    sloth_id: String,
    /// How long an alert's expression must hold, in milliseconds.
    wait: i64,
}

/// Of a trace: what was recorded and what fired.
#[derive(Default)]
pub struct Decided {
    /// Window and Sloth's identifier; times in milliseconds.
    pub recorded: BTreeMap<(String, String), Vec<(i64, f64)>>,
    /// Steps at which an alert fires, by Sloth's identifier and severity.
    pub firing: BTreeMap<(String, String), BTreeSet<i64>>,
}

/// What the rules of these files decide about each trace.
pub fn prometheus(traces: &[Trace], rule_files: &[String]) -> Vec<Decided> {
    let rules: Vec<Rule> = rule_files.iter().flat_map(|file| rules(file)).collect();
    let dir = tempfile::tempdir().expect("a directory");
    let blocks = dir.path().join("data");
    traces.iter().for_each(|trace| import(&dir, &trace.text(), &blocks));
    let mut decided: Vec<Decided> = Vec::new();
    {
        let server = Server::start(&blocks, CONFIGURATION, &[]);
        for trace in traces {
            let (recorded, samples) = record(&server, trace, &rules);
            import(&dir, &samples, &blocks);
            decided.push(Decided { recorded, ..Decided::default() });
        }
    }
    let server = Server::start(&blocks, CONFIGURATION, &["--query.lookback-delta=29s"]);
    for (trace, decided) in traces.iter().zip(&mut decided) {
        for rule in rules.iter().filter(|rule| rule.record.is_none()) {
            let found = query_range(&server, &rule.expr, trace).into_iter().flat_map(|series| series.values);
            let severity = rule.labels["sloth_severity"].clone();
            let steps = lasting(found.map(|(at, _)| millis(at)).collect(), rule.wait);
            decided.firing.insert((rule.sloth_id.clone(), severity), steps);
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

/// A duration of whole minutes.
fn wait(text: &str) -> i64 {
    let minutes = text.strip_suffix('m').and_then(|minutes| minutes.parse::<i64>().ok());
    minutes.expect("whole minutes") * 60_000
}

/// The rules over the windows of the burn rates, and the alerts on them.
fn rules(file: &str) -> Vec<Rule> {
    let file: Value = serde_yaml::from_str(file).expect("rules");
    let groups = file["groups"].as_array().expect("groups");
    let mut all = Vec::new();
    for group in groups {
        let name = group["name"].as_str().expect("a name");
        let (kind, sloth_id) = ["sli-recordings-", "alerts-"]
            .iter()
            .find_map(|kind| name.strip_prefix("sloth-slo-")?.strip_prefix(kind).map(|id| (*kind, id)))
            .unwrap_or_default();
        let rules = group["rules"].as_array().expect("rules").iter().filter(|_| !kind.is_empty());
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        for rule in rules {
            let labels = rule["labels"].as_object().expect("labels");
            all.push(Rule {
                record: rule["record"].as_str().map(str::to_owned),
                expr: text(&rule["expr"]),
                labels: labels.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
                sloth_id: sloth_id.to_owned(),
                wait: rule["for"].as_str().map_or(0, wait),
            });
        }
    }
    let is_period =
        |rule: &Rule| rule.labels.get("sloth_window").is_some_and(|window| window == "30d" || window == "4w");
    all.retain(|rule| !is_period(rule));
    all
}

type Recorded = BTreeMap<(String, String), Vec<(i64, f64)>>;

/// What the recording rules say at each step, and the same as OpenMetrics text.
fn record(server: &Server, trace: &Trace, rules: &[Rule]) -> (Recorded, String) {
    let (mut recorded, mut samples) = (Recorded::new(), String::new());
    for rule in rules {
        let Some(name) = &rule.record else { continue };
        for series in query_range(server, &rule.expr, trace) {
            let labels = rule.labels.iter().chain(&series.metric);
            let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = labels.join(",");
            let values = recorded.entry((rule.labels["sloth_window"].clone(), rule.sloth_id.clone())).or_default();
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

fn query_range(server: &Server, expr: &str, trace: &Trace) -> Vec<Found> {
    let (start, end, step) = (trace.start / 1000, trace.end / 1000, STEP / 1000);
    let query: String = expr.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let answer = server.get(&format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}"));
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let answer: Answer = serde_json::from_str(body).unwrap_or_else(|error| panic!("{expr}: {error}: {body}"));
    answer.data.result
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Each change of each severity that slowburn's replay of a trace tells: when, and whether it fires from then on.
pub fn replay(installation: &Path, trace: &Trace) -> BTreeMap<(String, String), Course> {
    std::fs::write(installation.join("samples.om"), trace.text()).expect("written");
    let told = slowburn(installation, &["replay", "--log.level=error", "--samples", "samples.om", "--json"]);
    let mut changes: BTreeMap<(String, String), Course> = BTreeMap::new();
    for line in told.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["type"] == "transition" && line["alert"] == "ErrorBudgetBurn" {
            let text = |key: &str| line[key].as_str().expect("a text").to_owned();
            let at = chrono::DateTime::parse_from_rfc3339(&text("at")).expect("a time").timestamp_millis();
            let (changes, fires) = (changes.entry((text("id"), text("severity"))).or_default(), line["to"] == "firing");
            // A pending alert does not fire.
            if fires != changes.last().is_some_and(|(_, fires)| *fires) {
                changes.push((at, fires));
            }
        }
    }
    changes
}

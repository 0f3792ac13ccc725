//! A recording and an SLO file, run by the real binary.

use serde_json::Value;
use std::fmt::Write;
use std::process::{Command, Output};

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;

/// Samples in the making; times are seconds after [`START`].
#[derive(Clone, Default)]
pub struct Recording {
    lines: Vec<String>,
}

impl Recording {
    pub fn new() -> Self {
        Self::default()
    }

    /// One sample; `series` has the labels besides `job="api",instance="a:1"`.
    pub fn sample(mut self, at: i64, series: &str, value: &str) -> Self {
        self.lines.push(line(at, series, value));
        self
    }

    /// A series every 15 s from `at` on.
    pub fn series(self, at: i64, series: &str, values: &[f64]) -> Self {
        values
            .iter()
            .enumerate()
            .fold(self, |all, (i, value)| all.sample(at + 15 * i as i64, series, &value.to_string()))
    }

    /// Samples in the order of time instead of that of series.
    pub fn by_time(mut self) -> Self {
        self.lines.sort_by_key(|line| line.rsplit(' ').next().and_then(|time| time.parse::<i64>().ok()));
        self
    }

    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        }) + "# EOF\n"
    }
}

fn line(at: i64, series: &str, value: &str) -> String {
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let comma = if labels == "}" { "" } else { "," };
    let target = if labels.contains("instance=") { "job=\"api\"" } else { "job=\"api\",instance=\"a:1\"" };
    format!("{name}{{{target}{comma}{labels} {value} {}", START + at)
}

/// Writes the files and runs `slowburn replay` on them.
pub fn replay(slo: &str, job: &str, recording: &Recording, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file is written");
    let job = format!("{{job_name: api, static_configs: [{{targets: ['a:1']}}]{job}}}");
    file("slowburn.yaml", &format!("slo_files: [slo.yaml]\nscrape_configs: [{job}]\n"));
    file("slo.yaml", &format!("version: slowburn/v1\nservice: s\nslos:\n{slo}"));
    file("samples.om", &recording.text());
    Command::new(env!("CARGO_BIN_EXE_slowburn"))
        .current_dir(dir.path())
        .args(["replay", "--samples", "samples.om", "--log.level=warn"])
        .args(arguments)
        .output()
        .expect("slowburn runs")
}

/// The JSON lines of a run that succeeds.
pub fn lines(slo: &str, job: &str, recording: &Recording) -> Vec<Value> {
    let output = replay(slo, job, recording, &["--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The statuses at the end.
pub fn statuses(slo: &str, job: &str, recording: &Recording) -> Vec<Value> {
    lines(slo, job, recording).into_iter().filter(|line| line["type"] == "slo").collect()
}

/// The one status at the end.
pub fn status(slo: &str, job: &str, recording: &Recording) -> Value {
    let mut all = statuses(slo, job, recording);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// `t+90 page inactive->firing 1h/5m` for each transition.
pub fn transitions(slo: &str, recording: &Recording) -> Vec<String> {
    let all = lines(slo, "", recording).into_iter().filter(|line| line["type"] == "transition");
    all.map(|t| {
        let at = chrono::DateTime::parse_from_rfc3339(t["at"].as_str().expect("a time")).expect("RFC 3339").timestamp();
        let text = |key: &str| t[key].as_str().unwrap_or("-").to_owned();
        let windows = if t["long"].is_null() { text("alert") } else { format!("{}/{}", text("long"), text("short")) };
        format!("t+{} {} {}->{} {windows}", at - START, text("severity"), text("from"), text("to"))
    })
    .collect()
}

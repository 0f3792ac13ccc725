//! SLO files and samples through the real engine on a virtual clock.

use serde_json::Value;
use slowburn::config::load;
use slowburn::replay::{Line, Recording, run};
use std::fmt::Write;

/// 2026-01-01T00:00:00Z, a Thursday.
const START: i64 = 1_767_225_600;

/// Samples in the making, of the target `a:1` of the job `api`; times are seconds after [`START`].
#[derive(Default)]
pub struct Samples(String);

impl Samples {
    /// A series every 15 s from the start on; `labels` is empty or begins with a comma.
    pub fn series(mut self, name: &str, labels: &str, values: &[f64]) -> Self {
        for (i, value) in values.iter().enumerate() {
            let at = START + 15 * i as i64;
            let _ = writeln!(self.0, "{name}{{job=\"api\",instance=\"a:1\"{labels}}} {value} {at}");
        }
        self
    }
}

/// The statuses at the end, by `service/name` and group.
pub fn statuses(files: &[(&str, &str)], samples: &Samples) -> Vec<Value> {
    lines(files, samples).into_iter().filter(|line| line["type"] == "slo").collect()
}

/// All lines that `replay --json` would print.
pub fn lines(files: &[(&str, &str)], samples: &Samples) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let main =
        format!("slo_files: {names:?}\nscrape_configs: [{{job_name: api, static_configs: [{{targets: ['a:1']}}]}}]\n");
    let path = dir.path().join("slowburn.yaml");
    std::fs::write(&path, main).unwrap();
    let loaded = load::load(&path, &|_| None).unwrap();
    let config = loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text()));
    let recording = Recording::read(format!("{}# EOF\n", samples.0).as_bytes(), &config).unwrap();
    let mut lines = Vec::new();
    run(&config, recording, |line: Line| lines.push(serde_json::to_value(&line).unwrap()));
    lines
}

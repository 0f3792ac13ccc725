//! The SLOs of the comparison: Sloth's examples with the rules that Sloth generated from them, and a file of slowburn's
//! own with the rules that `slowburn export` writes.

use super::indicator::{self, Indicator};
use super::model::Limits;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;

const SLOTH: [&str; 4] = ["getting-started.yml", "kubernetes-apiserver.yml", "raw-home-wifi.yml", "home-wifi.yml"];

const OWN: &str = r#"
version: slowburn/v1
service: shop
slos:
  - name: requests
    objective: 99.9
    window: 30d
    sli:
      events:
        total: http_request_duration_seconds_count{job="myservice"}
        bad: http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}
  - name: good-requests
    objective: 99.9
    window: 28d
    sli:
      events:
        total: http_request_duration_seconds_count{job="myservice"}
        good: http_request_duration_seconds_count{job="myservice",code!~"(5..|429)"}
  - name: speed
    objective: 99
    window: 30d
    sli: {latency: {histogram: apiserver_request_duration_seconds, threshold: 400ms}}
  - name: patient
    objective: 99.9
    window: 30d
    sli:
      events:
        total: http_request_duration_seconds_count{job="myservice"}
        bad: http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}
    alerting:
      min_bad_events: 100
      page: [{long: 1h, short: 5m, factor: 14.4, for: 3m}, {long: 6h, short: 30m, factor: 6, for: 3m}]
      ticket: [{long: 1d, short: 2h, factor: 3, for: 3m}, {long: 3d, short: 6h, factor: 1, for: 3m}]
"#;

pub struct Slo {
    /// Where its rules come from.
    pub rules: &'static str,
    pub service: &'static str,
    pub name: &'static str,
    pub indicator: Indicator,
    /// Share of events that may be bad.
    pub budget: f64,
    pub days: i64,
}

impl Slo {
    /// As Sloth names it.
    pub fn sloth_id(&self) -> String {
        format!("{}-{}", self.service, self.name)
    }

    /// As slowburn names it.
    pub fn id(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }

    pub fn limits(&self, severity: &str) -> Limits {
        let pair =
            |share: f64, long: i64, short: i64| (long, short, share * (self.days * 24 * HOUR) as f64 / long as f64);
        let pairs = match severity {
            "page" => vec![pair(0.02, HOUR, HOUR / 12), pair(0.05, 6 * HOUR, HOUR / 2)],
            _ => vec![pair(0.1, 24 * HOUR, 2 * HOUR), pair(0.1, 72 * HOUR, 6 * HOUR)],
        };
        let (least_bad, wait) = if self.name == "patient" { (100.0, HOUR / 20) } else { (0.0, 0) };
        Limits { pairs, budget: self.budget, least_bad, wait }
    }
}

pub fn slos() -> Vec<Slo> {
    let slo = |rules, service, name, budget, indicator| Slo { rules, service, name, indicator, budget, days: 30 };
    vec![
        slo("Sloth", "myservice", "requests-availability", 0.001, indicator::failed_requests(false)),
        slo("Sloth", "k8s-apiserver", "requests-availability", 0.001, indicator::failed_calls()),
        slo("Sloth", "k8s-apiserver", "requests-latency", 0.01, indicator::slow_calls(false)),
        slo("Sloth", "home-wifi", "wifi-client-satisfaction", 0.05, indicator::mean_satisfaction()),
        slo("Sloth", "home-wifi", "good-wifi-client-satisfaction", 0.05, indicator::unhappy_clients()),
        slo("Sloth", "home-wifi", "risk-wifi-client-satisfaction", 0.001, indicator::lost_clients()),
        slo("export", "shop", "requests", 0.001, indicator::failed_requests(true)),
        Slo { days: 28, ..slo("export", "shop", "good-requests", 0.001, indicator::requests_but_good_ones(true)) },
        slo("export", "shop", "speed", 0.01, indicator::slow_calls(true)),
        slo("export", "shop", "patient", 0.001, indicator::failed_requests(true)),
    ]
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus/sloth").join(name)
}

/// A main file and all SLO files.
pub fn installation() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write(
        "slowburn.yaml",
        "global: {scrape_interval: 30s}\nslo_files: ['*.yml']\n\
         scrape_configs: [{job_name: myservice, static_configs: [{targets: ['a:1']}]}]\n",
    );
    write("shop.yml", OWN);
    for name in SLOTH {
        std::fs::copy(corpus(name), dir.path().join(name)).expect("a file of the corpus");
    }
    dir
}

/// The rule files, as they would be given to a Prometheus.
pub fn rule_files(installation: &Path) -> Vec<String> {
    let generated = SLOTH.map(|name| std::fs::read_to_string(corpus("_gen").join(name)).expect("generated rules"));
    let own = ["requests", "good-requests", "speed", "patient"].map(|name| format!("shop/{name}"));
    let wanted = own.iter().flat_map(|id| ["--slo", id]);
    let arguments: Vec<&str> = ["export", "--format", "prometheus"].into_iter().chain(wanted).collect();
    generated.into_iter().chain([slowburn(installation, &arguments)]).collect()
}

/// What slowburn writes to standard output.
pub fn slowburn(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    let output = command.current_dir(dir).args(arguments).stdin(Stdio::null()).output().expect("slowburn runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

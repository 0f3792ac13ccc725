//! The SLOs of the comparison: Sloth's examples with the rules that Sloth generated from them, and a file of slowburn's
//! own with the rules that `slowburn export` writes.

use super::indicator::{self, Indicator};
use super::model::{Condition, Limits, Pair};
use super::peers::Budget;
use super::rules::{Rule, rules};
use super::traces::STEP;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;

/// Examples of Sloth's; those of one set can be loaded together.
pub const SETS: [&[&str]; 2] = [
    &["multifile.yml", "kubernetes-apiserver.yml", "raw-home-wifi.yml", "home-wifi.yml"],
    &["plugin-getting-started.yml", "contrib-slo-plugins.yml"],
];

/// The label by which budgets of several groups are counted.
pub const GROUPS: &str = "verb";

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
    alerting: {no_data: {after: 10m, severity: ticket}}
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
  - name: calls
    objective: 99.9
    window: 30d
    by: [verb]
    sli: {events: {total: apiserver_request_total, bad: 'apiserver_request_total{code=~"(5..|429)"}'}}
  - name: spending
    objective: 99.9
    window: 3d
    by: [verb]
    sli: {events: {total: apiserver_request_total, bad: 'apiserver_request_total{code=~"(5..|429)"}'}}
    alerting:
      page: {disable: true}
      ticket: {disable: true}
      no_data: {after: 10m, severity: ticket}
      budget: [{consumed: 50, severity: ticket}, {consumed: 100, severity: page}]
"#;

/// When an SLO alerts.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Usual,
    /// Rules that are evaluated every five minutes.
    Rarely,
    /// After three minutes, and with 100 bad events.
    Patient,
    /// On missing data too.
    OrSilent,
    /// On missing data and what is spent only.
    Spending,
}

/// One alert of an SLO.
pub struct Alert {
    pub name: &'static str,
    pub severity: &'static str,
    pub condition: Condition,
}

pub struct Slo {
    /// Where its rules come from.
    rules: &'static str,
    /// The set of files that it belongs to.
    pub set: usize,
    service: &'static str,
    name: &'static str,
    /// Which of its budgets.
    group: &'static str,
    /// Shared by all that count the same.
    pub indicator: Rc<Indicator>,
    /// Share of events that may be bad.
    budget: f64,
    days: i64,
    policy: Policy,
}

impl Slo {
    /// As the rules name it.
    pub fn in_rules(&self) -> Budget {
        (format!("{}-{}", self.service, self.name), self.group.to_owned())
    }

    /// As slowburn names it.
    pub fn in_slowburn(&self) -> Budget {
        (format!("{}/{}", self.service, self.name), self.group.to_owned())
    }

    /// How the table names the rules of an alert.
    pub fn row_of(&self, alert: &Alert) -> &'static str {
        if alert.name == "ErrorBudgetBurn" { self.rules } else { "export, other alerts" }
    }

    /// Milliseconds between two evaluations of its rules.
    pub fn every(&self) -> i64 {
        if self.policy == Policy::Rarely { 10 * STEP } else { STEP }
    }

    pub fn alerts(&self) -> Vec<Alert> {
        let alert = |name, severity, condition| Alert { name, severity, condition };
        let silent = || alert("SloNoData", "ticket", Condition::Silent(HOUR / 6));
        let spent = |severity, share: f64| {
            let window = self.days * 24 * HOUR;
            alert("ErrorBudgetSpent", severity, self.burns(vec![(window, window, share)], true))
        };
        if self.policy == Policy::Spending {
            return vec![silent(), spent("ticket", 0.5), spent("page", 1.0)];
        }
        let pair =
            |share: f64, long: i64, short: i64| (long, short, share * (self.days * 24 * HOUR) as f64 / long as f64);
        let page = vec![pair(0.02, HOUR, HOUR / 12), pair(0.05, 6 * HOUR, HOUR / 2)];
        let ticket = vec![pair(0.1, 24 * HOUR, 2 * HOUR), pair(0.1, 72 * HOUR, 6 * HOUR)];
        let burns = [("page", page), ("ticket", ticket)];
        let burns = burns.map(|(severity, pairs)| alert("ErrorBudgetBurn", severity, self.burns(pairs, false)));
        burns.into_iter().chain((self.policy == Policy::OrSilent).then(silent)).collect()
    }

    fn burns(&self, pairs: Vec<Pair>, reached: bool) -> Condition {
        let (least_bad, wait) = if self.policy == Policy::Patient { (100.0, HOUR / 20) } else { (0.0, 0) };
        Condition::Burns(Limits { pairs, budget: self.budget, reached, least_bad, wait, every: self.every() })
    }
}

/// Every budget that is compared.
pub fn slos() -> Vec<Slo> {
    let slo = |rules, service, name, budget, indicator: &Rc<Indicator>| {
        let (set, group, days, policy, indicator) = (0, "", 30, Policy::Usual, indicator.clone());
        Slo { rules, set, service, name, group, indicator, budget, days, policy }
    };
    let [failed, failed_or_none] =
        [false, true].map(|missing_is_zero| Rc::new(indicator::failed_requests(missing_is_zero)));
    let [gets, posts] = [indicator::failed_gets(), indicator::failed_posts()].map(Rc::new);
    let failed = |service, name, budget| slo("Sloth", service, name, budget, &failed);
    let info = "requests-availability-contrib-plugin-info-labels-v1";
    let rarely = "requests-availability-contrib-plugin-rule-intervals-v1";
    let sloth = vec![
        failed("myservice", "requests-availability", 0.001),
        Slo { set: 1, ..failed("myservice", "requests-availability", 0.001) },
        failed("myservice2", "requests-availability", 0.0001),
        Slo { set: 1, ..failed("myservice", info, 0.001) },
        Slo { set: 1, policy: Policy::Rarely, ..failed("myservice", rarely, 0.001) },
        slo("Sloth", "k8s-apiserver", "requests-availability", 0.001, &Rc::new(indicator::failed_calls())),
        slo("Sloth", "k8s-apiserver", "requests-latency", 0.01, &Rc::new(indicator::slow_calls(false))),
        slo("Sloth", "home-wifi", "wifi-client-satisfaction", 0.05, &Rc::new(indicator::mean_satisfaction())),
        slo("Sloth", "home-wifi", "good-wifi-client-satisfaction", 0.05, &Rc::new(indicator::unhappy_clients())),
        slo("Sloth", "home-wifi", "risk-wifi-client-satisfaction", 0.001, &Rc::new(indicator::lost_clients())),
    ];
    let own = |name, budget, indicator| slo("export", "shop", name, budget, indicator);
    let spending = |group, indicator| {
        let days = 3;
        Slo { group, days, policy: Policy::Spending, ..own("spending", 0.001, indicator) }
    };
    let but_good = Rc::new(indicator::requests_but_good_ones(true));
    let exported = vec![
        Slo { policy: Policy::OrSilent, ..own("requests", 0.001, &failed_or_none) },
        Slo { days: 28, ..own("good-requests", 0.001, &but_good) },
        own("speed", 0.01, &Rc::new(indicator::slow_calls(true))),
        Slo { policy: Policy::Patient, ..own("patient", 0.001, &failed_or_none) },
        Slo { group: "GET", ..own("calls", 0.001, &gets) },
        Slo { group: "POST", ..own("calls", 0.001, &posts) },
        spending("GET", &gets),
        spending("POST", &posts),
    ];
    sloth.into_iter().chain(exported).collect()
}

pub fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus/sloth").join(name)
}

/// A main file and these files of the corpus.
pub fn installation_of(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let main = "global: {scrape_interval: 30s}\nslo_files: ['*.yml']\n\
                scrape_configs: [{job_name: myservice, static_configs: [{targets: ['a:1']}]}]\n";
    std::fs::write(dir.path().join("slowburn.yaml"), main).expect("written");
    for name in names {
        std::fs::copy(corpus(name), dir.path().join(name)).expect("a file of the corpus");
    }
    dir
}

/// One for each set; the first has the SLOs of slowburn's own too.
pub fn installations() -> [TempDir; 2] {
    let installations = SETS.map(installation_of);
    std::fs::write(installations[0].path().join("shop.yml"), OWN).expect("written");
    installations
}

/// The rules of a set, as they would be given to a Prometheus.
pub fn rules_of(set: usize, installation: &Path) -> Vec<Rule> {
    let generated = |name: &&str| std::fs::read_to_string(corpus("_gen").join(name)).expect("generated rules");
    let mut files: Vec<String> = SETS[set].iter().map(generated).collect();
    if set == 0 {
        let own =
            ["requests", "good-requests", "speed", "patient", "calls", "spending"].map(|name| format!("shop/{name}"));
        files.push(exported(installation, &own.each_ref().map(String::as_str)));
    }
    files.iter().flat_map(|file| rules(file)).collect()
}

/// The rules that slowburn writes for these SLOs, or for all.
pub fn exported(installation: &Path, slos: &[&str]) -> String {
    let wanted = slos.iter().flat_map(|id| ["--slo", id]);
    let arguments: Vec<&str> = ["export", "--format", "prometheus"].into_iter().chain(wanted).collect();
    slowburn(installation, &arguments)
}

/// What slowburn writes to standard output.
pub fn slowburn(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    let output = command.current_dir(dir).args(arguments).stdin(Stdio::null()).output().expect("slowburn runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

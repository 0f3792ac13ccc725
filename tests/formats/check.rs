//! `slowburn check` on files of other formats, as people run it.

use serde_json::Value;
use std::process::{Command, Output};

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let jobs = "scrape_configs: [{job_name: myservice, static_configs: [{targets: ['a:1']}]}]";
    std::fs::write(dir.path().join("slowburn.yaml"), format!("slo_files: {names:?}\n{jobs}\n")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_slowburn")).current_dir(dir.path()).arg("check").args(arguments).output().unwrap()
}

const SLOTH: &str = include_str!("../fixtures/corpus/sloth/getting-started.yml");
const PROBE: &str = include_str!("../fixtures/corpus/pyrra/prometheus-probe-success.yaml");
const VICTORIA: &str = include_str!("../fixtures/corpus/sloth/victoria-metrics.yml");

#[test]
fn the_report_stands_before_the_findings() {
    let output = check(&[("sloth.yml", SLOTH), ("probe.yaml", PROBE)], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        "myservice/requests-availability (sloth, sloth.yml:9)",
        "taken over sli.events counters of all events and of a part of them, counted event by event",
        "changed alerting.name alerts are named ErrorBudgetBurn; \"MyServiceHighErrorRate\" is their label exported_alertname",
        "default/prometheus-blackbox-probe-success (pyrra, probe.yaml:1)",
        "taken over indicator.bool_gauge each sample of a gauge is an event",
        "left out metadata.labels those without pyrra.dev/ in front are Kubernetes's; Pyrra leaves them out too",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} is not in\n{text}");
    }
    assert!(text.ends_with("ok: 2 SLOs, 1 warning, 3 files read\n"), "{text}");
}

#[test]
fn programs_get_the_report_as_json() {
    let output = check(&[("sloth.yml", SLOTH)], &["--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = &json["fidelity"][0];
    assert_eq!((&json["ok"], &report["slo"]), (&Value::Bool(true), &Value::from("myservice/requests-availability")));
    assert_eq!(report["points"][0]["outcome"], "taken");
}

#[test]
fn a_query_that_cannot_be_counted_is_shown_in_place() {
    let output = check(&[("victoria.yml", VICTORIA)], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not PromQL: unknown function with name 'histogram_share': \"histogram_share\""), "{text}");
    assert!(text.contains("--> victoria.yml:27:24\n"), "{text}");
}

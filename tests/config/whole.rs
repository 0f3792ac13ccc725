//! A main file with its SLO files, and the checks across them.

use crate::files::load_files;

const MAIN: &str = r#"global:
  scrape_interval: 15s          # default 15s; scrape_timeout 10s
  external_url: https://slo.example.com/
  external_labels: {cluster: eu-1}
slo_files: ["slos/*.yaml"]
scrape_configs:
  - job_name: checkout
    static_configs:
      - targets: ["127.0.0.1:8080"]
        labels: {env: prod}
storage:
  path: data
route:
  receiver: team
  group_by: [service]
  group_wait: 0s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - matchers: ['severity="page"']
      receiver: pager
receivers:
  - name: team
    slack_configs: [{api_url_file: slack.url, channel: '#slo'}]
    email_configs: [{to: team@example.com, from: slo@example.com, smarthost: 'smtp.example.com:587'}]
  - name: pager
    webhook_configs: [{url: 'http://127.0.0.1:9099/hook'}]
web:
  listen: 127.0.0.1:9490
"#;

fn slo(service: &str, job: &str) -> String {
    format!(
        "version: slowburn/v1\nservice: {service}\nslos:\n  - name: up\n    objective: 99\n    window: 30d\n    sli: {{scrape: {{job: {job}}}}}\n"
    )
}

#[test]
fn the_example_of_the_contract_has_no_mistake() {
    let slo = slo("checkout", "checkout");
    let (dir, result, lines) =
        load_files(&[("slowburn.yaml", MAIN), ("slack.url", "https://hooks.example.com/x\n"), ("slos/a.yaml", &slo)]);
    assert_eq!(lines, Vec::<String>::new());
    let config = result.config.expect("no mistakes");
    assert_eq!(config.setup.external_url, "https://slo.example.com");
    assert_eq!(config.storage.path, dir.path().join("data"));
    assert_eq!(config.setup.slos[0].id.to_string(), "checkout/up");
}

#[test]
fn slos_of_one_name_in_two_files_name_both_places() {
    let slo = slo("checkout", "checkout");
    let files = [("slowburn.yaml", MAIN), ("slack.url", "https://x"), ("slos/a.yaml", &slo), ("slos/b.yaml", &slo)];
    let (dir, result, lines) = load_files(&files);
    let first = format!("{}/", dir.path().display());
    let wanted = "slos/b.yaml:4:1: error: the SLO checkout/up is already declared at slos/a.yaml:4: \"checkout/up\"; rename or remove one of the two";
    assert_eq!(lines.iter().map(|line| line.replace(&first, "")).collect::<Vec<_>>(), [wanted]);
    assert!(result.config.is_none());
}

#[test]
fn slos_of_one_name_in_one_file_are_reported_once() {
    let one = slo("checkout", "checkout");
    let twice = format!("{one}---\n{one}");
    let (_dir, _, lines) = load_files(&[("slowburn.yaml", MAIN), ("slack.url", "https://x"), ("slos/a.yaml", &twice)]);
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn a_selector_of_an_unknown_job_is_warned_of_with_the_nearest() {
    let relabelled = MAIN.replace(
        "        labels: {env: prod}\n",
        "        labels: {env: prod}\n    relabel_configs: [{target_label: job, replacement: other}]\n",
    );
    let named = MAIN.replace("{env: prod}", "{job: chekout}");
    for (name, main, warned) in [("typo", MAIN, true), ("relabelled", &relabelled, false), ("label", &named, false)] {
        let slo = slo("checkout", "chekout");
        let (_dir, result, lines) =
            load_files(&[("slowburn.yaml", main), ("slack.url", "https://x"), ("slos/a.yaml", &slo)]);
        let wanted = "slos/a.yaml:4:1: warning: the SLO checkout/up selects a job that no scrape config has: \"chekout\"; did you mean checkout?";
        assert_eq!(lines, if warned { vec![wanted.to_owned()] } else { Vec::new() }, "{name}");
        assert!(result.config.is_some(), "{name}");
    }
}

#[test]
fn slos_that_select_jobs_where_there_are_none_are_warned_of_once() {
    let main = "slo_files: ['slos/*.yaml']\nroute: {receiver: r}\nreceivers: [{name: r}]\n";
    let (a, b) = (slo("a", "a"), slo("b", "b"));
    let (_dir, result, lines) = load_files(&[("slowburn.yaml", main), ("slos/a.yaml", &a), ("slos/b.yaml", &b)]);
    let wanted =
        "slowburn.yaml: warning: there are no jobs, and 2 SLOs select them; add scrape_configs, or nothing is counted";
    assert_eq!(lines, [wanted]);
    assert!(result.config.is_some());
}

#[test]
fn a_configuration_without_slos_is_warned_of() {
    let (_dir, _, lines) = load_files(&[("slowburn.yaml", "route: {receiver: r}\nreceivers: [{name: r}]\n")]);
    assert_eq!(
        lines,
        ["slowburn.yaml: warning: there are no SLOs; declare them in files, and name those under slo_files"]
    );
}

#[test]
fn a_job_with_a_mistake_is_not_missed_by_the_slos_that_select_it() {
    let main = MAIN.replace("job_name: checkout", "job_nam: checkout");
    assert_ne!(main, MAIN);
    let slo = slo("checkout", "checkout");
    let (_dir, _, lines) = load_files(&[("slowburn.yaml", &main), ("slack.url", "https://x"), ("slos/a.yaml", &slo)]);
    assert!(lines.iter().all(|line| line.contains("job_nam")), "{lines:?}");
}

//! What passes, what fails and how that is told.

use super::run::{run, run_in};
use serde_json::Value;

/// Ten minutes of ten requests a minute, of which the last five minutes' all fail.
const SERIES: &str = r#"
    input_series:
      - {series: 'r_total{job="a",instance="b",route="/x",code="200"}', values: 0+10x5 50x5}
      - {series: 'r_total{job="a",instance="b",route="/x",code="500"}', values: 0x5 10+10x4}
"#;

fn test(expectations: &str) -> String {
    format!("slo_files: [slos.yaml]\ntests:\n  - name: one\n    interval: 1m{SERIES}{expectations}")
}

fn slo_test(expected: &str) -> String {
    test(&format!("    slo_test:\n      - {{eval_time: 10m, slo: shop/orders, {expected}}}\n"))
}

fn alert_test(expected: &str) -> String {
    test(&format!("    alert_rule_test:\n      - {{eval_time: 10m, alertname: ErrorBudgetBurn, {expected}}}\n"))
}

const ORDERS: &str = "{exp_labels: {service: shop, slo: orders, severity: page}";
const ROUTE: &str = "{exp_labels: {service: shop, slo: by-route, severity: page, route: /x}}";
const TICKETS: &str = "{exp_labels: {service: shop, slo: orders, severity: ticket}}, {exp_labels: {service: shop, \
                       slo: by-route, severity: ticket, route: /x}}";

#[test]
fn what_is_as_expected_passes() {
    for (name, file) in [
        ("counts", slo_test("good: 50, bad: 50, total: 100, sli_ratio: 0.5, budget_remaining: -49")),
        ("burn rates", slo_test("burn_rates: {5m: 100, 1h: 50}, state: critical")),
        ("tolerance", slo_test("good: 48, tolerance: 0.05")),
        ("alerts", alert_test(&format!("exp_alerts: [{ORDERS}}}, {ROUTE}, {TICKETS}]"))),
        (
            "named annotations",
            alert_test(&format!(
                "exp_alerts: [{ORDERS}, exp_annotations: {{slo_url: 'http://localhost:9490/slo/shop/orders'}}}}, {ROUTE}, {TICKETS}]"
            )),
        ),
        (
            "a group",
            test("    slo_test: [{eval_time: 10m, slo: shop/by-route, group: {route: /x}, bad: 50, coverage: 0.000231481, tolerance: 1e-9}]\n")
                .replace("1e-9", "0.000000001"),
        ),
        ("labels from outside", test("    external_labels: {cluster: eu}\n    external_url: https://slo.example.com/\n    alert_rule_test: [{eval_time: 10m, alertname: ErrorBudgetBurn, exp_alerts: [{exp_labels: {cluster: eu, service: shop, slo: orders, severity: page}, exp_annotations: {slo_url: 'https://slo.example.com/slo/shop/orders'}}, {exp_labels: {cluster: eu, service: shop, slo: by-route, severity: page, route: /x}}, {exp_labels: {cluster: eu, service: shop, slo: orders, severity: ticket}}, {exp_labels: {cluster: eu, service: shop, slo: by-route, severity: ticket, route: /x}}]}]\n")),
        ("nothing fires yet", test("    alert_rule_test: [{eval_time: 5m, alertname: ErrorBudgetBurn}]\n")),
        ("no figure", test("    slo_test: [{eval_time: 0s, slo: shop/orders, sli_ratio: none, budget_remaining: none, burn_rates: {5m: none}}]\n")),
        ("another start", test("    start_timestamp: 2026-01-31T23:55:00+01:00\n    slo_test: [{eval_time: 10m, slo: shop/orders, bad: 50}]\n")),
    ] {
        let ran = run(&file, &[]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}: {}", ran.out);
        assert!(ran.out.contains("1 passed, 0 failed"), "{name}: {}", ran.out);
    }
}

#[test]
fn each_difference_is_told_with_its_place() {
    for (name, file, wanted) in [
        (
            "a figure",
            slo_test("bad: 49"),
            vec!["t.yaml:9:9: slo_test at 10m: shop/orders", "bad", "- expected: 49", "+ found:    50"],
        ),
        ("a figure that should not be", slo_test("sli_ratio: none"), vec!["- expected: none", "+ found:    0.5"]),
        ("a state", slo_test("state: ok"), vec!["state", "- expected: ok", "+ found:    critical"]),
        (
            "a window that nobody shows",
            slo_test("burn_rates: {7m: 1}"),
            vec!["burn_rates.7m", "no such window; there are 5m, 30m, 1h, 2h, 6h, 1d, 3d"],
        ),
        (
            "alerts too many",
            alert_test(&format!("exp_alerts: [{ROUTE}, {TICKETS}]")),
            vec![
                "alert_rule_test at 10m: ErrorBudgetBurn",
                "+ found:    {service=\"shop\",severity=\"page\",slo=\"orders\"}",
            ],
        ),
        (
            "an alert too few",
            alert_test(&format!("exp_alerts: [{ORDERS}}}, {ROUTE}, {TICKETS}, {{exp_labels: {{a: b}}}}]")),
            vec!["- expected: {a=\"b\"}", "+ found:    nothing"],
        ),
        (
            "an annotation",
            alert_test(&format!("exp_alerts: [{ORDERS}, exp_annotations: {{summary: quiet}}}}, {ROUTE}, {TICKETS}]")),
            vec!["annotation summary", "- expected: quiet", "+ found:    shop/orders burns"],
        ),
        (
            "no group where there are some",
            test("    slo_test: [{eval_time: 10m, slo: shop/by-route, group: {route: /y}, bad: 1}]\n"),
            vec!["- expected: {route=\"/y\"}", "+ found:    {route=\"/x\"}"],
        ),
        (
            "what happened until then",
            slo_test("bad: 49"),
            vec!["alerts in this test:", "6m  shop/orders: ErrorBudgetBurn page fires (1h/5m)"],
        ),
    ] {
        let ran = run(&file, &[]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{name}: {}", ran.out);
        for part in wanted {
            assert!(ran.out.contains(part), "{name}: {part}\n{}", ran.out);
        }
        assert!(ran.out.contains("FAIL one") && ran.out.contains("0 passed, 1 failed"), "{name}: {}", ran.out);
    }
}

#[test]
fn programs_get_json_and_junit() {
    let ran = run(&slo_test("bad: 49"), &["--json", "--junit", "out.xml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&json["ok"], &json["passed"], &json["failed"]), (&false.into(), &0.into(), &1.into()));
    let mismatch = &json["files"][0]["tests"][0]["mismatches"][0];
    assert_eq!((&mismatch["line"], &mismatch["kind"]), (&9.into(), &"slo_test".into()));
    assert_eq!(mismatch["differences"][0]["expected"], "49");
    let xml = std::fs::read_to_string(ran.dir.path().join("out.xml")).expect("written");
    assert!(xml.contains("<testsuite name=\"t.yaml\" tests=\"1\" failures=\"1\""), "{xml}");
    assert!(xml.contains("t.yaml:9:9: slo_test at 10m: shop/orders"), "{xml}");
}

#[test]
fn only_wanted_tests_run() {
    let second = slo_test("bad: 50").split_once("tests:\n").expect("tests").1.replace("name: one", "name: two");
    let both = slo_test("bad: 49") + &second;
    let ran = run(&both, &["--run", "^two$"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("ok   two") && !ran.out.contains("one"), "{}", ran.out);
    let none = run(&both, &["--run", "three"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no test has a name that --run matches"), "{}", none.err);
}

#[test]
fn jobs_of_the_main_file_count_by_their_own_rules() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("slos.yaml", super::run::SLOS);
    write(
        "main.yaml",
        "slo_files: [slos.yaml]\nscrape_configs: [{job_name: a, new_series: baseline, static_configs: [{targets: ['b:1']}]}]\n",
    );
    // The first value of the failing series is a baseline here, so ten fewer are bad.
    let born = slo_test("bad: 40, total: 90").replace("0x5 10+10x4", "_x6 10+10x4");
    write("t.yaml", &born.replace("slo_files: [slos.yaml]", "config: main.yaml"));
    let ran = run_in(dir, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
}

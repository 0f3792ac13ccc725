//! Mistakes in test files: each is named with its place and how to mend it, and ends the run with 2.

use super::run::run;

const SERIES: &str = "series: 'r_total{job=\"a\",instance=\"b\"}'";

fn file(test: &str) -> String {
    format!("slo_files: [slos.yaml]\ntests:\n  - {test}\n")
}

#[test]
fn mistakes_are_told_with_place_and_mend() {
    let slo_test = |test: &str| file(&format!("slo_test: [{{{test}}}]"));
    let values = |values: &str| {
        file(&format!(
            "{{input_series: [{{{SERIES}, values: '{values}'}}], slo_test: [{{eval_time: 1m, slo: shop/orders, bad: 0}}]}}"
        ))
    };
    for (name, text, place, message) in [
        ("empty", String::new(), "t.yaml", "the file is empty"),
        ("nothing tested", "tests: []\n".to_owned(), "t.yaml:1:1", "nothing is tested"),
        ("promtool's key", "rule_files: [a.yml]\ntests: []\n".to_owned(), "t.yaml:1:1", "name SLO files under slo_files"),
        ("both", "slo_files: [slos.yaml]\nconfig: a\ntests: []\n".to_owned(), "t.yaml:1:12", "keep one of the two"),
        ("no such file", "slo_files: [x.yaml]\ntests: []\n".to_owned(), "t.yaml:1:13", "there is no such file"),
        ("no such main file", "config: x.yaml\ntests: []\n".to_owned(), "t.yaml:1:9", "there is no such file"),
        ("no tests", "slo_files: [slos.yaml]\ntests: []\n".to_owned(), "t.yaml:2:8", "there are no tests"),
        ("unknown key", file("{nmae: a, slo_test: []}"), "t.yaml:3:6", "did you mean `name`?"),
        ("expects nothing", file("{name: a}"), "t.yaml:3:5", "the test expects nothing"),
        ("PromQL", file("{promql_expr_test: [], slo_test: []}"), "t.yaml:3:6", "slowburn evaluates no PromQL"),
        ("no such SLO", slo_test("eval_time: 1m, slo: shop/order, bad: 0"), "t.yaml:3:37", "did you mean shop/orders?"),
        ("no name of an SLO", slo_test("eval_time: 1m, slo: orders, bad: 0"), "t.yaml:3:37", "write service/name"),
        ("no figure", slo_test("eval_time: 1m, slo: shop/orders"), "t.yaml:3:16", "the test expects nothing"),
        ("not a figure", slo_test("eval_time: 1m, slo: shop/orders, bad: few"), "t.yaml:3:55", "not a number"),
        ("not a state", slo_test("eval_time: 1m, slo: shop/orders, state: fine"), "t.yaml:3:57", "expected one of error"),
        ("not a window", slo_test("eval_time: 1m, slo: shop/orders, burn_rates: {x: 1}"), "t.yaml:3:66", "\"x\" is not a window"),
        ("not a time", slo_test("eval_time: soon, slo: shop/orders, bad: 0"), "t.yaml:3:28", "not a duration"),
        ("not a value", values("1 fast"), "t.yaml:3:74", "\"fast\" is not a value"),
        ("too many values", values("0x9999999"), "t.yaml:3:72", "longer than 1048576 values"),
        (
            "a selector instead of a series",
            file("{input_series: [{series: 'r{a!=\"b\"}', values: 1}], slo_test: []}"),
            "t.yaml:3:30",
            "write label=\"value\"",
        ),
        (
            "no name",
            file("{input_series: [{series: '{a=\"b\"}', values: 1}], slo_test: []}"),
            "t.yaml:3:31",
            "a selector needs a metric name",
        ),
        (
            "too long",
            "slo_files: [slos.yaml]\nevaluation_interval: 1ms\ntests: [{slo_test: [{eval_time: 1y, slo: shop/orders, bad: 0}]}]\n".to_owned(),
            "t.yaml:3:9",
            "too long for its evaluation_interval",
        ),
        (
            "an alert that there is not",
            file("{alert_rule_test: [{eval_time: 1m, alertname: ErorBudgetBurn}]}"),
            "t.yaml:3:51",
            "no alert has this name: \"ErorBudgetBurn\"\n",
        ),
        (
            "the mend of a slip",
            file("{alert_rule_test: [{eval_time: 1m, alertname: ErorBudgetBurn}]}"),
            "t.yaml:3:51",
            "did you mean ErrorBudgetBurn?",
        ),
        (
            "an alert's name in another format",
            file("{alert_rule_test: [{eval_time: 1m, alertname: CheckoutHighErrorRate}]}"),
            "t.yaml:3:51",
            "alerts are ErrorBudgetBurn, SloNoData, ErrorBudgetSpent; a name from another format is their label exported_alertname",
        ),
        (
            "one series twice",
            file(
                "input_series:\n    - {series: 'r_total{a=\"1\",b=\"2\"}', values: 1}\n    \
                 - {series: 'r_total{b=\"2\",a=\"1\"}', values: 2}\n    \
                 slo_test: [{eval_time: 1m, slo: shop/orders, bad: 0}]",
            ),
            "t.yaml:5:16",
            "the series r_total{a=\"1\",b=\"2\"} is given twice: \"r_total{b=\\\"2\\\",a=\\\"1\\\"}\"\n",
        ),
        ("two documents", file("{slo_test: []}") + "---\na: 1\n", "t.yaml:5:1", "one document only"),
    ] {
        let ran = run(&text, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(&format!("--> {place}\n")) && ran.err.contains(message), "{name}: {}", ran.err);
        assert_eq!(ran.err.matches(message).count(), 1, "{name} is told once: {}", ran.err);
    }
}

#[test]
fn mistakes_of_the_slos_are_told_where_they_are() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("slos.yaml"), super::run::SLOS.replacen("objective: 99", "objective: 101", 1))
        .expect("written");
    std::fs::write(dir.path().join("t.yaml"), file("{slo_test: [{eval_time: 1m, slo: shop/x, bad: few}]}"))
        .expect("written");
    let ran = super::run::run_in(dir, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--> slos.yaml:5:16") && ran.err.contains("--> t.yaml:3:51"), "{}", ran.err);
    assert!(!ran.err.contains("no such SLO"), "an SLO that can't be read is not taken for one that is not there");
}

#[test]
fn files_that_are_not_there_are_an_error() {
    let ran = run("", &["missing.yaml"]);
    assert_eq!(ran.code, 2);
    let dir = tempfile::tempdir().expect("a directory");
    let ran = super::run::run_in(dir, &[]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (2, "slowburn: can't read t.yaml: No such file or directory (os error 2)\n")
    );
}

/// The schema, the reader and the page know the same keys.
#[test]
fn the_page_tells_of_every_key() {
    let page = include_str!("../../docs/testing-slos.md");
    let schema = slowburn::suite::json_schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    assert_eq!(definitions.len(), 6);
    for (title, definition) in definitions {
        for key in definition["properties"].as_object().expect("keys").keys() {
            assert!(page.contains(&format!("`{key}`")), "docs/testing-slos.md does not mention {title}.{key}");
        }
    }
}

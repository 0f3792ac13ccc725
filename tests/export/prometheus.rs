//! Exported rules and dashboards, read by promtool and evaluated by its rule engine.

use super::slos::{all, read};
use serde_json::{Value, json};
use slowburn::export::{Format, export};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

pub fn promtool(arguments: &[&str], dir: &Path) -> (bool, String) {
    let output =
        Command::new("promtool").current_dir(dir).args(arguments).output().expect("promtool (Debian's prometheus)");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

fn written(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("written");
}

#[test]
fn promtool_accepts_the_rules_of_every_kind_of_slo() {
    let dir = tempfile::tempdir().unwrap();
    let rules = export(Format::Prometheus, &all()).unwrap();
    written(dir.path(), "rules.yaml", &rules.text);
    let (passed, said) = promtool(&["check", "rules", "rules.yaml"], dir.path());
    assert!(passed && said.contains("SUCCESS"), "{said}\n{}", rules.text);
    let notes: Vec<String> = rules.notes.iter().map(|note| format!("{} {}", note.slo, note.text)).collect();
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(rules.text.starts_with("# checkout/latency: the calendar window is a rolling one of 30d here\n"));
}

/// `service-name` is Sloth's id, and two SLOs may have the same.
#[test]
fn slos_with_the_same_id_have_groups_of_their_own() {
    let sli = "objective: 99, window: 30d, sli: {events: {total: x_total, bad: y_total}}";
    let slo = |service: &str, name: &str| {
        format!("version: slowburn/v1\nservice: {service}\nslos:\n  - {{name: {name}, {sli}}}\n")
    };
    let slos = read(&[slo("a-b", "c"), slo("a", "b-c"), slo("a", "d")].join("---\n"));
    let rules = export(Format::Prometheus, &slos).unwrap();
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "rules.yaml", &rules.text);
    let (passed, said) = promtool(&["check", "rules", "rules.yaml"], dir.path());
    assert!(passed, "{said}");
    let groups: Value = serde_yaml::from_str(&rules.text).unwrap();
    let names: Vec<&str> = groups["groups"].as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap()).collect();
    for name in ["a-b/c", "a/b-c", "a-d"] {
        assert!(names.contains(&format!("sloth-slo-sli-recordings-{name}").as_str()), "{names:?}");
    }
    let notes: Vec<String> = rules.notes.iter().map(|note| format!("{}: {}", note.slo, note.text)).collect();
    let told = |slo: &str| {
        format!("{slo}: its sloth_id a-b-c is also that of another SLO, so its groups are named after {slo}")
    };
    assert_eq!(notes, [told("a-b/c"), told("a/b-c")]);
}

#[test]
fn names_that_need_prometheus_3_are_told() {
    for (sli, name) in [
        ("{events: {total: '{\"http.requests\"}', bad: y_total}}", Some("http.requests")),
        ("{events: {total: x_total, bad: 'x_total{\"http.code\"=\"5\"}'}}", Some("http.code")),
        ("{events: {total: x_total, bad: 'x_total{code=\"5\"}'}}", None),
        ("{scrape: {job: 'a.b'}}", None),
    ] {
        let text = format!(
            "version: slowburn/v1\nservice: a\nslos:\n  - {{name: b, objective: 99, window: 30d, sli: {sli}}}\n"
        );
        let notes: Vec<String> =
            export(Format::Prometheus, &read(&text)).unwrap().notes.into_iter().map(|n| n.text).collect();
        let told: Vec<String> =
            name.iter().map(|name| format!("its rules need Prometheus 3, for the name {name}")).collect();
        assert_eq!(notes, told, "{sli}");
    }
}

/// Names, labels and groups of what Sloth generates for an SLO over 30 days.
#[test]
fn rules_have_sloths_names_and_labels() {
    let slos: Vec<_> = all().into_iter().filter(|slo| slo.id.name == "availability").collect();
    let rules: Value = serde_yaml::from_str(&export(Format::Prometheus, &slos).unwrap().text).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let names: Vec<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    let of = |kind: &str| format!("sloth-slo-{kind}-checkout-availability");
    assert_eq!(names, [of("sli-recordings"), of("meta-recordings"), of("alerts")]);
    let records =
        |group: usize| groups[group]["rules"].as_array().unwrap().iter().map(|rule| rule["record"].as_str().unwrap());
    let windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"];
    assert_eq!(records(0).collect::<Vec<_>>(), windows.map(|window| format!("slo:sli_error:ratio_rate{window}")));
    assert_eq!(
        records(1).collect::<Vec<_>>(),
        [
            "slo:objective:ratio",
            "slo:error_budget:ratio",
            "slo:time_period:days",
            "slo:current_burn_rate:ratio",
            "slo:period_burn_rate:ratio",
            "slo:period_error_budget_remaining:ratio",
            "sloth_slo_info"
        ]
    );
    assert_eq!(
        groups[0]["rules"][0]["labels"],
        json!({"team": "payments", "sloth_id": "checkout-availability", "sloth_service": "checkout",
               "sloth_slo": "availability", "sloth_window": "5m"})
    );
    assert_eq!(groups[1]["rules"][0]["expr"], "vector(0.999)", "no noise of floating-point numbers");
    let alerts = groups[2]["rules"].as_array().unwrap();
    let shown: Vec<(&str, &str)> = alerts
        .iter()
        .map(|rule| (rule["alert"].as_str().unwrap(), rule["labels"]["sloth_severity"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            ("ErrorBudgetBurn", "page"),
            ("ErrorBudgetBurn", "ticket"),
            ("SloNoData", "ticket"),
            ("ErrorBudgetSpent", "ticket"),
            ("ErrorBudgetSpent", "page")
        ]
    );
    assert_eq!(alerts[0]["annotations"]["dashboard"], "https://grafana.example.com/{{\"{{\"}}x}}");
    let expr = alerts[0]["expr"].as_str().unwrap();
    assert!(expr.contains("max(slo:sli_error:ratio_rate5m{sloth_id=\"checkout-availability\", sloth_service=\"checkout\", sloth_slo=\"availability\"} > (14.4 * 0.001)) without (sloth_window)\n    and\n"), "{expr}");
}

const RULES_TEST: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'ok_total{job="a",route="/x"}', values: '0+80x100'}
      - {series: 'all_total{job="a",route="/x"}', values: '0+100x100'}
      - {series: 'quiet_total{job="a",route="/x"}', values: '0+10x100'}
      - {series: 'up{job="a"}', values: '1 0 1 1x97'}
      - {series: 't_seconds_bucket{job="a",le="1.0"}', values: '0+60x100'}
      - {series: 't_seconds_count{job="a"}', values: '0+100x100'}
      - {series: 'sent_bytes_bucket{job="a",le="1e+06"}', values: '0+70x100'}
      - {series: 'sent_bytes_count{job="a"}', values: '0+100x100'}
      - {series: 'late_total{job="a"}', values: '0x20 1+1x79'}
      - {series: 'served_total{job="a",route="/gone"}', values: '0+10x50'}
      - {series: 'served_total{job="a",route="/kept"}', values: '0+10x100'}
    alert_rule_test:
      - {alertname: SloNoData, eval_time: 59m}
      - alertname: SloNoData
        eval_time: 61m
        exp_alerts:
          - exp_labels: {route: /gone, service: s, slo: silent, severity: ticket, sloth_severity: ticket, sloth_id: s-silent, sloth_service: s, sloth_slo: silent, sloth_window: 30d}
            exp_annotations: {summary: s/silent has no data, title: (ticket) s/silent has no data.}
      - {alertname: ErrorBudgetSpent, eval_time: 30m}
      - alertname: ErrorBudgetSpent
        eval_time: 60m
        exp_alerts:
          - exp_labels: {service: s, slo: spent, severity: page, sloth_severity: page, sloth_id: s-spent, sloth_service: s, sloth_slo: spent, sloth_window: 1d}
            exp_annotations: {summary: s/spent has spent 50% of its error budget, title: (page) s/spent has spent 50% of its error budget.}
    promql_expr_test:
      - {expr: 'round(slo:sli_error:ratio_rate1h{sloth_slo="good"}, 0.0001)', eval_time: 90m, exp_samples: [{labels: '{route="/x",sloth_id="s-good",sloth_service="s",sloth_slo="good",sloth_window="1h"}', value: 0.2}]}
      - {expr: 'round(slo:current_burn_rate:ratio{sloth_slo="good"}, 0.0001)', eval_time: 90m, exp_samples: [{labels: '{route="/x",sloth_id="s-good",sloth_service="s",sloth_slo="good",sloth_window="5m"}', value: 20}]}
      - {expr: 'slo:sli_error:ratio_rate1h{sloth_slo="no-errors"}', eval_time: 90m, exp_samples: [{labels: 'slo:sli_error:ratio_rate1h{sloth_id="s-no-errors",sloth_service="s",sloth_slo="no-errors",sloth_window="1h"}', value: 0}]}
      - {expr: 'round(slo:sli_error:ratio_rate1h{sloth_slo="latency"}, 0.0001)', eval_time: 90m, exp_samples: [{labels: '{sloth_id="s-latency",sloth_service="s",sloth_slo="latency",sloth_window="1h"}', value: 0.4}]}
      - {expr: 'round(slo:sli_error:ratio_rate1h{sloth_slo="large"}, 0.0001)', eval_time: 90m, exp_samples: [{labels: '{sloth_id="s-large",sloth_service="s",sloth_slo="large",sloth_window="1h"}', value: 0.3}]}
      - {expr: 'slo:sli_error:ratio_rate5m{sloth_slo="slices"}', eval_time: 90m, exp_samples: [{labels: 'slo:sli_error:ratio_rate5m{sloth_id="s-slices",sloth_service="s",sloth_slo="slices",sloth_window="5m"}', value: 1}]}
      - {expr: 'slo:sli_error:ratio_rate30m{sloth_slo="up"}', eval_time: 2m, exp_samples: [{labels: 'slo:sli_error:ratio_rate30m{sloth_id="s-up",sloth_service="s",sloth_slo="up",sloth_window="30m"}', value: 0.3333333333333333}]}
      - {expr: 'slo:objective:ratio{sloth_slo="good"}', eval_time: 90m, exp_samples: [{labels: 'slo:objective:ratio{sloth_id="s-good",sloth_service="s",sloth_slo="good"}', value: 0.99}]}
      - {expr: 'count by (alertname, sloth_severity) (ALERTS{alertstate="firing",sloth_slo="good"})', eval_time: 90m, exp_samples: [{labels: '{alertname="ErrorBudgetBurn",sloth_severity="page"}', value: 1}, {labels: '{alertname="ErrorBudgetBurn",sloth_severity="ticket"}', value: 1}]}
"#;

const SLOS: &str = r#"
version: slowburn/v1
service: s
slos:
  - {name: good, objective: 99, window: 30d, by: [route], sli: {events: {total: 'all_total{job="a"}', good: 'ok_total{job="a"}'}}}
  - {name: no-errors, objective: 99, window: 30d, sli: {events: {total: 'quiet_total{job="a"}', bad: 'quiet_total{job="a",code="500"}'}}}
  - {name: latency, objective: 99, window: 30d, sli: {latency: {histogram: 't_seconds{job="a"}', threshold: 1s}}}
  - {name: large, objective: 99, window: 30d, sli: {latency: {histogram: 'sent_bytes{job="a"}', threshold: '1000000'}}}
  - {name: slices, objective: 99, window: 1d, budgeting: {timeslices: {slice: 2m, target: 95}}, sli: {events: {total: 'all_total{job="a"}', good: 'ok_total{job="a"}'}}}
  - {name: silent, objective: 99, window: 30d, by: [route], sli: {events: {total: served_total, bad: 'served_total{code="500"}'}}, alerting: {no_data: {after: 10m, severity: ticket}}}
  - {name: spent, objective: 90, window: 1d, sli: {events: {total: 'served_total{route="/kept"}', bad: 'late_total'}}, alerting: {page: {disable: true}, ticket: {disable: true}, budget: [{consumed: 50, severity: page}]}}
  - {name: up, objective: 90, window: 30d, sli: {scrape: {job: a}}}
"#;

#[test]
fn prometheus_evaluates_the_rules_to_the_right_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let rules = export(Format::Prometheus, &read(SLOS)).unwrap().text;
    written(dir.path(), "rules.yaml", &rules);
    written(dir.path(), "test.yaml", RULES_TEST);
    let (passed, said) = promtool(&["test", "rules", "test.yaml"], dir.path());
    assert!(passed, "{said}\n{rules}");
}

/// Gauges that compare, alone, by a label, in slices and beside a counter.
const GAUGES: &str = r#"
version: slowburn/v1
service: s
slos:
  - {name: compared, objective: 90, window: 3h, sli: {terms: [{selector: g, total: 1, count: samples}, {selector: g, bad: 1, count: '< 0.75'}]}, PAIRS}
  - {name: apart, objective: 90, window: 3h, by: [i], sli: {terms: [{selector: g, total: 1, count: samples}, {selector: g, bad: 1, count: '< 0.75'}]}, PAIRS}
  - {name: chosen, objective: 90, window: 3h, sli: {terms: [{selector: g, total: 1, count: '> 0.2'}, {selector: g, bad: 1, count: '== 0.5'}]}, PAIRS}
  - {name: slices, objective: 90, window: 3h, budgeting: {timeslices: {slice: 2m, target: 60}}, sli: {terms: [{selector: g, total: 1, count: samples}, {selector: g, bad: 1, count: '< 0.75'}]}, PAIRS}
  - name: few
    objective: 90
    window: 3h
    sli: {terms: [{selector: 'g{i="a"}', total: 1, count: samples}, {selector: 'g{i="a"}', bad: 1, count: '< 0.75'}]}
    alerting: {page: [{long: 10m, short: 5m, factor: 1, min_bad_events: LEAST}], ticket: {disable: true}}
  - {name: mixed, objective: 90, window: 3h, sli: {terms: [{selector: a_total, total: 1}, {selector: 'g{i="a"}', total: 1, bad: 1, count: samples}]}, PAIRS}
"#;

/// Whatever the intervals of scrapes and of rules are, a share is a share and a sample is a sample.
#[test]
fn gauges_have_the_right_ratios_at_any_interval() {
    for (scrapes, rules, least, fires) in [("15s", "1m", 38, 1), ("15s", "1m", 42, 0), ("1m", "15s", 9, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let pairs = "alerting: {page: [{long: 48m, short: 5m, factor: 1}], ticket: {disable: true}}";
        let slos = GAUGES.replace("PAIRS", pairs).replace("LEAST", &least.to_string());
        let text = export(Format::Prometheus, &read(&slos)).unwrap().text;
        written(dir.path(), "rules.yaml", &text);
        let ratio = |slo: &str, window: &str, value: f64| {
            let expr = format!("sum(round(slo:sli_error:ratio_rate{window}{{sloth_slo=\"{slo}\"}}, 0.02))");
            json!({"expr": expr, "eval_time": "60m", "exp_samples": [{"labels": "{}", "value": value}]})
        };
        let alerts = "count(ALERTS{alertstate=\"firing\",sloth_slo=\"few\"}) or vector(0)";
        let tests = [
            ratio("compared", "5m", 0.5),
            ratio("apart", "5m", 1.0),
            ratio("chosen", "5m", 0.5),
            ratio("slices", "5m", 1.0),
            ratio("compared", "48m", 0.5),
            // A range may hold a sample more than what grew in it.
            ratio("mixed", "48m", 0.5),
            json!({"expr": alerts, "eval_time": "60m", "exp_samples": [{"labels": "{}", "value": fires}]}),
        ];
        let series = [("g{i=\"a\"}", "0.5x400"), ("g{i=\"b\"}", "1x400"), ("a_total", "0+1x400")];
        let series = series.map(|(series, values)| json!({"series": series, "values": values}));
        let test = json!({"rule_files": ["rules.yaml"], "evaluation_interval": rules,
            "tests": [{"interval": scrapes, "input_series": series, "promql_expr_test": tests}]});
        written(dir.path(), "test.yaml", &test.to_string());
        let (passed, said) = promtool(&["test", "rules", "test.yaml"], dir.path());
        assert!(passed, "scrapes {scrapes}, rules {rules}: {said}");
    }
}

#[test]
fn the_dashboard_asks_for_series_that_slowburn_shows() {
    let dashboard: Value = serde_json::from_str(&export(Format::Grafana, &all()).unwrap().text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert_eq!(panels.len(), 5 * all().len());
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "panels have ids of their own");
    let mut rows: BTreeSet<(u64, u64)> = BTreeSet::new();
    for panel in panels {
        let place = &panel["gridPos"];
        assert!(rows.insert((place["x"].as_u64().unwrap(), place["y"].as_u64().unwrap())), "{place} is taken");
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24);
    }
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    let shown = include_str!("../../docs/http-api.md");
    let mut rules = Vec::new();
    for target in targets {
        let expr = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m");
        let name = expr.trim_start_matches("rate(").split('{').next().unwrap();
        assert!(shown.contains(&format!("`{name}`")), "{name}");
        rules.push(json!({"record": "x", "expr": expr, "labels": {"i": rules.len().to_string()}}));
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "rules.yaml", &json!({"groups": [{"name": "g", "rules": rules}]}).to_string());
    let (passed, said) = promtool(&["check", "rules", "rules.yaml"], dir.path());
    assert!(passed, "{said}");
}

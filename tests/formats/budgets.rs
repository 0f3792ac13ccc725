//! Budgets of Sloth, Pyrra and OpenSLO files on recorded samples.

use super::run::{Samples, lines, statuses};
use serde_json::{Value, json};

const GETTING_STARTED: &str = include_str!("../fixtures/corpus/sloth/getting-started.yml");
const APISERVER: &str = include_str!("../fixtures/corpus/sloth/kubernetes-apiserver.yml");
const HOME_WIFI: &str = include_str!("../fixtures/corpus/sloth/home-wifi.yml");
const RAW_HOME_WIFI: &str = include_str!("../fixtures/corpus/sloth/raw-home-wifi.yml");
const PROBE: &str = include_str!("../fixtures/corpus/pyrra/prometheus-probe-success.yaml");
const CONNECT: &str = include_str!("../fixtures/corpus/pyrra/pyrra-connect-errors.yaml");
const WEB: &str = include_str!("../fixtures/corpus/openslo/go-sdk-v1-examples/slos.yaml");

/// `good/total` of an SLO's status, and what is left of its budget, rounded.
fn figures(status: &Value) -> (f64, f64, f64) {
    let sli = &status["sli"];
    let remaining = status["budget"]["remaining"].as_f64().unwrap();
    (sli["bad"].as_f64().unwrap(), sli["total"].as_f64().unwrap(), (remaining * 1e9).round() / 1e9)
}

fn one(files: &[(&str, &str)], samples: &Samples) -> Value {
    let all = statuses(files, samples);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn sloth_events_count_what_the_counters_show() {
    let myservice = GETTING_STARTED.replace("myservice", "api");
    let samples = Samples::default()
        .series("http_request_duration_seconds_count", ",code=\"200\"", &[100.0, 9000.0, 10_097.0])
        .series("http_request_duration_seconds_count", ",code=\"500\"", &[5.0, 5.0, 6.0])
        // The first error of a new series counts: Prometheus's increase() would lose it.
        .series("http_request_duration_seconds_count", ",code=\"429\"", &[])
        .series("http_request_duration_seconds_count", ",code=\"404\"", &[0.0, 0.0, 2.0]);
    let status = one(&[("slo.yaml", &myservice)], &samples);
    assert_eq!(figures(&status), (1.0, 10_000.0, 0.9), "1 bad of 10000 is a tenth of the budget under 99.9");
    assert_eq!(status["id"], "api/requests-availability");
    assert_eq!(status["labels"], json!({"owner": "myteam", "repo": "myorg/api", "tier": "2"}));
    assert_eq!(status["window"], json!({"kind": "rolling", "seconds": 2_592_000}));
}

#[test]
fn sloth_alerts_fire_with_the_windows_of_the_table() {
    let myservice = GETTING_STARTED.replace("myservice", "api");
    let good: Vec<f64> = (0..400).map(|i| f64::from(i) * 100.0).collect();
    let bad: Vec<f64> = (0..400).map(|i| f64::from((i - 300i32).max(0)) * 50.0).collect();
    let samples = Samples::default().series("http_request_duration_seconds_count", ",code=\"200\"", &good).series(
        "http_request_duration_seconds_count",
        ",code=\"503\"",
        &bad,
    );
    let all = lines(&[("slo.yaml", &myservice)], &samples);
    let fired: Vec<_> = all.iter().filter(|l| l["type"] == "transition" && l["to"] == "firing").collect();
    let told: Vec<_> = fired.iter().map(|l| (l["severity"].clone(), l["long"].clone(), l["factor"].clone())).collect();
    // The windows reach further back than the samples; with ever more errors the slower pairs are the first.
    assert_eq!(told, [(json!("ticket"), json!("3d"), json!(1.0)), (json!("page"), json!("6h"), json!(6.0))]);
}

#[test]
fn sloth_latency_knows_a_missing_bucket() {
    let samples = |le: &str| {
        Samples::default()
            .series("apiserver_request_total", ",code=\"200\"", &[0.0, 10.0])
            .series("apiserver_request_duration_seconds_count", ",verb=\"GET\"", &[0.0, 1000.0])
            .series("apiserver_request_duration_seconds_count", ",verb=\"WATCH\"", &[0.0, 77.0])
            .series("apiserver_request_duration_seconds_bucket", &format!(",verb=\"GET\",le=\"{le}\""), &[0.0, 995.0])
            .series("apiserver_request_duration_seconds_bucket", &format!(",verb=\"WATCH\",le=\"{le}\""), &[0.0, 7.0])
    };
    let latency = |le: &str| {
        let all = statuses(&[("slo.yaml", APISERVER)], &samples(le));
        all.into_iter().find(|status| status["name"] == "requests-latency").unwrap()
    };
    assert_eq!(figures(&latency("0.4")), (5.0, 1000.0, 0.5));
    let without = latency("0.5");
    assert_eq!(without["state"], "error");
    assert!(without["problem"].as_str().unwrap().contains("no bucket at the threshold 0.4"), "{without}");
}

#[test]
fn gauges_count_sample_by_sample() {
    let name = "unifipoller_client_satisfaction_ratio";
    let samples = Samples::default().series(name, ",client=\"a\"", &[1.0, 0.7, 0.4, 0.75]).series(
        name,
        ",client=\"b\"",
        &[0.9, 0.9, f64::NAN, 0.9],
    );
    let all = statuses(&[("slo.yaml", HOME_WIFI)], &samples);
    let figures_of = |name: &str| figures(all.iter().find(|status| status["name"] == name).unwrap());
    assert_eq!(
        (figures_of("good-wifi-client-satisfaction").0, figures_of("good-wifi-client-satisfaction").1),
        (2.0, 7.0)
    );
    assert_eq!(
        (figures_of("risk-wifi-client-satisfaction").0, figures_of("risk-wifi-client-satisfaction").1),
        (1.0, 7.0)
    );
    // A share is as bad as it lacks: 0.3 + 0.6 + 0.25 of a, three times 0.1 of b.
    let (bad, total, _) = figures(&one(&[("slo.yaml", RAW_HOME_WIFI)], &samples));
    assert_eq!((bad, total), (1.45, 7.0));
}

#[test]
fn a_gauge_is_measured_between_its_samples_and_not_while_it_is_missing() {
    let name = "unifipoller_client_satisfaction_ratio";
    let measured = |values: &[f64]| {
        // Another series keeps the target's time stamps while the gauge is missing.
        let samples = Samples::default().series("other", "", &[0.0; 40]).series(name, "", values);
        let coverage = one(&[("slo.yaml", RAW_HOME_WIFI)], &samples)["budget"]["coverage"].as_f64().unwrap();
        (coverage * 30.0 * 86_400.0).round()
    };
    assert_eq!(measured(&[1.0]), 0.0);
    assert_eq!(measured(&[1.0; 3]), 30.0);
    let mut away = vec![1.0; 40];
    away[3..30].fill(f64::NAN);
    assert_eq!(measured(&away), 2.0 * 15.0 + 9.0 * 15.0);
}

#[test]
fn pyrra_groups_are_budgets_and_bool_gauges_are_samples() {
    let samples = Samples::default().series("probe_success", ",target=\"x\"", &[1.0, 1.0, 0.0, 1.0]).series(
        "probe_success",
        ",target=\"y\"",
        &[1.0, 1.0, 1.0, 1.0],
    );
    let all = statuses(&[("slo.yaml", PROBE)], &samples);
    let by_group: Vec<_> = all
        .iter()
        .map(|s| (s["group"]["target"].clone(), s["sli"]["bad"].clone(), s["sli"]["total"].clone()))
        .collect();
    assert_eq!(by_group, [(json!("x"), json!(1.0), json!(4.0)), (json!("y"), json!(0.0), json!(4.0))]);
    assert_eq!(all[0]["id"], "default/prometheus-blackbox-probe-success");
}

#[test]
fn pyrra_groups_by_a_label_that_alerts_have_too() {
    let connect = CONNECT.replace("job=\"pyrra\"", "job=\"api\"");
    let name = "connect_server_requests_total";
    let samples = Samples::default()
        .series(name, ",service=\"s1\",method=\"m\",code=\"ok\"", &[0.0, 90.0])
        .series(name, ",service=\"s1\",method=\"m\",code=\"internal\"", &[0.0, 10.0])
        .series(name, ",service=\"s2\",method=\"m\",code=\"ok\"", &[0.0, 50.0]);
    let all = statuses(&[("slo.yaml", &connect)], &samples);
    let groups: Vec<_> = all.iter().map(|s| (s["group"].clone(), s["sli"]["bad"].clone())).collect();
    let group = |service: &str| json!({"exported_service": service, "method": "m"});
    assert_eq!(groups, [(group("s1"), json!(10.0)), (group("s2"), json!(0.0))]);
    assert_eq!(all[0]["service"], "monitoring");
}

#[test]
fn openslo_timeslices_follow_the_calendar() {
    let minute = |bad: f64| [bad * 0.25, bad * 0.5, bad * 0.75, bad];
    let total: Vec<f64> = (0..=12).map(|i| f64::from(i) * 25.0).collect();
    let mut good = vec![0.0];
    good.extend(minute(100.0));
    good.extend(minute(90.0).map(|v| 100.0 + v));
    good.extend(minute(100.0).map(|v| 190.0 + v));
    let labels = ",k8s_cluster=\"prod\",component=\"web\"";
    let bad: Vec<f64> = total.iter().zip(&good).map(|(total, good)| total - good).collect();
    let samples = Samples::default().series("http_requests", &format!("{labels},code=\"2xx\""), &good).series(
        "http_requests",
        &format!("{labels},code=\"5xx\""),
        &bad,
    );
    let status = one(&[("slo.yaml", WEB)], &samples);
    assert_eq!(status["window"]["period"], "week");
    assert_eq!(status["window"]["time_zone"], "America/New_York");
    let (bad, total, _) = figures(&status);
    assert_eq!((bad, total), (1.0, 3.0), "one minute of three was below 95 %");
    // The same minutes, each weighed by its share of bad events.
    let shares = WEB.replace("budgetingMethod: Timeslices", "budgetingMethod: RatioTimeslices");
    let (bad, total, _) = figures(&one(&[("slo.yaml", &shares)], &samples));
    assert_eq!((bad, total), (0.1, 3.0));
}

#[test]
fn openslo_thresholds_judge_each_sample() {
    let file = "apiVersion: openslo/v1
kind: SLO
metadata: {name: lag}
spec:
  service: queue
  budgetingMethod: Occurrences
  timeWindow: [{duration: 4w, isRolling: true}]
  indicator:
    metadata: {name: lag}
    spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'queue_lag{job=\"api\"}'}}}}
  objectives:
    - {op: lte, value: 100, target: 0.5}
";
    let samples = Samples::default().series("queue_lag", "", &[-5.0, 100.0, 101.0, 7.0]);
    assert_eq!(figures(&one(&[("slo.yaml", file)], &samples)), (1.0, 4.0, 0.5));
}

/// What the documentation tells to do instead of a composite.
#[test]
fn terms_weigh_the_parts_of_a_composite_that_count_the_same_events() {
    let documented =
        include_str!("../../docs/formats.md").split("```yaml\n").nth(1).and_then(|text| text.split("```").next());
    let whole = documented.expect("an example").replace('\n', "\n    ");
    let part = |name: &str, objective: &str, sli: &str| {
        format!("  - name: {name}\n    window: 30d\n    objective: {objective}\n    sli: {sli}\n")
    };
    let failed = "{events: {total: request_seconds_count, bad: 'request_seconds_count{code=~\"5..\"}'}}";
    let slow = "{latency: {histogram: request_seconds, threshold: 300ms}}";
    let file = format!(
        "version: slowburn/v1\nservice: web\nslos:\n{}{}  - name: whole\n    window: 30d\n    {whole}\n",
        part("failed", "99.5", failed),
        part("slow", "98", slow),
    );
    let samples = Samples::default()
        .series("request_seconds_count", ",code=\"200\"", &[0.0, 970.0])
        .series("request_seconds_count", ",code=\"500\"", &[0.0, 30.0])
        .series("request_seconds_bucket", ",code=\"200\",le=\"0.3\"", &[0.0, 900.0])
        .series("request_seconds_bucket", ",code=\"500\",le=\"0.3\"", &[0.0, 10.0]);
    let all = statuses(&[("slo.yaml", &file)], &samples);
    let burns = |name: &str| {
        let status = all.iter().find(|status| status["name"] == name).unwrap();
        status["budget"]["consumed"].as_f64().unwrap()
    };
    assert!((burns("failed") - 6.0).abs() < 1e-9 && (burns("slow") - 4.5).abs() < 1e-9, "{all:?}");
    assert!((burns("whole") - 10.5).abs() < 1e-9, "{all:?}");
}

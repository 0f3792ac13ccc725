//! Exported OpenSLO: the shape of its version 1.

use super::slos::all;
use serde_json::{Value, json};
use slowburn::export::{Format, export};

fn documents() -> (Vec<Value>, Vec<String>) {
    let written = export(Format::OpenSlo, &all()).unwrap();
    let notes = written.notes.iter().map(|note| format!("{}: {}", note.slo, note.text)).collect();
    (serde_yaml::from_multiple(&written.text).unwrap(), notes)
}

fn slo(name: &str) -> Value {
    let (all, _) = documents();
    all.into_iter().find(|object| object["kind"] == "SLO" && object["metadata"]["name"] == name).unwrap()
}

#[test]
fn services_and_slos_are_objects_of_version_1() {
    let (all, _) = documents();
    let kinds: Vec<String> = all
        .iter()
        .map(|o| format!("{}/{}", o["kind"].as_str().unwrap(), o["metadata"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kinds,
        [
            "Service/checkout",
            "SLO/availability",
            "SLO/good-events",
            "SLO/latency",
            "SLO/latency-whole",
            "SLO/uptime",
            "Service/search",
            "SLO/weighted"
        ]
    );
    assert!(all.iter().all(|object| object["apiVersion"] == "openslo/v1"));
}

#[test]
fn an_slo_says_what_it_promises_and_how_it_is_measured() {
    let availability = &slo("availability")["spec"];
    assert_eq!(availability["objectives"], json!([{"targetPercent": 99.9}]));
    assert_eq!(availability["timeWindow"], json!([{"duration": "30d", "isRolling": true}]));
    let ratio = &availability["indicator"]["spec"]["ratioMetric"];
    let query = |kind: &str| ratio[kind]["metricSource"]["spec"]["query"].clone();
    assert_eq!(ratio["counter"], true);
    assert_eq!(query("bad"), "sum(http_requests_total{job=\"checkout\",code=~\"5..\"})");
    assert_eq!(query("total"), "sum(http_requests_total{job=\"checkout\"})");
    let page = &availability["alertPolicies"][0];
    assert_eq!(page["metadata"]["name"], "availability-page-1h");
    assert_eq!(page["metadata"]["annotations"], json!({"slowburn/short-window": "5m"}));
    assert_eq!(
        page["spec"]["conditions"][0]["spec"],
        json!({"severity": "page", "condition": {"kind": "burnrate", "op": "gt", "threshold": 14.4, "lookbackWindow": "1h"}})
    );
    assert_eq!(page["spec"]["alertWhenBreaching"], true);

    let good = &slo("good-events")["spec"];
    assert_eq!(
        good["indicator"]["spec"]["ratioMetric"]["bad"]["metricSource"]["spec"]["query"],
        "sum by (route, method) (rpc_total) - sum by (route, method) (rpc_total{code=\"OK\"})"
    );
    assert_eq!(good["alertPolicies"][0]["spec"]["conditions"][0]["spec"]["condition"]["alertAfter"], "2m");

    let latency = &slo("latency")["spec"];
    assert_eq!(latency["budgetingMethod"], "Timeslices");
    assert_eq!(
        latency["objectives"],
        json!([{"targetPercent": 99, "timeSliceTarget": 0.975, "timeSliceWindow": "1m"}])
    );
    assert_eq!(
        latency["timeWindow"],
        json!([{"duration": "1M", "isRolling": false, "calendar": {"startTime": "2024-01-01 00:00:00", "timeZone": "Europe/Paris"}}])
    );
}

#[test]
fn what_openslo_has_no_words_for_is_told() {
    let (_, notes) = documents();
    for wanted in [
        "checkout/availability: OpenSLO has no alerts on the share of the budget that is spent",
        "checkout/availability: OpenSLO's alert policies carry no labels, annotations or runbook",
        "checkout/good-events: OpenSLO's conditions know neither min_bad_events nor keep_firing_for",
        "checkout/latency-whole: the factor 14/15 is rounded",
        "checkout/uptime: OpenSLO has no maintenance",
    ] {
        assert!(notes.iter().any(|note| note == wanted), "{wanted}: {notes:?}");
    }
}

/// What slowburn reads of its own OpenSLO: the same promise over the same counters, and the same pairs of windows.
#[test]
fn slowburn_reads_its_own_openslo() {
    let before: Vec<_> = all().into_iter().filter(|slo| slo.id.name != "uptime").collect();
    let written = export(Format::OpenSlo, &before).unwrap().text;
    let after = super::slos::read(&written);
    assert_eq!(after.len(), before.len());
    for slo in &before {
        let again = after.iter().find(|other| other.id == slo.id).unwrap();
        let promise = |slo: &slowburn::domain::slo::Slo| {
            (slo.objective, slo.window.clone(), slo.by.clone(), slo.timeslices, slo.labels.clone())
        };
        assert_eq!(promise(again), promise(slo), "{}", slo.id);
        let pairs = |slo: &slowburn::domain::slo::Slo| {
            let mut pairs: Vec<_> = slo
                .policy
                .pairs
                .iter()
                .map(|p| (p.severity, p.long, p.short, (p.factor.as_f64() * 1e9).round(), p.r#for))
                .collect();
            pairs.sort_by_key(|pair| (pair.0, pair.1));
            pairs
        };
        assert_eq!(pairs(again), pairs(slo), "{}", slo.id);
    }
    // Counters and their weights are the same, in whatever form.
    let count = |slos: &[std::sync::Arc<slowburn::domain::slo::Slo>], name: &str| {
        let slo = slos.iter().find(|slo| slo.id.name == name).unwrap();
        let rules = export(Format::Prometheus, std::slice::from_ref(slo)).unwrap().text;
        rules.lines().find(|line| line.contains("[5m]")).unwrap().to_owned()
    };
    assert_eq!(count(&after, "availability"), count(&before, "availability"));
}

//! Each path's exact shape.

use super::support::*;
use serde_json::{Value, json};
use slowburn::domain::status::SloStatus;
use std::sync::Arc;

#[tokio::test]
async fn statuses_have_the_contracts_shape() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/slos").await;
    assert_eq!(data.as_array().map(Vec::len), Some(3));
    assert_eq!(
        data[1],
        json!({"id": "checkout/availability", "service": "checkout", "name": "availability", "group": {"route": "/pay"},
            "labels": {"team": "payments"}, "description": "Requests succeed.", "objective": 99.9,
            "window": {"kind": "rolling", "seconds": 2592000}, "state": "critical",
            "sli": {"kind": "events", "ratio": 0.9995, "good": 9995.0, "bad": 5.0, "total": 10000.0},
            "budget": {"remaining": -0.25, "consumed": 0.5, "exhausts_in_seconds": null, "coverage": 1.0},
            "burn_rates": [{"window": "5m", "seconds": 300, "rate": 0.5, "bad": 1.0, "total": 2000.0},
                           {"window": "1h", "seconds": 3600, "rate": 0.5, "bad": 1.0, "total": 2000.0}],
            "alerts": [{"alert": "ErrorBudgetBurn", "severity": "page", "state": "firing",
                        "since": "2026-01-01T00:00:00Z", "long": "1h", "short": "5m", "factor": 14.4,
                        "burn_long": 20.0, "burn_short": 33.0}],
            "runbook_url": "https://runbooks.example.com/x", "problem": null, "updated_at": "2026-01-01T00:00:00Z"})
    );
    assert_eq!((&data[2]["state"], &data[2]["problem"]), (&json!("error"), &json!("no bucket at 0.3")));
}

#[tokio::test]
async fn one_slo_is_the_list_of_its_groups() {
    let server = Server::start(shop()).await;
    let groups = server.data("/api/v1/slos/checkout/availability").await;
    let routes: Vec<&Value> = groups.as_array().unwrap().iter().map(|status| &status["group"]["route"]).collect();
    assert_eq!(routes, ["/cart", "/pay"]);
    let pay = server.data("/api/v1/slos/checkout/availability?route=/pay").await;
    assert_eq!((pay.as_array().map(Vec::len), &pay[0]["group"]["route"]), (Some(1), &json!("/pay")));
    assert_eq!(server.json("/api/v1/slos/checkout/availability?route=/nope").await.0, 404);
    assert_eq!(server.data("/api/v1/slos/search/latency").await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_defined_slo_without_groups_is_an_empty_list_and_an_unknown_one_is_not_found() {
    let server = Server::start(empty().with_slos(vec![slo("a", "b", &["route"])])).await;
    assert_eq!(server.data("/api/v1/slos/a/b").await, json!([]));
    let (status, body) = server.json("/api/v1/slos/a/c%3Cb%3E").await;
    assert_eq!(status, 404);
    assert_eq!(body, json!({"status": "error", "errorType": "not_found", "error": "there is no SLO \"a/c<b>\""}));
}

#[tokio::test]
async fn names_are_percent_decoded() {
    let server = Server::start(empty().with_statuses(vec![status("a b", "ü/%")])).await;
    assert_eq!(server.data("/api/v1/slos/a%20b/%C3%BC%2F%25").await[0]["id"], "a b/ü/%");
    let (status, body) = server.json("/api/v1/slos/a/%ff").await;
    assert_eq!((status, &body["errorType"]), (400, &json!("bad_data")));
}

#[tokio::test]
async fn alerts_have_prometheus_shape() {
    let server = Server::start(shop()).await;
    assert_eq!(
        server.data("/api/v1/alerts").await,
        json!({"alerts": [{"labels": {"alertname": "ErrorBudgetBurn", "service": "checkout", "slo": "availability",
                                      "severity": "page", "route": "/pay"},
            "annotations": {"summary": "burns"}, "state": "firing", "activeAt": "2026-01-01T00:00:00Z",
            "value": "2.05e+01"}]})
    );
}

#[tokio::test]
async fn an_alert_that_waits_is_pending() {
    let mut published = shop();
    let mut statuses: Vec<_> = published.statuses.iter().map(|status| SloStatus::clone(status)).collect();
    statuses[1].alerts[0].state = slowburn::domain::status::AlertState::Pending;
    published.statuses = statuses.into_iter().map(|status| Arc::new(status.into())).collect();
    let server = Server::start(published).await;
    assert_eq!(server.data("/api/v1/alerts").await["alerts"][0]["state"], "pending");
    let rules = server.data("/api/v1/rules").await;
    assert_eq!(rules["groups"][0]["rules"][0]["state"], "pending");
}

#[tokio::test]
async fn targets_have_prometheus_shape_without_credentials() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/targets").await;
    let active = data["activeTargets"].as_array().unwrap();
    assert_eq!(
        active[0],
        json!({"discoveredLabels": {"__address__": "127.0.0.1:1"},
            "labels": {"job": "checkout", "instance": "127.0.0.1:1"}, "scrapePool": "checkout",
            "scrapeUrl": "http://127.0.0.1:1/metrics?x=1", "globalUrl": "http://127.0.0.1:1/metrics?x=1",
            "lastError": "", "lastScrape": "2026-01-01T00:00:00Z", "lastScrapeDuration": 0.012, "health": "up",
            "scrapeInterval": "15s", "scrapeTimeout": "10s", "lastSamples": 34, "lastBytes": 5678, "lastWarning": ""})
    );
    assert_eq!((&active[1]["health"], &active[1]["lastError"]), (&json!("down"), &json!("connection refused")));
    assert_eq!((&active[2]["health"], &active[2]["lastScrape"]), (&json!("unknown"), &json!("0001-01-01T00:00:00Z")));
    assert_eq!(
        data["droppedTargets"],
        json!([{"discoveredLabels": {"__address__": "127.0.0.1:3"}, "scrapePool": "checkout"}])
    );
    assert_eq!(data["droppedTargetCounts"], json!({"checkout": 1}));
    assert!(!data.to_string().contains("s3cret"));
    assert_eq!(
        data["discovery"][1],
        json!({"scrapePool": "mail", "kind": "http_sd", "source": "http://sd.example.com/targets", "targets": 3,
            "lastRefresh": "2026-01-01T00:00:00Z", "problems": ["HTTP status 500"]})
    );
}

#[tokio::test]
async fn targets_are_filtered() {
    let server = Server::start(shop()).await;
    for (query, active, dropped) in
        [("?state=active", 3, 0), ("?state=dropped", 0, 1), ("?state=any", 3, 1), ("?scrapePool=other", 0, 0)]
    {
        let data = server.data(&format!("/api/v1/targets{query}")).await;
        let count = |name: &str| data[name].as_array().map(Vec::len);
        assert_eq!((count("activeTargets"), count("droppedTargets")), (Some(active), Some(dropped)), "{query}");
    }
    let (status, body) = server.json("/api/v1/targets?state=x").await;
    assert_eq!((status, &body["errorType"]), (400, &json!("bad_data")));
}

#[tokio::test]
async fn rules_say_what_is_decided_in_promql() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/rules").await;
    let groups = data["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (&groups[0]["name"], &groups[0]["file"], &groups[0]["interval"]),
        (&json!("checkout"), &json!("slos/checkout.yaml"), &json!(15.0))
    );
    let names: Vec<(&Value, &Value)> = groups[0]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (&rule["name"], &rule["labels"]["severity"]))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("ErrorBudgetBurn"), &json!("page")),
            (&json!("ErrorBudgetBurn"), &json!("ticket")),
            (&json!("ErrorBudgetSpent"), &json!("ticket")),
            (&json!("SloNoData"), &json!("ticket"))
        ]
    );
    let page = &groups[0]["rules"][0];
    let of = |window: &str| format!("slo_burn_rate{{service=\"checkout\",slo=\"availability\",window=\"{window}\"}}");
    let query = format!(
        "({} > 14.4 and ignoring(window) {} > 14.4) or ({} > 6 and ignoring(window) {} > 6)",
        of("1h"),
        of("5m"),
        of("6h"),
        of("30m")
    );
    assert_eq!(page["query"], query);
    assert_eq!((&page["state"], &page["type"], &page["health"]), (&json!("firing"), &json!("alerting"), &json!("ok")));
    assert_eq!((&page["duration"], &page["keepFiringFor"]), (&json!(60.0), &json!(0.0)));
    assert_eq!(
        page["labels"],
        json!({"team": "payments", "channel": "checkout", "service": "checkout",
        "slo": "availability", "severity": "page"})
    );
    assert_eq!(page["annotations"], json!({"runbook_url": "https://runbooks.example.com/x"}));
    assert_eq!(page["alerts"].as_array().map(Vec::len), Some(1));
    let broken = &groups[1]["rules"][0];
    assert_eq!((&broken["health"], &broken["lastError"]), (&json!("err"), &json!("no bucket at 0.3")));
}

#[tokio::test]
async fn rules_are_filtered_as_in_prometheus() {
    let server = Server::start(shop()).await;
    for (query, groups, rules) in [
        ("?type=record", 0, 0),
        ("?type=alert", 2, 8),
        ("?rule_name[]=SloNoData", 2, 2),
        ("?rule_name%5B%5D=SloNoData&rule_group[]=search", 1, 1),
        ("?file[]=other.yaml", 0, 0),
    ] {
        let data = server.data(&format!("/api/v1/rules{query}")).await;
        let found = data["groups"].as_array().unwrap();
        let count: usize = found.iter().map(|group| group["rules"].as_array().map_or(0, Vec::len)).sum();
        assert_eq!((found.len(), count), (groups, rules), "{query}");
    }
    assert_eq!(server.json("/api/v1/rules?type=x").await.0, 400);
}

#[tokio::test]
async fn notifications_show_retries_and_fates() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/notifications").await;
    assert_eq!(
        data["outbox"][0],
        json!({"id": 5, "receiver": "pager", "kind": "webhook", "index": 0, "status": "firing",
            "reason": "first notification", "group_key": "{}:{}", "group_labels": {"service": "checkout"},
            "alerts": [{"status": "firing", "labels": {"alertname": "ErrorBudgetBurn", "service": "checkout",
                "slo": "availability", "severity": "page", "route": "/pay"}, "starts_at": "2026-01-01T00:00:00Z",
                "ends_at": null}],
            "created_at": "2025-12-31T23:58:30Z", "attempts": 2, "next_attempt": "2026-01-01T00:00:30Z",
            "last_error": "connection refused"})
    );
    let fate = |i: usize| (data["sent"][i]["outcome"].clone(), data["sent"][i]["error"].clone());
    assert_eq!(fate(0), (json!("accepted"), json!(null)));
    assert_eq!(fate(1), (json!("given_up"), json!("404 Not Found")));
}

#[tokio::test]
async fn the_process_tells_of_itself() {
    let mut published = shop();
    published.reload.failed = true;
    published.reload.error = Some("slowburn.yaml:3:1: unknown key".into());
    published.store.error = Some("no space left on device".into());
    let server = Server::start(published).await;
    let runtime = server.data("/api/v1/status/runtimeinfo").await;
    for (key, expected) in [
        ("startTime", json!("2025-12-31T23:00:00Z")),
        ("reloadConfigSuccess", json!(false)),
        ("reloadConfigError", json!("slowburn.yaml:3:1: unknown key")),
        ("lastConfigTime", json!("2026-01-01T00:00:00Z")),
        ("corruptionCount", json!(0)),
    ] {
        assert_eq!(runtime[key], expected, "{key}");
    }
    assert_eq!(runtime["storage"]["healthy"], false);
    assert_eq!(runtime["storage"]["error"], "no space left on device");
    let build = server.data("/api/v1/status/buildinfo").await;
    assert_eq!((&build["application"], &build["version"]), (&json!("slowburn"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(server.data("/api/v1/status/flags").await, json!({"config": "slowburn.yaml"}));
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let hostile = "</script><img src=x onerror=alert(1)>\"\\\n\u{0}\u{202e}";
    let mut one = status("a", "b");
    one.description = hostile.into();
    one.labels.set("x", hostile);
    one.group.set("y", hostile);
    let server = Server::start(empty().with_statuses(vec![one])).await;
    let data = server.data("/api/v1/slos").await;
    for found in [&data[0]["description"], &data[0]["labels"]["x"], &data[0]["group"]["y"]] {
        assert_eq!(found, hostile);
    }
}

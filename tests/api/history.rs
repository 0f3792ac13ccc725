//! History: ranges, steps, groups and their mistakes.

use super::support::*;
use serde_json::json;

const PATH: &str = "/api/v1/slos/checkout/availability/history";

#[tokio::test]
async fn the_last_day_is_the_default() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/slos/search/latency/history").await;
    assert_eq!((&data["id"], &data["group"]), (&json!("search/latency"), &json!({})));
    assert_eq!((&data["start"], &data["end"]), (&json!("2025-12-31T00:00:00Z"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(data["step"], 360.0);
    assert_eq!(data["points"].as_array().map(Vec::len), Some(240));
    assert_eq!(
        data["points"][0],
        json!({"at": "2025-12-31T00:06:00Z", "good": 0.0, "bad": 0.0, "total": 0.0, "burn_rate": null,
            "budget_remaining": 0.5, "coverage": 1.0})
    );
}

#[tokio::test]
async fn times_and_steps_are_read_as_prometheus_reads_them() {
    let server = Server::start(shop()).await;
    for (query, points, step) in [
        ("start=2025-12-31T23:00:00Z&end=2026-01-01T00:00:00Z&step=5m", 12, 300.0),
        ("start=2026-01-01T00:00:00%2B01:00&end=1767225600&step=300", 12, 300.0),
        ("start=1767225599.5&end=1767225600&step=0.1", 5, 0.1),
        ("start=1767225600&end=1767225600", 0, 1.0),
        ("start=1767214600&step=1", 11_000, 1.0),
        // An empty parameter is one that a form left empty.
        ("start=&end=&step=1h", 24, 3600.0),
    ] {
        let data = server.data(&format!("{PATH}?route=/pay&{query}")).await;
        assert_eq!((data["points"].as_array().map(Vec::len), &data["step"]), (Some(points), &json!(step)), "{query}");
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    let server = Server::start(shop()).await;
    for (query, status, kind, part) in [
        ("route=/pay&start=yesterday", 400, "bad_data", "invalid parameter \"start\": cannot parse \"yesterday\""),
        ("route=/pay&end=NaN", 400, "bad_data", "invalid parameter \"end\""),
        ("route=/pay&end=1e300", 400, "bad_data", "from 1970 to 9999"),
        ("route=/pay&start=-5", 400, "bad_data", "invalid parameter \"start\""),
        ("route=/pay&start=0001-01-01T00:00:00Z", 400, "bad_data", "invalid parameter \"start\""),
        ("route=/pay&start=2026-01-02T00:00:00Z", 400, "bad_data", "is before the start"),
        ("route=/pay&step=0", 400, "bad_data", "zero or negative"),
        ("route=/pay&step=-5", 400, "bad_data", "zero or negative"),
        ("route=/pay&step=0s", 400, "bad_data", "zero or negative"),
        ("route=/pay&step=1e-9", 400, "bad_data", "shorter than 1 ms"),
        ("route=/pay&step=inf", 400, "bad_data", "not a duration"),
        ("route=/pay&step=5parsecs", 400, "bad_data", "not a duration"),
        ("route=/pay&start=1767214599&step=1", 400, "bad_data", "11,000 points"),
        ("route=/pay&start=0&step=1ms", 400, "bad_data", "11,000 points"),
        ("", 400, "bad_data", "this SLO has 2 groups; name one by its labels, such as ?route=/cart"),
        ("route=/other", 404, "not_found", "no group {route=\"/other\"}"),
        ("route=/pay&code=500", 404, "not_found", "no group"),
        ("route=%ff%fe", 404, "not_found", "no group"),
    ] {
        let (code, body) = server.json(&format!("{PATH}?{query}")).await;
        assert_eq!(
            (code, &body["status"], &body["errorType"]),
            (status, &json!("error"), &json!(kind)),
            "{query}: {body}"
        );
        assert!(body["error"].as_str().unwrap().contains(part), "{query}: {body}");
    }
    let (code, body) = server.json("/api/v1/slos/search/latency/history?stpe=5m").await;
    assert_eq!(
        (code, body["error"].as_str()),
        (400, Some("this SLO has no groups, but the parameters name one: {stpe=\"5m\"}"))
    );
    assert_eq!(server.json("/api/v1/slos/no/such/history").await.0, 404);
}

#[tokio::test]
async fn a_group_label_may_be_called_like_a_parameter() {
    let mut one = status("a", "b");
    one.group = labels([("start", "x"), ("q", "1&2=3")]);
    let mut other = one.clone();
    other.group.set("start", "y");
    let server = Server::start(empty().with_statuses(vec![one, other])).await;
    let data = server.data("/api/v1/slos/a/b/history?group.start=y&q=1%262%3D3").await;
    assert_eq!(data["group"], json!({"start": "y", "q": "1&2=3"}));
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_unavailable() {
    let mut gone = status("a", "b");
    gone.group = labels([("route", "/gone")]);
    let server = Server::start(empty().with_statuses(vec![gone])).await;
    let (code, body) = server.json("/api/v1/slos/a/b/history").await;
    assert_eq!((code, &body["errorType"]), (503, &json!("unavailable")));
}

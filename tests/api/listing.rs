//! Search, filters, order and paging, as the page and the API share them.

use super::support::*;
use slowburn::domain::status::{SloStatus, State};
use slowburn::view::Published;
use slowburn::web::listing::{ListQuery, ListResult, Listing, ServiceCount};
use std::sync::Arc;

/// Reads a query as the server does.
fn query(text: &str) -> Result<ListQuery, String> {
    let uri = format!("/?{text}").parse().unwrap();
    axum::extract::Query::try_from_uri(&uri).map(|axum::extract::Query(query)| query).map_err(|error| error.body_text())
}

fn ask(published: &Published, text: &str) -> ListResult {
    Listing::query(published, &query(text).unwrap())
}

fn names(result: &ListResult) -> Vec<String> {
    let name = |status: &SloStatus| format!("{}/{}{}", status.service, status.name, status.group);
    result.items.iter().map(|item| name(&item.status).replace("{}", "")).collect()
}

fn with(service: &str, name: &str, state: State, remaining: Option<f64>, burn: Option<f64>) -> SloStatus {
    let mut one = status(service, name);
    one.state = state;
    one.budget.remaining = remaining;
    one.burn_rates[0].rate = burn;
    one.burn_rates[1].rate = None;
    one.labels = labels([("team", service)]);
    one
}

/// Sorted as published statuses are.
fn some() -> Published {
    let mut grouped = with("a", "three", State::Ok, Some(0.1), Some(9.0));
    grouped.group = labels([("route", "/Cart"), ("slo", "mine")]);
    empty().with_statuses(vec![
        with("a", "one", State::Ok, Some(0.9), Some(1.0)),
        grouped,
        with("a", "two", State::Critical, Some(0.5), Some(20.0)),
        with("b", "one", State::NoData, None, None),
        with("b", "two", State::Ok, Some(0.2), Some(3.0)),
        with("c", "one", State::Critical, Some(-3.0), Some(5.0)),
    ])
}

const THREE: &str = r#"a/three{route="/Cart",slo="mine"}"#;

#[test]
fn orders() {
    for (sort, expected) in [
        ("", vec!["c/one", "a/two", "b/one", THREE, "b/two", "a/one"]),
        ("sort=worst", vec!["c/one", "a/two", "b/one", THREE, "b/two", "a/one"]),
        ("sort=name", vec!["a/one", THREE, "a/two", "b/one", "b/two", "c/one"]),
        ("sort=budget", vec!["c/one", THREE, "b/two", "a/two", "a/one", "b/one"]),
        ("sort=burn", vec!["a/two", THREE, "c/one", "b/two", "a/one", "b/one"]),
    ] {
        assert_eq!(names(&ask(&some(), sort)), expected, "{sort}");
    }
}

#[test]
fn filters() {
    for (case, text, expected) in [
        ("service", "service=b", vec!["b/one", "b/two"]),
        ("two services", "service=b&service=c", vec!["b/one", "b/two", "c/one"]),
        ("state", "state=critical", vec!["a/two", "c/one"]),
        ("two states", "state=critical,no_data", vec!["a/two", "b/one", "c/one"]),
        ("two states, repeated", "state=critical&state=no_data", vec!["a/two", "b/one", "c/one"]),
        ("a word of the name", "q=two", vec!["a/two", "b/two"]),
        ("all words, any case", "q=REQUESTS+tWo", vec!["a/two", "b/two"]),
        ("a group's value", "q=/cart", vec![THREE]),
        ("a label with its name", "q=team%3Dc", vec!["c/one"]),
        ("no such word", "q=zzz", vec![]),
        ("label", "label=team%3D%22b%22", vec!["b/one", "b/two"]),
        ("unquoted label", "label=team%3Db", vec!["b/one", "b/two"]),
        ("label by pattern", "label=team%3D~%22a|b%22&label=slo!%3D%22one%22", vec![THREE, "a/two", "b/two"]),
        ("the group's label", "label=route%3D%22/Cart%22", vec![THREE]),
        ("absent label", "label=route%3D%22%22&service=a", vec!["a/one", "a/two"]),
        ("slo names the SLO even where a group has such a label", "label=slo%3Dthree", vec![THREE]),
        ("service as a label", "label=service%3Dc", vec!["c/one"]),
        ("everything at once", "q=two&state=ok&service=b&label=team%3Db", vec!["b/two"]),
        (
            "empty parameters of a form",
            "q=&service=&state=&label=&limit=&offset=&sort=name",
            vec!["a/one", THREE, "a/two", "b/one", "b/two", "c/one"],
        ),
    ] {
        let text = format!("{text}&sort=name");
        assert_eq!(names(&ask(&some(), &text)), expected, "{case}");
    }
}

#[test]
fn pages() {
    for (text, expected) in [
        ("limit=2", vec!["a/one", THREE]),
        ("limit=2&offset=4", vec!["b/two", "c/one"]),
        ("offset=5", vec!["c/one"]),
        ("offset=6", vec![]),
        ("limit=0", vec![]),
    ] {
        let found = ask(&some(), &format!("sort=name&{text}"));
        assert_eq!((names(&found), found.total), (expected.iter().map(ToString::to_string).collect(), 6), "{text}");
    }
}

#[test]
fn counts_are_facets() {
    let found = ask(&some(), "service=a&state=critical");
    assert_eq!(found.total, 1);
    let states: Vec<(&str, usize)> = found.counts_by_state.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(states, [("error", 0), ("critical", 1), ("burning", 0), ("no_data", 0), ("exhausted", 0), ("ok", 2)]);
    let service = |service: &str, count, state| ServiceCount { service: service.into(), count, state };
    assert_eq!(found.services, [service("a", 1, State::Critical), service("c", 1, State::Critical)]);
    let all = ask(&some(), "");
    assert_eq!(
        all.services,
        [service("a", 3, State::Critical), service("b", 2, State::NoData), service("c", 1, State::Critical)]
    );
}

#[test]
fn indexes_point_into_the_published_list() {
    let published = some();
    for item in ask(&published, "").items {
        assert!(Arc::ptr_eq(&published.statuses[item.index], &item.status));
    }
}

#[test]
fn mistakes_are_named() {
    for (text, part) in [
        ("state=bad", "state \"bad\": it is one of error, critical, burning, no_data, exhausted, ok"),
        ("sort=x", "sort \"x\": it is one of worst, name, budget, burn"),
        ("limit=-1", "limit \"-1\": it is a whole number from 0"),
        ("offset=1e3", "offset \"1e3\""),
        ("limit=99999999999999999999999", "limit"),
        ("label=team", "label \"team\": expected one of =, !=, =~, !~"),
        ("label=team%3D~%22(%22", "unclosed group"),
    ] {
        let error = query(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[tokio::test]
async fn the_api_answers_by_the_same_query() {
    let server = Server::start(some()).await;
    let ids = |data: &serde_json::Value| -> Vec<String> {
        data.as_array().unwrap().iter().map(|status| status["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&server.data("/api/v1/slos?q=one").await), ["a/one", "b/one", "c/one"]);
    let overview = server.data("/api/v1/overview?q=one&limit=1").await;
    assert_eq!(ids(&overview["items"]), ["c/one"]);
    assert_eq!((&overview["total"], &overview["at"]), (&3.into(), &"2026-01-01T00:00:00Z".into()));
    assert_eq!(
        overview["states"],
        serde_json::json!({"error": 0, "critical": 1, "burning": 0, "no_data": 1, "exhausted": 0, "ok": 1})
    );
    assert_eq!(overview["services"][0], serde_json::json!({"service": "a", "count": 1, "state": "ok"}));
    let (status, body) = server.json("/api/v1/slos?state=bad").await;
    assert_eq!((status, &body["errorType"]), (400, &"bad_data".into()));
    assert_eq!(
        body["error"],
        "invalid parameter: state \"bad\": it is one of error, critical, burning, no_data, exhausted, ok"
    );
}

//! Badges.

use super::support::*;
use slowburn::domain::status::State;

#[tokio::test]
async fn a_badge_shows_the_worst_groups_budget() {
    let server = Server::start(shop()).await;
    let response = server.get("/badge/checkout/availability.svg").await;
    assert_eq!(response.headers()["content-type"], "image/svg+xml; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["cross-origin-resource-policy"], "cross-origin");
    let svg = response.text().await.unwrap();
    assert!(svg.contains("<title>checkout/availability: -25% budget left, critical</title>"), "{svg}");
    let (_, cart) = server.text("/badge/checkout/availability.svg?group.route=/cart").await;
    assert!(cart.contains("<title>checkout/availability: 50% budget left</title>"), "{cart}");
    assert_eq!(server.text("/badge/checkout/availability.svg?route=/nope").await.0, 404);
    assert!(svg.contains("aria-label=\"checkout/availability: -25% budget left, critical\""), "{svg}");
}

#[tokio::test]
async fn words_and_colours_follow_the_state() {
    for (state, remaining, words, colour) in [
        (State::Ok, Some(1.0), "100% budget left", "#23703a"),
        (State::Ok, Some(0.9999), "99% budget left", "#23703a"),
        (State::Ok, Some(0.29), "29% budget left", "#23703a"),
        (State::Ok, Some(0.1), "10% budget left", "#7d6200"),
        (State::Burning, Some(0.5), "50% budget left, burning", "#a54a00"),
        (State::Exhausted, Some(0.0), "0% budget left", "#b3261e"),
        (State::Exhausted, Some(-0.001), "-1% budget left", "#b3261e"),
        (State::NoData, Some(0.5), "no data", "#5f6368"),
        (State::Ok, None, "no data", "#23703a"),
        (State::Error, Some(0.5), "error", "#5f6368"),
    ] {
        let mut one = status("a", "b");
        one.state = state;
        one.budget.remaining = remaining;
        let server = Server::start(empty().with_statuses(vec![one])).await;
        let (code, svg) = server.text("/badge/a/b.svg").await;
        assert_eq!(code, 200);
        assert!(svg.contains(&format!(">a/b: {words}<")), "{state:?} {remaining:?}: {svg}");
        assert!(svg.contains(colour), "{state:?} {remaining:?}: {svg}");
    }
}

#[tokio::test]
async fn what_there_is_no_badge_for() {
    let server = Server::start(shop()).await;
    let (code, svg) = server.text("/badge/no/such.svg").await;
    assert_eq!(code, 404);
    assert!(svg.contains("<title>no/such: not found</title>"), "{svg}");
    let (code, body) = server.json("/badge/checkout/availability").await;
    assert_eq!((code, &body["errorType"]), (404, &"not_found".into()));
}

#[tokio::test]
async fn hostile_names_are_escaped_and_long_ones_shortened() {
    let service = "<script>alert(1)</script>&'\"\u{1}";
    let name = "ü".repeat(300);
    let server = Server::start(empty().with_statuses(vec![status(service, &name)])).await;
    let path = "/badge/%3Cscript%3Ealert(1)%3C%2Fscript%3E%26'%22%01/";
    let (code, svg) = server.text(&format!("{path}{}.svg", "%C3%BC".repeat(300))).await;
    assert_eq!(code, 200);
    assert!(!svg.contains("<script") && !svg.contains('\u{1}'), "{svg}");
    assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;&quot;\u{fffd}/"), "{svg}");
    assert!(svg.contains("ü…</text>"), "{svg}");
    let (_, svg) = server.text("/badge/%3Cscript%3E/%00.svg").await;
    assert!(!svg.contains("<script") && !svg.contains('\0'), "{svg}");
}

#[tokio::test]
async fn a_badge_that_holds_is_not_sent_again() {
    let server = Server::start(shop()).await;
    let path = format!("{}/badge/checkout/availability.svg", server.url);
    let tag = server.client.get(&path).send().await.unwrap().headers()["etag"].clone();
    let again = server.client.get(&path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.text().await.unwrap()), (304, String::new()));
    server.publish(empty().with_statuses(vec![status("checkout", "availability")]));
    let changed = server.client.get(&path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(changed.status().as_u16(), 200);
}

//! Health, readiness, reload.

use super::support::*;
use reqwest::Method;

#[tokio::test]
async fn healthy_and_ready_tell_apart_a_start_from_a_stop() {
    let server = Server::start_unpublished(empty()).await;
    assert_eq!(server.text("/-/healthy").await, (200, "slowburn is Healthy.\n".into()));
    assert_eq!(server.text("/-/ready").await.0, 503);
    server.publish(empty());
    assert_eq!(server.text("/-/ready").await, (200, "slowburn is Ready.\n".into()));
    *server.reload.result.lock().unwrap() = Err("stop".into());
    server.client.post(format!("{}/-/reload", server.url)).send().await.unwrap();
    assert_eq!(server.text("/-/healthy").await.0, 503);
}

#[tokio::test]
async fn reload_answers_with_the_diagnostics() {
    let server = Server::start(empty()).await;
    let reload = async |method: Method| {
        let response = server.client.request(method, format!("{}/-/reload", server.url)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(reload(Method::POST).await, (200, String::new()));
    assert_eq!(reload(Method::PUT).await, (200, String::new()));
    assert_eq!(reload(Method::GET).await.0, 405);
    *server.reload.result.lock().unwrap() = Err("slowburn.yaml:3:1: unknown key \"glob\"\n".into());
    let expected = "failed to reload config: slowburn.yaml:3:1: unknown key \"glob\"\n".to_owned();
    assert_eq!(reload(Method::POST).await, (500, expected));
    *server.reload.result.lock().unwrap() = Err("die".into());
    assert_eq!(reload(Method::POST).await, (500, "failed to reload config: the engine has stopped\n".into()));
}

#[tokio::test]
async fn a_browser_on_another_site_can_not_reload() {
    // external_url is https://slo.example.com.
    let server = Server::start(empty()).await;
    let own = server.url.as_str();
    for (case, headers, status) in [
        ("curl", vec![], 200),
        ("the page itself", vec![("origin", own), ("sec-fetch-site", "same-origin")], 200),
        ("the page in a browser that only knows Origin", vec![("origin", own)], 200),
        ("typed into the address bar", vec![("sec-fetch-site", "none")], 200),
        (
            "behind a proxy that keeps Host",
            vec![("origin", "https://slo.example.com"), ("host", "slo.example.com")],
            200,
        ),
        ("behind a proxy that sets Host", vec![("origin", "https://slo.example.com")], 200),
        ("a name without a dot", vec![("origin", "http://slowburn:9490"), ("host", "slowburn:9490")], 200),
        ("another site", vec![("origin", "https://evil.example")], 403),
        ("another site, new browser", vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], 403),
        ("a sibling site", vec![("sec-fetch-site", "same-site")], 403),
        ("another port of this machine", vec![("origin", "http://127.0.0.1:1")], 403),
        ("a sandboxed frame", vec![("origin", "null")], 403),
        ("no text", vec![("origin", "http://\u{e9}")], 403),
        (
            "rebinding",
            vec![("origin", "http://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "same-origin")],
            403,
        ),
        ("rebinding, old browser", vec![("origin", "http://evil.example"), ("host", "evil.example")], 403),
    ] {
        let mut request = server.client.post(format!("{own}/-/reload"));
        for (name, value) in headers {
            request = request.header(name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{case}: {}", response.text().await.unwrap());
    }
}

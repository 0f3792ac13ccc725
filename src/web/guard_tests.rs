//! What the guard does with panics, handlers that hang, and requests turned away on purpose.

use super::*;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use tower::ServiceExt;

async fn panics() -> &'static str {
    panic!("boom\nforged")
}

/// The answer of a router with one handler that panics and one that never answers.
async fn ask(metrics: &Metrics, path: &str) -> (StatusCode, String) {
    let never = || std::future::pending::<&'static str>();
    let router =
        Router::new().route("/api/panics", get(panics)).route("/api/never", get(never)).route("/never", get(never));
    let router: Router = layer(router, metrics).with_state(());
    let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY), "{path}");
    assert!(response.headers().contains_key(REQUEST_ID), "{path}");
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_panic_is_an_answer_that_tells_nothing() {
    let metrics = Metrics::new();
    let (status, body) = ask(&metrics, "/api/panics").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, r#"{"status":"error","errorType":"internal","error":"an internal error; the log says more"}"#);
    let mut text = String::new();
    encode(&mut text, metrics.registry()).unwrap();
    let line = r#"slowburn_http_requests_total{route="/api/panics",method="GET",status="500"} 1"#;
    assert!(text.contains(line), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_answers_is_given_up() {
    let (status, body) = ask(&Metrics::new(), "/api/never").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, r#"{"status":"error","errorType":"timeout","error":"the answer took longer than 30 s"}"#);
    let (status, body) = ask(&Metrics::new(), "/never").await;
    assert_eq!((status, body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "the answer took longer than 30 s\n"));
}

#[test]
fn what_is_turned_away_on_purpose_is_no_warning() {
    let second = Duration::from_secs(1);
    for (status, took, level) in [
        (StatusCode::SERVICE_UNAVAILABLE, second, "debug"),
        (StatusCode::SERVICE_UNAVAILABLE, TIMEOUT, "warn"),
        (StatusCode::INTERNAL_SERVER_ERROR, second, "warn"),
        (StatusCode::NOT_FOUND, second, "debug"),
    ] {
        let lines = crate::telemetry::logged(crate::telemetry::LogFormat::Logfmt, || log(status, took));
        assert!(lines[0].contains(&format!("level={level} ")), "{status} {took:?}: {lines:?}");
    }
}

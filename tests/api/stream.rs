//! Live updates.

use super::support::*;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use slowburn::domain::status::{SloStatus, State};
use slowburn::domain::time::Timestamp;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(server: &Server, origin: Option<&str>) -> Result<Socket, u16> {
    connect_to(server, "/api/v1/stream", origin).await
}

async fn connect_to(server: &Server, path: &str, origin: Option<&str>) -> Result<Socket, u16> {
    let url = server.url.replace("http://", "ws://") + path;
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The next text message.
async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(text.as_str()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_is_greeted_and_told_what_changes() {
    let server = Server::start(shop()).await;
    let mut socket = connect(&server, None).await.unwrap();
    assert_eq!(
        next(&mut socket).await,
        json!({"type": "hello", "at": "2026-01-01T00:00:00Z", "total": 3,
            "states": {"error": 1, "critical": 1, "burning": 0, "no_data": 0, "exhausted": 0, "ok": 1},
            "targets": 3, "targets_down": 1, "outbox": 1})
    );
    let mut published = shop();
    published.at = Timestamp(NOW.0 + 15_000);
    let mut statuses: Vec<_> = published.statuses.iter().map(|status| SloStatus::clone(status)).collect();
    // Evaluated again without a change, changed, gone, new.
    statuses[0].updated_at = published.at;
    statuses[1].state = State::Ok;
    statuses.remove(2);
    statuses.push(status("search", "new"));
    server.publish(published.with_statuses(statuses));
    let update = next(&mut socket).await;
    assert_eq!((&update["type"], &update["at"]), (&json!("update"), &json!("2026-01-01T00:00:15Z")));
    let changed: Vec<(&Value, &Value)> =
        update["changed"].as_array().unwrap().iter().map(|status| (&status["id"], &status["state"])).collect();
    assert_eq!(changed, [(&json!("checkout/availability"), &json!("ok")), (&json!("search/new"), &json!("ok"))]);
    assert_eq!(update["changed"][0]["group"], json!({"route": "/pay"}));
    assert_eq!(update["removed"], json!([{"id": "search/latency", "group": {}}]));
    assert_eq!(
        (&update["truncated"], &update["total"], &update["states"]["ok"]),
        (&json!(false), &json!(3), &json!(3))
    );
}

#[tokio::test]
async fn who_only_wants_to_know_that_something_changed_gets_the_counts() {
    let server = Server::start(shop()).await;
    let mut socket = connect_to(&server, "/api/v1/stream?changes=false", None).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "hello");
    server.publish(empty().with_statuses(vec![status("a", "b")]));
    assert_eq!(
        next(&mut socket).await,
        json!({"type": "update", "at": "2026-01-01T00:00:00Z", "total": 1,
            "states": {"error": 0, "critical": 0, "burning": 0, "no_data": 0, "exhausted": 0, "ok": 1},
            "targets": 0, "targets_down": 0, "outbox": 0})
    );
    assert_eq!(connect_to(&server, "/api/v1/stream?changes=1", None).await.err(), Some(400));
}

#[tokio::test]
async fn a_large_change_is_cut_worst_first() {
    let server = Server::start(empty()).await;
    let mut socket = connect(&server, None).await.unwrap();
    next(&mut socket).await;
    let mut statuses: Vec<_> = (0..600).map(|i| status("a", &format!("{i:03}"))).collect();
    statuses[599].state = State::Critical;
    server.publish(empty().with_statuses(statuses));
    let update = next(&mut socket).await;
    assert_eq!(update["truncated"], true);
    assert_eq!(update["changed"].as_array().map(Vec::len), Some(500));
    assert_eq!((&update["changed"][0]["name"], &update["changed"][1]["name"]), (&json!("599"), &json!("000")));
}

#[tokio::test]
async fn publications_in_quick_succession_are_one_message_and_the_last_one_always_arrives() {
    let server = Server::start(empty()).await;
    let mut socket = connect(&server, None).await.unwrap();
    next(&mut socket).await;
    for i in 1..=1000 {
        let mut published = empty();
        published.at = Timestamp(NOW.0 + i * 1000);
        server.publish(published);
    }
    let (mut messages, mut at) = (0, Value::Null);
    while at != "2026-01-01T00:16:40Z" {
        at = next(&mut socket).await["at"].take();
        messages += 1;
    }
    assert!(messages < 100, "{messages} messages for 1000 publications");
}

#[tokio::test]
async fn only_this_site_may_listen() {
    let server = Server::start(shop()).await;
    for (origin, expected) in [
        (None, None),
        (Some(server.url.as_str()), None),
        (Some("https://slo.example.com"), None),
        (Some("https://evil.example"), Some(403)),
        (Some("null"), Some(403)),
    ] {
        assert_eq!(connect(&server, origin).await.err(), expected, "{origin:?}");
    }
}

#[tokio::test]
async fn a_plain_request_is_told_what_is_wrong() {
    let server = Server::start(shop()).await;
    let (status, body) = server.json("/api/v1/stream").await;
    assert_eq!((status, &body["errorType"]), (400, &json!("bad_data")));
}

#[tokio::test]
async fn connections_are_limited_and_come_free_again() {
    let server = Server::start(shop()).await;
    let mut sockets = Vec::new();
    for _ in 0..256 {
        sockets.push(connect(&server, None).await.unwrap());
    }
    assert_eq!(connect(&server, None).await.err(), Some(503));
    let (_, text) = server.text("/metrics").await;
    assert!(text.contains("\nslowburn_stream_connections 256\n"), "{text}");
    // The server answers a close with a close, after which the place is free.
    let mut socket = sockets.pop().unwrap();
    socket.close(None).await.unwrap();
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    let again = tokio::time::timeout(Duration::from_secs(20), async {
        while connect(&server, None).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    again.await.unwrap();
}

#[tokio::test]
async fn a_client_that_says_too_much_is_dropped() {
    let server = Server::start(shop()).await;
    let mut socket = connect(&server, None).await.unwrap();
    next(&mut socket).await;
    // Short words are taken in silence.
    socket.send(Message::text("hello")).await.unwrap();
    socket.send(Message::text("x".repeat(5000))).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    });
    end.await.unwrap();
}

#[tokio::test]
async fn shutdown_says_goodbye() {
    let mut server = Server::start(shop()).await;
    let mut socket = connect(&server, None).await.unwrap();
    next(&mut socket).await;
    server.shutdown.cancel();
    server.serving.take().unwrap().await.unwrap().unwrap();
    let goodbye = loop {
        match tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap() {
            Some(Ok(Message::Close(frame))) => break frame.unwrap(),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((u16::from(goodbye.code), goodbye.reason.as_str()), (1001, "shutting down"));
}

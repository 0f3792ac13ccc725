//! What holds for every answer: headers, ids, limits, compression, shutdown.

use super::support::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

#[tokio::test]
async fn every_answer_has_security_headers() {
    let server = Server::start(shop()).await;
    for path in ["/api/v1/slos", "/api/v1/nope", "/nope", "/metrics", "/-/healthy", "/-/reload", "/api/v1/stream"] {
        let response = server.get(path).await;
        for (name, value) in [
            ("content-security-policy", CSP),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(response.headers().get(name).map(|v| v.to_str().unwrap()), Some(value), "{path}: {name}");
        }
        assert!(response.headers().get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn wrong_paths_and_methods_are_told_in_json_under_api() {
    let server = Server::start(shop()).await;
    let (status, body) = server.json("/api/v1/nope%0a").await;
    let expected = json!({"status": "error", "errorType": "not_found", "error": "there is no /api/v1/nope%0a"});
    assert_eq!((status, body), (404, expected));
    let response = server.client.post(format!("{}/api/v1/slos", server.url)).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (405, &"application/json".parse().unwrap())
    );
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["errorType"], "method_not_allowed");
    let response = server.get("/nope").await;
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (404, "text/html; charset=utf-8")
    );
    let head = server.client.head(format!("{}/api/v1/slos", server.url)).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().len()), (200, 0));
}

#[tokio::test]
async fn requests_have_an_id() {
    let server = Server::start(shop()).await;
    let id = async |given: Option<&str>| {
        let mut request = server.client.get(format!("{}/-/healthy", server.url));
        if let Some(given) = given {
            request = request.header("x-request-id", given);
        }
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let made = id(None).await;
    assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
    assert_ne!(id(None).await, made);
    assert_eq!(id(Some("0af7651916cd43dd-8448:eb21.1_c8/x=")).await, "0af7651916cd43dd-8448:eb21.1_c8/x=");
    for hostile in ["a b", "a\"level=error", "<b>", "", &"x".repeat(129)] {
        let made = id(Some(hostile)).await;
        assert!(made.len() == 32 && made != hostile, "{hostile:?}: {made}");
    }
}

/// Sends raw bytes and reads until the server closes or answers a status line.
async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    // The server may refuse before it has read everything.
    socket.write_all(bytes).await.ok();
    let mut answer = [0; 64];
    let n = socket.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..n]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn requests_are_bounded() {
    let server = Server::start(shop()).await;
    let head = |extra: &str| format!("GET /-/healthy HTTP/1.1\r\nhost: x\r\n{extra}\r\n");
    for (case, bytes, status) in [
        ("a plain request", head("connection: close\r\n"), "HTTP/1.1 200 OK"),
        (
            "a huge header",
            head(&format!("a: {}\r\n", "x".repeat(200 * 1024))),
            "HTTP/1.1 431 Request Header Fields Too Large",
        ),
        ("many headers", head(&"a: b\r\n".repeat(200)), "HTTP/1.1 431 Request Header Fields Too Large"),
        ("a huge URI", format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000)), "HTTP/1.1 414 URI Too Long"),
        ("no HTTP", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        (
            "a huge body",
            "POST /-/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
            "HTTP/1.1 413 Payload Too Large",
        ),
        (
            "two lengths",
            "POST /-/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
            "HTTP/1.1 400 Bad Request",
        ),
    ] {
        assert_eq!(raw(&server, bytes.as_bytes()).await, status, "{case}");
    }
}

#[tokio::test]
async fn ten_thousand_statuses_are_compressed_on_wish() {
    let statuses = (0..10_000).map(|i| status("service", &format!("slo-{i:05}"))).collect();
    let server = Server::start(empty().with_statuses(statuses)).await;
    let bare = reqwest::Client::builder().no_proxy().no_gzip().no_zstd().build().unwrap();
    let url = format!("{}/api/v1/slos", server.url);
    let plain = bare.get(&url).send().await.unwrap();
    assert_eq!(plain.headers().get("content-encoding"), None);
    let plain = plain.bytes().await.unwrap();
    let compressed = bare.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert!(compressed.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
    let compressed = compressed.bytes().await.unwrap();
    assert!(compressed.len() * 10 < plain.len(), "{} of {}", compressed.len(), plain.len());
    let decoded = server.get("/api/v1/slos").await.bytes().await.unwrap();
    assert_eq!(decoded, plain);
    let text = std::str::from_utf8(&plain).unwrap();
    assert_eq!(text.matches("{\"id\":\"service/slo-").count(), 10_000);
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight() {
    let mut server = Server::start(shop()).await;
    let gate = std::sync::Arc::clone(&server.reload);
    let closed = gate.gate.lock().await;
    let request = tokio::spawn(server.client.post(format!("{}/-/reload", server.url)).send());
    server.reload.asked.notified().await;
    server.shutdown.cancel();
    drop(closed);
    assert_eq!(request.await.unwrap().unwrap().status().as_u16(), 200);
    server.serving.take().unwrap().await.unwrap().unwrap();
    assert!(server.client.get(&server.url).send().await.is_err());
}

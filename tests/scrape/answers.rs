//! What a target can answer, and what becomes of it.

use crate::server::{Reply, Server, answer, header, ok};
use crate::setup::{attempt, failure, patient_job, samples, scraper};
use slowburn::clock;
use slowburn::config::scrape::ScrapeConfig;
use std::io::Write;
use std::time::Duration;
use tokio::net::TcpListener;

const TEXT: &str = "# TYPE wanted_total counter\nwanted_total{code=\"200\"} 7\nother 1\n";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

async fn answered(bytes: Vec<u8>) -> slowburn::source::scrape::Attempt {
    let server = Server::start(move |_| Reply::Close(bytes.clone())).await;
    attempt(patient_job(), server.address).await
}

#[tokio::test]
async fn good_answers_are_read_whatever_their_encoding() {
    let openmetrics = "# TYPE wanted counter\nwanted_total{code=\"200\"} 7.0\n# EOF\n";
    for (name, headers, body) in [
        ("text", "Content-Type: text/plain; version=0.0.4\r\n", TEXT.as_bytes().to_vec()),
        ("no content type", "", TEXT.as_bytes().to_vec()),
        ("openmetrics", "Content-Type: application/openmetrics-text; version=1.0.0\r\n", openmetrics.into()),
        ("gzip", "Content-Encoding: gzip\r\n", gzip(TEXT.as_bytes())),
        ("zstd", "Content-Encoding: zstd\r\n", zstd::encode_all(TEXT.as_bytes(), 0).expect("memory")),
        ("identity", "Content-Encoding: identity\r\n", TEXT.as_bytes().to_vec()),
    ] {
        let attempt = answered(answer("200 OK", headers, body)).await;
        let samples = samples(&attempt);
        assert_eq!(samples.len(), 1, "{name}");
        assert_eq!(samples[0].value, 7.0, "{name}");
        assert_eq!(samples[0].series.name, "wanted_total", "{name}");
        assert_eq!(samples[0].series.labels.get("code"), Some("200"), "{name}");
        assert_eq!(samples[0].series.labels.get("job"), Some("test"), "{name}");
        let bytes = if name == "openmetrics" { openmetrics.len() } else { TEXT.len() };
        assert_eq!(attempt.view.bytes, bytes as u64, "{name}: bytes after decompression");
        assert_eq!(attempt.view.samples, if name == "openmetrics" { 1 } else { 2 }, "{name}");
    }
}

#[tokio::test]
async fn bad_answers_fail_with_a_plain_reason() {
    for (name, bytes, expected) in [
        ("404", answer("404 Not Found", "", "nothing here"), "HTTP status 404 Not Found"),
        ("500", answer("500 Internal Server Error", "", TEXT), "HTTP status 500 Internal Server Error"),
        ("503", answer("503 Service Unavailable", "", ""), "HTTP status 503 Service Unavailable"),
        ("only 200 will do", answer("202 Accepted", "", TEXT), "HTTP status 202 Accepted"),
        ("HTML", ok("text/html; charset=utf-8", "<html>login 5</html>"), "HTML"),
        ("malformed line", ok("text/plain", "a 1\nwanted_total{code= 7\n"), "wanted_total{code= 7"),
        ("cut OpenMetrics", ok("application/openmetrics-text", "wanted_total 1\n"), "# EOF"),
        ("unknown encoding", answer("200 OK", "Content-Encoding: br\r\n", "x"), "Content-Encoding \"br\""),
        ("broken gzip", answer("200 OK", "Content-Encoding: gzip\r\n", "no gzip"), "the body can't be read: "),
        (
            "cut body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nwanted_total 1\n".to_vec(),
            "the body can't be read: ",
        ),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "no HTTP answer from 127.0.0.1:"),
        ("empty", Vec::new(), "no HTTP answer from 127.0.0.1:"),
    ] {
        let attempt = answered(bytes).await;
        let reason = failure(&attempt);
        assert!(reason.contains(expected), "{name}: {reason}");
        assert!(!reason.contains("error sending request"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn a_request_says_what_prometheus_says() {
    let server = Server::with_text(TEXT).await;
    let config = ScrapeConfig { scrape_timeout: Duration::from_millis(2500), ..patient_job() };
    samples(&attempt(config, server.address).await);
    let head = &server.requests()[0];
    assert!(head.starts_with("GET /metrics HTTP/1.1\r\n"), "{head}");
    let accept = header(head, "accept").expect("an Accept header");
    assert!(accept.starts_with("application/openmetrics-text;version=1.0.0"), "{accept}");
    assert!(accept.contains("text/plain;version=0.0.4;q=0.3"), "{accept}");
    assert_eq!(header(head, "x-prometheus-scrape-timeout-seconds"), Some("2.5"));
    assert_eq!(header(head, "user-agent"), Some(concat!("slowburn/", env!("CARGO_PKG_VERSION"))));
    let encodings = header(head, "accept-encoding").expect("an Accept-Encoding header");
    assert!(encodings.contains("gzip") && encodings.contains("zstd"), "{encodings}");
    assert_eq!(header(head, "authorization"), None);
}

#[tokio::test]
async fn connections_are_kept_over_attempts_even_failed_ones() {
    let answers = [ok("text/plain", TEXT), answer("404 Not Found", "", "gone"), ok("text/plain", TEXT)];
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let turn = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Reply::Send(answers[turn % 3].clone())
    })
    .await;
    let mut scraper = scraper(patient_job(), server.address);
    for failed in [false, true, false] {
        let attempt = scraper.attempt(clock::now()).await;
        assert_eq!(attempt.view.error.is_some(), failed, "{:?}", attempt.view);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn nobody_listening_is_told_as_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let attempt = attempt(patient_job(), address).await;
    assert_eq!(failure(&attempt), format!("can't connect to {address}: connection refused"));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_as_such() {
    let attempt = attempt(patient_job(), "no-such-host.invalid:9100").await;
    let reason = failure(&attempt);
    assert!(reason.starts_with("can't resolve no-such-host.invalid: "), "{reason}");
}

#[tokio::test]
async fn a_slow_target_times_out_wherever_it_hangs() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    for (name, first) in [("before the head", ""), ("in the body", head), ("in a line", &format!("{head}wanted_t"))] {
        let first = first.as_bytes().to_vec();
        let server = Server::start(move |_| Reply::Hang(first.clone())).await;
        let config = ScrapeConfig { scrape_timeout: Duration::from_millis(300), ..patient_job() };
        let attempt = attempt(config, server.address).await;
        assert_eq!(failure(&attempt), "timeout after 300ms", "{name}");
        assert!(attempt.view.duration >= Duration::from_millis(300), "{name}: {:?}", attempt.view.duration);
    }
}

#[tokio::test]
async fn a_trickle_does_not_prolong_the_timeout() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Endless(head.clone(), b"a 1\n".to_vec())).await;
    let config = ScrapeConfig { scrape_timeout: Duration::from_millis(300), body_size_limit: 0, ..patient_job() };
    assert_eq!(failure(&attempt(config, server.address).await), "timeout after 300ms");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Endless(head.clone(), b"other 1\n".repeat(1024))).await;
    let config = ScrapeConfig { body_size_limit: 1 << 20, ..patient_job() };
    let attempt = attempt(config, server.address).await;
    assert_eq!(failure(&attempt), "the body is larger than the limit of 1048576 bytes");
    // What was sent beyond the limit lies in the sockets' buffers.
    assert!(server.sent() < 64 << 20, "{} bytes were taken", server.sent());
}

#[tokio::test]
async fn a_compressed_bomb_is_defused_at_the_limit() {
    let zeros = vec![b' '; 64 << 20];
    for (encoding, body) in [("gzip", gzip(&zeros)), ("zstd", zstd::encode_all(&zeros[..], 0).expect("memory"))] {
        assert!(body.len() < 1 << 20, "{encoding} compresses");
        let reply = answer("200 OK", &format!("Content-Encoding: {encoding}\r\n"), body);
        let server = Server::start(move |_| Reply::Close(reply.clone())).await;
        let config = ScrapeConfig { body_size_limit: 1 << 20, ..patient_job() };
        let attempt = attempt(config, server.address).await;
        assert_eq!(failure(&attempt), "the body is larger than the limit of 1048576 bytes", "{encoding}");
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_read() {
    let server = Server::with_text(TEXT).await;
    for (limit, reads) in [(TEXT.len() as u64, true), (TEXT.len() as u64 - 1, false), (0, true)] {
        let config = ScrapeConfig { body_size_limit: limit, ..patient_job() };
        assert_eq!(attempt(config, server.address).await.view.error.is_none(), reads, "limit {limit}");
    }
}

#[tokio::test]
async fn a_large_body_is_read_off_the_reactor_and_the_reader_stays_warm() {
    let mut body = String::from("wanted_total 1\n");
    for i in 0..20_000 {
        body.push_str(&format!("other{{i=\"{i}\"}} {i}\n"));
    }
    let server = Server::with_text(&body).await;
    let mut scraper = scraper(patient_job(), server.address);
    for _ in 0..3 {
        let attempt = scraper.attempt(clock::now()).await;
        assert_eq!(samples(&attempt).len(), 1);
        assert_eq!(attempt.view.samples, 20_001);
    }
}

#[tokio::test]
async fn a_limit_of_samples_fails_the_attempt() {
    let server = Server::with_text(TEXT).await;
    let config = ScrapeConfig { sample_limit: 1, ..patient_job() };
    let attempt = attempt(config, server.address).await;
    assert!(failure(&attempt).contains("sample limit"), "{:?}", attempt.view);
}

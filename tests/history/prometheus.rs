//! Against Debian's Prometheus, which is given the history by promtool.

use super::trace::{START, installation, lines, of_type, replay};
use crate::imported::Imported;
use std::io::{Read, Write};

/// Transitions and statuses, as texts.
pub fn story(lines: &[serde_json::Value]) -> Vec<String> {
    let told = |line: &&serde_json::Value| line["type"] == "transition" || line["type"] == "slo";
    lines.iter().filter(told).map(ToString::to_string).collect()
}

#[test]
fn a_prometheus_tells_the_same_story_as_the_samples_it_was_given() {
    let dir = installation();
    let from_file = story(&lines(dir.path(), &["--samples", "samples.om"]));
    assert!(from_file.len() > 6, "{from_file:?}");
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let url = format!("http://{}", server.address);
    for (name, step) in [("one piece", "3d"), ("pieces between scrapes", "7h13m"), ("pieces at scrapes", "1h")] {
        let arguments =
            ["--prometheus", &url, "--start", "2026-01-01", "--end", "2026-01-03T00:00:00Z", "--step", step];
        let lines = lines(dir.path(), &arguments);
        assert_eq!(story(&lines), from_file, "{name}");
        assert!(!of_type(&lines, "incident").is_empty(), "{name}");
    }
}

#[test]
fn a_server_that_refuses_large_queries_is_asked_for_less() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &["--query.max-samples=700"]);
    let url = format!("http://{}", server.address);
    let arguments = ["--prometheus", &url, "--start", "2d", "--end", "2026-01-03T00:00:00Z", "--step", "2d"];
    let asked = story(&lines(dir.path(), &arguments));
    assert_eq!(asked, story(&lines(dir.path(), &["--samples", "samples.om"])));
}

#[test]
fn answers_of_range_queries_are_read_from_files() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let end = START + 48 * 3600 - 60;
    let mut files = Vec::new();
    for name in ["orders_total", "order_seconds_bucket", "order_seconds_count", "up"] {
        let answer = server.get(&format!("/api/v1/query_range?query={name}&start={START}&end={end}&step=60"));
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let file = format!("{name}.json");
        std::fs::write(dir.path().join(&file), body).expect("written");
        files.extend(["--prometheus-json".to_owned(), file]);
    }
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(story(&lines(dir.path(), &arguments)), story(&lines(dir.path(), &["--samples", "samples.om"])));
}

#[test]
fn one_slo_alone_is_asked_for_and_told_of() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let url = format!("http://{}", server.address);
    let arguments =
        ["--prometheus", &url, "--start", "1767225600", "--end", "2026-01-03T00:00:00Z", "--slo", "shop/speed"];
    let lines = lines(dir.path(), &arguments);
    let statuses = of_type(&lines, "slo");
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0]["id"], "shop/speed");
    assert!(statuses[0]["sli"]["bad"].as_f64().is_some_and(|bad| (bad - 1200.0).abs() < 1e-6), "{}", statuses[0]);
}

#[test]
fn a_server_that_is_not_there_or_says_no_is_an_error() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let wrong = format!("http://{}/elsewhere", server.address);
    let empty = format!("http://{}", server.address);
    for (name, url, end, message) in [
        ("nobody listens", "http://127.0.0.1:1", "2026-01-02", "http://127.0.0.1:1"),
        ("another path", wrong.as_str(), "2026-01-02", "status 404"),
        ("no history", empty.as_str(), "2025-01-02", "there are no samples"),
    ] {
        let start = if end.starts_with("2025") { "2025-01-01" } else { "2026-01-01" };
        let ran = replay(dir.path(), &["--prometheus", url, "--start", start, "--end", end]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}");
        assert!(ran.err.contains(message), "{name}: {}", ran.err);
    }
}

/// The address of some other page, as one gets it by a slip in the path or the port.
#[test]
fn a_server_that_answers_something_else_is_named_once_with_the_reason() {
    let dir = installation();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>");
        }
    });
    for (more, reason) in [
        (&[][..], "not an answer of Prometheus's API: expected value at line 1 column 1"),
        (&["--remote-read"], "not an answer of the remote read protocol: "),
    ] {
        let arguments = [&["--prometheus", &url, "--start", "1h", "--slo", "shop/up"][..], more].concat();
        let ran = replay(dir.path(), &arguments);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(reason), "{}", ran.err);
        let parts: Vec<&str> = ran.err.trim_end().split(": ").collect();
        let distinct: std::collections::BTreeSet<&&str> = parts.iter().collect();
        assert_eq!(parts.len(), distinct.len(), "said twice: {}", ran.err);
    }
}

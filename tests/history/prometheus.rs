//! Against Debian's Prometheus, which is given the history by promtool.

use super::trace::{START, installation, lines, of_type, replay};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Prometheus with the samples of an installation; ends when dropped.
pub struct Server {
    program: Child,
    port: u16,
    _data: TempDir,
}

impl Server {
    pub fn start(samples: &Path, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let blocks = data.path().join("data");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([samples, &blocks])
            .output()
            .expect("promtool (Debian's prometheus)");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(data.path().join("prometheus.yml"), "global: {scrape_interval: 1h}\n").expect("written");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let program = Command::new("prometheus")
            .arg(format!("--config.file={}", data.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", blocks.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus (Debian's package)");
        let mut server = Self { program, port, _data: data };
        let begin = slowburn::clock::instant();
        while !server.is_ready() {
            assert!(server.program.try_wait().expect("a child").is_none(), "prometheus ended");
            assert!(begin.elapsed() < PATIENCE, "prometheus is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok() && self.get("/-/ready").split(' ').nth(1) == Some("200")
    }

    /// A whole answer over a connection of its own.
    fn get(&self, path: &str) -> String {
        use std::io::{Read, Write};
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

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
    let server = Server::start(&dir.path().join("samples.om"), &[]);
    let url = server.url();
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
    let server = Server::start(&dir.path().join("samples.om"), &["--query.max-samples=700"]);
    let url = server.url();
    let arguments = ["--prometheus", &url, "--start", "2d", "--end", "2026-01-03T00:00:00Z", "--step", "2d"];
    let asked = story(&lines(dir.path(), &arguments));
    assert_eq!(asked, story(&lines(dir.path(), &["--samples", "samples.om"])));
}

#[test]
fn answers_of_range_queries_are_read_from_files() {
    let dir = installation();
    let server = Server::start(&dir.path().join("samples.om"), &[]);
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
    let server = Server::start(&dir.path().join("samples.om"), &[]);
    let url = server.url();
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
    let server = Server::start(&dir.path().join("samples.om"), &[]);
    let wrong = format!("{}/elsewhere", server.url());
    let empty = server.url();
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

//! The same bodies through other readers: what Prometheus's own programs take and refuse, and what the
//! `prometheus-parse` crate reads where it is right.

use super::table::{ROWS, Row};
use super::{Parsed, samples};
use proptest::prelude::*;
use serde_json::Value;
use slowburn::source::exposition::Format::{OpenMetrics, Text};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether `promtool check metrics` can read a body; what it says about style does not count.
fn promtool_reads(body: &str) -> bool {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("promtool (package prometheus) is installed");
    promtool.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    const READ_AND_FINE: i32 = 0;
    const READ_WITH_STYLE_PROBLEMS: i32 = 3;
    matches!(promtool.wait().unwrap().code(), Some(READ_AND_FINE | READ_WITH_STYLE_PROBLEMS))
}

#[test]
fn promtool_takes_and_refuses_what_the_table_says() {
    let is_wrong = |row: &&Row| row.promtool.is_some_and(|expected| promtool_reads(row.body) != expected);
    let wrong: Vec<_> = ROWS.iter().filter(is_wrong).map(|row| (row.name, row.body)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Answers `/N` with the body of row N, for as long as the test runs.
fn serve_rows() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    lines.map_while(Result::ok).find(String::is_empty)?;
    let row =
        request.split(' ').nth(1)?.trim_start_matches('/').parse().ok().and_then(|index: usize| ROWS.get(index))?;
    let media_type = match row.format {
        Text => "text/plain; version=0.0.4",
        OpenMetrics => "application/openmetrics-text; version=1.0.0",
    };
    let length = row.body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(row.body.as_bytes())).ok()
}

fn get_json(address: SocketAddr, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// A real Prometheus that scrapes each row as a job of its own.
fn start_prometheus(rows: SocketAddr, directory: &std::path::Path) -> (Running, SocketAddr) {
    let jobs: String = (0..ROWS.len())
        .map(|row| {
            format!("- {{job_name: \"{row}\", metrics_path: /{row}, static_configs: [{{targets: [\"{rows}\"]}}]}}\n")
        })
        .collect();
    let config = directory.join("prometheus.yml");
    std::fs::write(&config, format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n{jobs}")).unwrap();
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus is installed");
    (Running(prometheus), address)
}

/// Each row's health and last error, once Prometheus has scraped all of them.
fn scraped(prometheus: SocketAddr) -> Vec<(usize, bool, String)> {
    const ATTEMPTS: usize = 600;
    for _ in 0..ATTEMPTS {
        let answer = get_json(prometheus, "/api/v1/targets").unwrap_or_default();
        let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let text = |target: &Value, key: &str| target[key].as_str().unwrap_or_default().to_owned();
        let done = |target: &Value| matches!(target["health"].as_str(), Some("up" | "down"));
        if targets.len() == ROWS.len() && targets.iter().all(done) {
            let row = |target: &Value| text(target, "scrapePool").parse().unwrap();
            return targets.iter().map(|t| (row(t), text(t, "health") == "up", text(t, "lastError"))).collect();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("Prometheus did not scrape every row within a minute");
}

#[test]
fn prometheus_takes_and_refuses_what_the_table_says() {
    let directory = tempfile::tempdir().unwrap();
    let (_prometheus, address) = start_prometheus(serve_rows(), directory.path());
    let wrong: Vec<String> = scraped(address)
        .into_iter()
        .filter(|(row, up, _)| ROWS[*row].server != *up)
        .map(|(row, up, error)| format!("{}: up {up}: {:?}: {error}", ROWS[row].name, ROWS[row].body))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn recorded_samples_that_promtool_imports_are_read() {
    let body = "a_total{job=\"x\"} 1 1700000000\nb 1 1700000000\na_total{job=\"x\"} 2 1700000060.5\n\
                # TYPE a counter\nb 2 1700000060\na_total{job=\"y\"} 1 1700000000 # {t=\"1\"} 1\n# EOF\n";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("samples.om");
    std::fs::write(&file, body).unwrap();
    let import = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([file, directory.path().join("blocks")])
        .output()
        .expect("promtool (package prometheus) is installed");
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    let found: Vec<String> = samples(body, OpenMetrics).unwrap().iter().map(ToString::to_string).collect();
    let expected = [
        "a_total{job=\"x\"} 1 @1700000000000",
        "b{} 1 @1700000000000",
        "a_total{job=\"x\"} 2 @1700000060500",
        "b{} 2 @1700000060000",
        "a_total{job=\"y\"} 1 @1700000000000",
    ];
    assert_eq!(found, expected);
}

/// Bodies on which `prometheus-parse` is right: plain names without a colon, no empty braces, label values without any
/// character that means something to it, a time on each line, and no type, so that nothing is grouped.
fn plain_body() -> impl Strategy<Value = String> {
    let label =
        |name: &'static str| "[a-zA-Z0-9/:. é-]{1,8}".prop_map(move |value| format!("{name}=\"{}\"", value.trim()));
    let labels = (label("code"), label("method"), 0..3usize).prop_map(|(code, method, count)| {
        [String::new(), format!("{{{code}}}"), format!("{{{code},{method}}}")][count].clone()
    });
    let value = prop_oneof![
        any::<u32>().prop_map(|v| v.to_string()),
        any::<f64>().prop_map(|v| format!("{v:e}")),
        Just("+Inf".to_owned())
    ];
    let line = ("[a-z_]{1,6}", labels, value, 0..4_000_000_000_000_i64)
        .prop_map(|(name, labels, value, at)| format!("{name}{labels} {value} {at}\n"));
    prop::collection::vec(line, 1..20).prop_map(|lines| lines.concat())
}

fn with_prometheus_parse(body: &str) -> Vec<Parsed> {
    let scrape = prometheus_parse::Scrape::parse(body.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let parsed = |sample: &prometheus_parse::Sample| {
        let mut labels: Vec<_> = sample.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        labels.sort();
        let prometheus_parse::Value::Untyped(value) = sample.value else { panic!("{sample:?} has no type") };
        Parsed { name: sample.metric.clone(), labels, value, at: Some(sample.timestamp.timestamp_millis()), line: 0 }
    };
    scrape.samples.iter().map(parsed).collect()
}

proptest! {
    #[test]
    fn prometheus_parse_reads_the_same_where_it_is_right(body in plain_body()) {
        prop_assert_eq!(samples(&body, Text), Ok(with_prometheus_parse(&body)), "{:?}", body);
    }
}

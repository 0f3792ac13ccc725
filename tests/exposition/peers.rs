//! The same bodies through other readers: what Prometheus's own programs take and refuse, and what the
//! `prometheus-parse` crate reads where it is right.

use super::table::{ROWS, Row};
use super::{Parsed, samples};
use proptest::prelude::*;
use serde_json::Value;
use slowburn::source::exposition::Format::{self, OpenMetrics, Text};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
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
pub fn promtool_reads(body: &[u8]) -> bool {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("promtool (package prometheus) is installed");
    promtool.stdin.take().unwrap().write_all(body).unwrap();
    const READ_AND_FINE: i32 = 0;
    const READ_WITH_STYLE_PROBLEMS: i32 = 3;
    matches!(promtool.wait().unwrap().code(), Some(READ_AND_FINE | READ_WITH_STYLE_PROBLEMS))
}

#[test]
fn promtool_takes_and_refuses_what_the_table_says() {
    let is_wrong = |row: &&Row| row.promtool.is_some_and(|expected| promtool_reads(row.body.as_bytes()) != expected);
    let wrong: Vec<_> = ROWS.iter().filter(is_wrong).map(|row| (row.name, row.body)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A format and a body in it.
type Body = (Format, &'static [u8]);

/// Answers `/N` with the body of number N, for as long as the test runs.
fn serve(bodies: Vec<Body>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let bodies = Arc::new(bodies);
        for stream in listener.incoming().flatten() {
            let bodies = bodies.clone();
            std::thread::spawn(move || answer(stream, &bodies));
        }
    });
    address
}

fn answer(mut stream: TcpStream, bodies: &[Body]) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    lines.map_while(Result::ok).find(String::is_empty)?;
    let number = request.split(' ').nth(1)?.trim_start_matches('/').parse::<usize>().ok()?;
    let (format, body) = bodies.get(number)?;
    let media_type = match format {
        Text => "text/plain; version=0.0.4",
        OpenMetrics => "application/openmetrics-text; version=1.0.0",
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
}

fn get_json(address: SocketAddr, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// A real Prometheus that scrapes each body as a job of its own.
fn start_prometheus(bodies: SocketAddr, count: usize, directory: &std::path::Path) -> (Running, SocketAddr) {
    let jobs: String = (0..count)
        .map(|body| {
            format!(
                "- {{job_name: \"{body}\", metrics_path: /{body}, static_configs: [{{targets: [\"{bodies}\"]}}]}}\n"
            )
        })
        .collect();
    let config = directory.join("prometheus.yml");
    std::fs::write(&config, format!("global: {{scrape_interval: 2s}}\nscrape_configs:\n{jobs}")).unwrap();
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

/// Whether each body was taken, once Prometheus has scraped all of them.
fn verdicts(prometheus: SocketAddr, count: usize) -> Vec<bool> {
    const ATTEMPTS: usize = 600;
    for _ in 0..ATTEMPTS {
        let answer = get_json(prometheus, "/api/v1/targets").unwrap_or_default();
        let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let text = |target: &Value, key: &str| target[key].as_str().unwrap_or_default().to_owned();
        let done = |target: &Value| matches!(target["health"].as_str(), Some("up" | "down"));
        if targets.len() == count && targets.iter().all(done) {
            let number = |target: &Value| text(target, "scrapePool").parse().unwrap();
            let all: BTreeMap<usize, bool> = targets.iter().map(|t| (number(t), text(t, "health") == "up")).collect();
            return all.into_values().collect();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("Prometheus did not scrape every body within a minute");
}

/// Samples that were stored of each body, sorted, as texts.
fn stored(prometheus: SocketAddr, count: usize) -> Vec<Vec<String>> {
    let answer = get_json(prometheus, "/api/v1/query?query=%7Bjob%3D~%22.%2B%22%7D").unwrap_or_default();
    let mut stored = vec![Vec::new(); count];
    for series in answer["data"]["result"].as_array().expect("a vector") {
        let labels = series["metric"].as_object().expect("labels").iter();
        let labels: BTreeMap<&str, &str> =
            labels.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let name = labels["__name__"];
        if name == "up" || name.starts_with("scrape_") {
            continue;
        }
        let own = labels.iter().filter(|(label, _)| !["__name__", "job", "instance"].contains(*label));
        let labels_of = own.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let value = series["value"][1].as_str().and_then(|value| value.parse().ok()).expect("a number");
        let number: usize = labels["job"].parse().expect("a number");
        stored[number].push(Parsed { name: name.to_owned(), labels: labels_of, value, at: None, line: 0 }.to_string());
    }
    stored.iter_mut().for_each(|samples| samples.sort());
    stored
}

/// Which bodies a real Prometheus takes, and the samples that it stores of each.
pub fn scrape(bodies: Vec<Body>) -> (Vec<bool>, Vec<Vec<String>>) {
    let directory = tempfile::tempdir().unwrap();
    let count = bodies.len();
    let (_prometheus, address) = start_prometheus(serve(bodies), count, directory.path());
    let verdicts = verdicts(address, count);
    (verdicts, stored(address, count))
}

#[test]
fn prometheus_takes_and_refuses_what_the_table_says() {
    let (verdicts, _) = scrape(ROWS.iter().map(|row| (row.format, row.body.as_bytes())).collect());
    let wrong: Vec<String> = ROWS
        .iter()
        .zip(verdicts)
        .filter(|(row, up)| row.server != *up)
        .map(|(row, up)| format!("{}: up {up}: {:?}", row.name, row.body))
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

/// What `prometheus-parse` reads, as texts; what it groups is taken apart again.
pub fn with_prometheus_parse(body: &str) -> Vec<String> {
    use prometheus_parse::Value::{Counter, Gauge, Histogram, Summary, Untyped};
    // What it puts where a line has no time: a moment that no test has.
    let now = chrono::DateTime::from_timestamp_millis(-987_654_321).unwrap();
    let lines = body.lines().map(|line| Ok(line.to_owned()));
    let scrape = prometheus_parse::Scrape::parse_at(lines, now).unwrap();
    let mut all = Vec::new();
    for sample in &scrape.samples {
        let labels = || sample.labels.iter().map(|(name, value)| (name.clone(), value.clone()));
        let at = Some(sample.timestamp).filter(|at| *at != now).map(|at| at.timestamp_millis());
        let mut add = |suffix: &str, label: Option<(&str, String)>, value: f64| {
            let label = label.map(|(name, value)| (name.to_owned(), value));
            let mut labels: Vec<_> = labels().chain(label).collect();
            labels.sort();
            all.push(Parsed { name: format!("{}{suffix}", sample.metric), labels, value, at, line: 0 }.to_string());
        };
        match &sample.value {
            Counter(value) | Gauge(value) | Untyped(value) => add("", None, *value),
            Histogram(buckets) => {
                buckets.iter().for_each(|b| add("_bucket", Some(("le", bound(b.less_than))), b.count));
            }
            Summary(quantiles) => {
                quantiles.iter().for_each(|q| add("", Some(("quantile", q.quantile.to_string())), q.count));
            }
        }
    }
    all
}

fn bound(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}

proptest! {
    #[test]
    fn prometheus_parse_reads_the_same_where_it_is_right(body in plain_body()) {
        let found = samples(&body, Text).map(|samples| samples.iter().map(ToString::to_string).collect::<Vec<_>>());
        prop_assert_eq!(found, Ok(with_prometheus_parse(&body)), "{:?}", body);
    }
}

//! `slowburn demo` as a user starts it: the shop's past is there, its services are scraped, an incident leads to a page,
//! and nothing is left behind.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running demo. Its temporary directory lies in one of the test's own, so that what is left behind can be seen.
struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    temporary: TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_slowburn"))
            .args(["demo", "--web.listen", "127.0.0.1:0"])
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines, temporary }
    }

    /// Reads on to a line that holds `text`.
    fn line(&mut self, text: &str) -> String {
        let found = self.lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("the demo ended without a line with {text:?}"))
    }

    /// The address in a line of the introduction.
    fn address(&mut self, name: &str) -> String {
        let line = self.line(name);
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
        url.trim_end_matches('/').to_owned()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Asks the demo to end and waits for it.
    fn end(mut self) -> (ExitStatus, Vec<PathBuf>) {
        self.signal("-TERM");
        let rest: Vec<_> = self.lines.by_ref().collect();
        assert!(rest.iter().all(Result::is_ok));
        let status = self.child.wait().expect("an exit status");
        (status, entries(self.temporary.path()))
    }
}

impl Drop for Demo {
    /// A failed test leaves no process.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).expect("readable").map(|entry| entry.expect("an entry").path()).collect()
}

async fn json(url: &str) -> Value {
    let text = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
    let mut answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"));
    answer["data"].take()
}

/// Asks until the answer holds.
async fn until(url: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let answer = json(url).await;
            if holds(&answer) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{url}: never {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_has_a_past_is_watched_live_and_an_incident_leads_to_a_page() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut demo = Demo::start(&[]);
    let page = demo.address("Status page");
    let inbox = demo.address("Inbox");
    let configuration = demo.line("Configuration");
    let file = PathBuf::from(configuration.split_whitespace().last().expect("a path"));
    assert!(file.starts_with(demo.temporary.path()) && file.is_file(), "{configuration}");

    // The past.
    let slos = json(&format!("{page}/api/v1/slos")).await;
    let slos = slos.as_array().expect("a list");
    let services: BTreeSet<&str> = slos.iter().filter_map(|slo| slo["service"].as_str()).collect();
    assert_eq!(services, BTreeSet::from(["catalog", "checkout", "invoices", "login", "payments", "search"]));
    for slo in slos {
        let coverage = slo["budget"]["coverage"].as_f64().expect("a coverage");
        assert!(coverage > 0.9, "{}: {coverage}", slo["id"]);
        assert_eq!(slo["problem"], Value::Null, "{}", slo["id"]);
        assert!(slo["sli"]["total"].as_f64() > Some(100.0), "{slo}");
    }
    let start = rfc3339(-29);
    let history = format!("{page}/api/v1/slos/checkout/availability/history?start={start}&end={}&step=1d", rfc3339(0));
    let days = json(&history).await["points"].take();
    let busy = |day: &Value| day["total"].as_f64() > Some(100_000.0);
    assert!(days.as_array().is_some_and(|days| days.len() >= 28 && days.iter().all(busy)), "{days}");

    // The present: every instance is scraped, and the counters go on where the past left them.
    let up = |targets: &Value| {
        let all = targets["activeTargets"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.len() == 9 && all.iter().all(|target| target["health"] == "up")
    };
    until(&format!("{page}/api/v1/targets"), "all up", up).await;
    let before = slos.iter().find(|slo| slo["id"] == "catalog/availability").expect("the SLO")["sli"].clone();
    let after = json(&format!("{page}/api/v1/slos/catalog/availability")).await[0]["sli"].clone();
    let grown = |name: &str| after[name].as_f64().expect("a number") / before[name].as_f64().expect("a number");
    assert!((0.999..1.001).contains(&grown("total")) && (0.99..1.01).contains(&grown("bad")), "{before} {after}");

    // An incident: the page is told to the terminal, shown in the inbox and on the page.
    let told = demo.line("[FIRING] page checkout/last-hour burns");
    assert!(told.contains("Slack #shop-pages") || told.contains("pager webhook"), "{told}");
    let shown = reqwest::get(format!("{inbox}/")).await.expect("an answer").text().await.expect("a body");
    assert!(shown.contains("[FIRING] page checkout/last-hour burns"), "{shown}");
    let critical = |slo: &Value| slo[0]["alerts"][0]["severity"] == "page";
    until(&format!("{page}/api/v1/slos/checkout/last-hour"), "critical", critical).await;

    let (status, left) = demo.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(left, Vec::<PathBuf>::new(), "nothing is left behind");
}

#[test]
fn a_demo_that_is_ended_while_it_makes_its_past_leaves_nothing_behind() {
    let demo = Demo::start(&[]);
    // The directory is there as soon as signals are heeded.
    while !entries(demo.temporary.path()).iter().any(|entry| entry.join("slowburn.yaml").exists()) {
        std::thread::yield_now();
    }
    let (status, left) = demo.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[test]
fn what_keeps_the_demo_from_starting_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let full = tempfile::tempdir().expect("a directory");
    std::fs::write(full.path().join("slowburn.yaml"), "mine").expect("writable");
    let directory = full.path().display().to_string();
    for (name, arguments, expected) in [
        ("busy port", vec!["--web.listen", &address], "another program uses this port"),
        (
            "not empty",
            vec!["--web.listen", "127.0.0.1:0", "--data", &directory],
            "give --data a new or empty directory",
        ),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_slowburn")).arg("demo").args(arguments).output().expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(expected) && error.lines().count() == 1, "{name}: {error}");
    }
    assert_eq!(std::fs::read_to_string(full.path().join("slowburn.yaml")).expect("still there"), "mine");
}

/// Midnight UTC some days from today.
fn rfc3339(days: i64) -> String {
    let today = slowburn::clock::now().0.div_euclid(86_400_000);
    slowburn::domain::time::Timestamp((today + days) * 86_400_000).to_string()
}

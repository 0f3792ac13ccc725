//! Discovery by files and over HTTP, seen through a running pool.

use crate::server::{Reply, Server, answer, header, ok};
use crate::setup::{PATIENCE, job, needs};
use slowburn::config::auth::{Auth, HttpConfig, Secret};
use slowburn::config::scrape::{FileSd, HttpSd, ScrapeConfig};
use slowburn::domain::labels::Labels;
use slowburn::source::pool::{PoolView, ScrapePool};
use slowburn::view::DiscoveryView;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const REFRESH: Duration = Duration::from_millis(20);

/// A pool whose targets need not answer.
struct Watched {
    view: PoolView,
    _pool: ScrapePool,
    _attempts: mpsc::Receiver<slowburn::source::scrape::Attempt>,
}

fn watch(config: ScrapeConfig) -> Watched {
    let config = ScrapeConfig { scrape_interval: PATIENCE, ..config };
    let (out, attempts) = mpsc::channel(64);
    let pool = ScrapePool::new(vec![Arc::new(config)], needs(&[]), out);
    Watched { view: pool.watch(), _pool: pool, _attempts: attempts }
}

impl Watched {
    /// Waits until the pool shows what is wanted.
    async fn until(&self, what: &str, wanted: impl Fn(&[String], &[DiscoveryView]) -> bool) {
        let seen = async {
            while !wanted(&self.addresses(), &self.view.discovery()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        assert!(seen.is_ok(), "{what}: {:?} {:?}", self.addresses(), self.view.discovery());
    }

    fn addresses(&self) -> Vec<String> {
        self.view.targets().iter().filter_map(|t| t.discovered_labels.get("__address__").map(str::to_owned)).collect()
    }

    fn discovered(&self) -> Labels {
        self.view.targets()[0].discovered_labels.clone()
    }
}

fn files(files: Vec<PathBuf>) -> ScrapeConfig {
    ScrapeConfig { file_sd_configs: vec![FileSd { files, refresh_interval: REFRESH }], ..job("files") }
}

fn is_fine(discovery: &[DiscoveryView]) -> bool {
    discovery.iter().all(|row| row.problems.is_empty() && row.refreshed.is_some())
}

fn complains(discovery: &[DiscoveryView], about: &str) -> bool {
    discovery.iter().any(|row| row.problems.iter().any(|problem| problem.contains(about)))
}

#[tokio::test]
async fn files_come_change_break_and_go() {
    let directory = tempfile::tempdir().expect("a directory");
    let (a, b) = (directory.path().join("a.yaml"), directory.path().join("b.json"));
    std::fs::write(&a, "- targets: ['one:1']\n  labels: {env: prod}\n").expect("written");
    let watched = watch(files(vec![directory.path().join("a*"), directory.path().join("*.json")]));

    watched.until("the first file", |targets, _| targets == ["one:1"]).await;
    let labels = watched.discovered();
    assert_eq!(labels.get("__meta_filepath"), a.to_str());
    assert_eq!(labels.get("env"), Some("prod"));
    watched.until("a pattern without files is told", |_, d| complains(d, "*.json: no such file")).await;

    std::fs::write(&b, r#"[{"targets":["two:2"]}]"#).expect("written");
    watched.until("a second file", |targets, d| targets == ["one:1", "two:2"] && is_fine(d)).await;

    std::fs::write(&a, "- targets: ['one:1'\n").expect("written");
    watched.until("a broken file is told", |_, d| complains(d, "a.yaml")).await;
    assert_eq!(watched.addresses(), ["one:1", "two:2"], "and keeps its last good targets");

    std::fs::write(&a, "- targets: ['three:3']\n").expect("written");
    watched.until("a mended file", |targets, d| targets == ["three:3", "two:2"] && is_fine(d)).await;

    std::fs::remove_file(&b).expect("removed");
    watched.until("a removed file", |targets, _| targets == ["three:3"]).await;
}

#[tokio::test]
async fn bad_targets_in_good_files_are_named_and_the_others_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.json");
    let text = r#"[{"targets":["good:1","http://bad:2/","user:hunter2@bad:3","good:1"]}]"#;
    std::fs::write(&path, text).expect("written");
    let watched = watch(files(vec![path]));
    watched.until("targets", |targets, _| targets == ["good:1"]).await;
    let discovery = watched.view.discovery();
    assert_eq!(discovery[0].targets, 4);
    assert_eq!(
        discovery[1].problems,
        [
            "\"http://bad:2/\" is not an address; write host:port, the path belongs into metrics_path",
            "good:1 was found more than once with the same URL; it is scraped once",
            "the address of bad:3 holds credentials; put them into basic_auth or authorization",
        ]
    );
}

fn over_http(url: String, http: HttpConfig) -> ScrapeConfig {
    let sd = HttpSd { url, refresh_interval: REFRESH, http };
    ScrapeConfig { http_sd_configs: vec![sd], ..job("http") }
}

#[tokio::test]
async fn a_server_answers_fails_and_answers_again() {
    let list = r#"[{"targets":["one:1"],"labels":{"env":"prod"}}]"#;
    let reply = Arc::new(Mutex::new(ok("application/json; charset=utf-8", list)));
    let served = reply.clone();
    let server = Server::start(move |_| Reply::Send(served.lock().expect("no panic").clone())).await;
    let auth = Some(Auth::Basic { username: "u".into(), password: Some(Secret::Value("hunter2".to_owned().into())) });
    let url = format!("http://who:hunter2@{}/sd?token=hunter2", server.address);
    let watched = watch(over_http(url, HttpConfig { auth, ..HttpConfig::default() }));

    watched.until("the first answer", |targets, d| targets == ["one:1"] && is_fine(d)).await;
    let meta = format!("http://{}/sd?token=hunter2", server.address);
    assert_eq!(watched.discovered().get("__meta_url"), Some(meta.as_str()));
    let head = server.requests().remove(0);
    assert_eq!(header(&head, "x-prometheus-refresh-interval-seconds"), Some("0.02"));
    assert_eq!(header(&head, "accept"), Some("application/json"));
    assert_eq!(header(&head, "authorization"), Some("Basic dTpodW50ZXIy"));

    for (name, bad, expected) in [
        ("status", answer("503 Service Unavailable", "", ""), "HTTP status 503 Service Unavailable"),
        ("content type", ok("text/html", list), "Content-Type is \"text/html\", application/json is needed"),
        ("no type", answer("200 OK", "", list), "Content-Type is \"\", application/json is needed"),
        ("no list", ok("application/json", r#"{"targets":[]}"#), "not a list of target groups"),
        ("cut", ok("application/json", r#"[{"targets":["#), "not a list of target groups"),
    ] {
        *reply.lock().expect("no panic") = bad;
        watched.until(name, |targets, d| complains(d, expected) && targets == ["one:1"]).await;
        let shown = format!("{:?}", watched.view.discovery());
        assert!(!shown.contains("hunter2"), "{name}: {shown}");
        assert!(shown.contains(&format!("http://{}/sd", server.address)), "{name}: {shown}");
    }

    *reply.lock().expect("no panic") = ok("application/json", "[]");
    watched.until("an empty list", |targets, d| targets.is_empty() && is_fine(d)).await;
}

#[tokio::test]
async fn an_unreachable_server_is_told() {
    let watched = watch(over_http("http://127.0.0.1:1/sd".into(), HttpConfig::default()));
    let refused = "can't connect to 127.0.0.1:1: connection refused";
    watched.until("refused", |targets, d| targets.is_empty() && complains(d, refused)).await;
}

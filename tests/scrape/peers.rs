//! Real programs as targets: Debian's `prometheus` and `prometheus-node-exporter`.

use crate::setup::{PATIENCE, job, samples, selectors, target};
use crate::tls::{Authority, trusting};
use slowburn::clock;
use slowburn::config::auth::HttpConfig;
use slowburn::config::scrape::ScrapeConfig;
use slowburn::http::Rotating;
use slowburn::source::scrape::{Attempt, Scraper};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn start(program: &str, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().unwrap_or_else(|error| panic!("{program} (from the Debian package of that name): {error}"))
}

/// Attempts until the program answers.
async fn first_good(scraper: &mut Scraper) -> Attempt {
    let search = async {
        loop {
            let attempt = scraper.attempt(clock::now()).await;
            if attempt.view.error.is_none() {
                return attempt;
            }
            assert!(
                attempt.view.error.as_deref().is_some_and(|e| e.contains("refused") || e.contains("503")),
                "{:?}",
                attempt.view
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("the program starts")
}

/// A directory with Prometheus's own files, gone with its end.
struct Prometheus {
    port: u16,
    _directory: tempfile::TempDir,
    _program: Child,
}

impl Prometheus {
    /// Starts it with further files and arguments; `{}` in those stands for the directory.
    fn start(files: &[(&str, &str)], arguments: &[&str]) -> Self {
        let port = free_port();
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in [("prometheus.yml", "global: {scrape_interval: 1m}\n")].iter().chain(files) {
            std::fs::write(directory.path().join(name), content).expect("written");
        }
        let place = directory.path().display().to_string();
        let all = ["--config.file={}/prometheus.yml", "--storage.tsdb.path={}/data"].iter().chain(arguments);
        let mut all: Vec<String> = all.map(|argument| argument.replace("{}", &place)).collect();
        all.push(format!("--web.listen-address=127.0.0.1:{port}"));
        Self { port, _program: start("prometheus", &all), _directory: directory }
    }
}

fn scraper(config: ScrapeConfig, port: u16, needs: &[&str]) -> Scraper {
    let config = ScrapeConfig { scrape_interval: PATIENCE, scrape_timeout: PATIENCE, ..config };
    let target = target(&config, format!("localhost:{port}"));
    let client = Arc::new(Rotating::new(config.http.clone(), PATIENCE));
    Scraper::new(Arc::new(config), target, client, Arc::new(Semaphore::new(1)), selectors(needs))
}

fn read(attempt: &Attempt, name: &str, label: (&str, &str)) -> f64 {
    let of_name = samples(attempt).iter().filter(|sample| sample.series.name == name);
    of_name.filter(|sample| sample.series.labels.get(label.0) == Some(label.1)).map(|sample| sample.value).sum()
}

#[tokio::test]
async fn the_node_exporter_is_read() {
    let port = free_port();
    let _program = start("prometheus-node-exporter", &[format!("--web.listen-address=127.0.0.1:{port}")]);
    let name = "promhttp_metric_handler_requests_total";
    let mut scraper = scraper(job("peer"), port, &["node_cpu_seconds_total{mode=\"user\"}", name]);
    let first = first_good(&mut scraper).await;
    let second = first_good(&mut scraper).await;
    assert!(first.view.samples > 200, "{:?}", first.view);
    assert_eq!(first.view.warning, None);
    let requests = |attempt| read(attempt, name, ("code", "200"));
    assert_eq!(requests(&second) - requests(&first), 1.0, "the exporter counted the scrape between");
    assert!(read(&first, "node_cpu_seconds_total", ("mode", "user")) > 0.0);
}

#[tokio::test]
async fn prometheus_is_read() {
    let prometheus = Prometheus::start(&[], &[]);
    let needs = ["prometheus_http_requests_total", "prometheus_http_request_duration_seconds_bucket"];
    let mut scraper = scraper(job("peer"), prometheus.port, &needs);
    let first = first_good(&mut scraper).await;
    let second = first_good(&mut scraper).await;
    assert!(second.view.samples > 200, "{:?}", second.view);
    let requests = |attempt| read(attempt, needs[0], ("handler", "/metrics"));
    assert_eq!(requests(&second) - requests(&first), 1.0, "Prometheus counted the scrape between");
    assert!(read(&second, needs[1], ("le", "+Inf")) >= 1.0);
}

#[tokio::test]
async fn prometheus_is_read_over_tls_with_http_2_and_without() {
    let authority = Authority::new("one");
    let identity = authority.identity("localhost");
    let web = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n";
    let files = [("web.yml", web), ("cert.pem", &identity.cert), ("key.pem", &identity.key)];
    let prometheus = Prometheus::start(&files, &["--web.config.file={}/web.yml"]);
    for enable_http2 in [true, false] {
        let http = HttpConfig { tls: trusting(&authority), enable_http2, ..HttpConfig::default() };
        let config = ScrapeConfig { scheme: "https".into(), http, ..job("peer") };
        let mut scraper = scraper(config, prometheus.port, &["prometheus_build_info"]);
        let attempt = first_good(&mut scraper).await;
        assert_eq!(samples(&attempt).len(), 1, "HTTP/2: {enable_http2}");
    }
}

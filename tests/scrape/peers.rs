//! Real programs as targets: Debian's `prometheus` and `prometheus-node-exporter`.

use crate::setup::{PATIENCE, job, target};
use slowburn::clock;
use slowburn::config::scrape::ScrapeConfig;
use slowburn::domain::reading::Outcome;
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

fn scraper(port: u16, needs: &[&str]) -> Scraper {
    let config = ScrapeConfig { scrape_interval: PATIENCE, scrape_timeout: PATIENCE, ..job("peer") };
    let target = target(&config, format!("127.0.0.1:{port}"));
    let client = Arc::new(Rotating::new(config.http.clone(), PATIENCE));
    Scraper::new(Arc::new(config), target, client, Arc::new(Semaphore::new(1)), crate::setup::selectors(needs))
}

#[tokio::test]
async fn the_node_exporter_is_read() {
    let port = free_port();
    let _program = start("prometheus-node-exporter", &[format!("--web.listen-address=127.0.0.1:{port}")]);
    let mut scraper =
        scraper(port, &["node_cpu_seconds_total{mode=\"user\"}", "promhttp_metric_handler_requests_total"]);
    let first = first_good(&mut scraper).await;
    let second = first_good(&mut scraper).await;
    assert!(first.view.samples > 200, "{:?}", first.view);
    assert_eq!(first.view.warning, None);
    let requests = |attempt: &Attempt| -> f64 {
        let Outcome::Read(reading) = &attempt.scrape.outcome else { panic!("{:?}", attempt.view) };
        let named = reading.samples.iter().filter(|s| s.series.name == "promhttp_metric_handler_requests_total");
        named.filter(|s| s.series.labels.get("code") == Some("200")).map(|s| s.value).sum()
    };
    assert_eq!(requests(&second) - requests(&first), 1.0, "the exporter counted the scrape between");
}

#[tokio::test]
async fn prometheus_is_read() {
    let port = free_port();
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("prometheus.yml");
    std::fs::write(&config, "global: {scrape_interval: 1m}\n").expect("written");
    let _program = start(
        "prometheus",
        &[
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", directory.path().join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ],
    );
    let mut scraper =
        scraper(port, &["prometheus_http_requests_total", "prometheus_http_request_duration_seconds_bucket"]);
    first_good(&mut scraper).await;
    let attempt = first_good(&mut scraper).await;
    let Outcome::Read(reading) = &attempt.scrape.outcome else { panic!("{:?}", attempt.view) };
    assert!(attempt.view.samples > 200, "{:?}", attempt.view);
    let requests = reading.samples.iter().find(|sample| {
        sample.series.name == "prometheus_http_requests_total"
            && sample.series.labels.get("handler") == Some("/metrics")
    });
    assert!(requests.is_some_and(|sample| sample.value >= 1.0), "{requests:?}");
    assert!(reading.samples.iter().any(|sample| sample.series.labels.get("le") == Some("+Inf")));
}

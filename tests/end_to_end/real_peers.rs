//! Real programs as targets, live: Debian's `prometheus`, `prometheus-node-exporter` and `prometheus-alertmanager`.

use crate::engine::{Installation, Slowburn};
use crate::wait::{until, until_true};
use serde_json::Value;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

const SLOS: &str = "
version: slowburn/v1
service: prometheus
slos:
  - name: queries
    objective: 90
    window: 1h
    by: [handler]
    sli:
      events:
        total: prometheus_http_requests_total{job=\"prometheus\",handler=~\"/api/v1/(query|labels)\"}
        bad: prometheus_http_requests_total{job=\"prometheus\",handler=~\"/api/v1/(query|labels)\",code=~\"[45]..\"}
  - name: query-latency
    objective: 99
    window: 1h
    sli:
      latency:
        histogram: prometheus_http_request_duration_seconds{job=\"prometheus\",handler=\"/api/v1/query\"}
        threshold: 1s
  - name: node-up
    objective: 99
    window: 1h
    sli: {scrape: {job: node}}
  - name: alertmanager-scrapes
    objective: 99
    window: 1h
    sli:
      events:
        total: promhttp_metric_handler_requests_total{job=\"alertmanager\"}
        bad: promhttp_metric_handler_requests_total{job=\"alertmanager\",code=~\"5..\"}
";

/// A program that is killed when dropped, with a directory of its own.
struct Peer {
    port: u16,
    _directory: TempDir,
    _program: Child,
}

impl Peer {
    /// `{}` in arguments stands for the directory, `{port}` for the port.
    fn start(program: &str, file: Option<(&str, &str)>, arguments: &[&str]) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let directory = tempfile::tempdir().expect("a directory");
        if let Some((name, content)) = file {
            std::fs::write(directory.path().join(name), content).expect("written");
        }
        let place = directory.path().display().to_string();
        let fill = |argument: &&str| argument.replace("{port}", &port.to_string()).replace("{}", &place);
        let mut command = Command::new(program);
        command.args(arguments.iter().map(fill)).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|e| panic!("{program} (from the Debian package of that name): {e}"));
        Self { port, _directory: directory, _program: child }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// The value of a sample in the text format, `None` when it is not there.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

async fn good(client: &reqwest::Client, url: &str) -> bool {
    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// `total` and `bad` of a status with this name and, where there are groups, this handler.
async fn counted(slowburn: &Slowburn, name: &str, handler: &str) -> (f64, f64) {
    let all = slowburn.data("/api/v1/slos").await;
    let wanted = |slo: &&Value| slo["name"] == name && (handler.is_empty() || slo["group"]["handler"] == handler);
    let found = all.as_array().expect("a list").iter().find(wanted);
    let number = |key: &str| found.and_then(|slo| slo["sli"][key].as_f64()).unwrap_or(f64::NAN);
    (number("total"), number("bad"))
}

#[tokio::test]
async fn real_programs_are_counted_as_they_count_themselves() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let prometheus = Peer::start(
        "prometheus",
        Some(("prometheus.yml", "global: {scrape_interval: 1h}\n")),
        &["--config.file={}/prometheus.yml", "--storage.tsdb.path={}/data", "--web.listen-address=127.0.0.1:{port}"],
    );
    let node = Peer::start("prometheus-node-exporter", None, &["--web.listen-address=127.0.0.1:{port}"]);
    let alertmanager = Peer::start(
        "prometheus-alertmanager",
        Some(("am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")),
        &[
            "--config.file={}/am.yml",
            "--storage.path={}/data",
            "--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
    );
    for url in [prometheus.url("/-/ready"), node.url("/metrics"), alertmanager.url("/-/ready")] {
        until_true(&format!("{url} answers"), async || good(&client, &url).await).await;
    }
    let config = format!(
        "
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
slo_files: [slos.yaml]
scrape_configs:
  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}
  - {{job_name: node, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}
  - {{job_name: alertmanager, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}
storage: {{path: data}}
",
        prometheus.port, node.port, alertmanager.port
    );
    let installation = Installation::new(&config, SLOS);
    let slowburn = installation.start().await;
    until("every target is up", async || {
        let targets = slowburn.data("/api/v1/targets").await;
        let active = targets["activeTargets"].as_array()?.clone();
        (active.len() == 3 && active.iter().all(|target| target["health"] == "up")).then_some(())
    })
    .await;

    for i in 0..30 {
        let query = if i % 5 == 0 { "/api/v1/query?query=%29" } else { "/api/v1/query?query=up" };
        client.get(prometheus.url(query)).send().await.expect("an answer");
        client.get(prometheus.url("/api/v1/labels")).send().await.expect("an answer");
    }
    let own = client.get(prometheus.url("/metrics")).send().await.expect("an answer").text().await.expect("text");
    let of = |code: &str, handler: &str| {
        let series = format!("prometheus_http_requests_total{{code=\"{code}\",handler=\"{handler}\"}}");
        value(&own, &series).unwrap_or(0.0)
    };
    assert_eq!((of("200", "/api/v1/query"), of("400", "/api/v1/query")), (24.0, 6.0));
    until_true("the queries are counted", async || {
        counted(&slowburn, "queries", "/api/v1/query").await == (30.0, 6.0)
            && counted(&slowburn, "queries", "/api/v1/labels").await == (30.0, 0.0)
    })
    .await;
    let bucket = "prometheus_http_request_duration_seconds_bucket{handler=\"/api/v1/query\",le=\"1\"}";
    let slow = 30.0 - value(&own, bucket).expect("a bucket");
    until_true("their latencies too", async || counted(&slowburn, "query-latency", "").await == (30.0, slow)).await;
    for name in ["node-up", "alertmanager-scrapes"] {
        until_true("and scrapes", async || counted(&slowburn, name, "").await.0 >= 3.0).await;
        assert_eq!(counted(&slowburn, name, "").await.1, 0.0, "{name}");
    }

    let page = slowburn.text("/").await;
    for name in ["queries", "query-latency", "node-up", "alertmanager-scrapes"] {
        assert!(page.contains(name), "{name} is on the page");
    }
    assert!(slowburn.text("/slo/prometheus/query-latency").await.contains("1s"));
}

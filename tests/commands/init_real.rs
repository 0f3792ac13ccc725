//! `slowburn init` on what people have: Prometheus, Alertmanager, the node exporter, and slowburn itself.

use super::support::{Running, free_port, program, run, until};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

fn prometheus(dir: &Path) -> Running {
    let port = free_port();
    std::fs::write(dir.join("prometheus.yml"), "global: {scrape_interval: 1m}\n").unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"]).current_dir(dir);
    Running::start(&mut command, port)
}

fn alertmanager(dir: &Path) -> Running {
    let port = free_port();
    std::fs::write(dir.join("alertmanager.yml"), "route: {receiver: x}\nreceivers: [{name: x}]\n").unwrap();
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--web.listen-address=127.0.0.1:{port}")).current_dir(dir);
    command.args(["--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address="]);
    Running::start(&mut command, port)
}

fn node_exporter() -> Running {
    let port = free_port();
    let mut command = Command::new("prometheus-node-exporter");
    Running::start(command.arg(format!("--web.listen-address=127.0.0.1:{port}")), port)
}

fn slowburn(dir: &Path, config: &str) -> Running {
    let port = free_port();
    let mut command = program();
    command.args(["run", "--config", config, "--web.listen", &format!("127.0.0.1:{port}")]).current_dir(dir);
    Running::start(&mut command, port)
}

/// Asks for a path, so that the server has counted a request, until the server is ready to answer.
fn visit(server: &Running, path: &str) {
    until(|| {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.contains(" 200 OK\r\n").then_some(())
    });
}

/// The names of a service's SLOs, and the metric of each.
fn slos(dir: &Path, service: &str) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join(format!("slos/{service}.yaml"))).unwrap();
    let file: Value = serde_yaml::from_str(&text).unwrap();
    let told = file["slos"].as_array().unwrap().iter().map(|slo| {
        let sli = &slo["sli"];
        let metric = sli["events"]["total"].as_str().or(sli["latency"]["histogram"].as_str()).unwrap_or("scrape");
        format!("{} {}", slo["name"].as_str().unwrap(), metric.split('{').next().unwrap())
    });
    told.collect()
}

#[test]
fn the_real_programs_get_slos_that_are_measured_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (prometheus, alertmanager, node) = (prometheus(dir), alertmanager(dir), node_exporter());
    visit(&prometheus, "/-/ready");
    visit(&prometheus, "/api/v1/labels");
    visit(&alertmanager, "/metrics");
    visit(&node, "/metrics");
    let addresses = [&prometheus, &alertmanager, &node].map(|server| format!("127.0.0.1:{}", server.port));
    let [first, second, third] = &addresses;
    let said = run(dir, &["init", &format!("http://{first}/metrics"), second, third, "--dir", "made"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let made = dir.join("made");
    assert_eq!(
        slos(&made, "prometheus"),
        [
            "availability prometheus_http_requests_total",
            "latency prometheus_http_request_duration_seconds",
            "uptime scrape"
        ]
    );
    assert_eq!(slos(&made, "alertmanager"), ["latency alertmanager_http_request_duration_seconds", "uptime scrape"]);
    assert_eq!(slos(&made, "node_exporter"), ["uptime scrape"]);
    assert_eq!(said.out.matches("left out: promhttp_metric_handler_requests_total counts scrapes").count(), 2);
    let checked = run(&made, &["check"]);
    assert!(checked.code == 0 && checked.out.contains("ok: 6 SLOs, 1 warning"), "{}", checked.out);

    // Scraped often, so that the test need not wait.
    let main = std::fs::read_to_string(made.join("slowburn.yaml")).unwrap();
    let fast = main.replace("scrape_interval: 15s", "scrape_interval: 1s\n  scrape_timeout: 1s");
    std::fs::write(made.join("fast.yaml"), fast).unwrap();
    let engine = slowburn(&made, "fast.yaml");
    let url = format!("127.0.0.1:{}", engine.port);
    let status = until(|| {
        let status = run(dir, &["status", "--url", &url]);
        status.out.contains("6 SLOs: 6 ok").then_some(status)
    });
    assert_eq!(status.code, 0);

    let said = run(dir, &["init", &url, "--dir", "own"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert_eq!(
        slos(&dir.join("own"), "slowburn"),
        [
            "availability slowburn_http_requests_total",
            "latency slowburn_http_request_duration_seconds",
            "uptime scrape"
        ]
    );
    assert_eq!(run(&dir.join("own"), &["check"]).code, 0);
}

//! `/metrics`, read by the real promtool.

use super::support::*;
use slowburn::domain::status::State;
use slowburn::metrics::{DeliveryOutcome, Metrics};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const HOSTILE: &str = "a\"b\\c\nd{e=\"f\"} 1\r\u{0}\u{202e}é # {x=\"y\"} 1";

/// Runs promtool on a text; fails on any complaint.
async fn promtool(arguments: &[&str], text: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool (Debian package prometheus) is needed for this test");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}\n{text}");
}

/// Every own metric recorded once, so that every family has a sample.
fn record_all(metrics: &Metrics) {
    let second = Duration::from_secs(1);
    metrics.scrape_finished("checkout", true, second, 34);
    metrics.scrape_finished("checkout", false, second, 0);
    metrics.evaluated(second);
    metrics.queue_depth(3);
    metrics.delivered("slack", DeliveryOutcome::Accepted, second);
    metrics.delivered("slack", DeliveryOutcome::Retried, second);
    metrics.delivered("email", DeliveryOutcome::GivenUp, second);
    metrics.committed(second, 4096, true);
    metrics.committed(second, 0, false);
    metrics.checkpointed(second, 1000, true);
    metrics.journal_size(8192);
    metrics.reloaded(true);
}

async fn exposition(server: &Server, accept: &str) -> (String, String) {
    let response = server.client.get(format!("{}/metrics", server.url)).header("accept", accept).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    (response.headers()["content-type"].to_str().unwrap().to_owned(), response.text().await.unwrap())
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|found| found == line)
}

#[tokio::test]
async fn every_slos_figures_are_shown() {
    let server = Server::start(shop()).await;
    record_all(&server.metrics);
    let (_, text) = exposition(&server, "*/*").await;
    promtool(&["check", "metrics"], &text).await;
    for line in [
        r#"slo_objective_ratio{service="checkout",slo="availability",route="/pay"} 0.9990000000000001"#,
        r#"slo_events_total{service="checkout",slo="availability",route="/pay",outcome="good"} 9995.0"#,
        r#"slo_events_total{service="checkout",slo="availability",route="/pay",outcome="bad"} 5.0"#,
        r#"slo_burn_rate{service="checkout",slo="availability",route="/pay",window="5m"} 0.5"#,
        r#"slo_error_budget_remaining_ratio{service="checkout",slo="availability",route="/pay"} -0.25"#,
        r#"slo_alert_firing{service="checkout",slo="availability",route="/pay",severity="page"} 1.0"#,
        r#"slo_alert_firing{service="checkout",slo="availability",route="/pay",severity="ticket"} 0.0"#,
        r#"slo_alert_firing{service="checkout",slo="availability",route="/cart",severity="page"} 0.0"#,
        r#"up{instance="127.0.0.1:1",job="checkout"} 1.0"#,
        r#"up{instance="127.0.0.1:2",job="checkout"} 0.0"#,
        r#"scrape_duration_seconds{instance="127.0.0.1:1",job="checkout"} 0.012"#,
        r#"scrape_samples_scraped{instance="127.0.0.1:1",job="checkout"} 34.0"#,
        r#"slowburn_slos{state="critical"} 1.0"#,
        "slowburn_slo_problems 1.0",
        "slowburn_outbox_messages 1.0",
        "slowburn_outbox_oldest_seconds 90.0",
        "slowburn_store_healthy 1.0",
        "slowburn_store_size_bytes 1000.0",
        "slowburn_config_last_reload_successful 1.0",
        "slowburn_config_last_reload_success_timestamp_seconds 1767225600.0",
        "# TYPE slo_events_total counter",
        "# TYPE slowburn_evaluation_duration_seconds histogram",
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }
    assert!(!text.contains("127.0.0.1:3") && !text.contains("127.0.0.1:4"), "dropped or never tried targets\n{text}");
}

#[tokio::test]
async fn what_is_not_known_has_no_sample() {
    let server = Server::start(shop()).await;
    let (_, text) = exposition(&server, "").await;
    assert!(has(&text, r#"slo_alert_firing{service="search",slo="latency",severity="page"} 0.0"#), "{text}");
    for family in ["slo_burn_rate", "slo_error_budget_remaining_ratio"] {
        assert!(!text.contains(&format!("{family}{{service=\"search\"")), "{family}\n{text}");
    }
    assert!(!text.contains("NaN") && !text.to_lowercase().contains(" inf"), "{text}");
}

#[tokio::test]
async fn own_health_is_counted() {
    let server = Server::start(shop()).await;
    record_all(&server.metrics);
    for path in ["/api/v1/slos/checkout/availability", "/api/v1/slos/search/latency", "/nope", "/nope2"] {
        server.get(path).await;
    }
    let (_, text) = exposition(&server, "").await;
    for line in [
        r#"slowburn_scrapes_total{job="checkout",outcome="success"} 1"#,
        r#"slowburn_scrapes_total{job="checkout",outcome="failure"} 1"#,
        r#"slowburn_scrape_duration_seconds_count{job="checkout"} 2"#,
        "slowburn_scraped_samples_total 34",
        "slowburn_evaluation_duration_seconds_count 1",
        r#"slowburn_evaluation_duration_seconds_bucket{le="+Inf"} 1"#,
        "slowburn_engine_queue_events 3",
        r#"slowburn_delivery_attempts_total{kind="slack",outcome="retried"} 1"#,
        r#"slowburn_delivery_attempts_total{kind="email",outcome="given_up"} 1"#,
        r#"slowburn_delivery_latency_seconds_count{kind="slack"} 1"#,
        r#"slowburn_store_commits_total{outcome="failure"} 1"#,
        "slowburn_store_commit_duration_seconds_count 2",
        "slowburn_store_written_bytes_total 5096",
        "slowburn_store_journal_bytes 8192",
        r#"slowburn_config_reloads_total{outcome="success"} 1"#,
        r#"slowburn_http_requests_total{route="/api/v1/slos/{service}/{name}",method="GET",status="200"} 2"#,
        r#"slowburn_http_requests_total{route="unmatched",method="GET",status="404"} 2"#,
    ] {
        assert!(has(&text, line), "{line}\n{text}");
    }
    assert!(!text.contains(r#"kind="email"} "#), "only accepted messages have a latency\n{text}");
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"] {
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        assert!(value.is_some_and(|value| value.parse::<f64>().unwrap() >= 0.0), "{name}\n{text}");
    }
    let start = text.lines().find_map(|line| line.strip_prefix("process_start_time_seconds ")).unwrap();
    assert!(start.parse::<f64>().unwrap() > 1.7e9, "{start}");
}

#[tokio::test]
async fn sources_of_targets_are_shown() {
    let (_, text) = exposition(&Server::start(shop()).await, "").await;
    let mail = r#"{config="mail",mechanism="http",source="http://sd.example.com/targets"}"#;
    let search = r#"{config="search",mechanism="dns",source="search.example.com"}"#;
    for line in [
        format!("slowburn_sd_last_refresh_successful{mail} 0.0"),
        format!("slowburn_sd_last_refresh_successful{search} 1.0"),
        format!("slowburn_sd_discovered_targets{mail} 6.0"),
        format!("slowburn_sd_discovered_targets{search} 3.0"),
    ] {
        assert!(has(&text, &line), "{line}\n{text}");
    }
    assert!(!text.contains(r#"config="checkout""#), "a list in the configuration can't fail\n{text}");
}

#[tokio::test]
async fn before_the_first_publication_only_the_process_is_shown() {
    let server = Server::start_unpublished(empty()).await;
    let (_, text) = exposition(&server, "").await;
    promtool(&["check", "metrics"], &text).await;
    assert!(text.contains("process_resident_memory_bytes ") && !text.contains("slowburn_slos"), "{text}");
}

#[tokio::test]
async fn hostile_labels_neither_break_the_text_nor_merge_series() {
    let mut statuses = Vec::new();
    for value in ["1", "2", HOSTILE] {
        for name in
            ["slo", "service", "window", "severity", "outcome", "http.route", "http_route", "é", "__name__", "le"]
        {
            let mut one = status("hostile", HOSTILE);
            one.group = labels([(name, value)]);
            one.alerts = vec![firing_page()];
            // The same window twice, as in two pairs with one long window.
            one.burn_rates.push(one.burn_rates[0].clone());
            statuses.push(one);
        }
    }
    let mut published = empty().with_statuses(statuses);
    let mut strange = target("job", HOSTILE, None);
    strange.labels.set("a.b", "1");
    strange.labels.set("a_b", "2");
    // Another URL with the same labels is one series, not two.
    published.targets = std::sync::Arc::new(vec![strange.clone(), strange]);
    let server = Server::start(published).await;
    let (_, text) = exposition(&server, "").await;
    promtool(&["check", "metrics"], &text).await;
    let mut series: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(s, _)| s)
        .collect();
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "series twice");
    assert_eq!(text.lines().filter(|line| line.starts_with("slo_objective_ratio{")).count(), 30);
    assert_eq!(text.lines().filter(|line| line.starts_with("up{")).count(), 1);
    let up = text.lines().find(|line| line.starts_with("up{")).unwrap();
    assert!(up.contains(r#"exported_a_b="1",a_b="2","#), "{up}");
}

#[tokio::test]
async fn openmetrics_is_negotiated() {
    let server = Server::start(shop()).await;
    record_all(&server.metrics);
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for (accept, openmetrics) in [
        (prometheus, true),
        ("application/openmetrics-text", true),
        ("text/plain", false),
        ("*/*", false),
        ("", false),
        ("application/openmetrics-text;q=0.1, text/plain", false),
        ("application/openmetrics-text;q=0", false),
        ("application/openmetrics-text;q=x", false),
    ] {
        let (kind, text) = exposition(&server, accept).await;
        let expected = if openmetrics {
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            "text/plain; version=0.0.4; charset=utf-8"
        };
        assert_eq!(kind, expected, "{accept}");
        assert_eq!(text.ends_with("# EOF\n"), openmetrics, "{accept}");
        assert_eq!(has(&text, "# TYPE slo_events counter"), openmetrics, "{accept}");
    }
}

#[tokio::test]
async fn the_rules_queries_are_promql() {
    let server = Server::start(shop()).await;
    let data = server.data("/api/v1/rules").await;
    let mut rules = Vec::new();
    for rule in data["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()) {
        rules.push(serde_json::json!({"alert": rule["name"], "expr": rule["query"], "labels": rule["labels"]}));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::json!({"groups": [{"name": "g", "rules": rules}]}).to_string()).unwrap();
    let output = Command::new("promtool").args(["check", "rules"]).arg(file.path()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("8 rules found"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn ten_thousand_slos_are_encoded() {
    let statuses = (0..10_000)
        .map(|i| {
            let mut one = status("service", &format!("slo-{i:05}"));
            one.state = State::Ok;
            one
        })
        .collect();
    let server = Server::start(empty().with_statuses(statuses)).await;
    let (_, text) = exposition(&server, "").await;
    assert_eq!(text.lines().filter(|line| line.starts_with("slo_burn_rate{")).count(), 20_000);
}

/// Names of metrics in back quotes or at the beginning of lines, `process_…` left out.
fn names<'a>(words: impl Iterator<Item = &'a str>) -> std::collections::BTreeSet<&'a str> {
    let ours = |word: &&str| word.starts_with("slo_") || word.starts_with("slowburn_");
    words.filter(ours).collect()
}

#[tokio::test]
async fn the_reference_names_every_metric_and_no_other() {
    let server = Server::start(shop()).await;
    record_all(&server.metrics);
    // A family without samples is not shown.
    server.get("/-/healthy").await;
    let (_, text) = exposition(&server, "").await;
    let shown = names(text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()));
    let reference = include_str!("../../docs/http-api.md");
    let table = reference.split("## `/metrics`").nth(1).unwrap();
    let told = names(table.split('`').filter(|word| !word.ends_with('…')));
    assert_eq!(told, shown);
}

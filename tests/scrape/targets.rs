//! From discovered labels to targets: defaults, relabelling, URLs.

use crate::setup::job;
use regex::Regex;
use slowburn::config::scrape::{RelabelAction, RelabelConfig, ScrapeConfig};
use slowburn::domain::labels::Labels;
use slowburn::source::target::{Discovered, discovered};
use std::time::Duration;

fn relabel(action: RelabelAction, source: &[&str], regex: &str, target: &str, replacement: &str) -> RelabelConfig {
    RelabelConfig {
        source_labels: source.iter().map(|&name| name.to_owned()).collect(),
        separator: ";".to_owned(),
        regex: Regex::new(&format!("^(?s:{regex})$")).expect("a regular expression"),
        target_label: target.to_owned(),
        replacement: replacement.to_owned(),
        modulus: 0,
        action,
    }
}

fn found(labels: &[(&str, &str)]) -> Labels {
    labels.iter().copied().collect()
}

fn made(config: &ScrapeConfig, labels: &[(&str, &str)]) -> Discovered {
    discovered(config, &found(labels)).unwrap_or_else(|bad| panic!("{labels:?}: {bad}"))
}

#[test]
fn a_plain_target_gets_the_jobs_settings() {
    let discovered = made(&job("shop"), &[("__address__", "web:8080"), ("env", "prod"), ("__meta_x", "y")]);
    assert_eq!(
        discovered.labels.to_string(),
        r#"{__address__="web:8080",__meta_x="y",__metrics_path__="/metrics",__scheme__="http",__scrape_interval__="100ms",__scrape_timeout__="100ms",env="prod",job="shop"}"#
    );
    let target = discovered.target.expect("kept");
    assert_eq!(target.url.as_str(), "http://web:8080/metrics");
    assert_eq!(target.target.labels.to_string(), r#"{env="prod",instance="web:8080",job="shop"}"#);
    assert_eq!(target.target.id.to_string(), "shop/web:8080");
    assert_eq!(target.target.id.url, "http://web:8080/metrics");
    assert_eq!((target.target.interval, target.timeout), (Duration::from_millis(100), Duration::from_millis(100)));
}

#[test]
fn urls_follow_the_labels() {
    let params =
        vec![("b".to_owned(), vec!["1".to_owned(), "2".to_owned()]), ("a&".to_owned(), vec!["x y".to_owned()])];
    let config = ScrapeConfig { params, ..job("j") };
    for (name, labels, expected) in [
        ("params sorted and escaped", vec![("__address__", "h:1")], "http://h:1/metrics?a%26=x+y&b=1&b=2"),
        (
            "a label replaces the first value",
            vec![("__address__", "h:1"), ("__param_b", "9")],
            "http://h:1/metrics?a%26=x+y&b=9&b=2",
        ),
        (
            "a label adds a parameter",
            vec![("__address__", "h:1"), ("__param_c", "3")],
            "http://h:1/metrics?a%26=x+y&b=1&b=2&c=3",
        ),
        (
            "path and scheme",
            vec![("__address__", "h"), ("__metrics_path__", "/x?y"), ("__scheme__", "https")],
            "https://h/x%3Fy?a%26=x+y&b=1&b=2",
        ),
        ("IPv6", vec![("__address__", "[::1]:9100")], "http://[::1]:9100/metrics?a%26=x+y&b=1&b=2"),
        (
            "the scheme's own port",
            vec![("__address__", "h:443"), ("__scheme__", "https")],
            "https://h/metrics?a%26=x+y&b=1&b=2",
        ),
    ] {
        let target = made(&config, &labels).target.expect("kept");
        assert_eq!(target.url.as_str(), expected, "{name}");
    }
}

#[test]
fn a_default_port_stays_out_of_the_labels() {
    for (address, instance) in [("h", "h"), ("h:80", "h:80"), ("h:9090", "h:9090")] {
        let target = made(&job("j"), &[("__address__", address)]).target.expect("kept");
        assert_eq!(target.target.labels.get("instance"), Some(instance));
    }
}

#[test]
fn relabelling_decides() {
    let replace = |source: &[&str], target: &str, replacement: &str| {
        relabel(RelabelAction::Replace, source, "(.*)", target, replacement)
    };
    let config = ScrapeConfig {
        relabel_configs: vec![
            relabel(RelabelAction::Drop, &["env"], "test", "", ""),
            replace(&["__address__"], "__param_target", "$1"),
            replace(&["__param_target"], "instance", "$1"),
            replace(&[], "__address__", "exporter:9115"),
            replace(&["__meta_zone"], "zone", "$1"),
            replace(&["__meta_every"], "__scrape_interval__", "$1"),
            replace(&["__meta_every"], "__scrape_timeout__", "$1"),
        ],
        ..job("probe")
    };
    let dropped = made(&config, &[("__address__", "a:1"), ("env", "test")]);
    assert_eq!(dropped.target, None);
    assert_eq!(dropped.labels.get("env"), Some("test"), "what was dropped can be shown");

    let kept = made(&config, &[("__address__", "a:1"), ("__meta_zone", "z1"), ("__meta_every", "1m30s")]);
    let target = kept.target.expect("kept");
    assert_eq!(target.url.as_str(), "http://exporter:9115/metrics?target=a%3A1");
    assert_eq!(target.target.labels.to_string(), r#"{instance="a:1",job="probe",zone="z1"}"#);
    assert_eq!((target.target.interval, target.timeout), (Duration::from_secs(90), Duration::from_secs(90)));
}

#[test]
fn what_is_no_target_is_refused_by_name_and_without_secrets() {
    for (name, labels, expected) in [
        ("no address", vec![("env", "prod")], "a target without an address (no __address__ after relabelling)"),
        (
            "a URL",
            vec![("__address__", "http://h:1/metrics")],
            "\"http://h:1/metrics\" is not an address; write host:port, the path belongs into metrics_path",
        ),
        (
            "a path",
            vec![("__address__", "h:1/metrics")],
            "\"h:1/metrics\" is not an address; write host:port, the path belongs into metrics_path",
        ),
        (
            "a query",
            vec![("__address__", "h:1?a=b")],
            "\"h:1?a=b\" is not an address; write host:port, the path belongs into metrics_path",
        ),
        (
            "a port too large",
            vec![("__address__", "h:99999")],
            "\"h:99999\" is not an address; write host:port, the path belongs into metrics_path",
        ),
        (
            "credentials",
            vec![("__address__", "user:hunter2@h:1")],
            "the address of h:1 holds credentials; put them into basic_auth or authorization",
        ),
        (
            "a URL with credentials",
            vec![("__address__", "http://user:hunter2@h:1/")],
            "the address of h:1 holds credentials; put them into basic_auth or authorization",
        ),
        (
            "scheme",
            vec![("__address__", "h:1"), ("__scheme__", "ftp")],
            "h:1: the scheme \"ftp\" is neither http nor https",
        ),
        (
            "interval",
            vec![("__address__", "h:1"), ("__scrape_interval__", "soon")],
            "h:1: __scrape_interval__: \"soon\" is not a duration above 0",
        ),
        (
            "zero",
            vec![("__address__", "h:1"), ("__scrape_interval__", "0s"), ("__scrape_timeout__", "1s")],
            "h:1: __scrape_interval__: \"0s\" is not a duration above 0",
        ),
        (
            "timeout",
            vec![("__address__", "h:1"), ("__scrape_timeout__", "2s"), ("__scrape_interval__", "1s")],
            "h:1: the scrape timeout 2s is longer than the scrape interval 1s",
        ),
    ] {
        let bad = discovered(&job("j"), &found(&labels)).expect_err(name);
        assert_eq!(bad.to_string(), expected, "{name}");
        assert!(!format!("{bad:?}").contains("hunter2"), "{name}");
    }
}

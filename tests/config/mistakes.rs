//! Mistakes of the main file's own keys and of jobs, with the exact text that is shown.

use crate::{check, mistakes, with_job, with_receiver};

#[test]
fn mistakes_of_the_file() {
    for (name, text, wanted) in [
        ("empty", "", vec!["slowburn.yaml: error: the file is empty; slowburn init URL writes a first one"]),
        (
            "only a comment",
            "# nothing\n",
            vec!["slowburn.yaml: error: the file is empty; slowburn init URL writes a first one"],
        ),
        (
            "a list",
            "- a\n",
            vec![
                "slowburn.yaml:1:1: error: expected a map of keys and values, found a list; give a map of keys and values",
            ],
        ),
        (
            "two documents",
            "route: {receiver: r}\nreceivers: [{name: r}]\n---\na: 1\n",
            vec![
                "slowburn.yaml:4:1: error: the main file holds one document only; remove the line --- and what follows",
            ],
        ),
        (
            "no route",
            "web: {}\n",
            vec![
                "slowburn.yaml: warning: route: there is no route: alerts show on the page only, nobody is told; add route and receivers",
            ],
        ),
        (
            "misspelt key",
            "scrape_config: []\nroute: {receiver: r}\nreceivers: [{name: r}]\n",
            vec!["slowburn.yaml:1:1: error: scrape_config: unknown key; did you mean `scrape_configs`?"],
        ),
    ] {
        assert_eq!(mistakes(text), wanted, "{name}");
    }
}

#[test]
fn what_only_prometheus_and_alertmanager_do_is_refused_with_a_reason() {
    for (line, wanted) in [
        (
            "rule_files: [a.yml]",
            "3:1: error: rule_files: `rule_files` is Prometheus's: slowburn evaluates no rules; declare SLOs in files named by slo_files",
        ),
        (
            "alerting: {alertmanagers: []}",
            "3:1: error: alerting: `alerting` is Prometheus's: slowburn sends alerts itself; use route and receivers",
        ),
        (
            "remote_write: [{url: 'http://a'}]",
            "3:1: error: remote_write: `remote_write` is not supported; remove it; /metrics shows every SLO's figures to other systems",
        ),
        ("storage: {tsdb: {}}", "3:11: error: storage.tsdb: `tsdb` is Prometheus's; use path"),
        (
            "inhibit_rules: []",
            "3:1: error: inhibit_rules: `inhibit_rules` is not supported yet: page and ticket of an SLO are both sent; remove it, and route severity=\"ticket\" to a receiver that wakes nobody",
        ),
        (
            "templates: ['*.tmpl']",
            "3:1: error: templates: `templates` is not supported: messages have a fixed form; remove it",
        ),
        (
            "global: {pagerduty_url: 'https://a'}",
            "3:10: error: global.pagerduty_url: `pagerduty_url` belongs to a channel that is not supported; remove it, or send through webhook_configs",
        ),
    ] {
        assert_eq!(mistakes(&with_receiver(line)), [format!("slowburn.yaml:{wanted}")], "{line}");
    }
}

#[test]
fn mistakes_of_values() {
    for (line, wanted) in [
        (
            "global: {scrape_interval: 15}",
            "3:27: error: global.scrape_interval: a duration needs a unit: \"15\"; write 15s for seconds",
        ),
        (
            "global: {scrape_interval: 1 minute}",
            "3:27: error: global.scrape_interval: not a duration: \"1 minute\"; write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)",
        ),
        (
            "global: {scrape_interval: 0s}",
            "3:27: error: global.scrape_interval: the duration must be above zero: \"0s\"; write it like 15s or 1m",
        ),
        (
            "global: {scrape_interval: 5s, scrape_timeout: 6s}",
            "3:47: error: global.scrape_timeout: scrape_timeout is longer than scrape_interval: \"6s\"; make it shorter, or the interval longer",
        ),
        (
            "global: {external_url: slo.example.com}",
            "3:24: error: global.external_url: not an http or https URL: \"slo.example.com\"; write it like https://example.com/path",
        ),
        (
            "global: {external_labels: {'a b': c}}",
            "3:28: error: global.external_labels.a b: not a label name: \"a b\"; a label name is a letter or _, then letters, digits and _",
        ),
        (
            "global: {external_labels: {a: [b]}}",
            "3:31: error: global.external_labels.a: expected a text, found a list; put quotes round it: YAML takes a value that begins with { or [ for a map or a list",
        ),
        (
            "global: {external_labels: {a: '${NOPE}'}}",
            "3:31: error: global.external_labels.a: the environment variable NOPE is not set: \"${NOPE}\"; set NOPE, or write $${NOPE} for the text itself",
        ),
        (
            "global: {body_size_limit: 1000}",
            "3:27: error: global.body_size_limit: not a size in bytes: \"1000\"; write it like 64MiB or 512KiB (units B, KiB, MiB, GiB, TiB); 0 is no limit",
        ),
        (
            "global: {sample_limit: -1}",
            "3:24: error: global.sample_limit: expected a whole number, 0 or more: \"-1\"; write digits only, such as 10000",
        ),
        (
            "global: {smtp_require_tls: no}",
            "3:28: error: global.smtp_require_tls: expected true or false: \"no\"; write false",
        ),
        (
            "global: {smtp_require_tls: 'true'}",
            "3:28: error: global.smtp_require_tls: expected true or false, found a text in quotes: \"true\"; remove the quotes",
        ),
        (
            "web: {listen: 9490}",
            "3:15: error: web.listen: not an address to listen on: \"9490\"; write it like 127.0.0.1:9490, or :9490 for all addresses",
        ),
        ("slo_files: a.yaml", "3:12: error: slo_files: expected a list, found a single value: \"a.yaml\"; give a list"),
    ] {
        assert_eq!(mistakes(&with_receiver(line)), [format!("slowburn.yaml:{wanted}")], "{line}");
    }
}

#[test]
fn mistakes_of_jobs() {
    for (keys, wanted) in [
        (
            "scrape_interval: 5s\n    scrape_timeout: 1m",
            "7:21: error: scrape_configs[0].scrape_timeout: scrape_timeout is longer than scrape_interval: \"1m\"; make it shorter, or the interval longer",
        ),
        (
            "scheme: htps",
            "6:13: error: scrape_configs[0].scheme: expected one of http, https: \"htps\"; did you mean https?",
        ),
        (
            "new_series: nil",
            "6:17: error: scrape_configs[0].new_series: expected one of zero, baseline: \"nil\"; choose one of zero, baseline",
        ),
        (
            "metrics_path: metrics",
            "6:19: error: scrape_configs[0].metrics_path: the path must begin with /: \"metrics\"; write it like /metrics",
        ),
        (
            "bearer_token: t",
            "6:5: error: scrape_configs[0].bearer_token: `bearer_token` was replaced in Prometheus too; use authorization: {credentials: …}",
        ),
        (
            "consul_sd_configs: []",
            "6:5: error: scrape_configs[0].consul_sd_configs: `consul_sd_configs` is not supported; use static_configs, file_sd_configs, http_sd_configs or dns_sd_configs",
        ),
        (
            "basic_auth: {password: p}",
            "6:17: error: scrape_configs[0].basic_auth: `username` is missing; add it: the user's name",
        ),
        (
            "basic_auth: {username: u}\n    authorization: {credentials: c}",
            "7:5: error: scrape_configs[0].authorization: only one of `basic_auth`, `authorization` can be given; keep one of `basic_auth`, `authorization`",
        ),
        (
            "http_headers: {Host: {values: [a]}}",
            "6:26: error: scrape_configs[0].http_headers.Host: the header Host can't be set here; it is set by slowburn itself",
        ),
        (
            "tls_config: {cert_file: a.pem}",
            "6:17: error: scrape_configs[0].tls_config: a client certificate needs its key, and a key its certificate; give both cert_file and key_file",
        ),
        (
            "dns_sd_configs: [{names: [a], type: A}]",
            "6:22: error: scrape_configs[0].dns_sd_configs[0]: records of this type hold no port; add port: 8080",
        ),
        (
            "file_sd_configs: [{files: ['a/*/b.json']}]",
            "6:32: error: scrape_configs[0].file_sd_configs[0].files[0]: only one * can stand in the last part of the path: \"a/*/b.json\"; write it like targets/*.json",
        ),
        (
            "http_sd_configs: [{url: 'http://u:p@a'}]",
            "6:29: error: scrape_configs[0].http_sd_configs[0].url: credentials can't stand in this URL; use basic_auth or authorization",
        ),
    ] {
        assert_eq!(mistakes(&with_job(&format!("    {keys}\n"))), [format!("slowburn.yaml:{wanted}")], "{keys}");
    }
}

#[test]
fn mistakes_of_relabelling() {
    for (step, wanted) in [
        (
            "{}",
            "6:23: error: scrape_configs[0].relabel_configs[0]: this action needs target_label; add target_label: name",
        ),
        (
            "{action: dropp}",
            "6:32: error: scrape_configs[0].relabel_configs[0].action: expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase: \"dropp\"; did you mean drop?",
        ),
        (
            "{action: hashmod, target_label: t}",
            "6:23: error: scrape_configs[0].relabel_configs[0]: hashmod needs a modulus above 0; add modulus: 8",
        ),
        (
            "{action: labeldrop, regex: a, separator: b}",
            "6:64: error: scrape_configs[0].relabel_configs[0].separator: separator has no meaning with this action: \"b\"; remove it",
        ),
        (
            "{action: drop, source_labels: a}",
            "6:53: error: scrape_configs[0].relabel_configs[0].source_labels: expected a list, found a single value: \"a\"; give a list",
        ),
    ] {
        let text = with_job(&format!("    relabel_configs: [{step}]\n"));
        assert_eq!(mistakes(&text), [format!("slowburn.yaml:{wanted}")], "{step}");
    }
    let found = mistakes(&with_job("    relabel_configs: [{regex: '(', target_label: a}]\n"));
    assert_eq!(found.len(), 1);
    let start =
        "slowburn.yaml:6:31: error: scrape_configs[0].relabel_configs[0].regex: not a regular expression: \"(\"; ";
    assert!(found[0].starts_with(start) && found[0].contains("unclosed group"), "{found:?}");
}

#[test]
fn two_jobs_of_one_name_and_a_job_without_targets() {
    let text = with_receiver(
        "scrape_configs:\n  - job_name: a\n    static_configs: [{targets: ['http://a:1/m']}]\n  - job_name: a\n",
    );
    assert_eq!(
        mistakes(&text),
        [
            "slowburn.yaml:5:33: error: scrape_configs[0].static_configs[0].targets[0]: a target is host:port, without scheme and path: \"http://a:1/m\"; use scheme and metrics_path for the others",
            "slowburn.yaml:6:15: warning: scrape_configs[1].job_name: the job has no targets: \"a\"; add static_configs: [{targets: ['host:port']}]",
            "slowburn.yaml:6:15: error: scrape_configs[1].job_name: another job on line 4 has this name: \"a\"; give each job its own name",
        ]
    );
}

#[test]
fn all_mistakes_are_reported_in_one_run_each_under_its_line() {
    let text = "global:\n  scrape_interval: 15\n  scrape_timeout: never\nweb:\n  listen: here\nroute:\n  receiver: nobody\nstorage:\n  pth: data\n";
    let found = check(text);
    assert_eq!((found.errors(), found.warnings()), (5, 0));
    assert_eq!(
        found.to_text(),
        r#"error: global.scrape_interval: a duration needs a unit: "15"
  --> slowburn.yaml:2:20
  |
2 |   scrape_interval: 15
  |                    ^^
  = help: write 15s for seconds

error: global.scrape_timeout: not a duration: "never"
  --> slowburn.yaml:3:19
  |
3 |   scrape_timeout: never
  |                   ^^^^^
  = help: write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)

error: web.listen: not an address to listen on: "here"
  --> slowburn.yaml:5:11
  |
5 |   listen: here
  |           ^^^^
  = help: write it like 127.0.0.1:9490, or :9490 for all addresses

error: route.receiver: there is no receiver of this name: "nobody"
  --> slowburn.yaml:7:13
  |
7 |   receiver: nobody
  |             ^^^^^^
  = help: add it under receivers

error: storage.pth: unknown key
  --> slowburn.yaml:9:3
  |
9 |   pth: data
  |   ^^^
  = help: did you mean `path`?

"#
    );
    let json = found.to_json();
    assert_eq!((&json["ok"], &json["errors"], &json["warnings"]), (&false.into(), &5.into(), &0.into()));
    assert_eq!(
        json["diagnostics"][0],
        serde_json::json!({
            "severity": "error", "file": "slowburn.yaml", "line": 2, "column": 20, "path": "global.scrape_interval",
            "message": "a duration needs a unit", "value": "15", "help": "write 15s for seconds",
        })
    );
}

#[test]
fn a_line_that_is_meant_as_a_whole_is_marked_where_its_text_begins() {
    use slowburn::config::diagnostics::{Diagnostic, Diagnostics};
    use slowburn::config::yaml::Mark;
    let mut found = Diagnostics::new();
    found.add_source("f", "a:\n  - b: 1\n");
    found.push(Diagnostic::warning("f", Mark::at(2, 1), "odd"));
    assert!(found.to_text().contains("2 |   - b: 1\n  |   ^\n"), "{}", found.to_text());
}

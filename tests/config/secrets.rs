//! Secrets are shown nowhere: not in messages, not in lines of the file, not in the debug form of the configuration.

use crate::{check, config};
use slowburn::config::load::load_text;

/// Every place that may hold a secret, each with its own.
const EVERY_SECRET: &str = r#"
global:
  slack_api_url: https://hooks.example/S3CRET-a
  smtp_from: a@example.com
  smtp_smarthost: m:25
  smtp_auth_username: u
  smtp_auth_password: S3CRET-b
  http_config: {proxy_url: 'http://u:S3CRET-c@proxy:1'}
scrape_configs:
  - job_name: a
    static_configs: [{targets: ['a:1']}]
    basic_auth: {username: u, password: S3CRET-d}
    http_headers: {X-Tenant: {values: [S3CRET-e], secrets: [S3CRET-f]}}
    tls_config:
      cert: x
      key: |
        S3CRET-g
        S3CRET-h
  - job_name: b
    static_configs: [{targets: ['a:1']}]
    authorization: {credentials: "${TOKEN}"}
route: {receiver: r}
receivers:
  - name: r
    slack_configs: [{channel: c}, {app_token: S3CRET-i, channel: c}]
    email_configs: [{to: a@example.com, auth_password: S3CRET-j}]
    webhook_configs: [{url: 'https://a.example/S3CRET-k'}]
"#;

fn hides(text: &str) -> bool {
    !text.contains("S3CRET") && !text.contains("hunter2")
}

#[test]
fn the_debug_form_hides_them() {
    let shown = format!("{:?}", config(EVERY_SECRET));
    assert!(shown.contains("REDACTED") && hides(&shown), "{shown}");
}

#[test]
fn no_mistake_beside_them_shows_them() {
    // Each line in turn gets a key that is not known, and a syntax error; each value a wrong kind.
    let lines: Vec<&str> = EVERY_SECRET.lines().collect();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        for broken in [
            line.replacen("{", "{zzz: 1, ", 1),
            line.replacen(": ", "zz: ", 1),
            line.replacen(": ", ": [", 1),
            line.replacen(": ", ": {a: ", 1) + "}",
            format!("{line} : :"),
            format!("{line}]"),
            format!("\t{line}"),
            line.replace("S3CRET", "${NOPE}S3CRET"),
            line.replace("https://", ""),
        ] {
            let mut text = lines.clone();
            text[index] = &broken;
            let found = check(&text.join("\n"));
            let shown = format!("{}\n{}\n{:?}", found.to_text(), found.to_json(), found);
            assert!(hides(&shown), "{broken}\n{shown}");
        }
    }
}

#[test]
fn a_secret_where_a_map_or_a_list_is_wanted_is_not_shown() {
    for text in [
        "global: {http_config: S3CRET}",
        "scrape_configs: [{job_name: a, basic_auth: S3CRET}]",
        "scrape_configs: [{job_name: a, authorization: S3CRET}]",
        "scrape_configs: [{job_name: a, tls_config: S3CRET}]",
        "scrape_configs: [{job_name: a, http_headers: {X-Tenant: S3CRET}}]",
        "scrape_configs: [{job_name: a, http_headers: {X-Tenant: {secrets: S3CRET}}}]",
        "receivers: [{name: a, slack_configs: S3CRET}]",
        "receivers: [{name: a, slack_configs: [S3CRET]}]",
        "receivers: [S3CRET]",
        "receivers: [{name: a, webhook_configs: [{url: [S3CRET]}]}]",
        "scrape_configs: [{job_name: a, basic_auth: [S3CRET]}]",
    ] {
        let found = check(text);
        assert!(found.has_errors(), "{text}");
        let shown = format!("{}{}", found.to_text(), found.to_json());
        assert!(hides(&shown), "{text}\n{shown}");
    }
}

#[test]
fn a_secret_under_the_wrong_key_is_not_shown() {
    let scrape = |rest: &str| format!("scrape_configs: [{{job_name: a, {rest}}}]\nslo_files: []\n");
    let receiver = |rest: &str| format!("route: {{receiver: r}}\nreceivers: [{{name: r, {rest}}}]\n");
    for text in [
        scrape("static_configs: [{targets: ['http://u:S3CRET@a:1/metrics']}]"),
        scrape("static_configs: [{targets: ['u:S3CRET@a:1/metrics']}]"),
        scrape("http_sd_configs: [{url: 'u:S3CRET@a:1'}]"),
        scrape("static_configs: [{targets: ['a:1']}], authorization: {type: S3CRET}"),
        scrape("static_configs: [{targets: ['a:1']}], authorization: {type: Bearer S3CRET, credentials: x}"),
        scrape("static_configs: [{targets: ['a:1']}], basic_auth: {username: u, password: *S3CRET}"),
        scrape("static_configs: [{targets: ['a:1']}], basic_auth: {username: u, password: !S3CRET x}"),
        receiver("slack_configs: [{channel: c, api_url_file: 'https://hooks.slack.com/services/S3CRET'}]"),
        receiver("slack_configs: [{channel: 'https://hooks.slack.com/services/S3CRET'}]"),
        receiver("webhook_configs: [{url_file: 'https://a.example/S3CRET'}]"),
        receiver("email_configs: [{to: a@example.com, from: b@example.com, smarthost: 'u:S3CRET@mail:25'}]"),
    ] {
        let found = check(&text);
        let shown = format!("{}\n{}\n{:?}", found.to_text(), found.to_json(), found);
        assert!(found.has_errors() && hides(&shown), "{text}\n{shown}");
    }
}

#[test]
fn values_of_variables_are_not_shown() {
    let env = |name: &str| (name == "TOKEN").then(|| "hunter2".to_owned());
    for line in [
        "web: {listen: '${TOKEN}'}",
        "global: {scrape_interval: '${TOKEN}'}",
        "global: {external_url: '${TOKEN}'}",
        "scrape_configs: [{job_name: a, scheme: '${TOKEN}', relabel_configs: [{regex: '${TOKEN}(', target_label: a}]}]",
        "route: {receiver: '${TOKEN}', routes: [{matchers: ['${TOKEN}']}]}",
        "slo_files: ['${TOKEN}']",
    ] {
        let found = load_text("slowburn.yaml".as_ref(), line.as_bytes(), &env).diagnostics;
        assert!(found.has_errors(), "{line}");
        assert!(hides(&format!("{}{}", found.to_text(), found.to_json())), "{}", found.to_text());
    }
}

/// Where a key may be put: what stands above it, and how deep it stands.
const PLACES: [(&str, usize); 14] = [
    ("", 0),
    ("global:\n", 2),
    ("global:\n  http_config:\n", 4),
    ("global:\n  http_config:\n    basic_auth:\n", 6),
    ("global:\n  smtp_tls_config:\n", 4),
    ("global:\n  external_labels:\n    zone: {a: b}\n  scrape_interval:\n", 4),
    ("scrape_configs:\n  - job_name: a\n", 4),
    ("scrape_configs:\n  - job_name: a\n    authorization:\n", 6),
    ("scrape_configs:\n  - job_name: a\n    http_headers:\n      X-A:\n", 8),
    ("route:\n  receiver: r\n", 2),
    ("receivers:\n  - name: r\n    slack_configs:\n      - channel: c\n", 8),
    ("receivers:\n  - name: r\n    webhook_configs:\n      - max_alerts: x\n", 8),
    ("receivers:\n  - name: r\n    email_configs:\n      - to: a@example.com\n", 8),
    ("receivers:\n  - nam: r\n    unheard_of:\n      deeper:\n", 8),
];

/// Ways to write key and secret; each line is indented.
const WRITTEN: [&str; 13] = [
    "KEY: S3CRET",
    "KEY: 'S3CRET'",
    "KEY: |\n  S3CRET\n  S3CRET",
    "KEY: [S3CRET, S3CRET]",
    "KEY:\n  - S3CRET\n  - {a: S3CRET}",
    "KEY: {a: S3CRET}",
    "KEY: S3CRET\nKEY: S3CRET",
    "KEY: !vault S3CRET",
    "KEY: ${NOPE}S3CRET",
    "KEY: S3CRET\nKEY_file: /nowhere/S",
    "{unheard: 1, KEY: S3CRET, of: {KEY: S3CRET}}",
    "more: [{channel: '#x', KEY: S3CRET, api_url: 'ftp://S3CRET', zzz: 1}]",
    "KEY : S3CRET\nunheard_of: {KEY: S3CRET, zzz: 1}",
];

#[test]
fn every_secret_key_is_hidden_wherever_it_stands() {
    let keys: Vec<&str> = slowburn::config::read::SECRETS.iter().collect();
    for key in ["slack_app_token", "app_token", "url", "password", "credentials", "secrets", "key", "proxy_url"] {
        assert!(keys.contains(&key), "{key} of {keys:?}");
    }
    let sound = |key: &&str| slowburn::config::diagnostics::sounds_secret(key);
    assert!(keys.iter().all(sound), "a text with a syntax error has only words to go by: {keys:?}");
    for key in keys {
        for (above, depth) in PLACES {
            for written in WRITTEN {
                let indented = written.replace("KEY", key).lines().fold(String::new(), |text, line| {
                    let pad = " ".repeat(depth);
                    format!("{text}{pad}{line}\n")
                });
                let text = format!("{above}{indented}");
                let found = check(&text);
                let shown = format!("{}\n{}\n{}", found.to_text(), found.to_json(), found.to_lines().join("\n"));
                assert!(found.has_errors() || !found.is_empty(), "{text}");
                assert!(hides(&shown), "{text}\n{shown}");
            }
        }
    }
}

#[test]
fn the_main_file_among_the_slo_files_does_not_give_its_secrets_away() {
    let env = |_: &str| None;
    let mut found = slowburn::config::diagnostics::Diagnostics::new();
    for text in
        ["global: {slack_app_token: S3CRET}", "[{slack_app_token: S3CRET}]", "version: slowburn/v1\nurl: S3CRET"]
    {
        slowburn::spec::read_slos("slowburn.yaml", text.as_bytes(), &env, &mut found);
    }
    assert!(found.errors() >= 3 && hides(&found.to_text()), "{}", found.to_text());
}

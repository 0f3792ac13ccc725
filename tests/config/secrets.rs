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

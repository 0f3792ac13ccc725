//! What is accepted, with the values that come of it.

use crate::{config, mistakes, with_job, with_receiver};
use slowburn::config::auth::{Auth, Secret, TlsVersion};
use slowburn::config::receiver::SlackTarget;
use slowburn::config::scrape::{DnsRecord, RelabelAction};
use slowburn::domain::setup::{GroupBy, NewSeries, NewTarget, Route};
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn defaults_are_prometheus_and_alertmanagers_but_for_those_of_the_contract() {
    let found = config(&with_job(""));
    assert_eq!(found.global.scrape_interval, Duration::from_secs(15));
    assert_eq!(found.global.scrape_timeout, Duration::from_secs(10));
    assert_eq!(found.global.evaluation_interval, Duration::from_secs(15));
    assert_eq!(found.global.external_url, "http://localhost:9490");
    assert_eq!(found.web.listen.to_string(), "127.0.0.1:9490");
    assert_eq!(found.storage.path, PathBuf::from("data"));
    let job = &found.scrape_configs[0];
    assert_eq!((job.scheme.as_str(), job.metrics_path.as_str()), ("http", "/metrics"));
    assert_eq!((job.body_size_limit, job.sample_limit), (64 << 20, 0));
    assert!(job.honor_timestamps && !job.honor_labels && job.http.follow_redirects && job.http.enable_http2);
    assert_eq!((job.policy.new_series, job.policy.new_target), (NewSeries::Zero, NewTarget::Created));
    let route = found.setup.route.expect("a route");
    assert_eq!((route.group_wait, route.group_interval), (Duration::ZERO, Duration::from_secs(300)));
    assert_eq!(route.repeat_interval, Duration::from_secs(4 * 3600));
    assert_eq!(route.group_by, GroupBy::Labels(Vec::new()));
}

#[test]
fn a_job_with_every_key() {
    let found = config(&with_job(
        r#"    scheme: https
    metrics_path: /m
    params: {module: [a, b]}
    scrape_interval: 1m30s
    scrape_timeout: ${TIMEOUT}
    honor_labels: true
    honor_timestamps: ${YES}
    body_size_limit: 1KB
    sample_limit: 10
    label_limit: 11
    label_name_length_limit: 12
    label_value_length_limit: 13
    target_limit: 14
    new_series: baseline
    new_target: process_start
    authorization: {credentials: '${TOKEN}'}
    http_headers: {X-Scope-OrgID: {values: [t], secrets: [s]}}
    tls_config: {server_name: s, insecure_skip_verify: true, min_version: TLS13}
    proxy_url: http://p:3128
    follow_redirects: false
    enable_http2: false
    file_sd_configs: [{files: [t/*.json], refresh_interval: 1m}]
    http_sd_configs: [{url: 'http://sd/x', basic_auth: {username: u, password: p}}]
    dns_sd_configs: [{names: [n], type: AAAA, port: 80}]
    relabel_configs:
      - {source_labels: [a, b], separator: '|', regex: (.*)x, target_label: c, replacement: 'foo-${1}${NOPE}'}
      - {action: HashMod, source_labels: [a], modulus: 8, target_label: h}
    metric_relabel_configs: [{action: labeldrop, regex: pod}]
"#,
    ));
    let job = &found.scrape_configs[0];
    assert_eq!((job.scheme.as_str(), job.metrics_path.as_str()), ("https", "/m"));
    assert_eq!(job.params, [("module".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    assert_eq!((job.scrape_interval, job.scrape_timeout), (Duration::from_secs(90), Duration::from_secs(2)));
    assert!(job.honor_labels && job.honor_timestamps && !job.http.follow_redirects && !job.http.enable_http2);
    let limits = (job.body_size_limit, job.sample_limit, job.label_limit);
    assert_eq!(limits, (1024, 10, 11));
    assert_eq!((job.label_name_length_limit, job.label_value_length_limit, job.target_limit), (12, 13, 14));
    assert_eq!((job.policy.new_series, job.policy.new_target), (NewSeries::Baseline, NewTarget::ProcessStart));
    let Some(Auth::Header { scheme, credentials }) = &job.http.auth else { panic!("{:?}", job.http.auth) };
    assert_eq!((scheme.as_str(), read(credentials)), ("Bearer", "hunter2".to_owned()));
    let headers: Vec<_> = job.http.headers.iter().map(|(name, value)| (name.as_str(), read(value))).collect();
    assert_eq!(headers, [("X-Scope-OrgID", "t".to_owned()), ("X-Scope-OrgID", "s".to_owned())]);
    assert_eq!((job.http.tls.server_name.as_deref(), job.http.tls.min_version), (Some("s"), Some(TlsVersion::Tls13)));
    assert_eq!(job.http.proxy_url.as_deref(), Some("http://p:3128"));
    assert_eq!(job.file_sd_configs[0].files, [PathBuf::from("t/*.json")]);
    assert_eq!(job.http_sd_configs[0].refresh_interval, Duration::from_secs(60));
    assert!(matches!(job.http_sd_configs[0].http.auth, Some(Auth::Basic { .. })));
    assert_eq!((job.dns_sd_configs[0].record, job.dns_sd_configs[0].port), (DnsRecord::Aaaa, Some(80)));
    let [replace, hash] = &job.relabel_configs[..] else { panic!("{:?}", job.relabel_configs) };
    assert_eq!((replace.separator.as_str(), replace.replacement.as_str()), ("|", "foo-${1}${NOPE}"));
    assert!(replace.regex.is_match("ax") && !replace.regex.is_match("axb"), "anchored");
    assert_eq!((hash.action, hash.modulus, hash.replacement.as_str()), (RelabelAction::HashMod, 8, "$1"));
    assert_eq!(job.metric_relabel_configs[0].action, RelabelAction::LabelDrop);
}

fn read(secret: &Secret) -> String {
    use secrecy::ExposeSecret;
    secret.read().expect("a secret").expose_secret().to_owned()
}

#[test]
fn routes_take_from_their_parents_what_they_leave_out() {
    let found = config(
        r#"
route:
  receiver: a
  group_by: [service]
  group_wait: 10s
  routes:
    - matchers: ['severity="page"', team=x]
      receiver: b
      group_by: ['...']
      continue: true
      routes:
        - {matchers: ['{a=~"b|c", d!="e"}'], repeat_interval: 1h}
receivers: [{name: a}, {name: b}]
"#,
    );
    let root = found.setup.route.expect("a route");
    let Route { receiver, group_by, group_wait, matchers, routes, r#continue, .. } = &root.routes[0];
    assert_eq!((receiver.as_str(), group_by, *r#continue), ("b", &GroupBy::All, true));
    assert_eq!(*group_wait, Duration::from_secs(10));
    let texts = |route: &Route| route.matchers.0.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(matchers.0.len(), 2);
    assert_eq!(texts(&root.routes[0]), ["severity=\"page\"", "team=\"x\""]);
    assert_eq!(texts(&routes[0]), ["a=~\"b|c\"", "d!=\"e\""]);
    assert_eq!((routes[0].receiver.as_str(), &routes[0].group_by), ("b", &GroupBy::All));
    assert_eq!((routes[0].repeat_interval, routes[0].r#continue), (Duration::from_secs(3600), false));
}

#[test]
fn channels_take_from_global_what_they_leave_out() {
    let found = config(
        r#"
global:
  slack_api_url: https://hooks.example/global
  smtp_from: SLO <slo@example.com>
  smtp_smarthost: mail.example:587
  smtp_auth_username: u
  smtp_auth_password: p
  smtp_require_tls: false
  http_config: {follow_redirects: false}
route: {receiver: r}
receivers:
  - name: r
    slack_configs:
      - {channel: '#slo'}
      - {app_token: t, channel: '#slo', send_resolved: true}
      - {api_url: 'https://slack.com/api/chat.postMessage', channel: c, http_config: {authorization: {credentials: t}}}
    email_configs:
      - {to: 'a@example.com, B <b@example.com>', headers: {Subject: x}}
      - {to: a@example.com, smarthost: '[::1]:465', require_tls: true}
    webhook_configs: [{url: 'http://a/?token=x', timeout: 3s}]
"#,
    );
    let receiver = &found.receivers[0];
    let [webhook, app, old] = &receiver.slack[..] else { panic!("{:?}", receiver.slack) };
    assert!(matches!(&webhook.target, SlackTarget::Webhook { url } if read(url) == "https://hooks.example/global"));
    assert!(!webhook.http.follow_redirects && !webhook.send_resolved && app.send_resolved);
    for slack in [app, old] {
        let SlackTarget::Api { url, token } = &slack.target else { panic!("{:?}", slack.target) };
        assert_eq!((url.as_str(), read(token)), ("https://slack.com/api/chat.postMessage", "t".to_owned()));
        assert!(slack.http.auth.is_none());
    }
    let [first, second] = &receiver.email[..] else { panic!("{:?}", receiver.email) };
    assert_eq!((first.from.as_str(), &first.smarthost), ("SLO <slo@example.com>", &("mail.example".to_owned(), 587)));
    assert_eq!((first.require_tls, second.require_tls), (false, true));
    assert_eq!((first.auth_username.as_deref(), &second.smarthost), (Some("u"), &("::1".to_owned(), 465)));
    assert_eq!((first.hello.as_str(), first.send_resolved), ("localhost", false));
    assert_eq!((receiver.webhook[0].timeout, receiver.webhook[0].send_resolved), (Duration::from_secs(3), true));
    let kinds: Vec<_> = found.setup.receivers[0].integrations.iter().map(|i| (i.kind.as_str(), i.index)).collect();
    assert_eq!(kinds, [("slack", 0), ("slack", 1), ("slack", 2), ("email", 0), ("email", 1), ("webhook", 0)]);
}

#[test]
fn a_prometheus_file_needs_only_its_foreign_sections_removed() {
    let text = "global:\n  scrape_interval: 15s\n  evaluation_interval: 15s\n  external_labels:\n      monitor: example\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: ['localhost:9093']\nrule_files:\nscrape_configs:\n  - job_name: 'prometheus'\n    scrape_interval: 5s\n    scrape_timeout: 5s\n    static_configs:\n      - targets: ['localhost:9090']\n";
    let found = mistakes(&format!("{text}route: {{receiver: r}}\nreceivers: [{{name: r}}]\n"));
    let places: Vec<_> = found.iter().map(|line| line.split(": error").next().unwrap_or_default()).collect();
    assert_eq!(places, ["slowburn.yaml:6:1", "slowburn.yaml:10:1"], "{found:?}");
}

#[test]
fn anchors_merge_keys_and_norway() {
    let found = config(&with_receiver(
        "global: {external_labels: {country: no, version: 1.10, on: true, empty: ''}}\nscrape_configs:\n  - &base\n    job_name: a\n    scrape_interval: 5s\n    static_configs: [{targets: ['a:1']}]\n  - <<: *base\n    job_name: b\n",
    ));
    assert_eq!(found.global.external_labels.to_string(), r#"{country="no",on="true",version="1.10"}"#);
    let jobs: Vec<_> =
        found.scrape_configs.iter().map(|j| (j.job_name.as_str(), j.scrape_interval.as_secs())).collect();
    assert_eq!(jobs, [("a", 5), ("b", 5)]);
}

#[test]
fn addresses_to_listen_on() {
    for (text, address, url) in [
        ("'[::1]:80'", "[::1]:80", "http://[::1]:80"),
        ("localhost:81", "127.0.0.1:81", "http://localhost:81"),
        (":82", "0.0.0.0:82", "http://localhost:82"),
        ("10.0.0.1:83", "10.0.0.1:83", "http://10.0.0.1:83"),
        ("${LISTEN}", "127.0.0.1:1", "http://localhost:1"),
    ] {
        let found = config(&with_receiver(&format!("web: {{listen: \"{}\"}}", text.trim_matches('\''))));
        assert_eq!((found.web.listen.to_string().as_str(), found.global.external_url.as_str()), (address, url));
    }
}

#[test]
fn other_tools_names_are_asked_for_by_tool() {
    for (text, sloth, pyrra) in [
        ("web: {}", false, false),
        ("web: {compat: []}", false, false),
        ("web: {compat: [sloth]}", true, false),
        ("web: {compat: [pyrra, sloth]}", true, true),
    ] {
        let compat = config(&with_receiver(text)).web.compat;
        assert_eq!((compat.sloth, compat.pyrra), (sloth, pyrra), "{text}");
    }
}

//! The main file: a job for each service, and what else is usually wanted as comments.

use super::job::Job;
use super::yaml::{quoted, scalar};
use reqwest::Url;
use std::collections::BTreeMap;

const HEAD: &str = "\
# slowburn's main file, written by `slowburn init`. Keys are those of Prometheus and Alertmanager.
# `slowburn check` reports every mistake, `slowburn run` starts the engine and its page.
global:
  scrape_interval: 15s
  # external_url: https://slo.example.com     # where people reach the page; base of the links in messages

";

const TAIL: &str = "
storage:
  path: data                    # a directory for counts and the state of alerts

web:
  listen: 127.0.0.1:9490        # the page and the API

# Who is told. Until there is a route, alerts show on the page only. Try a receiver with
# `slowburn notify-test --receiver team`.
#
# route:
#   receiver: team
#   group_by: [service]
#   routes:
#     - matchers: ['severity=\"page\"']
#       receiver: on-call
# receivers:
#   - name: team
#     slack_configs:
#       - api_url_file: slack.url               # a file that holds the incoming webhook's URL
#         channel: '#slo'
#   - name: on-call
#     email_configs:
#       - {to: on-call@example.com, from: slo@example.com, smarthost: 'smtp.example.com:587'}
#     webhook_configs:
#       - {url: 'http://127.0.0.1:9099/hook'}
";

/// The text of `slowburn.yaml`.
pub fn render(jobs: &[Job], slo_files: &[String]) -> String {
    let files: Vec<String> = slo_files.iter().map(|file| quoted(file)).collect();
    let jobs: String = jobs.iter().map(job).collect();
    format!("{HEAD}slo_files: [{}]\n\nscrape_configs:\n{jobs}{TAIL}", files.join(", "))
}

fn job(job: &Job) -> String {
    let mut out = format!("  - job_name: {}\n", scalar(&job.name));
    let first = &job.targets[0];
    if first.scheme() != "http" {
        out.push_str(&format!("    scheme: {}\n", scalar(first.scheme())));
    }
    if first.path() != "/metrics" {
        out.push_str(&format!("    metrics_path: {}\n", quoted(first.path())));
    }
    out.push_str(&params(first));
    if job.is_relay {
        out.push_str(
            "    # Other systems' counters are relayed here, so a new series says nothing about new events.\n",
        );
        out.push_str("    new_series: baseline\n");
    }
    let targets: Vec<String> = job.targets.iter().map(|url| quoted(&target(url))).collect();
    out.push_str(&format!("    static_configs:\n      - targets: [{}]\n", targets.join(", ")));
    out
}

fn params(url: &Url) -> String {
    let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        params.entry(name.into_owned()).or_default().push(quoted(&value));
    }
    if params.is_empty() {
        return String::new();
    }
    let lines = params.into_iter().map(|(name, values)| format!("      {}: [{}]\n", quoted(&name), values.join(", ")));
    format!("    params:\n{}", lines.collect::<String>())
}

/// `host:port`, the port always said.
fn target(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

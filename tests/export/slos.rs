//! SLOs of every kind, from slowburn's own files.

use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::slo::Slo;
use std::sync::Arc;

/// Every kind of indicator, window, policy and oddity of texts.
pub const FILE: &str = r#"
version: slowburn/v1
service: checkout
labels: {team: payments}
slos:
  - name: availability
    description: 'Checkout requests succeed: always, "nearly".'
    objective: 99.9
    window: 30d
    sli: {events: {total: 'http_requests_total{job="checkout"}', bad: 'http_requests_total{job="checkout",code=~"5.."}'}}
    alerting:
      runbook_url: https://runbooks.example.com/checkout
      labels: {channel: checkout}
      annotations: {dashboard: 'https://grafana.example.com/{{x}}'}
      no_data: {after: 10m, severity: ticket}
      budget: [{consumed: 75, severity: ticket}, {consumed: 110.5, severity: page}]
  - name: good-events
    objective: 99.95
    window: 28d
    by: [route, method]
    sli: {events: {total: rpc_total, good: 'rpc_total{code="OK"}'}}
    alerting: {page: {for: 2m, keep_firing_for: 10m, min_bad_events: 5}, ticket: {disable: true}}
  - name: latency
    objective: 99
    window: {calendar: month, time_zone: Europe/Paris}
    sli: {latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 300ms}}
    budgeting: {timeslices: {slice: 1m, target: 97.5}}
  - name: latency-whole
    objective: 99
    window: 7d
    sli: {latency: {histogram: http_request_duration_seconds, threshold: '1'}}
    alerting:
      page:
        - {long: 1h, short: 5m, factor: 14/15, for: 1m}
        - {long: 6h, short: 30m, factor: 6, min_bad_events: 2.5}
      measure: budget_spent
  - name: uptime
    objective: 99.5
    window: {calendar: week}
    sli: {scrape: {job: checkout, env: prod}}
    maintenance: [{start: 2026-06-13T22:00:00Z, end: 2026-06-14T00:00:00Z, reason: 'Upgrade: $${NAME} {{'}]
---
version: slowburn/v1
service: search
slos:
  - name: weighted
    objective: 90
    window: 90d
    by: [zone]
    sli:
      terms:
        - {selector: 'a_total{job="search"}', total: 1, bad: 1}
        - {selector: 'b_total{job="search"}', bad: -1}
        - {selector: 'c_total{job="search"}', total: 0.5}
      query: 'sum(rate(a[5m])) - sum(rate(b[5m]))'
    alerting: {page: {disable: true}, ticket: [{long: 1d, short: 2h, factor: 3}]}
"#;

/// Reads SLOs, which must have no mistakes.
pub fn read(text: &str) -> Vec<Arc<Slo>> {
    let mut diagnostics = Diagnostics::new();
    let slos = slowburn::spec::read_slos("slos.yaml", text.as_bytes(), &|_| None, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}\n{text}", diagnostics.to_text());
    slos.into_iter().map(Arc::new).collect()
}

pub fn all() -> Vec<Arc<Slo>> {
    read(FILE)
}

/// An SLO without what depends on where it was written.
pub fn meaning(slo: &Slo) -> Slo {
    Slo { source: String::new(), definition: String::new(), ..slo.clone() }
}

//! `/api/v1/rules` in Prometheus's shape: each SLO's alerts as alerting rules, grouped by service and file.
//!
//! The queries are PromQL over slowburn's own `/metrics`. They say what is decided; the engine itself counts events and
//! compares exactly, so the text is for people and for tools that show rules.

use super::alerts::{AlertView, States};
use super::envelope::{ApiError, success};
use super::params::Pairs;
use crate::domain::labels::Labels;
use crate::domain::message::Notice;
use crate::domain::slo::{Pair, Severity, Slo, SloId};
use crate::domain::status::AlertState;
use crate::domain::time::{Timestamp, format_duration};
use crate::view::Published;
use crate::web::{AppState, off_thread};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Serialize)]
struct Rules<'a> {
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    name: &'a str,
    file: &'a str,
    rules: Vec<Rule<'a>>,
    /// Seconds.
    interval: f64,
    limit: u64,
    evaluation_time: f64,
    last_evaluation: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    state: AlertState,
    name: &'static str,
    query: String,
    /// Seconds of the longest `for`.
    duration: f64,
    /// Seconds of the longest `keep_firing_for`.
    keep_firing_for: f64,
    labels: Labels,
    annotations: Labels,
    alerts: Vec<AlertView<'a>>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    evaluation_time: f64,
    last_evaluation: Timestamp,
    r#type: &'static str,
}

/// `?type=alert|record`, `rule_name[]`, `rule_group[]` and `file[]` as in Prometheus.
pub async fn rules(State(app): State<AppState>, pairs: Pairs) -> Result<Response, ApiError> {
    let recording = match pairs.get("type").unwrap_or("alert") {
        "alert" => false,
        // slowburn has no recording rules.
        "record" => true,
        other => return Err(ApiError::bad_data(format!("type {other:?}: it is one of alert, record"))),
    };
    Ok(off_thread(move || {
        let now = app.now();
        let groups = if recording { Vec::new() } else { Builder::new(&now).groups(&pairs) };
        success(Rules { groups })
    })
    .await)
}

type AlertKey<'a> = (&'a SloId, &'a str, Severity);

struct Builder<'a> {
    published: &'a Published,
    states: States<'a>,
    notices: HashMap<AlertKey<'a>, Vec<&'a Notice>>,
    problems: HashMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Builder<'a> {
    fn new(published: &'a Published) -> Self {
        let mut notices: HashMap<AlertKey<'a>, Vec<&'a Notice>> = HashMap::new();
        for notice in published.alerts.iter().filter(|notice| notice.firing()) {
            let detail = &notice.detail;
            notices.entry((&detail.id, &detail.alert, detail.severity)).or_default().push(notice);
        }
        let problem_of = |status: &'a crate::domain::status::SloStatus| {
            let problem = status.problem.as_deref()?;
            Some(((status.service.as_str(), status.name.as_str()), problem))
        };
        let problems = published.statuses.iter().filter_map(|status| problem_of(status)).collect();
        Self { published, states: States::of(published), notices, problems }
    }

    fn groups(&self, pairs: &Pairs) -> Vec<Group<'a>> {
        let wanted =
            |filter: &str, value: &str| pairs.all(filter).next().is_none() || pairs.all(filter).any(|v| v == value);
        let mut by_file: BTreeMap<(&'a str, &'a str), Vec<Rule<'a>>> = BTreeMap::new();
        for slo in &self.published.setup.slos {
            let (file, service) = (file_of(slo), slo.id.service.as_str());
            if wanted("file[]", file) && wanted("rule_group[]", service) {
                let rules = self.rules(slo).into_iter().filter(|rule| wanted("rule_name[]", rule.name));
                by_file.entry((file, service)).or_default().extend(rules);
            }
        }
        let filled = by_file.into_iter().filter(|(_, rules)| !rules.is_empty());
        filled.map(|((file, name), rules)| self.group(file, name, rules)).collect()
    }

    fn group(&self, file: &'a str, name: &'a str, rules: Vec<Rule<'a>>) -> Group<'a> {
        Group {
            name,
            file,
            rules,
            interval: self.published.setup.evaluation_interval.as_secs_f64(),
            limit: 0,
            evaluation_time: 0.0,
            last_evaluation: self.published.at,
        }
    }

    fn rules(&self, slo: &'a Slo) -> Vec<Rule<'a>> {
        let mut rules = Vec::new();
        for severity in [Severity::Page, Severity::Ticket] {
            let pairs: Vec<&Pair> = slo.policy.pairs.iter().filter(|pair| pair.severity == severity).collect();
            if !pairs.is_empty() {
                let mut rule = self.rule(slo, "ErrorBudgetBurn", severity, burn_query(slo, &pairs));
                rule.duration = pairs.iter().map(|pair| pair.r#for.as_secs_f64()).fold(0.0, f64::max);
                rule.keep_firing_for = pairs.iter().map(|pair| pair.keep_firing_for.as_secs_f64()).fold(0.0, f64::max);
                rules.push(rule);
            }
            for alert in slo.policy.budget.iter().filter(|alert| alert.severity == severity) {
                let left = 1.0 - alert.consumed.as_f64() / 100.0;
                let query = format!("slo_error_budget_remaining_ratio{} <= {left}", selector(slo, None));
                rules.push(self.rule(slo, "ErrorBudgetSpent", severity, query));
            }
        }
        if let Some(severity) = slo.policy.no_data.severity {
            let after = format_duration(slo.policy.no_data.after);
            let query = format!("absent_over_time(slo_burn_rate{}[{after}])", selector(slo, None));
            rules.push(self.rule(slo, "SloNoData", severity, query));
        }
        rules
    }

    fn rule(&self, slo: &'a Slo, name: &'static str, severity: Severity, query: String) -> Rule<'a> {
        let notices = self.notices.get(&(&slo.id, name, severity)).map(Vec::as_slice).unwrap_or_default();
        let alerts: Vec<AlertView<'a>> = notices.iter().map(|notice| self.states.view(notice)).collect();
        let problem = self.problems.get(&(slo.id.service.as_str(), slo.id.name.as_str()));
        let mut labels = slo.labels.clone();
        labels.merge(&slo.policy.labels_of(severity));
        labels.set("service", slo.id.service.clone());
        labels.set("slo", slo.id.name.clone());
        labels.set("severity", severity.to_string());
        Rule {
            state: worst(&alerts),
            name,
            query,
            duration: 0.0,
            keep_firing_for: 0.0,
            labels,
            annotations: annotations(slo, severity),
            alerts,
            health: if problem.is_some() { "err" } else { "ok" },
            last_error: problem.map(|problem| (*problem).to_owned()),
            evaluation_time: 0.0,
            last_evaluation: self.published.at,
            r#type: "alerting",
        }
    }
}

fn worst(alerts: &[AlertView<'_>]) -> AlertState {
    let any = |state| alerts.iter().any(|alert| alert.state == state);
    match () {
        () if any(AlertState::Firing) => AlertState::Firing,
        () if any(AlertState::Pending) => AlertState::Pending,
        () => AlertState::Inactive,
    }
}

fn annotations(slo: &Slo, severity: Severity) -> Labels {
    let mut annotations = slo.policy.annotations_of(severity);
    if let Some(url) = &slo.policy.runbook_url {
        annotations.set("runbook_url", url.clone());
    }
    annotations
}

/// The file in which an SLO is declared, without the line.
fn file_of(slo: &Slo) -> &str {
    match slo.source.rsplit_once(':') {
        Some((file, line)) if line.bytes().all(|b| b.is_ascii_digit()) => file,
        _ => &slo.source,
    }
}

fn burn_query(slo: &Slo, pairs: &[&Pair]) -> String {
    let side = |window, factor: f64| {
        let window = format_duration(window);
        format!("slo_burn_rate{} > {factor}", selector(slo, Some(&window)))
    };
    let pair = |pair: &&Pair| {
        let factor = pair.factor.as_f64();
        format!("({} and ignoring(window) {})", side(pair.long, factor), side(pair.short, factor))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(" or ")
}

fn selector(slo: &Slo, window: Option<&str>) -> String {
    let mut labels = Labels::new().with("service", slo.id.service.clone()).with("slo", slo.id.name.clone());
    labels.set("window", window.unwrap_or_default());
    labels.to_string()
}

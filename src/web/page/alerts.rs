//! `/alerts`: what fires and what is about to, pages before tickets.

use super::chrome::{Chrome, Nav, number, plural};
use super::parts::{Ago, pairs, severity_class, slo_href, web_address};
use super::{format, render};
use crate::clock;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::message::Notice;
use crate::domain::status::{AlertState, AlertStatus, SloStatus, State as SloState};
use crate::domain::time::Timestamp;
use crate::domain::wording::{self, beside};
use crate::view::Published;
use crate::web::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// More than anyone reads; the list of SLOs has filters for the rest.
const SHOWN: usize = 300;

/// An alert as one row.
#[derive(Clone, Debug)]
pub struct AlertRow {
    pub key: String,
    pub class: &'static str,
    pub severity: String,
    pub firing: bool,
    pub alert: String,
    pub slo: String,
    pub href: String,
    pub group: Vec<(String, String)>,
    pub since: Ago,
    /// The windows that burn, or nothing for other alerts.
    pub windows: Option<String>,
    pub remaining: String,
    pub runs_out: String,
    /// The policy's own words; slowburn's would only repeat the row.
    pub summary: Option<String>,
    pub runbook: Option<String>,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct Alerts {
    chrome: Chrome,
    rows: Vec<AlertRow>,
    summary: String,
    /// What is wrong though nothing fires: text and address.
    quiet: Vec<(String, String)>,
}

/// `GET /alerts`
pub async fn show(State(state): State<AppState>) -> Response {
    render(StatusCode::OK, &page(&state.now(), clock::now()))
}

fn page(published: &Published, now: Timestamp) -> Alerts {
    let chrome = Chrome::new(published, now, "/alerts", Nav::Alerts, "Alerts");
    let of = |status: &'_ std::sync::Arc<LazyStatus>| {
        let status = std::sync::Arc::clone(status);
        (0..status.alerting()).map(move |i| (std::sync::Arc::clone(&status), i))
    };
    let mut all: Vec<_> = published.statuses.iter().flat_map(of).collect();
    all.sort_by_key(|(status, i)| {
        let alert = &status.alerts[*i];
        (alert.state != AlertState::Firing, alert.severity, std::cmp::Reverse(alert.since))
    });
    let summary = match all.len() {
        total if total > SHOWN => format!("the first {} of {} are shown", number(SHOWN), plural(total, "alert")),
        total => plural(total, "alert"),
    };
    let rows = all.iter().take(SHOWN).map(|(status, i)| row(status, &status.alerts[*i], published, now, &chrome.root));
    Alerts { rows: rows.collect(), summary, quiet: quiet(published, &chrome.root), chrome }
}

/// Silence is no proof of health: budgets that are spent already, SLOs without data and those that can't be relied on.
fn quiet(published: &Published, root: &str) -> Vec<(String, String)> {
    let count = |is: fn(&LazyStatus) -> bool| published.statuses.iter().filter(|status| is(status)).count();
    let spent = count(|status| status.budget.remaining.is_some_and(|left| left <= 0.0));
    let silent = count(|status| status.state() == SloState::NoData);
    let broken = count(|status| status.state() == SloState::Error);
    let has = if silent == 1 { "has" } else { "have" };
    let is = if spent == 1 { "is" } else { "are" };
    let all = [
        (spent, format!("{} {is} spent", plural(spent, "budget")), format!("{root}?sort=budget")),
        (silent, format!("{} {has} no data", plural(silent, "budget")), format!("{root}?state=no_data")),
        (broken, format!("{} can't be relied on", plural(broken, "budget")), format!("{root}?state=error")),
    ];
    all.into_iter().filter(|(count, ..)| *count > 0).map(|(_, text, href)| (text, href)).collect()
}

fn row(status: &SloStatus, alert: &AlertStatus, published: &Published, now: Timestamp, root: &str) -> AlertRow {
    let href = slo_href(root, &status.service, &status.name, &status.group);
    AlertRow {
        key: format!(
            "a{:x}",
            status
                .group
                .clone()
                .with("\u{1}id", format!("{}/{}/{}", status.id, alert.alert, alert.severity))
                .fingerprint()
        ),
        class: severity_class(alert.severity),
        severity: alert.severity.to_string(),
        firing: alert.state == AlertState::Firing,
        alert: alert.alert.clone(),
        slo: status.id.clone(),
        href,
        group: pairs(&status.group),
        since: Ago::new(alert.since, now),
        windows: windows(alert),
        remaining: format::share(status.budget.remaining),
        runs_out: format::runs_out(status.budget.remaining, status.budget.exhausts_in_seconds),
        summary: notice(published, status, alert).and_then(own_summary),
        runbook: status.runbook_url.as_deref().and_then(web_address),
    }
}

fn own_summary(notice: &Notice) -> Option<String> {
    let summary = notice.annotations.get("summary")?;
    (summary != wording::summary(&notice.detail, notice.firing())).then(|| summary.to_owned())
}

fn notice<'a>(published: &'a Published, status: &SloStatus, alert: &AlertStatus) -> Option<&'a Notice> {
    let mut all = published.alerts.iter().map(|notice| &**notice);
    all.find(|notice| {
        let detail = &notice.detail;
        detail.alert == alert.alert
            && detail.severity == alert.severity
            && detail.group == status.group
            && detail.id.service == status.service
            && detail.id.name == status.name
    })
}

/// `1h 20.1×, 5m 33.0×, limit 14.4×`
fn windows(alert: &AlertStatus) -> Option<String> {
    burn_words(alert.long.as_deref(), alert.short.as_deref(), alert.burn_long, alert.burn_short, alert.factor)
}

/// Both windows with their burn rates and the factor; `None` for alerts that have no windows.
pub fn burn_words(
    long: Option<&str>,
    short: Option<&str>,
    burn_long: Option<f64>,
    burn_short: Option<f64>,
    factor: Option<f64>,
) -> Option<String> {
    let (long, short, limit) = (long?, short?, factor?);
    let told = |rate: Option<f64>| match rate {
        Some(rate) if rate != limit && format::burn(Some(rate)) == format::burn(Some(limit)) => beside(rate, limit),
        _ => format::burn(rate),
    };
    Some(format!("{long} {}, {short} {}, limit {}", told(burn_long), told(burn_short), format::factor(limit)))
}

//! `/targets`: who is scraped, how it went, and what was dropped; the unhealthy first.

use super::chrome::{Chrome, Nav, plural};
use super::list_form::{query_with, values};
use super::parts::{Ago, pairs};
use super::{asked, format, render};
use crate::clock;
use crate::domain::time::{Timestamp, format_duration};
use crate::view::{Published, TargetView};
use crate::web::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::collections::BTreeMap;

/// Targets shown of one job; the filters reach the rest.
const SHOWN: usize = 200;
/// Dropped targets shown in all.
const DROPPED: usize = 200;

/// How a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Down,
    Unknown,
    Up,
}

impl Health {
    fn of(target: &TargetView) -> Self {
        match &target.last {
            None => Self::Unknown,
            Some(last) if last.error.is_some() => Self::Down,
            Some(_) => Self::Up,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Up => "up",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Down => "critical",
            Self::Unknown => "no_data",
            Self::Up => "ok",
        }
    }
}

/// One target.
struct TargetRow {
    key: String,
    class: &'static str,
    health: &'static str,
    url: String,
    labels: Vec<(String, String)>,
    last: Option<Ago>,
    duration: String,
    samples: String,
    bytes: String,
    every: String,
    error: Option<String>,
    warning: Option<String>,
}

/// The targets of one job.
struct Job {
    name: String,
    summary: String,
    rows: Vec<TargetRow>,
    more: usize,
}

/// A target that relabelling dropped.
struct DroppedRow {
    job: String,
    labels: Vec<(String, String)>,
}

struct HealthLink {
    href: String,
    text: &'static str,
    class: &'static str,
    count: usize,
    current: bool,
}

#[derive(Template)]
#[template(path = "targets.html")]
struct Targets {
    chrome: Chrome,
    q: String,
    health: String,
    links: Vec<HealthLink>,
    jobs: Vec<Job>,
    dropped: Vec<DroppedRow>,
    dropped_total: usize,
    /// Targets in force, whatever is asked for.
    total: usize,
}

/// `GET /targets?q=…&health=down|unknown|up`
pub async fn show(State(state): State<AppState>, uri: Uri) -> Response {
    render(StatusCode::OK, &page(&state.now(), &asked(&uri), clock::now()))
}

fn page(published: &Published, asked: &[(String, String)], now: Timestamp) -> Targets {
    let q = values(asked, "q").last().unwrap_or_default().to_owned();
    let health = values(asked, "health").last().unwrap_or_default().to_owned();
    let active: Vec<_> = published.targets.iter().filter(|t| !t.dropped && has(t, &q.to_lowercase())).collect();
    let mut jobs: BTreeMap<&str, Vec<&TargetView>> = BTreeMap::new();
    for target in active.iter().filter(|t| health.is_empty() || Health::of(t).word() == health) {
        jobs.entry(&target.job).or_default().push(target);
    }
    let dropped: Vec<_> = published.targets.iter().filter(|target| target.dropped).collect();
    Targets {
        chrome: Chrome::new(published, now, "/targets", Nav::Targets, "Targets"),
        links: links(&active, asked, &health),
        jobs: jobs.into_iter().map(|(name, targets)| job(name, targets, now)).collect(),
        dropped_total: dropped.len(),
        dropped: dropped.into_iter().take(DROPPED).map(dropped_row).collect(),
        total: published.targets.iter().filter(|target| !target.dropped).count(),
        q,
        health,
    }
}

fn has(target: &TargetView, text: &str) -> bool {
    text.is_empty() || format!("{} {} {}", target.job, target.url, target.labels).to_lowercase().contains(text)
}

fn links(active: &[&TargetView], asked: &[(String, String)], current: &str) -> Vec<HealthLink> {
    let link = |health: Health| {
        let (word, chosen) = (health.word(), current == health.word());
        HealthLink {
            href: query_with("./targets", asked, "health", (!chosen).then_some(word)),
            text: word,
            class: health.class(),
            count: active.iter().filter(|target| Health::of(target) == health).count(),
            current: chosen,
        }
    };
    [Health::Down, Health::Unknown, Health::Up].map(link).into()
}

fn job(name: &str, mut targets: Vec<&TargetView>, now: Timestamp) -> Job {
    targets.sort_by(|a, b| (Health::of(a), &a.url).cmp(&(Health::of(b), &b.url)));
    let up = targets.iter().filter(|target| Health::of(target) == Health::Up).count();
    Job {
        name: name.to_owned(),
        summary: format!("{up} of {} up", plural(targets.len(), "target")),
        more: targets.len().saturating_sub(SHOWN),
        rows: targets.into_iter().take(SHOWN).map(|target| row(target, now)).collect(),
    }
}

fn row(target: &TargetView, now: Timestamp) -> TargetRow {
    let health = Health::of(target);
    let last = target.last.as_ref();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| format::NONE.to_owned());
    TargetRow {
        key: format!("t{:x}", target.labels.clone().with("\u{1}url", target.url.clone()).fingerprint()),
        class: health.class(),
        health: health.word(),
        url: target.url.clone(),
        labels: pairs(&target.labels),
        last: last.map(|last| Ago::new(last.at, now)),
        duration: or_none(last.map(|last| format::duration(last.duration.as_secs_f64()))),
        samples: or_none(last.map(|last| format::count(last.samples as f64))),
        bytes: or_none(last.map(|last| format::bytes(last.bytes))),
        every: format_duration(target.scrape_interval),
        error: last.and_then(|last| last.error.clone()),
        warning: last.and_then(|last| last.warning.clone()),
    }
}

fn dropped_row(target: &TargetView) -> DroppedRow {
    DroppedRow { job: target.job.clone(), labels: pairs(&target.discovered_labels) }
}

//! `/targets`: where targets come from, who is scraped, how it went, and what was dropped; the unhealthy first.
//!
//! A job shows even without a target: what can't be found is what most wants explaining.

use super::chrome::{Chrome, Nav, number, plural};
use super::list_form::{query_with, values};
use super::parts::{Ago, pairs};
use super::{asked, format, render};
use crate::clock;
use crate::domain::time::{Timestamp, format_duration};
use crate::view::{DiscoveryView, Published, TargetView};
use crate::web::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::collections::{BTreeMap, BTreeSet};

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

/// Where a job's targets come from.
struct SourceRow {
    kind: &'static str,
    place: String,
    found: String,
    refreshed: Option<Ago>,
    problems: Vec<String>,
}

/// The sources and targets of one job.
struct Job {
    name: String,
    summary: String,
    sources: Vec<SourceRow>,
    rows: Vec<TargetRow>,
    more: Option<String>,
}

/// What is known of one job.
#[derive(Default)]
struct Known<'a> {
    sources: Vec<&'a DiscoveryView>,
    targets: Vec<&'a TargetView>,
}

impl Known<'_> {
    /// Whether somebody has to look at it.
    fn is_broken(&self) -> bool {
        let down = self.targets.iter().any(|target| Health::of(target) == Health::Down);
        down || self.sources.iter().any(|source| !source.problems.is_empty())
    }
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
    count: String,
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
    dropped_total: Option<String>,
    /// Whether there is any target or source, whatever is asked for.
    any: bool,
}

/// `GET /targets?q=…&health=down|unknown|up`
pub async fn show(State(state): State<AppState>, uri: Uri) -> Response {
    render(StatusCode::OK, &page(&state.now(), &asked(&uri), clock::now()))
}

fn page(published: &Published, asked: &[(String, String)], now: Timestamp) -> Targets {
    let q = values(asked, "q").last().unwrap_or_default().to_owned();
    let health = values(asked, "health").last().unwrap_or_default().to_owned();
    let active: Vec<_> = published.targets.iter().filter(|t| !t.dropped && has(t, &q.to_lowercase())).collect();
    let dropped: Vec<_> = published.targets.iter().filter(|target| target.dropped).collect();
    Targets {
        chrome: Chrome::new(published, now, "/targets", Nav::Targets, "Targets"),
        links: links(&active, asked, &health),
        jobs: jobs(published, &active, &q, &health, now),
        dropped_total: (!dropped.is_empty()).then(|| number(dropped.len())),
        any: published.targets.len() > dropped.len() || !published.discovery.is_empty(),
        dropped: dropped.into_iter().take(DROPPED).map(dropped_row).collect(),
        q,
        health,
    }
}

/// The jobs that fit what is asked, broken ones first.
fn jobs(published: &Published, active: &[&TargetView], q: &str, health: &str, now: Timestamp) -> Vec<Job> {
    let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for target in active.iter().filter(|t| health.is_empty() || Health::of(t).word() == health) {
        known.entry(&target.job).or_default().targets.push(target);
    }
    let found: BTreeSet<&str> = known.keys().copied().collect();
    let sources = published.discovery.iter().filter(|source| {
        // A source stands with its job's targets; alone only where it is itself what was asked for.
        found.contains(source.job.as_str()) || (fits_health(source, health) && source_has(source, &q.to_lowercase()))
    });
    for source in sources {
        known.entry(&source.job).or_default().sources.push(source);
    }
    let mut known: Vec<_> = known.into_iter().collect();
    known.sort_by_key(|(_, known)| !known.is_broken());
    known.into_iter().map(|(name, known)| job(name, known, now)).collect()
}

fn fits_health(source: &DiscoveryView, health: &str) -> bool {
    health.is_empty() || (health == Health::Down.word() && !source.problems.is_empty())
}

fn source_has(source: &DiscoveryView, text: &str) -> bool {
    text.is_empty() || format!("{} {} {}", source.job, source.kind, source.source).to_lowercase().contains(text)
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
            count: number(active.iter().filter(|target| Health::of(target) == health).count()),
            current: chosen,
        }
    };
    [Health::Down, Health::Unknown, Health::Up].map(link).into()
}

fn job(name: &str, known: Known<'_>, now: Timestamp) -> Job {
    let Known { sources, mut targets } = known;
    targets.sort_by(|a, b| (Health::of(a), &a.url).cmp(&(Health::of(b), &b.url)));
    let up = targets.iter().filter(|target| Health::of(target) == Health::Up).count();
    Job {
        name: name.to_owned(),
        summary: match targets.len() {
            0 => "no target".to_owned(),
            all => format!("{} of {} up", number(up), plural(all, "target")),
        },
        // A list in the configuration is always there; it shows only with what is wrong with it.
        sources: sources
            .into_iter()
            .filter(|source| source.kind != "static" || !source.problems.is_empty() || targets.is_empty())
            .map(|source| source_row(source, now))
            .collect(),
        more: (targets.len() > SHOWN).then(|| number(targets.len() - SHOWN)),
        rows: targets.into_iter().take(SHOWN).map(|target| row(target, now)).collect(),
    }
}

fn source_row(source: &DiscoveryView, now: Timestamp) -> SourceRow {
    SourceRow {
        kind: source.kind,
        place: source.source.clone(),
        found: plural(source.targets, "target"),
        refreshed: source.refreshed.map(|at| Ago::new(at, now)),
        problems: source.problems.clone(),
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

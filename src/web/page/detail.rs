//! `/slo/{service}/{name}`: one SLO, or one group of it.
//!
//! A group is named by its labels in the query. An SLO with several groups and none named shows them as a list. The
//! address says everything that is shown, so that a link in a page at night leads to the same view.

use super::chrome::{Chrome, Nav, number, plural};
use super::detail_parts::{self as parts_of, Definition, Events, GroupLink};
use super::history::{ChartData, InWords, RangeLink, Span, TableRow};
use super::notifications::MessageRow;
use super::parts::{RESERVED, Row, encode};
use super::windows::PairRow;
use super::{asked, format, history, list, missing, render, windows};
use crate::clock;
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::slo::{Slo, SloWindow};
use crate::domain::status::{HistoryPoint, SloStatus};
use crate::domain::time::Timestamp;
use crate::view::{HistoryQuery, Published};
use crate::web::AppState;
use askama::Template;
use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;

#[derive(Template)]
#[template(path = "detail.html")]
struct Detail {
    chrome: Chrome,
    row: Row,
    figures: Figures,
    description: String,
    labels: Vec<(String, String)>,
    links: Vec<(String, String)>,
    groups: Vec<GroupLink>,
    all_groups: Option<(String, String)>,
    bad_range: Option<String>,
    live: bool,
    span: (super::parts::Time, super::parts::Time),
    ranges: Vec<RangeLink>,
    /// JSON for the charts.
    data: String,
    charts: [Figure; 4],
    table: Vec<TableRow>,
    pairs: Vec<PairRow>,
    events: Vec<Events>,
    maintenance: Vec<parts_of::MaintenanceRow>,
    messages: Vec<MessageRow>,
    definition: Option<Definition>,
    hints: Vec<String>,
}

/// One chart and what it shows, in words.
struct Figure {
    kind: &'static str,
    title: &'static str,
    words: String,
}

fn figures(words: InWords) -> [Figure; 4] {
    let figure = |kind, title, words| Figure { kind, title, words };
    [
        figure("budget", "Budget left", words.budget),
        figure("errors", "Bad events", words.errors),
        figure("burn", "Burn rate", words.burn),
        figure("traffic", "Events per second", words.traffic),
    ]
}

/// The headline numbers.
struct Figures {
    bad: String,
    total: String,
    coverage: String,
    /// How long until the budget is gone, in large letters.
    exhausts: String,
    pace: &'static str,
    updated: super::parts::Ago,
}

#[derive(Template)]
#[template(path = "groups.html")]
struct Groups {
    chrome: Chrome,
    service: String,
    name: String,
    summary: String,
    rows: Vec<Row>,
    more: Option<String>,
    definition: Option<Definition>,
}

/// Groups listed at once, worst first; search reaches the rest.
const GROUPS: usize = 200;

/// `GET /slo/{service}/{name}?label=value&range=1h`
pub async fn show(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path((service, name)): Path<(String, String)>,
) -> Response {
    let asked = asked(&uri);
    let published = state.now();
    let of_slo = |status: &&Arc<LazyStatus>| status.service() == service && status.name() == name;
    let mut all: Vec<Arc<LazyStatus>> = published.statuses.iter().filter(of_slo).cloned().collect();
    // Worst first, as on the list.
    let left = |status: &SloStatus| status.budget.remaining.unwrap_or(f64::INFINITY);
    all.sort_by(|a, b| a.state.cmp(&b.state).then_with(|| left(a).total_cmp(&left(b))));
    let slo = published.setup.slos.iter().find(|slo| slo.id.service == service && slo.id.name == name).cloned();
    let group = group_labels(&asked);
    let one = match all.as_slice() {
        [only] if group.is_empty() => Some(only),
        several => several.iter().find(|status| status.group == group),
    };
    match (one, slo) {
        (Some(status), slo) => one_page(&state, &published, uri.path(), status, slo.as_deref(), &all, &asked).await,
        (None, Some(slo)) if group.is_empty() => groups_page(&state, &published, uri.path(), &slo, &all).await,
        (None, Some(_)) => {
            let hint =
                "No group of this SLO has these labels now. Groups appear with the first scrape that shows them.";
            missing(&state, uri.path(), "There is no such group.", hint)
        }
        (None, None) => {
            let hint = "It may have been renamed or removed from the configuration.";
            missing(&state, uri.path(), "There is no such SLO.", hint)
        }
    }
}

fn group_labels(asked: &[(String, String)]) -> Labels {
    let own = asked.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    own.map(|(name, value)| (name.strip_prefix("group.").unwrap_or(name).to_owned(), value.clone())).collect()
}

async fn groups_page(
    state: &AppState,
    published: &Published,
    path: &str,
    slo: &Slo,
    all: &[Arc<LazyStatus>],
) -> Response {
    let chrome = Chrome::new(published, clock::now(), path, Nav::None, &slo.id.to_string());
    let rows = list::rows(&state.engine, all.iter().take(GROUPS).map(|status| &***status), &chrome.root).await;
    let page = Groups {
        service: slo.id.service.clone(),
        name: slo.id.name.clone(),
        summary: plural(all.len(), "budget"),
        more: (all.len() > rows.len()).then(|| number(all.len() - rows.len())),
        rows,
        definition: Some(Definition::new(published, slo, None, &chrome.root)),
        chrome,
    };
    render(StatusCode::OK, &page)
}

async fn one_page(
    state: &AppState,
    published: &Published,
    path: &str,
    status: &SloStatus,
    slo: Option<&Slo>,
    all: &[Arc<LazyStatus>],
    asked: &[(String, String)],
) -> Response {
    let window = slo.map_or_else(|| nominal_window(status), |slo| slo.window.clone());
    let (span, bad_range) = match Span::read(asked, &window, published.at) {
        Ok(span) => (span, None),
        Err(error) => (Span::window(&window, published.at), Some(error)),
    };
    let span = span.measured_every(published.setup.evaluation_interval);
    let points = points(state, status, &span).await;
    let code = if bad_range.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let chrome = Chrome::new(published, clock::now(), path, Nav::None, &title(status));
    let past =
        Past { span, points, ranges: span.links(&format!("./{}", encode(&status.name)), asked, &window), bad_range };
    render(code, &detail(chrome, published, status, slo, all, past, clock::now()))
}

/// What was asked of the history, and its answer.
struct Past {
    span: Span,
    points: Vec<HistoryPoint>,
    ranges: Vec<RangeLink>,
    bad_range: Option<String>,
}

async fn points(state: &AppState, status: &SloStatus, span: &Span) -> Vec<HistoryPoint> {
    let (id, group) = list::name(status);
    let query = HistoryQuery { id, group, start: span.start, end: span.end, step: span.step() };
    state.engine.history(query).await.unwrap_or_default()
}

fn detail(
    chrome: Chrome,
    published: &Published,
    status: &SloStatus,
    slo: Option<&Slo>,
    all: &[Arc<LazyStatus>],
    past: Past,
    now: Timestamp,
) -> Detail {
    let Past { span, points, ranges, bad_range } = past;
    let root = chrome.root.clone();
    let mut row = Row::new(status, None, &root);
    row.problem.clone_from(&status.problem);
    Detail {
        row,
        figures: Figures::new(status, now),
        description: status.description.clone(),
        labels: super::parts::pairs(&status.labels),
        links: parts_of::links(status, slo),
        groups: parts_of::groups(all, status, &root),
        all_groups: (all.len() > 1).then(|| (parts_of::overview_href(&root, status), plural(all.len(), "group"))),
        bad_range,
        live: span.is_live(),
        span: (span.start.into(), span.end.into()),
        ranges,
        data: chart(published, status, slo, &points, &span).json(),
        charts: figures(InWords::new(&points, &span)),
        table: history::table(&points, 1.0 - status.objective / 100.0),
        pairs: slo.map(|slo| windows::pairs(slo, status)).unwrap_or_default(),
        events: parts_of::events(published, status, now),
        maintenance: slo.map(|slo| parts_of::maintenance(slo, now)).unwrap_or_default(),
        messages: parts_of::messages(published, status, now, &root),
        definition: slo.map(|slo| Definition::new(published, slo, Some(status), &root)),
        hints: parts_of::hints(published, status, slo),
        chrome,
    }
}

fn chart(
    published: &Published,
    status: &SloStatus,
    slo: Option<&Slo>,
    points: &[HistoryPoint],
    span: &Span,
) -> ChartData {
    let all = published.transitions.iter().map(|transition| &**transition);
    let own = all.filter(|t| t.id == status.id && t.group == status.group);
    let mut bands = history::alert_bands(own, span);
    bands.extend(slo.map(|slo| history::maintenance_bands(&slo.maintenance, span)).unwrap_or_default());
    let factors = slo.map(parts_of::factors).unwrap_or_default();
    ChartData::new(span, status.objective, points, factors, bands)
}

fn title(status: &SloStatus) -> String {
    let group = if status.group.is_empty() { String::new() } else { format!(" {}", status.group) };
    format!("{} · {}{group}", format::state(status.state), status.id)
}

/// The window of an SLO that is no longer configured.
fn nominal_window(status: &SloStatus) -> SloWindow {
    use crate::domain::status::WindowStatus::{Calendar, Rolling};
    let (Rolling { seconds } | Calendar { seconds, .. }) = &status.window;
    SloWindow::Rolling(Duration::from_secs((*seconds).max(1)))
}

impl Figures {
    fn new(status: &SloStatus, now: Timestamp) -> Self {
        Self {
            bad: format::count(status.sli.bad),
            total: format::count(status.sli.total),
            coverage: format::share(Some(status.budget.coverage)),
            exhausts: match (status.budget.remaining, status.budget.exhausts_in_seconds) {
                (Some(r), _) if r <= 0.0 => "spent".to_owned(),
                (Some(_), Some(seconds)) if seconds < 1e8 => format::duration(seconds),
                (Some(_), _) => "not in sight".to_owned(),
                (None, _) => format::NONE.to_owned(),
            },
            pace: match (status.budget.remaining, status.budget.exhausts_in_seconds) {
                (Some(r), _) if r < 0.0 => "more than the whole budget",
                (Some(_), Some(0.0)) => "the whole budget",
                (Some(_), Some(seconds)) if seconds < 1e8 => "at the present rate",
                (Some(_), Some(_)) => "at the present rate it lasts for years",
                (Some(_), None) => "nothing is being spent",
                (None, _) => "never measured",
            },
            updated: super::parts::Ago::new(status.updated_at, now),
        }
    }
}

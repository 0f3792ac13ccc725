//! `/`: services and SLOs, worst first.
//!
//! One hundred rows at a time, whatever the number of SLOs, so that ten thousand of them load as fast as ten. A
//! filter that can't be read is said, kept in its field and answered with 400.

use super::chrome::{Chrome, Nav, plural};
use super::list_form::{Form, query_with};
use super::parts::Row;
use super::{asked, format, render};
use crate::clock;
use crate::domain::labels::Labels;
use crate::domain::slo::SloId;
use crate::domain::status::SloStatus;
use crate::view::{Handle, Published};
use crate::web::AppState;
use crate::web::listing::{ListQuery, ListResult, Listing};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Rows on one page.
const PAGE: usize = 100;
/// Rows that an address may ask for.
const LARGEST_PAGE: usize = 500;
/// Points of a sparkline: more can't be told apart at its size.
const SPARK_POINTS: usize = 40;

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    chrome: Chrome,
    form: Form,
    rows: Vec<Row>,
    /// Why the question can't be answered.
    bad_query: Option<String>,
    summary: String,
    total: usize,
    /// SLOs in force, whatever is asked for.
    configured: usize,
    previous: Option<String>,
    next: Option<String>,
    clear: String,
}

/// `GET /`
pub async fn show(State(state): State<AppState>, uri: Uri) -> Response {
    let pairs = asked(&uri);
    let published = state.now();
    let (mut question, bad_query) = match ListQuery::try_from(pairs.clone()) {
        Ok(question) => (question, None),
        Err(error) => (ListQuery::default(), Some(error)),
    };
    question.limit = Some(if bad_query.is_some() { 0 } else { question.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE) });
    let found = Listing::query(&published, &question);
    let rows = rows(&state.engine, found.items.iter().map(|item| &**item.status), "./").await;
    let status = if bad_query.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    render(status, &list(&published, &pairs, &question, &found, rows, bad_query))
}

fn list(
    published: &Published,
    pairs: &[(String, String)],
    question: &ListQuery,
    found: &ListResult,
    rows: Vec<Row>,
    bad_query: Option<String>,
) -> List {
    let limit = question.limit.unwrap_or(PAGE);
    let turn = |offset: usize| {
        let first = query_with("./", pairs, "offset", None);
        if offset == 0 { first } else { query_with("./", pairs, "offset", Some(&offset.to_string())) }
    };
    let end = question.offset.saturating_add(rows.len());
    List {
        chrome: Chrome::new(published, clock::now(), "/", Nav::Slos, "SLOs"),
        form: Form::new(pairs, found),
        summary: summary(question.offset, end, found.total),
        total: found.total,
        configured: published.setup.slos.len(),
        previous: (question.offset > 0).then(|| turn(question.offset.saturating_sub(limit))),
        next: (bad_query.is_none() && end < found.total).then(|| turn(end)),
        clear: "./".to_owned(),
        rows,
        bad_query,
    }
}

fn summary(start: usize, end: usize, total: usize) -> String {
    if end.saturating_sub(start) == total {
        plural(total, "budget")
    } else {
        let number = |n: usize| format::count(n as f64);
        format!("{}–{} of {}", number((start + 1).min(end)), number(end), plural(total, "budget"))
    }
}

/// Rows with their sparklines, which the engine is asked for at once.
pub async fn rows<'a>(engine: &Handle, statuses: impl Iterator<Item = &'a SloStatus>, root: &str) -> Vec<Row> {
    let statuses: Vec<&SloStatus> = statuses.collect();
    if statuses.is_empty() {
        return Vec::new();
    }
    let sparks = engine.sparklines(statuses.iter().map(|status| name(status)).collect(), SPARK_POINTS).await;
    let with_spark = |(i, status): (usize, &&SloStatus)| Row::new(status, sparks.get(i), root);
    statuses.iter().enumerate().map(with_spark).collect()
}

/// What an SLO and its group are asked for by.
pub fn name(status: &SloStatus) -> (SloId, Labels) {
    (SloId { service: status.service.clone(), name: status.name.clone() }, status.group.clone())
}

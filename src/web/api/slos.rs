//! `/api/v1/slos`, `/api/v1/overview` and one SLO's status.

use super::envelope::{ApiError, success};
use super::params::{ApiQuery, Pairs, SloPath, group_labels};
use crate::domain::lazy_status::LazyStatus;
use crate::domain::status::{SloStatus, State};
use crate::domain::time::Timestamp;
use crate::view::Published;
use crate::web::listing::{ListQuery, ListResult, Listing, ServiceCount, Sort};
use crate::web::{AppState, off_thread};
use axum::extract::State as Extension;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries of an overview unless `limit` says otherwise.
const OVERVIEW_LIMIT: usize = 100;

/// All statuses that pass the filters, by name unless `sort` says otherwise.
pub async fn list(Extension(app): Extension<AppState>, ApiQuery(mut query): ApiQuery<ListQuery>) -> Response {
    query.sort = query.sort.or(Some(Sort::Name));
    off_thread(move || {
        let found = Listing::query(&app.now(), &query);
        success(found.items.iter().map(|item| item.status.as_ref()).collect::<Vec<_>>())
    })
    .await
}

/// One page of statuses, worst first, with the counts that filters need.
pub async fn overview(Extension(app): Extension<AppState>, ApiQuery(mut query): ApiQuery<ListQuery>) -> Response {
    query.limit = query.limit.or(Some(OVERVIEW_LIMIT));
    off_thread(move || {
        let now = app.now();
        let found = Listing::query(&now, &query);
        success(Overview::new(now.at, &found))
    })
    .await
}

#[derive(Serialize)]
struct Overview<'a> {
    at: Timestamp,
    total: usize,
    states: BTreeMap<&'static str, usize>,
    services: &'a [ServiceCount],
    items: Vec<&'a SloStatus>,
}

impl<'a> Overview<'a> {
    fn new(at: Timestamp, found: &'a ListResult) -> Self {
        Self {
            at,
            total: found.total,
            states: counts_by_name(&found.counts_by_state),
            services: &found.services,
            items: found.items.iter().map(|item| &**item.status).collect(),
        }
    }
}

/// States by their words, for JSON.
pub fn counts_by_name(counts: &[(State, usize)]) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(state, count)| (state.as_str(), *count)).collect()
}

/// The statuses of one SLO, one for each group; parameters name one group by its labels.
pub async fn one(Extension(app): Extension<AppState>, path: SloPath, pairs: Pairs) -> Result<Response, ApiError> {
    let mut found = statuses_of(&app.now(), &path)?;
    let group = group_labels(&pairs, &[]);
    if !group.is_empty() {
        found.retain(|status| status.group == group);
        if found.is_empty() {
            return Err(ApiError::not_found(format!("this SLO has no group {group}")));
        }
    }
    Ok(success(found))
}

/// Its statuses, none while no group was measured, or the error that there is no such SLO.
pub fn statuses_of(published: &Published, path: &SloPath) -> Result<Vec<Arc<LazyStatus>>, ApiError> {
    let of_path = |status: &&Arc<LazyStatus>| status.service() == path.service && status.name() == path.name;
    let found: Vec<_> = published.statuses.iter().filter(of_path).cloned().collect();
    let defined = || published.setup.slos.iter().any(|slo| slo.id.service == path.service && slo.id.name == path.name);
    if found.is_empty() && !defined() {
        return Err(ApiError::not_found(format!("there is no SLO {:?}", format!("{}/{}", path.service, path.name))));
    }
    Ok(found)
}

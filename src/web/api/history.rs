//! `/api/v1/slos/{service}/{name}/history`: counts, burn rate and budget over time.
//!
//! `start`, `end` and `step` are read as Prometheus's range queries read them; every other parameter is a label of the
//! group. A group label that is itself called `start`, `end` or `step` is written `group.start` and so on.

use super::envelope::{ApiError, ErrorType, success};
use super::params::{Pairs, SloPath, group_labels, parse_step, parse_time};
use super::slos::statuses_of;
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::slo::SloId;
use crate::domain::status::{HistoryPoint, SloStatus};
use crate::domain::time::Timestamp;
use crate::view::HistoryQuery;
use crate::web::AppState;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Prometheus's limit for one series.
const MAX_POINTS: u128 = 11_000;
const DEFAULT_RANGE: Duration = Duration::from_secs(86_400);
/// Points that a default step aims at: enough for a chart.
const DEFAULT_POINTS: u64 = 240;

#[derive(Serialize)]
struct History {
    id: String,
    group: Labels,
    start: Timestamp,
    end: Timestamp,
    /// Seconds.
    step: f64,
    points: Vec<HistoryPoint>,
}

/// Answers with the points, oldest first.
pub async fn history(State(app): State<AppState>, path: SloPath, pairs: Pairs) -> Result<Response, ApiError> {
    let now = app.now();
    let statuses = statuses_of(&now, &path)?;
    let (start, end, step) = range(&pairs, now.at)?;
    let group = pick_group(&statuses, &group_labels(&pairs, &["start", "end", "step"]))?;
    let id = SloId { service: path.service, name: path.name };
    let query = HistoryQuery { id: id.clone(), group: group.clone(), start, end, step };
    let gone = || ApiError::new(ErrorType::Unavailable, "the engine did not answer; it is stopping or was reloaded");
    let points = app.engine.history(query).await.ok_or_else(gone)?;
    Ok(success(History { id: id.to_string(), group, start, end, step: step.as_secs_f64(), points }))
}

fn range(pairs: &Pairs, now: Timestamp) -> Result<(Timestamp, Timestamp, Duration), ApiError> {
    let end = pairs.get("end").map_or(Ok(now), |text| parse_time("end", text))?;
    let start = pairs.get("start").map_or(Ok(end - DEFAULT_RANGE), |text| parse_time("start", text))?;
    if end < start {
        let message = format!("invalid parameter \"end\": {end} is before the start, {start}");
        return Err(ApiError::bad_data(message));
    }
    let length = end.since(start);
    let step = pairs.get("step").map_or(Ok(default_step(length)), |text| parse_step("step", text))?;
    if length.as_millis() / step.as_millis() > MAX_POINTS {
        let message = "exceeded the maximum resolution of 11,000 points; choose a longer step (?step=…)";
        return Err(ApiError::bad_data(message));
    }
    Ok((start, end, step))
}

/// Whole seconds, at least one.
fn default_step(length: Duration) -> Duration {
    Duration::from_secs((length.as_secs() / DEFAULT_POINTS).max(1))
}

/// The group with exactly these labels; none need be given where there is only one group.
fn pick_group(statuses: &[Arc<LazyStatus>], wanted: &Labels) -> Result<Labels, ApiError> {
    if let Some(status) = statuses.iter().find(|status| status.group == *wanted) {
        return Ok(status.group.clone());
    }
    match statuses {
        [] => Err(ApiError::not_found("no group of this SLO was measured yet")),
        [only] if wanted.is_empty() => Ok(only.group.clone()),
        [first, ..] if wanted.is_empty() => {
            let example = example_query(first);
            let count = statuses.len();
            Err(ApiError::bad_data(format!("this SLO has {count} groups; name one by its labels, such as {example}")))
        }
        [first, ..] if first.group.is_empty() => {
            Err(ApiError::bad_data(format!("this SLO has no groups, but the parameters name one: {wanted}")))
        }
        _ => Err(ApiError::not_found(format!("this SLO has no group {wanted}"))),
    }
}

fn example_query(status: &SloStatus) -> String {
    let pairs: Vec<String> = status.group.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("?{}", pairs.join("&"))
}

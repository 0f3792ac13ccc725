//! `/api/v1/alerts` in Prometheus's shape.

use super::envelope::success;
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::message::Notice;
use crate::domain::status::{AlertState, SloStatus};
use crate::domain::time::Timestamp;
use crate::view::Published;
use crate::web::AppState;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// One alert as Prometheus shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertView<'a> {
    pub labels: &'a Labels,
    pub annotations: &'a Labels,
    pub state: AlertState,
    pub active_at: Timestamp,
    /// The burn rate over the long window, in Prometheus's notation.
    pub value: String,
}

#[derive(Serialize)]
struct Alerts<'a> {
    alerts: Vec<AlertView<'a>>,
}

pub async fn alerts(State(app): State<AppState>) -> Response {
    let now = app.now();
    let states = States::of(&now);
    let active = now.alerts.iter().filter(|notice| notice.firing());
    success(Alerts { alerts: active.map(|notice| states.view(notice)).collect() })
}

/// Statuses by SLO and group: a notice does not say whether its alert still waits for its `for`.
pub struct States<'a>(HashMap<(&'a str, &'a str, &'a Labels), &'a SloStatus>);

impl<'a> States<'a> {
    pub fn of(published: &'a Published) -> Self {
        let key = |status: &'a Arc<LazyStatus>| (status.service(), status.name(), status.group());
        Self(published.statuses.iter().map(|status| (key(status), &***status)).collect())
    }

    pub fn view(&self, notice: &'a Notice) -> AlertView<'a> {
        AlertView {
            labels: &notice.labels,
            annotations: &notice.annotations,
            state: self.state(notice),
            active_at: notice.starts_at,
            value: scientific(value(notice)),
        }
    }

    /// Firing if any alert of this kind and severity fires; pending if one only waits.
    pub fn state(&self, notice: &Notice) -> AlertState {
        let detail = &notice.detail;
        let key = (detail.id.service.as_str(), detail.id.name.as_str(), &detail.group);
        let alerts = self.0.get(&key).map(|status| status.alerts.as_slice()).unwrap_or_default();
        let mut same = alerts.iter().filter(|a| a.alert == detail.alert && a.severity == detail.severity).peekable();
        let waits = same.peek().is_some() && same.all(|alert| alert.state == AlertState::Pending);
        if waits { AlertState::Pending } else { AlertState::Firing }
    }
}

/// What an alert's expression would give: the burn rate, else the share of the budget that is spent.
fn value(notice: &Notice) -> f64 {
    let burn = notice.detail.burn.as_ref().and_then(|burn| burn.burn_long);
    burn.or_else(|| notice.detail.budget_remaining.map(|remaining| 1.0 - remaining)).unwrap_or(0.0)
}

/// `1.44e+01`, as Prometheus prints an alert's value.
pub fn scientific(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

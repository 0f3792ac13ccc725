//! `/api/v1`: JSON in Prometheus's envelope.

mod alerts;
pub mod envelope;
mod history;
mod notifications;
pub mod params;
mod rules;
mod slos;
mod status;
mod targets;

pub use slos::counts_by_name;
pub use status::{REVISION, VERSION};

use crate::web::AppState;
use axum::Router;
use axum::routing::get;

/// All routes of `/api/v1` but the live stream.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/slos", get(slos::list))
        .route("/api/v1/overview", get(slos::overview))
        .route("/api/v1/slos/{service}/{name}", get(slos::one))
        .route("/api/v1/slos/{service}/{name}/history", get(history::history))
        .route("/api/v1/alerts", get(alerts::alerts))
        .route("/api/v1/targets", get(targets::targets))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/notifications", get(notifications::notifications))
        .route("/api/v1/status/runtimeinfo", get(status::runtime_info))
        .route("/api/v1/status/buildinfo", get(status::build_info))
        .route("/api/v1/status/flags", get(status::flags))
}

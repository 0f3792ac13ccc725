//! `/api/v1`: JSON in Prometheus's envelope.

use crate::web::AppState;
use axum::Router;

/// All routes of `/api/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
}

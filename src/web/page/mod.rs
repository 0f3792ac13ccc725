//! The status page, rendered on the server.

use crate::web::AppState;
use axum::Router;

/// `/`, `/slo/{service}/{name}` and the assets.
pub fn routes() -> Router<AppState> {
    Router::new()
}

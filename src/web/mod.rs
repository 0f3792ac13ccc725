//! The status page, the JSON API and `/metrics`: reads what the engine published, writes nothing.

pub mod api;
pub mod listing;
pub mod page;
mod state;

pub use state::AppState;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Everything that slowburn serves.
pub fn router(state: AppState) -> Router {
    Router::new().merge(page::routes()).merge(api::routes()).with_state(state)
}

/// Serves until `shutdown`, then finishes what is in flight.
pub async fn serve(listener: TcpListener, state: AppState, shutdown: CancellationToken) -> std::io::Result<()> {
    axum::serve(listener, router(state)).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

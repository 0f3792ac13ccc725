//! The status page, the JSON API and `/metrics`: reads what the engine published, writes nothing.
//!
//! A request passes, from the outside in: the connection's limits ([`server`]), then one stack of layers that names it,
//! times it, logs it, bounds it and dresses its answer ([`guard`]), then its handler. Handlers answer from one published
//! snapshot, so an answer never mixes two moments.

pub mod api;
mod badge;
mod guard;
pub mod listing;
mod metrics;
mod ops;
mod origin;
pub mod page;
mod server;
mod state;
mod stream;

pub use server::serve;
pub use state::AppState;

use api::envelope::{ApiError, ErrorType};
use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Everything that slowburn serves.
pub fn router(state: AppState) -> Router {
    let router = Router::new()
        .merge(page::routes())
        .merge(api::routes())
        .merge(ops::routes())
        .route("/api/v1/stream", get(stream::stream))
        .route("/badge/{service}/{file}", get(badge::badge))
        .route("/metrics", get(metrics::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    guard::layer(router, &state.metrics).with_state(state)
}

async fn not_found(state: State<AppState>, uri: OriginalUri) -> Response {
    if is_api(uri.path()) {
        return ApiError::not_found(format!("there is no {}", uri.path())).into_response();
    }
    page::not_found(state, uri).await
}

async fn method_not_allowed(uri: Uri) -> Response {
    if is_api(uri.path()) {
        let message = format!("{} does not answer this method", uri.path());
        return ApiError::new(ErrorType::MethodNotAllowed, message).into_response();
    }
    (StatusCode::METHOD_NOT_ALLOWED, "405: this path does not answer this method\n").into_response()
}

/// Whether errors under this path are told in JSON.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Makes an answer that is large, or asks the disk, away from the threads that serve sockets and timers.
async fn off_thread(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "making an answer failed");
            ApiError::new(ErrorType::Internal, "making the answer failed; the log says more").into_response()
        }
    }
}

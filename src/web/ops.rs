//! `/-/healthy`, `/-/ready` and `/-/reload`, as in Prometheus.

use super::AppState;
use super::origin::{Access, check};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// All routes under `/-/`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload).put(reload))
}

/// Healthy while the engine lives: without it nothing is counted and nobody is paged.
async fn healthy(State(app): State<AppState>) -> Response {
    if app.engine.requests.is_closed() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the engine has stopped\n");
    }
    text(StatusCode::OK, "slowburn is Healthy.\n")
}

/// Ready from the first publication on.
async fn ready(State(app): State<AppState>) -> Response {
    if !app.is_ready() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable: slowburn is starting\n");
    }
    text(StatusCode::OK, "slowburn is Ready.\n")
}

/// Reads the configuration again; the answer to a failure is every diagnostic.
async fn reload(State(app): State<AppState>, headers: HeaderMap) -> Response {
    if let Err(reason) = check(&headers, &app.now().setup.external_url, Access::Change) {
        tracing::warn!(%reason, "a reload was refused");
        return text(StatusCode::FORBIDDEN, format!("refused: {reason}\n"));
    }
    match app.engine.reload().await {
        Ok(()) => text(StatusCode::OK, ""),
        Err(diagnostics) => {
            let message = format!("failed to reload config: {}\n", diagnostics.trim_end());
            text(StatusCode::INTERNAL_SERVER_ERROR, message)
        }
    }
}

fn text(status: StatusCode, body: impl Into<String>) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], body.into()).into_response()
}

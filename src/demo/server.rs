//! The shop's instances on loopback ports: each answers `/metrics` as a service of its own would.

use super::instance::Instance;
use super::metrics;
use crate::clock;
use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

type Shared = Arc<Mutex<Instance>>;

/// Serves one instance until `shutdown`.
pub async fn serve(listener: TcpListener, instance: Instance, shutdown: CancellationToken) {
    let app = Router::new().route("/metrics", get(show)).with_state(Arc::new(Mutex::new(instance)));
    let served = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "an instance of the shop ended early");
    }
}

async fn show(State(instance): State<Shared>, headers: HeaderMap) -> Response {
    let mut instance = instance.lock().unwrap_or_else(PoisonError::into_inner);
    instance.advance(clock::now());
    if instance.is_down() {
        return (StatusCode::SERVICE_UNAVAILABLE, "no healthy upstream\n").into_response();
    }
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let open_metrics = accept.contains("application/openmetrics-text");
    let content_type = if open_metrics { metrics::OPEN_METRICS } else { metrics::TEXT };
    ([(CONTENT_TYPE, content_type)], metrics::text(&instance, open_metrics)).into_response()
}

//! What the measured processes talk to: exporters, and whoever takes alerts without looking at them.

use super::world::Size;
use crate::support::body::body;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use slowburn::clock;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Serves `router` on a free port; the address.
pub fn serve(runtime: &Runtime, router: Router) -> String {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

/// A page of metrics.
pub fn metrics(text: impl Into<Bytes>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text.into())
}

/// Addresses of the targets of a world of this size, whose counters go on with time.
pub fn targets(runtime: &Runtime, size: Size) -> Vec<String> {
    let target = |number: usize| {
        let show = move || async move { metrics(body(size.services(number), size.groups, clock::now())) };
        serve(runtime, Router::new().route("/metrics", get(show)))
    };
    (0..size.targets()).map(target).collect()
}

/// The address of an Alertmanager that takes everything.
pub fn alertmanager(runtime: &Runtime) -> String {
    serve(runtime, Router::new().route("/api/v2/alerts", post(async || "")).route("/api/v1/alerts", post(async || "")))
}

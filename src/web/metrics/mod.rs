//! `/metrics`: slowburn's own health and every SLO's figures.
//!
//! Everything is written as OpenMetrics by prometheus-client; who does not ask for that gets it rewritten into the text
//! format 0.0.4, which differs in a few lines of each family.

mod collector;
mod compat;
mod discovery;
mod names;
mod process;
mod text;

use super::{AppState, off_thread};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;
use std::fmt;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn metrics(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let openmetrics = wants_openmetrics(headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()));
    off_thread(move || match exposition(&app) {
        Ok(body) if openmetrics => answer(OPENMETRICS, body),
        Ok(body) => answer(PLAIN, text::plain(&body)),
        Err(fmt::Error) => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n").into_response(),
    })
    .await
}

fn answer(content_type: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// The OpenMetrics text; before the first publication only what does not come from the engine.
fn exposition(app: &AppState) -> Result<String, fmt::Error> {
    let published = app.is_ready().then(|| app.now());
    let slos = published.as_ref().map_or(0, |published| published.statuses.len());
    // About 1.5 KB for each SLO; a good guess saves moving megabytes about.
    let mut body = String::with_capacity(64 * 1024 + slos * 2048);
    encode_registry(&mut body, app.metrics.registry())?;
    let mut collected = Registry::default();
    collected.register_collector(Box::new(process::Process));
    if let Some(published) = published {
        let compat = compat::CompatSnapshot { published: published.clone(), compat: published.compat };
        collected
            .register_collector(Box::new(collector::Snapshot { published, store_bytes: (app.engine.store_size)() }));
        collected.register_collector(Box::new(compat));
    }
    encode_registry(&mut body, &collected)?;
    encode_eof(&mut body)?;
    Ok(body)
}

/// Whether OpenMetrics is acceptable and not liked less than plain text.
fn wants_openmetrics<'a>(accept: impl Iterator<Item = &'a str>) -> bool {
    let (mut openmetrics, mut plain) = (0.0f64, 0.0f64);
    for range in accept.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok()).unwrap_or(0.0);
        match kind.as_str() {
            "application/openmetrics-text" => openmetrics = openmetrics.max(weight),
            "text/plain" => plain = plain.max(weight),
            _ => {}
        }
    }
    openmetrics > 0.0 && openmetrics >= plain
}

//! The live budget status page, rendered on the server.
//!
//! Every view is whole in its HTML and works without scripts; scripts keep it live by fetching the same address again
//! and patching what changed. All text from outside (names, labels, descriptions, errors) reaches the page through
//! askama's escaping only, and a link from outside only when it is http or https.

mod alerts;
mod assets;
mod chrome;
mod detail;
mod detail_parts;
mod format;
mod history;
mod list;
mod list_form;
mod notices;
mod notifications;
mod parts;
mod targets;
mod undelivered;
mod windows;

use crate::clock;
use crate::web::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrome::{Chrome, Nav};

/// `/`, `/slo/{service}/{name}`, `/alerts`, `/targets`, `/notifications` and the assets.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(list::show))
        .route("/slo/{service}/{name}", get(detail::show))
        .route("/alerts", get(alerts::show))
        .route("/targets", get(targets::show))
        .route("/notifications", get(notifications::show))
        .route("/assets/{version}/{*path}", get(assets::serve))
}

/// The parameters of an address in their order; none where they can't be read.
fn asked(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

/// The page for an address that leads nowhere.
pub async fn not_found(State(state): State<AppState>, OriginalUri(uri): OriginalUri) -> Response {
    missing(&state, uri.path(), "There is no such page.", "Perhaps the address was mistyped, or the page has moved.")
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct Missing<'a> {
    chrome: Chrome,
    title: &'a str,
    hint: &'a str,
}

fn missing(state: &AppState, path: &str, title: &str, hint: &str) -> Response {
    let chrome = Chrome::new(&state.now(), clock::now(), path, Nav::None, "Not found");
    render(StatusCode::NOT_FOUND, &Missing { chrome, title, hint })
}

/// A page is as new as its request: nothing between may keep it.
fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be rendered; the log says why.\n").into_response()
        }
    }
}

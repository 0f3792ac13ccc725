//! `/badge/{service}/{name}.svg`: what is left of the budget, for a README or a wiki.
//!
//! An SLO with groups shows its worst one, or the one that parameters name by its labels. Colours have enough contrast with white text, and the title says the same in
//! words. Widths are estimated, and `textLength` makes every font keep to them.

use super::AppState;
use super::api::envelope::ApiError;
use super::api::params::{Pairs, SloPath, group_labels};
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::status::{SloStatus, State as SloState};
use crate::view::Published;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Characters of the left half at most.
const MAX_NAME: usize = 60;
const MARGIN: u32 = 6;

/// The badge; an unknown SLO gives a grey one with status 404, so that a README shows what is wrong.
pub async fn badge(
    State(app): State<AppState>,
    headers: HeaderMap,
    path: SloPath,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    let Some(name) = path.name.strip_suffix(".svg") else {
        return Err(ApiError::not_found("a badge's path ends with .svg"));
    };
    let id = format!("{}/{name}", path.service);
    let (code, text, colour) = match worst(&app.now(), &path.service, name, &group_labels(&pairs, &[])) {
        Some(status) => (StatusCode::OK, words(&status), colour(&status)),
        None => (StatusCode::NOT_FOUND, "not found".to_owned(), GREY),
    };
    Ok(answer(code, &headers, svg(&id, &text, colour)))
}

fn worst(published: &Published, service: &str, name: &str, group: &Labels) -> Option<Arc<LazyStatus>> {
    let wanted = |status: &&Arc<LazyStatus>| {
        status.service() == service && status.name() == name && (group.is_empty() || status.group() == group)
    };
    let found = published.statuses.iter().filter(wanted);
    found.min_by(|a, b| a.state.cmp(&b.state).then_with(|| remaining(a).total_cmp(&remaining(b)))).cloned()
}

fn remaining(status: &SloStatus) -> f64 {
    status.budget.remaining.unwrap_or(f64::INFINITY)
}

/// Caches may keep a badge but must ask each time whether it still holds.
fn answer(code: StatusCode, headers: &HeaderMap, body: String) -> Response {
    let tag = format!("\"{:08x}\"", crc32fast::hash(body.as_bytes()));
    let fixed = [
        (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        // Badges are made to be shown on other sites.
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    if known && code == StatusCode::OK {
        return (StatusCode::NOT_MODIFIED, fixed, [(header::ETAG, tag)]).into_response();
    }
    (code, fixed, [(header::ETAG, tag)], body).into_response()
}

fn words(status: &SloStatus) -> String {
    let left = status.budget.remaining.map(|remaining| format!("{}% budget left", percent(remaining)));
    match (status.state, left) {
        (SloState::Error, _) => "error".to_owned(),
        (SloState::NoData, _) | (_, None) => "no data".to_owned(),
        (SloState::Critical | SloState::Burning, Some(left)) => format!("{left}, {}", status.state.as_str()),
        (SloState::Exhausted | SloState::Ok, Some(left)) => left,
    }
}

/// Whole percents, rounded down, so that 100 % means untouched and 0 % never hides an overspent budget.
fn percent(remaining: f64) -> f64 {
    // Adding zero turns a negative zero into zero.
    (remaining * 100.0 + 1e-9).floor() + 0.0
}

const GREEN: &str = "#23703a";
const YELLOW: &str = "#7d6200";
const ORANGE: &str = "#a54a00";
const RED: &str = "#b3261e";
const GREY: &str = "#5f6368";

fn colour(status: &SloStatus) -> &'static str {
    match status.state {
        SloState::Error | SloState::NoData => GREY,
        SloState::Critical | SloState::Exhausted => RED,
        SloState::Burning => ORANGE,
        SloState::Ok if remaining(status) < 0.25 => YELLOW,
        SloState::Ok => GREEN,
    }
}

fn svg(id: &str, text: &str, colour: &str) -> String {
    let name = shortened(id);
    let (left, right) = (width(&name), width(text));
    let (left_box, right_box) = (left + 2 * MARGIN, right + 2 * MARGIN);
    let total = left_box + right_box;
    let right_at = left_box + MARGIN;
    let (id, name, text) = (escaped(id), escaped(&name), escaped(text));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" aria-label="{id}: {text}">
<title>{id}: {text}</title>
<rect width="{left_box}" height="20" fill="#3c4043"/><rect x="{left_box}" width="{right_box}" height="20" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{MARGIN}" y="14" textLength="{left}" lengthAdjust="spacingAndGlyphs">{name}</text>
<text x="{right_at}" y="14" textLength="{right}" lengthAdjust="spacingAndGlyphs">{text}</text>
</g></svg>
"##
    )
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Estimated pixels at 11 px: narrow letters, wide letters, everything beyond Latin as a square.
fn width(text: &str) -> u32 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | '/' | '-' | '|' | ' ' | '(' | ')' => 4,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 11,
        c if u32::from(c) < 0x250 => 7,
        _ => 11,
    };
    text.chars().map(of).sum()
}

/// Safe as text and in attributes; characters that XML can't hold become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

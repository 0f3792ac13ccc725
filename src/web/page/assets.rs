//! Style sheets, scripts and icons, built into the binary.
//!
//! Their address holds a hash over all of them, so that a browser may keep them for a year and never mixes those of two
//! versions: scripts import each other by relative address, which stays within one hash. An address with another hash
//! (a page that was open during an upgrade) still answers, but is not kept.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Sixteen hexadecimal digits that change with any asset.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Assets::iter().collect();
    names.sort();
    let hashes = names.iter().filter_map(|name| Assets::get(name)).map(|file| file.metadata.sha256_hash());
    let labels = names.iter().zip(hashes).map(|(name, hash)| (name.to_string(), hex(&hash)));
    format!("{:016x}", labels.collect::<crate::domain::labels::Labels>().fingerprint())
});

/// `GET /assets/{version}/{path}`
pub async fn serve(Path((version, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(file) = Assets::get(&path) else {
        return (StatusCode::NOT_FOUND, "no such asset\n").into_response();
    };
    let cache = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|list| list.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        return ([(ETAG, etag), (CACHE_CONTROL, cache.to_owned())], StatusCode::NOT_MODIFIED).into_response();
    }
    full(file, &path, &etag, cache)
}

fn full(file: EmbeddedFile, path: &str, etag: &str, cache: &'static str) -> Response {
    let mut response = Response::new(Body::from(file.data));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(version: &str, path: &str, known: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(tag) = known {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap());
        }
        serve(Path((version.to_owned(), path.to_owned())), headers).await
    }

    #[tokio::test]
    async fn assets_are_kept_by_hash_and_tag() {
        let fresh = get(&VERSION, "page.css", None).await;
        assert_eq!(fresh.status(), StatusCode::OK);
        assert!(fresh.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let tag = fresh.headers()[ETAG].to_str().unwrap().to_owned();
        assert_eq!(get(&VERSION, "page.css", Some(&tag)).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(
            get(&VERSION, "page.css", Some(&format!("\"x\", W/{tag}"))).await.status(),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(get("older", "page.css", None).await.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(get(&VERSION, "../Cargo.toml", None).await.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_licence_travels_with_the_vendored_library() {
        assert!(Assets::get("vendor/uplot/LICENSE").is_some());
    }
}

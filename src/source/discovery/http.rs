//! `http_sd_configs`: a server that answers a JSON list of target groups.
//!
//! As in Prometheus the answer must be status 200 with `application/json`. A failed refresh keeps the last good list.

use super::{Reporter, groups, pause};
use crate::config::scrape::HttpSd;
use crate::domain::labels::Labels;
use crate::http::{self, HttpError};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, StatusCode, Url};
use std::time::Duration;

/// A list beyond this is a mistake, not a list of targets.
const MAX_BYTES: u64 = 32 << 20;

/// Time for one answer at most, also where `refresh_interval` is longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A URL as people may see it: without user info and query, which may hold secrets.
pub(super) fn shown(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return String::new() };
    url.set_query(None);
    without_credentials(url).to_string()
}

fn without_credentials(mut url: Url) -> Url {
    // Both fail only for URLs that can't hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

pub(super) async fn run(sd: HttpSd, reporter: Reporter) {
    let timeout = sd.refresh_interval.min(TIMEOUT);
    let client = http::Rotating::new(sd.http.clone(), timeout);
    let mut targets = Vec::new();
    loop {
        let mut problems = Vec::new();
        match refresh(&sd, &client).await {
            Ok(found) => targets = found,
            Err(error) => problems.push(error),
        }
        if !reporter.report(targets.clone(), problems).await {
            return;
        }
        pause(sd.refresh_interval).await;
    }
}

async fn refresh(sd: &HttpSd, client: &http::Rotating) -> Result<Vec<Labels>, String> {
    let url = Url::parse(&sd.url).map_err(|_| "the URL can't be read".to_owned())?;
    let body = fetch(sd, client, url.clone()).await?;
    let meta = Labels::new().with("__meta_url", without_credentials(url));
    let read = move || {
        let groups = groups::from_json(&body).map_err(|error| format!("not a list of target groups: {error}"))?;
        Ok(groups::flatten(&groups, &meta))
    };
    // There may be megabytes of it.
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(format!("reading the answer failed: {error}")))
}

async fn fetch(sd: &HttpSd, client: &http::Rotating, url: Url) -> Result<bytes::Bytes, String> {
    let text = |error: HttpError| error.to_string();
    let request = client
        .get()
        .map_err(text)?
        .get(url)
        .header(ACCEPT, "application/json")
        .header("X-Prometheus-Refresh-Interval-Seconds", sd.refresh_interval.as_secs_f64().to_string());
    let response = http::send(request, &sd.http).await.map_err(text)?;
    if response.status() != StatusCode::OK {
        return Err(format!("HTTP status {}", response.status()));
    }
    if !is_json(&response) {
        let got = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        return Err(format!("Content-Type is {got:?}, application/json is needed"));
    }
    http::read_bounded(response, MAX_BYTES).await.map_err(text)
}

fn is_json(response: &Response) -> bool {
    let Some(Ok(text)) = response.headers().get(CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameters = parameters.trim().to_ascii_lowercase();
    kind.trim().eq_ignore_ascii_case("application/json")
        && matches!(parameters.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"")
}

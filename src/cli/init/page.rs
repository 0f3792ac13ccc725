//! One target's metrics page: asked for and read once, as a scrape would.

use super::inventory::Inventory;
use crate::config::auth::HttpConfig;
use crate::http;
use crate::source::exposition::{self, Format, SyntaxError};
use crate::source::scrape::ACCEPT_METRICS;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{StatusCode, Url};
use std::time::Duration;

/// As `body_size_limit` is, unless it is set.
const LARGEST_PAGE: u64 = 64 << 20;
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a target showed.
pub struct Page {
    pub url: Url,
    pub inventory: Inventory,
}

/// Reads the page; an error is one line for people.
pub async fn read(url: &Url) -> Result<Page, String> {
    let config = HttpConfig::default();
    let client = http::client(&config, TIMEOUT).map_err(|error| error.to_string())?;
    let request = client.get(url.clone()).header(ACCEPT, ACCEPT_METRICS);
    let response = http::send(request, &config).await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("HTTP status {}; is the path right?", response.status()));
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = Format::from_content_type(content_type).map_err(|error| error.to_string())?;
    let body = http::read_bounded(response, LARGEST_PAGE).await.map_err(|error| error.to_string())?;
    let inventory = take_stock(&body, format).map_err(|error| error.to_string())?;
    if inventory.samples == 0 {
        return Err("the page holds no samples; is the path right?".to_owned());
    }
    Ok(Page { url: url.clone(), inventory })
}

fn take_stock(body: &[u8], format: Format) -> Result<Inventory, SyntaxError> {
    let mut inventory = Inventory::default();
    exposition::read(body, format, |entry| {
        inventory.add(entry);
        Ok::<_, SyntaxError>(())
    })?;
    Ok(inventory)
}

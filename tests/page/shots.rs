//! The pictures of the documentation, of a shop that the real engine lived through. `SLOWBURN_SCREENSHOTS=docs/images` keeps them; otherwise they are only made.

use super::browser::{Page, browse};
use super::lived;
use base64::Engine;
use serde_json::json;
use std::path::PathBuf;

/// Pictures in a repository should stay small.
const LARGEST: usize = 300_000;

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_the_pages() {
    browse(lived::shop().await, async |page| {
        for (name, path, width, height, dark) in [
            ("list", "/", 1440, 1010, false),
            ("list-dark", "/", 1440, 1010, true),
            ("list-phone", "/", 390, 1250, false),
            ("detail", "/slo/checkout/availability?range=6h", 1440, 1240, false),
            ("detail-dark", "/slo/checkout/availability?range=6h", 1440, 1240, true),
            ("detail-phone", "/slo/checkout/availability?range=6h", 390, 1400, true),
            ("alerts", "/alerts", 1100, 400, false),
            ("targets", "/targets", 1100, 900, false),
            ("notifications", "/notifications", 1100, 620, false),
        ] {
            page.size(width, height).await;
            page.dark(dark).await;
            page.devtools("Emulation.setLocaleOverride", json!({"locale": "en-GB"})).await;
            page.open(path).await;
            if path.starts_with("/slo/checkout") {
                page.until("document.querySelectorAll('.chart canvas').length === 4").await;
            }
            shoot(page, name).await;
        }
    })
    .await;
}

async fn shoot(page: &Page, name: &str) {
    let answer = page.devtools("Page.captureScreenshot", json!({"format": "png"})).await;
    let image = base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
    assert!(image.len() < LARGEST, "{name} has {} bytes", image.len());
    let directory =
        std::env::var("SLOWBURN_SCREENSHOTS").map_or_else(|_| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join(format!("{name}.png")), image).unwrap();
}

//! Nothing is cut off or broken, whatever the numbers and texts.

use super::browser::browse;
use super::demo::{self, Shown};
use super::engine::Site;
use slowburn::domain::status::{SloStatus, State};
use slowburn::view::Published;
use std::sync::Arc;

const LONG: &str = "prom/lat: prometheus_http_request_duration_seconds has no bucket at the threshold, and nobody knows why; \
    buckets near it: 0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120 ";

/// Large numbers, long windows and a long forecast in one list.
fn wide() -> Published {
    let shown = |name, burns, problem| Shown {
        service: "prometheus-of-the-shop",
        name,
        description: "Requests succeed.",
        objective: "99.95",
        group: &[],
        state: if problem { State::Error } else { State::Ok },
        remaining: Some(0.456),
        burns,
        problem: problem.then_some(LONG),
    };
    let mut published = demo::of(&[
        shown("large", [1000.0, 999.9, 34.8, 123_456.0, 100.0, 0.004, 1e9], false),
        shown("small", [0.2, 34.8, 34.8, 34.8, 34.8, 34.8, 34.8], false),
        shown("told", [0.0; 7], true),
    ]);
    let changed = published.statuses.iter().map(|status| {
        let mut status = SloStatus::clone(status);
        status.budget.exhausts_in_seconds = Some(1.0e8);
        if status.name == "small" {
            let windows = ["1m10s", "7m", "14m", "28m", "1h24m", "5h36m", "16h48m"];
            status.burn_rates.iter_mut().zip(windows).for_each(|(burn, window)| burn.window = window.into());
        }
        Arc::new(status.into())
    });
    published.statuses = changed.collect();
    published
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_breaks_and_no_table_is_cut_off() {
    browse(Site::serve(wide()).await, async |page| {
        for width in [1300, 1440, 1000, 390, 320] {
            page.size(width, 900).await;
            page.open("/").await;
            let cells = "[...document.querySelectorAll('.burns li')].filter((li) => li.checkVisibility() && \
                 (li.getBoundingClientRect().height > 42 || li.scrollWidth > li.clientWidth + 1)).map((li) => li.innerText)";
            assert_eq!(page.eval(cells).await, serde_json::json!([]), "cells that break at {width}");
            let cut = "[...document.querySelectorAll('.table-scroll')].some((e) => e.scrollWidth > e.clientWidth + 1)";
            assert_eq!(page.eval(cut).await, false, "the table is cut off at {width}");
            assert_eq!(page.eval("document.documentElement.scrollWidth").await, width, "{width}");
            let clipped = "[...document.querySelectorAll('.problem, .said')].filter((p) => p.scrollWidth > p.clientWidth + 1 \
                 || p.scrollHeight > p.clientHeight + 1).map((p) => p.innerText)";
            assert_eq!(page.eval(clipped).await, serde_json::json!([]), "texts that are cut at {width}");
        }
        page.size(1300, 900).await;
        page.open("/").await;
        let lines = "[...document.querySelectorAll('.burns')].filter((u) => u.checkVisibility() && !u.matches('.key') && \
             u.getBoundingClientRect().height > 45).length";
        assert_eq!(page.eval(lines).await, 0, "seven windows stand in one line");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_without_end_opens_in_place() {
    let mut published = wide();
    let changed = published.statuses.iter().map(|status| {
        let mut status = SloStatus::clone(status);
        status.description = "x".repeat(10_000);
        if status.problem.is_some() {
            status.problem = Some(LONG.repeat(50));
        }
        Arc::new(status.into())
    });
    published.statuses = changed.collect();
    browse(Site::serve(published).await, async |page| {
        page.size(390, 844).await;
        page.open("/slo/prometheus-of-the-shop/large").await;
        let height = "document.querySelector('.lead').getBoundingClientRect().height";
        assert!(page.eval(height).await.as_f64().unwrap() < 120.0);
        page.click(fantoccini::Locator::Css(".lead summary")).await;
        assert!(page.eval(height).await.as_f64().unwrap() > 1000.0);
        assert_eq!(page.eval("document.documentElement.scrollWidth").await, 390);
        page.open("/").await;
        let height = "document.querySelector('.problem').getBoundingClientRect().height";
        assert!(page.eval(height).await.as_f64().unwrap() < 120.0);
        // The row is a link as a whole, but not where the text opens.
        page.click(fantoccini::Locator::Css(".problem summary")).await;
        assert!(page.eval(height).await.as_f64().unwrap() > 300.0);
        assert_eq!(page.eval("location.pathname").await, "/");
    })
    .await;
}

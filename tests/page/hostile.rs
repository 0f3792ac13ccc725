//! Text from outside stays text.

use super::browser::browse;
use super::demo::{self, Shown};
use super::engine::Site;
use slowburn::domain::labels::Labels;
use slowburn::domain::status::{SloStatus, State};
use slowburn::view::Published;
use std::sync::Arc;

const SCRIPT: &str = "</script><script>alert(1)</script>";
const IMAGE: &str = "\"><img src=x onerror=alert(2)>'";
const ADDRESS: &str = "javascript:alert(3)//";

fn hostile() -> Published {
    let shown = Shown {
        service: "<b>bold</b>&amp;",
        name: IMAGE,
        description: SCRIPT,
        objective: "99.9",
        group: &[("route", IMAGE)],
        state: State::Error,
        remaining: Some(0.4),
        burns: [2.0; 7],
        problem: Some(SCRIPT),
    };
    let mut published = demo::of(&[shown]);
    let mut status = SloStatus::clone(&published.statuses[0]);
    status.runbook_url = Some(ADDRESS.into());
    status.labels = demo::labels(&[("team", SCRIPT), ("x", &"long".repeat(500))]);
    published.statuses = std::iter::once(Arc::new(status.into())).collect();
    let mut setup = published.setup.as_ref().clone();
    let mut slo = setup.slos[0].as_ref().clone();
    slo.policy.annotations =
        Labels::new().with("dashboard", ADDRESS).with("notes", "data:text/html,<script>alert(4)</script>");
    slo.definition = SCRIPT.into();
    slo.maintenance[0].reason = SCRIPT.into();
    slo.maintenance[0].start = published.at - std::time::Duration::from_secs(60);
    slo.maintenance[0].end = published.at;
    setup.slos = vec![Arc::new(slo)];
    published.setup = Arc::new(setup);
    published.reload.failed = true;
    published.reload.error = Some(IMAGE.into());
    published
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_shown_literally() {
    browse(Site::serve(hostile()).await, async |page| {
        page.open("/").await;
        // An open dialog would fail every command from here on.
        let list = page.text("main").await;
        for text in ["<b>bold</b>&amp;", IMAGE, SCRIPT] {
            assert!(list.contains(text), "{text:?} in {list}");
        }
        page.click(fantoccini::Locator::Css(".c-name a")).await;
        page.until("document.querySelectorAll('.chart canvas').length === 4").await;
        let detail = page.text("main").await;
        for text in ["<b>bold</b>&amp;", IMAGE, SCRIPT] {
            assert!(detail.contains(text), "{text:?} in {detail}");
        }
        let links = page.eval("[...document.querySelectorAll('a')].map((a) => a.protocol)").await;
        assert!(
            links.as_array().unwrap().iter().all(|protocol| protocol == "http:" || protocol == "https:"),
            "{links}"
        );
        assert_eq!(page.eval("document.querySelectorAll('img, main script:not([type])').length").await, 0);
        assert_eq!(
            page.eval("JSON.parse(document.getElementById('data').textContent).bands[0].text").await,
            format!("Maintenance: {SCRIPT}")
        );
        page.size(390, 844).await;
        assert_eq!(page.eval("document.documentElement.scrollWidth").await, 390);
        assert_eq!(page.console().await, Vec::<String>::new());
    })
    .await;
}

//! For everyone: checked by axe-core in both colour schemes, walked with a keyboard, read on a phone.

use super::browser::browse;
use super::demo;
use super::engine::Site;

const PATHS: [&str; 8] = [
    "/",
    "/?q=nothing-like-it",
    "/slo/checkout/availability",
    "/slo/mail/delivery",
    "/slo/search/availability",
    "/alerts",
    "/targets",
    "/notifications",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_violation_on_any_page_in_light_or_dark() {
    browse(Site::serve(demo::shop()).await, async |page| {
        for dark in [false, true] {
            page.dark(dark).await;
            for path in PATHS {
                page.open(path).await;
                let violations = page.violations().await;
                assert!(violations.is_empty(), "{path} (dark: {dark}):\n{}", violations.join("\n"));
                let foreign = page.foreign_requests().await;
                assert!(foreign.is_empty(), "{path} asks {foreign:?}");
                assert_eq!(page.console().await, Vec::<String>::new(), "{path}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_needs_no_sideways_scrolling() {
    browse(Site::serve(demo::shop()).await, async |page| {
        for width in [390, 320] {
            page.size(width, 844).await;
            for path in PATHS {
                page.open(path).await;
                let wide = page.eval("document.documentElement.scrollWidth").await;
                assert_eq!(wide, width, "{path}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_in_order() {
    browse(Site::serve(demo::shop()).await, async |page| {
        const TAB: &str = "\u{e004}";
        page.open("/").await;
        page.press(TAB).await;
        assert_eq!(page.eval("document.activeElement.className").await, "skip");
        page.press("\u{e007}").await;
        page.until("document.activeElement.id === 'main'").await;
        // From here through the form to the first SLO, each stop visibly focused, none of them a trap.
        let mut stops = Vec::new();
        while stops.len() < 60 && page.eval("document.activeElement.closest('.slos') === null").await == true {
            page.press(TAB).await;
            let stop = "(() => { const e = document.activeElement; const box = e.closest('label, tr') ?? e; \
                 const ring = [e, box].some((x) => getComputedStyle(x).outlineStyle !== 'none'); \
                 return `${e.id || e.name || e.textContent.trim()}${ring ? '' : ' (no ring)'}`; })()";
            stops.push(page.eval(stop).await.as_str().unwrap().to_owned());
        }
        assert!(stops.iter().all(|stop| !stop.ends_with("(no ring)")), "{stops:?}");
        for stop in ["state-critical", "q", "service", "label", "sort"] {
            assert!(stops.iter().any(|s| s == stop), "{stop} in {stops:?}");
        }
        page.press("\u{e007}").await;
        page.until("location.pathname.startsWith('/slo/')").await;
    })
    .await;
}

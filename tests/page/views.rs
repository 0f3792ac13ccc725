//! What the pages show, and that the address says it.

use super::browser::browse;
use super::demo;
use super::engine::Site;
use fantoccini::Locator;
use serde_json::json;
use slowburn::view::StoreView;

async fn shop() -> Site {
    Site::serve(demo::shop()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_the_worst_first_with_its_numbers() {
    browse(shop().await, async |page| {
        page.open("/").await;
        let names = page.eval("[...document.querySelectorAll('.slos tbody tr')].map((row) => row.dataset.name)").await;
        let names: Vec<_> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(
            names[..5],
            [
                "warehouse/stock-latency",
                "checkout/availability",
                "search/availability client=android",
                "mail/delivery",
                "payments/card-authorisation"
            ]
        );
        let row = page.text(".slos .r-critical").await;
        for part in ["Critical", "checkout/", "availability", "99.92 %", "objective 99.9 %, 30d", "23.7 %", "33.0"] {
            assert!(row.contains(part), "{part:?} in {row:?}");
        }
        assert!(page.text(".slos .r-exhausted").await.contains("−37.2 %"));
        assert!(page.text(".slos .r-no_data").await.contains("never measured"));
        assert!(page.text("#notices").await.contains("stock_lookup_seconds has no bucket"));
        assert_eq!(page.client.title().await.unwrap(), "1 critical · SLOs · slowburn");
        assert_eq!(page.eval("document.querySelectorAll('.slos .spark').length").await, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_answer_at_once_and_live_in_the_address() {
    browse(shop().await, async |page| {
        page.open("/").await;
        let search = page.client.find(Locator::Css("#q")).await.unwrap();
        search.send_keys("ios").await.unwrap();
        page.until("document.querySelectorAll('.slos tbody tr').length === 1").await;
        assert_eq!(page.eval("location.search").await, "?q=ios");
        assert_eq!(page.eval("document.activeElement.id").await, "q");
        page.client.refresh().await.unwrap();
        assert_eq!(page.eval("document.querySelectorAll('.slos tbody tr').length").await, 1);
        assert_eq!(page.eval("document.getElementById('q').value").await, "ios");

        page.open("/").await;
        page.click(Locator::Css("#state-critical")).await;
        page.until("document.querySelectorAll('.slos tbody tr').length === 1").await;
        page.click(Locator::Css("#state-burning")).await;
        page.until("document.querySelectorAll('.slos tbody tr').length === 2").await;
        assert_eq!(page.eval("location.search").await, "?state=critical&state=burning");

        page.open("/").await;
        let label = page.client.find(Locator::Css("#label")).await.unwrap();
        label.send_keys("team=payments\u{e007}").await.unwrap();
        page.until("document.querySelectorAll('.slos tbody tr').length === 1").await;
        assert!(page.text(".chips").await.contains("team=payments"));
        page.client.back().await.unwrap();
        page.until("document.querySelectorAll('.slos tbody tr').length === 9").await;

        page.open("/?q=nothing-like-it").await;
        assert!(page.text("#empty").await.contains("Nothing matches"));
        page.open("/?state=angry").await;
        assert!(page.text("#empty").await.contains("it is one of error, critical"));
        assert!(page.console().await.iter().all(|line| line.contains("400")), "only the bad filter is told");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slo_shows_charts_windows_alerts_and_definition() {
    browse(shop().await, async |page| {
        page.open("/").await;
        page.click(Locator::LinkText("checkout/availability")).await;
        page.live().await;
        page.until("document.querySelectorAll('.chart canvas').length === 4").await;
        let all = page.text("main").await;
        for part in [
            "99.92 %",
            "23.7 %",
            "3 039 bad of 151 200",
            "pager (webhook): accepted",
            "team (slack): given up: 400 Bad Request: invalid_payload",
            "retrying after 7 attempts: connect to smtp.example.com:587: connection refused",
            "http_requests_total{job=\"checkout\",code=~\"5..\"}",
            "Database upgrade",
        ] {
            assert!(all.contains(part), "{part:?} in {all}");
        }
        let history = page.text("#alerts").await;
        assert_eq!(history.matches("pager (webhook): accepted").count(), 1, "a repeat is no news: {history}");
        let firing = page.text("#windows .r-critical").await;
        assert!(firing.contains("firing") && firing.contains("14.4×"), "{firing}");
        let runbook = page.client.find(Locator::Css(".button.primary")).await.unwrap();
        assert_eq!(runbook.attr("href").await.unwrap().unwrap(), "https://runbooks.example.com/checkout/availability");
        page.click(Locator::LinkText("1h")).await;
        page.until(
            "location.search === '?range=1h' && document.querySelector('#ranges [aria-current]').textContent === '1h'",
        )
        .await;
        let points = page.eval("JSON.parse(document.getElementById('data').textContent).at.length").await;
        assert_eq!(points, 240);

        drag(page).await;
        page.until("location.search.includes('start=') && document.getElementById('history').innerText.includes('back to the present')")
            .await;
        let zoomed = "(() => { const d = JSON.parse(document.getElementById('data').textContent); return d.end - d.start; })()";
        let seconds = page.eval(zoomed).await.as_f64().unwrap();
        assert!((600.0..3000.0).contains(&seconds), "{seconds}");
        assert_eq!(page.console().await, Vec::<String>::new());
    })
    .await;
}

/// Drags the mouse across the middle of the first chart.
async fn drag(page: &super::browser::Page) {
    let place = "(() => { const e = document.querySelector('.u-over'); e.scrollIntoView({block: 'center'}); \
         const r = e.getBoundingClientRect(); return [r.left + r.width * 0.3, r.left + r.width * 0.7, r.top + 40]; })()";
    let place = page.eval(place).await;
    for (kind, x, buttons) in
        [("mouseMoved", 0, 0), ("mousePressed", 0, 1), ("mouseMoved", 1, 1), ("mouseReleased", 1, 0)]
    {
        let event =
            json!({"type": kind, "x": place[x], "y": place[2], "button": "left", "buttons": buttons, "clickCount": 1});
        page.devtools("Input.dispatchMouseEvent", event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_listed_and_lead_to_each_other() {
    browse(shop().await, async |page| {
        page.open("/slo/search/availability").await;
        assert_eq!(page.eval("document.querySelectorAll('.slos tbody tr').length").await, 3);
        page.click(Locator::Css(".slos .r-burning a")).await;
        page.live().await;
        page.until("location.search === '?client=android' && document.querySelector('#groups')").await;
        page.click(Locator::LinkText("web")).await;
        page.until("location.search === '?client=web' && document.querySelector('#headline .s-ok')").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_shown_where_people_look() {
    let site = shop().await;
    site.publish(|published| {
        published.reload.failed = true;
        published.reload.error = Some("slowburn.yaml:3:5: unknown key 'objectve', did you mean 'objective'?".into());
        published.store = StoreView {
            error: Some("no space left on device".into()),
            damage: Some("the history of \"shop/x\" on 2026-01-01 is damaged".into()),
            ..StoreView::default()
        };
        published.at = published.at - std::time::Duration::from_secs(300);
    });
    browse(site, async |page| {
        page.client.goto(&page.site.base).await.unwrap();
        let banners = page.text("#banners").await;
        for part in ["numbers are 5 min", "slowburn.yaml:3:5", "no space left on device"] {
            assert!(banners.contains(part), "{part:?} in {banners}");
        }
        let notices = page.text("#notices").await;
        for part in ["1 of 5 targets can't be scraped", "\"shop/x\" on 2026-01-01 is damaged"] {
            assert!(notices.contains(part), "{part:?} in {notices}");
        }
        page.until("document.getElementById('live').dataset.state === 'stale'").await;
        page.open_any("/targets").await;
        assert!(page.text("main").await.contains("expected a number, found \"12,5\""));
        page.open_any("/notifications").await;
        assert!(page.text("#waiting").await.contains("connection refused"));
        page.open_any("/slo/no/such").await;
        assert!(page.text("main").await.contains("There is no such SLO."));
        page.open_any("/nowhere/at/all").await;
        assert!(page.text("main").await.contains("There is no such page."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_engine_says_what_to_do() {
    browse(Site::serve(demo::of(&[])).await, async |page| {
        for (path, expected) in [
            ("/", "No SLO is configured yet"),
            ("/alerts", "Nothing fires"),
            ("/targets", "Nothing is scraped"),
            ("/notifications", "Every message was accepted."),
        ] {
            page.open(path).await;
            let main = page.text("main").await;
            assert!(main.contains(expected), "{path}: {expected:?} in {main}");
        }
        assert_eq!(page.console().await, Vec::<String>::new());
    })
    .await;
}

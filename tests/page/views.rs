//! What the pages show, and that the address says it.

use super::browser::browse;
use super::demo;
use super::engine::Site;
use fantoccini::Locator;
use serde_json::json;
use slowburn::domain::lazy_status::LazyStatus;
use slowburn::domain::message::{Channel, Sent};
use slowburn::domain::status::SloStatus;
use slowburn::view::{Published, StoreView};

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
        for part in [
            "1 of 5 targets can't be scraped",
            "mail http://10.0.5.2:8080/metrics: line 214: expected a number",
            "1 source of targets can't be refreshed",
            "warehouse http_sd http://sd.example.com/warehouse: HTTP status 503",
            "\"shop/x\" on 2026-01-01 is damaged",
            "1 message was refused and given up",
            "team (slack): 400 Bad Request: invalid_payload",
        ] {
            assert!(notices.contains(part), "{part:?} in {notices}");
        }
        let badges = page.text("#nav").await.replace('\n', " ");
        assert!(badges.contains("Targets 2") && badges.contains("Notifications 2"), "{badges}");
        page.until("document.getElementById('live').dataset.state === 'stale'").await;
        page.open_any("/targets").await;
        let targets = page.text("main").await;
        for part in ["expected a number, found \"12,5\"", "http_sd http://sd.example.com/warehouse", "HTTP status 503"]
        {
            assert!(targets.contains(part), "{part:?} in {targets}");
        }
        let jobs = page.eval("[...document.querySelectorAll('h2')].map((h) => h.firstChild.textContent.trim())").await;
        assert_eq!(jobs, json!(["mail", "warehouse", "checkout", "search"]), "broken jobs come first");
        let edges = "new Set([...document.querySelectorAll('.targets th:nth-child(3)[scope=col]')]\
             .map((th) => th.getBoundingClientRect().left)).size";
        assert_eq!(page.eval(edges).await, 1, "all jobs have the same columns");
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
            ("/notifications", "No message waits to be sent."),
        ] {
            page.open(path).await;
            let main = page.text("main").await;
            assert!(main.contains(expected), "{path}: {expected:?} in {main}");
        }
        assert_eq!(page.console().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_night_is_not_a_good_one_when_budgets_are_spent() {
    let site = shop().await;
    site.publish(|published| {
        let quiet = |status: &std::sync::Arc<LazyStatus>| {
            let mut status = SloStatus::clone(status);
            status.alerts.clear();
            std::sync::Arc::new(status.into())
        };
        published.statuses = published.statuses.iter().map(quiet).collect();
        published.outbox = Default::default();
    });
    browse(site, async |page| {
        page.open("/alerts").await;
        let main = page.text("main").await;
        for part in ["Nothing fires", "1 budget is spent", "1 budget has no data", "1 budget can't be relied on"] {
            assert!(main.contains(part), "{part:?} in {main}");
        }
        assert_eq!(page.eval("document.querySelectorAll('main .s-ok').length").await, 0);
        page.open("/notifications").await;
        let waiting = page.text("#waiting").await;
        assert!(waiting.contains("1 of those below was given up") && !waiting.contains("accepted"), "{waiting}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_utc_with_and_without_scripts() {
    browse(shop().await, async |page| {
        page.devtools("Emulation.setTimezoneOverride", json!({"timezoneId": "Asia/Kolkata"})).await;
        page.open("/slo/checkout/availability").await;
        let moments = "[...document.querySelectorAll('time:not(.ago)')].filter((t) => t.checkVisibility())\
             .map((t) => [t.textContent, t.dateTime, t.title])";
        let moments = page.eval(moments).await;
        for moment in moments.as_array().unwrap() {
            let (text, iso, title) = (moment[0].as_str().unwrap(), moment[1].as_str().unwrap(), &moment[2]);
            assert!(text.ends_with(" UTC"), "{moment}");
            assert_eq!(text[..19], iso[..19].replace('T', " "), "{moment}");
            let here = title.as_str().unwrap();
            assert!(here.starts_with(text) && here.ends_with(" here)") && !here.contains("M here"), "{moment}");
        }
        assert!(moments.as_array().unwrap().len() >= 3, "{moments}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_up_message_is_told_until_it_no_longer_matters() {
    let given_up = async |change: fn(&mut Published)| {
        let site = shop().await;
        site.publish(change);
        let page = reqwest::get(&site.base).await.unwrap().text().await.unwrap();
        page.contains("refused and given up")
    };
    fn refusal(published: &mut Published) -> &mut Sent {
        let sent = std::sync::Arc::make_mut(&mut published.sent);
        let refused = sent.iter_mut().find(|sent| sent.error.is_some()).unwrap();
        std::sync::Arc::make_mut(refused)
    }
    fn accept(published: &mut Published, receiver: &str) {
        let mut newer = Sent::clone(&published.sent[0]);
        newer.message.channel = Channel { receiver: receiver.into(), kind: "slack".into(), index: 0 };
        std::sync::Arc::make_mut(&mut published.sent).insert(0, newer.into());
    }
    fn age(published: &mut Published) {
        let at = published.at - std::time::Duration::from_secs(2 * 86_400);
        refusal(published).at = at;
    }
    rustls::crypto::ring::default_provider().install_default().ok();
    assert!(given_up(|_| {}).await, "a fresh one");
    assert!(given_up(age).await, "an old one whose alert fires");
    let over = |published: &mut Published| {
        age(published);
        published.alerts = Default::default();
    };
    assert!(!given_up(over).await, "an old one whose alert is over");
    assert!(given_up(|published| accept(published, "pager")).await, "another channel accepted");
    assert!(!given_up(|published| accept(published, "team")).await, "the same channel accepted something newer");
}

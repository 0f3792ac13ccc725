//! The page follows the engine without being loaded again.

use super::browser::browse;
use super::demo;
use super::engine::Site;
use fantoccini::Locator;
use slowburn::domain::status::State;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_state_shows_without_a_reload() {
    browse(Site::serve(demo::shop()).await, async |page| {
        page.open("/").await;
        // Lost on any load of the page.
        page.eval("(window.stayed = true)").await;
        let search = page.client.find(Locator::Css("#q")).await.unwrap();
        search.send_keys("catalog").await.unwrap();
        page.until("document.querySelectorAll('.slos tbody tr').length === 1").await;
        assert!(page.text(".slos tbody tr").await.contains("OK"));

        page.site.change("catalog/freshness", |status| status.state = State::Critical);
        page.until("document.querySelector('.slos tbody tr.r-critical')").await;
        assert_eq!(page.eval("window.stayed").await, true);
        assert_eq!(page.eval("document.activeElement.id").await, "q");
        assert_eq!(
            page.eval("document.getElementById('announce').textContent").await,
            "catalog/freshness is now Critical."
        );
        assert_eq!(page.client.title().await.unwrap(), "2 critical · SLOs · slowburn");

        page.open("/slo/catalog/freshness").await;
        page.eval("(window.stayed = true)").await;
        page.site.change("catalog/freshness", |status| {
            status.state = State::Exhausted;
            status.budget.remaining = Some(-0.125);
        });
        page.until("document.querySelector('#headline.r-exhausted')").await;
        assert!(page.text("#figures").await.contains("−12.5 %"));
        assert_eq!(page.eval("window.stayed").await, true);
        assert_eq!(page.console().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_the_page_still() {
    browse(Site::serve(demo::shop()).await, async |page| {
        page.open("/").await;
        page.click(Locator::Css("#pause")).await;
        page.until("document.getElementById('live').dataset.state === 'paused'").await;
        page.site.change("catalog/freshness", |status| status.state = State::Critical);
        // The news arrives, as the second connection shows, but this page does not ask for it.
        page.eval(
            "(window.heard = new Promise((done) => { const s = new WebSocket(location.origin.replace('http', 'ws') + \
             '/api/v1/stream'); s.onmessage = () => { s.close(); window.told = true; }; }), true)",
        )
        .await;
        page.until("window.told").await;
        assert_eq!(page.eval("document.querySelectorAll('.r-critical').length").await, 1);
        page.click(Locator::Css("#pause")).await;
        page.until("document.querySelectorAll('.slos .r-critical').length === 2").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_engine_is_told() {
    browse(Site::serve(demo::shop()).await, async |page| {
        page.open("/").await;
        page.site.stop();
        page.until("document.getElementById('live').dataset.state === 'connecting'").await;
        assert!(page.text("#live").await.contains("Reconnecting"));
    })
    .await;
}

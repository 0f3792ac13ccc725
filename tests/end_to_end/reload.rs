//! New configurations for a running engine, good and bad.

use crate::engine::Installation;
use crate::outage::{SLOS, config, counted, meanwhile, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;

/// The SLO of an outage over a window so long that few errors page nobody, however slow the machine is.
fn calm() -> String {
    SLOS.replace("long: 6s", "long: 30m")
}

/// The same, and an SLO for errors at the door.
fn more(name: &str) -> String {
    format!(
        "{}
  - name: {name}
    objective: 99
    window: 1h
    sli:
      events:
        total: http_requests_total{{job=\"shop\",route=\"/door\"}}
        bad: http_requests_total{{job=\"shop\",route=\"/door\",code=\"503\"}}
    alerting: {{page: {{disable: true}}, ticket: {{disable: true}}}}
",
        calm()
    )
}

#[tokio::test]
async fn a_good_reload_adds_and_a_bad_one_changes_nothing() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), &calm());
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "200", "counting begins", async || (counted(&slowburn).await.total > 0.0).then_some(())).await;
    service.happen("/door", "200", 300);
    service.happen("/door", "503", 20);
    until_exact(&slowburn, &service).await;

    installation.write("slos.yaml", &more("door"));
    slowburn.signal("HUP");
    until_true("the new SLO", async || !slowburn.slo("shop/door").await.is_null()).await;
    let scrapes = service.scrapes();
    until_true("it was looked at", async || service.scrapes() > scrapes + 1).await;
    until_exact(&slowburn, &service).await;
    assert_eq!(slowburn.slo("shop/door").await["sli"]["total"], 0.0, "what was before it does not count");
    service.happen("/door", "200", 9);
    service.happen("/door", "503", 1);
    until_exact(&slowburn, &service).await;
    let door = slowburn.slo("shop/door").await;
    assert_eq!((&door["sli"]["total"], &door["sli"]["bad"]), (&10.0.into(), &1.0.into()), "{door}");

    installation.write("slos.yaml", &more("door").replace("objective: 99\n", "objective: 101\n"));
    let (status, body) = slowburn.post("/-/reload").await;
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("slos.yaml") && body.contains("objective"), "{body}");
    let info = slowburn.data("/api/v1/status/runtimeinfo").await;
    assert_eq!(info["reloadConfigSuccess"], false);
    assert!(info["reloadConfigError"].as_str().is_some_and(|error| error.contains("objective")), "{info}");
    assert!(slowburn.text("/metrics").await.contains("slowburn_config_last_reload_successful 0"));
    assert!(slowburn.text("/").await.contains("101"), "the page tells of the mistake");
    assert!(slowburn.log().contains("the old one stays in force"), "{}", slowburn.log());
    service.happen("/door", "503", 4);
    until_exact(&slowburn, &service).await;
    assert_eq!(slowburn.slo("shop/door").await["sli"]["bad"], 5.0, "the old one counts on");

    installation.write("slos.yaml", &more("gate"));
    let (status, body) = slowburn.post("/-/reload").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(slowburn.slo("shop/door").await.is_null() && !slowburn.slo("shop/gate").await.is_null());
    assert_eq!(slowburn.data("/api/v1/status/runtimeinfo").await["reloadConfigSuccess"], true);
    assert!(slowburn.text("/metrics").await.contains("slowburn_config_last_reload_successful 1"));
    until_exact(&slowburn, &service).await;
    assert!(hook.accepted().is_empty());
}

#[tokio::test]
async fn links_lead_to_where_the_page_answers_whatever_the_file_says() {
    let service = Service::start().await;
    let file = config(&service, "    webhook_configs: []") + "web: {listen: 127.0.0.1:9490}\n";
    let installation = Installation::new(&file, &more("door"));
    let slowburn = installation.start().await;
    let wanted = format!("{}/slo/shop/door)", slowburn.url.replace("127.0.0.1", "localhost"));
    let page = slowburn.text("/slo/shop/door").await;
    assert!(page.contains(&wanted), "{wanted} is not in {page}");
    let (status, body) = slowburn.post("/-/reload").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(slowburn.text("/slo/shop/door").await.contains(&wanted), "after a reload");
}

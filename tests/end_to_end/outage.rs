//! An outage from the first bad event to the last message.

use crate::engine::{Installation, Slowburn};
use crate::receiver::Receiver;
use crate::service::{Service, Truth};
use crate::wait::{until, until_true};
use serde_json::Value;

pub const SLOS: &str = "
version: slowburn/v1
service: shop
slos:
  - name: availability
    objective: 90
    window: 1h
    sli:
      events:
        total: http_requests_total{job=\"shop\"}
        bad: http_requests_total{job=\"shop\",code=~\"5..\"}
    alerting:
      page: [{long: 6s, short: 2s, factor: 2}]
      ticket: {disable: true}
      runbook_url: https://runbooks.example.com/shop
";

pub const ID: &str = "shop/availability";

pub fn config(service: &Service, receivers: &str) -> String {
    format!(
        "
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
slo_files: [slos.yaml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ['{}']}}]
storage: {{path: data}}
route: {{receiver: team, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: team
{receivers}
",
        service.address
    )
}

pub fn webhook(receiver: &Receiver) -> String {
    format!("    webhook_configs: [{{url: '{}'}}]", receiver.url("/hook"))
}

/// What the API says of the budget's events.
pub async fn counted(slowburn: &Slowburn) -> Truth {
    events(&slowburn.slo(ID).await)
}

/// What a budget's status says of its events.
pub fn events(slo: &Value) -> Truth {
    let number = |name: &str| slo["sli"][name].as_f64().unwrap_or(f64::NAN);
    Truth { total: number("total"), bad: number("bad") }
}

/// Waits until the engine has counted exactly what happened.
pub async fn until_exact(slowburn: &Slowburn, service: &Service) {
    let truth = service.truth();
    let mut last = Truth::default();
    until_true(&format!("the counts are {truth:?}"), async || {
        last = counted(slowburn).await;
        assert!(last.total.is_nan() || last.total <= truth.total, "{last:?} counted of {truth:?}");
        last == truth
    })
    .await;
}

/// Lets events happen until something is true.
pub async fn meanwhile<T>(service: &Service, code: &str, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    until(what, async || {
        service.happen("/cart", code, 5);
        look().await
    })
    .await
}

/// Statuses of the messages that a webhook or Slack took.
pub fn statuses(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["status"].as_str().unwrap_or("?")).collect()
}

#[tokio::test]
async fn an_outage_is_paged_and_resolved_and_every_event_counted() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;

    meanwhile(&service, "200", "counting begins", async || (counted(&slowburn).await.total > 0.0).then_some(())).await;
    meanwhile(&service, "500", "a page", async || hook.accepted().first().cloned()).await;
    assert_eq!(slowburn.slo(ID).await["state"], "critical");
    meanwhile(&service, "200", "a resolve", async || hook.accepted().get(1).cloned()).await;

    until_exact(&slowburn, &service).await;
    assert_eq!(statuses(&hook.accepted()), ["firing", "resolved"]);
}

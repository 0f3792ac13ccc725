//! One incident over Slack, e-mail and webhook; a receiver that is out.

use crate::engine::Installation;
use crate::outage::{ID, SLOS, config, meanwhile, statuses, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::smtp_server::{MailServer, header};
use crate::wait::until_true;
use serde_json::{Value, json};

/// Which news a Slack message brings.
fn slack_news(message: &Value) -> &'static str {
    if message.to_string().contains("RESOLVED") { "resolved" } else { "firing" }
}

#[tokio::test]
async fn every_channel_hears_once_of_the_outage_and_once_of_its_end() {
    let (service, hook, slack) = (Service::start().await, Receiver::start().await, Receiver::start().await);
    let mut mail = MailServer::start(json!({"tls": "none"})).await;
    let receivers = format!(
        "    webhook_configs: [{{url: '{}', send_resolved: true}}]
    slack_configs: [{{api_url: '{}', channel: '#slo', send_resolved: true}}]
    email_configs:
      - {{to: team@example.com, from: slo@example.com, smarthost: '127.0.0.1:{}', require_tls: false, send_resolved: true}}",
        hook.url("/hook"),
        slack.url("/services/T/B/secret"),
        mail.port
    );
    let installation = Installation::new(&config(&service, &receivers), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    let all = |news| hook.accepted().len() >= news && slack.accepted().len() >= news;
    meanwhile(&service, "500", "a page on every channel", async || all(1).then_some(())).await;
    let page = mail.mail().await;
    meanwhile(&service, "200", "a resolve on every channel", async || all(2).then_some(())).await;
    let resolve = mail.mail().await;
    until_exact(&slowburn, &service).await;

    assert_eq!(statuses(&hook.accepted()), ["firing", "resolved"]);
    let heard = slack.accepted();
    assert_eq!(heard.iter().map(slack_news).collect::<Vec<_>>(), ["firing", "resolved"], "{heard:?}");
    let subject = |mail: &Value| header(mail, "Subject").unwrap_or_default().to_owned();
    assert!(subject(&page).contains("FIRING") && subject(&resolve).contains("RESOLVED"), "{page} {resolve}");
    for text in [heard[0].to_string(), page.to_string(), hook.accepted()[0].to_string()] {
        assert!(text.contains("https://runbooks.example.com/shop") && text.contains(ID), "{text}");
    }
    let notifications = slowburn.data("/api/v1/notifications").await;
    assert_eq!(notifications["sent"].as_array().map(Vec::len), Some(6), "{notifications}");
    assert!(!notifications.to_string().contains("secret"), "Slack's address is a secret");
    let (status, log) = {
        slowburn.signal("TERM");
        slowburn.ended().await
    };
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("secret"), "{log}");
    assert_eq!((hook.accepted().len(), slack.accepted().len()), (2, 2), "nothing more was said");
}

#[tokio::test]
async fn a_receiver_that_is_out_hears_how_things_stand_when_it_is_back() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    hook.set_broken(Some(503));
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "500", "refusals", async || (hook.refused() >= 2).then_some(())).await;
    let waiting = slowburn.data("/api/v1/notifications").await["outbox"].clone();
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
    assert!(waiting[0]["last_error"].as_str().is_some_and(|error| error.contains("503")), "{waiting}");
    hook.set_broken(None);
    meanwhile(&service, "500", "the page", async || hook.accepted().first().cloned()).await;
    hook.set_broken(Some(500));
    let refused = hook.refused();
    meanwhile(&service, "200", "refusals of the resolve", async || (hook.refused() > refused).then_some(())).await;
    hook.set_broken(None);
    meanwhile(&service, "200", "the resolve", async || hook.accepted().get(1).cloned()).await;
    until_exact(&slowburn, &service).await;
    assert_eq!(statuses(&hook.accepted()), ["firing", "resolved"]);
}

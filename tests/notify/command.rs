//! `notify-test`: one marked message through each channel of a receiver.

use crate::fixtures::{EXTERNAL_URL, email_config, secret, slack_config, webhook_config};
use crate::http_server::{Answer, Server};
use crate::smtp_server::{MailServer, header};
use serde_json::json;
use slowburn::cli::notify_test::{NotifyTestError, execute, run, table};
use slowburn::config::auth::PemSource;
use slowburn::config::receiver::{Receiver, SlackTarget};
use slowburn::config::{Config, Global, Storage, Web};
use slowburn::domain::labels::Labels;
use slowburn::domain::setup::Setup;
use std::collections::BTreeMap;
use std::time::Duration;

fn config(receivers: Vec<Receiver>) -> Config {
    let seconds = Duration::from_secs;
    Config {
        global: Global {
            scrape_interval: seconds(15),
            scrape_timeout: seconds(10),
            evaluation_interval: seconds(15),
            external_url: EXTERNAL_URL.into(),
            external_url_by_default: false,
            external_labels: Labels::new(),
            resolve_timeout: seconds(300),
        },
        scrape_configs: Vec::new(),
        storage: Storage { path: "data".into() },
        receivers,
        web: Web { listen: ([127, 0, 0, 1], 0).into(), compat: Default::default() },
        setup: Setup {
            watched_jobs: None,
            slos: Vec::new(),
            jobs: BTreeMap::new(),
            evaluation_interval: seconds(15),
            external_url: EXTERNAL_URL.into(),
            external_labels: Labels::new(),
            route: None,
            receivers: Vec::new(),
        },
        path: "slowburn.yaml".into(),
    }
}

fn receiver(name: &str) -> Receiver {
    Receiver { name: name.into(), slack: Vec::new(), email: Vec::new(), webhook: Vec::new() }
}

#[tokio::test]
async fn every_channel_gets_one_message_that_says_it_is_a_test() {
    let http = Server::start(vec![Answer::body(200, "ok")]).await;
    let mut smtp = MailServer::start(json!({"tls": "starttls"})).await;
    let mut email = email_config(smtp.port);
    email.tls.ca = Some(PemSource::Text(smtp.ca.clone()));
    let mut team = receiver("team");
    team.email.push(email);
    team.webhook.push(webhook_config(&http.url("/hook")));
    team.slack.push(slack_config(SlackTarget::Webhook { url: secret(&http.url("/slack")) }));
    let config = config(vec![receiver("other"), team]);

    let results = run(&config, "team").await.expect("the receiver exists");
    let told: Vec<(&str, bool)> =
        results.iter().map(|(channel, result)| (channel.kind.as_str(), result.is_ok())).collect();
    assert_eq!(told, [("email", true), ("slack", true), ("webhook", true)]);
    let mail = smtp.mail().await;
    let subject = header(&mail, "Subject").expect("one subject");
    assert!(subject.starts_with("[TEST] ") && subject.contains("nothing is wrong"), "{subject}");
    let mut bodies: Vec<(String, String)> =
        http.received().into_iter().map(|request| (request.line, request.body)).collect();
    bodies.sort();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].0.contains("/hook") && bodies[0].1.contains(r#""alertname":"NotificationTest""#), "{bodies:?}");
    assert!(bodies[1].0.contains("/slack") && bodies[1].1.contains("[TEST] "), "{bodies:?}");
}

#[tokio::test]
async fn a_channel_that_refuses_is_told_in_the_table_and_by_the_exit_code() {
    let good = Server::start(vec![Answer::status(200)]).await;
    let bad = Server::start(vec![Answer::body(403, "go away")]).await;
    let mut team = receiver("team");
    team.webhook.push(webhook_config(&good.url("/")));
    let all_good = config(vec![team.clone()]);
    team.webhook.push(webhook_config(&bad.url("/")));
    let one_bad = config(vec![team]);

    let text = table(&run(&one_bad, "team").await.expect("the receiver exists"));
    assert!(text.contains("webhook 0") && text.contains("sent"), "{text}");
    assert!(text.contains("webhook 1") && text.contains("failed: HTTP status 403 Forbidden: go away"), "{text}");
    assert_eq!(execute(&all_good, "team").await, 0);
    assert_eq!(execute(&one_bad, "team").await, 1);
    assert_eq!(execute(&one_bad, "nobody").await, 2);
}

#[tokio::test]
async fn a_receiver_that_cannot_be_tested_is_explained() {
    let known = ["team-payments", "team-search", "pager"];
    let config_with = |names: &[&str]| config(names.iter().map(|name| receiver(name)).collect());
    for (name, names, asked, expected) in [
        (
            "a slip",
            &known[..],
            "team-paymets",
            "there is no receiver \"team-paymets\"; did you mean \"team-payments\"?",
        ),
        ("other case", &known, "Pager", "there is no receiver \"Pager\"; did you mean \"pager\"?"),
        (
            "nothing like it",
            &known,
            "xyz-something",
            "there is no receiver \"xyz-something\"; there are \"team-payments\", \"team-search\", \"pager\"",
        ),
        ("none at all", &[], "team", "there is no receiver \"team\"; the configuration has no receivers"),
    ] {
        let error = run(&config_with(names), asked).await.expect_err("no such receiver");
        assert_eq!(error.to_string(), expected, "{name}");
    }
    let empty = run(&config_with(&known), "pager").await.expect_err("no channel");
    assert_eq!(empty, NotifyTestError::NoChannel("pager".into()));
}

//! The bodies that webhook and Slack receivers get, exactly.

use crate::fixtures::{EXTERNAL_URL, labels, message, notice, resolved, secret, slack_config};
use slowburn::config::receiver::SlackTarget;
use slowburn::domain::message::{Message, NoticeReason};
use slowburn::notify::{slack, webhook};

fn webhook_text(message: &Message, max_alerts: usize) -> String {
    String::from_utf8(webhook::payload(message, EXTERNAL_URL, max_alerts)).expect("UTF-8")
}

fn slack_json(message: &Message) -> serde_json::Value {
    serde_json::from_slice(&slack_bytes(message)).expect("JSON")
}

fn slack_bytes(message: &Message) -> Vec<u8> {
    slack::payload(message, &slack_config(SlackTarget::Webhook { url: secret("http://127.0.0.1/") }))
}

#[test]
fn the_webhook_body_is_alertmanagers_key_for_key() {
    let mut message = message(7);
    let mut other = resolved();
    other.labels.set("slo", "latency");
    message.alerts.push(other);
    message.reason = NoticeReason::SomeResolved;
    let expected = concat!(
        r#"{"receiver":"team\\.x","status":"firing","alerts":["#,
        r#"{"status":"firing","labels":{"alertname":"ErrorBudgetBurn","service":"checkout","severity":"page","slo":"availability"},"#,
        r#""annotations":{"dashboard":"https://grafana.example.com/d/1","summary":"checkout/availability burns"},"#,
        r#""startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","#,
        r#""generatorURL":"https://slo.example.com/slo/checkout/availability","fingerprint":"FP0"},"#,
        r#"{"status":"resolved","labels":{"alertname":"ErrorBudgetBurn","service":"checkout","severity":"page","slo":"latency"},"#,
        r#""annotations":{"dashboard":"https://grafana.example.com/d/1","summary":"checkout/availability burns"},"#,
        r#""startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T00:25:00Z","#,
        r#""generatorURL":"https://slo.example.com/slo/checkout/availability","fingerprint":"FP1"}],"#,
        r#""notification_reason":"some alerts resolved","groupLabels":{"service":"checkout"},"#,
        r#""commonLabels":{"alertname":"ErrorBudgetBurn","service":"checkout","severity":"page"},"#,
        r#""commonAnnotations":{"dashboard":"https://grafana.example.com/d/1","summary":"checkout/availability burns"},"#,
        r#""routeLabels":{"severity":"page"},"externalURL":"https://slo.example.com","version":"4","#,
        r#""groupKey":"{}:{service=\"checkout\"}","truncatedAlerts":0}"#,
    );
    let expected = expected
        .replace("FP0", &format!("{:016x}", message.alerts[0].labels.fingerprint()))
        .replace("FP1", &format!("{:016x}", message.alerts[1].labels.fingerprint()));
    assert_eq!(webhook_text(&message, 0), expected);
}

#[test]
fn max_alerts_cuts_the_list_and_says_so() {
    let mut message = message(1);
    let mut other = notice();
    other.labels.set("slo", "latency");
    message.alerts.extend([other, resolved()]);
    for (max, kept, truncated) in [(0, 3, 0), (1, 1, 2), (2, 2, 1), (3, 3, 0), (9, 3, 0)] {
        let json: serde_json::Value = serde_json::from_str(&webhook_text(&message, max)).expect("JSON");
        assert_eq!(json["alerts"].as_array().map(Vec::len), Some(kept), "max_alerts {max}");
        assert_eq!(json["truncatedAlerts"], truncated, "max_alerts {max}");
    }
    let json: serde_json::Value = serde_json::from_str(&webhook_text(&message, 1)).expect("JSON");
    assert_eq!(json["commonLabels"]["slo"], "availability", "common to what is in the message");
}

#[test]
fn a_message_without_firing_alerts_is_resolved_and_receiver_names_are_quoted() {
    let mut message = message(1);
    message.alerts = vec![resolved()];
    message.channel.receiver = r"a.b+c*(d)[e]{f}^$|\g-h".into();
    let json: serde_json::Value = serde_json::from_str(&webhook_text(&message, 0)).expect("JSON");
    assert_eq!(json["status"], "resolved");
    assert_eq!(json["receiver"], r"a\.b\+c\*\(d\)\[e\]\{f\}\^\$\|\\g-h");
}

#[test]
fn the_slack_body_leads_with_what_a_woken_person_needs() {
    let expected = concat!(
        r##"{"channel":"#slo","attachments":[{"##,
        r#""title":"[FIRING] page checkout/availability burns 20.1× (budget 31% left)","#,
        r#""title_link":"https://slo.example.com/slo/checkout/availability","#,
        r#""text":"Burn rate: 20.1× over 1h and 33× over 5m (page above 14.4×)\n"#,
        r#"Bad events: 857 of 42,640 in 1h\n"#,
        r#"Budget: 31% of the error budget is left; at this rate it is gone in 1d 2h\n"#,
        r#"<https://runbooks.example.com/checkout?a=1&amp;b=2|Runbook> · <https://slo.example.com/slo/checkout/availability|SLO page>\n"#,
        r#"SLO: Objective 99.9% over 30d, measured 99.931%\n"#,
        r#"Since: 2026-01-01 00:00:00 UTC\n"#,
        r#"dashboard: https://grafana.example.com/d/1\n"#,
        r#"Checkout requests succeed.","#,
        r#""fallback":"[FIRING] page checkout/availability burns 20.1× (budget 31% left)","#,
        r#""footer":"slowburn: first notification","color":"danger","mrkdwn_in":[]}]}"#,
    );
    assert_eq!(String::from_utf8(slack_bytes(&message(1))).expect("UTF-8"), expected);
}

#[test]
fn a_resolved_slack_message_is_green_and_tells_how_long_it_lasted() {
    let mut message = message(1);
    message.alerts = vec![resolved()];
    let json = slack_json(&message);
    assert_eq!(json["attachments"][0]["color"], "good");
    let text = json["attachments"][0]["text"].as_str().expect("text");
    assert!(text.contains("Since: 2026-01-01 00:00:00 UTC, until 2026-01-01 00:25:00 UTC (25m)"), "{text}");
}

#[test]
fn hostile_texts_neither_call_people_nor_draw_links_in_slack() {
    let mut message = message(1);
    let detail = &mut message.alerts[0].detail;
    detail.description = "<!channel> <@U123> <https://evil.example|click> @here @Everyone & me@example.com".into();
    detail.group = labels(&[("route", "<!here>")]);
    detail.runbook_url = Some("javascript:alert(1)".into());
    message.alerts[0].annotations.set("note", "a|b> <!subteam^S1>");
    let second = message.alerts[0].clone();
    message.alerts.push(second);
    let attachment = &slack_json(&message)["attachments"][0];
    for key in ["title", "text", "fallback"] {
        let text = attachment[key].as_str().expect("text");
        let ours = text.replace("<https://slo.example.com/slo/checkout/availability|SLO page>", "");
        assert!(!ours.contains(['<', '>']), "{key}: {text}");
        assert!(!text.contains("@here") && !text.contains("@Everyone"), "{key}: {text}");
        assert!(!text.contains("javascript"), "{key}: {text}");
    }
    let text = attachment["text"].as_str().expect("text");
    assert!(text.contains("&lt;!channel&gt; &lt;@U123&gt;"), "{text}");
    assert!(text.contains("me@example.com"), "an address stays what it is: {text}");
}

#[test]
fn texts_do_not_turn_around_what_stands_beside_them() {
    let mut message = message(1);
    let detail = &mut message.alerts[0].detail;
    detail.description = "pays\u{202e}gnihton\u{2066}\u{200f}\u{61c} first\nsecond line".into();
    detail.alert = "Unheard".into();
    detail.runbook_url = Some("https://rb.example.com/?a=1&b=\"<x>".into());
    message.alerts[0].annotations.set("note", "a\u{202e}b");
    let json = slack_json(&message).to_string();
    assert!(!json.contains(['\u{202e}', '\u{2066}', '\u{200f}', '\u{61c}']), "{json}");
    assert!(json.contains("first\\nsecond line"), "{json}");
    assert!(json.contains("<https://rb.example.com/?a=1&amp;b=%22%3Cx%3E|Runbook>"), "{json}");
}

#[test]
fn many_alerts_and_long_texts_stay_within_slacks_limits() {
    let mut message = message(1);
    message.alerts = (0..500).map(|_| notice()).collect();
    message.alerts[0].detail.description = "&".repeat(100_000);
    message.alerts[0].annotations.set("long", "<".repeat(100_000));
    let json = slack_json(&message);
    let text = json["attachments"][0]["text"].as_str().expect("text");
    assert!(text.chars().count() <= 3000, "{}", text.chars().count());
    let listed = text.matches('•').count();
    let more: usize = text.rsplit("…and ").next().and_then(|end| end.split(' ').next()?.parse().ok()).expect("a count");
    assert_eq!(1 + listed + more, 500);
    assert!(text.contains("|Runbook>") && text.contains("Burn rate:"), "{text}");
    assert!(json["attachments"][0]["title"].as_str().is_some_and(|title| title.ends_with(" and 499 more")));
}

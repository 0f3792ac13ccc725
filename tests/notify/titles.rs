//! The titles of messages, and which addresses become links.

use crate::fixtures::{labels, message, notice, resolved};
use slowburn::domain::slo::Severity;
use slowburn::notify::render;

#[test]
fn a_title_leads_with_the_most_urgent_alert() {
    let title = |alerts| {
        let mut message = message(1);
        message.alerts = alerts;
        render::title(&message)
    };
    let mut ticket = notice();
    ticket.detail.severity = Severity::Ticket;
    for (name, alerts, expected) in [
        ("one", vec![notice()], "[FIRING] page checkout/availability burns 20.1× (budget 31% left)"),
        (
            "a page after a ticket",
            vec![ticket, notice()],
            "[FIRING:2] page checkout/availability burns 20.1× (budget 31% left) and 1 more",
        ),
        (
            "one fires, one is resolved",
            vec![notice(), resolved()],
            "[FIRING] page checkout/availability burns 20.1× (budget 31% left) and 1 more",
        ),
        (
            "resolved",
            vec![resolved()],
            "[RESOLVED] page checkout/availability no longer burns too fast (budget 31% left)",
        ),
    ] {
        assert_eq!(title(alerts), expected, "{name}");
    }
}

#[test]
fn a_title_is_one_short_line_whatever_the_labels_hold() {
    let mut message = message(1);
    message.alerts[0].detail.group = labels(&[("route", &format!("/a\r\nBcc: x@example.com {}", "y".repeat(5000)))]);
    let title = render::title(&message);
    assert!(title.chars().count() <= 200 && !title.contains(['\r', '\n']), "{title}");
}

#[test]
fn only_pages_of_the_web_become_links_and_nothing_in_them_ends_the_link() {
    for (url, expected) in [
        ("https://example.com/a?b=c&d=e#f", Some("https://example.com/a?b=c&d=e#f")),
        ("HTTP://example.com", Some("HTTP://example.com")),
        ("https://rb.example.com/?a=1&b=\"<x>\"", Some("https://rb.example.com/?a=1&b=%22%3Cx%3E%22")),
        ("https://example.com/a b|c\u{202e}d", Some("https://example.com/a%20b%7Cc%E2%80%AEd")),
        ("https://example.com/%20ä", Some("https://example.com/%20ä")),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("/slo/a/b", None),
        ("", None),
    ] {
        assert_eq!(render::web_link(url).as_deref(), expected, "{url}");
    }
}

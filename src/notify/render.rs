//! Text blocks that the channels share. Pure: a message in, plain text out; escaping is each channel's own business.
//!
//! What a woken person needs comes first: which service and SLO, how fast the budget burns over which windows, what is
//! left of it and when it is gone, the runbook, the SLO's page. Everything is bounded, because labels and descriptions
//! come from files that nobody measures.

use crate::domain::message::{Message, Notice};
use crate::domain::slo::Severity;
use crate::domain::time::Timestamp;
use crate::domain::wording;

/// The alert name of a test message, which is shown as such instead of as firing.
pub const TEST_ALERT: &str = "NotificationTest";

/// Characters of a message's title; phones and mail lists show fewer.
const TITLE: usize = 200;
/// Characters of a description in a message; the SLO's page shows all of it.
const DESCRIPTION: usize = 600;
/// Characters of one annotation or label value.
const VALUE: usize = 300;

/// The annotations that every alert has; they are told in other words already.
const KNOWN_ANNOTATIONS: [&str; 4] = ["summary", "description", "runbook_url", "slo_url"];

/// The alerts as a person should read them: firing before resolved, pages before tickets, else as they came.
pub fn by_urgency(message: &Message) -> Vec<&Notice> {
    let mut notices: Vec<&Notice> = message.alerts.iter().collect();
    notices.sort_by_key(|notice| (!notice.firing(), notice.detail.severity != Severity::Page));
    notices
}

/// `[FIRING] page checkout/availability burns 20.1× (budget 31% left)`, `[FIRING:2] … and 1 more`, `[RESOLVED] …`.
pub fn title(message: &Message) -> String {
    let notices = by_urgency(message);
    let Some(first) = notices.first() else { return tag(message) };
    let more = match notices.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let room = TITLE.saturating_sub(more.chars().count());
    shortened(&format!("{} {}", tag(message), headline(first)), room) + &more
}

/// `[FIRING]`, `[FIRING:3]`, `[RESOLVED]` or `[TEST]`.
fn tag(message: &Message) -> String {
    if message.alerts.iter().all(is_test) {
        return "[TEST]".to_owned();
    }
    let firing = message.alerts.iter().filter(|notice| notice.firing()).count();
    match (firing, message.alerts.len()) {
        (0, 0 | 1) => "[RESOLVED]".to_owned(),
        (0, resolved) => format!("[RESOLVED:{resolved}]"),
        (1, _) => "[FIRING]".to_owned(),
        (firing, _) => format!("[FIRING:{firing}]"),
    }
}

/// Severity and summary in one line: `page checkout/availability burns 20.1× (budget 31% left)`.
pub fn headline(notice: &Notice) -> String {
    let summary = wording::summary(&notice.detail, notice.firing());
    let severity = if is_test(notice) { String::new() } else { format!("{} ", notice.detail.severity) };
    shortened(&one_line(&format!("{severity}{summary}")), TITLE)
}

/// `Firing`, `Resolved` or `Test`.
pub fn state(notice: &Notice) -> &'static str {
    match (is_test(notice), notice.firing()) {
        (true, _) => "Test",
        (false, true) => "Firing",
        (false, false) => "Resolved",
    }
}

fn is_test(notice: &Notice) -> bool {
    notice.detail.alert == TEST_ALERT
}

/// The alert's facts, most urgent first, as (name, value); each value is one line.
pub fn facts(notice: &Notice) -> Vec<(String, String)> {
    let detail = &notice.detail;
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(burn) = &detail.burn
        && let Some(rates) = wording::burn_rates(burn)
    {
        add("Burn rate", format!("{rates} ({} above {})", detail.severity, wording::factor(burn.factor)));
        if burn.total > 0.0 {
            let (bad, total) = (wording::count(burn.bad), wording::count(burn.total));
            add("Bad events", format!("{bad} of {total} in {}", burn.long));
        }
    }
    if !is_test(notice) {
        add("Budget", without_full_stop(&wording::budget_sentence(detail, notice.firing())));
        add("SLO", without_full_stop(&wording::promise(detail)));
    }
    add("Since", since(notice));
    for (name, value) in notice.annotations.iter().filter(|(name, _)| !KNOWN_ANNOTATIONS.contains(name)) {
        add(name, shortened(&one_line(value), VALUE));
    }
    facts
}

/// The SLO's description, bounded; empty where there is none.
pub fn description(notice: &Notice) -> String {
    let text: String = notice.detail.description.chars().filter(|c| *c == '\n' || !deceives(*c)).collect();
    shortened(text.trim(), DESCRIPTION)
}

/// Where to go next, as (name, URL); only what a browser opens as a page.
pub fn links(notice: &Notice) -> Vec<(&'static str, String)> {
    let runbook = notice.detail.runbook_url.as_deref();
    [("Runbook", runbook), ("SLO page", Some(notice.detail.slo_url.as_str()))]
        .into_iter()
        .filter_map(|(name, url)| Some((name, web_link(url?)?)))
        .collect()
}

/// The labels, each value bounded.
pub fn labels(notice: &Notice) -> Vec<(&str, String)> {
    notice.labels.iter().map(|(name, value)| (name, shortened(&one_line(value), VALUE))).collect()
}

/// The URL as it may become a link: `javascript:` and its like may not, and what would end an attribute, a tag or the
/// link itself is percent-encoded.
pub fn web_link(url: &str) -> Option<String> {
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    rest.filter(|rest| !rest.is_empty())?;
    let mut link = String::with_capacity(url.len());
    for character in url.chars() {
        if character.is_whitespace() || deceives(character) || "<>\"'`|".contains(character) {
            let bytes =
                character.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
            link.push_str(&bytes);
        } else {
            link.push(character);
        }
    }
    Some(link)
}

/// Why this message was sent: `first notification`, `repeat interval elapsed`, ….
pub fn reason(message: &Message) -> &'static str {
    message.reason.text()
}

/// A moment for people, to the second: `2026-01-01 00:00:00 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.to_utc().map_or_else(|| at.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn since(notice: &Notice) -> String {
    let start = moment(notice.starts_at);
    match notice.ends_at {
        None => start,
        Some(end) => {
            let lasted = wording::span(end.since(notice.starts_at).as_secs_f64());
            format!("{start}, until {} ({lasted})", moment(end))
        }
    }
}

/// At most `limit` characters; what is cut is shown by `…`.
pub fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Words separated by single spaces, without line breaks, control characters and marks that turn text around.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || deceives(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Control characters, and marks that turn the direction of text, so that it reads as another than it is.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn without_full_stop(sentence: &str) -> String {
    sentence.trim_end_matches('.').to_owned()
}

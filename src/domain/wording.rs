//! The sentences that people read about an alert, made from its numbers.
//!
//! They live in the domain because annotations are part of an alert's identity towards receivers; channels reuse the
//! same blocks, so that Slack, e-mail, webhook and the page never tell the same thing differently. Numbers are
//! rounded for a reader, never for a decision. A number that is not known is left out rather than shown as 0.

use super::message::{BurnDetail, Detail};

/// One line that says what is wrong: `checkout/availability burns 20.1× (budget 31% left)`.
pub fn summary(detail: &Detail, firing: bool) -> String {
    let subject = subject(detail);
    let budget = budget_in_brief(detail);
    match (detail.alert.as_str(), firing) {
        ("ErrorBudgetBurn", true) => match detail.burn.as_ref().and_then(|burn| burn.burn_long) {
            Some(rate) => format!("{subject} burns {}{}", factor(rate), in_parentheses(&budget)),
            None => format!("{subject} burns its error budget too fast{}", in_parentheses(&budget)),
        },
        ("ErrorBudgetBurn", false) => {
            format!("{subject} no longer burns too fast{}", in_parentheses(&budget))
        }
        ("SloNoData", true) => format!("{subject} has no data"),
        ("SloNoData", false) => format!("{subject} has data again"),
        ("ErrorBudgetSpent", true) => match detail.budget_remaining {
            Some(remaining) => format!("{subject} has spent {} of its error budget", percent(1.0 - remaining)),
            None => format!("{subject} has spent its error budget"),
        },
        ("ErrorBudgetSpent", false) => {
            format!("{subject} is back within its error budget{}", in_parentheses(&budget))
        }
        (_, true) => format!("{subject}: {}", first_line(detail)),
        (_, false) => format!("{subject}: resolved: {}", first_line(detail)),
    }
}

/// What burns, how fast, over which windows, what is left and when it runs out, in full sentences.
pub fn description(detail: &Detail, firing: bool) -> String {
    let mut sentences = Vec::new();
    if !detail.description.is_empty() {
        sentences.push(closed(detail.description.trim()));
    }
    sentences.push(promise(detail));
    if !firing {
        sentences.push("The alert is resolved.".to_owned());
    } else if detail.alert == "SloNoData" {
        sentences.push("No sample of it has arrived for a while, so nobody can say whether it holds.".to_owned());
    }
    sentences.extend(detail.burn.as_ref().and_then(|burn| burn_sentence(detail, burn)));
    sentences.push(budget_sentence(detail, firing));
    sentences.join(" ")
}

/// `Burn rate 20.1× over 1h and 33× over 5m, ticket above 14.4×; 857 of 12,400 events were bad in 1h.`
///
/// `None` when neither window has a rate.
pub fn burn_sentence(detail: &Detail, burn: &BurnDetail) -> Option<String> {
    let rates = burn_rates(burn)?;
    let events = if burn.total > 0.0 {
        format!("; {} of {} events were bad in {}", count(burn.bad), count(burn.total), burn.long)
    } else {
        String::new()
    };
    Some(format!("Burn rate {rates}, {} above {}{events}.", detail.severity, factor(burn.factor)))
}

/// `20.1× over 1h and 33× over 5m`; `None` when neither window has a rate.
pub fn burn_rates(burn: &BurnDetail) -> Option<String> {
    let windows = [(burn.burn_long, &burn.long), (burn.burn_short, &burn.short)];
    let known: Vec<String> = windows
        .iter()
        .filter_map(|(rate, window)| Some(format!("{} over {window}", beside((*rate)?, burn.factor))))
        .collect();
    (!known.is_empty()).then(|| known.join(" and "))
}

/// `31% of the error budget is left; at this rate it is gone in 1d 2h.`
///
/// Without the forecast once the alert is over: it would take the rate of a window that still holds the trouble.
pub fn budget_sentence(detail: &Detail, firing: bool) -> String {
    let Some(remaining) = detail.budget_remaining else {
        return "The error budget was never measured.".to_owned();
    };
    if remaining < 0.0 {
        return format!("The error budget is overspent by {}.", percent(-remaining));
    }
    if remaining == 0.0 {
        return "The error budget is spent.".to_owned();
    }
    match detail.exhausts_in_seconds.filter(|_| firing) {
        Some(seconds) => {
            format!("{} of the error budget is left; at this rate it is gone in {}.", percent(remaining), span(seconds))
        }
        None => format!("{} of the error budget is left.", percent(remaining)),
    }
}

/// `31% left`, `overspent by 12%`; empty when never measured.
fn budget_in_brief(detail: &Detail) -> String {
    match detail.budget_remaining {
        Some(remaining) if remaining < 0.0 => format!("budget overspent by {}", percent(-remaining)),
        Some(remaining) => format!("budget {} left", percent(remaining)),
        None => String::new(),
    }
}

/// `service/name`, with the group where there is one: `checkout/availability {route="/pay"}`.
pub fn subject(detail: &Detail) -> String {
    if detail.group.is_empty() { detail.id.to_string() } else { format!("{} {}", detail.id, detail.group) }
}

/// `Objective 99.9% over 30d, measured 99.93%.`
pub fn promise(detail: &Detail) -> String {
    // A calendar window begins with its period's name, a rolling one with a number.
    let over = if detail.slo_window.starts_with(|c: char| c.is_ascii_digit()) { "over" } else { "in each" };
    let measured = detail.sli_ratio.map(|ratio| format!(", measured {}", sli_percent(ratio))).unwrap_or_default();
    format!("Objective {}% {over} {}{measured}.", detail.objective, detail.slo_window)
}

/// A burn rate for people: `20.1×`, `0.93×`, `1,440×`.
pub fn factor(rate: f64) -> String {
    format!("{}×", rounded(rate))
}

/// A burn rate beside the limit that it is compared with: with as many digits as tell the two apart, `1.0004×`.
pub fn beside(rate: f64, limit: f64) -> String {
    /// Digits after the point that a person still reads.
    const MOST: usize = 5;
    let (shown, side) = (rounded(rate), rate.total_cmp(&limit));
    if side.is_eq() || shown != rounded(limit) {
        return format!("{shown}×");
    }
    let told = |decimals: usize| trimmed(format!("{rate:.decimals$}"));
    let right = |text: &String| text.parse::<f64>().is_ok_and(|told| told.total_cmp(&limit) == side);
    match (1..=MOST).map(told).find(right) {
        Some(text) => format!("{}×", with_thousands(&text)),
        None => format!("just {} {}", if side.is_gt() { "above" } else { "below" }, factor(limit)),
    }
}

/// A share for people: `31%`, `0.42%`, `-12%`.
pub fn percent(share: f64) -> String {
    format!("{}%", rounded(share * 100.0))
}

/// An SLI for people: enough digits to tell 99.93 % from 99.9 %, cut so that 99.9996 % never shows as 100 %.
pub fn sli_percent(ratio: f64) -> String {
    let cut = (ratio * 100_000.0).floor() / 1000.0;
    format!("{}%", trimmed(format!("{cut:.3}")))
}

/// A length of time for people, in its two largest units: `1d 2h`, `45m`, `30s`.
pub fn span(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    if !seconds.is_finite() {
        return "a very long time".to_owned();
    }
    let whole = seconds.max(0.0).round() as u64;
    let Some(first) = UNITS.iter().position(|(_, size)| whole >= *size) else { return "less than 1s".to_owned() };
    let (name, size) = UNITS[first];
    let (smaller, smaller_size) = UNITS.get(first + 1).copied().unwrap_or(("", u64::MAX));
    match whole % size / smaller_size {
        0 => format!("{}{name}", whole / size),
        rest => format!("{}{name} {rest}{smaller}", whole / size),
    }
}

/// A number of events for people: whole from 10 on, with thousands separated.
pub fn count(events: f64) -> String {
    rounded(if events >= 10.0 { events.round() } else { events })
}

/// One decimal from 10 on (none from 100), two below, no trailing zeros; thousands are separated.
fn rounded(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 99.95 => 0,
        middle if middle >= 9.995 => 1,
        _ => 2,
    };
    let text = trimmed(format!("{value:.decimals$}"));
    if text == "-0" { "0".to_owned() } else { with_thousands(&text) }
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn with_thousands(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut grouped = String::from(sign);
    for (position, character) in digits.char_indices() {
        if position > 0 && position < whole && (whole - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(character);
    }
    grouped
}

fn in_parentheses(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

fn closed(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// The description's first line, or the alert's name where there is none.
fn first_line(detail: &Detail) -> &str {
    detail.description.lines().next().map(str::trim).filter(|line| !line.is_empty()).unwrap_or(&detail.alert)
}

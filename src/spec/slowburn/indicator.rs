//! `sli`: exactly one of events, latency, scrape and terms.

use super::super::selectors;
use super::keys::{EVENTS, LATENCY, SLI, TERM};
use crate::config::decode::Value;
use crate::domain::ratio::Ratio;
use crate::domain::selector::{MatchOp, Matcher, Matchers};
use crate::domain::slo::{CompareOp, Comparison, Indicator, Part, Tally, Term};
use crate::domain::time::parse_duration;
use std::time::Duration;

/// A plain threshold from here on, in a histogram of seconds, is taken for milliseconds that were forgotten to be said.
const LONG_SECONDS: f64 = 100.0;

pub(super) fn read(value: &Value<'_>) -> Option<Indicator> {
    let map = value.map(&SLI)?;
    map.exactly_one(&["events", "latency", "scrape", "terms"]);
    let events = map.get("events").and_then(|events| read_events(&events));
    let latency = map.get("latency").and_then(|latency| read_latency(&latency));
    let scrape = map.get("scrape").and_then(|scrape| read_scrape(&scrape));
    let terms = map.get("terms").and_then(|terms| read_terms(&terms));
    let query = map.get("query");
    if let Some(query) = query.as_ref().filter(|_| !map.has("terms")) {
        query.error("a query belongs to `terms`", "give counters under `events`, such as total: http_requests_total");
    }
    let text = query.and_then(|query| query.text()).unwrap_or_default();
    events.or(latency).or(scrape).or(terms.map(|terms| Indicator::Terms { terms, text }))
}

/// Counters with weights; at least one must count for the total.
fn read_terms(value: &Value<'_>) -> Option<Vec<Term>> {
    let items = value.list()?;
    let terms: Vec<Term> = items.iter().filter_map(read_term).collect();
    if terms.len() == items.len() && !terms.iter().any(|term| term.total > 0.0) {
        value.error("no term counts for the total", "give at least one term total: 1");
        return None;
    }
    Some(terms)
}

fn read_term(value: &Value<'_>) -> Option<Term> {
    let map = value.map(&TERM)?;
    let weight = |key| map.get(key).map_or(Some(0.0), |weight| weight.number());
    let (selector, total, bad) =
        (map.get("selector").and_then(|s| selectors::selector(&s)), weight("total"), weight("bad"));
    let tally = map.get("count").map_or(Some(Tally::Growth), |count| tally(&count));
    Some(Term { selector: selector?, total: total?, bad: bad?, tally: tally? })
}

/// What of a series is an event: a word, or a comparison with a number.
fn tally(value: &Value<'_>) -> Option<Tally> {
    const WORDS: [(&str, Tally); 3] =
        [("growth", Tally::Growth), ("samples", Tally::Samples), ("values", Tally::Values)];
    const OPS: [(&str, CompareOp); 6] = [
        ("==", CompareOp::Equal),
        ("!=", CompareOp::NotEqual),
        ("<=", CompareOp::AtMost),
        (">=", CompareOp::AtLeast),
        ("<", CompareOp::Less),
        (">", CompareOp::More),
    ];
    let text = value.nonempty()?;
    let comparison = OPS.iter().find_map(|(sign, op)| {
        let with = text.strip_prefix(sign)?.trim().parse().ok().filter(|with: &f64| with.is_finite())?;
        Some(Tally::Where(Comparison { op: *op, with }))
    });
    let found = WORDS.iter().find(|(word, _)| *word == text).map(|(_, tally)| *tally).or(comparison);
    if found.is_none() {
        value.error("not a way to count", "write growth, samples, values, or a comparison such as < 0.75");
    }
    found
}

fn read_events(value: &Value<'_>) -> Option<Indicator> {
    let map = value.map(&EVENTS)?;
    map.exactly_one(&["bad", "good"]);
    let total = map.get("total").and_then(|total| selectors::counter(&total));
    let mut found = None;
    for (key, part_is) in [("bad", Part::Bad), ("good", Part::Good)] {
        let Some(at) = map.get(key) else { continue };
        let Some(part) = selectors::counter(&at) else { continue };
        if let Some(total) = &total {
            selectors::compare(total, &part, &at);
        }
        found = Some((part, part_is));
    }
    let (part, part_is) = found?;
    Some(Indicator::Events { total: total?, part, part_is })
}

fn read_latency(value: &Value<'_>) -> Option<Indicator> {
    let map = value.map(&LATENCY)?;
    let histogram = map.get("histogram").and_then(|histogram| selectors::histogram(&histogram));
    let name = histogram.as_ref().map(|selector| selector.name.as_str()).unwrap_or_default();
    let threshold = map.get("threshold").and_then(|at| threshold(&at, name));
    let (threshold, threshold_text) = threshold?;
    Some(Indicator::Latency { histogram: histogram?, threshold, threshold_text })
}

/// The boundary in the histogram's unit, and as written.
fn threshold(value: &Value<'_>, histogram: &str) -> Option<(f64, String)> {
    let text = value.nonempty()?;
    // Client libraries write small boundaries like 1e-05.
    let plain = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let boundary = match (plain, parse_duration(&text)) {
        (Some(number), _) => number,
        (None, Ok(duration)) => in_unit_of(histogram, duration),
        (None, Err(_)) => {
            let shown = if value.is_expanded() { "" } else { &text };
            value.error("neither a duration nor a number", mend(shown));
            return None;
        }
    };
    if boundary <= 0.0 {
        value.error("the threshold must be above zero", "write it like 300ms, or as a number in the histogram's unit");
        return None;
    }
    if plain.is_some() && boundary >= LONG_SECONDS && histogram.ends_with("_seconds") {
        value.warn(format!("{histogram} counts seconds"), format!("write {text}ms if milliseconds are meant"));
    }
    Some((boundary, text))
}

fn mend(text: &str) -> String {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fraction = bare.strip_suffix('s').and_then(Ratio::parse).and_then(|s| s.times(Ratio::new(1000, 1)?));
    match (parse_duration(&bare), fraction) {
        (Ok(_), _) => format!("write {bare}, without spaces"),
        (Err(_), Some(ms)) if ms.den() == 1 => format!("write {ms}ms: durations have no fractions"),
        _ => "write it like 300ms, or as a number in the histogram's unit".to_owned(),
    }
}

/// A duration in the unit that a histogram's name ends in, by Prometheus's conventions; seconds when it says nothing.
fn in_unit_of(histogram: &str, duration: Duration) -> f64 {
    /// Endings, with what milliseconds are multiplied with and then divided by: both exact, so one rounding at most.
    const UNITS: [(&str, f64, f64); 8] = [
        ("_milliseconds", 1.0, 1.0),
        ("_millis", 1.0, 1.0),
        ("_ms", 1.0, 1.0),
        ("_microseconds", 1e3, 1.0),
        ("_us", 1e3, 1.0),
        ("_nanoseconds", 1e6, 1.0),
        ("_ns", 1e6, 1.0),
        ("_minutes", 1.0, 60e3),
    ];
    let (times, over) =
        UNITS.iter().find(|(ending, ..)| histogram.ends_with(ending)).map_or((1.0, 1e3), |unit| (unit.1, unit.2));
    duration.as_millis() as f64 * times / over
}

fn read_scrape(value: &Value<'_>) -> Option<Indicator> {
    if let Some(text) = value.node().text().filter(|_| !value.node().is_null()) {
        value.error("expected labels of the targets", format!("write {{job: {text}}}"));
        return None;
    }
    let labels = value.labels()?;
    if labels.is_empty() {
        value.error("no target is named", "name at least one label of the targets, such as job: checkout");
        return None;
    }
    let equal = |(name, value): (&str, &str)| Matcher::new(name, MatchOp::Equal, value).ok();
    Some(Indicator::Scrape { targets: Matchers(labels.iter().filter_map(equal).collect()) })
}

//! An SLO's indicator as PromQL.
//!
//! Each counter is summed by itself, so that a series that is not there (no error yet) does not empty the whole
//! expression: it counts as `0 * total`. PromQL's own traits stay: `rate` extrapolates, and loses the first value of a
//! new series.

use crate::domain::slo::{Indicator, Part, Slo, Timeslices};
use crate::domain::time::format_duration;
use std::time::Duration;

/// A selector with its weights.
struct Weighted {
    selector: String,
    total: f64,
    bad: f64,
    /// Samples of a gauge instead of a counter's growth.
    is_up: bool,
}

fn weighted(selector: impl ToString, total: f64, bad: f64) -> Weighted {
    Weighted { selector: selector.to_string(), total, bad, is_up: false }
}

fn terms(indicator: &Indicator) -> Vec<Weighted> {
    match indicator {
        Indicator::Events { total, part, part_is: Part::Bad } => {
            vec![weighted(total, 1.0, 0.0), weighted(part, 0.0, 1.0)]
        }
        Indicator::Events { total, part, part_is: Part::Good } => {
            vec![weighted(total, 1.0, 1.0), weighted(part, 0.0, -1.0)]
        }
        Indicator::Latency { histogram, threshold, .. } => {
            let of = |suffix: &str| histogram.renamed(format!("{}{suffix}", histogram.name)).to_string();
            let bucket = with_matcher(&of("_bucket"), &boundary(*threshold));
            vec![weighted(of("_count"), 1.0, 1.0), weighted(bucket, 0.0, -1.0)]
        }
        Indicator::Scrape { targets } => {
            let matchers: Vec<String> = targets.0.iter().map(ToString::to_string).collect();
            vec![Weighted { selector: format!("up{{{}}}", matchers.join(",")), total: 1.0, bad: 1.0, is_up: true }]
        }
        Indicator::Terms { terms, .. } => terms.iter().map(|t| weighted(&t.selector, t.total, t.bad)).collect(),
    }
}

/// The bucket's label is a text there, and a whole number may be written `1` or `1.0`.
fn boundary(threshold: f64) -> String {
    if threshold.fract() == 0.0 {
        format!("le=~\"{threshold}|{threshold}\\\\.0\"")
    } else {
        format!("le=\"{threshold}\"")
    }
}

fn with_matcher(selector: &str, matcher: &str) -> String {
    match selector.strip_suffix('}') {
        Some(open) if open.ends_with('{') => format!("{open}{matcher}}}"),
        Some(open) => format!("{open},{matcher}}}"),
        None => format!("{selector}{{{matcher}}}"),
    }
}

/// The selector of what counts for the total, for rules that ask whether there are samples.
pub fn total_selector(slo: &Slo) -> Option<String> {
    terms(&slo.indicator).into_iter().find(|term| term.total > 0.0).map(|term| term.selector)
}

/// `sum`, or `sum by (route)`.
fn sum(slo: &Slo) -> String {
    if slo.by.is_empty() { "sum".to_owned() } else { format!("sum by ({})", slo.by.join(", ")) }
}

/// How events of a window are counted.
#[derive(Clone, Copy)]
enum Count {
    /// Events a second.
    Rate,
    /// The counters alone, without a window, as OpenSLO has them.
    Bare,
}

fn counted(slo: &Slo, term: &Weighted, window: &str, count: Count, bad: bool) -> String {
    let selector = &term.selector;
    let inner = match (count, term.is_up, bad) {
        (Count::Bare, true, true) => format!("1 - {selector}"),
        (Count::Bare, true, false) => format!("{selector} >= bool 0"),
        (Count::Bare, false, _) => selector.clone(),
        (Count::Rate, true, true) => {
            format!("count_over_time({selector}[{window}]) - sum_over_time({selector}[{window}])")
        }
        (Count::Rate, true, false) => format!("count_over_time({selector}[{window}])"),
        (Count::Rate, false, _) => format!("rate({selector}[{window}])"),
    };
    format!("{}({inner})", sum(slo))
}

/// The terms that have a weight, joined by their signs.
fn combined(slo: &Slo, window: &str, count: Count, bad: bool) -> String {
    let all = terms(&slo.indicator);
    let weight = |term: &Weighted| if bad { term.bad } else { term.total };
    let base = all.iter().find(|term| term.total > 0.0);
    let mut text = String::new();
    for term in all.iter().filter(|term| weight(term) != 0.0) {
        let sign = if weight(term) < 0.0 { "-" } else { "+" };
        let mut part = counted(slo, term, window, count, bad);
        if let Some(base) = base.filter(|base| base.selector != term.selector && !matches!(count, Count::Bare)) {
            part = format!("({part} or 0 * {})", counted(slo, base, window, count, false));
        }
        if weight(term).abs() != 1.0 {
            part = format!("{} * {part}", weight(term).abs());
        }
        match (text.is_empty(), sign) {
            (true, "-") => text = format!("-{part}"),
            (true, _) => text = part,
            (false, _) => text = format!("{text} {sign} {part}"),
        }
    }
    text
}

/// The share of bad events over a window.
pub fn error_ratio(slo: &Slo, window: Duration) -> String {
    let events = |window: &str| {
        format!("({})\n/\n({})\n", combined(slo, window, Count::Rate, true), combined(slo, window, Count::Rate, false))
    };
    match &slo.timeslices {
        None => events(&format_duration(window)),
        Some(slices) => sliced(slices, window, events),
    }
}

/// The share of bad slices: a slice without events compares as good.
fn sliced(slices: &Timeslices, window: Duration, events: impl Fn(&str) -> String) -> String {
    let slice = format_duration(slices.slice);
    let bad = (100.0 - slices.target.as_f64()) / 100.0;
    let ratio = events(&slice).replace('\n', " ");
    format!("avg_over_time((({}) > bool {bad})[{}:{slice}])\n", ratio.trim(), format_duration(window))
}

/// Bad events of a window, as a count.
pub fn bad_events(slo: &Slo, window: Duration) -> String {
    let seconds = window.as_secs();
    format!("({}) * {seconds}", combined(slo, &format_duration(window), Count::Rate, true))
}

/// The counters of bad and of all events, without a window.
pub fn counters(slo: &Slo) -> (String, String) {
    (combined(slo, "", Count::Bare, true), combined(slo, "", Count::Bare, false))
}

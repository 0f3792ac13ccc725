//! An SLO's indicator as PromQL.
//!
//! Each counter is summed by itself, so that a series that is not there (no error yet) does not empty the whole
//! expression: it counts as `0 * total`. PromQL's own traits stay: `rate` extrapolates, and loses the first value of a
//! new series.

use crate::domain::selector::is_plain_name;
use crate::domain::selector_text::parse_selector;
use crate::domain::slo::{Comparison, Indicator, Part, SliceVerdict, Slo, Tally, Timeslices};
use crate::domain::time::format_duration;
use crate::spec::promql::boundary;
use std::time::Duration;

/// A selector with its weights.
struct Weighted {
    selector: String,
    total: f64,
    bad: f64,
    tally: Tally,
}

fn weighted(selector: impl ToString, total: f64, bad: f64) -> Weighted {
    Weighted { selector: selector.to_string(), total, bad, tally: Tally::Growth }
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
            let bucket = with_matcher(&of("_bucket"), &boundary::matcher(*threshold));
            vec![weighted(of("_count"), 1.0, 1.0), weighted(bucket, 0.0, -1.0)]
        }
        Indicator::Scrape { targets } => {
            let matchers: Vec<String> = targets.0.iter().map(ToString::to_string).collect();
            let up = format!("up{{{}}}", matchers.join(","));
            let each = Weighted { tally: Tally::Samples, ..weighted(&up, 1.0, 1.0) };
            vec![each, Weighted { tally: Tally::Values, ..weighted(&up, 0.0, -1.0) }]
        }
        Indicator::Terms { terms, .. } => {
            terms.iter().map(|t| Weighted { tally: t.tally, ..weighted(&t.selector, t.total, t.bad) }).collect()
        }
    }
}

/// The selector with one more matcher.
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

/// A name of a metric or a label that PromQL has only since Prometheus 3.
pub fn new_name(slo: &Slo) -> Option<String> {
    let selectors = terms(&slo.indicator).into_iter().filter_map(|term| parse_selector(&term.selector).ok());
    let names = selectors.flat_map(|selector| {
        let labels = selector.matchers.0.into_iter().map(|matcher| matcher.label);
        std::iter::once(selector.name).chain(labels).collect::<Vec<_>>()
    });
    names.into_iter().find(|name| !is_plain_name(name))
}

/// `sum`, or `sum by (route)`.
fn aggregated(slo: &Slo, how: &str, inner: &str) -> String {
    if slo.by.is_empty() { format!("{how}({inner})") } else { format!("{how} by ({}) ({inner})", slo.by.join(", ")) }
}

/// How events are counted.
#[derive(Clone, Copy, PartialEq)]
enum Count {
    /// Within a window: events a second where all are the growth of counters, else their number.
    Within(Duration),
    /// Counters and gauges alone, without a window, as OpenSLO has them.
    Bare,
}

fn counted(slo: &Slo, term: &Weighted, count: Count) -> String {
    let selector = &term.selector;
    let Count::Within(window) = count else {
        return match term.tally {
            Tally::Growth | Tally::Values => aggregated(slo, "sum", selector),
            Tally::Samples => aggregated(slo, "count", selector),
            Tally::Where(comparison) => aggregated(slo, "sum", &compared(selector, comparison)),
        };
    };
    let range = format_duration(window);
    let inner = match term.tally {
        Tally::Growth => format!("{}({selector}[{range}])", if is_rate(slo) { "rate" } else { "increase" }),
        Tally::Samples => format!("count_over_time({selector}[{range}])"),
        Tally::Values => format!("sum_over_time({selector}[{range}])"),
        // Only a subquery compares, and it looks at steps; the share of those makes samples again.
        Tally::Where(comparison) => {
            let (compared, step) = (compared(selector, comparison), format_duration(step(window)));
            format!("avg_over_time(({compared})[{range}:{step}]) * count_over_time({selector}[{range}])")
        }
    };
    aggregated(slo, "sum", &inner)
}

/// The step at which a gauge is compared: as fine as most scrapes in short windows, no more than 43,200 steps in a month.
fn step(window: Duration) -> Duration {
    Duration::from_secs((window.as_secs() / 60).clamp(15, 60)).min(window)
}

/// 1 where the comparison holds, else 0.
fn compared(selector: &str, comparison: Comparison) -> String {
    let text = comparison.to_string();
    let (op, with) = text.split_once(' ').unwrap_or((&text, ""));
    format!("{selector} {op} bool {with}")
}

/// The terms that have a weight, joined by their signs.
fn combined(slo: &Slo, count: Count, bad: bool) -> String {
    let all = terms(&slo.indicator);
    let weight = |term: &Weighted| if bad { term.bad } else { term.total };
    let base = all.iter().find(|term| term.total > 0.0);
    let mut text = String::new();
    for term in all.iter().filter(|term| weight(term) != 0.0) {
        let mut part = counted(slo, term, count);
        if let Some(base) = base.filter(|base| base.selector != term.selector && count != Count::Bare) {
            part = format!("({part} or 0 * {})", counted(slo, base, count));
        }
        if weight(term).abs() != 1.0 {
            part = format!("{} * {part}", weight(term).abs());
        }
        let sign = if weight(term) < 0.0 { "-" } else { "+" };
        text = match (text.is_empty(), sign) {
            (true, "-") => format!("-{part}"),
            (true, _) => part,
            (false, _) => format!("{text} {sign} {part}"),
        };
    }
    if text.is_empty() { "vector(0)".to_owned() } else { text }
}

/// The share of bad events over a window.
pub fn error_ratio(slo: &Slo, window: Duration) -> String {
    let counts = |window| [true, false].map(|bad| combined(slo, Count::Within(window), bad));
    match &slo.timeslices {
        None => {
            let [bad, total] = counts(window);
            format!("({bad})\n/\n({total})\n")
        }
        Some(slices) => sliced(slices, window, &counts(slices.slice)),
    }
}

/// The share of bad slices, or the mean share of bad events in slices; a slice without events is a good one.
fn sliced(slices: &Timeslices, window: Duration, [bad, total]: &[String; 2]) -> String {
    let inner = match slices.verdict {
        SliceVerdict::Whole => {
            let threshold = (100.0 - slices.target.as_f64()) / 100.0;
            format!("(({bad}) / ({total})) > bool {threshold}")
        }
        SliceVerdict::Share => format!("(({bad}) / ({total})) >= 0 or 0 * ({total})"),
    };
    format!("avg_over_time(({inner})[{}:{}])\n", format_duration(window), format_duration(slices.slice))
}

/// Bad events of a window, as a count.
pub fn bad_events(slo: &Slo, window: Duration) -> String {
    // Counters alone come as events a second.
    let seconds = if is_rate(slo) { window.as_secs() } else { 1 };
    format!("({}) * {seconds}", combined(slo, Count::Within(window), true))
}

/// Whether all events are the growth of counters.
pub fn is_rate(slo: &Slo) -> bool {
    terms(&slo.indicator).iter().all(|term| term.tally == Tally::Growth)
}

/// Whether some events are the growth of counters and some are samples.
pub fn is_mixed(slo: &Slo) -> bool {
    !is_rate(slo) && terms(&slo.indicator).iter().any(|term| term.tally == Tally::Growth)
}

/// Bad and all events, without a window.
pub fn bare(slo: &Slo) -> (String, String) {
    (combined(slo, Count::Bare, true), combined(slo, Count::Bare, false))
}

//! Selectors of counters and histograms, and what looks wrong about them.

use crate::config::decode::Value;
use crate::domain::selector::{Selector, is_plain_name};
use crate::domain::selector_text::parse_selector;

/// Endings of series that only ever grow.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_count", "_bucket", "_sum"];

/// Endings that a histogram's series have and its name has not.
const HISTOGRAM_ENDINGS: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Labels that every series of a target has: where the total names one, the bad events should too.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// Longest text in which a selector is looked for, in bytes.
const LONGEST_EXPRESSION: usize = 1000;

/// A selector; a mistake is shown where it stands in the text.
pub(super) fn selector(value: &Value<'_>) -> Option<Selector> {
    let text = value.nonempty()?;
    match parse_selector(&text) {
        Ok(selector) => Some(selector),
        // The value of a variable is not shown, in case that it is the wrong one.
        Err(_) if value.is_expanded() => {
            value.error("not a selector once its variables are replaced", "write name{label=\"value\"}");
            None
        }
        Err(bad) => {
            let help = selector_within(&text).map(|inner| format!("write {inner}"));
            value.error_at(bad.offset, bad.message, help);
            None
        }
    }
}

/// The selector inside an expression such as `sum(rate(x{a="b"}[5m]))`.
fn selector_within(text: &str) -> Option<Selector> {
    if text.len() > LONGEST_EXPRESSION {
        return None;
    }
    let starts = std::iter::once(0).chain(text.match_indices('(').map(|(at, _)| at + 1));
    let parts = starts.filter_map(|start| {
        let rest = &text[start..];
        rest.find(['[', ')']).and_then(|end| parse_selector(&rest[..end]).ok())
    });
    parts.into_iter().next()
}

/// A selector of counters; warns of names that no counter has.
pub(super) fn counter(value: &Value<'_>) -> Option<Selector> {
    let found = selector(value)?;
    let name = &found.name;
    if is_plain_name(name) && !COUNTER_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        value.warn(
            format!("{name} does not look like a counter"),
            format!("counters end in _total, _count or _bucket; look whether the target has {name}_total"),
        );
    }
    if name.ends_with("_bucket") && !found.matchers.0.iter().any(|matcher| matcher.label == "le") {
        value.warn(
            format!("{name} counts an event once for each bucket it lies in"),
            format!("name one bucket with le=\"…\", or count all events with {}_count", base_name(name)),
        );
    }
    Some(found)
}

/// A selector of a histogram by its own name.
pub(super) fn histogram(value: &Value<'_>) -> Option<Selector> {
    let found = selector(value)?;
    if HISTOGRAM_ENDINGS.iter().any(|ending| found.name.ends_with(ending)) {
        let mended = found.renamed(base_name(&found.name));
        value
            .error(format!("{} is one of the histogram's series, not its name", found.name), format!("write {mended}"));
        return None;
    }
    if found.matchers.0.iter().any(|matcher| matcher.label == "le") {
        value.error("the selector names a bucket", "leave out le; `threshold` says which bucket holds good events");
        return None;
    }
    Some(found)
}

fn base_name(name: &str) -> &str {
    HISTOGRAM_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Compares the bad (or good) events with the total: they should be a part of it.
pub(super) fn compare(total: &Selector, part: &Selector, part_at: &Value<'_>) {
    if total == part {
        part_at.error("this counts the same events as `total`", "choose a part of them, such as code=~\"5..\"");
        return;
    }
    let same_metric = total.name == part.name;
    let of_part = |label: &str| part.matchers.0.iter().any(|matcher| matcher.label == label);
    let forgotten: Vec<String> = total
        .matchers
        .0
        .iter()
        .filter(|matcher| !of_part(&matcher.label))
        .filter(|matcher| same_metric || TARGET_LABELS.contains(&matcher.label.as_str()))
        .map(ToString::to_string)
        .collect();
    if !forgotten.is_empty() {
        part_at.warn("this counts events that `total` does not count", format!("add {}", forgotten.join(",")));
    }
}

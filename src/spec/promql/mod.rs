//! PromQL in other formats' files, compiled to what slowburn counts.
//!
//! A query is parsed by a crate that follows Prometheus's own grammar (decision 5), and walked into sums of counters
//! (or of a gauge's samples) and quotients of sums. Whatever a sum of events over a window can't tell is refused with
//! the part to blame: reading a query for less than it says would give wrong numbers.

pub mod boundary;
mod bounds;
mod form;
mod indicator;
mod operators;
mod refusal;
mod samples;
mod select;
mod text;
mod walk;

pub use refusal::Refusal;

use crate::domain::slo::{Comparison, Indicator, Part, Tally};
use form::{Dims, Form, Sum, Unit, Value};
use operators::is_harmless;
use walk::Walker;

/// What a selector stands for that no function turns into counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// Nothing: in Prometheus it would be a state.
    Refused,
    /// A counter: its growth is counted.
    Counters,
    /// A gauge: each sample's value is a number of events.
    Gauges,
}

/// What a query, or a pair of them, means.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    pub indicator: Indicator,
    /// One budget for each value of these labels.
    pub by: Vec<String>,
    /// What is read otherwise than Prometheus would, one sentence each.
    pub notes: Vec<String>,
}

/// Which of two queries is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Part(Refusal),
    Total(Refusal),
}

/// Compiles a query of the bad or of the good events, and one of all events.
pub fn events(part: &str, part_is: Part, total: &str, bare: Bare) -> Result<Compiled, Refused> {
    let mut notes = Vec::new();
    let (part_sum, part_dims) = sum(part, bare, &mut notes).map_err(Refused::Part)?;
    let (total_sum, dims) = sum(total, bare, &mut notes).map_err(Refused::Total)?;
    let whole = |why: &str, help: &str| Refused::Part(at(part, Refusal::new(part.trim(), why, help)));
    if total_sum.is_number() {
        let refusal = Refusal::new(total.trim(), "there are no events in this", "write a query of counters");
        return Err(Refused::Total(at(total, refusal)));
    }
    if !part_dims.same(&dims) && part_dims != Dims::Scalar {
        return Err(whole(
            "this query and the one of all events do not have the same labels, so Prometheus would find nothing",
            "aggregate both by the same labels",
        ));
    }
    let bad = match part_is {
        Part::Bad => Some(part_sum),
        Part::Good => total_sum.clone().plus(&part_sum, -1.0),
    };
    let Some(bad) = bad else {
        return Err(whole(
            "this query and the one of all events count in different units (per second, events, samples)",
            "use the same function in both, such as rate()",
        ));
    };
    let word = if part_is == Part::Bad { "bad" } else { "good" };
    let text = format!("{word} events: {}\nall events: {}", part.trim(), total.trim());
    finish(&bad, &total_sum, &dims, &text, notes).map_err(|refusal| Refused::Part(at(part, refusal)))
}

/// Compiles a query of the share of bad (or good) events.
pub fn ratio(query: &str, part_is: Part, bare: Bare) -> Result<Compiled, Refusal> {
    let mut notes = Vec::new();
    let form = walked(query, bare, &mut notes)?;
    let refuse = |why: &str, help: &str| Err(at(query, Refusal::new(query.trim(), why, help)));
    let (part, whole) = match (form.value, &form.dims) {
        (Value::Ratio { part, whole }, _) => (part, whole),
        // A gauge that is the share itself.
        (Value::Sum(part), Dims::Series) if bare == Bare::Gauges && part.number == 0.0 => match part.only_selector() {
            Some(selector) => {
                let whole = Sum::of(selector.clone(), Tally::Samples, Unit::Samples);
                (part, whole)
            }
            None => return refuse("this is no share of events", "divide the bad events by all events"),
        },
        _ => return refuse("this is no share of events", "divide the bad events by all events"),
    };
    let fill = form.fill.map(|fill| if part_is == Part::Bad { fill } else { 1.0 - fill });
    if fill.is_some_and(|fill| !is_harmless(fill)) {
        return refuse(
            "missing data is counted as errors here, and missing data is no event",
            "leave `or vector(…)` out; alerting.no_data of a slowburn/v1 file alerts on missing data",
        );
    }
    let bad = match part_is {
        Part::Bad => Some(part),
        Part::Good => whole.clone().plus(&part, -1.0),
    };
    match bad {
        Some(bad) => finish(&bad, &whole, &form.dims, query.trim(), notes).map_err(|refusal| at(query, refusal)),
        None => refuse("the two sides of the quotient count in different units", "use the same function on both sides"),
    }
}

/// Compiles a gauge's query with a threshold: each sample is an event, good where the comparison holds.
pub fn threshold(query: &str, good: Comparison) -> Result<Compiled, Refusal> {
    let mut notes = Vec::new();
    let form = walked(query, Bare::Gauges, &mut notes)?;
    let selector = match &form.value {
        Value::Sum(sum) if sum.number == 0.0 => match &sum.terms[..] {
            [(atom, weight)] if atom.tally == Tally::Values && *weight == 1.0 => Some(atom.selector.clone()),
            _ => None,
        },
        _ => None,
    };
    let Some(selector) = selector else {
        return Err(at(
            query,
            Refusal::new(
                query.trim(),
                "a threshold can be held against a gauge's own samples only",
                "query one gauge without functions, or write the SLI as a ratio of counters or buckets",
            ),
        ));
    };
    if form.dims != Dims::Series {
        notes.push("the threshold is held against each series' samples, not against their sum".to_owned());
    }
    let total = Sum::of(selector.clone(), Tally::Samples, Unit::Samples);
    let hits = Sum::of(selector, Tally::Where(good), Unit::Samples);
    let bad = total.clone().plus(&hits, -1.0).unwrap_or_default();
    let text = format!("{} {good}", query.trim());
    finish(&bad, &total, &form.dims, &text, notes).map_err(|refusal| at(query, refusal))
}

fn sum(query: &str, bare: Bare, notes: &mut Vec<String>) -> Result<(Sum, Dims), Refusal> {
    let form = walked(query, bare, notes)?;
    match form.value {
        Value::Sum(sum) => Ok((sum, form.dims)),
        Value::Ratio { .. } => Err(at(
            query,
            Refusal::new(
                query.trim(),
                "this is a ratio, and a number of events is wanted",
                "give the ratio as one query instead (Sloth: sli.raw.error_ratio_query)",
            ),
        )),
        Value::Filtered { .. } => Err(at(query, walk::filtered_text(query.trim()))),
    }
}

fn walked(query: &str, bare: Bare, notes: &mut Vec<String>) -> Result<Form, Refusal> {
    let parsed = text::parse(query)?;
    let mut walker =
        Walker { bare, placeholders: &parsed.placeholders, at_moment: false, notes: std::mem::take(notes) };
    let form = walker.walk(&parsed.expr);
    *notes = walker.notes;
    form.map_err(|refusal| at(&parsed.text, refusal))
}

/// The budget's labels, and the indicator.
fn finish(bad: &Sum, total: &Sum, dims: &Dims, text: &str, mut notes: Vec<String>) -> Result<Compiled, Refusal> {
    let by = match dims {
        Dims::By(labels) => labels.clone(),
        Dims::Scalar => Vec::new(),
        Dims::Series => {
            notes.push(
                "all series are added up; Prometheus would keep one result for each (write `sum by (label)` for that)"
                    .to_owned(),
            );
            Vec::new()
        }
        Dims::Without(_) => {
            return Err(Refusal::new(
                text,
                "`without` leaves labels that nobody names, and each of their values would be a budget",
                "name the labels: sum by (…), or sum(…) for one budget",
            ));
        }
    };
    let indicator = indicator::indicator(bad, total, text)?;
    if indicator::hides_a_missing_bucket(&indicator) {
        notes.push(
            "whether a target has the bucket is checked only where it and the total have the same labels; without it \
             all events would count as bad"
                .to_owned(),
        );
    }
    Ok(Compiled { indicator, by, notes })
}

/// Puts the place of the part into a refusal, and its text as written.
fn at(query: &str, mut refusal: Refusal) -> Refusal {
    if refusal.offset.is_some() {
        return refusal;
    }
    match text::located(query, &refusal.expression) {
        Some((offset, text)) => (refusal.offset, refusal.expression) = (Some(offset), text),
        None => {
            refusal.offset = text::near(query, &refusal.expression);
            refusal.expression = text::spelled(&refusal.expression);
        }
    }
    refusal
}

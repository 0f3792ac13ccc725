//! From sums to an indicator: weights for every series, or one of slowburn's own forms where the query means just that.
//!
//! The own forms do more than weights could: a latency indicator knows a missing bucket, and a scrape indicator counts
//! the attempts that found nobody.

use super::boundary::boundary;
use super::form::{Atom, Sum};
use super::refusal::Refusal;
use crate::domain::selector::Selector;
use crate::domain::slo::{Indicator, Part, Tally, Term};

/// Series that Prometheus makes up itself.
const UP: &str = "up";

/// An indicator from the bad events and all events; `text` shows the queries.
pub(super) fn indicator(bad: &Sum, total: &Sum, text: &str) -> Result<Indicator, Refusal> {
    check(bad, total, text)?;
    let terms = terms(bad, total);
    if terms.iter().any(|term| !term.total.is_finite() || !term.bad.is_finite()) {
        let help = "multiply by numbers that people can count to";
        return Err(Refusal::new(text, "its factors are beyond what numbers hold", help));
    }
    if terms.iter().any(|term| term.selector.name == UP && term.tally != Tally::Growth) {
        return scrapes(&terms, text);
    }
    Ok(latency(&terms).or_else(|| events(&terms)).unwrap_or_else(|| Indicator::Terms { terms, text: text.to_owned() }))
}

fn check(bad: &Sum, total: &Sum, text: &str) -> Result<(), Refusal> {
    let refuse = |why: &str, help: &str| Err(Refusal::new(text, why, help));
    if bad.number != 0.0 || total.number != 0.0 {
        return refuse("a plain number stands beside the events", "count events only; a ratio is one sum over another");
    }
    if total.is_number() {
        return refuse("there are no events in all events", "write a query of counters for the total");
    }
    if total.terms.iter().all(|(_, weight)| *weight <= 0.0) {
        return refuse("all events are subtracted from the total", "add up the events in the total");
    }
    let mut weights = bad.terms.iter().map(|(_, weight)| *weight);
    if weights.clone().all(|weight| weight <= 0.0) && weights.any(|weight| weight < 0.0) {
        return refuse(
            "all of the bad events are subtracted, so there would be fewer than none",
            "add up the bad events",
        );
    }
    if bad.unit.is_some() && bad.unit != total.unit {
        return refuse(
            "the bad events and all events are in different units (per second, events, samples)",
            "use the same function in both queries, such as rate()",
        );
    }
    Ok(())
}

/// One term for each thing that is counted, scaled so that most totals have the weight 1.
fn terms(bad: &Sum, total: &Sum) -> Vec<Term> {
    let scale = total.terms.iter().map(|(_, weight)| weight.abs()).fold(f64::INFINITY, f64::min);
    let of_bad = bad.terms.iter().filter(|(atom, _)| total.weight(atom) == 0.0);
    let atoms = total.terms.iter().chain(of_bad).map(|(atom, _)| atom);
    let term = |atom: &Atom| Term {
        selector: atom.selector.clone(),
        total: total.weight(atom) / scale,
        bad: bad.weight(atom) / scale,
        tally: atom.tally,
    };
    atoms.map(term).collect()
}

/// Samples of `up`: each attempt to scrape is an event, bad when it failed.
fn scrapes(terms: &[Term], text: &str) -> Result<Indicator, Refusal> {
    let at = |value: f64| {
        let add = |(total, bad): (f64, f64), term: &Term| {
            let events = term.tally.of_sample(value);
            (total + events * term.total, bad + events * term.bad)
        };
        terms.iter().fold((0.0, 0.0), add)
    };
    let ((down, bad_down), (up, bad_up)) = (at(0.0), at(1.0));
    let targets = &terms[0].selector;
    let alike = terms.iter().all(|term| super::form::same_selector(&term.selector, targets));
    if alike && up > 0.0 && down == up && bad_down == up && bad_up == 0.0 {
        return Ok(Indicator::Scrape { targets: targets.matchers.clone() });
    }
    Err(Refusal::new(
        text,
        "`up` is no series of a target: slowburn knows whether its scrapes succeed, but adds nothing to that",
        "write 1 - avg_over_time(up{job=\"…\"}[{{.window}}]), or another gauge such as probe_success",
    ))
}

/// `x_count − x_bucket{le="…"}` of `x_count`: a histogram's latency.
fn latency(terms: &[Term]) -> Option<Indicator> {
    let [all, fast] = terms else { return None };
    let growth = all.tally == Tally::Growth && fast.tally == Tally::Growth;
    if !growth || (all.total, all.bad, fast.total, fast.bad) != (1.0, 1.0, 0.0, -1.0) {
        return None;
    }
    let name = fast.selector.name.strip_suffix("_bucket")?;
    let (le, histogram) = without_le(&fast.selector, name)?;
    let threshold = le.parse::<f64>().ok().filter(|threshold| threshold.is_finite() && *threshold > 0.0)?;
    let of_all = match all.selector.name.strip_suffix("_count") {
        Some(base) => all.selector.renamed(base),
        None => {
            let (le, of_all) = without_le(&all.selector, all.selector.name.strip_suffix("_bucket")?)?;
            (le == "+Inf").then_some(of_all)?
        }
    };
    let same = super::form::same_selector(&of_all, &histogram);
    same.then_some(Indicator::Latency { histogram, threshold, threshold_text: le })
}

/// Whether good events are those of a bucket without the checks of a latency indicator.
pub(super) fn hides_a_missing_bucket(indicator: &Indicator) -> bool {
    let is_bucket = |selector: &Selector| {
        selector
            .name
            .strip_suffix("_bucket")
            .and_then(|name| without_le(selector, name))
            .is_some_and(|(le, _)| le != "+Inf")
    };
    match indicator {
        Indicator::Events { part, part_is: Part::Good, .. } => is_bucket(part),
        Indicator::Terms { terms, .. } => terms.iter().any(|term| term.bad < 0.0 && is_bucket(&term.selector)),
        _ => false,
    }
}

/// A bucket's boundary, and the histogram that it belongs to.
fn without_le(bucket: &Selector, name: &str) -> Option<(String, Selector)> {
    let mut histogram = bucket.renamed(name);
    let at = histogram.matchers.0.iter().position(|matcher| matcher.label == "le")?;
    let le = boundary(&histogram.matchers.0.remove(at))?;
    histogram.matchers.0.iter().all(|matcher| matcher.label != "le").then_some((le, histogram))
}

/// A counter of all events and one of the bad or of the good ones.
fn events(terms: &[Term]) -> Option<Indicator> {
    let [all, part] = terms else { return None };
    let growth = all.tally == Tally::Growth && part.tally == Tally::Growth;
    let part_is = match (all.total, all.bad, part.total, part.bad) {
        (1.0, 0.0, 0.0, 1.0) => Part::Bad,
        (1.0, 1.0, 0.0, -1.0) => Part::Good,
        _ => return None,
    };
    growth.then(|| Indicator::Events { total: all.selector.clone(), part: part.selector.clone(), part_is })
}

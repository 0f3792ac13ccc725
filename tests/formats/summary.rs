//! What was read from a file, in a few lines that a person can check.

use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::slo::{Indicator, Pair, Severity, Slo, Tally, Term};
use slowburn::domain::time::format_duration;
use slowburn::spec::{Reading, read_files};
use std::fmt::Write;

/// Reads one file as if it stood alone.
pub fn read(name: &str, text: &[u8]) -> (Reading, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let reading = read_files(&[(name, text)], &|_| None, &mut diagnostics);
    (reading, diagnostics)
}

/// SLOs, then mistakes and warnings.
pub fn summary(reading: &Reading, diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for slo in &reading.slos {
        text.push_str(&of_slo(slo));
    }
    for found in diagnostics.iter() {
        let _ = writeln!(text, "{found}");
    }
    text
}

fn of_slo(slo: &Slo) -> String {
    let mut text = format!("{} {}% over {}", slo.id, slo.objective.percent(), slo.window);
    if !slo.by.is_empty() {
        let _ = write!(text, " by {}", slo.by.join(","));
    }
    if let Some(slices) = slo.timeslices {
        let _ = write!(text, ", slices of {} at {}%", format_duration(slices.slice), slices.target);
    }
    let _ = writeln!(text, "\n  {}", indicator(&slo.indicator));
    for severity in [Severity::Page, Severity::Ticket] {
        let pairs: Vec<String> = slo.policy.pairs_of(severity).map(pair).collect();
        if !pairs.is_empty() {
            let _ = writeln!(text, "  {severity}: {}", pairs.join(", "));
        }
    }
    if let Some(severity) = slo.policy.no_data.severity {
        let _ = writeln!(text, "  no data after {}: {severity}", format_duration(slo.policy.no_data.after));
    }
    text
}

fn pair(pair: &Pair) -> String {
    let wait = if pair.r#for.is_zero() { String::new() } else { format!(" for {}", format_duration(pair.r#for)) };
    format!("{}/{} x{}{wait}", format_duration(pair.long), format_duration(pair.short), pair.factor)
}

/// One line for an indicator.
pub fn indicator(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Events { total, part, part_is } => format!("{part_is:?} {part} of {total}"),
        Indicator::Latency { histogram, threshold, .. } => format!("Latency {histogram} <= {threshold}"),
        Indicator::Scrape { targets } => {
            format!("Scrape {{{}}}", targets.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        Indicator::Terms { terms, .. } => format!("Terms {}", terms.iter().map(term).collect::<Vec<_>>().join("; ")),
    }
}

fn term(term: &Term) -> String {
    let tally = match term.tally {
        Tally::Growth => String::new(),
        Tally::Samples => "samples ".to_owned(),
        Tally::Values => "values ".to_owned(),
        Tally::Where(comparison) => format!("where({comparison}) "),
    };
    format!("{tally}{} total {} bad {}", term.selector, term.total, term.bad)
}

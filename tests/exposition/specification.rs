//! Both specifications against four readers: this one, Prometheus's server, `promtool check metrics` and the
//! `prometheus-parse` crate.
//!
//! A rule says what the specification says. A reader that does otherwise stands in [`differences`] by name, with the
//! reason; what differs without standing there fails, and so does what stands there and does not differ.

use super::differences::{CRATE, Difference, OURS, PROMTOOL, SERVER};
use super::open_rows::OPEN;
use super::peers::{promtool_reads, scrape, with_prometheus_parse};
use super::samples;
use super::table::ROWS;
use super::text_rows::TEXT;
use slowburn::source::exposition::Format;
use std::collections::{BTreeMap, BTreeSet};

/// What a specification says of a body.
pub struct Rule {
    pub name: &'static str,
    pub body: &'static [u8],
    /// The samples, where the body follows the specification.
    pub samples: Option<&'static [&'static str]>,
}

pub const fn valid(name: &'static str, body: &'static str, samples: &'static [&'static str]) -> Rule {
    Rule { name, body: body.as_bytes(), samples: Some(samples) }
}

pub const fn invalid(name: &'static str, body: &'static str) -> Rule {
    invalid_bytes(name, body.as_bytes())
}

pub const fn invalid_bytes(name: &'static str, body: &'static [u8]) -> Rule {
    Rule { name, body, samples: None }
}

/// All rules with their format; names are those of the format and the rule.
fn rules() -> impl Iterator<Item = (String, Format, &'static Rule)> {
    let of = |prefix: &'static str, format, rules: &'static [Rule]| {
        rules.iter().map(move |rule| (format!("{prefix}: {}", rule.name), format, rule))
    };
    of("text", Format::Text, TEXT).chain(of("open", Format::OpenMetrics, OPEN))
}

/// Fails unless the rules of which a reader thinks otherwise are those that are listed; shows the list.
fn assert_listed(reader: &str, differ: impl Iterator<Item = String>, listed: &[Difference]) {
    let differ: BTreeSet<String> = differ.collect();
    let mut known = BTreeSet::new();
    for Difference { why, rules } in listed {
        println!("{reader}: {why}\n  {}", rules.join("\n  "));
        known.extend(rules.iter().map(|name| (*name).to_owned()));
    }
    let new: Vec<&String> = differ.difference(&known).collect();
    let gone: Vec<&String> = known.difference(&differ).collect();
    assert!(new.is_empty() && gone.is_empty(), "not listed: {new:#?}\nlisted, but no difference: {gone:#?}");
}

#[test]
fn no_rule_stands_twice() {
    let mut names = BTreeSet::new();
    let mut bodies: BTreeMap<(bool, &[u8]), String> = ROWS
        .iter()
        .map(|row| ((row.format == Format::Text, row.body.as_bytes()), format!("the table's {}", row.name)))
        .collect();
    for (name, format, rule) in rules() {
        assert!(names.insert(name.clone()), "{name} stands twice");
        let other = bodies.insert((format == Format::Text, rule.body), name.clone());
        assert_eq!(other, None, "{name} has the same body");
    }
}

#[test]
fn this_reader_does_what_the_specifications_say_or_differs_for_a_reason() {
    for (name, format, rule) in rules() {
        let (found, Some(expected)) = (samples(rule.body, format), rule.samples) else { continue };
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{name}");
    }
    let takes = rules().filter(|(_, format, rule)| samples(rule.body, *format).is_ok() != rule.samples.is_some());
    assert_listed("this reader", takes.map(|(name, ..)| name), OURS);
}

#[test]
fn promtool_does_what_the_specification_says_or_differs_for_a_reason() {
    let of_text = rules().filter(|(_, format, _)| *format == Format::Text);
    let differ = of_text.filter(|(.., rule)| promtool_reads(rule.body) != rule.samples.is_some());
    assert_listed("promtool", differ.map(|(name, ..)| name), PROMTOOL);
}

#[test]
fn the_server_does_what_the_specifications_say_or_differs_for_a_reason() {
    let all: Vec<_> = rules().collect();
    let (verdicts, stored) = scrape(all.iter().map(|(_, format, rule)| (*format, rule.body)).collect());
    let differ = all.iter().zip(&verdicts).filter(|((.., rule), up)| **up != rule.samples.is_some());
    assert_listed("Prometheus", differ.map(|((name, ..), _)| name.clone()), SERVER);
    // What it stored is what is read here; samples with times of their own are too old for it.
    for (((name, format, rule), up), stored) in all.iter().zip(&verdicts).zip(&stored) {
        let Ok(mut read) = samples(rule.body, *format) else { continue };
        if !up || read.iter().any(|sample| sample.at.is_some()) {
            continue;
        }
        let mut seen = BTreeSet::new();
        read.retain(|sample| seen.insert((sample.name.clone(), sample.labels.clone())));
        read.iter_mut().for_each(|sample| sample.labels.retain(|(_, value)| !value.is_empty()));
        let mut read: Vec<String> = read.iter().map(ToString::to_string).collect();
        read.sort();
        assert_eq!(read, *stored, "{name}");
    }
}

#[test]
fn prometheus_parse_reads_the_same_or_differs_for_a_reason() {
    let of_text = rules().filter(|(_, format, rule)| *format == Format::Text && rule.samples.is_some());
    let differs = |(_, _, rule): &(String, Format, &Rule)| {
        let text = std::str::from_utf8(rule.body).expect("what is valid is UTF-8");
        let mut found: Vec<String> = with_prometheus_parse(text);
        let mut expected: Vec<String> = rule.samples.into_iter().flatten().map(ToString::to_string).collect();
        found.sort();
        expected.sort();
        found != expected
    };
    assert_listed("prometheus-parse", of_text.filter(differs).map(|(name, ..)| name), CRATE);
}

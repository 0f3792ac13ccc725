//! What a reader must hand over, and what a histogram without the wanted bucket leads to.

use crate::build::{events, labels, latency, seconds, series, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::event::Event;
use slowburn::domain::labels::Labels;
use slowburn::domain::plan::Plan;
use slowburn::domain::selector::{MatchOp, Matcher, Matchers};
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{Indicator, Part, Slo};
use std::collections::BTreeMap;

fn with(name: &str, indicator: Indicator) -> Slo {
    Slo { indicator, ..slo(name) }
}

fn plan(setup: &Setup) -> Plan {
    Plan::new(setup, &BTreeMap::new())
}

/// The selectors that a reader gets for a target of these labels.
fn wanted(plan: &Plan, target: &Labels, honor_labels: bool, wide: bool) -> Vec<String> {
    let selection = plan.selection(&plan.terms_for(target, honor_labels, &|_| wide));
    selection.selectors().iter().map(ToString::to_string).collect()
}

#[test]
fn a_reader_gets_the_selectors_that_its_target_may_satisfy() {
    let setup = setup([
        with("a", events("all{job=\"shop\"}", "all{job=\"shop\",code=\"500\"}", Part::Bad)),
        with("b", events("other{job=\"web\"}", "other{instance=~\"a:.*\"}", Part::Good)),
        with("c", latency("took", 0.5)),
    ]);
    let plan = plan(&setup);
    let latency = ["took_count", "took_bucket{le=\"0.5\"}", "took_bucket{le=\"+Inf\"}"];
    let shop = ["all{job=\"shop\"}", "all{job=\"shop\",code=\"500\"}"];
    for (name, own, honor_labels, wide, expected) in [
        (
            "its own job and instance",
            labels(&[("job", "shop"), ("instance", "a:80")]),
            false,
            false,
            [&shop[..], &["other{instance=~\"a:.*\"}"], &latency].concat(),
        ),
        (
            "another instance",
            labels(&[("job", "shop"), ("instance", "b:80")]),
            false,
            false,
            [&shop[..], &latency].concat(),
        ),
        ("no labels", Labels::new(), false, false, latency.to_vec()),
        (
            "series that keep their labels",
            Labels::new(),
            true,
            false,
            [&shop[..], &["other{job=\"web\"}", "other{instance=~\"a:.*\"}"], &latency].concat(),
        ),
        ("every bucket", Labels::new(), false, true, [&latency[..], &["took_bucket"]].concat()),
    ] {
        assert_eq!(wanted(&plan, &own, honor_labels, wide), expected, "{name}");
    }
}

#[test]
fn targets_of_one_job_differ_only_where_instances_are_asked_for() {
    for (selector, expected) in [("all", false), ("all{job=\"shop\"}", false), ("all{instance!=\"a:80\"}", true)] {
        let setup = setup([with("a", events(selector, "bad", Part::Bad))]);
        assert_eq!(plan(&setup).asks_for_instances(), expected, "{selector}");
    }
}

#[test]
fn an_attempt_counts_where_its_target_is_asked_for() {
    let job = |job: &str| Matchers(vec![Matcher::new("job", MatchOp::Equal, job).expect("a matcher")]);
    let setup = setup(["shop", "web", "shop"].map(|name| with(name, Indicator::Scrape { targets: job(name) })));
    let counting = |own: &Labels| plan(&setup).scrape_slos(own).collect::<Vec<_>>();
    assert_eq!(counting(&labels(&[("job", "shop")])), [0, 2]);
    assert_eq!(counting(&Labels::new()), [0; 0]);
}

/// Reads a histogram with these buckets; the last value is its `_count`.
fn read(run: &mut Run, second: i64, buckets: &[(&str, f64)], count: f64) -> bool {
    let bucket =
        |(le, value): &(&str, f64)| crate::build::sample(&series(&run.target, "took_bucket", &[("le", le)]), *value);
    let mut samples: Vec<_> = buckets.iter().map(bucket).collect();
    samples.push(crate::build::sample(&series(&run.target, "took_count", &[]), count));
    run.read(second, samples).selectors_changed
}

const MISSING: &str = "took has no bucket at the threshold 0.5 (le=\"0.5\") on shop/a:80; buckets near it: 0.1, 1";

#[test]
fn a_threshold_without_a_bucket_is_told_with_those_near_it_until_there_is_one() {
    let mut run = Run::new(setup([with("a", latency("took", 0.5))]));
    assert!(read(&mut run, 0, &[("0.1", 0.0), ("1", 0.0), ("+Inf", 0.0)], 0.0), "readers must hand over every bucket");
    assert_eq!(run.status().problem.as_deref(), Some(MISSING));
    assert_eq!(*run.state.wide(), [0].into());
    assert!(!read(&mut run, 15, &[("0.1", 1.0), ("1", 8.0), ("+Inf", 10.0)], 10.0));
    assert_eq!(run.totals(), (0.0, 0.0), "nothing can be counted");
    assert!(read(&mut run, 30, &[("0.1", 1.0), ("0.5", 5.0), ("1", 8.0), ("+Inf", 10.0)], 10.0));
    assert_eq!((run.status().problem.as_deref(), run.state.wide().len()), (None, 0));
    assert!(!read(&mut run, 45, &[("0.1", 2.0), ("0.5", 9.0), ("1", 14.0), ("+Inf", 20.0)], 20.0));
    assert_eq!(run.counts(30, 45).total, 10.0);
    assert_eq!(run.counts(30, 45).bad, 6.0, "slower than the threshold");
}

#[test]
fn a_histogram_is_known_by_its_count_or_its_last_bucket() {
    let mut run = Run::new(setup([with("a", latency("took", 0.5)), with("b", latency("took", 0.7))]));
    let problem = |run: &Run, slo: usize| run.state.statuses().nth(slo).and_then(|status| status.problem.clone());
    read(&mut run, 0, &[("0.1", 0.0), ("0.5", 0.0), ("1", 0.0)], 0.0);
    assert_eq!(problem(&run, 0), None);
    let expected = "took has no bucket at the threshold 0.7 (le=\"0.7\") on shop/a:80; buckets near it: 0.1, 0.5, 1";
    assert_eq!(problem(&run, 1).as_deref(), Some(expected), "another SLO's threshold is near it");

    // A target that shows no count has its total in the last bucket, from then on.
    let bucket = |run: &Run, le, value| crate::build::sample(&series(&run.target, "took_bucket", &[("le", le)]), value);
    let mut run = Run::new(setup([with("a", latency("took", 0.5))]));
    for (second, good, all) in [(0, 0.0, 0.0), (15, 6.0, 10.0)] {
        let samples = vec![bucket(&run, "0.5", good), bucket(&run, "+Inf", all)];
        run.read(second, samples);
    }
    assert_eq!((run.counts(0, 15).total, run.counts(0, 15).bad), (10.0, 4.0));
    // Nothing of a histogram but other buckets is no histogram.
    let mut run = Run::new(setup([with("a", latency("took", 0.5))]));
    let samples = vec![bucket(&run, "1", 0.0)];
    run.read(0, samples);
    assert_eq!(problem(&run, 0), None);
}

#[test]
fn a_missing_bucket_is_forgiven_when_its_target_is_no_longer_scraped() {
    let mut run = Run::new(setup([with("a", latency("took", 0.5))]));
    let other = target("b:80", seconds(15));
    run.step(Event::Scraped(crate::build::read(&other, at(0).0, Vec::new())));
    read(&mut run, 0, &[("0.1", 0.0), ("1", 0.0), ("+Inf", 0.0)], 0.0);
    let effects = run.tick(600);
    assert_eq!((run.status().problem.as_deref(), effects.selectors_changed), (Some(MISSING), false));
    let effects = run.tick(601);
    assert!(effects.selectors_changed, "readers need the threshold's bucket only");
    assert!(run.state.wide().is_empty());
    run.tick(615);
    assert_eq!(run.status().problem, None);
}

#[test]
fn scrapes_of_other_targets_forgive_a_missing_bucket_too() {
    let mut run = Run::new(setup([with("a", latency("took", 0.5))]));
    read(&mut run, 0, &[("0.1", 0.0), ("1", 0.0), ("+Inf", 0.0)], 0.0);
    let other = target("b:80", seconds(15));
    let mut scrape = |second| run.step(Event::Scraped(crate::build::read(&other, at(second).0, Vec::new())));
    assert!(!scrape(600).selectors_changed);
    assert!(scrape(601).selectors_changed, "without a tick");
    assert!(run.state.wide().is_empty());
}

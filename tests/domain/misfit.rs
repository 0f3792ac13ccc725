//! Bad events that are no part of all events: told once it is certain, and never because of the moments of scrapes.

use crate::build::{events, pair, ratio, sample, seconds, series, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::effects::Effects;
use slowburn::domain::event::Event;
use slowburn::domain::reading::Target;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::slo::{Indicator, Part, Severity, SliceVerdict, Slo, Tally, Term, Timeslices};
use slowburn::domain::status::State;
use std::sync::Arc;

fn two_counters(part_is: Part) -> Slo {
    let mut slo = Slo { indicator: events("requests_total", "answers_total", part_is), ..slo("requests") };
    slo.policy.pairs = vec![pair(Severity::Page, 3600, 300, "5")];
    slo
}

/// A scrape that shows these counters.
fn show(run: &mut Run, second: i64, total: f64, part: f64) -> Effects {
    let counter = |name, value| sample(&series(&run.target, name, &[]), value);
    let samples = vec![counter("requests_total", total), counter("answers_total", part)];
    run.read(second, samples)
}

#[test]
fn a_part_that_is_more_than_the_whole_is_a_problem_and_alerts_go_on() {
    for (part_is, problem, fires) in [
        (Part::Bad, "bad is not a part of total: 15 bad events of 10; do both selectors count the same events?", true),
        (
            Part::Good,
            "good is not a part of total: 15 good events of 10; do both selectors count the same events?",
            false,
        ),
    ] {
        let mut run = Run::new(setup([two_counters(part_is)]));
        show(&mut run, 0, 0.0, 0.0);
        show(&mut run, 15, 10.0, 15.0);
        assert_eq!(run.status().problem, None, "the other counter may not have been read yet");
        let told: Vec<_> = (2..30).flat_map(|i| show(&mut run, 15 * i, 10.0, 15.0).problems).collect();
        assert_eq!(run.status().problem.as_deref(), Some(problem));
        assert_eq!(run.status().state, State::Error);
        assert_eq!(told, [(run.spec().id.clone(), Some(problem.to_owned()))], "told once");
        assert_eq!(run.trace().iter().any(|line| line.ends_with("=>firing")), fires, "{part_is:?}");
        let told = show(&mut run, 450, 100.0, 15.0).problems;
        assert_eq!((told, run.status().problem.as_deref()), (vec![(run.spec().id.clone(), None)], None));
    }
}

#[test]
fn events_of_time_slices_that_do_not_fit_are_a_problem_too() {
    let slices = Timeslices { slice: seconds(60), target: ratio("95"), verdict: SliceVerdict::Whole };
    let mut run = Run::new(setup([Slo { timeslices: Some(slices), ..two_counters(Part::Bad) }]));
    show(&mut run, 0, 0.0, 0.0);
    show(&mut run, 15, 10.0, 15.0);
    assert_eq!(run.status().problem, None, "the newest events prove nothing");
    (2..30).for_each(|i| drop(show(&mut run, 15 * i, 10.0, 15.0)));
    let problem = "bad is not a part of total: 15 bad events of 10; do both selectors count the same events?";
    assert_eq!(run.status().problem.as_deref(), Some(problem));
    show(&mut run, 450, 100.0, 15.0);
    assert_eq!(run.status().problem, None);
}

/// A query may subtract one counter from another; weights do that.
#[test]
fn fewer_bad_events_than_none_are_a_problem() {
    let term = |name: &str, total, bad| Term {
        selector: parse_selector(name).expect("a selector"),
        total,
        bad,
        tally: Tally::Growth,
    };
    let terms = vec![term("requests_total", 1.0, 0.0), term("answers_total", 0.0, -1.0)];
    let indicator = Indicator::Terms { terms, text: String::new() };
    for (answers, problem) in [
        (11.0, None),
        (20.0, Some("there are fewer bad events than none: -20 of 100; does the query subtract what it does not add?")),
    ] {
        let mut run = Run::new(setup([Slo { indicator: indicator.clone(), ..two_counters(Part::Bad) }]));
        show(&mut run, 0, 0.0, 0.0);
        (1..30).for_each(|i| drop(show(&mut run, 15 * i, 100.0, answers)));
        assert_eq!(run.status().problem.as_deref(), problem, "{answers}");
    }
}

#[test]
fn what_nearly_fits_is_no_problem() {
    for (total, part) in [(10.0, 10.0), (10.0, 12.0), (1000.0, 1100.0), (0.0, 1.0)] {
        let mut run = Run::new(setup([two_counters(Part::Bad)]));
        show(&mut run, 0, 0.0, 0.0);
        for i in 1..30 {
            show(&mut run, 15 * i, total, part);
        }
        assert_eq!(run.status().problem, None, "{part} of {total}");
    }
}

#[test]
fn counters_that_are_read_at_different_moments_are_no_problem() {
    for first_read in ["answers_total", "requests_total"] {
        read_one_after_the_other(first_read);
    }
}

fn read_one_after_the_other(first_read: &str) {
    let last_read = if first_read == "answers_total" { "requests_total" } else { "answers_total" };
    let mut run = Run::new(setup([two_counters(Part::Bad)]));
    let (first, second) = (target("a:80", seconds(15)), target("b:80", seconds(15)));
    let show = |run: &mut Run, target: &Arc<Target>, second: i64, name: &str, value: f64| {
        let sample = sample(&series(target, name, &[]), value);
        run.step(Event::Scraped(crate::build::read(target, at(second).0, vec![sample])));
        assert_eq!(run.status().problem, None, "{second}, {first_read} read first");
    };
    let mut count = 0.0;
    for i in 0..600_i64 {
        // All is bad, in bursts.
        count += if i % 80 == 7 { 500.0 } else { 0.0 };
        show(&mut run, &first, 15 * i, first_read, count);
        show(&mut run, &second, 15 * i + 10, last_read, count);
    }
}

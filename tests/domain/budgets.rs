//! Budgets, windows, forecasts and the one word that sums an SLO up.

use crate::build::{latency, objective, pair, ratio, sample, seconds, series, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::calendar::{Calendar, Period};
use slowburn::domain::event::Event;
use slowburn::domain::slo::{Severity, SliceVerdict, Slo, SloWindow, Timeslices};
use slowburn::domain::status::{State, WindowStatus};
use slowburn::domain::time::Timestamp;
use std::time::Duration;

#[test]
fn what_was_not_measured_has_no_budget_and_what_was_quiet_has_all_of_it() {
    let mut run = Run::new(setup([slo("requests")]));
    run.tick(15);
    let status = run.status();
    assert_eq!((status.sli.ratio, status.budget.remaining, status.state), (None, None, State::NoData));
    run.scrape(30, 0.0, 0.0);
    run.scrape(45, 0.0, 0.0);
    let status = run.status();
    assert_eq!((status.sli.ratio, status.budget.remaining, status.state), (None, Some(1.0), State::Ok));
    run.scrape(60, 95.0, 5.0);
    let status = run.status();
    assert_eq!((status.sli.ratio, status.budget.remaining, status.state), (Some(0.95), Some(0.5), State::Ok));
    run.scrape(75, 85.0, 15.0);
    let status = run.status();
    assert_eq!((status.budget.remaining, status.budget.exhausts_in_seconds), (Some(0.0), Some(0.0)));
    assert_eq!(status.state, State::Exhausted);
}

#[test]
fn the_first_word_that_holds_is_the_state() {
    let page = pair(Severity::Page, 600, 60, "5");
    let ticket = pair(Severity::Ticket, 600, 60, "2");
    let alerting = || {
        let mut slo = slo("requests");
        slo.policy.pairs = vec![page, ticket];
        slo
    };
    for (name, bad, silence, state) in [
        ("quiet", 0.0, 0, State::Ok),
        ("overspent", 15.0, 0, State::Exhausted),
        ("a ticket fires", 30.0, 0, State::Burning),
        ("a page fires", 60.0, 0, State::Critical),
        ("silent and overspent", 15.0, 300, State::NoData),
        ("silent while a page fires", 60.0, 300, State::Critical),
    ] {
        let mut run = Run::new(setup([alerting()]));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 600, 100.0 - bad, bad);
        run.tick(600 + silence);
        assert_eq!(run.status().state, state, "{name}");
    }
}

#[test]
fn a_threshold_without_a_bucket_is_an_error_that_names_those_near() {
    let slo = Slo { indicator: latency("latency_seconds", 0.3), ..slo("latency") };
    let mut run = Run::new(setup([slo]));
    let show = |run: &mut Run, second, boundaries: &[&str], value| {
        let bucket = |le: &&str| sample(&series(&run.target, "latency_seconds_bucket", &[("le", *le)]), value);
        let mut samples: Vec<_> = boundaries.iter().map(bucket).collect();
        samples.push(sample(&series(&run.target, "latency_seconds_count", &[]), value * 2.0));
        run.read(second, samples);
    };
    show(&mut run, 0, &["0.1", "0.25", "0.5", "+Inf"], 1.0);
    assert_eq!(run.status().state, State::Error);
    let problem = run.status().problem.clone().unwrap_or_default();
    assert!(problem.contains("a:80") && problem.contains("0.25") && problem.contains("0.5"), "{problem}");
    show(&mut run, 15, &["0.1", "0.25", "0.3", "0.5", "+Inf"], 1.0);
    assert_eq!(run.status().problem, None);
    show(&mut run, 30, &["0.1", "0.25", "0.3", "0.5", "+Inf"], 5.0);
    assert_eq!(run.totals(), (5.0, 3.0), "the new bucket counts from its birth, the count from its last value");
}

#[test]
fn forecasts_follow_the_pair_that_matters() {
    let (page, ticket) = (pair(Severity::Page, 600, 60, "5"), pair(Severity::Ticket, 1200, 120, "2"));
    let slow_page = pair(Severity::Page, 1800, 180, "4");
    // A quiet stretch of 1200 s, then 600 s in which `bad` of 10 events fail: per window, the share of bad events.
    for (name, pairs, bad, burn) in [
        ("none fires: the last page pair", vec![page, slow_page, ticket], 1.0, 10.0 / 3.0 / 10.0),
        ("no page pair: the first ticket pair", vec![ticket], 1.0, 5.0 / 10.0),
        ("the firing pair", vec![page, ticket], 3.0, 1.5),
        ("nothing burns", vec![page], 0.0, 0.0),
    ] {
        let mut slo = Slo { objective: objective("90"), ..slo("requests") };
        let firing = pairs.len() == 2;
        slo.policy.pairs = pairs;
        if firing {
            slo.policy.pairs[1].factor = ratio("1");
        }
        let mut run = Run::new(setup([slo]));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 1200, 10.0, 0.0);
        run.go(1215, 1800, 10.0 - bad, bad);
        let budget = &run.status().budget;
        let expected = (burn > 0.0).then(|| budget.remaining.unwrap_or_default().max(0.0) * 3600.0 / burn);
        let close = match (budget.exhausts_in_seconds, expected) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-6 * b.max(1.0),
            (a, b) => a == b,
        };
        assert!(close, "{name}: {:?}, expected {expected:?}", budget.exhausts_in_seconds);
    }
}

fn paris(period: Period) -> SloWindow {
    SloWindow::Calendar(Calendar { period, time_zone: "Europe/Paris".parse().expect("a zone") })
}

#[test]
fn a_calendar_budget_begins_anew_at_local_midnight() {
    let parse = |text| Timestamp::parse(text).expect("a time");
    for (name, period, before, start, end) in [
        ("winter to spring", Period::Month, "2026-02-28T22:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ("spring", Period::Month, "2026-03-31T21:00:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"),
        (
            "the week of the change",
            Period::Week,
            "2026-03-22T22:00:00Z",
            "2026-03-22T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
    ] {
        let (before, start, end) = (parse(before), parse(start), parse(end));
        let mut run = Run::new(setup([Slo { window: paris(period), ..slo("requests") }]));
        let second = |at: Timestamp| (at.0 - crate::run::START.0) / 1000;
        run.scrape(second(before), 0.0, 0.0);
        run.go(second(before) + 15, second(start), 0.0, 10.0);
        assert_eq!(
            run.status().window,
            WindowStatus::Calendar {
                period: period.to_string(),
                time_zone: "Europe/Paris".to_owned(),
                start,
                end,
                seconds: period.nominal().as_secs(),
            },
            "{name}"
        );
        assert_eq!(run.status().sli.total, 0.0, "{name}: the start belongs to the new period");
        run.go(second(start) + 15, second(start) + 600, 10.0, 0.0);
        let status = run.status();
        assert_eq!((status.sli.total, status.sli.bad), (400.0, 0.0), "{name}");
        assert_eq!(status.budget.coverage, 1.0, "{name}: of what has passed");
        assert_eq!(run.totals(), (400.0, 2400.0), "{name}");
    }
}

fn sliced(target: &str) -> Slo {
    Slo {
        timeslices: Some(Timeslices {
            slice: Duration::from_secs(60),
            target: ratio(target),
            verdict: SliceVerdict::Whole,
        }),
        ..slo("requests")
    }
}

#[test]
fn a_slice_is_good_or_bad_as_a_whole() {
    let mut run = Run::new(setup([sliced("95")]));
    run.scrape(0, 0.0, 0.0);
    for (name, second, good, bad, totals) in [
        ("exactly at its target", 60, 95.0, 5.0, (1.0, 0.0)),
        ("below", 120, 94.0, 6.0, (1.0, 1.0)),
        ("measured without events", 180, 0.0, 0.0, (2.0, 1.0)),
    ] {
        for step in [45, 30, 15, 0] {
            run.scrape(second - step, good / 4.0, bad / 4.0);
        }
        assert_eq!(run.totals(), totals, "{name}");
    }
    run.fail(195);
    run.tick(600);
    assert_eq!(run.totals(), (2.0, 1.0), "what was not measured does not count");
    assert_eq!(run.status().sli.total, 3.0);
}

#[test]
fn late_data_corrects_a_slice() {
    let mut run = Run::new(setup([sliced("95")]));
    let (a, b) = (run.target.clone(), target("b:80", seconds(15)));
    let mut show = |target: &std::sync::Arc<_>, second: i64, code: &str, value: f64| {
        let sample = sample(&series(target, "requests_total", &[("code", code)]), value);
        run.step(Event::Scraped(crate::build::read(target, at(second).0, vec![sample])));
        run.totals()
    };
    show(&a, 0, "200", 0.0);
    show(&b, 1, "500", 0.0);
    assert_eq!(show(&a, 61, "200", 61.0), (1.0, 0.0));
    // The other target's answer was slow: in the same minute it served nothing but errors.
    assert_eq!(show(&b, 59, "500", 58.0), (0.0, 1.0), "the minute is bad after all");
    assert_eq!(show(&a, 121, "200", 5000.0), (1.0, 1.0));
}

#[test]
fn a_bridged_gap_fills_its_slices() {
    let mut run = Run::new(setup([sliced("95")]));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 15.0, 0.0);
    for second in (30..600).step_by(15) {
        run.fail(second);
    }
    assert_eq!(run.totals(), (1.0, 0.0), "only the first minute was measured");
    run.scrape(600, 292.5, 292.5);
    assert_eq!(run.totals(), (0.0, 10.0), "every minute of the gap was bad, the first one too");
}

#[test]
fn coverage_is_the_measured_share_of_the_window() {
    let mut run = Run::new(setup([slo("requests")]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 900, 1.0, 0.0);
    assert_eq!(run.status().budget.coverage, 0.25);
    run.go(915, 4500, 1.0, 0.0);
    assert_eq!(run.status().budget.coverage, 1.0);
}

#[test]
fn by_gives_each_value_a_budget_of_its_own() {
    let mut run = Run::new(setup([Slo { by: vec!["code".to_owned()], ..slo("requests") }]));
    run.scrape_of(0, &[("200", 0.0), ("500", 0.0)]);
    run.scrape_of(15, &[("200", 30.0), ("500", 4.0)]);
    let found: Vec<_> = run.state.statuses().map(|s| (s.group.to_string(), s.sli.total, s.sli.bad)).collect();
    assert_eq!(found, [("{code=\"200\"}".to_owned(), 30.0, 0.0), ("{code=\"500\"}".to_owned(), 4.0, 4.0)]);
}

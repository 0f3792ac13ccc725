//! How series and targets come into the world and leave it: rules 1 to 4 of counting, one story each.

use crate::build::{events, seconds, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::reading::Sample;
use slowburn::domain::setup::{JobPolicy, NewSeries, NewTarget, Setup};
use slowburn::domain::slo::{Part, Slo};

const HOUR: i64 = 3600;

fn with(policy: JobPolicy) -> Setup {
    let mut setup = setup([slo("requests")]);
    setup.watched_jobs = Some(["shop".to_owned()].into());
    setup.jobs.insert("shop".to_owned(), policy);
    setup
}

#[test]
fn a_value_below_the_last_one_is_a_reset_and_counts() {
    let mut run = Run::new(setup([slo("requests")]));
    for (second, value) in [(0, 100.0), (15, 130.0), (30, 20.0), (45, 25.0)] {
        run.scrape_of(second, &[("200", value)]);
    }
    assert_eq!(run.totals(), (55.0, 0.0));
    assert_eq!(run.counts(15, 30).total, 20.0);
}

#[test]
fn the_first_error_of_a_new_label_set_counts() {
    for (policy, bad) in [(NewSeries::Zero, 3.0), (NewSeries::Baseline, 0.0)] {
        let mut run = Run::new(with(JobPolicy { new_series: policy, ..JobPolicy::default() }));
        run.scrape_of(0, &[("200", 50.0)]);
        run.scrape_of(15, &[("200", 50.0), ("500", 3.0)]);
        assert_eq!(run.totals().1, bad, "{policy:?}");
        run.scrape_of(30, &[("200", 50.0), ("500", 5.0)]);
        assert_eq!(run.totals().1, bad + 2.0, "{policy:?}");
    }
}

#[test]
fn a_targets_first_scrape_counts_only_what_was_born_under_watch() {
    use NewTarget::{Created, ProcessStart};
    for (name, policy, created, started, counted) in [
        ("nothing known", Created, None, None, 0.0),
        ("nothing known, asked for", ProcessStart, None, None, 0.0),
        ("created before", Created, Some(-5), None, 0.0),
        ("created when the watch began", Created, Some(0), None, 0.0),
        ("created under watch", Created, Some(40), None, 30.0),
        ("started under watch, not asked for", Created, None, Some(40), 0.0),
        ("started under watch", ProcessStart, None, Some(40), 30.0),
        ("started before", ProcessStart, None, Some(-5), 0.0),
        ("a series' own birth alone decides: before", ProcessStart, Some(-5), Some(40), 0.0),
        ("a series' own birth alone decides: after", ProcessStart, Some(40), Some(-5), 30.0),
    ] {
        let mut run = Run::new(with(JobPolicy { new_target: policy, ..JobPolicy::default() }));
        let mut sample = run.sample("200", 30.0);
        sample.created = created.map(at);
        let mut scrape = crate::build::read(&run.target, at(100).0, vec![sample]);
        if let slowburn::domain::reading::Outcome::Read(reading) = &mut scrape.outcome {
            reading.process_start = started.map(at);
        }
        run.step(slowburn::domain::event::Event::Scraped(scrape));
        assert_eq!(run.totals(), (counted, 0.0), "{name}");
        assert_eq!(run.counts(70, 100).total, counted / 2.0, "{name}: spread from the birth");
    }
}

#[test]
fn a_moved_creation_time_is_a_reset_and_a_moved_process_start_is_none() {
    let mut run = Run::new(setup([slo("requests")]));
    let show = |run: &mut Run, second, value, created: i64, started: i64| {
        let mut sample = run.sample("200", value);
        sample.created = Some(at(created));
        let mut scrape = crate::build::read(&run.target, at(second).0, vec![sample]);
        if let slowburn::domain::reading::Outcome::Read(reading) = &mut scrape.outcome {
            reading.process_start = Some(at(started));
        }
        run.step(slowburn::domain::event::Event::Scraped(scrape));
    };
    show(&mut run, 0, 10.0, -100, -100);
    show(&mut run, 15, 14.0, -100, 10);
    assert_eq!(run.totals().0, 4.0, "the exporter restarted, what it relays did not");
    show(&mut run, 30, 20.0, 20, 10);
    assert_eq!(run.totals().0, 24.0, "all of the new life counts");
}

#[test]
fn a_moved_creation_time_says_since_when_the_new_value_counts() {
    // Shown with 10 at 0 s, and next with 30; so many of the events lie in the last seconds, so much time is measured.
    for (name, second, created, last, events, measured) in [
        ("between two scrapes", 15, 9, 6, 30.0, 15_000),
        ("in a gap", 300, 240, 60, 30.0, 60_000),
        ("before the last sample", 300, -50, 60, 6.0, 0),
        ("after its own sample", 300, 400, 1, 30.0, 0),
        ("as it was", 300, -100, 60, 4.0, 300_000),
    ] {
        let mut run = Run::new(setup([slo("requests")]));
        for (second, value, created) in [(0, 10.0, -100), (second, 30.0, created)] {
            let sample = Sample { created: Some(at(created)), ..run.sample("200", value) };
            run.read(second, vec![sample]);
        }
        assert_eq!(run.counts(second - last, second).total, events, "{name}");
        assert_eq!(run.counts(0, second).measured, measured, "{name}");
    }
}

#[test]
fn a_series_that_was_missing_goes_on_for_a_day_of_scraping() {
    // Scrapes without the series, then time without any, then its return after having grown from 5 to 8.
    for (name, scraped_hours, silent_hours, failing, bad) in [
        ("a short absence", 1, 0, false, 3.0),
        ("nearly a day", 23, 0, false, 3.0),
        ("more than a day", 25, 0, false, 8.0),
        ("a day without scrapes does not run", 23, 48, false, 3.0),
        ("failed scrapes do not run either", 23, 48, true, 3.0),
    ] {
        let mut run = Run::new(setup([slo("requests")]));
        run.target = target("a:80", seconds(600));
        run.scrape_of(0, &[("200", 1.0), ("500", 5.0)]);
        for second in (600..=scraped_hours * HOUR).step_by(600) {
            run.scrape_of(second, &[("200", 1.0)]);
        }
        let end = (scraped_hours + silent_hours) * HOUR;
        for second in (scraped_hours * HOUR + 600..end).step_by(600).filter(|_| failing) {
            run.fail(second);
        }
        run.scrape_of(end + 600, &[("200", 1.0), ("500", 8.0)]);
        assert_eq!(run.totals(), (0.0, bad), "{name}");
    }
}

#[test]
fn what_is_no_count_is_skipped_and_reported_and_no_sight_at_all() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        let mut run = Run::new(setup([slo("requests")]));
        run.scrape_of(0, &[("200", 10.0)]);
        let effects = run.scrape_of(15, &[("200", value), ("500", value)]);
        assert!(effects.warnings[0].1.starts_with("2 samples are no counts"), "{:?}", effects.warnings);
        run.scrape_of(30, &[("200", 14.0), ("500", 2.0)]);
        assert_eq!(run.totals(), (4.0, 2.0), "after {value}: no reset, and the error's birth is its first count");
    }
}

#[test]
fn a_sample_named_twice_counts_once() {
    let mut run = Run::new(setup([slo("requests")]));
    run.scrape_of(0, &[("200", 10.0)]);
    run.scrape_of(15, &[("200", 12.0), ("200", 19.0)]);
    assert_eq!(run.totals(), (2.0, 0.0));
}

#[test]
fn samples_with_a_time_of_their_own_count_in_order_only() {
    let mut run = Run::new(setup([slo("requests")]));
    let mut show = |scraped, own: i64, value| {
        let mut sample = run.sample("200", value);
        sample.at = Some(at(own));
        let warnings = run.read(scraped, vec![sample]).warnings.len();
        (warnings, run.totals().0)
    };
    assert_eq!(show(100, 40, 10.0), (0, 0.0));
    assert_eq!(show(115, 100, 16.0), (0, 6.0));
    assert_eq!(show(130, 100, 16.0), (0, 6.0), "the same sample again is no news");
    assert_eq!(show(145, 90, 12.0), (1, 6.0), "an older one is reported, not counted");
    assert_eq!(show(160, 160 + 601, 30.0), (1, 6.0), "so is one from the future");
    assert_eq!(show(175, 175, 17.0), (0, 7.0));
}

#[test]
fn a_gap_that_the_counters_bridge_is_counted_once_and_measured() {
    let mut run = Run::new(setup([slo("requests")]));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 10.0, 0.0);
    for second in (30..600).step_by(15) {
        run.fail(second);
    }
    run.scrape(615, 60.0, 30.0);
    assert_eq!(run.totals(), (70.0, 30.0));
    assert_eq!((run.counts(15, 315).total, run.counts(15, 315).measured), (45.0, 300_000));
}

#[test]
fn a_reset_behind_a_gap_counts_but_bridges_nothing() {
    let mut run = Run::new(setup([slo("requests")]));
    run.scrape_of(0, &[("200", 100.0)]);
    run.scrape_of(15, &[("200", 110.0)]);
    run.fail(30);
    run.scrape_of(315, &[("200", 30.0)]);
    assert_eq!(run.totals().0, 40.0);
    assert_eq!(run.counts(15, 315).measured, 0);
}

#[test]
fn an_slo_added_by_a_reload_counts_from_then_on() {
    let jobs = || Slo { indicator: events("jobs_total", "jobs_total{result=\"failed\"}", Part::Bad), ..slo("jobs") };
    let shared = || Slo { window: slowburn::domain::slo::SloWindow::Rolling(seconds(600)), ..slo("shared") };
    let mut run = Run::new(setup([slo("requests")]));
    let show = |run: &mut Run, second, requests, done| {
        let jobs = crate::build::series(&run.target, "jobs_total", &[("result", "failed")]);
        let samples = vec![run.sample("500", requests), crate::build::sample(&jobs, done)];
        run.read(second, samples);
    };
    // Samples that nobody asked for yet change nothing.
    show(&mut run, 0, 100.0, 50.0);
    show(&mut run, 15, 110.0, 60.0);
    run.configure(20, setup([slo("requests"), jobs(), shared()]));
    show(&mut run, 30, 115.0, 70.0);
    assert_eq!(run.state.totals(), [(0.0, 15.0), (0.0, 0.0), (0.0, 5.0)], "a first look counts nothing");
    show(&mut run, 45, 115.0, 73.0);
    assert_eq!(run.state.totals(), [(0.0, 15.0), (0.0, 3.0), (0.0, 5.0)]);
    run.configure(50, setup([slo("requests")]));
    run.configure(55, setup([slo("requests"), jobs()]));
    show(&mut run, 60, 115.0, 80.0);
    assert_eq!(run.state.totals(), [(0.0, 15.0), (0.0, 10.0)], "what left comes back with its counts");
}

#[test]
fn an_attempt_is_an_event_of_a_scrape_sli_the_first_too() {
    let targets = slowburn::domain::selector::Matchers::default();
    let up = Slo { indicator: slowburn::domain::slo::Indicator::Scrape { targets }, ..slo("up") };
    let mut run = Run::new(setup([up]));
    run.fail(0);
    run.scrape_of(15, &[]);
    run.fail(30);
    assert_eq!(run.totals(), (1.0, 2.0));
}

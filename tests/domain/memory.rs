//! What the state remembers, for how long, and how it is taken back from what was stored.

use crate::build::{events, seconds, series, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::event::Event;
use slowburn::domain::slo::{Part, Slo};
use slowburn::domain::state::State;
use slowburn::domain::target_state::TargetState;
use slowburn::domain::time::Timestamp;
use std::collections::BTreeMap;

const DAY: i64 = 86_400;

#[test]
fn an_slo_that_left_is_remembered_for_35_days() {
    for (later, remembered) in [(35 * DAY - 1, true), (35 * DAY, false), (36 * DAY, false)] {
        let mut run = Run::new(setup([slo("api")]));
        run.scrape(0, 0.0, 0.0);
        run.scrape(15, 7.0, 0.0);
        run.configure(100, setup([]));
        assert_eq!(run.state.retired.len(), 1);
        run.configure(100 + later, setup([]));
        assert_eq!(run.state.retired.len(), usize::from(remembered), "{later}");
        run.configure(101 + later, setup([slo("api")]));
        assert_eq!(run.group().totals(), (if remembered { 7.0 } else { 0.0 }, 0.0), "{later}");
    }
}

#[test]
fn a_target_that_is_gone_keeps_its_counters_for_30_days() {
    for (later, kept) in [(30 * DAY - 1, 1), (30 * DAY, 0), (31 * DAY, 0)] {
        let mut run = Run::new(setup([slo("api")]));
        run.scrape(0, 0.0, 0.0);
        run.configure(later, setup([slo("api")]));
        assert_eq!(run.state.targets.len(), kept, "{later}");
    }
}

#[test]
fn a_reading_adds_one_knot_to_what_is_remembered_of_a_budget() {
    let mut run = Run::new(setup([slo("api")]));
    for reading in 0..30 {
        run.scrape(reading * 15, reading as f64, 0.0);
    }
    // Of 32 bytes each; their list grows by doubling.
    assert!(run.group().events.heap() <= 32 * 32, "{}", run.group().events.heap());
}

fn memory(run: &Run) -> &TargetState {
    run.state.targets.values().next().expect("a target")
}

#[test]
fn a_series_is_remembered_for_24_hours_of_scraping_and_then_feeds_its_slo_no_longer() {
    let other = || Slo { indicator: events("a", "b", Part::Bad), ..slo("other") };
    let mut run = Run::new(setup([other(), slo("api")]));
    run.target = target("a:80", seconds(300));
    let show = |run: &mut Run, second, names: &[&str]| {
        let samples = names.iter().map(|name| crate::build::sample(&series(&run.target, name, &[]), 1.0)).collect();
        run.read(second, samples);
    };
    show(&mut run, 0, &["a", "requests_total"]);
    for second in (300..=DAY).step_by(300) {
        show(&mut run, second, &["a"]);
    }
    assert_eq!((memory(&run).series_count(), &memory(&run).slos), (2, &[0, 1].into()));
    show(&mut run, DAY + 300, &["a"]);
    assert_eq!((memory(&run).series_count(), &memory(&run).slos), (1, &[0].into()));
    run.configure(DAY + 301, setup([slo("api"), other()]));
    assert_eq!(memory(&run).slos, [1].into(), "found again after a reload");
}

#[test]
fn between_two_scrapes_no_more_than_two_intervals_of_that_time_run() {
    // A day is twelve steps of two hours, and those of three hours count as two.
    for (steps, step, events) in [(11, 7200, 2.0), (13, 7200, 5.0), (11, 10_800, 2.0), (13, 10_800, 5.0)] {
        let mut run = Run::new(setup([slo("api")]));
        run.target = target("a:80", seconds(3600));
        run.scrape_of(0, &[("200", 3.0)]);
        for i in 1..=steps {
            run.scrape_of(step * i, &[]);
        }
        run.scrape_of(step * (steps + 1), &[("200", 5.0)]);
        assert_eq!(run.totals().0, events, "{steps} steps of {step} s");
    }
}

#[test]
fn attempts_of_one_moment_are_taken_as_following_each_other() {
    let mut run = Run::new(setup([slo("api")]));
    run.scrape(15, 0.0, 0.0);
    run.scrape(15, 5.0, 0.0);
    let after = |milliseconds: i64| Some(Timestamp(at(15).0 + milliseconds));
    assert_eq!((memory(&run).last_attempt, memory(&run).last_success), (after(1), after(1)));
    run.fail(15);
    run.fail(10);
    assert_eq!((memory(&run).last_attempt, memory(&run).last_success), (after(3), after(1)));
    assert_eq!(run.totals().0, 5.0);
}

#[test]
fn a_samples_own_time_may_lie_ten_minutes_ahead_of_its_scrape() {
    for (ahead, counted) in [(600_000, 5.0), (600_001, 0.0)] {
        let mut run = Run::new(setup([slo("api")]));
        run.scrape_of(0, &[("200", 0.0)]);
        let mut sample = run.sample("200", 5.0);
        sample.at = Some(Timestamp(at(15).0 + ahead));
        let effects = run.read(15, vec![sample]);
        assert_eq!(run.group().totals().0, counted, "{ahead}");
        assert_eq!(effects.warnings.len(), usize::from(counted == 0.0), "{ahead}");
    }
}

#[test]
fn a_reset_bridges_no_more_than_two_intervals() {
    for (second, measured) in [(45, 45), (46, 15)] {
        let mut run = Run::new(setup([slo("api")]));
        for (second, value) in [(0, 5.0), (15, 6.0), (second, 2.0)] {
            run.scrape_of(second, &[("200", value)]);
        }
        assert_eq!(run.counts(0, 60).measured, measured * 1000, "{second}");
        assert_eq!(run.totals().0, 3.0);
    }
}

#[test]
fn what_was_stored_goes_on_counting() {
    let mut run = Run::new(setup([slo("api"), slo("new")]));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 7.0, 0.0);
    let again = |target: &TargetState| {
        let bytes = postcard::to_stdvec(target).expect("bytes");
        postcard::from_bytes::<TargetState>(&bytes).expect("a target")
    };
    let mut state = State::default();
    state.core = run.state.core.clone();
    state.targets = run.state.targets.iter().map(|(id, target)| (id.clone(), again(target).into())).collect();
    let api = &run.state.slos[0];
    state.restore(run.state.setup.clone().expect("a setup"), BTreeMap::from([(api.key.clone(), api.clone())]));
    assert!(state.slo(&api.id).is_some_and(|slo| slo.groups == api.groups));
    let new = state.slo(&run.state.slos[1].id).expect("an SLO");
    assert_eq!((new.id.name.as_str(), new.since), ("new", at(15)), "one that was not stored begins");
    assert_eq!(state.plan().terms_for(&run.target.labels, false, &|_| false).len(), 4);
    run.state = state;
    run.scrape(30, 2.0, 1.0);
    run.step(Event::Tick { at: at(30) });
    assert_eq!(run.state.totals(), [(9.0, 1.0), (2.0, 1.0)], "series, and what they feed, are found again");
}

//! What a budget keeps of its past: how exactly, for how long, and how it is drawn.

use crate::build::{ratio, seconds, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::calendar::{Calendar, Period};
use slowburn::domain::history::Counts;
use slowburn::domain::slo::{Maintenance, Slo, SloWindow, Timeslices};

const DAY: i64 = 86_400;

/// Scrapes of uneven traffic every ten minutes for so many days; what happened in each of them.
fn busy(slo: Slo, days: i64) -> (Run, Vec<(f64, f64)>) {
    let mut run = Run::new(setup([slo]));
    run.target = target("a:80", seconds(600));
    run.scrape(0, 0.0, 0.0);
    let mut all = vec![(0.0, 0.0)];
    for i in 1..=days * DAY / 600 {
        let (good, bad) = (((i * 7919) % 101) as f64, ((i * 31) % 7) as f64);
        run.scrape(600 * i, good, bad);
        all.push((good, bad));
    }
    (run, all)
}

/// Total and bad events of the scrapes after one moment up to another.
fn sum(all: &[(f64, f64)], from: i64, to: i64) -> (f64, f64) {
    let share = |i: i64| ((to.min(600 * i) - from.max(600 * (i - 1))).max(0) as f64) / 600.0;
    let scrapes = (1..).zip(&all[1..]).map(|(i, (good, bad))| (share(i) * (good + bad), share(i) * bad));
    scrapes.fold((0.0, 0.0), |(total, all_bad), (events, bad)| (total + events, all_bad + bad))
}

fn counted(run: &Run, from: i64, to: i64) -> (f64, f64) {
    let Counts { total, bad, .. } = run.counts(from, to);
    (total, bad)
}

#[test]
fn this_week_and_the_last_one_are_exact_to_the_event() {
    // Weeks begin there at 18:15 in UTC, between two scrapes.
    let week = Calendar { period: Period::Week, time_zone: "Asia/Kathmandu".parse().expect("a zone") };
    let later = 18 * 3600 + 900 - DAY;
    let (run, all) = busy(Slo { window: SloWindow::Calendar(week), ..slo("api") }, 17);
    // It begins on a Thursday; the weeks on the 5th and the 12th of January, 2026.
    for (from, to) in [(4 * DAY + later, 11 * DAY + later), (11 * DAY + later, 17 * DAY)] {
        assert_eq!(counted(&run, from, to), sum(&all, from, to), "{from} to {to}");
    }
    let status = run.status();
    assert_eq!((status.sli.total, status.sli.bad), sum(&all, 11 * DAY + later, 17 * DAY));
}

#[test]
fn maintenance_is_cut_out_exactly_however_long_ago() {
    let (start, end) = (DAY + 6600, DAY + 20_400);
    let maintenance = vec![Maintenance { start: at(start), end: at(end), reason: String::new() }];
    let (run, all) = busy(Slo { maintenance, window: SloWindow::Rolling(seconds(864_000)), ..slo("api") }, 9);
    let (before, after) = (sum(&all, 0, start), sum(&all, end, 9 * DAY));
    assert_eq!(counted(&run, -10, 9 * DAY), (before.0 + after.0, before.1 + after.1));
}

#[test]
fn a_budget_is_kept_for_two_windows_and_a_week() {
    let (run, all) = busy(Slo { window: SloWindow::Rolling(seconds(5 * 86_400)), ..slo("api") }, 40);
    let begin = run.group().events.begin().expect("a beginning");
    assert!(at(19 * DAY) < begin && begin <= at(23 * DAY), "{begin:?}");
    assert_eq!(run.group().totals().1, sum(&all, 0, 40 * DAY).1, "while the count of all goes on");
    assert!(run.group().events.heap() < 40_000, "{}", run.group().events.heap());
}

#[test]
fn slices_are_kept_as_events_are() {
    let slices = Timeslices { slice: seconds(600), target: ratio("95"), verdict: Default::default() };
    let window = SloWindow::Rolling(seconds(2 * 86_400));
    let (run, _) = busy(Slo { timeslices: Some(slices), window, ..slo("api") }, 30);
    let history = &run.group().slices.as_ref().expect("slices").history;
    let begin = history.begin().expect("a beginning");
    assert!(at(14 * DAY) < begin && begin <= at(19 * DAY), "{begin:?}");
    assert!(history.heap() < 40_000, "{}", history.heap());
}

#[test]
fn a_budget_of_slices_is_measured_when_its_events_are() {
    let slices = Timeslices { slice: seconds(60), target: ratio("95"), verdict: Default::default() };
    let mut run = Run::new(setup([Slo { timeslices: Some(slices), ..slo("api") }]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 90, 9.0, 1.0);
    let counts = run.counts(0, 90);
    assert_eq!((counts.total, counts.bad, counts.measured), (1.0, 1.0, 90_000), "half a slice has no verdict yet");
}

#[test]
fn the_past_is_drawn_in_steps_up_to_now() {
    let mut run = Run::new(setup([slo("api")]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 120, 9.0, 1.0);
    for (name, start, end, step, now, expected) in [
        ("two steps", 0, 120, 60, 120, vec![(60, 40.0, 4.0), (120, 40.0, 4.0)]),
        ("what does not fill a step is left out", 0, 119, 60, 120, vec![(60, 40.0, 4.0)]),
        ("a step that has begun", 0, 180, 60, 121, vec![(60, 40.0, 4.0), (120, 40.0, 4.0), (180, 0.0, 0.0)]),
        ("a step that has not", 0, 180, 60, 120, vec![(60, 40.0, 4.0), (120, 40.0, 4.0)]),
        ("nothing", 120, 120, 60, 120, vec![]),
        ("another beginning", 30, 90, 30, 120, vec![(60, 20.0, 2.0), (90, 20.0, 2.0)]),
    ] {
        let points = run.group().history(run.spec(), at(start), at(end), seconds(step), at(now));
        let got: Vec<_> = points.iter().map(|point| (point.at, point.total, point.bad)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(second, total, bad)| (at(second), total, bad)).collect();
        assert_eq!(got, expected, "{name}");
    }
    let points = run.group().history(run.spec(), at(0), at(120), seconds(60), at(120));
    assert_eq!((points[1].good, points[1].coverage), (36.0, 1.0));
    assert_eq!(
        (points[0].burn_rate, points[0].budget_remaining),
        (Some(1.0), Some(0.0)),
        "10 % are bad of 90 promised"
    );
}

//! Holes that are jumped over: what comes after them is what it would have been.

use crate::build::{events, pair, ratio, sample, seconds, series, setup, slo};
use crate::run::{Run, at};
use slowburn::domain::calendar::{Calendar, Period};
use slowburn::domain::event::Event;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{BudgetAlert, Maintenance, Measure, NoData, Part, Severity, Slo, SloWindow, Timeslices};

const DAY: i64 = 86_400;

fn shapes() -> Vec<(&'static str, Slo)> {
    let burning = || {
        let mut slo = slo("requests");
        slo.policy.pairs = vec![pair(Severity::Page, 3600, 300, "5"), pair(Severity::Ticket, 21_600, 1800, "1")];
        slo.window = SloWindow::Rolling(seconds(3 * 86_400));
        slo
    };
    let with = |change: &dyn Fn(&mut Slo)| {
        let mut slo = burning();
        change(&mut slo);
        slo
    };
    let spent = BudgetAlert { consumed: ratio("50"), severity: Severity::Ticket };
    let week = Calendar { period: Period::Week, time_zone: "Europe/Paris".parse().unwrap() };
    let maintenance = Maintenance { start: at(DAY), end: at(2 * DAY), reason: String::new() };
    vec![
        ("plain", burning()),
        ("no pairs", slo("requests")),
        // Early in the hole good events leave the long window before the short one is not measured any more.
        ("fires in the hole", with(&|slo| slo.policy.pairs = vec![pair(Severity::Page, 3600, 1800, "3")])),
        ("spent", with(&|slo| slo.policy.budget = vec![spent])),
        (
            "spent in a week",
            with(&|slo| {
                slo.policy.budget = vec![spent];
                slo.window = SloWindow::Calendar(week);
            }),
        ),
        (
            "silence",
            with(&|slo| {
                slo.policy.no_data = NoData { after: seconds(7200), severity: Some(Severity::Page) };
            }),
        ),
        (
            "slices",
            with(&|slo| {
                slo.timeslices =
                    Some(Timeslices { slice: seconds(300), target: ratio("95"), verdict: Default::default() })
            }),
        ),
        (
            "slices longer than short windows, spent",
            with(&|slo| {
                slo.policy.pairs = vec![pair(Severity::Page, 3600, 300, "5")];
                slo.policy.budget = vec![spent];
                slo.timeslices =
                    Some(Timeslices { slice: seconds(7200), target: ratio("95"), verdict: Default::default() })
            }),
        ),
        ("groups", with(&|slo| slo.by = vec!["code".to_owned()])),
        ("maintenance", with(&|slo| slo.maintenance = vec![maintenance.clone()])),
        (
            "slow to fire and to end",
            with(&|slo| {
                slo.policy.pairs[0].r#for = seconds(600);
                slo.policy.pairs[1].keep_firing_for = seconds(3600);
            }),
        ),
        ("budget spent", with(&|slo| slo.policy.measure = Measure::BudgetSpent)),
        ("two counters", with(&|slo| slo.indicator = events("requests_total", "other_total", Part::Bad))),
    ]
}

/// Scrapes, a hole, scrapes, a longer hole, a scrape. Returns all that can be seen, and how often time was told.
fn story(slo: &Slo, jump: bool) -> ((String, Vec<u8>), usize) {
    let mut run = Run::new(Setup { evaluation_interval: seconds(300), ..setup([slo.clone()]) });
    let mut told = 0;
    let mut scrapes: Vec<(i64, f64, f64)> =
        (0..200).map(|i| (15 * i, 80.0, if i > 100 { 60.0 } else { 1.0 })).collect();
    scrapes.extend((0..60).map(|i| (2 * DAY + 7 + 15 * i, 50.0, 3.0)));
    scrapes.extend((0..60).map(|i| (2 * DAY + 7200 + 15 * i, 50.0, 30.0)));
    scrapes.push((16 * DAY + 3, 10.0, 10.0));
    let mut shown = (0.0, 0.0, 0.0);
    for (second, good, bad) in scrapes {
        while let Some(mut due) = run.state.next_due().filter(|due| *due < at(second)) {
            if jump {
                run.state.skip_idle(at(second));
                due = run.state.next_due().expect("an SLO");
            }
            assert!(due < at(second), "the last moment before a scrape is not left out");
            run.step(Event::Tick { at: due });
            told += 1;
        }
        shown = (shown.0 + good, shown.1 + bad, shown.2 + 2.0 * bad);
        let other = sample(&series(&run.target, "other_total", &[]), shown.2);
        let samples = vec![run.sample("200", shown.0), run.sample("500", shown.1), other];
        run.read(second, samples);
    }
    run.step(Event::Tick { at: run.state.core.now });
    let statuses: Vec<_> = run.state.statuses().collect();
    let seen = serde_json::json!({"transitions": run.transitions, "statuses": statuses});
    let kept = postcard::to_stdvec(&run.state.slos).expect("bytes");
    ((seen.to_string(), kept), told)
}

#[test]
fn a_hole_that_is_jumped_over_leaves_everything_as_it_would_be() {
    for (name, slo) in shapes() {
        let ((slow, all), (fast, few)) = (story(&slo, false), story(&slo, true));
        assert!(slow.0.contains("\"to\":\"firing\"") || slo.policy.pairs.is_empty(), "{name}: something happens");
        assert_eq!(slow.0, fast.0, "{name}");
        assert!(slow.1 == fast.1, "{name}: what is kept is the same");
        assert!(few * 2 < all, "{name}: {few} of {all} moments");
    }
}

#[test]
fn the_last_moment_before_the_jumps_end_stays_due() {
    for (end, evaluated, due) in
        [(45, 30, 45), (46, 30, 45), (61, 45, 60), (1000, 975, 990), (1005, 975, 990), (1006, 990, 1005)]
    {
        let mut run = Run::new(setup([slo("api")]));
        run.go(0, 15, 5.0, 0.0);
        run.tick(30);
        run.state.skip_idle(at(end));
        let found = (run.state.slos[0].evaluated, run.state.next_due());
        assert_eq!(found, (Some(at(evaluated)), Some(at(due))), "{end}");
    }
}

//! What a reload keeps of an SLO, and how one with many budgets is taken apart and put together.

use crate::build::{self, pair, ratio, seconds, setup, slo};
use crate::run::{Run, at};
use slowburn::domain::event::Event;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{BudgetAlert, Pair, Severity, Slo};
use slowburn::domain::slo_state::SloState;
use slowburn::domain::status::SloStatus;
use slowburn::engine::persist;
use std::collections::BTreeMap;
use std::sync::Arc;

const URL: &str = "http://here";
const BURN: &str = "ErrorBudgetBurn";
const SPENT: &str = "ErrorBudgetSpent";

fn page(factor: &str) -> Pair {
    pair(Severity::Page, 600, 60, factor)
}

fn with(pairs: Vec<Pair>, consumed: &str) -> Slo {
    let mut slo = slo("api");
    slo.policy.pairs = pairs;
    slo.policy.budget = vec![BudgetAlert { consumed: ratio(consumed), severity: Severity::Ticket }];
    slo
}

/// Half of all requests have failed for ten minutes; both alerts fire.
fn burning() -> Run {
    let mut run = Run::new(setup([with(vec![page("3")], "50")]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 600, 5.0, 5.0);
    assert_eq!((run.standing(BURN, Severity::Page), run.standing(SPENT, Severity::Ticket)), ("firing", "firing"));
    run.trace();
    run
}

#[test]
fn a_reload_keeps_what_fires_where_its_condition_stays() {
    let renamed = || {
        let mut slo = with(vec![page("3")], "50");
        slo.description = "other words".to_owned();
        slo
    };
    let none: &[&str] = &[];
    let table: [(&str, Setup, &[&str]); 5] = [
        ("the same", setup([with(vec![page("3")], "50")]), none),
        ("other words", setup([renamed()]), none),
        ("another factor that is exceeded too", setup([with(vec![page("4")], "50")]), none),
        ("the pair is gone", setup([with(Vec::new(), "50")]), &["605 ErrorBudgetBurn page firing=>inactive"]),
        (
            "another share of the budget",
            setup([with(vec![page("3")], "60")]),
            &["605 ErrorBudgetSpent ticket inactive=>firing"],
        ),
    ];
    for (name, setup, expected) in table {
        let mut run = burning();
        run.configure(605, setup);
        run.scrape(615, 5.0, 5.0);
        assert_eq!(run.trace(), expected, "{name}");
        assert_eq!(run.spec().policy, run.state.setup.as_ref().unwrap().slos[0].policy, "{name}");
        assert_eq!(run.counts(0, 615).total, 410.0, "{name}: the history goes on");
    }
}

#[test]
fn parts_of_an_slo_make_it_whole_again() {
    let mut slo = with(vec![page("3")], "50");
    slo.by = vec!["code".to_owned()];
    let mut run = Run::new(setup([slo]));
    for second in [0, 15, 30] {
        let value = f64::from(second as i32);
        run.scrape_of(second, &[("200", value), ("201", value), ("202", value), ("500", value), ("501", value)]);
    }
    let whole: &SloState = &run.state.slos[0];
    assert_eq!(whole.groups.len(), 5);
    let mut again = whole.part(0, 2, URL);
    assert_eq!(again.groups.len(), 2);
    assert!(!run.state.notices().is_empty());
    // Alerts that fire are private to the domain; what is stored holds them.
    let fires = |part: &SloState| !format!("{part:?}").contains("firing: []");
    assert!(format!("{again:?}").contains("http://here/slo/") && fires(&again) && !fires(&whole.part(2, 2, URL)));
    again.absorb(whole.part(2, 2, URL));
    again.absorb(whole.part(4, 2, URL));
    assert_eq!(again.groups, whole.groups);
    assert_eq!((&again.key, again.since, again.evaluated), (&whole.key, at(0), whole.evaluated));
}

/// Two SLOs, one of which asks for a bucket that there is not.
fn two(external_url: &str, evaluation_interval: u64) -> Setup {
    let mut latency = slo("latency");
    latency.indicator = build::latency("seconds", 0.3);
    let two = setup([with(vec![page("3")], "50"), latency]);
    Setup { external_url: external_url.to_owned(), evaluation_interval: seconds(evaluation_interval), ..two }
}

/// What is stored of a run, and what it shows.
fn told(run: &Run) -> (BTreeMap<String, Vec<u8>>, String) {
    let shown: Vec<_> = run.state.statuses().map(|status| SloStatus::clone(status)).collect();
    (persist::parts(&run.state).unwrap(), format!("{shown:?} {:?} {:?}", run.state.wide(), run.state.next_due()))
}

#[test]
fn slos_that_stay_need_not_be_told_again() {
    let begin = || {
        let mut run = Run::new(two("http://a", 15));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 600, 5.0, 5.0);
        run.scrape_of(615, &[("500", 9.0)]);
        run
    };
    let (mut in_full, mut in_brief) = (begin(), begin());
    assert_eq!(told(&in_full), told(&in_brief));
    let next = Event::Configured { at: at(700), setup: Arc::new(two("http://b", 60)) };
    let brief = next.clone().in_brief(in_brief.state.setup.as_deref());
    let Event::Resumed { setup, .. } = &brief else { panic!("{brief:?}") };
    assert_eq!((setup.slos.len(), &setup.external_url[..]), (0, "http://b"));
    for (run, event) in [(&mut in_full, next), (&mut in_brief, brief)] {
        assert!(run.step(event).selectors_changed);
        run.state.step(&[Event::Tick { at: at(759) }]);
        run.go(760, 800, 5.0, 0.0);
    }
    assert_eq!(told(&in_full), told(&in_brief));
    assert_eq!(in_brief.state.setup, in_full.state.setup);
    assert_eq!(in_brief.state.core.resumed, at(700));

    let other = Event::Configured { at: at(900), setup: Arc::new(setup_of_one()) };
    assert_eq!(other.clone().in_brief(in_brief.state.setup.as_deref()), other);
    assert_eq!(other.clone().in_brief(None), other);
}

fn setup_of_one() -> Setup {
    setup([with(vec![page("4")], "50")])
}

//! What a reload keeps of an SLO, and how one with many budgets is taken apart and put together.

use crate::build::{pair, ratio, setup, slo};
use crate::run::{Run, at};
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{BudgetAlert, Pair, Severity, Slo};
use slowburn::domain::slo_state::SloState;

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
    let mut again = whole.part(0, 2);
    assert_eq!(again.groups.len(), 2);
    // Alerts that fire are private to the domain; what is stored holds them.
    let tells_firing = |part: &SloState| !format!("{part:?}").contains("firing: []");
    assert!(tells_firing(whole) && tells_firing(&again) && !tells_firing(&whole.part(2, 2)));
    again.absorb(whole.part(2, 2));
    again.absorb(whole.part(4, 2));
    assert_eq!(again.groups, whole.groups);
    assert_eq!((&again.key, again.since, again.evaluated), (&whole.key, at(0), whole.evaluated));
}

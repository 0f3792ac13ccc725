//! What the outside sees of an SLO, written out and without writing it out.

use crate::build::{labels, pair, ratio, seconds, setup, slo};
use crate::run::{Run, at};
use slowburn::domain::group::BURN;
use slowburn::domain::lazy_status::LazyStatus;
use slowburn::domain::slo::{BudgetAlert, NoData, Severity, Slo};
use slowburn::domain::status::{AlertState, BurnRate, SloStatus, State};
use std::sync::Arc;

const DAY: i64 = 86_400;

fn shop() -> Slo {
    let mut shop = Slo { description: "Requests succeed.".to_owned(), labels: labels(&[("team", "a")]), ..slo("api") };
    shop.by = vec!["code".to_owned()];
    shop.policy.pairs = vec![pair(Severity::Page, 600, 60, "3")];
    shop.policy.runbook_url = Some("https://runbooks.example.com".to_owned());
    shop
}

/// One budget that is fine and one that is not.
fn statuses() -> Vec<SloStatus> {
    let mut run = Run::new(setup([shop()]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 60, 6.0, 4.0);
    run.state.statuses().map(|status| SloStatus::clone(status)).collect()
}

#[test]
fn a_status_has_the_figures_of_its_budget() {
    let [good, bad] = statuses().try_into().expect("two budgets");
    assert_eq!((good.state, bad.state), (State::Ok, State::Critical));
    assert_eq!((good.sli.good, good.sli.bad, good.sli.total, good.sli.ratio), (24.0, 0.0, 24.0, Some(1.0)));
    assert_eq!((bad.sli.good, bad.sli.bad, bad.sli.total, bad.sli.ratio), (0.0, 16.0, 16.0, Some(0.0)));
    assert_eq!((good.budget.remaining, good.budget.consumed), (Some(1.0), Some(0.0)));
    let rate = |window: &str, seconds| BurnRate {
        window: window.to_owned(),
        seconds,
        rate: Some(10.0),
        bad: 16.0,
        total: 16.0,
    };
    assert_eq!(bad.burn_rates, [rate("1m", 60), rate("10m", 600)]);
    let [alert] = &bad.alerts[..] else { panic!("one alert: {:?}", bad.alerts) };
    assert_eq!((alert.alert.as_str(), alert.state, alert.since), (BURN, AlertState::Firing, at(15)));
    assert_eq!((alert.long.as_deref(), alert.short.as_deref(), alert.factor), (Some("10m"), Some("1m"), Some(3.0)));
    assert_eq!((alert.burn_long, alert.burn_short), (Some(10.0), Some(10.0)));
    assert_eq!((good.updated_at, good.id.as_str(), &bad.group), (at(60), "shop/api", &labels(&[("code", "500")])));
}

#[test]
fn a_transition_tells_the_pair_that_brought_it() {
    let mut run = Run::new(setup([shop()]));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 6.0, 4.0);
    let [change] = &run.transitions[..] else { panic!("one change: {:?}", run.transitions) };
    assert_eq!((change.long.as_deref(), change.short.as_deref(), change.factor), (Some("10m"), Some("1m"), Some(3.0)));
    assert_eq!((change.burn_long, change.burn_short, change.budget_remaining), (Some(10.0), Some(10.0), Some(-9.0)));
}

#[test]
fn a_status_is_the_same_whether_it_was_written_out_or_not() {
    let mut run = Run::new(setup([shop()]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 60, 6.0, 4.0);
    for (lazy, written) in run.state.statuses().zip(statuses()) {
        for lazy in [lazy, &LazyStatus::from(written.clone()).into()] {
            assert_eq!((lazy.service(), lazy.name()), ("shop", "api"));
            assert_eq!((lazy.group(), lazy.labels()), (&written.group, &labels(&[("team", "a")])));
            assert_eq!((lazy.description(), lazy.problem()), ("Requests succeed.", None));
            assert_eq!((lazy.state(), lazy.remaining()), (written.state, written.budget.remaining));
            assert_eq!(lazy.alerting(), written.alerts.len());
            assert_eq!(lazy.totals, (written.sli.good, written.sli.bad));
            assert_eq!(SloStatus::clone(lazy), written);
            assert_eq!(serde_json::to_value(&**lazy).unwrap(), serde_json::to_value(&written).unwrap());
        }
    }
}

#[test]
fn a_group_that_is_no_longer_seen_is_forgotten_unless_it_alerts() {
    let spent = BudgetAlert { consumed: ratio("50"), severity: Severity::Ticket };
    for (name, alerting, later, kept) in [
        ("within a day", "", DAY - 1, &["200", "500"][..]),
        ("after a day", "", DAY, &[]),
        ("long after", "", 3 * DAY, &[]),
        ("its page still fires", "burn", 3 * DAY, &["500"]),
        ("its budget was spent at the last look", "spent", DAY, &["500"]),
        ("it has no data", "no data", 3 * DAY, &["200", "500"]),
    ] {
        let mut slo = shop();
        match alerting {
            "burn" => {}
            "spent" => (slo.policy.pairs, slo.policy.budget) = (Vec::new(), vec![spent]),
            "no data" => {
                slo.policy.pairs.clear();
                slo.policy.no_data = NoData { after: seconds(600), severity: Some(Severity::Ticket) };
            }
            _ => slo.policy.pairs.clear(),
        }
        let mut run = Run::new(setup([slo]));
        run.scrape(0, 0.0, 0.0);
        run.scrape(15, 0.0, 10.0);
        run.tick(700);
        run.tick(15 + later);
        assert_eq!(run.state.slos[0].groups.keys().flatten().collect::<Vec<_>>(), kept, "{name}");
        // Without a group there is one status, of nothing.
        let shown = run.state.statuses().map(|status| status.group().get("code").unwrap_or_default().to_owned());
        assert_eq!(shown.collect::<Vec<_>>(), if kept.is_empty() { &[""] } else { kept }, "{name}");
    }
}

#[test]
fn a_status_that_somebody_holds_stays_as_it_is_and_one_that_nobody_holds_is_written_over() {
    let mut run = Run::new(setup([slo("api")]));
    run.scrape(0, 0.0, 0.0);
    let held = |run: &Run| Arc::clone(run.state.statuses().next().expect("a status"));
    let place = |run: &Run| Arc::as_ptr(run.state.statuses().next().expect("a status"));
    let first = held(&run);
    let written = first.sli.total;
    run.scrape(15, 6.0, 4.0);
    let second = held(&run);
    run.scrape(30, 6.0, 4.0);
    assert_eq!((first.updated_at, written, first.sli.total), (at(0), 0.0, 0.0), "what somebody holds is of its moment");
    assert_eq!((second.updated_at, second.sli.total, run.status().sli.total), (at(15), 10.0, 20.0));
    assert_eq!([&first, &second].map(Arc::strong_count), [1, 2], "the one before is kept, to be written over");
    let places = [Arc::as_ptr(&first), Arc::as_ptr(&second), place(&run)];
    assert!(places[0] != places[1] && places[1] != places[2] && places[0] != places[2]);
    // The one before is let go when the next is shown, as publications do.
    let third = held(&run);
    drop((first, second));
    run.scrape(45, 6.0, 4.0);
    assert_eq!(place(&run), places[1], "the memory of the one before the last");
    assert_eq!((run.status().sli.total, third.sli.total), (30.0, 20.0));
    drop(third);
    run.scrape(60, 6.0, 4.0);
    assert_eq!((place(&run), run.status().sli.total), (places[1], 40.0), "nobody looked: the same again");
}

#[test]
fn statuses_follow_their_groups() {
    let mut run = Run::new(setup([shop()]));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 6.0, 4.0);
    let held: Vec<_> = run.state.statuses().cloned().collect();
    run.go(30, 60, 6.0, 4.0);
    let shown = |run: &Run| run.state.statuses().map(|s| (s.group.to_string(), s.sli.total)).collect::<Vec<_>>();
    assert_eq!(shown(&run), [("{code=\"200\"}".to_owned(), 24.0), ("{code=\"500\"}".to_owned(), 16.0)]);
    assert_eq!(held.iter().map(|s| s.sli.total).collect::<Vec<_>>(), [6.0, 4.0]);
    let renamed = Slo { description: "Changed.".to_owned(), ..shop() };
    run.configure(75, setup([renamed]));
    assert!(run.state.statuses().all(|status| status.description == "Changed."), "of the definition in force");
}

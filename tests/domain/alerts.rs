//! When alerts fire, hold and resolve. 90 % is promised, so a factor of 3 means more than 30 % bad.

use crate::build::{ratio, seconds, setup, slo};
use crate::run::Run;
use slowburn::domain::group::{BURN, NO_DATA, SPENT};
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{BudgetAlert, Maintenance, Measure, NoData, Pair, Policy, Severity, Slo};
use slowburn::domain::status::State;

fn page() -> Pair {
    crate::build::pair(Severity::Page, 600, 60, "3")
}

fn with(policy: impl FnOnce(&mut Policy)) -> Setup {
    let mut slo = slo("requests");
    slo.policy.pairs = vec![page()];
    policy(&mut slo.policy);
    setup([slo])
}

fn paging() -> Run {
    let mut run = Run::new(with(|_| {}));
    run.scrape(0, 0.0, 0.0);
    run
}

#[test]
fn an_outage_fires_and_its_end_resolves() {
    let mut run = paging();
    run.go(15, 600, 10.0, 0.0);
    assert_eq!(run.trace(), [""; 0]);
    // 30 % of the long window is bad after 180 s: the first scrape beyond.
    run.go(615, 900, 0.0, 10.0);
    assert_eq!(run.trace(), ["795 ErrorBudgetBurn page inactive=>firing"]);
    assert_eq!(run.status().state, State::Critical);
    // 70 % of the short window is good after 42 s.
    run.go(915, 1000, 10.0, 0.0);
    assert_eq!(run.trace(), ["945 ErrorBudgetBurn page firing=>inactive"]);
}

#[test]
fn a_burn_of_exactly_the_factor_does_not_fire() {
    for (bad, fires) in [(30.0, false), (31.0, true)] {
        let mut run = paging();
        run.go(15, 600, 100.0 - bad, bad);
        assert_eq!(run.standing(BURN, Severity::Page) == "firing", fires, "{bad} of 100");
    }
}

#[test]
fn silence_neither_fires_nor_resolves() {
    let mut run = paging();
    run.go(15, 300, 0.0, 10.0);
    assert_eq!(run.trace(), ["15 ErrorBudgetBurn page inactive=>firing"]);
    for second in (315..3000).step_by(15) {
        run.fail(second);
        run.tick(second + 5);
    }
    assert_eq!(run.trace(), [""; 0], "held while nothing is measured");
    // The counters tell that the trouble was over soon after: the gap is measured now.
    run.scrape(3000, 9000.0, 0.0);
    assert_eq!(run.trace(), ["3000 ErrorBudgetBurn page firing=>inactive"]);
}

#[test]
fn a_short_window_with_events_that_was_not_measured_is_held() {
    let mut run = paging();
    run.go(15, 300, 10.0, 10.0);
    run.trace();
    run.fail(315);
    // Behind the gap the target had restarted: its events lie somewhere in it.
    run.scrape_of(600, &[("200", 9.0), ("500", 0.0)]);
    assert!(run.counts(540, 600).total > 0.0 && run.counts(540, 600).measured == 0);
    assert_eq!(run.trace(), [""; 0]);
    run.scrape_of(615, &[("200", 19.0), ("500", 0.0)]);
    assert_eq!(run.trace(), ["615 ErrorBudgetBurn page firing=>inactive"], "measured now");
}

#[test]
fn measured_without_events_resolves() {
    let mut run = paging();
    run.go(15, 300, 0.0, 10.0);
    run.go(315, 360, 0.0, 0.0);
    assert_eq!(run.trace().last().map(String::as_str), Some("360 ErrorBudgetBurn page firing=>inactive"));
}

#[test]
fn nothing_fires_before_anything_was_measured() {
    let mut run = Run::new(with(|policy| policy.no_data.severity = None));
    run.tick(3600);
    run.scrape(3615, 0.0, 500.0);
    assert_eq!(run.trace(), [""; 0], "the first scrape sets the baseline");
}

#[test]
fn a_pair_waits_for_its_time_which_stands_still_while_it_is_held() {
    let waiting = Pair { r#for: seconds(200), ..page() };
    let mut run = Run::new(with(|policy| policy.pairs = vec![waiting]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 45, 0.0, 10.0);
    // From 105 on the short window is not measured: 75 s have passed for the pair.
    for second in (60..1200).step_by(15) {
        run.fail(second);
    }
    assert_eq!(run.trace(), ["15 ErrorBudgetBurn page inactive=>pending"]);
    run.go(1200, 1305, 0.0, 10.0);
    assert_eq!(run.trace(), [""; 0]);
    run.go(1320, 1320, 0.0, 10.0);
    assert_eq!(run.trace(), ["1320 ErrorBudgetBurn page pending=>firing"]);
}

#[test]
fn a_pair_that_stops_to_burn_before_its_time_is_forgotten() {
    let waiting = Pair { r#for: seconds(200), ..page() };
    let mut run = Run::new(with(|policy| policy.pairs = vec![waiting]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 60, 0.0, 10.0);
    run.go(75, 135, 100.0, 0.0);
    assert_eq!(run.trace(), ["15 ErrorBudgetBurn page inactive=>pending", "75 ErrorBudgetBurn page pending=>inactive"]);
}

#[test]
fn a_pair_goes_on_firing_for_its_time_after_each_burn() {
    let kept = Pair { keep_firing_for: seconds(60), ..page() };
    let mut run = Run::new(with(|policy| policy.pairs = vec![kept]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 60, 0.0, 10.0);
    // 100 good ones against 10 bad ones: no burn from 75 on.
    run.go(75, 120, 100.0, 0.0);
    run.go(135, 135, 0.0, 10_000.0);
    run.go(150, 225, 10_000.0, 0.0);
    assert_eq!(run.trace(), ["15 ErrorBudgetBurn page inactive=>firing"], "it burns again at 135");
    // It stops to burn at 180, when three quarters of the short window are good, and is over a minute later.
    run.go(240, 300, 10_000.0, 0.0);
    assert_eq!(run.trace(), ["240 ErrorBudgetBurn page firing=>inactive"]);
}

#[test]
fn few_bad_events_fire_nothing_where_more_are_asked_for() {
    for (least, fires) in [(40.0, true), (41.0, false)] {
        let pair = Pair { min_bad_events: least, ..page() };
        let mut run = Run::new(with(|policy| policy.pairs = vec![pair]));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 600, 0.0, 1.0);
        assert_eq!(run.standing(BURN, Severity::Page) == "firing", fires, "{least}");
    }
}

#[test]
fn the_share_of_the_budget_spent_takes_low_traffic_for_what_it_is() {
    // A night with a hundredth of the day's traffic fails as a whole.
    for (measure, fires) in [(Measure::BurnRate, true), (Measure::BudgetSpent, false)] {
        let mut run = Run::new(with(|policy| policy.measure = measure));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 1800, 100.0, 0.0);
        run.go(1815, 2700, 0.0, 1.0);
        assert_eq!(run.standing(BURN, Severity::Page) == "firing", fires, "{measure:?}");
    }
    // By day, the bad events of a short window are held against factor × window × budget × traffic: 3 × 60 s × 10 % × 1/s.
    for (bad, fires) in [(4.0, false), (5.0, true)] {
        let mut run = Run::new(with(|policy| policy.measure = Measure::BudgetSpent));
        run.scrape(0, 0.0, 0.0);
        run.go(15, 1800, 15.0 - bad, bad);
        assert_eq!(run.standing(BURN, Severity::Page) == "firing", fires, "{bad} of 15");
    }
}

#[test]
fn no_data_is_told_where_asked_for_and_silence_before_the_start_is_not_held_against_anyone() {
    let quiet = || with(|policy| policy.no_data = NoData { after: seconds(600), severity: Some(Severity::Ticket) });
    let mut run = Run::new(quiet());
    run.scrape(0, 0.0, 0.0);
    run.go(15, 60, 10.0, 0.0);
    run.wait(75, 645);
    assert_eq!(run.trace(), [""; 0]);
    run.wait(660, 675);
    assert_eq!(run.trace(), ["660 SloNoData ticket inactive=>firing"]);
    assert_eq!((run.status().state, run.standing(NO_DATA, Severity::Ticket)), (State::NoData, "firing"));
    run.scrape(700, 10.0, 0.0);
    assert_eq!(run.trace(), ["700 SloNoData ticket firing=>inactive"]);
    run.configure(5000, quiet());
    assert_eq!(run.trace(), [""; 0], "slowburn itself was silent");
    run.wait(5015, 5615);
    assert_eq!(run.trace(), ["5600 SloNoData ticket inactive=>firing"]);
}

#[test]
fn a_spent_share_of_the_budget_is_told_and_taken_back() {
    let alert = BudgetAlert { consumed: ratio("75"), severity: Severity::Ticket };
    let mut run = Run::new(with(|policy| (policy.pairs, policy.budget) = (Vec::new(), vec![alert])));
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 926.0, 74.0);
    assert_eq!(run.trace(), [""; 0], "74 of 1000 is less than 75 % of 10 %");
    run.scrape(30, 998.0, 76.0);
    assert_eq!(run.standing(SPENT, Severity::Ticket), "inactive", "150 of 2074");
    run.scrape(45, 0.0, 6.0);
    assert_eq!(
        run.trace(),
        ["45 ErrorBudgetSpent ticket inactive=>firing"],
        "exactly 75 % counts: 156 of 2080 is 0.075"
    );
    run.scrape(60, 100.0, 0.0);
    assert_eq!(run.trace(), ["60 ErrorBudgetSpent ticket firing=>inactive"]);
}

#[test]
fn maintenance_is_not_measured() {
    let mut planned = Slo { ..slo("requests") };
    planned.policy.pairs = vec![page()];
    planned.maintenance.push(Maintenance {
        start: crate::run::at(600),
        end: crate::run::at(1200),
        reason: "move".to_owned(),
    });
    let mut run = Run::new(setup([planned]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 600, 10.0, 0.0);
    run.go(615, 1200, 0.0, 10.0);
    assert_eq!(run.trace(), [""; 0], "what happens in maintenance fires nothing");
    assert_eq!(run.status().sli.bad, 0.0);
    assert_eq!(run.status().sli.total, 400.0);
    assert!((run.status().budget.coverage - 600.0 / 3000.0).abs() < 1e-9, "{}", run.status().budget.coverage);
    run.go(1215, 1800, 0.0, 10.0);
    assert_eq!(run.trace(), ["1215 ErrorBudgetBurn page inactive=>firing"], "the long window holds bad events only");
}

#[test]
fn a_firing_alert_is_held_in_maintenance() {
    let mut planned = Slo { ..slo("requests") };
    planned.policy.pairs = vec![page()];
    let reason = "move".to_owned();
    planned.maintenance.push(Maintenance { start: crate::run::at(300), end: crate::run::at(1200), reason });
    let mut run = Run::new(setup([planned]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 300, 0.0, 10.0);
    run.go(315, 1200, 10.0, 0.0);
    assert_eq!(run.trace(), ["15 ErrorBudgetBurn page inactive=>firing"]);
    run.go(1215, 1300, 10.0, 0.0);
    assert_eq!(run.trace(), ["1215 ErrorBudgetBurn page firing=>inactive"]);
}

#[test]
fn a_severity_fires_from_its_first_pair_to_its_last() {
    let slow = crate::build::pair(Severity::Page, 1200, 240, "2");
    let ticket = crate::build::pair(Severity::Ticket, 1800, 300, "1");
    let mut run = Run::new(with(|policy| policy.pairs = vec![page(), slow, ticket]));
    run.scrape(0, 0.0, 0.0);
    run.go(15, 1800, 10.0, 0.0);
    run.go(1815, 2400, 0.0, 10.0);
    run.go(2415, 3600, 10.0, 0.0);
    let trace = run.trace();
    assert_eq!(trace.len(), 4, "{trace:?}");
    assert!(trace[0].contains("page inactive=>firing") || trace[1].contains("page inactive=>firing"), "{trace:?}");
    // The fast pair's short window is clean after 42 s, the slow one's below 20 % after 192 s, the ticket's after 270 s.
    assert_eq!(
        trace[2..],
        ["2595 ErrorBudgetBurn page firing=>inactive", "2670 ErrorBudgetBurn ticket firing=>inactive"]
    );
}

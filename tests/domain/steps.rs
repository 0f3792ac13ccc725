//! Batches of events, moments at which something is due, and what `step` says of what it did.

use crate::board::Board;
use crate::board::Does::Badly;
use crate::board::{grouped, told};
use crate::build::{pair, read, sample, seconds, series, setup, slo, target};
use crate::run::{Run, at};
use slowburn::domain::event::Event;
use slowburn::domain::message::{Delivery, DeliveryReport, Sent};
use slowburn::domain::slo::{NoData, Severity};
use slowburn::domain::state::State;
use std::sync::Arc;

fn paging() -> Run {
    let mut shop = slo("api");
    shop.policy.pairs = vec![pair(Severity::Page, 30, 15, "3")];
    Run::new(setup([shop]))
}

/// A reading of `requests_total` of one target.
fn shows(instance: &str, second: i64, good: f64, bad: f64) -> Event {
    let target = target(instance, seconds(15));
    let of = |code, value| sample(&series(&target, "requests_total", &[("code", code)]), value);
    Event::Scraped(read(&target, at(second).0, vec![of("200", good), of("500", bad)]))
}

#[test]
fn a_batch_is_evaluated_once_for_each_of_its_moments() {
    for (name, events, expected) in [
        (
            "two moments",
            vec![shows("a:80", 15, 0.0, 10.0), shows("a:80", 30, 100.0, 10.0)],
            &["15 ErrorBudgetBurn page inactive=>firing", "30 ErrorBudgetBurn page firing=>inactive"][..],
        ),
        ("one moment", vec![shows("a:80", 15, 0.0, 10.0), shows("b:80", 15, 100.0, 0.0)], &[]),
        (
            "time that passes ends a moment",
            vec![shows("a:80", 15, 0.0, 10.0), Event::Tick { at: at(15) }, shows("b:80", 15, 100.0, 0.0)],
            &["15 ErrorBudgetBurn page inactive=>firing", "15 ErrorBudgetBurn page firing=>inactive"],
        ),
    ] {
        let mut run = paging();
        run.step(shows("a:80", 0, 0.0, 0.0));
        run.step(shows("b:80", 0, 0.0, 0.0));
        run.transitions = run.state.step(&events).transitions;
        assert_eq!(run.trace(), expected, "{name}");
    }
}

#[test]
fn an_slo_is_evaluated_when_it_is_due_and_not_before() {
    let mut run = paging();
    for (second, evaluated) in [(14, false), (15, true), (29, false), (30, true), (47, true), (59, false), (60, true)] {
        let effects = run.tick(second);
        assert_eq!(!effects.evaluated.is_empty(), evaluated, "{second}");
    }
    assert_eq!(run.state.next_due(), Some(at(75)));
    assert_eq!(State::default().next_due(), None);
}

#[test]
fn what_was_stored_is_due_when_it_would_have_been() {
    let mut run = paging();
    run.tick(15);
    let slos = run.state.slos.iter().map(|slo| (slo.key.clone(), slo.clone())).collect();
    let mut restored = State::default();
    restored.restore(run.state.setup.clone().expect("a setup"), slos);
    assert_eq!((restored.next_due(), run.state.next_due()), (Some(at(30)), Some(at(30))));
}

#[test]
fn after_a_pause_of_more_than_20_intervals_only_the_latest_moment_is_evaluated() {
    for (woken, fired) in [(314, 105), (315, 105), (316, 316), (1000, 1000)] {
        let mut shop = slo("api");
        shop.policy.no_data = NoData { after: seconds(100), severity: Some(Severity::Ticket) };
        let mut run = Run::new(setup([shop]));
        run.tick(woken);
        assert_eq!(run.trace(), [format!("{fired} SloNoData ticket inactive=>firing")], "{woken}");
    }
}

#[test]
fn the_fate_of_a_message_changes_the_outbox_where_there_is_such_a_message() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 15);
    let id = *board.state.core.dispatch.outbox.keys().next().expect("a message");
    let fate = |message_id| Event::Delivered(DeliveryReport { message_id, at: at(31), delivery: Delivery::Accepted });
    let mut changes = |events: &[Event]| board.state.step(events).outbox_changed;
    assert!(!changes(&[fate(id + 100)]), "nobody knows it");
    assert!(changes(&[Event::Tick { at: at(30) }, fate(id), Event::Tick { at: at(31) }]), "in a batch too");
    assert!(!changes(&[fate(id)]), "it is gone");
}

#[test]
fn a_new_message_changes_the_outbox() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    let batch = [Event::Tick { at: at(14) }, board.reading(15), Event::Tick { at: at(16) }];
    let effects = board.state.step(&batch);
    assert!(effects.outbox_changed && effects.group_turn, "whatever else the batch holds");
}

#[test]
fn a_repeated_message_tells_the_figures_of_its_time() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.go(15, 150);
    board.set("a", Badly);
    board.go(165, 780);
    let ratio = |sent: &Arc<Sent>| sent.message.alerts[0].detail.sli_ratio;
    let told: Vec<_> = board.state.core.dispatch.sent.iter().map(ratio).collect();
    assert!(told.len() > 2, "{told:?}");
    assert_ne!(told.first(), told.last());
}

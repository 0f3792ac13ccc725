//! When groups have their turn, and what becomes of messages on their way: the finer points of `dispatch`.

use crate::board::Board;
use crate::board::Does::{Badly, Terribly, Well};
use crate::board::{grouped, told};
use crate::build::{receiver, route, seconds};
use crate::run::at;
use slowburn::domain::dispatch::Dispatch;
use slowburn::domain::event::Event;
use slowburn::domain::setup::{Route, Setup};

/// Only the receiver `other` is left.
fn without_the_team(names: &[&str]) -> Setup {
    Setup { receivers: vec![receiver("other", &[("email", true)])], ..told(route("other"), names) }
}

#[test]
fn a_group_that_is_over_begins_anew() {
    let mut board = Board::new(told(Route { group_wait: seconds(20), ..grouped() }, &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.set("a", Well);
    board.go(45, 285);
    board.set("a", Badly);
    board.go(300, 360);
    assert_eq!(
        board.trace_of("webhook"),
        ["35 webhook First a/ticket", "95 webhook AllResolved a/ticket-resolved", "320 webhook First a/ticket"]
    );
}

#[test]
fn a_page_is_sent_at_once_only_where_a_ticket_of_its_slo_still_fires() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.set("a", Terribly);
    board.go(15, 15);
    board.set("a", Well);
    board.go(30, 30);
    // Both fire again before anyone heard that they were over: that is no news, and no reason for a turn.
    board.set("a", Terribly);
    board.go(45, 45);
    board.set("b", Badly);
    board.go(60, 90);
    assert_eq!(
        board.trace_of("webhook"),
        ["15 webhook First a/page,a/ticket", "75 webhook NewAlerts a/page,a/ticket,b/ticket"]
    );
}

#[test]
fn a_message_whose_group_is_no_more_goes_on_as_it_is() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    board.configure(45, without_the_team(&["a", "b"]));
    board.set("b", Badly);
    board.go(60, 60);
    board.configure(75, told(grouped(), &["a", "b"]));
    board.go(75, 90);
    assert_eq!(board.state.core.dispatch.outbox.len(), 2, "the new group does not wait for it");
    board.down.clear();
    board.go(105, 120);
    assert_eq!(
        board.trace_of("webhook"),
        ["115 webhook First a/ticket,b/ticket", "120 webhook First a/ticket"],
        "what the new group knows is told by its own message"
    );
    let attempts: Vec<u32> = board.state.core.dispatch.sent.iter().map(|sent| sent.message.attempts).collect();
    assert_eq!(attempts[..2], [6, 3], "the last attempt counts too");
}

#[test]
fn news_behind_the_last_attempt_waits_for_the_turn_that_follows_the_message() {
    for (name, up, expected) in [
        ("soon", 30, ["35 webhook First a/ticket", "75 webhook NewAlerts a/ticket,b/ticket"]),
        (
            "after a turn that was missed",
            105,
            ["115 webhook First a/ticket", "115 webhook NewAlerts a/ticket,b/ticket"],
        ),
    ] {
        let mut board = Board::new(told(grouped(), &["a", "b"]));
        board.down.insert("webhook");
        board.set("a", Badly);
        board.go(15, up - 15);
        board.set("b", Badly);
        board.down.clear();
        board.go(up, 180);
        assert_eq!(board.trace_of("webhook"), expected, "{name}");
    }
}

#[test]
fn what_resolved_while_its_only_message_was_on_its_way_is_told_resolved() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    board.set("a", Well);
    board.go(45, 90);
    board.down.clear();
    board.go(105, 120);
    assert_eq!(board.trace_of("webhook"), ["115 webhook AllResolved a/ticket-resolved"]);
}

#[test]
fn a_turn_that_was_slept_through_is_made_up_for() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 15);
    board.set("a", Well);
    board.go(30, 30);
    board.tick(90);
    assert_eq!(board.trace_of("webhook"), ["15 webhook First a/ticket", "90 webhook AllResolved a/ticket-resolved"]);
}

#[test]
fn news_that_a_receiver_refuses_is_let_go_a_day_after_it_ended() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.refusing.insert("webhook");
    board.set("a", Well);
    board.go(45, 60);
    // It ended at 45. Each tick comes after the group's next turn.
    let tried = [-1, 100, 200, 300].map(|late| {
        board.tick(45 + 86_400 + late);
        board.state.core.dispatch.sent.len()
    });
    assert_eq!(tried, [3, 4, 4, 4], "two channels were told, and one refuses twice");
}

#[test]
fn the_next_moment_is_the_next_turn_of_a_group_or_the_next_evaluation() {
    let seldom = Setup { evaluation_interval: seconds(3600), ..told(grouped(), &["a"]) };
    let mut board = Board::new(seldom);
    assert_eq!(board.state.core.dispatch.next_due(), None, "nobody is to be told");
    let due = |board: &Board| board.state.next_due();
    board.set("a", Badly);
    board.go(15, 15);
    assert_eq!(due(&board), Some(at(75)));
    board.set("a", Well);
    board.go(30, 90);
    assert_eq!(board.state.core.dispatch.next_due(), None, "the group is over");
    assert_eq!(due(&board), Some(at(90 + 3600)));
}

#[test]
fn a_group_has_its_turn_when_its_first_alert_comes_and_after_each_interval() {
    let mut board = Board::new(told(grouped(), &["a"]));
    for (does, turns) in [
        (Badly, [(15, true), (20, false), (74, false), (75, true)]),
        (Well, [(90, false), (134, false), (135, true), (195, false)]),
        (Badly, [(210, true), (225, false), (269, false), (270, true)]),
    ] {
        board.set("a", does);
        assert_eq!(turns.map(|(second, _)| (second, board.turn(second))), turns);
    }
}

#[test]
fn a_turn_without_news_is_quiet_and_a_message_or_an_evaluation_is_not() {
    let seldom = Setup { evaluation_interval: seconds(3600), ..told(grouped(), &["a"]) };
    let mut board = Board::new(seldom);
    board.set("a", Badly);
    board.go(15, 15);
    let mut tick = |second, turn, quiet| {
        let effects = board.state.step(&[Event::Tick { at: at(second) }]);
        assert_eq!((effects.group_turn, effects.are_quiet()), (turn, quiet), "at {second} s");
    };
    tick(74, false, true);
    tick(75, true, true);
    // It is told again after ten minutes.
    tick(614, true, true);
    tick(674, true, false);
    tick(700, false, true);
    // An evaluation is due an hour after the last one.
    tick(15 + 3600, true, false);
}

#[test]
fn a_dispatch_that_was_stored_is_the_same_again() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    let bytes = postcard::to_stdvec(&board.state.core.dispatch).expect("bytes");
    let back: Dispatch = postcard::from_bytes(&bytes).expect("a dispatch");
    assert_eq!(back, board.state.core.dispatch);
    assert_ne!(back, Dispatch::default());
    // And it goes on in the same way.
    board.state.core.dispatch = back;
    board.down.clear();
    board.state.step(&[Event::Tick { at: at(54) }]);
    board.go(60, 60);
    assert_eq!(board.trace_of("webhook"), ["60 webhook First a/ticket"]);
}

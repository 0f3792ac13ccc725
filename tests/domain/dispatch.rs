//! Who is told what, and when: traces of messages as `second channel reason alerts`.

use crate::board::Does::{Badly, Terribly, Well};
use crate::board::{Board, grouped, told};
use crate::build::seconds;
use slowburn::domain::selector::Matchers;
use slowburn::domain::selector_text::parse_matcher;
use slowburn::domain::setup::Route;

#[test]
fn a_group_waits_once_and_then_between_its_messages() {
    let mut board = Board::new(told(Route { group_wait: seconds(20), ..grouped() }, &["a", "b", "c"]));
    board.set("a", Badly);
    board.go(15, 15);
    board.set("b", Badly);
    board.go(30, 60);
    board.set("c", Badly);
    board.go(75, 150);
    assert_eq!(
        board.trace_of("webhook"),
        ["35 webhook First a/ticket,b/ticket", "95 webhook NewAlerts a/ticket,b/ticket,c/ticket"]
    );
}

#[test]
fn what_still_fires_is_repeated() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 1300);
    assert_eq!(
        board.trace_of("slack"),
        ["15 slack First a/ticket", "615 slack Repeat a/ticket", "1215 slack Repeat a/ticket"]
    );
}

#[test]
fn resolves_are_told_to_those_who_want_them() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.set("a", Badly);
    board.set("b", Badly);
    board.go(15, 30);
    board.set("a", Well);
    board.go(45, 90);
    board.set("b", Well);
    board.go(105, 300);
    assert_eq!(
        board.trace(),
        [
            "15 webhook First a/ticket,b/ticket",
            "15 slack First a/ticket,b/ticket",
            "75 webhook SomeResolved b/ticket,a/ticket-resolved",
            "135 webhook AllResolved b/ticket-resolved",
        ]
    );
}

#[test]
fn a_ticket_that_becomes_a_page_is_sent_at_once() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 15);
    board.set("a", Terribly);
    board.go(30, 45);
    assert_eq!(board.trace_of("webhook"), ["15 webhook First a/ticket", "30 webhook NewAlerts a/page,a/ticket"]);
}

#[test]
fn another_alert_of_the_group_waits_its_turn() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.set("a", Badly);
    board.go(15, 15);
    board.set("b", Terribly);
    board.go(30, 90);
    assert_eq!(
        board.trace_of("webhook"),
        ["15 webhook First a/ticket", "75 webhook NewAlerts b/page,a/ticket,b/ticket"]
    );
}

#[test]
fn an_outage_of_a_receiver_ends_with_one_message_of_how_things_stand() {
    let mut board = Board::new(told(grouped(), &["a", "b", "c"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 120);
    board.set("b", Badly);
    board.go(135, 300);
    board.set("a", Well);
    board.go(315, 600);
    assert_eq!(board.state.core.dispatch.outbox.len(), 1, "one message waits");
    board.down.clear();
    board.go(615, 900);
    assert_eq!(
        board.trace_of("webhook"),
        ["615 webhook First b/ticket,a/ticket-resolved"],
        "the alert that it was to tell is in it, resolved"
    );
}

#[test]
fn the_other_channels_do_not_wait_for_a_receiver_that_is_out() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.down.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    assert_eq!(board.trace(), ["15 slack First a/ticket"]);
}

#[test]
fn a_resolve_is_owed_until_it_is_accepted() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.down.insert("webhook");
    board.set("a", Well);
    board.go(45, 4000);
    assert_eq!(board.trace(), ["15 webhook First a/ticket", "15 slack First a/ticket"]);
    board.down.clear();
    board.go(4005, 4050);
    assert_eq!(board.trace().len(), 1);
    assert!(board.state.core.dispatch.outbox.is_empty());
    // And one that fires anew while its resolve is on its way is told as it stands.
    board.set("a", Badly);
    board.go(4065, 4140);
    board.down.insert("webhook");
    board.set("a", Well);
    board.go(4155, 4230);
    board.set("a", Badly);
    board.go(4245, 4300);
    board.down.clear();
    board.trace();
    board.go(4305, 4500);
    let last = board.trace_of("webhook");
    assert!(last.last().is_some_and(|line| line.ends_with(" a/ticket")), "{last:?}");
}

#[test]
fn what_a_receiver_refused_is_told_again_at_the_groups_next_turn() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.refusing.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    let refused = |board: &Board| {
        let sent = &board.state.core.dispatch.sent;
        sent.iter().filter(|sent| sent.error.as_deref() == Some("404")).count()
    };
    assert_eq!(refused(&board), 1, "a final answer is not argued with");
    board.refusing.clear();
    board.go(45, 100);
    assert_eq!(board.trace_of("webhook"), ["75 webhook First a/ticket"]);

    board.refusing.insert("webhook");
    board.set("a", Well);
    board.go(115, 150);
    assert_eq!(refused(&board), 2, "the resolve is refused");
    board.refusing.clear();
    board.go(165, 300);
    assert_eq!(board.trace_of("webhook"), ["195 webhook AllResolved a/ticket-resolved"]);
}

#[test]
fn what_ended_a_day_ago_is_no_longer_told_to_a_receiver_that_refuses() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.refusing.insert("webhook");
    board.set("a", Well);
    board.go(45, 88_000);
    let tried = board.state.core.dispatch.sent.len();
    board.go(88_015, 90_000);
    assert_eq!(board.state.core.dispatch.sent.len(), tried, "nothing is tried any more");
    board.refusing.clear();
    board.go(90_015, 90_300);
    assert_eq!(board.trace_of("webhook"), ["15 webhook First a/ticket"]);
}

#[test]
fn a_new_tree_tells_the_new_receiver_and_takes_leave_of_the_old_one() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.trace();
    board.configure(45, told(Route { receiver: "other".to_owned(), ..grouped() }, &["a"]));
    board.go(60, 120);
    assert_eq!(board.trace(), ["45 email First a/ticket", "75 webhook AllResolved a/ticket-resolved"]);
}

#[test]
fn a_reload_that_changes_nothing_for_an_alert_tells_nothing() {
    let mut board = Board::new(told(grouped(), &["a"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.trace();
    board.configure(45, told(grouped(), &["a", "b"]));
    board.go(60, 300);
    assert_eq!(board.trace(), [""; 0]);
}

#[test]
fn an_slo_that_leaves_takes_its_alerts_with_it() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.set("a", Badly);
    board.go(15, 30);
    board.trace();
    board.configure(45, told(grouped(), &["b"]));
    board.go(60, 120);
    assert_eq!(board.trace(), ["75 webhook AllResolved a/ticket-resolved"]);
}

#[test]
fn pages_and_tickets_go_their_own_ways() {
    let paged = Route {
        receiver: "other".to_owned(),
        matchers: Matchers(vec![parse_matcher("severity=\"page\"").expect("a matcher")]),
        ..grouped()
    };
    let mut board = Board::new(told(Route { routes: vec![paged], ..grouped() }, &["a"]));
    board.set("a", Terribly);
    board.go(15, 15);
    assert_eq!(board.trace(), ["15 email First a/page", "15 webhook First a/ticket", "15 slack First a/ticket"]);
}

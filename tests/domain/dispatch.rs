//! Who is told what, and when: traces of messages as `second channel reason alerts`.

use crate::build::{events, pair, receiver, route, sample, seconds, series, setup, slo, target};
use crate::run::at;
use slowburn::domain::event::Event;
use slowburn::domain::message::{Delivery, DeliveryReport, Message, Notice};
use slowburn::domain::reading::Target;
use slowburn::domain::selector_text::parse_matcher;
use slowburn::domain::setup::{GroupBy, Route, Setup};
use slowburn::domain::slo::{Part, Severity, Slo};
use slowburn::domain::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How an SLO does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Well,
    /// A ticket's worth of bad events.
    Badly,
    /// A page's worth, too.
    Terribly,
}
use Does::{Badly, Terribly, Well};

/// SLOs that do as they are told, and receivers that take messages or don't.
struct Board {
    state: State,
    target: Arc<Target>,
    doing: BTreeMap<String, Does>,
    shown: BTreeMap<String, (f64, f64)>,
    /// Channel kinds that are out of order.
    down: BTreeSet<&'static str>,
    /// Channel kinds that refuse for good.
    refusing: BTreeSet<&'static str>,
    seen: BTreeSet<(u64, u32)>,
    trace: Vec<String>,
}

/// An SLO that tickets and pages over its own series.
fn own(name: &str) -> Slo {
    let total = format!("requests_total{{slo=\"{name}\"}}");
    let bad = format!("requests_total{{slo=\"{name}\",code=\"500\"}}");
    let mut slo = Slo { indicator: events(&total, &bad, Part::Bad), ..slo(name) };
    slo.policy.pairs = vec![pair(Severity::Page, 30, 15, "4"), pair(Severity::Ticket, 30, 15, "0.5")];
    slo
}

/// All alerts of the service in one group, a minute between two messages.
fn grouped() -> Route {
    Route {
        group_by: GroupBy::Labels(vec!["service".to_owned()]),
        group_interval: seconds(60),
        repeat_interval: seconds(600),
        ..route("team")
    }
}

fn told(route: Route, names: &[&str]) -> Setup {
    Setup {
        route: Some(route),
        receivers: vec![
            receiver("team", &[("webhook", true), ("slack", false)]),
            receiver("other", &[("email", true)]),
        ],
        ..setup(names.iter().map(|name| own(name)))
    }
}

impl Board {
    fn new(setup: Setup) -> Self {
        let mut board = Self {
            state: State::default(),
            target: target("a:80", seconds(15)),
            doing: BTreeMap::new(),
            shown: BTreeMap::new(),
            down: BTreeSet::new(),
            refusing: BTreeSet::new(),
            seen: BTreeSet::new(),
            trace: Vec::new(),
        };
        board.configure(0, setup);
        board.go(0, 0);
        board
    }

    fn configure(&mut self, second: i64, setup: Setup) {
        for slo in &setup.slos {
            self.doing.entry(slo.id.name.clone()).or_insert(Well);
        }
        self.state.step(&[Event::Configured { at: at(second), setup: Arc::new(setup) }]);
        self.deliver(second);
    }

    fn set(&mut self, name: &str, does: Does) {
        self.doing.insert(name.to_owned(), does);
    }

    /// A scrape each 15 seconds.
    fn go(&mut self, from: i64, to: i64) {
        for second in (from..=to).step_by(15) {
            let samples = self.samples();
            self.state.step(&[Event::Scraped(crate::build::read(&self.target, at(second).0, samples))]);
            self.deliver(second);
            // Between scrapes time goes on.
            for later in second + 1..second + 15 {
                self.state.step(&[Event::Tick { at: at(later) }]);
                self.deliver(later);
            }
        }
    }

    fn samples(&mut self) -> Vec<slowburn::domain::reading::Sample> {
        let mut samples = Vec::new();
        for (name, does) in &self.doing {
            let shown = self.shown.entry(name.clone()).or_default();
            let bad = match does {
                Well => 0.0,
                Badly => 20.0,
                Terribly => 100.0,
            };
            *shown = (shown.0 + 100.0 - bad, shown.1 + bad);
            for (code, value) in [("200", shown.0), ("500", shown.1)] {
                let labels = [("slo", name.as_str()), ("code", code)];
                samples.push(sample(&series(&self.target, "requests_total", &labels), value));
            }
        }
        samples
    }

    /// Attempts what is due; an attempt that fails is made again 20 seconds later.
    fn deliver(&mut self, second: i64) {
        loop {
            let due = |message: &&Message| message.next_attempt <= at(second);
            let Some(message) = self.state.core.dispatch.outbox.values().find(due).cloned() else { return };
            assert!(self.seen.insert((message.id, message.attempts)), "an attempt is made once");
            let kind = message.channel.kind.as_str();
            let delivery = if self.down.contains(kind) {
                Delivery::Failed { error: "refused".to_owned(), retry_at: at(second + 20) }
            } else if self.refusing.contains(kind) {
                Delivery::GivenUp { error: "404".to_owned() }
            } else {
                self.trace.push(format!("{second} {kind} {:?} {}", message.reason, alerts(&message)));
                Delivery::Accepted
            };
            let report = DeliveryReport { message_id: message.id, at: at(second), delivery };
            self.state.step(&[Event::Delivered(report)]);
        }
    }

    /// What was told since the last call.
    fn trace(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trace)
    }

    /// Only of one kind of channel.
    fn trace_of(&mut self, kind: &str) -> Vec<String> {
        let all = self.trace();
        all.into_iter().filter(|line| line.split(' ').nth(1) == Some(kind)).collect()
    }
}

fn alerts(message: &Message) -> String {
    let one = |alert: &Notice| {
        let end = if alert.firing() { "" } else { "-resolved" };
        format!("{}/{}{end}", alert.detail.id.name, alert.detail.severity)
    };
    message.alerts.iter().map(one).collect::<Vec<_>>().join(",")
}

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
fn a_message_given_up_does_not_keep_the_next_one_back() {
    let mut board = Board::new(told(grouped(), &["a", "b"]));
    board.refusing.insert("webhook");
    board.set("a", Badly);
    board.go(15, 30);
    let sent = &board.state.core.dispatch.sent;
    assert_eq!(sent.iter().filter(|sent| sent.error.as_deref() == Some("404")).count(), 1);
    board.refusing.clear();
    board.set("b", Badly);
    board.go(45, 100);
    assert_eq!(board.trace_of("webhook"), ["75 webhook NewAlerts a/ticket,b/ticket"]);
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
        matchers: slowburn::domain::selector::Matchers(vec![parse_matcher("severity=\"page\"").expect("a matcher")]),
        ..grouped()
    };
    let mut board = Board::new(told(Route { routes: vec![paged], ..grouped() }, &["a"]));
    board.set("a", Terribly);
    board.go(15, 15);
    assert_eq!(board.trace(), ["15 email First a/page", "15 webhook First a/ticket", "15 slack First a/ticket"]);
}

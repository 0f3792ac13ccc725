//! SLOs that do as they are told, and receivers that take messages or don't.

use crate::build::{events, pair, receiver, route, sample, seconds, series, setup, slo, target};
use crate::run::at;
use slowburn::domain::event::Event;
use slowburn::domain::message::{Delivery, DeliveryReport, Message, Notice};
use slowburn::domain::reading::Target;
use slowburn::domain::setup::{GroupBy, Route, Setup};
use slowburn::domain::slo::{Part, Severity, Slo};
use slowburn::domain::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How an SLO does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    Well,
    /// A ticket's worth of bad events.
    Badly,
    /// A page's worth, too.
    Terribly,
}
use Does::{Badly, Terribly, Well};

/// SLOs that do as they are told, and receivers that take messages or don't.
pub struct Board {
    pub state: State,
    target: Arc<Target>,
    doing: BTreeMap<String, Does>,
    shown: BTreeMap<String, (f64, f64)>,
    /// Channel kinds that are out of order.
    pub down: BTreeSet<&'static str>,
    /// Channel kinds that refuse for good.
    pub refusing: BTreeSet<&'static str>,
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
pub fn grouped() -> Route {
    Route {
        group_by: GroupBy::Labels(vec!["service".to_owned()]),
        group_interval: seconds(60),
        repeat_interval: seconds(600),
        ..route("team")
    }
}

pub fn told(route: Route, names: &[&str]) -> Setup {
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
    pub fn new(setup: Setup) -> Self {
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

    pub fn configure(&mut self, second: i64, setup: Setup) {
        for slo in &setup.slos {
            self.doing.entry(slo.id.name.clone()).or_insert(Well);
        }
        self.state.step(&[Event::Configured { at: at(second), setup: Arc::new(setup) }]);
        self.deliver(second);
    }

    pub fn set(&mut self, name: &str, does: Does) {
        self.doing.insert(name.to_owned(), does);
    }

    /// A scrape each 15 seconds.
    pub fn go(&mut self, from: i64, to: i64) {
        for second in (from..=to).step_by(15) {
            self.turn(second);
            // Between scrapes time goes on.
            (second + 1..second + 15).for_each(|later| self.tick(later));
        }
    }

    /// A scrape that is still to be taken in.
    pub fn reading(&mut self, second: i64) -> Event {
        let samples = self.samples();
        Event::Scraped(crate::build::read(&self.target, at(second).0, samples))
    }

    /// A scrape; whether a group of alerts had its turn.
    pub fn turn(&mut self, second: i64) -> bool {
        let reading = self.reading(second);
        let effects = self.state.step(&[reading]);
        self.deliver(second);
        effects.group_turn
    }

    pub fn tick(&mut self, second: i64) {
        self.state.step(&[Event::Tick { at: at(second) }]);
        self.deliver(second);
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
            let due = |message: &&Arc<Message>| message.next_attempt <= at(second);
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
    pub fn trace(&mut self) -> Vec<String> {
        std::mem::take(&mut self.trace)
    }

    /// Only of one kind of channel.
    pub fn trace_of(&mut self, kind: &str) -> Vec<String> {
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

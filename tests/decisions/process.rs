//! A process that lives through a script: what its counters and gauges show.

use super::traces::{Event, Script};
use fastrand::Rng;
use std::collections::BTreeMap;

/// A series by its name, the value of the label that tells it apart, and its verb.
pub type Key = (&'static str, &'static str, &'static str);

/// A process with its counters.
pub struct Process<'s> {
    script: &'s Script,
    rng: Rng,
    pub counters: BTreeMap<Key, f64>,
    /// Failing requests that are due, where they come evenly.
    due: f64,
}

const REQUESTS: &str = "http_request_duration_seconds_count";
const API: &str = "apiserver_request_total";
const BUCKET: &str = "apiserver_request_duration_seconds_bucket";
const COUNT: &str = "apiserver_request_duration_seconds_count";
const WIFI: &str = "unifipoller_client_satisfaction_ratio";

/// How much more often a request is slow, and a client unhappy, than a request fails: what makes the objectives of
/// 99 % and 95 % as interesting as the one of 99.9 %.
const SLOWER: f64 = 10.0;
const UNHAPPIER: f64 = 50.0;

impl<'s> Process<'s> {
    pub fn new(script: &'s Script, seed: u64) -> Self {
        let mut process = Self { script, rng: Rng::with_seed(seed), counters: BTreeMap::new(), due: 0.0 };
        process.restart();
        process
    }

    pub fn restart(&mut self) {
        self.counters.clear();
        let known = [(REQUESTS, "200", ""), (API, "200", "GET")];
        let timed = [(BUCKET, "0.4", "GET"), (BUCKET, "+Inf", "GET"), (COUNT, "", "GET")];
        for counter in known.into_iter().chain(timed) {
            self.counters.insert(counter, 0.0);
        }
        if self.script.events.contains(&Event::ErrorsKnown) {
            self.counters.extend([((REQUESTS, "500", ""), 0.0), ((API, "500", "GET"), 0.0)]);
        }
    }

    /// What happens in the half minute before `minute`.
    pub fn live(&mut self, minute: f64) {
        let began = |from: &i64| *from as f64 <= minute;
        let phase = self.script.phases.iter().rev().find(|phase| began(&phase.0));
        let (requests, share) = phase.map_or((0, 0.0), |phase| (phase.1, phase.2));
        let code = self.script.events.iter().rev().find_map(|event| match event {
            Event::Code(from, code) if began(from) => Some(*code),
            _ => None,
        });
        let code = code.unwrap_or("500");
        let is_even = self.script.events.contains(&Event::Even);
        let requests = if is_even { requests } else { self.rng.u64(requests * 7 / 10..=requests * 13 / 10) };
        let bad = if is_even { self.evenly(requests, share) } else { self.some(requests, share) };
        let slow = if is_even { bad * SLOWER } else { self.some(requests, share * SLOWER) };
        let all = requests as f64;
        self.add((REQUESTS, "200", ""), all - bad);
        self.add((REQUESTS, code, ""), bad);
        // A quarter of the calls change something, and half of those that fail.
        let posts = if self.script.events.iter().any(|event| matches!(event, Event::NoPosts(from) if began(from))) {
            0.0
        } else {
            (all / 4.0).floor()
        };
        let bad_posts = (bad / 2.0).floor().min(posts);
        for (verb, all, bad) in [("GET", all - posts, bad - bad_posts), ("POST", posts, bad_posts)] {
            self.add((API, "200", verb), all - bad);
            self.add((API, code, verb), bad);
        }
        self.add((BUCKET, "0.4", "GET"), all - slow);
        self.add((BUCKET, "+Inf", "GET"), all);
        self.add((COUNT, "", "GET"), all);
        for client in ["a", "b", "c", "d"] {
            let unhappy = self.rng.f64() < share * UNHAPPIER;
            self.counters.insert((WIFI, client, ""), if unhappy { 0.125 } else { 0.97 });
        }
    }

    /// A counter appears with its first event.
    fn add(&mut self, counter: Key, events: f64) {
        if events > 0.0 {
            *self.counters.entry(counter).or_default() += events;
        }
    }

    fn some(&mut self, requests: u64, share: f64) -> f64 {
        (0..requests).filter(|_| self.rng.f64() < share).count() as f64
    }

    fn evenly(&mut self, requests: u64, share: f64) -> f64 {
        self.due += requests as f64 * share;
        // A share such as 0.0144 is a little off in binary.
        let bad = (self.due + 1e-9).floor();
        self.due -= bad;
        bad
    }
}

pub fn labels((name, value, verb): Key) -> Vec<(&'static str, String)> {
    let own = match name {
        REQUESTS => vec![("code", value), ("f1", "v1"), ("f2", "v2")],
        API => vec![("code", value)],
        BUCKET => vec![("le", value)],
        WIFI => vec![("client", value)],
        _ => Vec::new(),
    };
    let verb = (!verb.is_empty()).then_some(("verb", verb));
    own.into_iter().chain(verb).map(|(name, value)| (name, value.to_owned())).collect()
}

//! What goes wrong in the shop, and when: once in the past, for the charts, and again and again while one watches.
//!
//! The timetable of a run begins when the shop opens to visitors and repeats every [`CYCLE`]. Incidents are part of the
//! simulation, not of slowburn: it sees nothing of them but counters and scrapes that fail.

use super::shop::Service;
use crate::domain::time::{Timestamp, millis};
use std::time::Duration;

/// The timetable repeats after this time.
pub const CYCLE: Duration = Duration::from_secs(20 * 60);

/// Work is announced for longer than it takes.
const MAINTENANCE_MARGIN: Duration = Duration::from_secs(600);

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Incident {
    pub service: &'static str,
    /// `None`: all instances.
    pub instance: Option<usize>,
    pub effect: Effect,
    pub from: Timestamp,
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// This further share of requests fails.
    Errors(f64),
    /// Requests become slower, up to this factor at the end.
    Creep(f64),
    /// Requests are slower by this factor throughout.
    Slow(f64),
    /// The instance does not answer; its counters begin anew afterwards.
    Down,
    /// The instance's counters begin anew, without a break.
    Restart,
}

/// A line of the timetable.
#[derive(Debug)]
pub struct Scene {
    service: &'static str,
    instance: Option<usize>,
    effect: Effect,
    /// Seconds after the cycle's beginning.
    pub from: i64,
    until: i64,
    /// What happens, for the terminal.
    pub story: &'static str,
}

/// What happens in every cycle.
pub static SCENES: &[Scene] = &[
    Scene {
        service: "checkout",
        instance: None,
        effect: Effect::Errors(0.1),
        from: 0,
        until: 90,
        story: "checkout fails for 90 s, /pay most: within a minute a page, resolved soon after the end",
    },
    Scene {
        service: "search",
        instance: None,
        effect: Effect::Creep(7.0),
        from: 4 * MINUTE,
        until: 8 * MINUTE,
        story: "search gets slower and slower for 4 min: a ticket by mail and Slack",
    },
    Scene {
        service: "login",
        instance: Some(1),
        effect: Effect::Down,
        from: 10 * MINUTE,
        until: 14 * MINUTE,
        story: "login-2 is down for 4 min, its scrapes fail: a page, resolved when it is back",
    },
    Scene {
        service: "catalog",
        instance: None,
        effect: Effect::Restart,
        from: 16 * MINUTE,
        until: 16 * MINUTE,
        story: "catalog restarts, its counters begin at 0: nothing is lost, nobody is woken",
    },
];

/// The same for one instance at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    pub down: bool,
    /// Share of failures beyond the usual.
    pub errors: f64,
    /// Factor on the usual latency.
    pub slowness: f64,
}

/// All incidents of a run.
#[derive(Clone, Debug, Default)]
pub struct Script {
    past: Vec<Incident>,
    /// When the timetable begins; before it is known only the past goes wrong.
    opening: Option<Timestamp>,
}

impl Script {
    /// What went wrong before `now`.
    pub fn before(now: Timestamp) -> Self {
        let past = past().into_iter().map(|(service, instance, effect, ago, length)| {
            let from = Timestamp::from_secs(now.0.div_euclid(1000) - ago);
            Incident { service, instance, effect, from, until: from + Duration::from_secs(length) }
        });
        Self { past: past.collect(), opening: None }
    }

    /// The same past, and the timetable from `opening` on.
    pub fn opened(&self, opening: Timestamp) -> Self {
        Self { past: self.past.clone(), opening: Some(opening) }
    }

    /// The announced work in the past, a little longer than what it broke: beginning and end.
    pub fn maintenance(&self) -> Option<(Timestamp, Timestamp)> {
        let found = self.past.iter().find(|incident| incident.service == "payments" && incident.effect == Effect::Down);
        found.map(|incident| (incident.from - MAINTENANCE_MARGIN, incident.until + MAINTENANCE_MARGIN))
    }

    /// Incidents of an instance that touch `(after, until]`.
    pub fn of(
        &self,
        service: &'static Service,
        instance: usize,
        after: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Incident> {
        let scenes = self.opening.into_iter().flat_map(move |opening| scenes(opening, after, until));
        let all = self.past.iter().copied().chain(scenes);
        all.filter(move |incident| {
            let here = incident.service == service.name && incident.instance.is_none_or(|i| i == instance);
            here && incident.from <= until && incident.until > after - Duration::from_millis(1)
        })
    }

    /// What an instance has to bear at a moment.
    pub fn weather(&self, service: &'static Service, instance: usize, at: Timestamp) -> Weather {
        let mut weather = Weather { down: false, errors: 0.0, slowness: 1.0 };
        let on = |incident: &Incident| incident.from <= at && at < incident.until;
        for incident in self.of(service, instance, at, at).filter(on) {
            match incident.effect {
                Effect::Down => weather.down = true,
                Effect::Errors(share) => weather.errors += share,
                Effect::Slow(factor) => weather.slowness *= factor,
                Effect::Creep(factor) => {
                    let gone = (at.0 - incident.from.0) as f64 / (incident.until.0 - incident.from.0).max(1) as f64;
                    weather.slowness *= 1.0 + (factor - 1.0) * gone;
                }
                Effect::Restart => {}
            }
        }
        weather
    }
}

/// The timetable's incidents of all cycles that touch `[after, until]`.
fn scenes(opening: Timestamp, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Incident> {
    let cycle = millis(CYCLE);
    let number = |at: Timestamp| (at.0 - opening.0).div_euclid(cycle);
    let begins = (number(after).max(0)..=number(until)).map(move |k| opening.0 + k * cycle);
    begins.flat_map(|begin| {
        SCENES.iter().map(move |scene| Incident {
            service: scene.service,
            instance: scene.instance,
            effect: scene.effect,
            from: Timestamp(begin + scene.from * 1000),
            until: Timestamp(begin + scene.until * 1000),
        })
    })
}

type Past = (&'static str, Option<usize>, Effect, i64, u64);

/// Service, instance, effect, how long before the opening it began, and how long it lasted, both in seconds.
fn past() -> Vec<Past> {
    let minutes = |m: u64| m * 60;
    vec![
        ("checkout", None, Effect::Errors(0.08), 43 * DAY + 6 * HOUR, minutes(60)),
        ("search", None, Effect::Slow(3.0), 47 * DAY + 4 * HOUR, minutes(420)),
        ("checkout", None, Effect::Errors(0.05), 26 * DAY + 5 * HOUR, minutes(50)),
        ("checkout", None, Effect::Errors(0.3), 11 * DAY + 3 * HOUR, minutes(14)),
        ("checkout", None, Effect::Errors(0.02), 3 * DAY + 2 * HOUR, minutes(150)),
        ("checkout", None, Effect::Errors(0.12), 7 * HOUR, minutes(9)),
        ("search", None, Effect::Slow(2.2), 19 * DAY + 9 * HOUR, minutes(540)),
        ("search", None, Effect::Errors(0.12), 13 * DAY + 4 * HOUR, minutes(50)),
        ("search", None, Effect::Slow(3.5), 6 * DAY + 5 * HOUR, minutes(240)),
        ("catalog", None, Effect::Errors(0.01), 15 * DAY, minutes(120)),
        ("payments", None, Effect::Down, 8 * DAY + 9 * HOUR, minutes(280)),
        ("payments", None, Effect::Errors(0.03), 4 * DAY + HOUR, minutes(40)),
        ("login", Some(0), Effect::Down, 22 * DAY + 7 * HOUR, minutes(40)),
        ("login", Some(1), Effect::Down, 9 * DAY + 2 * HOUR, minutes(25)),
        ("catalog", None, Effect::Restart, 12 * DAY, 0),
        ("checkout", None, Effect::Restart, 5 * DAY, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::shop::SHOP;

    fn service(name: &str) -> &'static Service {
        SHOP.iter().find(|service| service.name == name).expect("a service of the shop")
    }

    #[test]
    fn the_timetable_repeats_and_ends_each_time() {
        let opening = Timestamp::from_secs(1_767_225_600);
        let script = Script::before(opening).opened(opening);
        let (checkout, login) = (service("checkout"), service("login"));
        for cycle in [0, 1, 7] {
            let begin = opening + CYCLE * cycle;
            let at = |seconds| begin + Duration::from_secs(seconds);
            assert!(script.weather(checkout, 0, at(10)).errors > 0.0, "cycle {cycle}");
            assert_eq!(script.weather(checkout, 0, at(90)).errors, 0.0, "cycle {cycle}");
            assert!(script.weather(login, 1, at(700)).down && !script.weather(login, 0, at(700)).down);
            let slow = |seconds| script.weather(service("search"), 0, at(seconds)).slowness;
            assert!(slow(241) < slow(400) && slow(400) < slow(479) && slow(481) == 1.0, "cycle {cycle}");
        }
        assert_eq!(script.weather(checkout, 0, opening - Duration::from_secs(10)).errors, 0.0);
    }

    #[test]
    fn every_incident_names_a_service_and_an_instance_of_the_shop() {
        let told = SCENES.iter().map(|scene| (scene.service, scene.instance));
        for (name, instance) in past().into_iter().map(|(name, instance, ..)| (name, instance)).chain(told) {
            assert!(instance.is_none_or(|i| i < service(name).instances), "{name} {instance:?}");
        }
        for scene in SCENES {
            assert!((0..millis(CYCLE) / 1000).contains(&scene.from) && scene.from <= scene.until, "{}", scene.story);
        }
    }
}

//! The requests that everything under measurement counts: slowburn, its peers, and the months before both.
//!
//! A traffic is a table of what a service counted every fifteen seconds, from weeks ago to some hours ahead. Exporters
//! show it, histories are made of it and peers' stores are filled with it, so that all of them know the same past and
//! see it go on. Services share some traffics, each from a first value of its own.

use slowburn::clock;
use slowburn::domain::time::Timestamp;
use std::f64::consts::TAU;
use std::sync::OnceLock;
use std::time::Duration;

/// Time between two entries of the tables; also between two scrapes.
pub const STEP: Duration = Duration::from_secs(15);
/// What the tables hold: a little more than the engine remembers, and more than a run of the benchmark takes.
const PAST: Duration = Duration::from_secs(69 * 86_400);
const FUTURE: Duration = Duration::from_secs(3 * 3600);
/// Services that work as they should.
const USUAL: usize = 16;
/// One service in so many burns its budget fast enough to keep its alerts firing.
const BURNING_EVERY: usize = 50;

/// How requests and errors come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Busy days, quieter nights, a few errors, and half an hour of 2 % errors every five days.
    Usual(usize),
    /// The same with 5 % errors, always.
    Burning,
    /// A hundred requests a second by day and one by night; 5 % errors by night, 0.01 % by day.
    NightErrors,
    /// The same with the shares swapped.
    DayErrors,
    /// Ten times as much by day as by night, and an hour with 50 % errors every ten days, by night.
    NightOutage,
    /// No requests for half of each day; 0.1 % errors.
    Silent,
}

/// What is special about a traffic, for measuring how wrong a mean of ratios is.
pub const UNEVEN: [(&str, Kind); 4] = [
    ("night_errors", Kind::NightErrors),
    ("day_errors", Kind::DayErrors),
    ("night_outage", Kind::NightOutage),
    ("silent", Kind::Silent),
];

/// A table of cumulative counts.
pub struct Traffic {
    begin: Timestamp,
    /// Requests and errors since `begin`, at each step.
    sums: Vec<(u32, u32)>,
}

/// The traffic of a service's group.
pub fn kind(service: usize, group: usize) -> Kind {
    if service % BURNING_EVERY == 7 { Kind::Burning } else { Kind::Usual((service + group) % USUAL) }
}

/// All kinds of [`kind`].
pub fn kinds() -> impl Iterator<Item = Kind> {
    (0..USUAL).map(Kind::Usual).chain([Kind::Burning])
}

impl Kind {
    pub fn traffic(self) -> &'static Traffic {
        static TABLES: OnceLock<Vec<(Kind, Traffic)>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| {
            let now = clock::now().0;
            let begin = Timestamp(now - now.rem_euclid(STEP.as_millis() as i64)) - PAST;
            let uneven = UNEVEN.iter().map(|(_, kind)| *kind);
            kinds().chain(uneven).map(|kind| (kind, Traffic::of(kind, begin))).collect()
        });
        let found = tables.iter().find(|(known, _)| *known == self);
        &found.expect("every kind has a table").1
    }

    /// Requests and errors of one step.
    fn events(self, at: Timestamp, random: &mut fastrand::Rng) -> (f64, f64) {
        let hours = at.0 as f64 / 3.6e6;
        let day = hours % 24.0 < 12.0;
        let swing = |depth: f64| 1.0 + depth * (hours * TAU / 24.0).sin();
        let half = |by_day: f64, by_night: f64| if day { by_day } else { by_night };
        let noise = 0.9 + 0.2 * random.f64();
        let (rate, share) = match self {
            Self::Usual(number) => {
                let incident = (hours + 7.5 * number as f64) % 120.0 < 0.5;
                (20.0 + 6.0 * number as f64, if incident { 0.02 } else { 0.0002 })
            }
            Self::Burning => (60.0, 0.05),
            Self::NightErrors => (half(100.0, 1.0), half(0.0001, 0.05)),
            Self::DayErrors => (half(100.0, 1.0), half(0.05, 0.0001)),
            Self::NightOutage => (55.0, if (hours - 17.5).rem_euclid(240.0) < 1.0 { 0.5 } else { 0.0002 }),
            Self::Silent => (half(50.0, 0.0), 0.001),
        };
        let rate = match self {
            Self::Usual(_) | Self::Burning => rate * swing(0.6) * noise,
            Self::NightOutage => rate * swing(45.0 / 55.0),
            _ => rate,
        };
        let total = (rate * STEP.as_secs_f64()).round();
        let mean = total * share;
        let bad = mean.floor() + f64::from(u8::from(random.f64() < mean.fract()));
        (total, bad.min(total))
    }
}

impl Traffic {
    fn of(kind: Kind, begin: Timestamp) -> Self {
        let seed = if let Kind::Usual(number) = kind { number as u64 } else { 1000 };
        let mut random = fastrand::Rng::with_seed(seed);
        let mut sum = (0, 0);
        let steps = (PAST + FUTURE).as_millis() / STEP.as_millis();
        let sums = (0..steps as u32).map(|step| {
            let (total, bad) = kind.events(begin + STEP * (step + 1), &mut random);
            let before = sum;
            sum = (before.0 + total as u32, before.1 + bad as u32);
            before
        });
        Self { begin, sums: sums.collect() }
    }

    /// Requests and errors until `at`, which lies within the table; with more requests than it tells, so many until each
    /// step.
    pub fn until(&self, at: Timestamp, more: impl Fn(usize) -> u32) -> (u64, u64) {
        let (since, step) = (at.since(self.begin).as_millis() as u64, STEP.as_millis() as u64);
        let (index, part) = ((since / step) as usize, since % step);
        let (from, to) = (self.sums[index], self.sums[index + 1]);
        let between = |from: u32, to: u32| u64::from(from) + u64::from(to - from) * part / step;
        (between(from.0 + more(index), to.0 + more(index + 1)), between(from.1, to.1))
    }
}

//! What random targets show: counters that grow, fall, are born and die, and everything that is no count.

use crate::engine::{COUNTERS, START};
use crate::histogram::{Histogram, Timed, timed};
use crate::oracle::{Attempt, Ms, Rules, Shown};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What one series shows in one scrape.
#[derive(Clone, Copy, Debug)]
pub enum Show {
    More(u16),
    /// Gone to zero and grown from there.
    Reset(u16),
    Missing,
    Value(f64),
    /// As it is, and once more with another value.
    Twice,
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct Move {
    pub target: usize,
    /// Since the last attempt of any target; negative where the clock goes back.
    pub wait: Ms,
    pub good: bool,
    pub restarted: bool,
    pub shows: Vec<Show>,
    pub timed: Timed,
    /// Where samples carry a time of their own: how far before the attempt.
    pub age: Vec<Ms>,
}

/// How a world counts, and what its targets tell of births.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub rules: Rules,
    pub created: bool,
    pub started: bool,
    /// Samples carry a time of their own.
    pub own_times: bool,
}

fn show() -> impl Strategy<Value = Show> {
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0];
    prop_oneof![
        12 => (0u16..50).prop_map(Show::More),
        2 => (0u16..50).prop_map(Show::Reset),
        2 => Just(Show::Missing),
        1 => prop::sample::select(strange.to_vec()).prop_map(Show::Value),
        1 => Just(Show::Twice),
    ]
}

pub fn moves(wait: impl Strategy<Value = Ms> + 'static, most: usize) -> impl Strategy<Value = Vec<Move>> {
    // The parts of a histogram share their time.
    let ages = prop::collection::vec(prop_oneof![Just(0), 0..60_000i64, -5_000..0i64], COUNTERS + 1);
    let shows = (prop::collection::vec(show(), COUNTERS), timed(show()));
    let one = (0usize..3, wait, prop::bool::weighted(0.85), prop::bool::weighted(0.05), shows, ages);
    let one = one.prop_map(|(target, wait, good, restarted, (shows, timed), age)| Move {
        target,
        wait,
        good,
        restarted,
        shows,
        timed,
        age,
    });
    prop::collection::vec(one, 1..most)
}

/// Scrapes in the order of time, with pauses.
pub fn forward() -> impl Strategy<Value = Ms> {
    prop_oneof![8 => 1..20_000i64, 1 => 20_000..40_000i64, 1 => 40_000..400_000i64]
}

pub fn world() -> impl Strategy<Value = World> {
    any::<[bool; 5]>().prop_map(|[baseline, process_start, created, started, own_times]| World {
        rules: Rules { baseline, process_start, watched_since: START, interval: 15_000 },
        created,
        started,
        own_times,
    })
}

/// Counters of one target as they really are: value and birth.
#[derive(Default)]
struct Counters {
    values: BTreeMap<usize, (f64, Ms)>,
    histogram: Option<Histogram>,
    started: Ms,
}

/// Makes attempts of moves.
pub struct Targets {
    world: World,
    counters: [Counters; 3],
    pub now: Ms,
}

impl Targets {
    pub fn new(world: World) -> Self {
        Self { world, counters: Default::default(), now: START }
    }

    pub fn attempt(&mut self, a_move: &Move) -> Attempt {
        self.now += a_move.wait;
        let (now, world) = (self.now, self.world);
        let counters = &mut self.counters[a_move.target];
        if a_move.restarted || counters.started == 0 {
            counters.values.clear();
            counters.histogram = None;
            counters.started = now - 1000;
        }
        let mut shown = Vec::new();
        for (series, show) in a_move.shows.iter().enumerate().filter(|_| a_move.good) {
            let (value, born) = counters.values.entry(series).or_insert((0.0, now - 500));
            match show {
                Show::More(more) => *value += f64::from(*more),
                Show::Reset(grown) => (*value, *born) = (f64::from(*grown), now - 300),
                Show::Missing | Show::Value(_) | Show::Twice => {}
            }
            let at = world.own_times.then(|| now - a_move.age[series]);
            let created = world.created.then_some(*born);
            let sample = |value| Shown { series, value, at, created };
            match show {
                Show::Missing => {}
                Show::Value(value) => shown.push(sample(*value)),
                Show::Twice => shown.extend([sample(*value), sample(*value + 7.0)]),
                Show::More(_) | Show::Reset(_) => shown.push(sample(*value)),
            }
        }
        if a_move.good {
            let sample = |(series, value, born): (usize, f64, Ms)| Shown {
                series,
                value,
                at: world.own_times.then(|| now - a_move.age[COUNTERS]),
                created: world.created.then_some(born),
            };
            let parts = Histogram::show(&mut counters.histogram, a_move.target, now, &a_move.timed);
            shown.extend(parts.into_iter().map(sample));
        }
        let process_start = world.started.then_some(counters.started);
        Attempt { target: a_move.target, at: now, good: a_move.good, shown, process_start }
    }
}

//! The whole decision core with its persistence on a virtual clock, under random faults of targets, receivers, disk and
//! clock, with reloads and kills.
//!
//! A seed decides everything. After each event the counts are held against what really happened; at the end, when all
//! faults are over, they must be exact, and every receiver must know how every alert ended. A failing seed is printed;
//! `SLOWBURN_SIM_SEED=7 cargo test --test simulation` runs it alone (its log goes to the file that `SLOWBURN_SIM_LOG`
//! names), and `SLOWBURN_SIM_SEEDS=1000` runs that many.

#[path = "../support/build.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod build;
mod chaos;
mod checks;
mod disk;
#[path = "../support/oracle.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod oracle;
mod process;
mod receivers;
mod recovery;
mod scenario;
mod services;
mod world;

use std::ops::Range;
use world::{Ended, World};

/// Tells which seed failed.
struct Announce(u64);

impl Drop for Announce {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {0} failed; SLOWBURN_SIM_SEED={0} cargo test --test simulation runs it alone", self.0);
        }
    }
}

fn run(seed: u64) -> Ended {
    let _announce = Announce(seed);
    World::new(seed).run()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Seeds of one of four tests that run side by side.
fn seeds(quarter: u64) -> Range<u64> {
    match (number("SLOWBURN_SIM_SEED"), number("SLOWBURN_SIM_SEEDS").unwrap_or(24) / 4) {
        (Some(seed), _) if quarter == 0 => seed..seed + 1,
        (Some(_), _) => 0..0,
        (None, each) => quarter * each..(quarter + 1) * each,
    }
}

fn quarter(quarter: u64) {
    let mut kills = 0;
    let seeds = seeds(quarter);
    for seed in seeds.clone() {
        kills += run(seed).kills;
    }
    assert!(kills >= 10 * seeds.count(), "only {kills} kills");
}

#[test]
fn first_quarter_of_the_seeds() {
    quarter(0);
}

#[test]
fn second_quarter_of_the_seeds() {
    quarter(1);
}

#[test]
fn third_quarter_of_the_seeds() {
    quarter(2);
}

#[test]
fn last_quarter_of_the_seeds() {
    quarter(3);
}

#[test]
fn the_same_seed_gives_the_same_log_byte_for_byte() {
    for seed in [1001, 1002] {
        let (first, second) = (run(seed), run(seed));
        assert!(first.log == second.log, "seed {seed}: {}", first_difference(&first.log, &second.log));
        assert!(first.log.lines().count() > 1000, "seed {seed}: {} lines", first.log.lines().count());
    }
}

fn first_difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).position(|(a, b)| a != b);
    let around =
        |text: &str, at: usize| text.lines().skip(at.saturating_sub(8)).take(12).collect::<Vec<_>>().join("\n");
    at.map_or_else(|| "one is longer".to_owned(), |at| format!("{}\nversus\n{}", around(a, at), around(b, at)))
}

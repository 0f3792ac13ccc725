//! A short life of an engine, the same in every version: what a data directory of an earlier format must still tell.
//!
//! `SLOWBURN_WRITE_FIXTURE=PATH cargo test --test store a_life_is_written` writes the data directory's file of the
//! present format.

#[path = "../support/build.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
pub mod build;

use build::{events, failed, pair, read, sample, seconds, series, setup, slo, target};
use slowburn::domain::event::Event;
use slowburn::domain::ratio::Ratio;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{Part, Severity, Timeslices};
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use slowburn::engine;
use slowburn::store::Store;
use slowburn::store::codec::Encoder;
use std::path::Path;
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000;
const STEP: i64 = 15_000;
/// Steps before the checkpoint, a day and a half.
pub const LIVED: i64 = 8640;
/// Steps after it.
const JOURNALED: i64 = 40;

/// The moment of a step.
pub fn at(step: i64) -> Timestamp {
    Timestamp(BEGIN + step * STEP)
}

/// Requests by instance, and a budget of time slices.
pub fn life_setup() -> Setup {
    let mut by = slo("requests");
    by.by = vec!["instance".to_owned()];
    by.window = slowburn::domain::slo::SloWindow::Rolling(seconds(30 * 86_400));
    by.policy.pairs = vec![pair(Severity::Page, 3600, 300, "5"), pair(Severity::Ticket, 21_600, 1800, "1")];
    let mut slices = slo("slices");
    slices.indicator = events("requests_total", "requests_total{code=\"500\"}", Part::Bad);
    slices.timeslices = Some(Timeslices {
        slice: seconds(60),
        target: Ratio::parse("95").expect("a number"),
        verdict: Default::default(),
    });
    setup([by, slices])
}

pub fn life() -> Vec<Event> {
    let mut all = vec![Event::Configured { at: Timestamp(BEGIN), setup: Arc::new(life_setup()) }];
    let targets = ["a:1", "b:1"].map(|instance| target(instance, seconds(15)));
    let mut shown = [[0.0; 2]; 2];
    for step in 1..=LIVED + JOURNALED {
        for (number, target) in targets.iter().enumerate() {
            let at = BEGIN + step * STEP + number as i64 * 3000;
            let burning = step % 2000 < 100;
            shown[number][0] += ((step * 7919) % 101) as f64;
            shown[number][1] += if burning { 30.0 } else { ((step * 31) % 3) as f64 };
            if step % 997 > 990 {
                all.push(Event::Scraped(failed(target, at)));
                continue;
            }
            let of = |code, value| sample(&series(target, "requests_total", &[("code", code)]), value);
            all.push(Event::Scraped(read(target, at, vec![of("200", shown[number][0]), of("500", shown[number][1])])));
        }
    }
    all
}

pub fn lived(events: &[Event]) -> State {
    let mut state = State::default();
    for event in events {
        state.step(std::slice::from_ref(event));
    }
    state
}

/// Fills a data directory: a checkpoint after most of the life, and the rest in the journal.
pub fn write_into(dir: &Path, life: &[Event]) {
    let (before, after) = life.split_at(1 + 2 * LIVED as usize);
    engine::plant(dir, &mut lived(before)).unwrap();
    append(dir, after);
}

/// Adds events to the journal, a few in a block.
pub fn append(dir: &Path, events: &[Event]) {
    let (mut store, _) = Store::open(dir).unwrap();
    let mut encoder = Encoder::new();
    for events in events.chunks(7) {
        store.append(&encoder.encode(events).unwrap()).unwrap();
    }
}

#[test]
fn a_life_is_written() {
    if let Some(path) = std::env::var_os("SLOWBURN_WRITE_FIXTURE") {
        let dir = tempfile::tempdir().unwrap();
        write_into(dir.path(), &life());
        std::fs::copy(dir.path().join("slowburn.db"), path).unwrap();
    }
}

//! How the young part of a history is stored: run by run, each with both of its ends, and the open head.
//!
//! The shape is that of the store's format 1, which had only such runs, in another coding. They are told apart by the
//! mark in a run's scale, and become runs of the present coding when they are read. The old part is stored by itself,
//! see [`super::Old`].

use super::History;
use super::coding::{MARK, units};
use super::knot::{Counts, Knot};
use super::packed::{Packed, Run};
use crate::domain::time::Timestamp;
use crate::domain::varint::Reader;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Stored<Runs, Head> {
    runs: Runs,
    head: Head,
}

#[derive(Serialize, Deserialize)]
struct StoredRun<Body> {
    first: Knot,
    last: Knot,
    scale: u8,
    body: Body,
}

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = |run: Run<'_>| (run.first, run.last, run.scale, run.body.to_vec());
        let runs = self.recent.runs().map(stored);
        let runs: Vec<_> = runs.map(|(first, last, scale, body)| StoredRun { first, last, scale, body }).collect();
        Stored { runs, head: &self.head }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::<Vec<StoredRun<Vec<u8>>>, Vec<Knot>>::deserialize(deserializer)?;
        let mut recent = Packed::default();
        for StoredRun { first, last, scale, body } in &stored.runs {
            let run = Run { first: *first, last: *last, scale: *scale, body };
            if scale & MARK == 0 { recent.push(&knots_of_format_1(&run)) } else { recent.push_run(&run) }
        }
        Ok(Self { recent, head: stored.head, ..Self::default() })
    }
}

/// Format 1: for each knot after the first one the change of the step in time, unmeasured time, events and bad events
/// since the knot before.
fn knots_of_format_1(run: &Run<'_>) -> Vec<Knot> {
    let (mut knots, mut rest) = (vec![run.first], Reader::new(run.body));
    let (mut at, mut step, mut measured, mut total, mut bad) =
        (run.first.at.0, 0i64, run.first.sum.measured, 0i64, 0i64);
    let unit = 1.0 / units(1.0, run.scale) as f64;
    while !rest.is_empty() {
        let Ok(numbers) = (0..4).map(|_| rest.i64()).collect::<Result<Vec<_>, _>>() else { break };
        step = step.wrapping_add(numbers[0]);
        at = at.wrapping_add(step);
        measured = measured.wrapping_add(step).wrapping_sub(numbers[1]);
        total = total.wrapping_add(numbers[2]);
        bad = bad.wrapping_add(numbers[3]);
        let sum = Counts {
            total: run.first.sum.total + total as f64 * unit,
            bad: run.first.sum.bad + bad as f64 * unit,
            measured,
        };
        knots.push(Knot { at: Timestamp(at), sum });
    }
    if let [_, .., last] = &mut knots[..] {
        *last = run.last;
    }
    knots
}

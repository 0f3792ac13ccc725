//! How the young part of a history is stored: run by run, each with both of its ends, and the open head.
//!
//! The shape is that of the store's format 1, which had only such runs. The old part is stored by itself, see
//! [`super::Old`].

use super::History;
use super::knot::Knot;
use super::packed::Packed;
use super::runs::Run;
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
        let runs = self.recent.runs().iter().map(stored);
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
            recent.add(&run);
        }
        Ok(Self { recent, head: stored.head, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::Counts;
    use crate::domain::time::Timestamp;
    use crate::domain::varint::put_i64;

    fn knot(at: i64, total: f64, bad: f64, measured: i64) -> Knot {
        Knot { at: Timestamp(at), sum: Counts { total, bad, measured } }
    }

    /// As format 1 wrote a run: nothing in the scale but the units, and four numbers for each knot after the first.
    fn format_1(scale: u8, first: Knot, last: Knot, steps: &[[i64; 4]]) -> History {
        let mut body = Vec::new();
        steps.iter().flatten().for_each(|number| put_i64(&mut body, *number));
        let stored = Stored { runs: vec![StoredRun { first, last, scale, body }], head: vec![last] };
        postcard::from_bytes(&postcard::to_stdvec(&stored).unwrap()).unwrap()
    }

    #[test]
    fn runs_of_format_1_are_read() {
        // Steps of 10, 10 and 30 ms; 4 ms of the second one were not measured.
        let steps = [[10, 0, 6, 1], [0, 4, 9, -2], [20, 0, 3, 0]];
        for (scale, unit) in [(0, 1.0), (2, 0.25)] {
            let first = knot(100, 5.0, 2.0, 7);
            let last = knot(150, 5.0 + 18.0 * unit + 0.001, 2.0 - unit, 53);
            let history = format_1(scale, first, last, &steps);
            let read: Vec<Knot> = history.recent.runs().iter().flat_map(|run| run.knots()).collect();
            let inner = [knot(110, 5.0 + 6.0 * unit, 2.0 + unit, 17), knot(120, 5.0 + 15.0 * unit, 2.0 - unit, 23)];
            let near =
                |a: Knot, b: Knot| (a.sum.total - b.sum.total).abs() < 1e-3 && (a.sum.bad - b.sum.bad).abs() < 1e-3;
            assert_eq!((read.len(), read[0], read[3]), (4, first, last), "both ends are exact");
            for (read, expected) in read[1..3].iter().zip(inner) {
                assert_eq!((read.at, read.sum.measured), (expected.at, expected.sum.measured), "{scale}");
                assert!(near(*read, expected), "{read:?}");
            }
            assert_eq!(history.end(), Some(last.at));
        }
    }

    #[test]
    fn runs_of_the_present_format_are_taken_as_they_are() {
        let mut history = History::default();
        let knots = [knot(0, 0.0, 0.0, 0), knot(10, 1.0 / 3.0, 0.0, 10), knot(20, 5.0, 1.0, 20)];
        history.recent.push(&knots);
        history.head.push(knots[2]);
        let back: History = postcard::from_bytes(&postcard::to_stdvec(&history).unwrap()).unwrap();
        assert_eq!(back, history);
        assert_eq!(back.recent, history.recent);
    }
}

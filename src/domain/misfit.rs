//! Whether bad (or good) events are a part of all events, as an indicator by counters takes for granted.
//!
//! Two counters that have nothing to do with each other give a burn rate of any size and no hint why. Counters of
//! different targets are read at different moments, so a burst may be seen in one before it is seen in the other, and a
//! window may cut between them. Hence only what is clearly too much counts, it must be old enough for the other counter
//! to have caught up, and the total may begin a little earlier than the part. A query that subtracts counters can come to
//! fewer bad events than none, which is no part of anything either.

use super::history::Counts;
use super::slo::{Indicator, Part};
use super::wording::count;

/// Restarts lose a little of one counter and not of the other.
const TOLERATED: f64 = 1.1;
/// Single events prove nothing.
const SPARE: f64 = 1.0;

/// A part that may be more than the whole.
pub(super) struct Misfit {
    word: &'static str,
    /// Of the window without its newest stretch.
    part: f64,
}

impl Misfit {
    /// The part of all events that an indicator counts by itself; `None` where it can't be anything but a part.
    pub fn part_of(indicator: &Indicator) -> Option<Part> {
        match indicator {
            Indicator::Events { part_is, .. } => Some(*part_is),
            Indicator::Terms { .. } => Some(Part::Bad),
            // Parts of one histogram, and attempts that are counted here.
            Indicator::Latency { .. } | Indicator::Scrape { .. } => None,
        }
    }

    /// Looks at the counts of the SLO window, and of the newest stretch of it.
    pub fn suspect(part: Part, window: &Counts, newest: &Counts) -> Option<Self> {
        let (word, of): (_, fn(&Counts) -> f64) = match part {
            Part::Good => ("good", |counts| counts.total - counts.bad),
            Part::Bad => ("bad", |counts| counts.bad),
        };
        let suspect = Self { word, part: of(window) - of(newest) };
        suspect.exceeds(window.total).then_some(suspect)
    }

    fn exceeds(&self, total: f64) -> bool {
        self.part > total * TOLERATED + SPARE || self.is_negative(total)
    }

    fn is_negative(&self, total: f64) -> bool {
        self.part < -(total * (TOLERATED - 1.0) + SPARE)
    }

    /// What is wrong, given the total of a window that begins a stretch earlier.
    pub fn told(&self, total: f64) -> Option<String> {
        let Self { word, part } = self;
        self.exceeds(total).then(|| {
            let is_negative = self.is_negative(total);
            let (part, total) = (count(*part), count(total));
            if is_negative {
                return format!("there are fewer {word} events than none: {part} of {total}; does the query subtract what it does not add?");
            }
            format!("{word} is not a part of total: {part} {word} events of {total}; do both selectors count the same events?")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::selector::{Matchers, Selector};

    fn counts(total: f64, bad: f64) -> Counts {
        Counts { total, bad, measured: 1 }
    }

    #[test]
    fn only_what_is_clearly_more_than_the_whole_is_told() {
        let selector = |name: &str| Selector { name: name.into(), matchers: Matchers::default() };
        let of = |part_is| Indicator::Events { total: selector("t"), part: selector("p"), part_is };
        let (bad, good) = (of(Part::Bad), of(Part::Good));
        let latency = Indicator::Latency { histogram: selector("h"), threshold: 1.0, threshold_text: "1".into() };
        let none = counts(0.0, 0.0);
        for (name, indicator, window, newest, wider, expected) in [
            ("all are bad", &bad, counts(100.0, 100.0), none, 100.0, None),
            ("a few more", &bad, counts(100.0, 111.0), none, 100.0, None),
            ("too many bad", &bad, counts(100.0, 112.0), none, 100.0, Some("112 bad events of 100")),
            ("the newest do not count", &bad, counts(100.0, 112.0), counts(0.0, 2.0), 100.0, None),
            (
                "more without the newest",
                &bad,
                counts(100.0, 115.0),
                counts(2.0, 2.0),
                100.0,
                Some("113 bad events of 100"),
            ),
            (
                "the newest took some back",
                &bad,
                counts(100.0, 100.0),
                counts(0.0, -20.0),
                100.0,
                Some("120 bad events of 100"),
            ),
            ("in a wider window it fits", &bad, counts(100.0, 112.0), none, 102.0, None),
            ("all are good", &good, counts(100.0, 0.0), none, 100.0, None),
            ("a few more good", &good, counts(100.0, -11.0), none, 100.0, None),
            ("too many good", &good, counts(100.0, -12.0), none, 100.0, Some("112 good events of 100")),
            ("the newest good do not count", &good, counts(100.0, -12.0), counts(1.0, -1.0), 100.0, None),
            ("one fewer than none", &bad, counts(0.0, -1.0), none, 0.0, None),
            ("fewer than none", &bad, counts(0.0, -2.0), none, 0.0, Some("fewer bad events than none")),
            ("a latency is one histogram", &latency, counts(100.0, 200.0), none, 100.0, None),
        ] {
            let told = Misfit::part_of(indicator).and_then(|part| Misfit::suspect(part, &window, &newest)?.told(wider));
            let fits = match (&told, expected) {
                (Some(told), Some(expected)) => told.contains(expected),
                (told, expected) => told.is_none() && expected.is_none(),
            };
            assert!(fits, "{name}: {told:?}");
        }
    }
}

//! Whether bad (or good) events are a part of all events, as an indicator by counters takes for granted.
//!
//! Two counters that have nothing to do with each other give a burn rate of any size and no hint why. Counters of
//! different targets are read at different moments, so a burst may be seen in one before it is seen in the other, and a
//! window may cut between them. Hence only what is clearly too much counts, it must be old enough for the other counter
//! to have caught up, and the total may begin a little earlier than the part.

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
    /// Looks at the counts of the SLO window, and of the newest stretch of it.
    pub fn suspect(indicator: &Indicator, window: &Counts, newest: &Counts) -> Option<Self> {
        // Nearly always neither of the two is more than the whole, and then the definition need not be fetched.
        let sane = |part: f64| part >= 0.0 && part <= window.total;
        if sane(window.bad - newest.bad) && sane((window.total - window.bad) - (newest.total - newest.bad)) {
            return None;
        }
        let (word, of): (_, fn(&Counts) -> f64) = match indicator {
            Indicator::Events { part_is: Part::Good, .. } => ("good", |counts| counts.total - counts.bad),
            Indicator::Events { part_is: Part::Bad, .. } | Indicator::Terms { .. } => ("bad", |counts| counts.bad),
            // Parts of one histogram, and attempts that are counted here.
            Indicator::Latency { .. } | Indicator::Scrape { .. } => return None,
        };
        let suspect = Self { word, part: of(window) - of(newest) };
        suspect.exceeds(window.total).then_some(suspect)
    }

    fn exceeds(&self, total: f64) -> bool {
        self.part > total * TOLERATED + SPARE
    }

    /// What is wrong, given the total of a window that begins a stretch earlier.
    pub fn told(&self, total: f64) -> Option<String> {
        let Self { word, part } = self;
        self.exceeds(total).then(|| {
            let (part, total) = (count(*part), count(total));
            format!("{word} is not a part of total: {part} {word} events of {total}; do both selectors count the same events?")
        })
    }
}

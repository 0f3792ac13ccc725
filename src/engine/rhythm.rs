//! When the engine looks up by itself: as seldom as it can, for with few SLOs waking up costs more than all they need.

use crate::clock;
use std::time::{Duration, Instant};

/// Time itself is an event at most this often …
const TICK: Duration = Duration::from_millis(250);
/// … and so long after it last told news, so that who watches sees the engine live, and a clock that was set is noticed.
/// Longer than the common scrape interval, whose scrapes show as much. The page calls figures old that are older than this
/// and the wait for a disk.
const HEARTBEAT: Duration = Duration::from_secs(16);
/// Commits without something urgent are at least this far apart. Each costs as much as counting a hundred SLOs, and what a
/// crash loses between two of them is in the counters still.
pub const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// The last beats.
#[derive(Debug)]
pub struct Rhythm {
    ticked: Instant,
    flushed: Instant,
}

impl Rhythm {
    pub fn begin() -> Self {
        let now = clock::instant();
        Self { ticked: now, flushed: now }
    }

    pub fn ticked(&mut self) {
        self.ticked = clock::instant();
    }

    pub fn flushed(&mut self) {
        self.flushed = clock::instant();
    }

    /// Whether news may be committed.
    pub fn may_commit(&self) -> bool {
        self.flushed.elapsed() >= COMMIT_EVERY
    }

    /// Whether a sign of life is due.
    pub fn is_silent(&self) -> bool {
        self.flushed.elapsed() >= HEARTBEAT
    }

    /// The next tick, should nothing come before: at `due`, but not too soon, nor too late. There are `news` to commit,
    /// or the store is `busy` with something that no event tells the end of.
    pub fn next(&self, due: Option<Instant>, news: bool, busy: bool) -> Instant {
        let latest = self.flushed + if news { COMMIT_EVERY } else { HEARTBEAT };
        let soonest = self.ticked + TICK;
        if busy { soonest } else { due.unwrap_or(latest).min(latest).max(soonest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_engine_wakes_as_seldom_as_it_can() {
        let start = clock::instant();
        let at = |ticked, flushed| Rhythm { ticked: start + MS(ticked), flushed: start + MS(flushed) };
        let due = |millis| Some(start + MS(millis));
        for (rhythm, due, news, busy, next) in [
            (at(0, 0), None, false, false, 16_000),
            (at(0, 0), due(5000), false, false, 5000),
            (at(0, 0), due(100), false, false, 250),
            (at(0, 0), due(60_000), false, false, 16_000),
            // News are a sign of life.
            (at(0, 10_000), None, false, false, 26_000),
            // A tick that had none is none.
            (at(15_000, 0), None, false, false, 16_000),
            (at(15_900, 0), None, false, false, 16_150),
            (at(0, 10_000), due(60_000), true, false, 11_000),
            (at(0, 10_000), due(10_500), true, false, 10_500),
            (at(9000, 10_000), due(60_000), false, true, 9250),
        ] {
            assert_eq!(rhythm.next(due, news, busy) - start, MS(next), "{rhythm:?} {due:?} {news} {busy}");
        }
    }
}

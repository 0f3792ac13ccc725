//! The only place that reads a clock.
//!
//! Time as slowburn sees it never goes back: when the wall clock is set back (or was ahead before a restart), time goes
//! on from where it was at its own pace until the wall clock has caught up. Counting, alerting and waiting messages go
//! on meanwhile; a counter's events never lie before ones already counted.

use crate::domain::time::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What was given last, and when by the monotonic clock.
static LAST: Mutex<Option<(Timestamp, Instant)>> = Mutex::new(None);

/// The time: the wall clock's, unless that went back.
pub fn now() -> Timestamp {
    let (wall, read) = (wall(), instant());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let now = advance(*last, wall, read);
    *last = Some((now, read));
    now
}

/// Time goes on from `floor`, should the wall clock show less.
pub fn not_before(floor: Timestamp) {
    let (known, read) = (now(), instant());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((known.max(floor), read));
}

/// A monotonic reading, for durations only.
#[allow(clippy::disallowed_methods)]
pub fn instant() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods)]
fn wall() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// The next time after `last`, when the clocks read `wall` and `read`.
fn advance(last: Option<(Timestamp, Instant)>, wall: Timestamp, read: Instant) -> Timestamp {
    match last {
        Some((time, at)) if wall < time => time + read.saturating_duration_since(at),
        _ => wall,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn time_never_goes_back_and_never_stands_still_for_long() {
        let start = instant();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut last = None;
        for (name, wall, read, time) in [
            ("the wall clock leads", 1000, 0, 1000),
            ("forward", 1010, 10, 1010),
            ("set back by 500 s", 515, 15, 1015),
            ("goes on at its own pace", 525, 25, 1025),
            ("set forward again", 1030, 30, 1030),
            ("a leap ahead is believed", 9000, 31, 9000),
        ] {
            let now = advance(last, Timestamp::from_secs(wall), at(read));
            assert_eq!(now, Timestamp::from_secs(time), "{name}");
            last = Some((now, at(read)));
        }
    }
}

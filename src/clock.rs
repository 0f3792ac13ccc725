//! The only place that reads a clock.

use crate::domain::time::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall-clock time.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// A monotonic reading, for durations only.
#[allow(clippy::disallowed_methods)]
pub fn instant() -> Instant {
    Instant::now()
}

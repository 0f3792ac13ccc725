//! When a message is tried again, and when it is given up. Pure: time and randomness are arguments.
//!
//! Waits double from one second to five minutes. Each is drawn from the upper half of its step, so that they spread
//! (many messages that failed together do not return together) and still grow from step to step. A receiver that names a moment
//! (`Retry-After`) is obeyed, up to an hour: a mistaken or hostile answer must not silence a page for longer.
//!
//! A message that still tells of a firing alert is never given up here: the domain drops it when the alert ends. One
//! that only tells of resolved alerts is given up after a day; by then nobody waits for it.

use crate::domain::alert_group::STALE;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;
use std::time::Duration;

/// The first wait. Short, because most failures are a restart or a lost connection.
const FIRST: Duration = Duration::from_secs(1);
/// The longest own wait: a page must arrive soon after its receiver is back.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// The longest wait that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// The wait after the given number of failed attempts (at least 1), between half and all of its step.
pub fn wait(failed: u32, rng: &mut fastrand::Rng) -> Duration {
    let doublings = failed.saturating_sub(1).min(31);
    let step = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    step.mul_f64(0.5 + rng.f64() / 2.0)
}

/// When the message is due again after its attempt failed at `now`; `None` when it is given up for its age.
///
/// `asked` is the wait that the receiver asked for.
pub fn next(message: &Message, now: Timestamp, asked: Option<Duration>, rng: &mut fastrand::Rng) -> Option<Timestamp> {
    if !message.firing() && now.since(message.created_at) >= STALE {
        return None;
    }
    let own = wait(message.attempts.saturating_add(1), rng);
    Some(now + asked.map_or(own, |asked| own.max(asked.min(LONGEST_ASKED))))
}

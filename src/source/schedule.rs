//! When a target is scraped: at its own steady phase of the wall clock.
//!
//! The phase is a hash of the target's identity modulo its interval, so targets spread evenly over the interval and keep
//! their place over restarts and reloads. Deadlines are multiples of the interval plus the phase: nothing drifts, and
//! deadlines missed (a slow target, a suspended machine) are skipped rather than made up for.

use crate::domain::labels::Labels;
use crate::domain::reading::TargetId;
use crate::domain::time::{Timestamp, millis};
use std::time::Duration;

/// A begin this close to its deadline takes the deadline as its time, as in Prometheus: evenly spaced times pack best.
const TOLERANCE: Duration = Duration::from_millis(2);

/// The deadlines of one target.
#[derive(Clone, Debug)]
pub struct Schedule {
    interval: i64,
    phase: i64,
    last: Option<Timestamp>,
}

impl Schedule {
    pub fn new(id: &TargetId, interval: Duration) -> Self {
        let interval = millis(interval).max(1);
        let key = Labels::new().with("job", &id.job).with("instance", &id.instance).with("url", &id.url);
        let phase = (mix(key.fingerprint()) % interval.unsigned_abs()) as i64;
        Self { interval, phase, last: None }
    }

    /// The first deadline after `now` that was not given before, at most two intervals ahead.
    pub fn next(&mut self, now: Timestamp) -> Timestamp {
        let next = match self.last {
            // A timer may fire a little before its deadline by the wall clock; the same deadline is not given twice.
            // A deadline far ahead means that the clock was set back, and counts no more.
            Some(last) if last >= now && last.0 - now.0 <= self.interval => last.0 + self.interval,
            _ => now.0 + self.interval - (now.0 - self.phase).rem_euclid(self.interval),
        };
        self.last = Some(Timestamp(next));
        Timestamp(next)
    }
}

/// The time of an attempt that was due at `due` and begins at `now`.
pub fn begin(due: Timestamp, now: Timestamp) -> Timestamp {
    if now.since(due) <= TOLERANCE && now >= due { due } else { now }
}

/// Spreads a hash whose last input bytes hardly reach its low bits (the finalizer of SplitMix64).
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(instance: &str) -> Schedule {
        let id = TargetId { job: "j".into(), instance: instance.into(), url: format!("http://{instance}/metrics") };
        Schedule::new(&id, Duration::from_secs(15))
    }

    #[test]
    fn deadlines_are_steady_over_restarts_and_skip_what_was_missed() {
        let start = Timestamp::from_secs(1_767_225_600);
        let mut first = schedule("a:1");
        let due = first.next(start);
        assert!(due > start && due.since(start) <= Duration::from_secs(15));
        assert_eq!(schedule("a:1").next(start), due, "a restart keeps the phase");
        assert_eq!(first.next(due), due + Duration::from_secs(15));
        let late = due + Duration::from_secs(70);
        let next = first.next(late);
        assert!(next > late && next.since(late) <= Duration::from_secs(15), "missed deadlines are skipped");
        assert_eq!((next.0 - due.0) % 15_000, 0, "and the phase stays");
    }

    #[test]
    fn an_early_timer_and_a_clock_set_back_do_not_confuse() {
        let mut schedule = schedule("a:1");
        let due = schedule.next(Timestamp::from_secs(1_767_225_600));
        let early = Timestamp(due.0 - 1);
        let next = schedule.next(early);
        assert_eq!(next, due + Duration::from_secs(15), "not the same deadline again");
        let back = due - Duration::from_secs(3600);
        let next = schedule.next(back);
        assert!(next > back && next.since(back) <= Duration::from_secs(15), "an hour back, the next phase counts");
    }

    #[test]
    fn many_targets_spread_over_the_interval() {
        let start = Timestamp::from_secs(1_767_225_600);
        let mut seconds = [0; 15];
        for i in 0..1500 {
            let due = schedule(&format!("host-{i}:9100")).next(start);
            seconds[((due.0 - 1) / 1000 % 15) as usize] += 1;
        }
        assert!(seconds.iter().all(|n| (60..=140).contains(n)), "{seconds:?}");
    }

    #[test]
    fn a_punctual_begin_takes_the_deadline_as_its_time() {
        let due = Timestamp(1000);
        for (now, expected) in [(1000, 1000), (1002, 1000), (1003, 1003), (999, 999)] {
            assert_eq!(begin(due, Timestamp(now)), Timestamp(expected), "{now}");
        }
    }
}

//! Waits grow, are spread, and end where they should.

use crate::fixtures::{START, message, resolved};
use proptest::prelude::*;
use slowburn::domain::time::Timestamp;
use slowburn::notify::backoff::{next, wait};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

proptest! {
    #[test]
    fn waits_grow_up_to_the_longest_and_stay_within_their_step(seed: u64, failed in 1u32..1000) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (now, later) = (wait(failed, &mut rng), wait(failed + 1, &mut rng));
        let step = Duration::from_secs(1).saturating_mul(1 << (failed - 1).min(20)).min(Duration::from_secs(300));
        prop_assert!(now >= step / 2 && now <= step, "{now:?} of {step:?}");
        // The ninth step is 256 s and the tenth the longest one, 300 s, so from there on they overlap.
        prop_assert!(later >= now || failed >= 9, "{now:?} then {later:?}");
    }

    #[test]
    fn waits_differ_between_seeds(seed: u64) {
        let waits: Vec<Duration> = (0..8).map(|i| wait(5, &mut fastrand::Rng::with_seed(seed.wrapping_add(i)))).collect();
        prop_assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter: {waits:?}");
    }

    #[test]
    fn a_firing_message_is_never_given_up(seed: u64, attempts: u32, age in 0u64..10_000_000) {
        let message = slowburn::domain::message::Message { attempts, ..message(1) };
        let now = START + Duration::from_secs(age);
        let at = next(&message, now, None, &mut fastrand::Rng::with_seed(seed));
        prop_assert!(at.is_some_and(|at| at > now && at <= now + Duration::from_secs(300)));
    }
}

#[test]
fn news_of_resolved_alerts_is_given_up_after_a_day() {
    let mut message = message(1);
    message.alerts = vec![resolved()];
    let mut rng = fastrand::Rng::with_seed(1);
    assert!(next(&message, START + DAY - Duration::from_millis(1), None, &mut rng).is_some());
    assert_eq!(next(&message, START + DAY, None, &mut rng), None);
}

#[test]
fn a_receiver_that_names_a_moment_is_obeyed_up_to_an_hour() {
    let at = |attempts, asked| {
        let message = slowburn::domain::message::Message { attempts, ..message(1) };
        next(&message, START, Some(Duration::from_secs(asked)), &mut fastrand::Rng::with_seed(1))
    };
    let after = |seconds| Some(START + Duration::from_secs(seconds));
    for (name, attempts, asked, expected) in [
        ("later than the own wait", 0, 90, after(90)),
        ("a year", 0, 31_536_000, after(3600)),
        ("the largest number", 0, u64::MAX, after(3600)),
    ] {
        assert_eq!(at(attempts, asked), expected, "{name}");
    }
    let own: Option<Timestamp> = at(20, 1);
    assert!(own >= after(150), "the own wait is longer than what was asked: {own:?}");
}

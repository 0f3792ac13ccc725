//! Order, duplicates and waiting, decided without a clock.

use crate::fixtures::{START, message};
use proptest::prelude::*;
use slowburn::domain::message::{Channel, Message};
use slowburn::domain::time::Timestamp;
use slowburn::notify::plan::{AT_ONCE, Attempted, InFlight, plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn in_group(id: u64, channel: &str, group: &str, due_after: u64) -> Arc<Message> {
    let mut message = message(id);
    message.channel.receiver = channel.into();
    message.group_key = group.into();
    message.next_attempt = START + Duration::from_secs(due_after);
    message.into()
}

fn due(outbox: &[Arc<Message>], attempted: &Attempted, in_flight: &InFlight, now: Timestamp) -> Vec<u64> {
    plan(outbox, attempted, in_flight, now).due.iter().map(|message| message.id).collect()
}

#[test]
fn one_message_for_each_group_oldest_first() {
    let outbox =
        [in_group(3, "a", "x", 0), in_group(1, "a", "x", 0), in_group(2, "a", "y", 0), in_group(4, "b", "x", 0)];
    let (none, idle) = (Attempted::default(), InFlight::new());
    assert_eq!(due(&outbox, &none, &idle, START), [1, 2, 4]);
    let in_flight = InFlight::from([(1, outbox[0].channel.clone())]);
    assert_eq!(due(&outbox, &none, &in_flight, START), [2, 4], "what is in flight holds back its group alone");
}

#[test]
fn a_channel_has_no_more_than_so_many_attempts_in_flight() {
    let outbox: Vec<_> = (0..20).map(|id| in_group(id, "a", &format!("g{id}"), 0)).collect();
    let none = Attempted::default();
    let first = due(&outbox, &none, &InFlight::new(), START);
    assert_eq!(first, (0..AT_ONCE as u64).collect::<Vec<_>>());
    let mut in_flight: InFlight = first.iter().map(|id| (*id, outbox[0].channel.clone())).collect();
    assert_eq!(due(&outbox, &none, &in_flight, START), [0u64; 0]);
    in_flight.remove(&3);
    let mut attempted = Attempted::default();
    attempted.note(&outbox[3], true);
    assert_eq!(due(&outbox, &attempted, &in_flight, START), [AT_ONCE as u64]);
}

#[test]
fn a_message_that_waits_holds_back_its_group_but_no_other() {
    let outbox = [in_group(1, "a", "x", 60), in_group(2, "a", "x", 0), in_group(3, "a", "y", 0)];
    let plan = plan(&outbox, &Attempted::default(), &InFlight::new(), START);
    assert_eq!(plan.due.iter().map(|message| message.id).collect::<Vec<_>>(), [3]);
    assert_eq!(plan.wake_at, Some(START + Duration::from_secs(60)));
}

#[test]
fn what_was_attempted_waits_until_the_outbox_has_noted_it() {
    let first = in_group(1, "a", "x", 0);
    let second = in_group(2, "a", "x", 0);
    let idle = InFlight::new();
    let mut attempted = Attempted::default();
    attempted.note(&first, false);
    let outbox = [first.clone(), second.clone()];
    assert_eq!(due(&outbox, &attempted, &idle, START), [0u64; 0], "the engine has not noted the failure");
    let mut noted = Message::clone(&first);
    noted.attempts = 1;
    noted.next_attempt = START + Duration::from_secs(1);
    let noted = Arc::new(noted);
    let outbox = [noted.clone(), second.clone()];
    assert_eq!(due(&outbox, &attempted, &idle, START), [0u64; 0], "not due yet");
    assert_eq!(due(&outbox, &attempted, &idle, noted.next_attempt), [1], "due again");
    attempted.note(&noted, true);
    assert_eq!(due(&outbox, &attempted, &idle, noted.next_attempt), [2], "accepted: the next one's turn");
    attempted.forget_all_but(std::slice::from_ref(&second));
    assert_eq!(due(&[second], &attempted, &idle, START), [2]);
}

proptest! {
    /// Whatever the outbox, the failures and the delays: a group's messages are accepted in order, each once, and all are.
    #[test]
    fn each_group_is_delivered_in_order_and_once(
        shape in prop::collection::vec((0u8..3, 0u8..3), 1..12),
        failures in prop::collection::vec(any::<bool>(), 0..40),
    ) {
        let mut outbox: Vec<Arc<Message>> = shape
            .iter()
            .enumerate()
            .map(|(id, (channel, group))| in_group(id as u64, &format!("c{channel}"), &format!("g{group}"), 0))
            .collect();
        let mut failures = failures.into_iter();
        let mut attempted = Attempted::default();
        let mut accepted: BTreeMap<(Channel, String), Vec<u64>> = BTreeMap::new();
        let mut now = START;
        for _ in 0..200 {
            let plan = plan(&outbox, &attempted, &InFlight::new(), now);
            let chosen: Vec<Message> = plan.due.into_iter().map(|message| Message::clone(message)).collect();
            let groups: BTreeMap<_, _> = chosen.iter().map(|sent| ((&sent.channel, &sent.group_key), sent.id)).collect();
            prop_assert_eq!(groups.len(), chosen.len(), "two at once in one group");
            for message in chosen {
                let failed = failures.next().unwrap_or(false);
                attempted.note(&message, !failed);
                if failed {
                    let held = outbox.iter_mut().find(|held| held.id == message.id).expect("it is in the outbox");
                    let held = Arc::make_mut(held);
                    held.attempts += 1;
                    held.next_attempt = now + Duration::from_secs(1);
                } else {
                    accepted.entry((message.channel, message.group_key)).or_default().push(message.id);
                }
            }
            now = now + Duration::from_secs(1);
        }
        let total: usize = accepted.values().map(Vec::len).sum();
        prop_assert_eq!(total, outbox.len(), "something was lost or sent twice");
        for ids in accepted.values() {
            prop_assert!(ids.is_sorted(), "out of order: {:?}", ids);
        }
    }
}

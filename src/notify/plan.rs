//! What to send next. Pure: the outbox, what this process has done already, and the time in; messages out.
//!
//! Within a channel the messages of one group keep their order: while the oldest is in flight or waits for its next
//! attempt, the younger ones wait behind it, or a "resolved" could overtake its "firing". Groups do not wait for each
//! other, but a channel has no more than [`AT_ONCE`] attempts in flight. What was attempted is not attempted again before
//! the outbox shows that the engine has taken note (more attempts, a later moment), so that a slow engine never causes a
//! second message.

use crate::domain::message::{Channel, Message};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Attempts of one channel in flight at most: enough that a slow receiver doesn't make pages queue in an outage, and few
/// enough for what receivers allow.
pub const AT_ONCE: usize = 8;

/// What is being attempted, by the message's id.
pub type InFlight = BTreeMap<u64, Channel>;

/// What this process knows about messages that the outbox may still hold.
#[derive(Debug, Default)]
pub struct Attempted(BTreeMap<u64, Seen>);

/// The state in which a message was attempted, and whether that was the last attempt.
#[derive(Clone, Copy, Debug)]
struct Seen {
    attempts: u32,
    next_attempt: Timestamp,
    finished: bool,
}

/// How a message of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Not attempted in this state.
    Pending,
    /// Attempted, to be tried again once the engine has noted it.
    Reported,
    /// Accepted or given up.
    Finished,
}

impl Attempted {
    /// Notes an attempt at the message as it was in the outbox; `finished` when there shall be no other.
    pub fn note(&mut self, message: &Message, finished: bool) {
        let seen = Seen { attempts: message.attempts, next_attempt: message.next_attempt, finished };
        self.0.insert(message.id, seen);
    }

    /// Forgets what the outbox no longer holds.
    pub fn forget_all_but(&mut self, outbox: &[Arc<Message>]) {
        let held: BTreeSet<u64> = outbox.iter().map(|message| message.id).collect();
        self.0.retain(|id, _| held.contains(id));
    }

    fn standing(&self, message: &Message) -> Standing {
        match self.0.get(&message.id) {
            Some(seen) if message.attempts > seen.attempts || message.next_attempt > seen.next_attempt => {
                Standing::Pending
            }
            Some(seen) if seen.finished => Standing::Finished,
            Some(_) => Standing::Reported,
            None => Standing::Pending,
        }
    }
}

/// What to do at one moment.
#[derive(Debug, PartialEq)]
pub struct Plan<'a> {
    /// To be sent now, oldest first within a channel.
    pub due: Vec<&'a Arc<Message>>,
    /// When the next message that has no attempt in flight falls due.
    pub wake_at: Option<Timestamp>,
}

/// Chooses what to send now, beside what is in flight.
pub fn plan<'a>(outbox: &'a [Arc<Message>], attempted: &Attempted, in_flight: &InFlight, now: Timestamp) -> Plan<'a> {
    let mut plan = Plan { due: Vec::new(), wake_at: None };
    let mut ready: BTreeMap<&Channel, Vec<&Arc<Message>>> = BTreeMap::new();
    for message in heads(outbox, attempted).filter(|message| !in_flight.contains_key(&message.id)) {
        if message.next_attempt > now {
            plan.wake_at = Some(plan.wake_at.map_or(message.next_attempt, |at| at.min(message.next_attempt)));
        } else {
            ready.entry(&message.channel).or_default().push(message);
        }
    }
    for (channel, mut messages) in ready {
        let room = AT_ONCE.saturating_sub(in_flight.values().filter(|busy| *busy == channel).count());
        messages.sort_by_key(|message| (message.next_attempt, message.id));
        plan.due.extend(messages.into_iter().take(room));
    }
    plan
}

/// The oldest unfinished message of each channel and group, where it may be attempted.
fn heads<'a>(outbox: &'a [Arc<Message>], attempted: &Attempted) -> impl Iterator<Item = &'a Arc<Message>> {
    let mut heads: BTreeMap<(&Channel, &str), (&Arc<Message>, Standing)> = BTreeMap::new();
    for message in outbox {
        let standing = attempted.standing(message);
        if standing == Standing::Finished {
            continue;
        }
        let head = heads.entry((&message.channel, &message.group_key)).or_insert((message, standing));
        if message.id < head.0.id {
            *head = (message, standing);
        }
    }
    heads.into_values().filter(|(_, standing)| *standing == Standing::Pending).map(|(message, _)| message)
}

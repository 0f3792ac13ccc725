//! What to send next. Pure: the outbox, what this process has done already, and the time in; messages out.
//!
//! A channel has one attempt in flight at most. Within a channel the messages of one group keep their order: while the
//! oldest waits for its next attempt, the younger ones wait behind it, or a "resolved" could overtake its "firing".
//! Groups do not wait for each other. What was attempted is not attempted again before the outbox shows that the engine
//! has taken note (more attempts, a later moment), so that a slow engine never causes a second message.

use crate::domain::message::{Channel, Message};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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
    pub fn forget_all_but(&mut self, outbox: &[Message]) {
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
    /// To be sent now, one for each idle channel at most.
    pub due: Vec<&'a Message>,
    /// When the next message of an idle channel falls due.
    pub wake_at: Option<Timestamp>,
}

/// Chooses what to send now; `busy` channels have an attempt in flight.
pub fn plan<'a>(outbox: &'a [Message], attempted: &Attempted, busy: &BTreeSet<Channel>, now: Timestamp) -> Plan<'a> {
    let mut plan = Plan { due: Vec::new(), wake_at: None };
    let mut chosen: BTreeMap<&Channel, &Message> = BTreeMap::new();
    for message in heads(outbox, attempted).filter(|message| !busy.contains(&message.channel)) {
        if message.next_attempt > now {
            plan.wake_at = Some(plan.wake_at.map_or(message.next_attempt, |at| at.min(message.next_attempt)));
            continue;
        }
        let best = chosen.entry(&message.channel).or_insert(message);
        if (message.next_attempt, message.id) < (best.next_attempt, best.id) {
            *best = message;
        }
    }
    plan.due.extend(chosen.into_values());
    plan
}

/// The oldest unfinished message of each channel and group, where it may be attempted.
fn heads<'a>(outbox: &'a [Message], attempted: &Attempted) -> impl Iterator<Item = &'a Message> {
    let mut heads: BTreeMap<(&Channel, &str), (&Message, Standing)> = BTreeMap::new();
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

//! Messages that were given up, for as long as it matters.
//!
//! A message that a receiver refused for good is never tried again, so nothing on its way tells of it. It matters until
//! the same channel accepts something newer, or until its alerts are over and a day has passed.

use crate::domain::labels::Labels;
use crate::domain::message::{Channel, Sent};
use crate::domain::time::Timestamp;
use crate::view::Published;
use std::collections::HashSet;
use std::time::Duration;

/// So long a refusal is news, whatever became of its alerts.
const FRESH: Duration = Duration::from_secs(86_400);

/// The messages that each channel gave up since it last accepted one, newest first.
pub fn refused(published: &Published, now: Timestamp) -> Vec<&Sent> {
    let mut accepting: HashSet<&Channel> = HashSet::new();
    let mut firing: Option<HashSet<&Labels>> = None;
    let mut refused = Vec::new();
    for sent in published.sent.iter().map(AsRef::as_ref) {
        let channel = &sent.message.channel;
        if accepting.contains(channel) {
            continue;
        }
        if sent.error.is_none() {
            accepting.insert(channel);
        } else if now.since(sent.at) < FRESH
            || still_fires(sent, firing.get_or_insert_with(|| published.alerts.iter().map(|n| &n.labels).collect()))
        {
            refused.push(sent);
        }
    }
    refused
}

fn still_fires(sent: &Sent, firing: &HashSet<&Labels>) -> bool {
    sent.message.alerts.iter().any(|notice| notice.firing() && firing.contains(&notice.labels))
}

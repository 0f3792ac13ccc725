//! Who is told what, and when: Alertmanager's grouping, waiting and repeating (dispatch/dispatch.go, notify/notify.go).
//!
//! Each (receiver's route, group labels) keeps its alerts and, for each channel, what that channel was told last. At
//! most one message of a group is on its way to a channel. While a receiver is out, that message takes up the group's
//! newer state before each attempt, so an outage ends with one message and not with a flood; an alert that such a
//! message was to tell stays in it, resolved, until it has been told. A resolve is owed until it is accepted.

use super::alert_group::AlertGroup;
use super::message::{Delivery, DeliveryReport, Message, Notice, Sent};
use super::route::{group_labels, matching};
use super::setup::Setup;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Finished messages kept for the page.
const SENT_KEPT: usize = 200;

/// Groups, the outbox, and what was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    groups: BTreeMap<String, AlertGroup>,
    pub outbox: BTreeMap<u64, Arc<Message>>,
    /// Newest first.
    pub sent: VecDeque<Arc<Sent>>,
    next_id: u64,
    #[serde(skip)]
    agenda: Agenda,
}

/// What is to be looked at next, so that quiet groups cost nothing. It holds nothing that the groups do not say.
#[derive(Clone, Debug, Default)]
struct Agenda {
    /// Groups that changed since the last look.
    touched: BTreeSet<String>,
    /// The earliest turn of all groups; `None` when it is not known.
    next: Option<Option<Timestamp>>,
}

/// Derived, so that two dispatchers are equal whatever their agenda.
impl PartialEq for Agenda {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Dispatch {
    /// Takes in an alert that fires (or fires on, with new figures) or has just resolved.
    pub fn update(&mut self, setup: &Setup, notice: &Notice, now: Timestamp) {
        let Some(root) = &setup.route else { return };
        for matched in matching(root, &notice.labels) {
            let labels = group_labels(matched.route, &notice.labels);
            let key = format!("{}:{labels}", matched.key);
            let slot = slot(&matched.route.receiver, &key);
            let known = self.groups.contains_key(&slot);
            if !known && !notice.firing() {
                continue;
            }
            let group = self.groups.entry(slot.clone()).or_insert_with(|| AlertGroup {
                receiver: matched.route.receiver.clone(),
                key,
                labels,
                group_interval: matched.route.group_interval,
                repeat_interval: matched.route.repeat_interval,
                alerts: BTreeMap::new(),
                next_flush: now + matched.route.group_wait,
                last_flush: None,
                channels: BTreeMap::new(),
            });
            group.update(notice, now);
            self.agenda.touched.insert(slot);
        }
    }

    /// Takes in that an alert no longer fires; what is kept of it is how it was told, with its end.
    pub fn resolve(&mut self, setup: &Setup, mut notice: Notice, now: Timestamp) {
        let fingerprint = notice.labels.fingerprint();
        let known = self.groups.values().find_map(|group| group.alerts.get(&fingerprint));
        notice.starts_at = known.map_or(notice.starts_at, |known| known.starts_at);
        self.update(setup, &notice, now);
    }

    /// Sends what is due. Returns whether the outbox changed.
    pub fn advance(&mut self, setup: &Setup, now: Timestamp) -> bool {
        if self.agenda.touched.is_empty() && self.next_due().is_none_or(|due| due > now) {
            return false;
        }
        let mut changed = false;
        for (slot, group) in self.groups.iter_mut().filter(|(_, group)| group.next_flush <= now) {
            self.agenda.touched.insert(slot.clone());
            let receiver = setup.receivers.iter().find(|r| r.name == group.receiver);
            for spec in receiver.map(|r| r.integrations.as_slice()).unwrap_or_default() {
                if let Some(message) = group.flush(spec, self.next_id, now) {
                    self.outbox.insert(self.next_id, Arc::new(message));
                    self.next_id += 1;
                    changed = true;
                }
            }
            group.last_flush = Some(now);
            group.next_flush = now + group.group_interval;
        }
        for slot in std::mem::take(&mut self.agenda.touched) {
            let Some(group) = self.groups.get_mut(&slot) else { continue };
            group.drop_told(setup, &self.outbox);
            if group.is_over() {
                self.groups.remove(&slot);
            }
        }
        self.agenda.next = Some(self.earliest());
        changed
    }

    /// Takes in the fate of a message. Returns whether the outbox changed.
    pub fn delivered(&mut self, setup: &Setup, report: &DeliveryReport) -> bool {
        let Some(message) = self.outbox.get(&report.message_id).cloned() else { return false };
        let slot = slot(&message.channel.receiver, &message.group_key);
        let group = self.groups.get_mut(&slot).filter(|group| group.awaits(&message));
        if group.is_some() {
            self.agenda.touched.insert(slot);
        }
        match &report.delivery {
            Delivery::Failed { error, retry_at } => {
                let refreshed = group.map(|group| group.refreshed(&message, setup));
                if let Some(entry) = self.outbox.get_mut(&message.id).map(Arc::make_mut) {
                    entry.attempts += 1;
                    entry.last_error = Some(error.clone());
                    entry.next_attempt = *retry_at;
                    if let Some((alerts, reason)) = refreshed {
                        (entry.alerts, entry.reason) = (alerts, reason);
                    }
                }
            }
            Delivery::Accepted | Delivery::GivenUp { .. } => {
                let error = match &report.delivery {
                    Delivery::GivenUp { error } => Some(error.clone()),
                    _ => None,
                };
                match group {
                    Some(group) if error.is_some() => group.refused(&message, report.at, setup),
                    Some(group) => group.told(&message, report.at, setup),
                    None => {}
                }
                self.outbox.remove(&message.id);
                let message = Message { attempts: message.attempts + 1, ..Message::clone(&message) };
                self.sent.push_front(Arc::new(Sent { message, at: report.at, error }));
                self.sent.truncate(SENT_KEPT);
            }
        }
        true
    }

    /// Routes every firing alert anew after the tree changed. Groups that the new tree makes too keep what they told.
    pub fn reroute(&mut self, setup: &Setup, firing: &[Notice], now: Timestamp) {
        let old = std::mem::take(&mut self.groups);
        self.agenda = Agenda { touched: old.keys().cloned().collect(), next: None };
        for notice in firing {
            self.update(setup, notice, now);
        }
        for (slot, before) in old {
            match self.groups.get_mut(&slot) {
                Some(group) => {
                    for (fingerprint, mut notice) in before.alerts {
                        notice.ends_at.get_or_insert(now);
                        group.alerts.entry(fingerprint).or_insert(notice);
                    }
                    group.channels = before.channels;
                    group.last_flush = before.last_flush;
                    group.next_flush = before.next_flush;
                }
                // Its alerts have resolved, or go elsewhere now: what it owes is still told while its receiver exists.
                None if setup.receivers.iter().any(|r| r.name == before.receiver) => {
                    let mut before = before;
                    for notice in before.alerts.values_mut().filter(|notice| notice.firing()) {
                        notice.ends_at = Some(now);
                    }
                    self.groups.insert(slot, before);
                }
                None => {}
            }
        }
    }

    /// The earliest moment at which something becomes due.
    pub fn next_due(&self) -> Option<Timestamp> {
        match self.agenda.next {
            Some(next) if self.agenda.touched.is_empty() => next,
            _ => self.earliest(),
        }
    }

    fn earliest(&self) -> Option<Timestamp> {
        self.groups.values().map(|group| group.next_flush).min()
    }
}

/// Where a group is kept.
fn slot(receiver: &str, key: &str) -> String {
    format!("{receiver}\u{0}{key}")
}

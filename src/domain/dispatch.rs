//! Who is told what, and when: Alertmanager's grouping, waiting and repeating (dispatch/dispatch.go, notify/notify.go).
//!
//! Each (receiver's route, group labels) keeps its alerts and, for each channel, what that channel was told last. At
//! most one message of a group is on its way to a channel. While a receiver is out, that message takes up the group's
//! newer state before each attempt, so an outage ends with one message and not with a flood; an alert that such a
//! message was to tell stays in it, resolved, until it has been told. A resolve is owed until it is accepted.

use super::labels::Labels;
use super::message::{Channel, Delivery, DeliveryReport, Message, Notice, NoticeReason, Sent};
use super::route::{group_labels, matching};
use super::setup::{IntegrationSpec, Setup};
use super::slo::Severity;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The age at which news of resolved alerts is stale.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AlertGroup {
    receiver: String,
    /// Route key and group labels, as Alertmanager writes them.
    key: String,
    labels: Labels,
    group_interval: Duration,
    repeat_interval: Duration,
    /// By fingerprint.
    alerts: BTreeMap<u64, Notice>,
    next_flush: Timestamp,
    last_flush: Option<Timestamp>,
    channels: BTreeMap<Channel, Told>,
}

/// What a channel knows of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Told {
    /// Alerts that it was told fire.
    firing: BTreeSet<u64>,
    at: Option<Timestamp>,
    /// The message on its way.
    outstanding: Option<u64>,
}

impl Dispatch {
    /// Takes in an alert that fires (or fires on, with new figures) or has just resolved.
    pub fn update(&mut self, setup: &Setup, notice: &Notice, now: Timestamp) {
        let Some(root) = &setup.route else { return };
        for matched in matching(root, &notice.labels) {
            let labels = group_labels(matched.route, &notice.labels);
            let key = format!("{}:{labels}", matched.key);
            let slot = format!("{}\u{0}{key}", matched.route.receiver);
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
        let mut groups = self.groups.iter_mut();
        let found = groups.find(|(_, group)| group.awaits(&message));
        let group = found.map(|(slot, group)| {
            self.agenda.touched.insert(slot.clone());
            group
        });
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

impl AlertGroup {
    fn update(&mut self, notice: &Notice, now: Timestamp) {
        let fingerprint = notice.labels.fingerprint();
        let new = notice.firing() && self.alerts.get(&fingerprint).is_none_or(|known| !known.firing());
        if !notice.firing() && !self.alerts.contains_key(&fingerprint) {
            return;
        }
        // A ticket that becomes a page does not wait for the group's next turn.
        if new && self.last_flush.is_some() && notice.detail.severity == Severity::Page && self.has_ticket_of(notice) {
            self.next_flush = now;
        }
        self.alerts.insert(fingerprint, notice.clone());
    }

    /// Whether a message is this group's and on its way.
    fn awaits(&self, message: &Message) -> bool {
        self.receiver == message.channel.receiver
            && self.channels.get(&message.channel).is_some_and(|told| told.outstanding == Some(message.id))
    }

    /// Whether there is nothing left to tell or to hear.
    fn is_over(&self) -> bool {
        self.alerts.is_empty() && self.channels.values().all(|told| told.outstanding.is_none())
    }

    fn has_ticket_of(&self, page: &Notice) -> bool {
        self.alerts.values().any(|alert| {
            alert.firing()
                && alert.detail.severity == Severity::Ticket
                && (&alert.detail.id, &alert.detail.group) == (&page.detail.id, &page.detail.group)
        })
    }

    fn fingerprints(&self, firing: bool) -> BTreeSet<u64> {
        self.alerts.iter().filter(|(_, notice)| notice.firing() == firing).map(|(fp, _)| *fp).collect()
    }

    /// A message for one channel, when there is something to tell (notify.go `needsUpdate`).
    fn flush(&mut self, spec: &IntegrationSpec, id: u64, now: Timestamp) -> Option<Message> {
        let channel = Channel { receiver: self.receiver.clone(), kind: spec.kind.clone(), index: spec.index };
        let told = self.channels.get(&channel).cloned().unwrap_or_default();
        if told.outstanding.is_some() {
            return None;
        }
        let reason = self.reason(&told, spec.send_resolved, now)?;
        let alerts = self.content(spec.send_resolved, &BTreeSet::new());
        if alerts.is_empty() {
            return None;
        }
        self.channels.entry(channel.clone()).or_default().outstanding = Some(id);
        Some(Message {
            id,
            channel,
            group_key: self.key.clone(),
            group_labels: self.labels.clone(),
            route_labels: Labels::new(),
            reason,
            alerts,
            created_at: now,
            attempts: 0,
            next_attempt: now,
            last_error: None,
        })
    }

    fn reason(&self, told: &Told, send_resolved: bool, now: Timestamp) -> Option<NoticeReason> {
        let firing = self.fingerprints(true);
        if !firing.is_subset(&told.firing) {
            return Some(if told.firing.is_empty() { NoticeReason::First } else { NoticeReason::NewAlerts });
        }
        if send_resolved && !told.firing.is_subset(&firing) {
            return Some(if firing.is_empty() { NoticeReason::AllResolved } else { NoticeReason::SomeResolved });
        }
        let due = told.at.is_some_and(|at| now.since(at) >= self.repeat_interval);
        (!firing.is_empty() && due).then_some(NoticeReason::Repeat)
    }

    /// Firing alerts first, pages before tickets; then the resolved ones that the channel is to hear of.
    fn content(&self, send_resolved: bool, owed: &BTreeSet<u64>) -> Vec<Notice> {
        let wanted = |(fp, notice): &(&u64, &Notice)| notice.firing() || send_resolved || owed.contains(fp);
        let mut alerts: Vec<Notice> = self.alerts.iter().filter(wanted).map(|(_, notice)| notice.clone()).collect();
        alerts.sort_by(|a, b| {
            let order = |n: &Notice| (!n.firing(), n.detail.severity, n.starts_at);
            order(a).cmp(&order(b)).then_with(|| a.labels.cmp(&b.labels))
        });
        alerts
    }

    /// A failed message's content as of now: the group's state, and every alert it was to tell.
    fn refreshed(&self, message: &Message, setup: &Setup) -> (Vec<Notice>, NoticeReason) {
        let owed: BTreeSet<u64> = message.alerts.iter().map(|alert| alert.labels.fingerprint()).collect();
        let mut alerts = self.content(send_resolved(setup, &message.channel), &owed);
        if alerts.is_empty() {
            alerts = message.alerts.clone();
        }
        let firing = alerts.iter().any(Notice::firing);
        (alerts, if firing { message.reason } else { NoticeReason::AllResolved })
    }

    /// The channel knows no more than before, and is told again at the group's next turn (as in Alertmanager, whose
    /// notification log knows accepted messages only); news of what ended long ago is let go.
    fn refused(&mut self, message: &Message, at: Timestamp, setup: &Setup) {
        let ended = message.alerts.iter().filter_map(|alert| alert.ends_at).max();
        if !message.firing() && ended.is_none_or(|ended| at.since(ended) >= STALE) {
            return self.told(message, at, setup);
        }
        if let Some(told) = self.channels.get_mut(&message.channel) {
            told.outstanding = None;
        }
        self.next_flush = self.next_flush.min((message.created_at + self.group_interval).max(at));
    }

    fn told(&mut self, message: &Message, at: Timestamp, setup: &Setup) {
        let told = self.channels.entry(message.channel.clone()).or_default();
        told.outstanding = None;
        told.at = Some(at);
        told.firing = message.alerts.iter().filter(|a| a.firing()).map(|a| a.labels.fingerprint()).collect();
        let told = told.clone();
        // What changed meanwhile is told at the group's next turn, counted from the message.
        let pending = self.reason(&told, send_resolved(setup, &message.channel), at);
        if pending.is_some_and(|reason| reason != NoticeReason::Repeat) {
            self.next_flush = self.next_flush.min((message.created_at + self.group_interval).max(at));
        }
    }

    /// Forgets resolved alerts that no channel has still to hear of.
    fn drop_told(&mut self, setup: &Setup, outbox: &BTreeMap<u64, Arc<Message>>) {
        let owed = |fp: u64| {
            self.channels.iter().any(|(channel, told)| {
                let on_its_way = told.outstanding.and_then(|id| outbox.get(&id));
                on_its_way.is_some_and(|m| m.alerts.iter().any(|a| a.labels.fingerprint() == fp))
                    || (told.firing.contains(&fp) && send_resolved(setup, channel))
            })
        };
        let flushed = self.last_flush.is_some();
        let done: Vec<u64> = self
            .alerts
            .iter()
            .filter(|(fp, notice)| !notice.firing() && flushed && !owed(**fp))
            .map(|(fp, _)| *fp)
            .collect();
        for fp in done {
            self.alerts.remove(&fp);
            for told in self.channels.values_mut() {
                told.firing.remove(&fp);
            }
        }
    }
}

fn send_resolved(setup: &Setup, channel: &Channel) -> bool {
    let receiver = setup.receivers.iter().find(|r| r.name == channel.receiver);
    let spec =
        receiver.and_then(|r| r.integrations.iter().find(|i| i.kind == channel.kind && i.index == channel.index));
    spec.is_some_and(|spec| spec.send_resolved)
}

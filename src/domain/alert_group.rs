//! Alerts that are told together, and what each channel knows of them.
//!
//! A group tells a channel what is news to it: at most one message is on its way at a time, it takes up the newer state
//! before each attempt, and a resolve is owed until it is accepted (Alertmanager's notify/notify.go).

use super::labels::Labels;
use super::message::{Channel, Message, Notice, NoticeReason};
use super::setup::{IntegrationSpec, Setup};
use super::slo::Severity;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The age at which news of resolved alerts is stale.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AlertGroup {
    pub(super) receiver: String,
    /// Route key and group labels, as Alertmanager writes them.
    pub(super) key: String,
    pub(super) labels: Labels,
    pub(super) group_interval: Duration,
    pub(super) repeat_interval: Duration,
    /// By fingerprint.
    pub(super) alerts: BTreeMap<u64, Notice>,
    pub(super) next_flush: Timestamp,
    pub(super) last_flush: Option<Timestamp>,
    pub(super) channels: BTreeMap<Channel, Told>,
}

/// What a channel knows of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Alerts that it was told fire.
    pub(super) firing: BTreeSet<u64>,
    pub(super) at: Option<Timestamp>,
    /// The message on its way.
    pub(super) outstanding: Option<u64>,
}

impl AlertGroup {
    pub(super) fn update(&mut self, notice: &Notice, now: Timestamp) {
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
    pub(super) fn awaits(&self, message: &Message) -> bool {
        self.receiver == message.channel.receiver
            && self.channels.get(&message.channel).is_some_and(|told| told.outstanding == Some(message.id))
    }

    /// Whether there is nothing left to tell or to hear.
    pub(super) fn is_over(&self) -> bool {
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
    pub(super) fn flush(&mut self, spec: &IntegrationSpec, id: u64, now: Timestamp) -> Option<Message> {
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
    pub(super) fn refreshed(&self, message: &Message, setup: &Setup) -> (Vec<Notice>, NoticeReason) {
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
    pub(super) fn refused(&mut self, message: &Message, at: Timestamp, setup: &Setup) {
        let ended = message.alerts.iter().filter_map(|alert| alert.ends_at).max();
        if !message.firing() && ended.is_none_or(|ended| at.since(ended) >= STALE) {
            return self.told(message, at, setup);
        }
        if let Some(told) = self.channels.get_mut(&message.channel) {
            told.outstanding = None;
        }
        self.next_flush = self.next_flush.min((message.created_at + self.group_interval).max(at));
    }

    pub(super) fn told(&mut self, message: &Message, at: Timestamp, setup: &Setup) {
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
    pub(super) fn drop_told(&mut self, setup: &Setup, outbox: &BTreeMap<u64, Arc<Message>>) {
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

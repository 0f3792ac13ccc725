//! The state machine of one alert: a severity with its window pairs, or a single condition.
//!
//! States are Prometheus's: inactive, pending, firing; "resolved" is the change to inactive. A severity fires while any
//! of its pairs fires, and changes only when its first pair starts or its last one ends. Not measured is not quiet: a
//! pair whose short window was not measured at all is held, and its clocks stand still.

use super::slo::{Pair, Severity};
use super::status::AlertState;
use super::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What a pair's windows say at one evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairView {
    pub verdict: Verdict,
    /// Burn rate over the long window.
    pub burn_long: Option<f64>,
}

/// The decision on one pair, with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both windows exceed the factor.
    Burning,
    /// The short window was not measured; nothing may change.
    Held,
    /// The short or the long window does not exceed the factor (or had no events).
    Quiet,
    /// Both exceed it, but the long window holds too few bad events.
    TooFewEvents,
}

impl Verdict {
    /// For the log and the page.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Burning => "both windows exceed the factor",
            Self::Held => "the short window was not measured",
            Self::Quiet => "a window no longer exceeds the factor",
            Self::TooFewEvents => "too few bad events in the long window",
        }
    }
}

/// A pair's own state; times run in milliseconds of unheld evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum PairState {
    #[default]
    Inactive,
    Pending {
        burned: i64,
    },
    /// `quiet` runs for `keep_firing_for` since the pair last burned.
    Firing {
        quiet: Option<i64>,
    },
}

impl PairState {
    /// The state after an evaluation, `elapsed` milliseconds after the one before.
    pub fn next(self, verdict: Verdict, pair: &Pair, elapsed: i64) -> Self {
        match (self, verdict) {
            (state, Verdict::Held) => state,
            (Self::Inactive, Verdict::Burning) => Self::pend(0, pair),
            (Self::Pending { burned }, Verdict::Burning) => Self::pend(burned + elapsed, pair),
            (Self::Firing { .. }, Verdict::Burning) => Self::Firing { quiet: None },
            (Self::Firing { quiet }, _) => {
                let quiet = quiet.map_or(0, |quiet| quiet + elapsed);
                if quiet >= millis(pair.keep_firing_for) { Self::Inactive } else { Self::Firing { quiet: Some(quiet) } }
            }
            (Self::Inactive | Self::Pending { .. }, _) => Self::Inactive,
        }
    }

    fn pend(burned: i64, pair: &Pair) -> Self {
        if burned >= millis(pair.r#for) { Self::Firing { quiet: None } } else { Self::Pending { burned } }
    }

    fn alert_state(self) -> AlertState {
        match self {
            Self::Inactive => AlertState::Inactive,
            Self::Pending { .. } => AlertState::Pending,
            Self::Firing { .. } => AlertState::Firing,
        }
    }
}

/// An alert as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub state: AlertState,
    /// When it came into this state.
    pub since: Timestamp,
}

impl Default for Standing {
    fn default() -> Self {
        Self { state: AlertState::Inactive, since: Timestamp::default() }
    }
}

impl Standing {
    /// Goes to `state`; the former state when that is a change.
    pub fn change(&mut self, state: AlertState, now: Timestamp) -> Option<AlertState> {
        let from = self.state;
        if from == state {
            return None;
        }
        *self = Self { state, since: now };
        Some(from)
    }
}

/// A change of a severity and the pair (by index into the policy's pairs) that brought it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeverityChange {
    pub severity: Severity,
    pub from: AlertState,
    pub to: AlertState,
    /// `None` when a reload took the severity's last pair away.
    pub pair: Option<usize>,
}

/// All pairs of one SLO or group, with what their severities stand at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurnAlerts {
    /// In the order of the policy's pairs.
    pub pairs: SmallVec<[PairState; 4]>,
    pub page: Standing,
    pub ticket: Standing,
}

impl BurnAlerts {
    pub fn standing(&self, severity: Severity) -> Standing {
        match severity {
            Severity::Page => self.page,
            Severity::Ticket => self.ticket,
        }
    }

    /// Whether neither severity is pending or fires.
    pub fn is_inactive(&self) -> bool {
        [self.page, self.ticket].iter().all(|standing| standing.state == AlertState::Inactive)
    }

    /// Takes over the states of pairs that the new policy still has.
    pub fn adopt(&mut self, old: &[Pair], new: &[Pair]) {
        let same = |a: &Pair, b: &Pair| (a.severity, a.long, a.short) == (b.severity, b.long, b.short);
        let state_of = |pair: &Pair| old.iter().position(|o| same(o, pair)).and_then(|i| self.pairs.get(i).copied());
        self.pairs = new.iter().map(|pair| state_of(pair).unwrap_or_default()).collect();
    }

    /// Steps every pair and tells which severities changed.
    pub fn step(&mut self, pairs: &[Pair], views: &[PairView], elapsed: i64, now: Timestamp) -> Vec<SeverityChange> {
        self.pairs.resize(pairs.len(), PairState::default());
        let rests = self.is_inactive() && self.pairs.iter().all(|pair| *pair == PairState::Inactive);
        if rests && views.iter().all(|view| view.verdict != Verdict::Burning) {
            return Vec::new();
        }
        let before = self.pairs.clone();
        for ((state, pair), view) in self.pairs.iter_mut().zip(pairs).zip(views) {
            *state = state.next(view.verdict, pair, elapsed);
        }
        [Severity::Page, Severity::Ticket]
            .into_iter()
            .filter_map(|s| self.severity_change(s, pairs, views, &before, now))
            .collect()
    }

    fn severity_change(
        &mut self,
        severity: Severity,
        pairs: &[Pair],
        views: &[PairView],
        before: &[PairState],
        now: Timestamp,
    ) -> Option<SeverityChange> {
        let own = || (0..pairs.len()).filter(|i| pairs[*i].severity == severity);
        let any = |wanted| own().any(|i| self.pairs[i].alert_state() == wanted);
        let to = if any(AlertState::Firing) {
            AlertState::Firing
        } else if any(AlertState::Pending) {
            AlertState::Pending
        } else {
            AlertState::Inactive
        };
        let hottest = |candidates: Vec<usize>| {
            candidates.into_iter().max_by(|a, b| {
                let burn = |i: usize| views[i].burn_long.unwrap_or(-1.0);
                burn(*a).total_cmp(&burn(*b)).then(b.cmp(a))
            })
        };
        let moved = own().filter(|i| self.pairs[*i].alert_state() != before[*i].alert_state());
        let came = moved.clone().filter(|i| self.pairs[*i].alert_state() == to).collect();
        let pair = hottest(came).or_else(|| hottest(moved.collect())).or_else(|| own().next());
        let standing = match severity {
            Severity::Page => &mut self.page,
            Severity::Ticket => &mut self.ticket,
        };
        let from = standing.change(to, now)?;
        Some(SeverityChange { severity, from, to, pair })
    }

    /// The firing pair of a severity with the highest burn rate over its long window.
    pub fn hottest(&self, severity: Option<Severity>, pairs: &[Pair], views: &[PairView]) -> Option<usize> {
        let firing = (0..pairs.len().min(self.pairs.len())).filter(|i| {
            severity.is_none_or(|s| pairs[*i].severity == s) && matches!(self.pairs[*i], PairState::Firing { .. })
        });
        let burn = |i: &usize| views[*i].burn_long.unwrap_or(-1.0);
        firing.max_by(|a, b| burn(a).total_cmp(&burn(b)).then(b.cmp(a)))
    }

    /// The pair that an alert of this severity is shown with: the hottest firing one, else the first pending.
    pub fn shown(&self, severity: Severity, pairs: &[Pair], views: &[PairView]) -> Option<usize> {
        let pending = || {
            (0..pairs.len())
                .find(|i| pairs[*i].severity == severity && matches!(self.pairs[*i], PairState::Pending { .. }))
        };
        self.hottest(Some(severity), pairs, views).or_else(pending)
    }
}

#[cfg(test)]
mod tests;

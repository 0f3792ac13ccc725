//! The state machine of one alert: a severity with its window pairs, or a single condition.
//!
//! States are Prometheus's: inactive, pending, firing; "resolved" is the change to inactive. A severity fires while any
//! of its pairs fires, and changes only when its first pair starts or its last one ends. Not measured is not quiet: a
//! pair whose short window was not measured at all is held, and its clocks stand still.

use super::slo::{Pair, Severity};
use super::status::AlertState;
use super::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};

/// What a pair's windows say at one evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairView {
    pub verdict: Verdict,
    pub burn_long: Option<f64>,
    pub burn_short: Option<f64>,
    /// Bad and all events of the long window.
    pub bad: f64,
    pub total: f64,
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
    pub pairs: Vec<PairState>,
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

    /// Takes over the states of pairs that the new policy still has.
    pub fn adopt(&mut self, old: &[Pair], new: &[Pair]) {
        let same = |a: &Pair, b: &Pair| (a.severity, a.long, a.short) == (b.severity, b.long, b.short);
        let state_of = |pair: &Pair| old.iter().position(|o| same(o, pair)).and_then(|i| self.pairs.get(i).copied());
        self.pairs = new.iter().map(|pair| state_of(pair).unwrap_or_default()).collect();
    }

    /// Steps every pair and tells which severities changed.
    pub fn step(&mut self, pairs: &[Pair], views: &[PairView], elapsed: i64, now: Timestamp) -> Vec<SeverityChange> {
        self.pairs.resize(pairs.len(), PairState::default());
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
mod tests {
    use super::*;
    use crate::domain::ratio::Ratio;
    use std::time::Duration;

    fn pair(severity: Severity, r#for: u64, keep: u64) -> Pair {
        Pair {
            severity,
            long: Duration::from_secs(3600),
            short: Duration::from_secs(300),
            factor: Ratio::parse("14.4").unwrap(),
            r#for: Duration::from_secs(r#for),
            keep_firing_for: Duration::from_secs(keep),
            min_bad_events: 0.0,
        }
    }

    /// Runs verdicts a minute apart and names the states passed through.
    fn trace(verdicts: &str, pair: Pair) -> String {
        let mut state = PairState::default();
        let mut path = vec!["inactive"];
        for verdict in verdicts.chars() {
            let verdict = match verdict {
                'b' => Verdict::Burning,
                'h' => Verdict::Held,
                _ => Verdict::Quiet,
            };
            state = state.next(verdict, &pair, 60_000);
            let name = match state.alert_state() {
                AlertState::Inactive => "inactive",
                AlertState::Pending => "pending",
                AlertState::Firing => "firing",
            };
            if path.last() != Some(&name) {
                path.push(name);
            }
        }
        path.join("=>")
    }

    #[test]
    fn traces() {
        let plain = pair(Severity::Page, 0, 0);
        let slow = pair(Severity::Page, 120, 0);
        let kept = pair(Severity::Page, 0, 120);
        for (verdicts, pair, path) in [
            ("b", plain, "inactive=>firing"),
            ("bq", plain, "inactive=>firing=>inactive"),
            ("bhhh", plain, "inactive=>firing"),
            ("hhh", plain, "inactive"),
            ("bb", slow, "inactive=>pending"),
            ("bbb", slow, "inactive=>pending=>firing"),
            ("bbq", slow, "inactive=>pending=>inactive"),
            ("bhhhhb", slow, "inactive=>pending"),
            ("bhhhhbb", slow, "inactive=>pending=>firing"),
            ("bqq", kept, "inactive=>firing"),
            ("bqqq", kept, "inactive=>firing=>inactive"),
            ("bqqbqq", kept, "inactive=>firing"),
            ("bqhhhhq", kept, "inactive=>firing"),
        ] {
            assert_eq!(trace(verdicts, pair), path, "{verdicts}");
        }
    }

    #[test]
    fn a_severity_changes_with_its_first_and_last_pair_only() {
        let pairs = [pair(Severity::Page, 0, 0), pair(Severity::Page, 0, 0), pair(Severity::Ticket, 0, 0)];
        let view = |verdict, burn| PairView { verdict, burn_long: Some(burn), burn_short: None, bad: 0.0, total: 0.0 };
        let (on, off) = (|b| view(Verdict::Burning, b), view(Verdict::Quiet, 0.5));
        let mut alerts = BurnAlerts::default();
        let mut step = |views: [PairView; 3], at| alerts.step(&pairs, &views, 60_000, Timestamp(at));
        let change = |severity, from, to, pair| SeverityChange { severity, from, to, pair: Some(pair) };
        use AlertState::{Firing, Inactive};
        assert_eq!(step([on(20.0), on(30.0), off], 1), [change(Severity::Page, Inactive, Firing, 1)]);
        assert_eq!(step([off, on(30.0), off], 2), []);
        assert_eq!(step([on(20.0), off, on(4.0)], 3), [change(Severity::Ticket, Inactive, Firing, 2)]);
        assert_eq!(step([off, off, on(4.0)], 4), [change(Severity::Page, Firing, Inactive, 0)]);
    }

    fn view(verdict: Verdict, burn_long: Option<f64>) -> PairView {
        PairView { verdict, burn_long, burn_short: None, bad: 0.0, total: 0.0 }
    }

    #[test]
    fn the_pair_that_brought_a_change_is_the_hottest_that_came_to_the_new_state() {
        use AlertState::{Firing, Inactive, Pending};
        let (slow, quick) = (pair(Severity::Page, 120, 0), pair(Severity::Page, 0, 0));
        let (on, off) = (Verdict::Burning, Verdict::Quiet);
        for (name, pairs, first, second, expected) in [
            (
                "one goes while another comes",
                [slow, quick],
                [(on, Some(50.0)), (off, None)],
                [(off, Some(40.0)), (on, Some(20.0))],
                (Pending, Firing, 1),
            ),
            (
                "no events are less than few",
                [quick, quick],
                [(off, None); 2],
                [(on, None), (on, Some(0.5))],
                (Inactive, Firing, 1),
            ),
            ("of equals the first", [quick, quick], [(off, None); 2], [(on, Some(2.0)); 2], (Inactive, Firing, 0)),
        ] {
            let mut alerts = BurnAlerts::default();
            let views = |views: [(Verdict, Option<f64>); 2]| views.map(|(verdict, burn)| view(verdict, burn));
            alerts.step(&pairs, &views(first), 60_000, Timestamp(1));
            let (from, to, pair) = expected;
            let change = SeverityChange { severity: Severity::Page, from, to, pair: Some(pair) };
            assert_eq!(alerts.step(&pairs, &views(second), 60_000, Timestamp(2)), [change], "{name}");
            assert_eq!(alerts.standing(Severity::Page), Standing { state: to, since: Timestamp(2) }, "{name}");
        }
    }

    #[test]
    fn an_alert_is_shown_with_its_hottest_firing_pair_or_its_first_pending_one() {
        let pairs = [
            pair(Severity::Ticket, 0, 0),
            pair(Severity::Page, 0, 0),
            pair(Severity::Page, 0, 0),
            pair(Severity::Page, 0, 0),
        ];
        let (off, waits, fires) =
            (PairState::Inactive, PairState::Pending { burned: 0 }, PairState::Firing { quiet: None });
        let burns = [Some(9.0), None, Some(0.5), Some(0.4)];
        let views = burns.map(|burn| view(Verdict::Burning, burn));
        for (name, states, hottest, page) in [
            ("none", [off, off, off, off], None, None),
            ("the hottest of its severity", [fires, fires, fires, fires], Some(0), Some(2)),
            ("one without events", [off, fires, off, off], Some(1), Some(1)),
            ("another severity's", [fires, off, off, off], Some(0), None),
            ("the first pending", [waits, off, waits, waits], None, Some(2)),
            ("firing before pending", [off, waits, waits, fires], Some(3), Some(3)),
        ] {
            let alerts = BurnAlerts { pairs: states.to_vec(), ..BurnAlerts::default() };
            assert_eq!(alerts.hottest(None, &pairs, &views), hottest, "{name}");
            assert_eq!(alerts.shown(Severity::Page, &pairs, &views), page, "{name}");
        }
    }

    #[test]
    fn a_reload_keeps_the_states_of_the_pairs_that_it_keeps() {
        let with_long = |seconds, severity| Pair { long: Duration::from_secs(seconds), ..pair(severity, 0, 0) };
        let old = [with_long(3600, Severity::Page), with_long(7200, Severity::Page)];
        let states = [PairState::Pending { burned: 7 }, PairState::Firing { quiet: None }];
        let mut alerts = BurnAlerts { pairs: states.to_vec(), ..BurnAlerts::default() };
        let steeper = Pair { factor: Ratio::ONE, ..old[1] };
        alerts.adopt(&old, &[steeper, with_long(3600, Severity::Ticket), old[0]]);
        assert_eq!(alerts.pairs, [states[1], PairState::Inactive, states[0]]);
    }

    #[test]
    fn every_verdict_has_a_reason_of_its_own() {
        let verdicts = [Verdict::Burning, Verdict::Held, Verdict::Quiet, Verdict::TooFewEvents];
        let reasons: std::collections::BTreeSet<_> = verdicts.map(Verdict::reason).into();
        assert_eq!(reasons.len(), verdicts.len());
    }
}

//! One budget: an SLO, or one group of an SLO that counts `by` labels. Its evaluation turns counts into a status and
//! into changes of alerts.

use super::alert::{BurnAlerts, PairView, Standing, Verdict};
use super::burn::{burn_rate, tidied, window_counts};
use super::figures::{Figures, exceeds_allowance, exceeds_factor};
use super::history::{Counts, History};
use super::labels::Labels;
use super::message::Detail;
use super::present::{Move, Picture};
use super::ratio::Ratio;
use super::slices::Slices;
use super::slo::{Measure, Pair, Severity, Slo, SloWindow};
use super::status::{AlertState, HistoryPoint, SloStatus, Transition};
use super::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::time::Duration;

pub const BURN: &str = "ErrorBudgetBurn";
pub const NO_DATA: &str = "SloNoData";
pub const SPENT: &str = "ErrorBudgetSpent";

/// Labels that every alert carries.
pub const ALERT_LABELS: [&str; 4] = ["alertname", "severity", "service", "slo"];

/// The label under which a `by` label is shown: one that every alert carries gets the prefix by which Prometheus tells
/// such labels apart. slowburn's own format refuses them; Pyrra's files group by `service`.
pub fn shown_label(name: &str) -> String {
    if ALERT_LABELS.contains(&name) { format!("exported_{name}") } else { name.to_owned() }
}

/// Windows shown where no pair asks for any.
const SHOWN_WINDOWS: [u64; 7] = [300, 1800, 3600, 7200, 21_600, 86_400, 259_200];

/// The state of one budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    /// The values of the SLO's `by` labels; empty without `by`.
    pub group: Labels,
    pub events: History,
    pub slices: Option<Slices>,
    pub last_sample: Option<Timestamp>,
    /// When this budget came under watch.
    pub since: Timestamp,
    pub burn: BurnAlerts,
    pub no_data: Standing,
    /// In the order of the policy's budget alerts.
    pub spent: Vec<Standing>,
    pub evaluated: Option<Timestamp>,
    /// Up to where the long history on disk is written.
    pub archived: Option<Timestamp>,
}

/// What one evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub status: SloStatus,
    pub changes: Vec<Change>,
    /// Every firing alert as it stands, for messages.
    pub firing: Vec<Firing>,
}

/// A change of one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub transition: Transition,
    pub key: AlertKey,
    pub detail: Detail,
}

/// A firing alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    pub key: AlertKey,
    pub since: Timestamp,
    pub detail: Detail,
}

/// Which alert of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AlertKey {
    Burn(Severity),
    NoData(Severity),
    /// Index into the policy's budget alerts.
    Spent(usize, Severity),
}

impl AlertKey {
    pub fn name(self) -> &'static str {
        match self {
            Self::Burn(_) => BURN,
            Self::NoData(_) => NO_DATA,
            Self::Spent(..) => SPENT,
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            Self::Burn(severity) | Self::NoData(severity) | Self::Spent(_, severity) => severity,
        }
    }
}

/// What an evaluation needs besides the budget itself.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    pub now: Timestamp,
    /// Why the SLI can't be computed.
    pub problem: Option<&'a str>,
    /// When this process began to look; silence before it is its own.
    pub resumed: Timestamp,
    pub external_url: &'a str,
}

impl GroupState {
    pub fn new(group: Labels, slo: &Slo, since: Timestamp) -> Self {
        Self { group, since, slices: slo.timeslices.map(|_| Slices::default()), ..Self::default() }
    }

    /// Adds events of a span, and marks it measured where it was.
    pub fn record(&mut self, slo: &Slo, span: (Timestamp, Timestamp), total: f64, bad: f64, measured: bool) {
        let (from, to) = span;
        self.archived = self.archived.map(|archived| archived.min(from));
        let Some((slices, spec)) = self.slices.as_mut().zip(slo.timeslices.as_ref()) else {
            self.events.record(from, to, total, bad, measured);
            return;
        };
        let before = slices.verdicts(from, to, spec, &self.events, &slo.maintenance);
        self.events.record(from, to, total, bad, measured);
        slices.correct(&before, spec, &self.events, &slo.maintenance);
    }

    pub fn saw_sample(&mut self, at: Timestamp) {
        self.last_sample = Some(self.last_sample.map_or(at, |last| last.max(at)));
    }

    /// Counts of a window in the budget's own events (slices, for a timeslice budget).
    pub fn counts(&self, slo: &Slo, from: Timestamp, to: Timestamp) -> Counts {
        let events = window_counts(&self.events, &slo.maintenance, from, to);
        match &self.slices {
            None => events,
            Some(slices) => Counts { measured: events.measured, ..window_counts(&slices.history, &[], from, to) },
        }
    }

    /// Good and bad events (slices, for a timeslice budget) since counting began.
    pub fn totals(&self) -> (f64, f64) {
        let history = self.slices.as_ref().map_or(&self.events, |slices| &slices.history);
        let sum = history.end().map_or(Counts::default(), |end| history.at(end));
        ((sum.total - sum.bad).max(0.0), sum.bad)
    }

    /// Evaluates at `now`, which never falls.
    pub fn evaluate(&mut self, slo: &Slo, around: &Surroundings<'_>) -> Evaluation {
        let now = around.now;
        if let Some((slices, spec)) = self.slices.as_mut().zip(slo.timeslices.as_ref()) {
            slices.advance(now, spec, &self.events, &slo.maintenance);
        }
        let elapsed = self.evaluated.map_or(0, |last| now.0 - last.0);
        self.evaluated = Some(now);
        let (window, counts) = self.count_windows(slo, now);
        let views: Vec<PairView> = slo.policy.pairs.iter().map(|pair| view(slo, pair, &window, &counts)).collect();
        let severities = self.burn.step(&slo.policy.pairs, &views, elapsed, now);
        let mut figures = Figures::new(slo, window);
        figures.forecast(slo, &self.burn, &views);
        let burn = severities.into_iter().map(|change| Move {
            key: AlertKey::Burn(change.severity),
            from: change.from,
            to: change.to,
            pair: change.pair,
            reason: change.pair.map_or("its pairs were removed", |i| views[i].verdict.reason()),
        });
        let mut moves: Vec<Move> = burn.collect();
        moves.extend(self.step_no_data(slo, around));
        moves.extend(self.step_spent(slo, &figures, now));
        let picture = Picture { group: self, slo, views: &views, figures: &figures, windows: &counts, around };
        let evaluation = Evaluation {
            status: picture.status(),
            changes: moves.iter().map(|change| picture.change(change)).collect(),
            firing: picture.firing(),
        };
        self.maintain(slo, now);
        evaluation
    }

    /// The counts of the SLO window and of every shown window, each looked up once.
    fn count_windows(&mut self, slo: &Slo, now: Timestamp) -> (Counts, Vec<WindowCounts>) {
        let windows = windows(slo);
        let starts = std::iter::once(slo.window.start(now)).chain(windows.iter().map(|window| now - *window));
        let counts: Vec<Counts> = if self.slices.is_none() && slo.maintenance.is_empty() {
            let (starts, end) = (starts.collect::<SmallVec<[_; 12]>>(), self.events.at(now));
            self.events.at_edges(&starts).into_iter().map(|start| tidied(end - start)).collect()
        } else {
            starts.map(|start| self.counts(slo, start, now)).collect()
        };
        (counts[0], windows.into_iter().zip(counts[1..].iter().copied()).collect())
    }

    fn step_no_data(&mut self, slo: &Slo, around: &Surroundings<'_>) -> Option<Move> {
        let severity = slo.policy.no_data.severity?;
        let last = self.last_sample.unwrap_or(self.since).max(around.resumed).max(self.since);
        let silent = around.now.since(last) >= slo.policy.no_data.after;
        let to = if silent { AlertState::Firing } else { AlertState::Inactive };
        let from = self.no_data.change(to, around.now)?;
        let reason = if silent { "no sample for too long" } else { "samples are back" };
        Some(Move { key: AlertKey::NoData(severity), from, to, pair: None, reason })
    }

    fn step_spent(&mut self, slo: &Slo, figures: &Figures, now: Timestamp) -> Vec<Move> {
        self.spent.resize(slo.policy.budget.len(), Standing::default());
        let mut moves = Vec::new();
        for (i, (alert, standing)) in slo.policy.budget.iter().zip(&mut self.spent).enumerate() {
            let share = Ratio::new(100, 1).and_then(|hundred| alert.consumed.over(hundred)).unwrap_or(Ratio::ONE);
            let reached = figures.consumed_reaches(share);
            let to = if reached { AlertState::Firing } else { AlertState::Inactive };
            if let Some(from) = standing.change(to, now) {
                let reason = if reached { "the share of the budget is spent" } else { "the budget has recovered" };
                moves.push(Move { key: AlertKey::Spent(i, alert.severity), from, to, pair: None, reason });
            }
        }
        moves
    }

    /// Whether the budget still means something: seen within `keep`, or with an alert that is not over.
    pub fn is_alive(&self, now: Timestamp, keep: Duration) -> bool {
        let standings = [self.burn.page, self.burn.ticket, self.no_data].into_iter().chain(self.spent.iter().copied());
        let alerting = standings.into_iter().any(|standing| standing.state != AlertState::Inactive);
        alerting || now.since(self.last_sample.unwrap_or(self.since)) < keep
    }

    /// The budget's history in steps of `step` that end in `(start, end]`; steps after `now` are left out.
    pub fn history(
        &self,
        slo: &Slo,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
        now: Timestamp,
    ) -> Vec<HistoryPoint> {
        let step_ms = millis(step).max(1);
        let ends =
            (1..).map(|i| Timestamp(start.0 + i * step_ms)).take_while(|at| *at <= end && at.0 - step_ms < now.0);
        ends.map(|at| self.point(slo, Timestamp(at.0 - step_ms), at)).collect()
    }

    fn point(&self, slo: &Slo, from: Timestamp, at: Timestamp) -> HistoryPoint {
        let (step, window) = (self.counts(slo, from, at), self.counts(slo, slo.window.start(at), at));
        Figures::new(slo, window).history_point((from, at), &step)
    }

    fn maintain(&mut self, slo: &Slo, now: Timestamp) {
        let full = self.events.is_full() || self.slices.as_ref().is_some_and(|s| s.history.is_full());
        if !full {
            return;
        }
        let slice = slo.timeslices.map(|t| t.slice);
        let finest = windows(slo).into_iter().chain(slice).min().unwrap_or_default();
        // Twice the window, so that the budget can still be drawn as of a window ago.
        let keep = slo.window.nominal() * 2 + Duration::from_secs(7 * 86_400);
        let pins = pins(slo, now);
        self.events.maintain(now, finest, keep, &pins);
        if let Some(slices) = &mut self.slices {
            slices.history.maintain(now, finest, keep, &pins);
        }
    }
}

/// A window with what happened in it.
pub(super) type WindowCounts = (Duration, Counts);

fn view(slo: &Slo, pair: &Pair, window: &Counts, counts: &[WindowCounts]) -> PairView {
    let budget = slo.objective.budget();
    let of =
        |length: Duration| counts.iter().find(|(window, _)| *window == length).map(|(_, c)| *c).unwrap_or_default();
    let (long, short) = (of(pair.long), of(pair.short));
    let burning = match slo.policy.measure {
        Measure::BurnRate => [long, short].iter().all(|c| exceeds_factor(c, pair.factor, budget)),
        Measure::BudgetSpent => [(long, pair.long), (short, pair.short)]
            .iter()
            .all(|(c, w)| exceeds_allowance(c, *w, pair.factor, budget, window)),
    };
    let verdict = if short.measured == 0 {
        Verdict::Held
    } else if !burning {
        Verdict::Quiet
    } else if long.bad < pair.min_bad_events {
        Verdict::TooFewEvents
    } else {
        Verdict::Burning
    };
    PairView {
        verdict,
        burn_long: burn_rate(&long, budget),
        burn_short: burn_rate(&short, budget),
        bad: long.bad,
        total: long.total,
    }
}

/// Every window that is shown, ascending.
fn windows(slo: &Slo) -> Vec<Duration> {
    let mut windows: Vec<Duration> = slo.policy.pairs.iter().flat_map(|p| [p.long, p.short]).collect();
    if windows.is_empty() {
        windows = SHOWN_WINDOWS.map(Duration::from_secs).to_vec();
    }
    windows.sort_unstable();
    windows.dedup();
    windows
}

fn pins(slo: &Slo, now: Timestamp) -> Vec<Timestamp> {
    let mut pins: Vec<Timestamp> = slo.maintenance.iter().flat_map(|m| [m.start, m.end]).collect();
    if let SloWindow::Calendar(calendar) = &slo.window {
        let (start, end) = calendar.bounds(now);
        pins.extend([calendar.bounds(Timestamp(start.0 - 1)).0, start, end]);
    }
    pins.sort_unstable();
    pins
}

//! One budget: an SLO, or one group of an SLO that counts `by` labels. Its evaluation turns counts into a status and
//! into changes of alerts.

use super::alert::{BurnAlerts, Standing};
use super::burn::{tidied, window_counts};
use super::figures::Figures;
use super::finding::{Found, Move, Views, WindowCounts, alerting};
use super::gauge::Gauge;
use super::history::{Counts, History};
use super::labels::Labels;
use super::message::Detail;
use super::misfit::Misfit;
use super::slices::Slices;
use super::slo::{Part, Severity, Slo, SloWindow};
use super::status::{AlertState, HistoryPoint, Transition};
use super::time::{Timestamp, millis, step_ends};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;
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

/// The state of one budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    /// The values of the SLO's `by` labels; empty without `by`.
    pub group: Labels,
    pub events: History,
    pub slices: Option<Box<Slices>>,
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
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub now: Timestamp,
    /// Why the SLI can't be computed.
    pub problem: Option<Arc<str>>,
    /// When this process began to look; silence before it is its own.
    pub resumed: Timestamp,
}

impl GroupState {
    pub fn new(group: Labels, slo: &Slo, since: Timestamp) -> Self {
        Self { group, since, slices: slo.timeslices.map(|_| Box::default()), ..Self::default() }
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
        let sum = history.all();
        ((sum.total - sum.bad).max(0.0), sum.bad)
    }

    /// Evaluates at `now`, which never falls. `gauge` is the SLO's; `found` is overwritten.
    pub fn evaluate(&mut self, slo: &Slo, gauge: &Gauge, around: &Surroundings, found: &mut Found) -> Vec<Move> {
        let now = around.now;
        if !gauge.plain
            && let Some(slices) = self.slices.as_mut()
            && let Some(spec) = &slo.timeslices
        {
            slices.advance(now, spec, &self.events, &slo.maintenance);
        }
        let elapsed = self.evaluated.map_or(0, |last| now.0 - last.0);
        self.evaluated = Some(now);
        let window = self.count_windows(slo, gauge, now, &mut found.windows);
        let view = |pair| gauge.view(pair, &window, &found.windows);
        let views: Views = (0..gauge.pairs.len()).map(view).collect();
        let severities = self.burn.step(&gauge.pairs, &views, elapsed, now);
        found.figures = Figures::new(gauge.budget, window);
        found.figures.forecast(gauge, &self.burn, &views);
        let burn = severities.into_iter().map(|change| Move {
            key: AlertKey::Burn(change.severity),
            from: change.from,
            to: change.to,
            pair: change.pair,
            reason: change.pair.map_or("its pairs were removed", |i| views[i].verdict.reason()),
        });
        let mut moves: Vec<Move> = burn.collect();
        moves.extend(self.step_no_data(gauge, around));
        self.step_spent(gauge, &found.figures, now, &mut moves);
        found.problem = around.problem.clone().or_else(|| self.misfit(slo, gauge, now, &window, &found.windows));
        alerting(gauge, &self.burn, self.no_data, &self.spent, &views, &mut found.alerts);
        (found.at, found.last_sample) = (now, self.last_sample);
        self.maintain(slo, gauge, now);
        moves
    }

    /// Finds the edges of all windows as of the last evaluation, so that the next one need not search for them.
    pub(super) fn find_edges(&mut self, slo: &Slo, gauge: &Gauge) {
        if let Some(last) = self.evaluated {
            self.count_windows(slo, gauge, last, &mut WindowCounts::new());
        }
    }

    /// The counts of the SLO window, and those of every shown window into `counts`; each is looked up once.
    fn count_windows(&mut self, slo: &Slo, gauge: &Gauge, now: Timestamp, counts: &mut WindowCounts) -> Counts {
        let start = gauge.window.start(now);
        let starts = gauge.lengths.iter().map(|length| Timestamp(now.0.saturating_sub(*length)));
        if !gauge.plain {
            counts.clear();
            counts.extend(starts.map(|start| self.counts(slo, start, now)));
            return self.counts(slo, start, now);
        }
        // One more than there are windows, for that of the SLO.
        let starts: SmallVec<[Timestamp; 9]> = starts.chain([start]).collect();
        counts.resize(starts.len(), Counts::default());
        self.events.sums(&starts, now, counts);
        counts.iter_mut().for_each(|sum| *sum = tidied(*sum));
        counts.pop().unwrap_or_default()
    }

    /// Says that bad events are no part of all events, where that is so; `windows` are the gauge's, the shortest first.
    fn misfit(
        &self,
        slo: &Slo,
        gauge: &Gauge,
        now: Timestamp,
        window: &Counts,
        windows: &[Counts],
    ) -> Option<Arc<str>> {
        let (part, newest) = (gauge.part?, windows.first()?);
        // There are never more bad slices than slices; the events in them may not fit all the same.
        if self.slices.is_none() {
            Misfit::suspect(part, window, newest)?;
        }
        self.misfit_of_events(slo, part, now, *gauge.windows.first()?)
    }

    /// Apart, so that the definition's memory is left alone where nothing is suspect.
    #[cold]
    fn misfit_of_events(&self, slo: &Slo, part: Part, now: Timestamp, stretch: Duration) -> Option<Arc<str>> {
        let events = |from| window_counts(&self.events, &slo.maintenance, from, now);
        let start = slo.window.start(now);
        let misfit = Misfit::suspect(part, &events(start), &events(now - stretch))?;
        misfit.told(events(start - stretch).total).map(Arc::from)
    }

    /// Since when no sample was seen, as far as somebody looked.
    pub(super) fn silent_since(&self, resumed: Timestamp) -> Timestamp {
        self.last_sample.unwrap_or(self.since).max(resumed).max(self.since)
    }

    fn step_no_data(&mut self, gauge: &Gauge, around: &Surroundings) -> Option<Move> {
        let severity = gauge.no_data.severity?;
        let silent = around.now.since(self.silent_since(around.resumed)) >= gauge.no_data.after;
        let to = if silent { AlertState::Firing } else { AlertState::Inactive };
        let from = self.no_data.change(to, around.now)?;
        let reason = if silent { "no sample for too long" } else { "samples are back" };
        Some(Move { key: AlertKey::NoData(severity), from, to, pair: None, reason })
    }

    fn step_spent(&mut self, gauge: &Gauge, figures: &Figures, now: Timestamp, moves: &mut Vec<Move>) {
        self.spent.resize(gauge.spent.len(), Standing::default());
        for (i, (alert, standing)) in gauge.spent.iter().zip(&mut self.spent).enumerate() {
            let reached = figures.consumed_reaches(alert);
            let to = if reached { AlertState::Firing } else { AlertState::Inactive };
            if let Some(from) = standing.change(to, now) {
                let reason = if reached { "the share of the budget is spent" } else { "the budget has recovered" };
                moves.push(Move { key: AlertKey::Spent(i, alert.severity), from, to, pair: None, reason });
            }
        }
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
        let point = |at: Timestamp| {
            let from = Timestamp(at.0 - step_ms);
            self.figures(slo, at).history_point(slo.objective.budget(), (from, at), &self.counts(slo, from, at))
        };
        step_ends(start, end, step, now).map(point).collect()
    }

    /// The SLO window as it stood at a moment.
    pub fn figures(&self, slo: &Slo, at: Timestamp) -> Figures {
        Figures::new(slo.objective.budget(), self.counts(slo, slo.window.start(at), at))
    }

    fn maintain(&mut self, slo: &Slo, gauge: &Gauge, now: Timestamp) {
        let full = self.events.is_full() || self.slices.as_ref().is_some_and(|s| s.history.is_full());
        if !full {
            return;
        }
        let slice = slo.timeslices.map(|t| t.slice);
        let finest = gauge.windows.iter().copied().chain(slice).min().unwrap_or_default();
        // Twice the window, so that the budget can still be drawn as of a window ago.
        let keep = slo.window.nominal() * 2 + Duration::from_secs(7 * 86_400);
        let pins = pins(slo, now);
        self.events.maintain(now, finest, keep, &pins);
        if let Some(slices) = &mut self.slices {
            slices.history.maintain(now, finest, keep, &pins);
        }
    }
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

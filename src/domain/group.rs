//! One budget: an SLO, or one group of an SLO that counts `by` labels. Its evaluation turns counts into a status and
//! into changes of alerts.

use super::alert::{BurnAlerts, PairView, Standing, Verdict};
use super::burn::{burn_rate, coverage, exceeds, exhausts_in, window_counts};
use super::history::{Counts, History};
use super::labels::Labels;
use super::message::{BurnDetail, Detail};
use super::ratio::Ratio;
use super::slices::Slices;
use super::slo::{Measure, Pair, Severity, Slo, SloWindow};
use super::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, HistoryPoint, SliStatus, SloStatus, State, Transition,
    WindowStatus,
};
use super::time::{Timestamp, format_duration, millis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub const BURN: &str = "ErrorBudgetBurn";
pub const NO_DATA: &str = "SloNoData";
pub const SPENT: &str = "ErrorBudgetSpent";

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
        let window = self.counts(slo, slo.window.start(now), now);
        let views: Vec<PairView> = slo.policy.pairs.iter().map(|pair| self.view(slo, pair, &window, now)).collect();
        let severities = self.burn.step(&slo.policy.pairs, &views, elapsed, now);
        let mut figures = Figures::new(slo, window);
        figures.forecast(slo, &self.burn, &views);
        let mut changes: Vec<Change> = Vec::new();
        for change in severities {
            let view = change.pair.map(|i| (&slo.policy.pairs[i], &views[i]));
            let reason = change.pair.map_or("its pairs were removed", |i| views[i].verdict.reason());
            changes.push(self.change(
                slo,
                AlertKey::Burn(change.severity),
                (change.from, change.to),
                view,
                reason,
                &figures,
                around,
            ));
        }
        changes.extend(self.step_no_data(slo, &figures, around));
        changes.extend(self.step_spent(slo, &figures, around));
        let status = self.status(slo, &views, &figures, around);
        let firing = self.firing(slo, &views, &figures, around);
        self.maintain(slo, now);
        Evaluation { status, changes, firing }
    }

    fn view(&self, slo: &Slo, pair: &Pair, window: &Counts, now: Timestamp) -> PairView {
        let budget = slo.objective.budget();
        let (long, short) = (self.counts(slo, now - pair.long, now), self.counts(slo, now - pair.short, now));
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

    fn step_no_data(&mut self, slo: &Slo, figures: &Figures, around: &Surroundings<'_>) -> Option<Change> {
        let severity = slo.policy.no_data.severity?;
        let last = self.last_sample.unwrap_or(self.since).max(around.resumed).max(self.since);
        let silent = around.now.since(last) >= slo.policy.no_data.after;
        let to = if silent { AlertState::Firing } else { AlertState::Inactive };
        let from = self.no_data.change(to, around.now)?;
        let reason = if silent { "no sample for too long" } else { "samples are back" };
        Some(self.change(slo, AlertKey::NoData(severity), (from, to), None, reason, figures, around))
    }

    fn step_spent(&mut self, slo: &Slo, figures: &Figures, around: &Surroundings<'_>) -> Vec<Change> {
        self.spent.resize(slo.policy.budget.len(), Standing::default());
        let mut changes = Vec::new();
        for (i, alert) in slo.policy.budget.iter().enumerate() {
            let share = Ratio::new(100, 1).and_then(|hundred| alert.consumed.over(hundred)).unwrap_or(Ratio::ONE);
            let reached = figures.consumed_reaches(share);
            let to = if reached { AlertState::Firing } else { AlertState::Inactive };
            if let Some(from) = self.spent[i].change(to, around.now) {
                let reason = if reached { "the share of the budget is spent" } else { "the budget has recovered" };
                let key = AlertKey::Spent(i, alert.severity);
                changes.push(self.change(slo, key, (from, to), None, reason, figures, around));
            }
        }
        changes
    }

    #[allow(clippy::too_many_arguments)]
    fn change(
        &self,
        slo: &Slo,
        key: AlertKey,
        (from, to): (AlertState, AlertState),
        pair: Option<(&Pair, &PairView)>,
        reason: &str,
        figures: &Figures,
        around: &Surroundings<'_>,
    ) -> Change {
        let transition = Transition {
            at: around.now,
            id: slo.id.to_string(),
            group: self.group.clone(),
            alert: key.name().to_owned(),
            severity: key.severity(),
            from,
            to,
            long: pair.map(|(p, _)| format_duration(p.long)),
            short: pair.map(|(p, _)| format_duration(p.short)),
            factor: pair.map(|(p, _)| p.factor.as_f64()),
            burn_long: pair.and_then(|(_, v)| v.burn_long),
            burn_short: pair.and_then(|(_, v)| v.burn_short),
            budget_remaining: figures.remaining,
            reason: reason.to_owned(),
        };
        Change { transition, key, detail: self.detail(slo, key, pair, figures, around) }
    }

    fn detail(
        &self,
        slo: &Slo,
        key: AlertKey,
        pair: Option<(&Pair, &PairView)>,
        figures: &Figures,
        around: &Surroundings<'_>,
    ) -> Detail {
        Detail {
            id: slo.id.clone(),
            group: self.group.clone(),
            alert: key.name().to_owned(),
            severity: key.severity(),
            description: slo.description.clone(),
            objective: slo.objective.percent().as_f64(),
            slo_window: slo.window.to_string(),
            burn: pair.map(|(p, v)| BurnDetail {
                long: format_duration(p.long),
                short: format_duration(p.short),
                factor: p.factor.as_f64(),
                burn_long: v.burn_long,
                burn_short: v.burn_short,
                bad: v.bad,
                total: v.total,
            }),
            budget_remaining: figures.remaining,
            exhausts_in_seconds: figures.exhausts,
            sli_ratio: figures.ratio(),
            runbook_url: slo.policy.runbook_url.clone(),
            slo_url: format!("{}/slo/{}/{}", around.external_url, slo.id.service, slo.id.name),
        }
    }

    fn firing(&self, slo: &Slo, views: &[PairView], figures: &Figures, around: &Surroundings<'_>) -> Vec<Firing> {
        let mut firing = Vec::new();
        let mut push = |key, standing: Standing, pair: Option<usize>| {
            if standing.state == AlertState::Firing {
                let pair = pair.map(|i| (&slo.policy.pairs[i], &views[i]));
                firing.push(Firing {
                    key,
                    since: standing.since,
                    detail: self.detail(slo, key, pair, figures, around),
                });
            }
        };
        for severity in [Severity::Page, Severity::Ticket] {
            let shown = self.burn.hottest(Some(severity), &slo.policy.pairs, views);
            push(AlertKey::Burn(severity), self.burn.standing(severity), shown);
        }
        if let Some(severity) = slo.policy.no_data.severity {
            push(AlertKey::NoData(severity), self.no_data, None);
        }
        for (i, (alert, standing)) in slo.policy.budget.iter().zip(&self.spent).enumerate() {
            push(AlertKey::Spent(i, alert.severity), *standing, None);
        }
        firing
    }

    fn status(&self, slo: &Slo, views: &[PairView], figures: &Figures, around: &Surroundings<'_>) -> SloStatus {
        SloStatus {
            id: slo.id.to_string(),
            service: slo.id.service.clone(),
            name: slo.id.name.clone(),
            group: self.group.clone(),
            labels: slo.labels.clone(),
            description: slo.description.clone(),
            objective: slo.objective.percent().as_f64(),
            window: window_status(&slo.window, around.now),
            state: self.state(slo, figures, around),
            sli: SliStatus {
                kind: slo.indicator.kind().to_owned(),
                ratio: figures.ratio(),
                good: (figures.window.total - figures.window.bad).max(0.0),
                bad: figures.window.bad,
                total: figures.window.total,
            },
            budget: BudgetStatus {
                remaining: figures.remaining,
                consumed: figures.remaining.map(|_| figures.consumed),
                exhausts_in_seconds: figures.exhausts,
                coverage: coverage(figures.window.measured, &slo.window, &slo.maintenance, around.now),
            },
            burn_rates: self.burn_rates(slo, around.now),
            alerts: self.alert_statuses(slo, views),
            runbook_url: slo.policy.runbook_url.clone(),
            problem: around.problem.map(str::to_owned),
            updated_at: around.now,
        }
    }

    fn state(&self, slo: &Slo, figures: &Figures, around: &Surroundings<'_>) -> State {
        let fires = |severity| self.burn.standing(severity).state == AlertState::Firing;
        let silent = self.last_sample.is_none_or(|last| around.now.since(last) >= slo.policy.no_data.after);
        match () {
            () if around.problem.is_some() => State::Error,
            () if fires(Severity::Page) => State::Critical,
            () if fires(Severity::Ticket) => State::Burning,
            () if silent => State::NoData,
            () if figures.remaining.is_some_and(|left| left <= 0.0) => State::Exhausted,
            () => State::Ok,
        }
    }

    fn burn_rates(&self, slo: &Slo, now: Timestamp) -> Vec<BurnRate> {
        let budget = slo.objective.budget();
        let rate = |window: Duration| {
            let counts = self.counts(slo, now - window, now);
            BurnRate {
                window: format_duration(window),
                seconds: window.as_secs(),
                rate: burn_rate(&counts, budget),
                bad: counts.bad,
                total: counts.total,
            }
        };
        windows(slo).into_iter().map(rate).collect()
    }

    fn alert_statuses(&self, slo: &Slo, views: &[PairView]) -> Vec<AlertStatus> {
        let mut found = Vec::new();
        let mut push = |key: AlertKey, standing: Standing, pair: Option<usize>| {
            if standing.state == AlertState::Inactive {
                return;
            }
            let pair = pair.map(|i| (&slo.policy.pairs[i], &views[i]));
            found.push(AlertStatus {
                alert: key.name().to_owned(),
                severity: key.severity(),
                state: standing.state,
                since: standing.since,
                long: pair.map(|(p, _)| format_duration(p.long)),
                short: pair.map(|(p, _)| format_duration(p.short)),
                factor: pair.map(|(p, _)| p.factor.as_f64()),
                burn_long: pair.and_then(|(_, v)| v.burn_long),
                burn_short: pair.and_then(|(_, v)| v.burn_short),
            });
        };
        for severity in [Severity::Page, Severity::Ticket] {
            let shown = self.burn.shown(severity, &slo.policy.pairs, views);
            push(AlertKey::Burn(severity), self.burn.standing(severity), shown);
        }
        if let Some(severity) = slo.policy.no_data.severity {
            push(AlertKey::NoData(severity), self.no_data, None);
        }
        for (i, (alert, standing)) in slo.policy.budget.iter().zip(&self.spent).enumerate() {
            push(AlertKey::Spent(i, alert.severity), *standing, None);
        }
        found
    }

    /// Whether the budget still means something: seen within `keep`, or with an alert that is not over.
    pub fn is_alive(&self, now: Timestamp, keep: Duration) -> bool {
        let standings = [self.burn.page, self.burn.ticket, self.no_data].into_iter().chain(self.spent.iter().copied());
        let alerting = standings.into_iter().any(|standing| standing.state != AlertState::Inactive);
        alerting || now.since(self.last_sample.unwrap_or(self.since)) < keep
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
        let counts = self.counts(slo, from, at);
        let window = self.counts(slo, slo.window.start(at), at);
        let length = (at.0 - from.0).max(1);
        HistoryPoint {
            at,
            good: (counts.total - counts.bad).max(0.0),
            bad: counts.bad,
            total: counts.total,
            burn_rate: burn_rate(&counts, slo.objective.budget()),
            budget_remaining: Figures::new(slo, window).remaining,
            coverage: (counts.measured as f64 / length as f64).clamp(0.0, 1.0),
        }
    }
}

/// The SLO window in numbers.
struct Figures {
    window: Counts,
    budget: Ratio,
    consumed: f64,
    remaining: Option<f64>,
    exhausts: Option<f64>,
}

impl Figures {
    fn new(slo: &Slo, window: Counts) -> Self {
        let budget = slo.objective.budget();
        let measured = window.measured > 0 || window.total > 0.0;
        let consumed = burn_rate(&window, budget).unwrap_or(0.0);
        Self { window, budget, consumed, remaining: measured.then_some(1.0 - consumed), exhausts: None }
    }

    fn forecast(&mut self, slo: &Slo, burn: &BurnAlerts, views: &[PairView]) {
        let pairs = &slo.policy.pairs;
        let last_page = || pairs.iter().rposition(|p| p.severity == Severity::Page);
        let first_ticket = || pairs.iter().position(|p| p.severity == Severity::Ticket);
        let pair = burn.hottest(None, pairs, views).or_else(last_page).or_else(first_ticket);
        self.exhausts = exhausts_in(self.remaining, pair.and_then(|i| views[i].burn_long), &slo.window);
    }

    fn ratio(&self) -> Option<f64> {
        let good = (self.window.total - self.window.bad).max(0.0);
        (self.window.total > 0.0).then(|| good / self.window.total)
    }

    /// Whether at least this share of the budget is spent; never without measurement.
    fn consumed_reaches(&self, share: Ratio) -> bool {
        match share.times(self.budget) {
            Some(threshold) => self.window.total > 0.0 && at_least(&self.window, threshold),
            None => self.consumed >= share.as_f64(),
        }
    }
}

/// `bad ≥ threshold × total`, exactly for whole counts.
fn at_least(counts: &Counts, threshold: Ratio) -> bool {
    exceeds(counts.bad, counts.total, threshold)
        || counts.bad * threshold.den() as f64 == counts.total * threshold.num() as f64
}

fn exceeds_factor(counts: &Counts, factor: Ratio, budget: Ratio) -> bool {
    match factor.times(budget) {
        Some(threshold) => exceeds(counts.bad, counts.total, threshold),
        None => burn_rate(counts, budget).is_some_and(|rate| rate > factor.as_f64()),
    }
}

/// Whether a window holds more than `share × w / long` of the bad events that the whole SLO window may have at the
/// traffic measured so far; with `share = factor × long / window` that is `factor × w × budget × total / measured`.
fn exceeds_allowance(counts: &Counts, w: Duration, factor: Ratio, budget: Ratio, window: &Counts) -> bool {
    if window.measured <= 0 {
        return false;
    }
    let per_ms = window.total / window.measured as f64;
    counts.bad > factor.as_f64() * millis(w) as f64 * budget.as_f64() * per_ms
}

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

fn window_status(window: &SloWindow, now: Timestamp) -> WindowStatus {
    let seconds = window.nominal().as_secs();
    match window {
        SloWindow::Rolling(_) => WindowStatus::Rolling { seconds },
        SloWindow::Calendar(calendar) => {
            let (start, end) = calendar.bounds(now);
            let (period, time_zone) = (calendar.period.to_string(), calendar.time_zone.to_string());
            WindowStatus::Calendar { period, time_zone, start, end, seconds }
        }
    }
}

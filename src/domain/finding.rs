//! What one evaluation of a budget found, and how it is told: as a status, as changes of alerts, as firing alerts.
//!
//! A finding is numbers only; texts are made where somebody asks for them. Thousands are made in a row, so one is written
//! over another of the same budget.

use super::alert::{BurnAlerts, PairView, Standing};
use super::burn::{burn_rate, coverage};
use super::figures::Figures;
use super::gauge::Gauge;
use super::group::{AlertKey, Change, Firing};
use super::history::Counts;
use super::labels::Labels;
use super::message::{BurnDetail, Detail};
use super::slo::{Severity, Slo, SloWindow};
use super::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, SliStatus, SloStatus, State, Transition, WindowStatus,
};
use super::time::{Timestamp, format_duration};
use smallvec::SmallVec;
use std::sync::Arc;

/// The counts of every window of a gauge.
pub type WindowCounts = SmallVec<[Counts; 8]>;
/// What every pair's windows say.
pub type Views = SmallVec<[PairView; 4]>;

/// A change of an alert in the making.
pub struct Move {
    pub key: AlertKey,
    pub from: AlertState,
    pub to: AlertState,
    /// The pair that brought it, by index into the policy's pairs.
    pub pair: Option<usize>,
    pub reason: &'static str,
}

/// An alert that is pending or fires, with the pair it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Alerting {
    pub key: AlertKey,
    pub standing: Standing,
    pub pair: Option<usize>,
}

/// The numbers of one evaluation.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub slo: Arc<Slo>,
    pub gauge: Arc<Gauge>,
    pub group: Labels,
    pub found: Found,
}

/// Which budget, under which definition.
#[derive(Clone, Copy)]
pub(super) struct Budget<'a> {
    pub slo: &'a Arc<Slo>,
    pub gauge: &'a Arc<Gauge>,
    pub group: &'a Labels,
}

/// What differs between the evaluations of one budget.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub at: Timestamp,
    /// Why the SLI can't be computed.
    pub problem: Option<Arc<str>>,
    pub figures: Figures,
    pub windows: WindowCounts,
    pub alerts: Vec<Alerting>,
    pub last_sample: Option<Timestamp>,
}

/// Every alert of a budget that is not inactive.
pub(super) fn alerting(
    gauge: &Gauge,
    burn: &BurnAlerts,
    no_data: Standing,
    spent: &[Standing],
    views: &[PairView],
    alerting: &mut Vec<Alerting>,
) {
    alerting.clear();
    if !burn.is_inactive() {
        alerting.extend([Severity::Page, Severity::Ticket].map(|severity| Alerting {
            key: AlertKey::Burn(severity),
            standing: burn.standing(severity),
            pair: burn.shown(severity, &gauge.pairs, views),
        }));
    }
    let plain = |key, standing| Alerting { key, standing, pair: None };
    let silent = gauge.no_data.severity.map(|severity| plain(AlertKey::NoData(severity), no_data));
    let spent = gauge.spent.iter().zip(spent).enumerate();
    let spent = spent.map(|(i, (alert, standing))| plain(AlertKey::Spent(i, alert.severity), *standing));
    alerting.extend(silent.into_iter().chain(spent));
    alerting.retain(|alert| alert.standing.state != AlertState::Inactive);
}

impl Found {
    /// See [`super::fetch`].
    pub(super) fn fetch(&self) -> u64 {
        let windows = self.windows.iter().step_by(2).fold(0, |read, window| read ^ window.total.to_bits());
        windows ^ self.at.0 as u64 ^ self.figures.consumed.to_bits() ^ self.alerts.len() as u64
    }
}

impl Finding {
    /// Before the first evaluation.
    pub(super) fn new(budget: Budget<'_>) -> Self {
        let Budget { slo, gauge, group } = budget;
        Self { slo: Arc::clone(slo), gauge: Arc::clone(gauge), group: group.clone(), found: Found::default() }
    }

    pub(super) fn is_of(&self, Budget { slo, gauge, group }: Budget<'_>) -> bool {
        Arc::ptr_eq(&self.slo, slo) && Arc::ptr_eq(&self.gauge, gauge) && self.group == *group
    }

    /// What a pair's windows show.
    fn burn(&self, pair: Option<usize>) -> Option<BurnDetail> {
        let spec = &self.gauge.pairs[pair?];
        let (long, short) = self.gauge.windows_of(pair?, &self.found.windows);
        Some(BurnDetail {
            long: format_duration(spec.long),
            short: format_duration(spec.short),
            factor: spec.factor.as_f64(),
            burn_long: burn_rate(long, self.gauge.budget),
            burn_short: burn_rate(short, self.gauge.budget),
            bad: long.bad,
            total: long.total,
        })
    }

    pub fn change(&self, change: &Move, external_url: &str) -> Change {
        let burn = self.burn(change.pair);
        let transition = Transition {
            at: self.found.at,
            id: self.slo.id.to_string(),
            group: self.group.clone(),
            alert: change.key.name().to_owned(),
            severity: change.key.severity(),
            from: change.from,
            to: change.to,
            long: burn.as_ref().map(|burn| burn.long.clone()),
            short: burn.as_ref().map(|burn| burn.short.clone()),
            factor: burn.as_ref().map(|burn| burn.factor),
            burn_long: burn.as_ref().and_then(|burn| burn.burn_long),
            burn_short: burn.as_ref().and_then(|burn| burn.burn_short),
            budget_remaining: self.found.figures.remaining(),
            reason: change.reason.to_owned(),
        };
        Change { transition, key: change.key, detail: self.detail(change.key, change.pair, external_url) }
    }

    fn detail(&self, key: AlertKey, pair: Option<usize>, external_url: &str) -> Detail {
        let (slo, figures) = (&self.slo, &self.found.figures);
        Detail {
            id: slo.id.clone(),
            group: self.group.clone(),
            alert: key.name().to_owned(),
            severity: key.severity(),
            description: slo.description.clone(),
            objective: self.gauge.objective,
            slo_window: slo.window.to_string(),
            burn: self.burn(pair),
            budget_remaining: figures.remaining(),
            exhausts_in_seconds: figures.exhausts,
            sli_ratio: figures.ratio(),
            runbook_url: slo.policy.runbook_url.clone(),
            slo_url: format!("{external_url}/slo/{}/{}", slo.id.service, slo.id.name),
        }
    }

    /// Whether some alert fires.
    pub fn fires(&self) -> bool {
        self.found.alerts.iter().any(|alert| alert.standing.state == AlertState::Firing)
    }

    pub fn firing(&self, external_url: &str) -> Vec<Firing> {
        let firing = self.found.alerts.iter().filter(|alert| alert.standing.state == AlertState::Firing);
        firing
            .map(|alert| Firing {
                key: alert.key,
                since: alert.standing.since,
                detail: self.detail(alert.key, alert.pair, external_url),
            })
            .collect()
    }

    pub fn status(&self) -> SloStatus {
        let (slo, figures, now) = (&self.slo, &self.found.figures, self.found.at);
        SloStatus {
            id: slo.id.to_string(),
            service: slo.id.service.clone(),
            name: slo.id.name.clone(),
            group: self.group.clone(),
            labels: slo.labels.clone(),
            description: slo.description.clone(),
            objective: self.gauge.objective,
            window: window_status(&slo.window, now),
            state: self.state(),
            sli: SliStatus {
                kind: slo.indicator.kind().to_owned(),
                ratio: figures.ratio(),
                good: (figures.window.total - figures.window.bad).max(0.0),
                bad: figures.window.bad,
                total: figures.window.total,
            },
            budget: BudgetStatus {
                remaining: figures.remaining(),
                consumed: figures.remaining().map(|_| figures.consumed),
                exhausts_in_seconds: figures.exhausts,
                coverage: coverage(figures.window.measured, &slo.window, &slo.maintenance, now),
            },
            burn_rates: self.burn_rates(),
            alerts: self.found.alerts.iter().map(|alert| self.alert_status(alert)).collect(),
            runbook_url: slo.policy.runbook_url.clone(),
            problem: self.found.problem.as_deref().map(str::to_owned),
            updated_at: now,
        }
    }

    fn alert_status(&self, alert: &Alerting) -> AlertStatus {
        let burn = self.burn(alert.pair);
        AlertStatus {
            alert: alert.key.name().to_owned(),
            severity: alert.key.severity(),
            state: alert.standing.state,
            since: alert.standing.since,
            long: burn.as_ref().map(|burn| burn.long.clone()),
            short: burn.as_ref().map(|burn| burn.short.clone()),
            factor: burn.as_ref().map(|burn| burn.factor),
            burn_long: burn.as_ref().and_then(|burn| burn.burn_long),
            burn_short: burn.as_ref().and_then(|burn| burn.burn_short),
        }
    }

    pub fn state(&self) -> State {
        let (found, now, after) = (&self.found, self.found.at, self.gauge.no_data.after);
        let fires = |severity| {
            let burns = |alert: &Alerting| alert.key == AlertKey::Burn(severity);
            found.alerts.iter().any(|alert| burns(alert) && alert.standing.state == AlertState::Firing)
        };
        match () {
            () if found.problem.is_some() => State::Error,
            () if fires(Severity::Page) => State::Critical,
            () if fires(Severity::Ticket) => State::Burning,
            () if found.last_sample.is_none_or(|last| now.since(last) >= after) => State::NoData,
            () if found.figures.remaining().is_some_and(|left| left <= 0.0) => State::Exhausted,
            () => State::Ok,
        }
    }

    fn burn_rates(&self) -> Vec<BurnRate> {
        let windows = self.gauge.windows.iter().zip(&self.found.windows);
        windows
            .map(|(window, counts)| BurnRate {
                window: format_duration(*window),
                seconds: window.as_secs(),
                rate: burn_rate(counts, self.gauge.budget),
                bad: counts.bad,
                total: counts.total,
            })
            .collect()
    }
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

//! How one evaluation of a budget is told: its status, its changes, and its firing alerts.

use super::alert::{PairView, Standing};
use super::burn::{burn_rate, coverage};
use super::figures::Figures;
use super::group::{AlertKey, Change, Firing, GroupState, Surroundings, windows};
use super::message::{BurnDetail, Detail};
use super::slo::{Pair, Severity, Slo, SloWindow};
use super::status::{
    AlertState, AlertStatus, BudgetStatus, BurnRate, SliStatus, SloStatus, State, Transition, WindowStatus,
};
use super::time::{Timestamp, format_duration};
use std::time::Duration;

/// A change of an alert in the making.
pub(super) struct Move {
    pub key: AlertKey,
    pub from: AlertState,
    pub to: AlertState,
    /// The pair that brought it, by index into the policy's pairs.
    pub pair: Option<usize>,
    pub reason: &'static str,
}

/// Everything known at one evaluation.
pub(super) struct Picture<'a> {
    pub group: &'a GroupState,
    pub slo: &'a Slo,
    pub views: &'a [PairView],
    pub figures: &'a Figures,
    pub around: &'a Surroundings<'a>,
}

impl<'a> Picture<'a> {
    fn pair(&self, index: Option<usize>) -> Option<(&'a Pair, &'a PairView)> {
        index.map(|i| (&self.slo.policy.pairs[i], &self.views[i]))
    }

    pub fn change(&self, change: &Move) -> Change {
        let pair = self.pair(change.pair);
        let transition = Transition {
            at: self.around.now,
            id: self.slo.id.to_string(),
            group: self.group.group.clone(),
            alert: change.key.name().to_owned(),
            severity: change.key.severity(),
            from: change.from,
            to: change.to,
            long: pair.map(|(p, _)| format_duration(p.long)),
            short: pair.map(|(p, _)| format_duration(p.short)),
            factor: pair.map(|(p, _)| p.factor.as_f64()),
            burn_long: pair.and_then(|(_, v)| v.burn_long),
            burn_short: pair.and_then(|(_, v)| v.burn_short),
            budget_remaining: self.figures.remaining,
            reason: change.reason.to_owned(),
        };
        Change { transition, key: change.key, detail: self.detail(change.key, pair) }
    }

    fn detail(&self, key: AlertKey, pair: Option<(&Pair, &PairView)>) -> Detail {
        let (slo, figures) = (self.slo, self.figures);
        Detail {
            id: slo.id.clone(),
            group: self.group.group.clone(),
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
            slo_url: format!("{}/slo/{}/{}", self.around.external_url, slo.id.service, slo.id.name),
        }
    }

    /// Every alert that is pending or fires, with the pair it is shown with.
    fn alerts(&self) -> Vec<(AlertKey, Standing, Option<usize>)> {
        let (group, policy) = (self.group, &self.slo.policy);
        let burn = [Severity::Page, Severity::Ticket].map(|severity| {
            let shown = group.burn.shown(severity, &policy.pairs, self.views);
            (AlertKey::Burn(severity), group.burn.standing(severity), shown)
        });
        let silent = policy.no_data.severity.map(|severity| (AlertKey::NoData(severity), group.no_data, None));
        let spent = policy.budget.iter().zip(&group.spent).enumerate();
        let spent = spent.map(|(i, (alert, standing))| (AlertKey::Spent(i, alert.severity), *standing, None));
        burn.into_iter()
            .chain(silent)
            .chain(spent)
            .filter(|(_, standing, _)| standing.state != AlertState::Inactive)
            .collect()
    }

    pub fn firing(&self) -> Vec<Firing> {
        let firing = self.alerts().into_iter().filter(|(_, standing, _)| standing.state == AlertState::Firing);
        firing
            .map(|(key, standing, pair)| Firing {
                key,
                since: standing.since,
                detail: self.detail(key, self.pair(pair)),
            })
            .collect()
    }

    pub fn status(&self) -> SloStatus {
        let (slo, figures, now) = (self.slo, self.figures, self.around.now);
        SloStatus {
            id: slo.id.to_string(),
            service: slo.id.service.clone(),
            name: slo.id.name.clone(),
            group: self.group.group.clone(),
            labels: slo.labels.clone(),
            description: slo.description.clone(),
            objective: slo.objective.percent().as_f64(),
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
                remaining: figures.remaining,
                consumed: figures.remaining.map(|_| figures.consumed),
                exhausts_in_seconds: figures.exhausts,
                coverage: coverage(figures.window.measured, &slo.window, &slo.maintenance, now),
            },
            burn_rates: windows(slo).into_iter().map(|window| self.burn_rate(window)).collect(),
            alerts: self
                .alerts()
                .into_iter()
                .map(|(key, standing, pair)| self.alert_status(key, standing, pair))
                .collect(),
            runbook_url: slo.policy.runbook_url.clone(),
            problem: self.around.problem.map(str::to_owned),
            updated_at: now,
        }
    }

    fn alert_status(&self, key: AlertKey, standing: Standing, pair: Option<usize>) -> AlertStatus {
        let pair = self.pair(pair);
        AlertStatus {
            alert: key.name().to_owned(),
            severity: key.severity(),
            state: standing.state,
            since: standing.since,
            long: pair.map(|(p, _)| format_duration(p.long)),
            short: pair.map(|(p, _)| format_duration(p.short)),
            factor: pair.map(|(p, _)| p.factor.as_f64()),
            burn_long: pair.and_then(|(_, v)| v.burn_long),
            burn_short: pair.and_then(|(_, v)| v.burn_short),
        }
    }

    fn state(&self) -> State {
        let (now, after) = (self.around.now, self.slo.policy.no_data.after);
        let fires = |severity| self.group.burn.standing(severity).state == AlertState::Firing;
        match () {
            () if self.around.problem.is_some() => State::Error,
            () if fires(Severity::Page) => State::Critical,
            () if fires(Severity::Ticket) => State::Burning,
            () if self.group.last_sample.is_none_or(|last| now.since(last) >= after) => State::NoData,
            () if self.figures.remaining.is_some_and(|left| left <= 0.0) => State::Exhausted,
            () => State::Ok,
        }
    }

    fn burn_rate(&self, window: Duration) -> BurnRate {
        let now: Timestamp = self.around.now;
        let counts = self.group.counts(self.slo, now - window, now);
        BurnRate {
            window: format_duration(window),
            seconds: window.as_secs(),
            rate: burn_rate(&counts, self.slo.objective.budget()),
            bad: counts.bad,
            total: counts.total,
        }
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

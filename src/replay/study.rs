//! Several alternatives over one history, side by side: the same scrapes go through an engine for each of them.

use super::Line;
use super::known::{Known, Score, scores};
use super::observe::{AlertSpan, BudgetKey, Curve, Incident, Observed, Observer, Reaction};
use super::virtual_clock::VirtualClock;
use crate::domain::group::BURN;
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::reading::Scrape;
use crate::domain::setup::Setup;
use crate::domain::slo::Severity;
use crate::domain::status::SloStatus;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Runs of all alternatives, under way.
pub struct Study {
    runs: Vec<Run>,
    first: Option<Timestamp>,
}

struct Run {
    what_if: Option<String>,
    setup: Setup,
    curve_step: Option<Duration>,
    under_way: Option<(VirtualClock, Observer)>,
}

/// What one alternative came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// As written on the command line; `None` for the SLOs as they are.
    pub what_if: Option<String>,
    pub alerts: Vec<AlertSpan>,
    pub incidents: Vec<Incident>,
    pub statuses: Vec<Arc<LazyStatus>>,
    pub summaries: Vec<Summary>,
    pub scores: Vec<Score>,
    pub curves: BTreeMap<BudgetKey, Curve>,
}

/// One budget under one alternative, to be compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub id: String,
    pub group: Labels,
    /// Percent.
    pub objective: f64,
    pub window: String,
    pub sli_ratio: Option<f64>,
    pub budget_remaining: Option<f64>,
    pub incidents: usize,
    pub page: Told,
    pub ticket: Told,
}

/// The alerts of one severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Told {
    pub alerts: usize,
    /// Time for which they fired.
    pub firing_seconds: f64,
    /// Incidents that they told of.
    pub detected: usize,
    pub mean_delay_seconds: Option<f64>,
}

impl Study {
    /// The setup as it is, and alternatives by their names; curves are kept of the first.
    pub fn new(setup: Setup, alternatives: Vec<(String, Setup)>, curve_step: Option<Duration>) -> Self {
        let own = Run { what_if: None, setup, curve_step, under_way: None };
        let other = |(name, setup)| Run { what_if: Some(name), setup, curve_step, under_way: None };
        Self { runs: std::iter::once(own).chain(alternatives.into_iter().map(other)).collect(), first: None }
    }

    /// Takes the scrapes of one moment; `emit` gets the transitions of the SLOs as they are.
    pub fn play(&mut self, at: Timestamp, scrapes: &[Scrape], mut emit: impl FnMut(Line)) {
        let first = *self.first.get_or_insert(at);
        for run in &mut self.runs {
            let is_own = run.what_if.is_none();
            let (clock, observer) = run.under_way.get_or_insert_with(|| {
                (VirtualClock::new(run.setup.clone(), first), Observer::new(first, run.curve_step))
            });
            clock.play(at, scrapes.to_vec(), |state, transitions| {
                observer.see(state, &transitions);
                if is_own {
                    transitions.into_iter().for_each(|transition| emit(Line::Transition(Box::new(transition))));
                }
            });
        }
    }

    /// Ends all runs; empty when there was nothing to play.
    pub fn finish(self, known: &[Known], mut emit: impl FnMut(Line)) -> Vec<Outcome> {
        self.runs.into_iter().filter_map(|run| run.finish(known, &mut emit)).collect()
    }
}

impl Run {
    fn finish(self, known: &[Known], emit: &mut impl FnMut(Line)) -> Option<Outcome> {
        let (mut clock, mut observer) = self.under_way?;
        let is_own = self.what_if.is_none();
        clock.finish(|state, transitions| {
            observer.see(state, &transitions);
            if is_own {
                transitions.into_iter().for_each(|transition| emit(Line::Transition(Box::new(transition))));
            }
        });
        let state = clock.state();
        let now = state.core.now;
        let statuses: Vec<Arc<LazyStatus>> = state.statuses().cloned().collect();
        if is_own {
            statuses.iter().for_each(|status| emit(Line::Slo(status.clone())));
        }
        let Observed { alerts, incidents, curves } = observer.finish(state);
        let windows: BTreeMap<String, String> =
            state.slos.iter().map(|slo| (slo.id.to_string(), slo.spec.window.to_string())).collect();
        let summary = |status: &Arc<LazyStatus>| Summary {
            id: status.id.clone(),
            group: status.group.clone(),
            objective: status.objective,
            window: windows.get(&status.id).cloned().unwrap_or_default(),
            sli_ratio: status.sli.ratio,
            budget_remaining: status.budget.remaining,
            incidents: incidents.iter().filter(|incident| is_of(incident, status)).count(),
            page: told(status, Severity::Page, &alerts, &incidents, now),
            ticket: told(status, Severity::Ticket, &alerts, &incidents, now),
        };
        let summaries = statuses.iter().map(summary).collect();
        let scores = if known.is_empty() { Vec::new() } else { scores(known, &alerts, now) };
        Some(Outcome { what_if: self.what_if, alerts, incidents, statuses, summaries, scores, curves })
    }
}

fn is_of(incident: &Incident, status: &SloStatus) -> bool {
    (&incident.id, &incident.group) == (&status.id, &status.group)
}

fn told(status: &SloStatus, severity: Severity, alerts: &[AlertSpan], incidents: &[Incident], now: Timestamp) -> Told {
    let of_status = |span: &&AlertSpan| {
        span.alert == BURN && span.severity == severity && (&span.id, &span.group) == (&status.id, &status.group)
    };
    let alerts: Vec<&AlertSpan> = alerts.iter().filter(of_status).collect();
    let reaction = |incident: &Incident| -> Reaction {
        match severity {
            Severity::Page => incident.page,
            Severity::Ticket => incident.ticket,
        }
    };
    let delays: Vec<f64> = incidents
        .iter()
        .filter(|incident| is_of(incident, status))
        .filter_map(|incident| reaction(incident).detected_after_seconds)
        .collect();
    Told {
        alerts: alerts.len(),
        firing_seconds: alerts.iter().map(|a| a.ended_at.unwrap_or(now).since(a.started_at).as_secs_f64()).sum(),
        detected: delays.len(),
        mean_delay_seconds: (!delays.is_empty()).then(|| delays.iter().sum::<f64>() / delays.len() as f64),
    }
}

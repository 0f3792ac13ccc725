//! What a replay is watched for: alerts from their beginning to their end, and the stretches in which a budget burned.
//!
//! A stretch (an incident) is made of minutes in which the budget was spent faster than it lasts, a burn rate above 1;
//! pauses shorter than [`PAUSE`] belong to it. Minutes are looked at some time after they ended, for events are spread
//! back over the time between two samples. A minute of trouble that nobody was told of and that cost next to nothing is
//! no incident: see [`WORTH_TELLING`].

use crate::domain::burn::burn_rate;
use crate::domain::group::BURN;
use crate::domain::history::Counts;
use crate::domain::labels::Labels;
use crate::domain::slo::{Severity, Slo};
use crate::domain::state::State;
use crate::domain::status::{AlertState, HistoryPoint, Transition};
use crate::domain::time::{Timestamp, millis};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Budgets are looked at in steps of this length.
const STEP: i64 = 60_000;

/// Burning that pauses no longer is one incident.
pub const PAUSE: Duration = Duration::from_secs(15 * 60);

/// How long after its end a step is looked at.
const LAG: Duration = Duration::from_secs(300);

/// Share of the budget from which an incident is told even if no alert fired.
pub const WORTH_TELLING: f64 = 0.01;

/// Budgets whose curves are kept at most.
const MOST_CURVES: usize = 100;

/// Names a budget: the SLO's id and its group.
pub type BudgetKey = (String, Labels);

/// One firing alert, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertSpan {
    pub id: String,
    pub group: Labels,
    pub alert: String,
    pub severity: Severity,
    pub started_at: Timestamp,
    /// `None` when it still fires at the end of the history.
    pub ended_at: Option<Timestamp>,
    pub long: Option<String>,
    pub short: Option<String>,
    pub factor: Option<f64>,
    pub budget_remaining: Option<f64>,
}

/// A stretch in which a budget burned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    pub id: String,
    pub group: Labels,
    pub started_at: Timestamp,
    /// `None` when it goes on at the end of the history.
    pub ended_at: Option<Timestamp>,
    pub bad: f64,
    pub total: f64,
    /// Share of the budget of the SLO window that its bad events are.
    pub spent: Option<f64>,
    pub page: Reaction,
    pub ticket: Reaction,
}

/// How soon an incident was told and how soon that was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reaction {
    /// From the incident's beginning to the first alert; `None` when none fired.
    pub detected_after_seconds: Option<f64>,
    /// From the incident's end to the end of the last alert; `None` when none fired or one still does. Negative when
    /// the alert ended first.
    pub resolved_after_seconds: Option<f64>,
}

/// The curve of one budget.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    pub points: Vec<HistoryPoint>,
}

/// Burning under way.
#[derive(Clone, Debug)]
struct Stretch {
    started: Timestamp,
    /// End of the last burning step.
    ended: Timestamp,
    counts: Counts,
}

/// One budget under observation.
#[derive(Default)]
struct Budget {
    open: Option<Stretch>,
    closed: Vec<Incident>,
    curve: Curve,
}

/// Watches one run.
pub struct Observer {
    /// End of the next step to look at.
    next: Timestamp,
    /// Length of a curve's step; `None`: no curves are wanted.
    curve_step: Option<Duration>,
    next_point: Timestamp,
    budgets: BTreeMap<BudgetKey, Budget>,
    spans: Vec<AlertSpan>,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// In the order in which they began.
    pub alerts: Vec<AlertSpan>,
    /// In the order in which they began.
    pub incidents: Vec<Incident>,
    pub curves: BTreeMap<BudgetKey, Curve>,
}

impl Observer {
    pub fn new(first: Timestamp, curve_step: Option<Duration>) -> Self {
        let next = Timestamp(first.0.div_euclid(STEP) * STEP + STEP);
        Self { next, curve_step, next_point: first, budgets: BTreeMap::new(), spans: Vec::new() }
    }

    /// Looks at what a step of the engine did.
    pub fn see(&mut self, state: &State, transitions: &[Transition]) {
        for transition in transitions {
            self.note(transition);
        }
        self.look_until(state, state.core.now - LAG);
    }

    /// Looks at what is left, and hands everything over.
    pub fn finish(mut self, state: &State) -> Observed {
        self.look_until(state, state.core.now);
        let mut observed = Observed { alerts: self.spans, ..Observed::default() };
        let now = state.core.now;
        for ((id, group), mut budget) in self.budgets {
            if let Some(stretch) = budget.open.take() {
                let goes_on = now.since(stretch.ended) < PAUSE;
                let incident = incident(state, &(id.clone(), group.clone()), &stretch, goes_on);
                budget.closed.push(incident);
            }
            observed.incidents.append(&mut budget.closed);
            if !budget.curve.points.is_empty() {
                observed.curves.insert((id, group), budget.curve);
            }
        }
        observed.react();
        observed
    }

    fn note(&mut self, transition: &Transition) {
        let Transition { at, id, group, alert, severity, .. } = transition;
        if transition.to == AlertState::Firing {
            self.spans.push(AlertSpan {
                id: id.clone(),
                group: group.clone(),
                alert: alert.clone(),
                severity: *severity,
                started_at: *at,
                ended_at: None,
                long: transition.long.clone(),
                short: transition.short.clone(),
                factor: transition.factor,
                budget_remaining: transition.budget_remaining,
            });
        } else if transition.from == AlertState::Firing {
            let same = |span: &&mut AlertSpan| {
                span.ended_at.is_none()
                    && (&span.id, &span.group, &span.alert, span.severity) == (id, group, alert, *severity)
            };
            if let Some(span) = self.spans.iter_mut().rev().find(same) {
                span.ended_at = Some(*at);
            }
        }
    }

    fn look_until(&mut self, state: &State, until: Timestamp) {
        while self.next <= until {
            let (from, to) = (Timestamp(self.next.0 - STEP), self.next);
            self.look(state, from, to);
            self.next = Timestamp(to.0 + STEP);
        }
        let Some(step) = self.curve_step else { return };
        while self.next_point + step <= until {
            let to = self.next_point + step;
            self.draw(state, self.next_point, to, step);
            self.next_point = to;
        }
    }

    fn look(&mut self, state: &State, from: Timestamp, to: Timestamp) {
        let any_open = self.budgets.values().any(|budget| budget.open.is_some());
        for slo in &state.slos {
            for group in slo.groups.values() {
                let counts = group.counts(&slo.spec, from, to);
                let burns = burn_rate(&counts, slo.spec.objective.budget()).is_some_and(|rate| rate > 1.0);
                if !burns && !any_open {
                    continue;
                }
                let key = (slo.id.to_string(), group.group.clone());
                let spans = &self.spans;
                let budget = self.budgets.entry(key.clone()).or_default();
                budget.step(state, &key, spans, (from, to), &counts, burns);
            }
        }
    }

    fn draw(&mut self, state: &State, from: Timestamp, to: Timestamp, step: Duration) {
        let groups = state.slos.iter().flat_map(|slo| slo.groups.values().map(move |group| (slo, group)));
        for (slo, group) in groups.take(MOST_CURVES) {
            let points = group.history(&slo.spec, from, to, step, state.core.now);
            let key = (slo.id.to_string(), group.group.clone());
            self.budgets.entry(key).or_default().curve.points.extend(points);
        }
    }
}

impl Budget {
    fn step(
        &mut self,
        state: &State,
        key: &BudgetKey,
        spans: &[AlertSpan],
        (from, to): (Timestamp, Timestamp),
        counts: &Counts,
        burns: bool,
    ) {
        match &mut self.open {
            Some(stretch) if burns => {
                stretch.ended = to;
                stretch.counts = sum(stretch.counts, *counts);
            }
            Some(stretch) if to.since(stretch.ended) >= PAUSE => {
                let incident = incident(state, key, stretch, false);
                self.open = None;
                self.drop_the_small(spans);
                self.closed.push(incident);
            }
            Some(_) => {}
            None => {
                self.open = burns.then_some(Stretch { started: from, ended: to, counts: *counts });
            }
        }
    }

    /// Forgets the last incident when nobody was told of it and it cost next to nothing.
    fn drop_the_small(&mut self, spans: &[AlertSpan]) {
        if self.closed.last().is_some_and(|last| !is_worth_telling(last, spans)) {
            self.closed.pop();
        }
    }
}

fn sum(a: Counts, b: Counts) -> Counts {
    Counts { total: a.total + b.total, bad: a.bad + b.bad, measured: a.measured + b.measured }
}

fn is_worth_telling(incident: &Incident, spans: &[AlertSpan]) -> bool {
    incident.spent.is_some_and(|spent| spent >= WORTH_TELLING) || spans.iter().any(|span| may_tell_of(span, incident))
}

/// Whether an alert began during an incident, or after it.
fn may_tell_of(span: &AlertSpan, incident: &Incident) -> bool {
    span.alert == BURN
        && span.id == incident.id
        && span.group == incident.group
        && span.started_at > incident.started_at
}

fn incident(state: &State, key: &BudgetKey, stretch: &Stretch, goes_on: bool) -> Incident {
    let found = state.slos.iter().find(|slo| slo.id.to_string() == key.0);
    let budget = found.and_then(|slo| {
        let group = slo.groups.values().find(|group| group.group == key.1)?;
        Some(allowed(&slo.spec, group.counts(&slo.spec, slo.spec.window.start(stretch.ended), stretch.ended)))
    });
    Incident {
        id: key.0.clone(),
        group: key.1.clone(),
        started_at: stretch.started,
        ended_at: (!goes_on).then_some(stretch.ended),
        bad: stretch.counts.bad,
        total: stretch.counts.total,
        spent: budget.filter(|allowed| *allowed > 0.0).map(|allowed| stretch.counts.bad / allowed),
        page: Reaction::default(),
        ticket: Reaction::default(),
    }
}

/// Bad events that the SLO window may have.
fn allowed(slo: &Slo, window: Counts) -> f64 {
    window.total * slo.objective.budget().as_f64()
}

impl Observed {
    /// Gives each alert to the incident that was under way, or the last one over, when it fired.
    fn react(&mut self) {
        self.incidents.sort_by(|a, b| (a.started_at, &a.id, &a.group).cmp(&(b.started_at, &b.id, &b.group)));
        for span in self.alerts.iter().filter(|span| span.alert == BURN) {
            if let Some(incident) = self.incidents.iter_mut().rev().find(|incident| may_tell_of(span, incident)) {
                incident.told_by(span);
            }
        }
        let told = |reaction: &Reaction| reaction.detected_after_seconds.is_some();
        self.incidents.retain(|incident| {
            told(&incident.page) || told(&incident.ticket) || incident.spent.is_some_and(|spent| spent >= WORTH_TELLING)
        });
    }
}

impl Incident {
    fn told_by(&mut self, span: &AlertSpan) {
        let (started, ended) = (self.started_at, self.ended_at);
        let reaction = match span.severity {
            Severity::Page => &mut self.page,
            Severity::Ticket => &mut self.ticket,
        };
        reaction.detected_after_seconds.get_or_insert(seconds(started, span.started_at));
        reaction.resolved_after_seconds = ended.zip(span.ended_at).map(|(ended, over)| seconds(ended, over));
    }
}

/// From one moment to another; negative when that was before.
pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.0 - from.0) as f64 / 1000.0
}

/// A curve's step: some 600 points over the range, and whole minutes.
pub fn curve_step(range: Duration) -> Duration {
    let step = millis(range) / 600;
    Duration::from_millis((step.div_euclid(STEP) * STEP + STEP) as u64)
}

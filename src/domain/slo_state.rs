//! One SLO's memory: its budgets, one for each group, and what is wrong with its indicator.

use super::alert::Standing;
use super::budget_statuses::BudgetStatuses;
use super::fetch::{TOGETHER, fetch};
use super::finding::Budget;
use super::gauge::{Gauge, Gauges};
use super::group::{Change, Firing, GroupState, Surroundings, shown_label};
use super::groups::Groups;
use super::labels::Labels;
use super::reading::{Target, TargetId};
use super::setup::Setup;
use super::sli::Boundary;
use super::slo::{Indicator, Slo, SloId};
use super::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Groups of one SLO at most; more would be a label without bound.
pub const MOST_GROUPS: usize = 10_000;

/// One SLO's memory.
#[derive(Clone, Debug, Serialize)]
pub struct SloState {
    pub id: SloId,
    /// Changes with what is counted, not with the objective: other counts are another history.
    pub key: String,
    /// Ordered by the groups' label values; one without labels where the SLO has no `by`.
    pub groups: Groups,
    /// When it came under watch.
    pub since: Timestamp,
    pub evaluated: Option<Timestamp>,
    /// When it left the configuration.
    pub retired: Option<Timestamp>,
    /// The definition that the alert states belong to.
    #[serde(serialize_with = "super::stored_slo::serialize")]
    pub spec: Arc<Slo>,
    /// Targets whose histogram has no bucket at the threshold, with the boundaries there are.
    #[serde(skip)]
    pub missing_bucket: BTreeMap<TargetId, BTreeSet<Boundary>>,
    /// How many groups were turned away.
    #[serde(skip)]
    pub refused_groups: u64,
    #[serde(skip)]
    pub statuses: BudgetStatuses,
    /// Whether some budget had a problem at the last evaluation.
    #[serde(skip)]
    pub(super) troubled: bool,
    /// Of `spec`; set by [`SloState::measure_by`].
    #[serde(skip)]
    gauge: Option<Arc<Gauge>>,
    /// Whether some alert fired at the last evaluation.
    #[serde(skip)]
    fires: bool,
    /// The alerts that fired when this was stored; since the first evaluation the statuses tell.
    pub(super) firing: Vec<Firing>,
}

impl SloState {
    pub(super) fn new(spec: &Arc<Slo>, key: String, now: Timestamp) -> Self {
        let mut state = Self {
            id: spec.id.clone(),
            key,
            groups: Groups::default(),
            since: now,
            evaluated: None,
            retired: None,
            spec: spec.clone(),
            missing_bucket: BTreeMap::new(),
            refused_groups: 0,
            statuses: BudgetStatuses::default(),
            troubled: false,
            gauge: None,
            fires: false,
            firing: Vec::new(),
        };
        if spec.by.is_empty() {
            state.groups.insert(Vec::new(), GroupState::new(Labels::new(), spec, now).into());
        }
        state
    }

    /// This SLO with `most` of its groups from the `from`th on, so that one of many groups can be stored in parts.
    /// What is derived is left out, and alerts, with the URL of slowburn in them, are only in the part that begins with the
    /// first group.
    pub fn part(&self, from: usize, most: usize, external_url: &str) -> Self {
        Self {
            id: self.id.clone(),
            key: self.key.clone(),
            groups: self
                .groups
                .iter()
                .skip(from)
                .take(most)
                .map(|(values, group)| (values.clone(), group.clone()))
                .collect(),
            since: self.since,
            evaluated: self.evaluated,
            retired: self.retired,
            spec: self.spec.clone(),
            missing_bucket: BTreeMap::new(),
            refused_groups: 0,
            statuses: BudgetStatuses::default(),
            troubled: false,
            gauge: None,
            fires: false,
            firing: if from == 0 { self.firing(external_url) } else { Vec::new() },
        }
    }

    /// Takes in the groups of a later part.
    pub fn absorb(&mut self, part: Self) {
        self.groups.extend(part.groups);
    }

    /// Goes on under a changed definition that counts the same.
    pub(super) fn redefine(&mut self, spec: &Arc<Slo>) {
        for group in self.groups.values_mut() {
            group.burn.adopt(&self.spec.policy.pairs, &spec.policy.pairs);
            if self.spec.policy.budget != spec.policy.budget {
                group.spent = vec![Standing::default(); spec.policy.budget.len()];
            }
        }
        self.spec = spec.clone();
        self.retired = None;
        self.missing_bucket.clear();
    }

    /// Works out how the definition in force is measured.
    pub(super) fn measure_by(&mut self, gauges: &mut Gauges) {
        self.gauge = Some(gauges.of(&self.spec));
    }

    /// How the definition in force is measured.
    pub(super) fn gauge(&mut self) -> Arc<Gauge> {
        self.gauge.get_or_insert_with(|| Arc::new(Gauge::new(&self.spec))).clone()
    }

    /// Spares the next evaluation the search for the edges of its windows, for what was loaded on all cores will be evaluated
    /// on one.
    pub fn find_edges(&mut self, gauges: &mut Gauges) {
        self.measure_by(gauges);
        let gauge = self.gauge();
        for group in self.groups.values_mut().filter(|_| gauge.plain) {
            group.find_edges(&self.spec, &gauge);
        }
    }

    /// The budget that series with these labels count for, made on first sight; `None` beyond [`MOST_GROUPS`].
    pub(super) fn group(&mut self, labels: &Labels, at: Timestamp) -> Option<(Arc<Slo>, &mut GroupState)> {
        let spec = self.spec.clone();
        let values: Vec<String> = spec.by.iter().map(|name| labels.get(name).unwrap_or_default().to_owned()).collect();
        if !self.groups.contains_key(&values) {
            if self.groups.len() >= MOST_GROUPS {
                self.refused_groups += 1;
                return None;
            }
            let group: Labels = spec.by.iter().map(|name| shown_label(name)).zip(&values).collect();
            self.groups.insert(values.clone(), GroupState::new(group, &spec, at).into());
        }
        self.groups.get_mut(&values).map(|group| (spec, &mut **group))
    }

    /// Counts an attempt to scrape as an event.
    pub(super) fn attempt(&mut self, target: &Target, last: Option<Timestamp>, at: Timestamp, good: bool) {
        let Some((spec, group)) = self.group(&target.labels, at) else { return };
        group.saw_sample(at);
        let regular = |last: &Timestamp| at.since(*last) <= target.interval * 2;
        if let Some(last) = last.filter(regular) {
            group.record(&spec, (last, at), 0.0, 0.0, true);
        }
        group.record(&spec, (at, at), 1.0, f64::from(u8::from(!good)), true);
    }

    fn problem(&self) -> Option<String> {
        if let (Some((target, boundaries)), Indicator::Latency { histogram, threshold, threshold_text }) =
            (self.missing_bucket.first_key_value(), &self.spec.indicator)
        {
            let near = nearest(boundaries.iter().map(|b| b.0), *threshold);
            let hint = if near.is_empty() { String::new() } else { format!("; buckets near it: {}", near.join(", ")) };
            return Some(format!(
                "{} has no bucket at the threshold {threshold_text} (le=\"{threshold}\") on {target}{hint}",
                histogram.name
            ));
        }
        let refused = self.refused_groups > 0;
        refused.then(|| {
            format!("more than {MOST_GROUPS} groups by {}; further ones are not counted", self.spec.by.join(", "))
        })
    }

    /// What is wrong since this evaluation, or that nothing is any more; `None` while that stays as it was.
    pub(super) fn problem_change(&mut self) -> Option<(SloId, Option<String>)> {
        let problem = self.statuses.iter().find_map(|status| status.problem());
        let (was, is) = (std::mem::replace(&mut self.troubled, problem.is_some()), problem.is_some());
        (was != is).then(|| (self.id.clone(), problem.map(str::to_owned)))
    }

    /// Whether some alert fires.
    pub(super) fn fires(&self) -> bool {
        if self.statuses.is_empty() { !self.firing.is_empty() } else { self.fires }
    }

    /// The firing alerts, with their figures of the last evaluation.
    pub(super) fn firing(&self, external_url: &str) -> Vec<Firing> {
        if self.statuses.is_empty() {
            return self.firing.clone();
        }
        self.statuses.iter().flat_map(|status| status.firing(external_url)).collect()
    }

    /// Evaluates every budget; its statuses are kept, its changes returned.
    pub(super) fn evaluate(&mut self, now: Timestamp, resumed: Timestamp, setup: &Setup) -> Vec<Change> {
        let problem = self.problem().map(Arc::from);
        let around = Surroundings { now, problem, resumed };
        let gauge = &*self.gauge.get_or_insert_with(|| Arc::new(Gauge::new(&self.spec)));
        if gauge.grouped {
            let keep = gauge.window.nominal().max(Duration::from_secs(86_400));
            self.groups.retain(|group| group.is_alive(now, keep));
        }
        let mut changes = Vec::new();
        self.fires = false;
        let budgets = self.groups.len();
        for number in 0..budgets {
            if gauge.grouped && number.is_multiple_of(TOGETHER) {
                let (groups, statuses) = (&self.groups, &self.statuses);
                fetch((number..number + TOGETHER).filter_map(|n| Some((groups.nth(n)?, statuses.get(n)))));
            }
            let Some(group) = self.groups.nth_mut(number) else { break };
            // Lent to the finding, which tells of them, while the rest of the group is at work.
            let labels = std::mem::take(&mut group.group);
            let budget = Budget { slo: &self.spec, gauge, group: &labels };
            self.statuses.write(number, budget, |finding| {
                let moves = group.evaluate(&self.spec, gauge, &around, &mut finding.found);
                changes.extend(moves.iter().map(|change| finding.change(change, &setup.external_url)));
                self.fires |= finding.fires();
                group.totals()
            });
            group.group = labels;
        }
        if budgets == 0 {
            let mut nothing = GroupState::new(Labels::new(), &self.spec, self.since);
            let budget = Budget { slo: &self.spec, gauge, group: &Labels::new() };
            self.statuses.write(0, budget, |finding| {
                nothing.evaluate(&self.spec, gauge, &around, &mut finding.found);
                nothing.totals()
            });
        }
        self.statuses.truncate(budgets.max(1));
        changes
    }
}

/// What an SLO counts, as text: its name and a hash of indicator, groups and slices.
pub fn counting_key(slo: &Slo) -> String {
    // The shape in which the setup is stored too, so that a later version finds the same key.
    let counted = serde_json::to_string(&(&slo.indicator, &slo.by, &slo.timeslices)).unwrap_or_default();
    format!("{}#{:016x}", slo.id, Labels::new().with("counted", counted).fingerprint())
}

/// Up to four boundaries around a threshold, ascending.
fn nearest(boundaries: impl Iterator<Item = f64>, threshold: f64) -> Vec<String> {
    let mut all: Vec<f64> = boundaries.collect();
    all.sort_by(|a, b| (a - threshold).abs().total_cmp(&(b - threshold).abs()));
    all.truncate(4);
    all.sort_by(f64::total_cmp);
    all.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundaries_nearest_to_a_threshold_are_named_in_order() {
        let all = [5.0, 0.1, 2.0, 0.3, 1.0, 0.5];
        for (threshold, expected) in [
            (0.05, ["0.1", "0.3", "0.5", "1"]),
            (2.0, ["0.3", "0.5", "1", "2"]),
            (4.0, ["0.5", "1", "2", "5"]),
            (10.0, ["0.5", "1", "2", "5"]),
        ] {
            assert_eq!(nearest(all.into_iter(), threshold), expected, "{threshold}");
        }
        assert_eq!(nearest([1.0].into_iter(), 3.0), ["1"]);
    }
}

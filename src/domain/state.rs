//! The engine's whole memory, and how a new configuration takes it over.

use super::alert::Standing;
use super::dispatch::Dispatch;
use super::gauge::Gauges;
use super::lazy_status::LazyStatus;
use super::plan::{Plan, selector_texts};
use super::reading::TargetId;
use super::setup::Setup;
use super::shared::Shared;
use super::slo::{Slo, SloId};
use super::slo_state::{SloState, counting_key};
use super::status::Transition;
use super::target_state::TargetState;
use super::time::Timestamp;
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long an SLO that left the configuration is remembered, should it come back.
const RETIRED_FOR: Duration = Duration::from_secs(35 * 86_400);
/// How long a target that is no longer scraped keeps its counters.
const TARGET_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Everything that survives a restart. Only [`super::step`] changes it.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// `None` before the first configuration.
    pub setup: Option<Arc<Setup>>,
    pub core: Core,
    pub targets: BTreeMap<TargetId, Shared<TargetState>>,
    /// In the order of the setup's SLOs.
    pub slos: Vec<Shared<SloState>>,
    /// SLOs that left the configuration.
    pub retired: Vec<Shared<SloState>>,
    pub(super) plan: Plan,
    /// Stable keys of `slos`, in order.
    pub(super) keys: Vec<String>,
    /// Where each SLO stands in `slos`.
    places: BTreeMap<SloId, usize>,
    /// When each SLO is evaluated if nothing touches it before, in order. Beside the SLOs, so that looking for those that
    /// are due reads a few pages and not the memory of all of them.
    pub(super) due: Vec<Timestamp>,
    /// SLOs whose threshold some target has no bucket for.
    pub(super) wide: BTreeSet<usize>,
    /// SLOs to evaluate, and as of when.
    pub(super) pending: BTreeMap<usize, Timestamp>,
    /// SLOs of whose firing alerts dispatch does not know the latest figures.
    pub(super) untold: BTreeSet<usize>,
}

/// The small part of the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Core {
    /// The latest moment seen; never falls.
    pub now: Timestamp,
    /// When this process (or replay) took up work.
    pub resumed: Timestamp,
    /// When each job came under watch.
    pub watched: BTreeMap<String, Timestamp>,
    /// When each selector took effect, by its text.
    pub selectors: BTreeMap<String, Timestamp>,
    pub dispatch: Dispatch,
    /// The last transitions of all SLOs, newest first.
    pub transitions: VecDeque<Arc<Transition>>,
    /// Whether the store is in trouble.
    pub trouble: Standing,
    pub trouble_text: String,
}

impl State {
    /// Takes a configuration over at `at`: SLOs that count as before keep their counts, others begin or retire.
    pub(super) fn configure(&mut self, setup: &Arc<Setup>, at: Timestamp) {
        self.core.resumed = at;
        let same = self.has_slos_of(setup);
        if same {
            self.redefine(setup);
        } else {
            self.take_slos_of(setup, at);
        }
        self.retired.retain(|slo| slo.retired.is_none_or(|since| at.since(since) < RETIRED_FOR));
        for slo in &mut self.retired {
            slo.retired.get_or_insert(at);
        }
        let keep = |target: &TargetState| target.last_attempt.is_none_or(|last| at.since(last) < TARGET_KEPT);
        self.targets.retain(|_, target| keep(target));
        if !same {
            self.time_selectors_of(setup, at);
        }
        if let Some(jobs) = &setup.watched_jobs {
            self.core.watched.retain(|job, _| jobs.contains(job));
            for job in jobs {
                self.core.watched.entry(job.clone()).or_insert(at);
            }
        }
        self.setup = Some(setup.clone());
        if same {
            self.look_forward();
        } else {
            self.relink_targets();
            self.relink_slos();
        }
    }

    /// Whether a setup has the very SLOs that are in force, so that what was derived from them and from the times of
    /// their selectors holds.
    pub fn has_slos_of(&self, setup: &Setup) -> bool {
        let in_force = self.setup.as_ref().filter(|in_force| in_force.slos.len() == setup.slos.len());
        let same = |in_force: &Arc<Setup>| in_force.slos.iter().zip(&setup.slos).all(|(a, b)| Arc::ptr_eq(a, b));
        self.plan.is_timed() && in_force.is_some_and(same)
    }

    fn redefine(&mut self, setup: &Setup) {
        let mut gauges = Gauges::default();
        for (slo, spec) in self.slos.iter_mut().zip(&setup.slos) {
            let measured = Arc::ptr_eq(&slo.spec, spec);
            slo.redefine(spec);
            if !measured {
                slo.measure_by(&mut gauges);
            }
        }
    }

    fn take_slos_of(&mut self, setup: &Setup, at: Timestamp) {
        let mut known: BTreeMap<String, Shared<SloState>> =
            self.slos.drain(..).chain(self.retired.drain(..)).map(|slo| (slo.key.clone(), slo)).collect();
        for spec in &setup.slos {
            let key = counting_key(spec);
            let state = match known.remove(&key) {
                Some(mut state) => {
                    state.redefine(spec);
                    state
                }
                None => SloState::new(spec, key, at).into(),
            };
            self.slos.push(state);
        }
        self.retired = known.into_values().collect();
    }

    /// Selectors that are new take effect now.
    fn time_selectors_of(&mut self, setup: &Setup, at: Timestamp) {
        let texts: BTreeSet<String> = selector_texts(setup).collect();
        self.core.selectors.retain(|text, _| texts.contains(text));
        for text in texts {
            self.core.selectors.entry(text).or_insert(at);
        }
    }

    /// Takes back what was stored: the setup and, by key, the SLOs that counted under it.
    pub fn restore(&mut self, setup: Arc<Setup>, slos: BTreeMap<String, Shared<SloState>>) {
        self.restore_setup(setup);
        self.restore_slos(slos);
    }

    /// The first half of [`State::restore`], which needs no SLOs yet.
    pub fn restore_setup(&mut self, setup: Arc<Setup>) {
        self.setup = Some(setup);
        self.relink_targets();
    }

    /// The other half.
    pub fn restore_slos(&mut self, mut slos: BTreeMap<String, Shared<SloState>>) {
        let Some(setup) = &self.setup else { return };
        let since = self.core.now;
        let known: HashMap<SloId, String> = slos.values().map(|slo| (slo.id.clone(), slo.key.clone())).collect();
        let found = |spec: &Arc<Slo>| {
            // To work the key out takes longer than to look for the definition.
            let counts = |key: &&String| slos.get(*key).is_some_and(|slo| Arc::ptr_eq(&slo.spec, spec));
            let key = known.get(&spec.id).filter(counts).cloned().unwrap_or_else(|| counting_key(spec));
            slos.remove(&key).unwrap_or_else(|| SloState::new(spec, key, since).into())
        };
        self.slos = setup.slos.iter().map(found).collect();
        self.relink_slos();
    }

    /// Rebuilds what is derived from the setup and the memory of targets, after a configuration or a load …
    fn relink_targets(&mut self) {
        let Some(setup) = &self.setup else { return };
        self.plan = Plan::new(setup, &self.core.selectors);
        for target in self.targets.values_mut() {
            target.relink(&self.plan);
        }
    }

    /// … and from that of SLOs.
    fn relink_slos(&mut self) {
        self.look_forward();
        self.keys = self.slos.iter().map(|slo| slo.key.clone()).collect();
        self.places = self.slos.iter().enumerate().map(|(place, slo)| (slo.id.clone(), place)).collect();
        let mut gauges = Gauges::default();
        for slo in &mut self.slos {
            slo.measure_by(&mut gauges);
        }
    }

    /// Works out when each SLO is due, which want every bucket, and which fire.
    fn look_forward(&mut self) {
        let Some(setup) = &self.setup else { return };
        let due = |slo: &SloState| slo.evaluated.map_or(slo.since, |last| last + setup.evaluation_interval);
        self.due = self.slos.iter().map(|slo| due(slo)).collect();
        self.wide = (0..self.slos.len()).filter(|slo| !self.slos[*slo].missing_bucket.is_empty()).collect();
        self.untold = (0..self.slos.len()).filter(|slo| self.slos[*slo].fires()).collect();
    }

    /// What a reader must hand over from targets with these labels.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// SLOs that want every bucket, to name those near a missing threshold.
    pub fn wide(&self) -> &BTreeSet<usize> {
        &self.wide
    }

    /// Every status in the order of SLOs and groups.
    pub fn statuses(&self) -> impl Iterator<Item = &Arc<LazyStatus>> {
        self.slos.iter().flat_map(|slo| slo.statuses.iter())
    }

    /// Good and bad events of every status, in the same order, since counting began.
    pub fn totals(&self) -> Vec<(f64, f64)> {
        self.statuses().map(|status| status.totals).collect()
    }

    pub fn slo(&self, id: &SloId) -> Option<&SloState> {
        self.places.get(id).map(|place| &*self.slos[*place])
    }
}

//! Which series a reader must hand over, for the scrape pool. Targets that need the same share it.

use crate::config::Config;
use crate::domain::labels::Labels;
use crate::domain::plan::Plan;
use crate::domain::selection::Selection;
use crate::domain::state::State;
use crate::source::scrape::SelectorsFor;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The selectors of the setup in force.
pub fn for_targets(state: &State, config: &Config) -> SelectorsFor {
    build(state.plan().clone(), state.wide().clone(), config)
}

/// Those with which a start begins.
pub fn for_start(state: &State, config: &Config) -> SelectorsFor {
    if state.has_slos_of(&config.setup) { for_targets(state, config) } else { for_setup(config) }
}

/// The selectors of a setup that is about to take effect.
pub fn for_setup(config: &Config) -> SelectorsFor {
    build(Plan::new(&config.setup, &BTreeMap::new()), BTreeSet::new(), config)
}

fn build(plan: Plan, wide: BTreeSet<usize>, config: &Config) -> SelectorsFor {
    // Only where a job's series can't change `job` and `instance` do a target's own labels tell what can't match.
    let plain = |job: &&crate::config::scrape::ScrapeConfig| !job.honor_labels && job.metric_relabel_configs.is_empty();
    let fixed: BTreeSet<String> = config.scrape_configs.iter().filter(plain).map(|job| job.job_name.clone()).collect();
    let by_instance = plan.asks_for_instances();
    // Many targets differ in what no selector asks for.
    let shared: Mutex<HashMap<[Option<String>; 2], Selection>> = Mutex::default();
    Arc::new(move |target: &Labels| {
        let changeable = target.get("job").is_none_or(|job| !fixed.contains(job));
        let label = |name: &str| target.get(name).map(str::to_owned);
        let alike = [label("job"), by_instance.then(|| label("instance")).flatten()];
        let select = |_: &_| plan.selection(&plan.terms_for(target, changeable, &|slo| wide.contains(&slo)));
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.entry(alike).or_insert_with_key(select).clone()
    })
}

//! Which series a reader must hand over, for the scrape pool.

use crate::config::Config;
use crate::domain::labels::Labels;
use crate::domain::plan::Plan;
use crate::domain::state::State;
use crate::source::scrape::SelectorsFor;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The selectors of the setup in force.
pub fn for_targets(state: &State, config: &Config) -> SelectorsFor {
    build(state.plan().clone(), state.wide(), config)
}

/// The selectors of a setup that is about to take effect.
pub fn for_setup(config: &Config) -> SelectorsFor {
    build(Plan::new(&config.setup, &BTreeMap::new()), BTreeSet::new(), config)
}

fn build(plan: Plan, wide: BTreeSet<usize>, config: &Config) -> SelectorsFor {
    // Only where a job's series can't change `job` and `instance` do a target's own labels tell what can't match.
    let plain = |job: &&crate::config::scrape::ScrapeConfig| !job.honor_labels && job.metric_relabel_configs.is_empty();
    let fixed: BTreeSet<String> = config.scrape_configs.iter().filter(plain).map(|job| job.job_name.clone()).collect();
    Arc::new(move |target: &Labels| {
        let changeable = target.get("job").is_none_or(|job| !fixed.contains(job));
        plan.selectors(target, changeable, &|slo| wide.contains(&slo)).into()
    })
}

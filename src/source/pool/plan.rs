//! Which targets follow from what was discovered: relabelled, without duplicates, within the limit.

use crate::config::scrape::ScrapeConfig;
use crate::domain::labels::Labels;
use crate::domain::reading::TargetId;
use crate::source::target::{self, ScrapeTarget};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Problems listed for people at most; a thousand broken targets have one cause.
const MAX_PROBLEMS: usize = 20;

/// The targets of a job as they should be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// With the labels before relabelling.
    pub active: BTreeMap<TargetId, (ScrapeTarget, Labels)>,
    /// The labels of targets that relabelling dropped.
    pub dropped: Vec<Labels>,
    pub problems: Vec<String>,
    /// Why no target of the job may be scraped.
    pub refusal: Option<String>,
}

pub(super) fn plan<'a>(config: &ScrapeConfig, found: impl Iterator<Item = &'a Labels>) -> Plan {
    let mut plan = Plan::default();
    let mut problems = BTreeSet::new();
    for labels in found {
        let discovered = match target::discovered(config, labels) {
            Ok(discovered) => discovered,
            Err(bad) => {
                problems.insert(bad.to_string());
                continue;
            }
        };
        let Some(target) = discovered.target else {
            plan.dropped.push(discovered.labels);
            continue;
        };
        match plan.active.entry(target.target.id.clone()) {
            Entry::Vacant(free) => drop(free.insert((target, discovered.labels))),
            Entry::Occupied(taken) => {
                let instance = &taken.key().instance;
                problems.insert(format!("{instance} was found more than once with the same URL; it is scraped once"));
            }
        }
    }
    plan.refusal = over_limit(config, plan.active.len());
    problems.extend(plan.refusal.clone());
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    plan.problems = problems.into_iter().take(MAX_PROBLEMS).collect();
    if more > 0 {
        plan.problems.push(format!("and {more} more"));
    }
    plan
}

/// As in Prometheus a job with too many targets is not scraped in part: all its attempts fail.
fn over_limit(config: &ScrapeConfig, targets: usize) -> Option<String> {
    let limit = config.target_limit;
    (limit > 0 && targets as u64 > limit).then(|| format!("{targets} targets are more than target_limit, {limit}"))
}

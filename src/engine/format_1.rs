//! SLOs as the store's format 1 held them: with their definition in the shape of that time.
//!
//! The shapes below are of that format and must not follow the domain's. What came later has defaults in the domain, which
//! a definition takes on its way through JSON.

use crate::domain::group::{Firing, GroupState};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::selector::{Matchers, Selector};
use crate::domain::slo::{BudgetAlert, Maintenance, Measure, NoData, Objective, Pair, Part, SloId, SloWindow};
use crate::domain::slo_state::SloState;
use crate::domain::stored_slo::{Definitions, StoredSlo};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An SLO of format 1; its definition becomes the text that the present format has in its place.
#[derive(Deserialize)]
pub struct Slo1 {
    id: SloId,
    key: String,
    groups: BTreeMap<Vec<String>, GroupState>,
    since: Timestamp,
    evaluated: Option<Timestamp>,
    retired: Option<Timestamp>,
    spec: Spec,
    firing: Vec<Firing>,
}

impl Slo1 {
    pub fn into_present(self) -> serde_json::Result<SloState> {
        let spec = serde_json::to_string(&self.spec)?.into();
        let Self { id, key, groups, since, evaluated, retired, firing, .. } = self;
        let groups = groups.into_iter().map(|(values, group)| (values, group.into())).collect();
        let stored = StoredSlo { id, key, groups, since, evaluated, retired, spec, firing };
        stored.into_state(&Definitions::default())
    }
}

#[derive(Serialize, Deserialize)]
struct Spec {
    id: SloId,
    description: String,
    labels: Labels,
    objective: Objective,
    window: SloWindow,
    by: Vec<String>,
    indicator: Indicator,
    timeslices: Option<Timeslices>,
    policy: Policy,
    maintenance: Vec<Maintenance>,
    source: String,
    definition: String,
}

#[derive(Serialize, Deserialize)]
enum Indicator {
    Events { total: Selector, part: Selector, part_is: Part },
    Latency { histogram: Selector, threshold: f64, threshold_text: String },
    Scrape { targets: Matchers },
    Terms { terms: Vec<Term>, text: String },
}

#[derive(Serialize, Deserialize)]
struct Term {
    selector: Selector,
    total: f64,
    bad: f64,
}

#[derive(Serialize, Deserialize)]
struct Timeslices {
    slice: Duration,
    target: Ratio,
}

#[derive(Serialize, Deserialize)]
struct Policy {
    pairs: Vec<Pair>,
    measure: Measure,
    no_data: NoData,
    budget: Vec<BudgetAlert>,
    runbook_url: Option<String>,
    labels: Labels,
    annotations: Labels,
}

//! An SLO's definition within the stored state.
//!
//! It is kept as JSON, as in the setup: its shape changes most often, and a later version reads it still. The first
//! stores held its fields one after another, beginning with the service's name; a name never begins with a brace, so
//! the two are told apart by their first text.

use super::labels::Labels;
use super::ratio::Ratio;
use super::selector::{Matchers, Selector};
use super::slo::{
    BudgetAlert, Indicator, Maintenance, Measure, NoData, Objective, Pair, Part, Policy, SliceVerdict, Slo, SloId,
    SloWindow, Tally, Term, Timeslices,
};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub fn serialize<S: Serializer>(slo: &Arc<Slo>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(&**slo).map_err(S::Error::custom)?)
}

/// Only for formats without a description of themselves, in which a text and a list that begins with it look the same.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Slo>, D::Error> {
    deserializer.deserialize_tuple(2, Definition)
}

struct Definition;

impl<'de> Visitor<'de> for Definition {
    type Value = Arc<Slo>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the definition of an SLO")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Arc<Slo>, A::Error> {
        let missing = || A::Error::custom("the definition of an SLO is cut off");
        let first: String = fields.next_element()?.ok_or_else(missing)?;
        if first.starts_with('{') {
            return serde_json::from_str(&first).map(Arc::new).map_err(A::Error::custom);
        }
        let rest: Earlier = fields.next_element()?.ok_or_else(missing)?;
        Ok(Arc::new(rest.under(first)))
    }
}

/// The fields after the service's name, as the first stores held them.
#[derive(Deserialize)]
struct Earlier {
    name: String,
    description: String,
    labels: Labels,
    objective: Objective,
    window: SloWindow,
    by: Vec<String>,
    indicator: EarlierIndicator,
    timeslices: Option<EarlierTimeslices>,
    policy: EarlierPolicy,
    maintenance: Vec<Maintenance>,
    source: String,
    definition: String,
}

#[derive(Deserialize)]
enum EarlierIndicator {
    Events { total: Selector, part: Selector, part_is: Part },
    Latency { histogram: Selector, threshold: f64, threshold_text: String },
    Scrape { targets: Matchers },
    Terms { terms: Vec<EarlierTerm>, text: String },
}

#[derive(Deserialize)]
struct EarlierTerm {
    selector: Selector,
    total: f64,
    bad: f64,
}

#[derive(Deserialize)]
struct EarlierTimeslices {
    slice: Duration,
    target: Ratio,
}

#[derive(Deserialize)]
struct EarlierPolicy {
    pairs: Vec<Pair>,
    measure: Measure,
    no_data: NoData,
    budget: Vec<BudgetAlert>,
    runbook_url: Option<String>,
    labels: Labels,
    annotations: Labels,
}

impl Earlier {
    fn under(self, service: String) -> Slo {
        let slices = |EarlierTimeslices { slice, target }| Timeslices { slice, target, verdict: SliceVerdict::Whole };
        Slo {
            id: SloId { service, name: self.name },
            description: self.description,
            labels: self.labels,
            objective: self.objective,
            window: self.window,
            by: self.by,
            indicator: self.indicator.into(),
            timeslices: self.timeslices.map(slices),
            policy: self.policy.into(),
            maintenance: self.maintenance,
            source: self.source,
            definition: self.definition,
        }
    }
}

impl From<EarlierIndicator> for Indicator {
    fn from(earlier: EarlierIndicator) -> Self {
        let term = |EarlierTerm { selector, total, bad }| Term { selector, total, bad, tally: Tally::Growth };
        match earlier {
            EarlierIndicator::Events { total, part, part_is } => Self::Events { total, part, part_is },
            EarlierIndicator::Latency { histogram, threshold, threshold_text } => {
                Self::Latency { histogram, threshold, threshold_text }
            }
            EarlierIndicator::Scrape { targets } => Self::Scrape { targets },
            EarlierIndicator::Terms { terms, text } => {
                Self::Terms { terms: terms.into_iter().map(term).collect(), text }
            }
        }
    }
}

impl From<EarlierPolicy> for Policy {
    fn from(earlier: EarlierPolicy) -> Self {
        let EarlierPolicy { pairs, measure, no_data, budget, runbook_url, labels, annotations } = earlier;
        Self { pairs, measure, no_data, budget, runbook_url, labels, annotations, of_severity: BTreeMap::new() }
    }
}

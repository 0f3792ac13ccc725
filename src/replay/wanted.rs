//! What to ask a Prometheus for: the series that the SLOs count, and what tells attempts and births. And whether a
//! history held any of it, for a replay without one would show quiet SLOs.

use crate::domain::labels::Labels;
use crate::domain::plan::Plan;
use crate::domain::reading::{Outcome, Scrape};
use crate::domain::selector::{MatchOp, Matcher, Matchers, Selector};
use crate::domain::setup::{NewTarget, Setup};
use crate::domain::slo::Indicator;
use std::collections::{BTreeMap, BTreeSet};

/// Labels that tell targets apart.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// Looks for what the SLOs count.
pub struct Counting {
    plan: Plan,
    found: bool,
}

impl Counting {
    pub fn new(setup: &Setup) -> Self {
        Self { plan: Plan::new(setup, &BTreeMap::new()), found: false }
    }

    /// Looks at some scrapes, which hold no other series than those that an SLO counts.
    pub fn see(&mut self, scrapes: &[Scrape]) {
        let counts = |scrape: &Scrape| {
            let has_samples = matches!(&scrape.outcome, Outcome::Read(reading) if !reading.samples.is_empty());
            has_samples || self.plan.scrape_slos(&scrape.target.labels).next().is_some()
        };
        self.found = self.found || scrapes.iter().any(counts);
    }

    /// Whether there was anything.
    pub fn found(&self) -> bool {
        self.found
    }
}

/// The selectors to ask for, each text once, none that another one covers.
pub fn selectors(setup: &Setup) -> Vec<Selector> {
    let plan = Plan::new(setup, &BTreeMap::new());
    let terms = plan.terms_for(&Labels::new(), true, &|_| false);
    let counted: Vec<Selector> = plan.selection(&terms).selectors().iter().map(with_spellings).collect();
    let mut all: BTreeMap<String, Selector> = BTreeMap::new();
    let mut add = |selector: Selector| drop(all.insert(selector.to_string(), selector));
    for selector in &counted {
        add(Selector { name: "up".to_owned(), matchers: only(&selector.matchers, &TARGET_LABELS) });
        if let Some(base) = selector.name.strip_suffix("_total").or_else(|| selector.name.strip_suffix("_count")) {
            add(selector.renamed(format!("{base}_created")));
        }
    }
    for slo in &setup.slos {
        if let Indicator::Scrape { targets } = &slo.indicator {
            add(Selector { name: "up".to_owned(), matchers: targets.clone() });
        }
    }
    for (job, _) in setup.jobs.iter().filter(|(_, policy)| policy.new_target == NewTarget::ProcessStart) {
        let job = Matcher::new("job", MatchOp::Equal, job).ok();
        add(Selector { name: "process_start_time_seconds".to_owned(), matchers: Matchers(job.into_iter().collect()) });
    }
    counted.into_iter().for_each(&mut add);
    let all: Vec<Selector> = all.into_values().collect();
    let covered = |one: &Selector| all.iter().any(|other| other != one && covers(other, one));
    all.iter().filter(|selector| !covered(selector)).cloned().collect()
}

fn only(matchers: &Matchers, labels: &[&str]) -> Matchers {
    Matchers(matchers.0.iter().filter(|matcher| labels.contains(&matcher.label.as_str())).cloned().collect())
}

/// Whether every series of `one` is one of `other` too, as far as the texts tell.
fn covers(other: &Selector, one: &Selector) -> bool {
    let conditions = |selector: &Selector| selector.matchers.0.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    other.name == one.name && conditions(other).is_subset(&conditions(one)) && conditions(other) != conditions(one)
}

/// A bucket's boundary is a number here and a text there, where 1 may be written `1` or `1.0`.
fn with_spellings(selector: &Selector) -> Selector {
    let spelled = |matcher: &Matcher| {
        let number = matcher.value.parse::<f64>().ok().filter(|number| number.is_finite());
        let is_boundary = matcher.label == "le" && matcher.op == MatchOp::Equal;
        let number = number.filter(|number| is_boundary && number.fract() == 0.0);
        let both = number.and_then(|number| Matcher::new("le", MatchOp::Regex, format!("{number}|{number}\\.0")).ok());
        both.unwrap_or_else(|| matcher.clone())
    };
    Selector { name: selector.name.clone(), matchers: Matchers(selector.matchers.0.iter().map(spelled).collect()) }
}

//! Which series feed which SLO: the setup's indicators, indexed by metric name.
//!
//! A latency indicator becomes three kinds of terms: `_count` (every event, bad until shown good), the bucket of the
//! threshold (good, so it takes bad away), and the `+Inf` bucket, which stands in for `_count` on targets that have
//! none. Other buckets feed nothing, but are named when the threshold has no bucket.

use super::labels::{Labels, Series};
use super::selection::Selection;
use super::selector::{Matcher, Matchers, Selector};
use super::setup::Setup;
use super::slo::{Indicator, Part, Slo, Tally};
use super::time::Timestamp;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// What a series is to an SLO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// Counts as the weights say.
    Counter,
    /// A gauge, of which each sample counts.
    Gauge(Tally),
    /// A histogram's `_count`.
    Count,
    /// The bucket that holds the good events.
    Threshold,
    /// The `+Inf` bucket, used where `_count` is missing.
    Infinity,
    /// Another bucket: counts nothing.
    Boundary,
}

/// One selector of one SLO.
#[derive(Clone, Debug)]
struct PlanTerm {
    slo: usize,
    /// Only the bucket with this boundary.
    boundary: Option<f64>,
    role: Role,
    total: f64,
    bad: f64,
    since: Timestamp,
}

/// What one event of a series adds to one SLO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    pub slo: usize,
    pub role: Role,
    pub total: f64,
    pub bad: f64,
    /// Since when this selector is in force.
    pub since: Timestamp,
}

/// The index.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    terms: Vec<PlanTerm>,
    /// The selectors of `terms`, in order.
    selection: Selection,
    scrapes: Vec<(usize, Matchers)>,
    /// Whether some selector's time is not known.
    untimed: bool,
}

impl Plan {
    /// `since` tells for each selector's text when it took effect.
    pub fn new(setup: &Setup, since: &BTreeMap<String, Timestamp>) -> Self {
        let (mut plan, mut selectors) = (Self::default(), Vec::new());
        for (index, slo) in setup.slos.iter().enumerate() {
            plan.add(index, slo, since, &mut selectors);
        }
        plan.selection = selectors.into_iter().collect();
        plan
    }

    fn add(&mut self, slo: usize, spec: &Slo, since: &BTreeMap<String, Timestamp>, selectors: &mut Vec<Selector>) {
        if let Indicator::Scrape { targets } = &spec.indicator {
            self.scrapes.push((slo, targets.clone()));
        }
        for (selector, boundary, role, total, bad) in terms(&spec.indicator) {
            let since = since.get(&selector.to_string()).copied();
            self.untimed |= since.is_none();
            let since = since.unwrap_or_default();
            self.terms.push(PlanTerm { slo, boundary, role, total, bad, since });
            selectors.push(selector);
        }
    }

    /// Whether it is known of every selector when it took effect.
    pub fn is_timed(&self) -> bool {
        !self.untimed
    }

    /// Every SLO that a series feeds.
    pub fn links(&self, series: &Series) -> SmallVec<[Link; 2]> {
        let mut links: SmallVec<[Link; 2]> = SmallVec::new();
        let le = series.labels.get("le").and_then(|le| le.parse::<f64>().ok());
        for term in self.selection.matching(series).into_iter().map(|number| &self.terms[number]) {
            if term.boundary.is_some() && term.boundary != le {
                continue;
            }
            let link = Link { slo: term.slo, role: term.role, total: term.total, bad: term.bad, since: term.since };
            links.push(link);
        }
        let threshold = |links: &[Link], slo| links.iter().any(|l| l.slo == slo && l.role != Role::Boundary);
        let kept: SmallVec<[Link; 2]> =
            links.iter().copied().filter(|l| l.role != Role::Boundary || !threshold(&links, l.slo)).collect();
        kept
    }

    /// SLOs for which an attempt to scrape this target is an event.
    pub fn scrape_slos(&self, target: &Labels) -> impl Iterator<Item = usize> {
        self.scrapes.iter().filter(|(_, matchers)| matchers.matches(target)).map(|(slo, _)| *slo)
    }

    /// The terms whose series a reader must hand over from targets with these labels. A matcher that the target's own `job` or `instance`
    /// contradicts leaves its selector out, unless the job's series keep their own labels (`honor_labels`).
    ///
    /// `with_boundaries` tells which SLOs want every bucket, to name those near a missing threshold.
    pub fn terms_for(
        &self,
        target: &Labels,
        honor_labels: bool,
        with_boundaries: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let possible = |m: &Matcher| {
            !matches!(m.label.as_str(), "job" | "instance") || m.matches(target.get(&m.label).unwrap_or_default())
        };
        let wanted = |number: &usize| {
            let (term, selector) = (&self.terms[*number], &self.selection.selectors()[*number]);
            (term.role != Role::Boundary || with_boundaries(term.slo))
                && (honor_labels || selector.matchers.0.iter().all(possible))
        };
        (0..self.terms.len()).filter(wanted).collect()
    }

    /// Whether targets of one job may differ in [`Plan::terms_for`].
    pub fn asks_for_instances(&self) -> bool {
        let names = |selector: &Selector| selector.matchers.0.iter().any(|matcher| matcher.label == "instance");
        self.selection.selectors().iter().any(names)
    }

    /// What a reader must hand over for these terms.
    pub fn selection(&self, terms: &[usize]) -> Selection {
        let selector = |number: &usize| self.terms[*number].reader_selector(&self.selection.selectors()[*number]);
        terms.iter().map(selector).collect()
    }
}

impl PlanTerm {
    fn reader_selector(&self, selector: &Selector) -> Selector {
        let mut selector = selector.clone();
        let le = self.boundary.map(|le| if le.is_infinite() { "+Inf".to_owned() } else { le.to_string() });
        selector.matchers.0.extend(le.and_then(|le| Matcher::new("le", super::selector::MatchOp::Equal, le).ok()));
        selector
    }
}

type TermParts = (Selector, Option<f64>, Role, f64, f64);

fn terms(indicator: &Indicator) -> Vec<TermParts> {
    match indicator {
        Indicator::Events { total, part, part_is: Part::Bad } => {
            vec![(total.clone(), None, Role::Counter, 1.0, 0.0), (part.clone(), None, Role::Counter, 0.0, 1.0)]
        }
        Indicator::Events { total, part, part_is: Part::Good } => {
            vec![(total.clone(), None, Role::Counter, 1.0, 1.0), (part.clone(), None, Role::Counter, 0.0, -1.0)]
        }
        Indicator::Latency { histogram, threshold, .. } => {
            let bucket = histogram.renamed(format!("{}_bucket", histogram.name));
            vec![
                (histogram.renamed(format!("{}_count", histogram.name)), None, Role::Count, 1.0, 1.0),
                (bucket.clone(), Some(*threshold), Role::Threshold, 0.0, -1.0),
                (bucket.clone(), Some(f64::INFINITY), Role::Infinity, 1.0, 1.0),
                (bucket, None, Role::Boundary, 0.0, 0.0),
            ]
        }
        Indicator::Scrape { .. } => Vec::new(),
        Indicator::Terms { terms, .. } => {
            terms.iter().map(|t| (t.selector.clone(), None, role(t.tally), t.total, t.bad)).collect()
        }
    }
}

fn role(tally: Tally) -> Role {
    match tally {
        Tally::Growth => Role::Counter,
        of_samples => Role::Gauge(of_samples),
    }
}

impl Role {
    /// Whether it is a part of a latency SLO's histogram.
    pub fn is_of_histogram(self) -> bool {
        !matches!(self, Self::Counter | Self::Gauge(_))
    }
}

/// The texts of all selectors of a setup, as [`Plan::new`] wants their times.
pub fn selector_texts(setup: &Setup) -> impl Iterator<Item = String> + '_ {
    setup.slos.iter().flat_map(|slo| terms(&slo.indicator)).map(|(selector, ..)| selector.to_string())
}

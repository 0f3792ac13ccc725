//! Which series some SLO asks for.
//!
//! Thousands of SLOs may ask for the same metric with another label value each. Selectors of one name are therefore
//! filed under the label that tells most of them apart, so that a new series meets only the few that may want it.

use crate::domain::labels::Series;
use crate::domain::selector::{MatchOp, Matcher, Selector};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Selectors, found by metric name.
pub(super) struct Wanted {
    selectors: Arc<[Selector]>,
    names: HashMap<String, ByLabel>,
}

/// The selectors of one metric name.
#[derive(Default)]
struct ByLabel {
    /// For a label, its values that selectors ask for.
    filed: BTreeMap<String, HashMap<String, Vec<usize>>>,
    /// Selectors without a condition to file them under.
    rest: Vec<usize>,
}

impl Wanted {
    pub fn new(selectors: Arc<[Selector]>) -> Self {
        let mut of_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, selector) in selectors.iter().enumerate() {
            of_name.entry(selector.name.clone()).or_default().push(index);
        }
        let names = of_name.into_iter().map(|(name, of_name)| (name, ByLabel::new(&selectors, &of_name))).collect();
        Self { selectors, names }
    }

    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Whether at least one selector matches.
    pub fn matches(&self, series: &Series) -> bool {
        self.may_match(&series.name, |label| Some(Cow::Borrowed(series.labels.get(label).unwrap_or_default())))
    }

    /// Whether a selector may match a series of this name, as far as its labels are known. `label` gives a label's
    /// value, empty when the series does not have it, or `None` when that is not known.
    pub fn may_match<'v>(&self, name: &str, label: impl Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        let Some(by_label) = self.names.get(name) else { return false };
        let holds = |matcher: &Matcher| label(&matcher.label).is_none_or(|value| matcher.matches(&value));
        let all_hold =
            |indexes: &[usize]| indexes.iter().any(|index| self.selectors[*index].matchers.0.iter().all(holds));
        let filed = |(filed_under, of_value): (&String, &HashMap<String, Vec<usize>>)| match label(filed_under) {
            Some(value) => of_value.get(value.as_ref()).is_some_and(|indexes| all_hold(indexes)),
            None => true,
        };
        all_hold(&by_label.rest) || by_label.filed.iter().any(filed)
    }
}

impl ByLabel {
    fn new(selectors: &[Selector], of_name: &[usize]) -> Self {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for matcher in of_name.iter().flat_map(|index| exact(&selectors[*index])) {
            values.entry(&matcher.label).or_default().insert(&matcher.value);
        }
        let spread = |matcher: &&Matcher| values.get(matcher.label.as_str()).map_or(0, BTreeSet::len);
        let mut by_label = Self::default();
        for index in of_name {
            let Some(matcher) = exact(&selectors[*index]).max_by_key(spread) else {
                by_label.rest.push(*index);
                continue;
            };
            let of_value = by_label.filed.entry(matcher.label.clone()).or_default();
            of_value.entry(matcher.value.clone()).or_default().push(*index);
        }
        by_label
    }
}

/// Conditions that only a label of exactly this text satisfies: no empty values (a missing label is one), and no
/// boundaries, which compare as numbers.
fn exact(selector: &Selector) -> impl Iterator<Item = &Matcher> {
    let is_exact =
        |m: &&Matcher| m.op == MatchOp::Equal && !m.value.is_empty() && m.label != "le" && m.label != "quantile";
    selector.matchers.0.iter().filter(is_exact)
}

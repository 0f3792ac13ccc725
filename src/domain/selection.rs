//! Many selectors at once: which of them a series satisfies.
//!
//! Thousands of SLOs may ask for the same metric with another label value each. Selectors of one name are therefore
//! filed under the label that tells most of them apart, so that a series meets only the few that may want it. A
//! selection is shared, never copied: every target of a job has the same.

use super::labels::Series;
use super::selector::{MatchOp, Matcher, Selector};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Selectors in order, found by metric name and labels; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Selection(Arc<Filed>);

#[derive(Debug, Default)]
struct Filed {
    selectors: Vec<Selector>,
    names: HashMap<String, ByLabel>,
}

/// The selectors of one metric name, by their numbers.
#[derive(Debug, Default)]
struct ByLabel {
    /// For a label, its values that selectors ask for.
    filed: BTreeMap<String, HashMap<String, Vec<usize>>>,
    /// Selectors without a condition to file them under.
    rest: Vec<usize>,
}

impl FromIterator<Selector> for Selection {
    fn from_iter<I: IntoIterator<Item = Selector>>(selectors: I) -> Self {
        let selectors: Vec<Selector> = selectors.into_iter().collect();
        let mut of_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, selector) in selectors.iter().enumerate() {
            of_name.entry(&selector.name).or_default().push(number);
        }
        let file = |(name, of_name): (&str, Vec<usize>)| (name.to_owned(), ByLabel::new(&selectors, &of_name));
        let names = of_name.into_iter().map(file).collect();
        Self(Arc::new(Filed { selectors, names }))
    }
}

impl From<Vec<Selector>> for Selection {
    fn from(selectors: Vec<Selector>) -> Self {
        selectors.into_iter().collect()
    }
}

impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.selectors == other.0.selectors
    }
}

impl Selection {
    pub fn has_name(&self, name: &str) -> bool {
        self.0.names.contains_key(name)
    }

    /// Every metric name that is asked for, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names.keys().map(String::as_str)
    }

    pub fn selectors(&self) -> &[Selector] {
        &self.0.selectors
    }

    /// The numbers of all selectors that a series satisfies, ascending.
    pub fn matching(&self, series: &Series) -> Vec<usize> {
        let Some(by_label) = self.0.names.get(&series.name) else { return Vec::new() };
        let filed = by_label.filed.iter().filter_map(|(label, of_value)| of_value.get(series.labels.get(label)?));
        let matches = |number: &usize| self.0.selectors[*number].matchers.matches(&series.labels);
        let mut found: Vec<usize> = filed.flatten().chain(&by_label.rest).copied().filter(matches).collect();
        found.sort_unstable();
        found
    }

    /// Whether at least one selector matches.
    pub fn matches(&self, series: &Series) -> bool {
        self.may_match(&series.name, |label| Some(Cow::Borrowed(series.labels.get(label).unwrap_or_default())))
    }

    /// Whether a selector may match a series of this name, as far as its labels are known. `label` gives a label's
    /// value, empty when the series does not have it, or `None` when that is not known.
    pub fn may_match<'v>(&self, name: &str, label: impl Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        let Some(by_label) = self.0.names.get(name) else { return false };
        let holds = |matcher: &Matcher| label(&matcher.label).is_none_or(|value| matcher.matches(&value));
        let all_hold =
            |numbers: &[usize]| numbers.iter().any(|number| self.0.selectors[*number].matchers.0.iter().all(holds));
        let filed = |(filed_under, of_value): (&String, &HashMap<String, Vec<usize>>)| match label(filed_under) {
            Some(value) => of_value.get(value.as_ref()).is_some_and(|numbers| all_hold(numbers)),
            None => true,
        };
        all_hold(&by_label.rest) || by_label.filed.iter().any(filed)
    }
}

impl ByLabel {
    fn new(selectors: &[Selector], of_name: &[usize]) -> Self {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for matcher in of_name.iter().flat_map(|number| exact(&selectors[*number])) {
            values.entry(&matcher.label).or_default().insert(&matcher.value);
        }
        let spread = |matcher: &&Matcher| values.get(matcher.label.as_str()).map_or(0, BTreeSet::len);
        let mut by_label = Self::default();
        for number in of_name {
            let Some(matcher) = exact(&selectors[*number]).max_by_key(spread) else {
                by_label.rest.push(*number);
                continue;
            };
            let of_value = by_label.filed.entry(matcher.label.clone()).or_default();
            of_value.entry(matcher.value.clone()).or_default().push(*number);
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

#[cfg(test)]
mod tests {
    use super::super::labels::Labels;
    use super::super::selector_text::parse_selector;
    use super::*;

    const SELECTORS: [&str; 9] = [
        r#"a{service="x"}"#,
        r#"a{service="y"}"#,
        r#"a{service="x",code=~"5.."}"#,
        "a",
        r#"a{service=""}"#,
        r#"a{le="1"}"#,
        r#"a{quantile="0.5"}"#,
        r#"b{service="x"}"#,
        r#"a{service="x",code!="500"}"#,
    ];

    #[test]
    fn finds_what_asking_each_selector_finds() {
        let selection: Selection = SELECTORS.iter().map(|text| parse_selector(text).unwrap()).collect();
        for (name, labels) in [
            ("a", vec![("service", "x"), ("code", "500")]),
            ("a", vec![("service", "x"), ("code", "200")]),
            ("a", vec![("service", "y"), ("le", "1.0")]),
            ("a", vec![("service", "other"), ("quantile", "0.50")]),
            ("a", vec![]),
            ("b", vec![("service", "x")]),
            ("c", vec![("service", "x")]),
        ] {
            let series = Series::new(name, labels.into_iter().collect::<Labels>());
            let each = selection.selectors().iter().enumerate();
            let expected: Vec<usize> =
                each.filter(|(_, s)| s.matches(&series.name, &series.labels)).map(|(number, _)| number).collect();
            assert_eq!(selection.matching(&series), expected, "{series}");
            assert_eq!(selection.matches(&series), !expected.is_empty(), "{series}");
        }
    }

    #[test]
    fn selections_are_equal_where_their_selectors_are() {
        let of = |texts: &[&str]| -> Vec<Selector> { texts.iter().map(|text| parse_selector(text).unwrap()).collect() };
        let selection = Selection::from(of(&SELECTORS));
        assert_eq!(selection, selection.clone());
        assert_eq!(selection, Selection::from(of(&SELECTORS)));
        assert_ne!(selection, Selection::from(of(&SELECTORS[1..])));
        assert_eq!(["a", "b", "c"].map(|name| selection.has_name(name)), [true, true, false]);
        assert_eq!(selection.names().collect::<BTreeSet<_>>(), ["a", "b"].into());
    }

    #[test]
    fn a_series_meets_only_the_selectors_filed_under_its_label_and_those_without_one() {
        let selection: Selection = SELECTORS.iter().map(|text| parse_selector(text).unwrap()).collect();
        let by_label = &selection.0.names["a"];
        assert_eq!(by_label.filed.keys().collect::<Vec<_>>(), ["service"]);
        let of_value = &by_label.filed["service"];
        assert_eq!((&of_value["x"], &of_value["y"]), (&vec![0, 2, 8], &vec![1]));
        assert_eq!(by_label.rest, [3, 4, 5, 6], "empty values and boundaries are no exact text");
    }

    #[test]
    fn a_label_that_is_not_known_rules_nothing_out() {
        let selection: Selection = [r#"a{service="x",code="500"}"#, r#"b{code!=""}"#]
            .into_iter()
            .map(|text| parse_selector(text).unwrap())
            .collect();
        for (name, service, code, expected) in [
            ("a", Some("x"), Some("500"), true),
            ("a", Some("x"), None, true),
            ("a", None, Some("500"), true),
            ("a", None, None, true),
            ("a", None, Some("200"), false),
            ("b", None, None, true),
            ("b", None, Some(""), false),
            ("c", None, None, false),
        ] {
            let label = |asked: &str| if asked == "service" { service } else { code }.map(Cow::Borrowed);
            assert_eq!(selection.may_match(name, label), expected, "{name} {service:?} {code:?}");
        }
    }
}

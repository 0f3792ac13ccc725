//! Label names as the text formats allow them, without clashes.
//!
//! Group and target labels come from users' systems: they may be UTF-8 names, or equal to a label of slowburn's own. A
//! clash is solved as Prometheus solves it, with `exported_` in front. The choice depends on the whole set of names that
//! one SLO's groups have, never on one group's, so that two groups can't end as the same series.

use std::collections::BTreeSet;

/// Labels that mean something to Prometheus itself and are refused elsewhere.
const SPECIAL: [&str; 2] = ["le", "quantile"];

/// Labels that slowburn's own series use.
pub const RESERVED: [&str; 5] = ["service", "slo", "window", "outcome", "severity"];

/// The name under which each of `names` is shown; sorted, each once.
pub fn shown<'a>(names: impl IntoIterator<Item = &'a str>, reserved: &[&str]) -> Vec<(&'a str, String)> {
    let sorted: BTreeSet<&str> = names.into_iter().collect();
    let mut taken: BTreeSet<String> = reserved.iter().chain(&SPECIAL).map(|name| (*name).to_owned()).collect();
    // A name that needs no change keeps itself: only what had to be changed gives way.
    let (plain, changed): (Vec<&str>, Vec<&str>) = sorted.into_iter().partition(|name| legal(name) == *name);
    let mut pairs: Vec<(&str, String)> = plain
        .into_iter()
        .chain(changed)
        .map(|name| {
            let mut shown = legal(name);
            while shown.starts_with("__") || !taken.insert(shown.clone()) {
                shown.insert_str(0, "exported_");
            }
            (name, shown)
        })
        .collect();
    pairs.sort();
    pairs
}

/// Letters, digits and underscores, not beginning with a digit.
fn legal(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut legal: String = name.chars().map(letter).collect();
    if legal.is_empty() || legal.starts_with(|c: char| c.is_ascii_digit()) {
        legal.insert(0, '_');
    }
    legal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_never_clash() {
        for (case, names, expected) in [
            ("plain", vec!["route", "code"], vec![("code", "code"), ("route", "route")]),
            ("slowburn's own", vec!["slo"], vec![("slo", "exported_slo")]),
            (
                "a clash with the way out of a clash",
                vec!["slo", "exported_slo"],
                vec![("exported_slo", "exported_slo"), ("slo", "exported_exported_slo")],
            ),
            ("dots", vec!["http.route"], vec![("http.route", "http_route")]),
            (
                "two names that become one",
                vec!["a.b", "a_b", "a-b"],
                vec![("a-b", "exported_a_b"), ("a.b", "exported_exported_a_b"), ("a_b", "a_b")],
            ),
            ("a digit first", vec!["5xx"], vec![("5xx", "_5xx")]),
            ("the metric's name", vec!["__name__"], vec![("__name__", "exported___name__")]),
            ("a bucket's boundary", vec!["le"], vec![("le", "exported_le")]),
            ("given twice", vec!["a", "a"], vec![("a", "a")]),
        ] {
            let found = shown(names, &RESERVED);
            let found: Vec<(&str, &str)> = found.iter().map(|(name, shown)| (*name, shown.as_str())).collect();
            assert_eq!(found, expected, "{case}");
        }
    }
}

//! Whatever stands in a query or a file, the answer is an SLO or a mistake, and mistakes lie inside the text.

use super::summary::read;
use proptest::prelude::*;
use slowburn::domain::slo::{Indicator, Part};
use slowburn::spec::promql::{Bare, Refusal, ratio};

/// Queries that real files hold, which the tests change.
const QUERIES: [&str; 6] = [
    r#"sum(rate(http_request_duration_seconds_count{job="a",code=~"(5..|429)"}[{{.window}}]))"#,
    r#"(sum(rate(t_count{verb!="W"}[{{.window}}])) - sum(rate(t_bucket{le="0.4",verb!="W"}[{{.window}}])))"#,
    "sum_over_time((count(g < 0.75))[{{.window}}:]) OR on() vector(0)",
    "1 - (sum(sum_over_time(g[{{.window}}])) / sum(count_over_time(g[{{.window}}])))",
    r#"1 - histogram_share(0.2, sum by (vmrange) (rate(x_bucket{c="d"}[{{.window}}])))"#,
    r#"sum by (a, b) (increase({"http.r"}[5m])) / on (a, b) sum by (b, a) (increase(t[$__interval]))"#,
];

/// Parts that mean something to PromQL.
const FRAGMENTS: [&str; 32] = [
    "",
    " ",
    "\n",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "`",
    "\\",
    "#",
    "+",
    "-",
    "*",
    "/",
    "^",
    "%",
    "== bool ",
    " or ",
    " unless ",
    "[5m]",
    "[5m:1m]",
    " offset 5m",
    " @ start()",
    "{{.window}}",
    "${x}",
    "é",
    "\0",
];

fn sound(query: &str, refusal: &Refusal) -> Result<(), TestCaseError> {
    prop_assert!(!refusal.why.is_empty() && !refusal.help.is_empty());
    if let Some(offset) = refusal.offset {
        prop_assert!(query.is_char_boundary(offset) && offset <= query.len(), "{offset} in {query:?}");
    }
    Ok(())
}

fn answered(query: &str) -> Result<(), TestCaseError> {
    for bare in [Bare::Refused, Bare::Counters, Bare::Gauges] {
        if let Err(refusal) = ratio(query, Part::Bad, bare) {
            sound(query, &refusal)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(query in "\\PC*") {
        answered(&query)?;
    }

    #[test]
    fn any_sequence_of_parts_is_answered(parts in prop::collection::vec((0..QUERIES.len(), 0..FRAGMENTS.len()), 0..8)) {
        let query: String = parts.iter().map(|(query, fragment)| format!("{}{}", FRAGMENTS[*fragment], QUERIES[*query])).collect();
        answered(&query)?;
    }

    #[test]
    fn changed_queries_are_answered(
        query in 0..QUERIES.len(),
        edits in prop::collection::vec((0..120usize, 0..12usize, 0..FRAGMENTS.len()), 1..5),
    ) {
        let mut text: Vec<char> = QUERIES[query].chars().collect();
        for (at, length, fragment) in edits {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, FRAGMENTS[fragment].chars());
        }
        answered(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn changed_files_are_answered(
        file in 0..FILES.len(),
        edits in prop::collection::vec((0..3000usize, 0..20usize, 0..FRAGMENTS.len()), 1..4),
    ) {
        let mut text: Vec<char> = FILES[file].chars().collect();
        for (at, length, fragment) in edits {
            let at = at % (text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, FRAGMENTS[fragment].chars());
        }
        let text: String = text.into_iter().collect();
        let (reading, diagnostics) = read("slo.yaml", text.as_bytes());
        let lines = text.lines().count() as u32 + 1 + text.matches('\r').count() as u32;
        for found in diagnostics.iter() {
            prop_assert!(found.line <= lines, "{found}");
        }
        prop_assert_eq!(reading.slos.len(), reading.fidelity.len());
        let _ = (diagnostics.to_text(), diagnostics.to_json());
    }
}

/// A sum of events as text, and the weight of each of three counters in it.
#[derive(Clone, Debug)]
struct Sum(String, [i64; 3]);

fn sums() -> impl Strategy<Value = Sum> {
    let counter = (0..3usize, 0..4usize).prop_map(|(index, form)| {
        let name = ["a", "b", "c"][index];
        let text = match form {
            0 => format!("sum(rate({name}[5m]))"),
            1 => format!("sum(sum by (x) (rate({name}[{{{{.window}}}}])))"),
            2 => format!("(sum(rate({name}[$__interval])) or vector(0))"),
            _ => format!("scalar(sum(rate({name}[5m])))"),
        };
        let mut weights = [0; 3];
        weights[index] = 1;
        Sum(text, weights)
    });
    counter.prop_recursive(5, 40, 2, |inner| {
        let zip = |a: [i64; 3], b: [i64; 3], sign: i64| [0, 1, 2].map(|i| a[i] + sign * b[i]);
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(move |(a, b)| Sum(format!("({} + {})", a.0, b.0), zip(a.1, b.1, 1))),
            (inner.clone(), inner.clone())
                .prop_map(move |(a, b)| Sum(format!("({} - {})", a.0, b.0), zip(a.1, b.1, -1))),
            (inner.clone(), 1..4i64).prop_map(|(a, by)| Sum(format!("{} * {by}", a.0), a.1.map(|w| w * by))),
            (inner.clone(), 1..4i64).prop_map(|(a, by)| Sum(format!("(6 * {} / {by} * {by} / 6)", a.0), a.1)),
            inner.prop_map(|a| Sum(format!("(-{})", a.0), a.1.map(|w| -w))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whatever way a sum is written, its weights are those of arithmetic.
    #[test]
    fn weights_are_those_of_arithmetic(sum in sums(), good in any::<bool>()) {
        let query = format!("{} / sum(rate(total[5m]))", sum.0);
        let query = if good { format!("1 - ({query})") } else { query };
        let fewer_than_none = !good && sum.1.iter().all(|weight| *weight <= 0) && sum.1 != [0; 3];
        let compiled = match ratio(&query, Part::Bad, Bare::Refused) {
            Err(refusal) if fewer_than_none && refusal.why.contains("fewer than none") => return Ok(()),
            Err(refusal) => return Err(TestCaseError::fail(format!("{query}: {}", refusal.why))),
            Ok(compiled) => compiled,
        };
        prop_assert!(!fewer_than_none, "{query} is no number of bad events");
        for (name, weight) in ["a", "b", "c"].into_iter().zip(sum.1) {
            let wanted = if good { -weight } else { weight } as f64;
            let found = weight_of(&compiled.indicator, name);
            prop_assert!((found - wanted).abs() < 1e-6, "{query}: {name} weighs {found}, not {wanted}");
        }
        prop_assert_eq!(weight_of(&compiled.indicator, "total"), if good { 1.0 } else { 0.0 });
    }
}

/// How much an event of a counter adds to the bad ones.
fn weight_of(indicator: &Indicator, name: &str) -> f64 {
    match indicator {
        Indicator::Events { total, part, part_is } => {
            let good = *part_is == Part::Good;
            f64::from(u8::from(good && total.name == name))
                + if part.name == name { if good { -1.0 } else { 1.0 } } else { 0.0 }
        }
        Indicator::Terms { terms, .. } => {
            terms.iter().filter(|term| term.selector.name == name).map(|term| term.bad).sum()
        }
        other => panic!("{other:?}"),
    }
}

const FILES: [&str; 5] = [
    include_str!("../fixtures/corpus/sloth/kubernetes-apiserver.yml"),
    include_str!("../fixtures/corpus/sloth/k8s-multifile.yml"),
    include_str!("../fixtures/corpus/pyrra/nginx.yaml"),
    include_str!("../fixtures/corpus/openslo/go-sdk-v1-examples/slos.yaml"),
    include_str!("../fixtures/corpus/openslo/go-sdk-v1-examples/alert_policies.yaml"),
];

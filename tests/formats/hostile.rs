//! Whatever stands in a query or a file, the answer is an SLO or a mistake, and mistakes lie inside the text.

use super::summary::read;
use proptest::prelude::*;
use slowburn::domain::slo::Part;
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

const FILES: [&str; 5] = [
    include_str!("../fixtures/corpus/sloth/kubernetes-apiserver.yml"),
    include_str!("../fixtures/corpus/sloth/k8s-multifile.yml"),
    include_str!("../fixtures/corpus/pyrra/nginx.yaml"),
    include_str!("../fixtures/corpus/openslo/go-sdk-v1-examples/slos.yaml"),
    include_str!("../fixtures/corpus/openslo/go-sdk-v1-examples/alert_policies.yaml"),
];

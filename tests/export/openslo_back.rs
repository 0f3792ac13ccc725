//! What is exported as OpenSLO loads again and means the same.

use super::prometheus::promtool;
use super::round_trip::{corpus_slos, slo};
use super::slos::read;
use proptest::prelude::*;
use serde_json::{Value, json};
use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::selector::{MatchOp, Matcher};
use slowburn::domain::slo::*;
use slowburn::export::{Format, export};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The weights of everything that is counted, by what it is; whole in the total's smallest.
fn counts(indicator: &Indicator) -> BTreeMap<String, (i64, i64)> {
    let terms: Vec<(String, Tally, f64, f64)> = match indicator {
        Indicator::Events { total, part, part_is: Part::Bad } => {
            vec![(text(total), Tally::Growth, 1.0, 0.0), (text(part), Tally::Growth, 0.0, 1.0)]
        }
        Indicator::Events { total, part, part_is: Part::Good } => {
            vec![(text(total), Tally::Growth, 1.0, 1.0), (text(part), Tally::Growth, 0.0, -1.0)]
        }
        Indicator::Latency { histogram, threshold, .. } => {
            let mut bucket = histogram.renamed(format!("{}_bucket", histogram.name));
            bucket.matchers.0.push(Matcher::new("le", MatchOp::Equal, threshold.to_string()).unwrap());
            let all = histogram.renamed(format!("{}_count", histogram.name));
            vec![(text(&all), Tally::Growth, 1.0, 1.0), (text(&bucket), Tally::Growth, 0.0, -1.0)]
        }
        Indicator::Scrape { targets } => vec![(format!("scrapes {targets:?}"), Tally::Samples, 1.0, 0.0)],
        Indicator::Terms { terms, .. } => {
            terms.iter().map(|term| (text(&term.selector), term.tally, term.total, term.bad)).collect()
        }
    };
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (selector, tally, total, bad) in terms {
        let sum = sums.entry(format!("{selector} {tally:?}")).or_default();
        *sum = (sum.0 + total, sum.1 + bad);
    }
    let unit = sums.values().map(|sum| sum.0.abs()).filter(|total| *total > 0.0).fold(f64::INFINITY, f64::min);
    let rounded = |weight: f64| (weight / unit * 1e6).round() as i64;
    let whole = sums.into_iter().map(|(what, (total, bad))| (what, (rounded(total), rounded(bad))));
    whole.filter(|(_, weights)| *weights != (0, 0)).collect()
}

fn text(selector: &slowburn::domain::selector::Selector) -> String {
    let mut matchers: Vec<String> = selector.matchers.0.iter().map(ToString::to_string).collect();
    matchers.sort();
    matchers.dedup();
    format!("{} {matchers:?}", selector.name)
}

/// Pairs without what OpenSLO's conditions do not know; factors as precise as it writes them.
fn pairs(slo: &Slo) -> Vec<(Severity, u64, u64, i64, u64)> {
    let pair = |pair: &Pair| {
        let factor = (pair.factor.as_f64() * 1e6).round() as i64;
        (pair.severity, pair.long.as_secs(), pair.short.as_secs(), factor, pair.r#for.as_secs())
    };
    let mut pairs: Vec<_> = slo.policy.pairs.iter().map(pair).collect();
    pairs.sort();
    pairs.dedup();
    pairs
}

/// Slices, with their target where it decides.
fn slices(slo: &Slo) -> String {
    let target = |slices: Timeslices| (slices.verdict == SliceVerdict::Whole).then_some(slices.target);
    format!("{:?}", slo.timeslices.map(|slices| (slices.slice, slices.verdict, target(slices))))
}

/// The words by which a file of OpenSLO names its severities.
fn words(slo: &Slo) -> BTreeMap<Severity, String> {
    let word = |severity: Severity| {
        let own = slo.policy.labels_of(severity).get("exported_severity").map(str::to_owned);
        (severity, own.unwrap_or_else(|| severity.to_string()))
    };
    slo.policy.pairs.iter().map(|pair| word(pair.severity)).collect()
}

/// Writes one SLO and reads it; `None` for one that OpenSLO can't hold, for a reason that is listed.
fn back(slo: &Slo) -> Result<Option<String>, String> {
    const REASONS: [&str; 4] = [
        "OpenSLO knows no durations as short as",
        "is no plain decimal",
        "OpenSLO counts counters or samples of gauges",
        "its queries",
    ];
    match export(Format::OpenSlo, &[Arc::new(slo.clone())]) {
        Ok(written) => Ok(Some(written.text)),
        Err(errors) if errors.iter().all(|error| REASONS.iter().any(|reason| error.why.contains(reason))) => Ok(None),
        Err(errors) => Err(format!("{errors:?}")),
    }
}

/// What of the two SLOs is not the same.
fn differences(before: &Slo, text: &str) -> Result<Vec<String>, String> {
    let mut diagnostics = Diagnostics::new();
    let slos = slowburn::spec::read_slos("again.yaml", text.as_bytes(), &|_| None, &mut diagnostics);
    let [after] = &slos[..] else { return Err(format!("{}\n{text}", diagnostics.to_text())) };
    let mut found = Vec::new();
    let mut compare = |what: &str, before: String, after: String| {
        // A dollar before a variable is the sign that it is none.
        if before.replace("$${", "${") != after {
            found.push(format!("{what}: {before} became {after}"));
        }
    };
    compare("id", before.id.to_string(), after.id.to_string());
    compare("description", before.description.clone(), after.description.clone());
    compare("labels", format!("{:?}", before.labels), format!("{:?}", after.labels));
    compare("objective", format!("{:?}", before.objective), format!("{:?}", after.objective));
    compare("by", format!("{:?}", before.by), format!("{:?}", after.by));
    compare("counts", format!("{:?}", counts(&before.indicator)), format!("{:?}", counts(&after.indicator)));
    if before.indicator.kind() != "events" {
        compare("kind", before.indicator.kind().to_owned(), after.indicator.kind().to_owned());
    }
    compare("warnings of annotations", String::new(), annotation_warnings(&diagnostics));
    compare("words", format!("{:?}", words(before)), format!("{:?}", words(after)));
    // What is rounded says so.
    if !text.contains("rounded to") {
        compare("window", before.window.to_string(), after.window.to_string());
        compare("slices", slices(before), slices(after));
        compare("pairs", format!("{:?}", pairs(before)), format!("{:?}", pairs(after)));
    }
    if !text.contains("alert on missing data") {
        compare("no data", format!("{:?}", before.policy.no_data), format!("{:?}", after.policy.no_data));
    }
    Ok(found)
}

fn annotation_warnings(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(ToString::to_string).filter(|text| text.contains("slowburn/")).collect()
}

#[test]
fn every_slo_of_the_corpus_comes_back_from_openslo() {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("slos");
    let own = own.read_dir().unwrap().flat_map(|entry| read(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
    let all: Vec<Arc<Slo>> = corpus_slos().into_iter().map(|(_, slo)| Arc::new(slo)).chain(own).collect();
    assert!(all.len() > 85, "{}", all.len());
    let mut wrong = Vec::new();
    for slo in &all {
        match back(slo) {
            Ok(Some(text)) => match differences(slo, &text) {
                Ok(found) if found.is_empty() => {}
                found => wrong.push(format!("{} ({}): {found:#?}", slo.id, slo.source)),
            },
            other => wrong.push(format!("{}: {other:?}", slo.id)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), all.len(), wrong.join("\n\n"));
    assert_promql(&export(Format::OpenSlo, &all).unwrap().text);
}

/// The queries are Prometheus's own language, too.
fn assert_promql(text: &str) {
    let documents: Vec<Value> = serde_yaml::from_multiple(text).unwrap();
    let ratios = documents.iter().map(|document| &document["spec"]["indicator"]["spec"]["ratioMetric"]);
    let queries = ratios.flat_map(|ratio| ["bad", "total"].map(|kind| &ratio[kind]["metricSource"]["spec"]["query"]));
    let queries: Vec<&str> = queries.filter_map(Value::as_str).collect();
    assert!(queries.len() > 150, "{}", queries.len());
    let rule = |(i, query): (usize, &&str)| json!({"record": format!("query:{i}"), "expr": query});
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rules.yaml"), json!({"groups": [{"name": "g", "rules": rules}]}).to_string())
        .unwrap();
    let (passed, said) = promtool(&["check", "rules", "rules.yaml"], dir.path());
    assert!(passed, "{said}");
}

/// Windows that are the same, also once they are rounded, need no annotation.
#[test]
fn one_window_comes_back_as_one_without_a_warning() {
    for (long, short, expected) in
        [("1h", "none", (3600, 3600)), ("89s", "70s", (60, 60)), ("90s", "70s", (120, 70)), ("1h", "5m", (3600, 300))]
    {
        let alerting =
            format!("alerting: {{page: [{{long: {long}, short: {short}, factor: 2}}], ticket: {{disable: true}}}}");
        let slo = format!("  - {{name: b, objective: 99, window: 30d, sli: {{scrape: {{job: x}}}}, {alerting}}}");
        let before = read(&format!("version: slowburn/v1\nservice: a\nslos:\n{slo}\n"));
        let text = export(Format::OpenSlo, &before).unwrap().text;
        let mut diagnostics = Diagnostics::new();
        let after = slowburn::spec::read_slos("again.yaml", text.as_bytes(), &|_| None, &mut diagnostics);
        assert_eq!(diagnostics.to_text(), "", "{text}");
        let windows: Vec<_> = pairs(&after[0]).into_iter().map(|(_, long, short, ..)| (long, short)).collect();
        assert_eq!(windows, [expected], "{long} {short}");
    }
}

/// The SLO with counters only, or with gauges only, since OpenSLO holds one of the two.
fn of_one_kind(mut slo: Slo, growth: bool) -> Slo {
    if let Indicator::Terms { terms, .. } = &mut slo.indicator {
        for term in terms {
            match (growth, term.tally) {
                (true, _) => term.tally = Tally::Growth,
                (false, Tally::Growth) => term.tally = Tally::Samples,
                _ => {}
            }
        }
    }
    slo
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_slo_comes_back_from_openslo(slo in slo(), growth: bool) {
        let slo = of_one_kind(slo, growth);
        if let Some(text) = back(&slo).map_err(TestCaseError::fail)? {
            let found = differences(&slo, &text).map_err(TestCaseError::fail)?;
            prop_assert!(found.is_empty(), "{:#?}\n{}", found, text);
        }
    }
}

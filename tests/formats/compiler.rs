//! PromQL to terms: what each query counts, and what is said about those that can't be counted.

use super::summary::indicator;
use slowburn::domain::slo::{CompareOp, Comparison, Part};
use slowburn::spec::promql::{Bare, Compiled, Refusal, Refused, events, ratio, threshold};

fn outcome(compiled: Result<Compiled, Refusal>) -> String {
    match compiled {
        Ok(compiled) if compiled.by.is_empty() => indicator(&compiled.indicator),
        Ok(compiled) => format!("{} by {}", indicator(&compiled.indicator), compiled.by.join(",")),
        Err(refusal) => {
            let at = refusal.offset.map_or("?".to_owned(), |offset| offset.to_string());
            format!("{at}: {}: {}", refusal.expression, refusal.why)
        }
    }
}

fn check(rows: &[(&str, &str)], compile: impl Fn(&str) -> Result<Compiled, Refusal>) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(query, expected)| (query, expected, outcome(compile(query))))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(query, expected, found)| format!("{query}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Queries of the share of bad events that mean something to slowburn.
const COUNTED: &[(&str, &str)] = &[
    ("sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))", "Bad e of t"),
    ("1 - sum(rate(g[{{ .window }}])) / sum(rate(t[{{.window}}]))", "Good g of t"),
    ("(sum(rate(t[$__interval])) - sum(rate(g[$__rate_interval]))) / sum(rate(t[${__range}]))", "Good g of t"),
    ("-(sum(rate(g[5m])) - sum(rate(t[5m]))) / sum(rate(t[5m]))", "Good g of t"),
    ("sum(rate(e[5m])) / sum(rate(t[5m])) * 100 / 100", "Bad e of t"),
    ("sum(irate({__name__=\"e\"}[5m])) / sum(irate(t[5m]))", "Bad e of t"),
    ("sum(rate({\"http.requests\", a=\"b\"}[5m])) / sum(rate(t[5m]))", "Bad {\"http.requests\",a=\"b\"} of t"),
    ("rate(e[5m]) / rate(t[5m])", "Bad e of t"),
    (
        "(sum(rate(a[5m])) + sum(rate(b[5m]))) / (sum(rate(a[5m])) + sum(rate(b[5m])) + sum(rate(c[5m])))",
        "Terms a total 1 bad 1; b total 1 bad 1; c total 1 bad 0",
    ),
    (
        "((sum(rate(a[5m])) or vector(0)) + 2 * sum(rate(b[5m]))) / (sum(rate(t[5m])) > 0)",
        "Terms t total 1 bad 0; a total 0 bad 1; b total 0 bad 2",
    ),
    ("sum(rate(e[5m])) / (sum(rate(t[5m])) or vector(0.00000001))", "Bad e of t"),
    ("sum(rate(e[5m])) / sum(rate(t[5m])) or on() vector(0)", "Bad e of t"),
    ("1 - (sum(rate(g[5m])) / sum(rate(t[5m])) or vector(1))", "Good g of t"),
    ("clamp_min(1 - sum(rate(g[5m])) / sum(rate(t[5m])), 0)", "Good g of t"),
    ("scalar(sum(rate(e[5m]))) / scalar(sum(rate(t[5m])))", "Bad e of t"),
    // Groups.
    ("sum by (route) (increase(e[5m])) / sum by (route) (increase(t[5m]))", "Bad e of t by route"),
    ("sum(rate(e[5m])) by (a, b) / on (a, b) sum(rate(t[5m])) by (b, a)", "Bad e of t by a,b"),
    ("sum by (a) (sum by (a, b) (rate(e[5m]))) / sum without (b) (sum by (a, b) (rate(t[5m])))", "Bad e of t by a"),
    ("sum(sum without (pod) (rate(e[5m]))) / sum(sum by (q) (rate(t[5m])))", "Bad e of t"),
    // Histograms.
    (
        "1 - (sum(rate(x_bucket{job=\"a\",le=\"0.3\"}[5m])) / sum(rate(x_count{job='a'}[5m])))",
        "Latency x{job=\"a\"} <= 0.3",
    ),
    // Clients write whole boundaries in different ways.
    ("1 - sum(rate(x_bucket{le=~\"5|5\\\\.0\"}[5m])) / sum(rate(x_count[5m]))", "Latency x <= 5"),
    ("1 - sum(rate(x_bucket{le=~\"5|10\"}[5m])) / sum(rate(x_count[5m]))", "Good x_bucket{le=~\"5|10\"} of x_count"),
    (
        "(sum(rate(x_bucket{le=\"+Inf\"}[5m])) - sum(rate(x_bucket{le=\"1\"}[5m]))) / sum(rate(x_bucket{le=\"+Inf\"}[5m]))",
        "Latency x <= 1",
    ),
    (
        "sum(rate(c_count[5m]) - ignoring(le) rate(c_bucket{le=\"0.3\"}[5m])) / sum(rate(c_count[5m]))",
        "Latency c <= 0.3",
    ),
    (
        "1 - sum(rate(x_bucket{le=\"1\",code=\"200\"}[5m])) / sum(rate(x_count[5m]))",
        "Good x_bucket{le=\"1\",code=\"200\"} of x_count",
    ),
    // No duration is zero, so this is no latency.
    ("1 - sum(rate(x_bucket{le=\"0\"}[5m])) / sum(rate(x_count[5m]))", "Good x_bucket{le=\"0\"} of x_count"),
    // Gauges.
    (
        "1 - sum(sum_over_time(g[5m])) / sum(count_over_time(g[5m]))",
        "Terms samples g total 1 bad 1; values g total 0 bad -1",
    ),
    ("1 - avg_over_time(g[5m])", "Terms samples g total 1 bad 1; values g total 0 bad -1"),
    ("1 - avg_over_time((g > bool 0.5)[5m:])", "Terms samples g total 1 bad 1; where(> 0.5) g total 0 bad -1"),
    (
        "sum_over_time((count(g < 0.75) or vector(0))[5m:]) / sum_over_time(count(g)[5m:])",
        "Terms samples g total 1 bad 0; where(< 0.75) g total 0 bad 1",
    ),
    ("avg_over_time((0.5 >= bool g)[5m:1m])", "Terms samples g total 1 bad 0; where(<= 0.5) g total 0 bad 1"),
    (
        "sum(count_over_time((g == 3)[5m:])) / sum(count_over_time(g[5m:]))",
        "Terms samples g total 1 bad 0; where(== 3) g total 0 bad 1",
    ),
    (
        "sum_over_time(sum(1 - g)[5m:]) / sum_over_time(count(g)[5m:])",
        "Terms samples g total 1 bad 1; values g total 0 bad -1",
    ),
    // Attempts to scrape.
    ("1 - avg_over_time(up{job=\"x\"}[5m])", "Scrape {job=\"x\"}"),
    ("1 - avg_over_time((sum(up{job='x'}) / count(up{job='x'}))[5m:1m])", "Scrape {job=\"x\"}"),
    (
        "sum(count_over_time((up{job=\"x\"} == 0)[5m:])) / sum(count_over_time((up{job=\"x\"})[5m:]))",
        "Scrape {job=\"x\"}",
    ),
];

#[test]
fn queries_that_count_events_are_compiled() {
    check(COUNTED, |query| ratio(query, Part::Bad, Bare::Refused));
}

/// Queries that no count of events can tell, with the place and the part to blame.
const REFUSED: &[(&str, &str)] = &[
    ("", "?: : the query is empty"),
    ("((((", "0: ((((: not PromQL: unclosed left parenthesis"),
    ("vector(1)[{{.window}}]", "0: vector(1)[{{.window}}]: not PromQL: ranges only allowed for vector selectors"),
    ("sum(rate(e[{{.win}}]))", "11: {{.win}}: slowburn knows no such template"),
    (
        "1 - histogram_share(0.2, sum by (vmrange) (rate(x_bucket[5m])))",
        "4: histogram_share: not PromQL: unknown function with name 'histogram_share'",
    ),
    (
        "histogram_quantile(0.9, sum(rate(x_bucket[5m])) by (le))",
        "0: histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))): a quantile is no share of events",
    ),
    ("5", "0: 5: this is no share of events"),
    ("sum(rate(e[5m]))", "0: sum(rate(e[5m])): this is no share of events"),
    (
        "slo:ratio{w=\"{{.window}}\"}",
        "0: slo:ratio{w=\"{{.window}}\"}: this asks for a series that some rule records for each window, which no target shows",
    ),
    (
        "1 - sum(x_bucket{le=\"1\"}) / sum(x_count)",
        "8: x_bucket{le=\"1\"}: a series without rate() or increase() is a state, not a number of events",
    ),
    (
        "sum(rate(e[5m])) / sum by (x) (rate(t[5m]))",
        "0: sum(rate(e[5m])) / sum by (x) (rate(t[5m])): the two sides do not have the same labels",
    ),
    (
        "sum by (x, y) (rate(e[5m])) / on (x) group_left sum by (x) (rate(t[5m]))",
        "0: sum by (x, y) (rate(e[5m])) / on (x) group_left () sum by (x) (rate(t[5m])): the two sides do not have the same labels",
    ),
    (
        "sum without (pod) (rate(e[5m])) / sum without (pod) (rate(t[5m]))",
        "0: sum without (pod) (rate(e[5m])) / sum without (pod) (rate(t[5m])): `without` leaves labels that nobody names, and each of their values would be a budget",
    ),
    (
        "sum(rate(e[5m])) / (sum(rate(t[5m])) + 1)",
        "0: sum(rate(e[5m])) / (sum(rate(t[5m])) + 1): a plain number is added to the events below",
    ),
    (
        "sum(rate(e[5m] offset 5m)) / sum(rate(t[5m]))",
        "9: e[5m] offset 5m: a window that is moved by offset or @ can't be counted",
    ),
    (
        "sum(rate(e[5m])) / sum(increase(t[5m]))",
        "0: sum(rate(e[5m])) / sum(increase(t[5m])): the two sides count in different units (per second, events, samples)",
    ),
    ("sum(rate(a[5m]) / rate(b[5m]))", "0: sum(rate(a[5m]) / rate(b[5m])): a sum of ratios is no share of events"),
    (
        "sum(rate(g[5m])) / sum(rate(t[5m])) or vector(1)",
        "0: sum(rate(g[5m])) / sum(rate(t[5m])) or vector(1): missing data is counted as errors here, and missing data is no event",
    ),
    (
        "(sum(rate(a[5m])) or vector(3)) / sum(rate(b[5m]))",
        "1: sum(rate(a[5m])) or vector(3): events that nothing counted are made up here",
    ),
    ("topk(1, rate(a[5m])) / sum(rate(b[5m]))", "0: topk(1, rate(a[5m])): topk() does not add up events"),
    (
        "sum(rate({__name__=~\"e.*\"}[5m])) / sum(rate(t[5m]))",
        "9: {__name__=~\"e.*\"}[5m]: the selector names no metric",
    ),
    ("absent(x)", "0: absent(x): absent() tells of missing data, and missing data is no event"),
    (
        "1 - sum(sum_over_time(up[5m])) / sum(rate(t[5m]))",
        "4: sum(sum_over_time(up[5m])) / sum(rate(t[5m])): the two sides count in different units (per second, events, samples)",
    ),
    (
        "sum(sum_over_time(up[5m])) / sum(count_over_time(up[5m]))",
        "0: sum(sum_over_time(up[5m])) / sum(count_over_time(up[5m])): `up` is no series of a target: slowburn knows whether its scrapes succeed, but adds nothing to that",
    ),
    (
        "sum_over_time(sum(rate(x[5m]))[{{.window}}:]) / 3",
        "18: rate(x[5m]): a rate inside a subquery counts events several times",
    ),
    (
        "max_over_time(g[5m]) / count_over_time(g[5m])",
        "0: max_over_time(g[5m]): max_over_time() can't be told by counting events",
    ),
    (
        "sum(rate(e[5m])) / sum(rate(t[5m])) > 0.5",
        "0: sum(rate(e[5m])) / sum(rate(t[5m])) > 0.5: a comparison of counts is no number of events",
    ),
    (
        "sum(rate(a[5m])) * sum(rate(b[5m]))",
        "0: sum(rate(a[5m])) * sum(rate(b[5m])): a product of counts is no number of events",
    ),
    (
        "sum(rate(a[5m])) unless sum(rate(b[5m]))",
        "0: sum(rate(a[5m])) unless sum(rate(b[5m])): `unless` can't be told by counting events",
    ),
    (
        "sum(rate(a[5m]) and on (pod) up == 1) / sum(rate(b[5m]))",
        "4: rate(a[5m]) and on (pod) up == 1: `and` can't be told by counting events",
    ),
    ("sum(rate(a[5m])) / 0", "0: sum(rate(a[5m])) / 0: this divides by zero"),
    (
        "-sum(rate(a[5m])) / -sum(rate(a[5m]))",
        "0: -sum(rate(a[5m])) / -sum(rate(a[5m])): all events are subtracted from the total",
    ),
    ("sum(rate(a[2100e073])) / sum(rate(b[5m]))", "11: 2100e073: no duration is that long"),
    ("sum(rate(a[5m] offset -NaN)) / sum(rate(b[5m]))", "23: NaN: no duration is that long"),
    (
        "sum(rate(e[5m])) * 1e308 * 10 / sum(rate(t[5m]))",
        "0: sum(rate(e[5m])) * 1e308 * 10 / sum(rate(t[5m])): its factors are beyond what numbers hold",
    ),
    (
        "sum(rate(e[5m])) * 1e308 / (sum(rate(t[5m])) / 1e10)",
        "0: sum(rate(e[5m])) * 1e308 / (sum(rate(t[5m])) / 1e10): its factors are beyond what numbers hold",
    ),
];

#[test]
fn queries_that_count_nothing_are_refused_with_the_part_to_blame() {
    check(REFUSED, |query| ratio(query, Part::Bad, Bare::Refused));
}

/// The mend counts what the query meant.
#[test]
fn refusals_advise_what_means_the_same() {
    for (query, help) in [
        (
            "sum(rate(a[5m]) and on (pod) up == 1) / sum(rate(b[5m]))",
            "choose the series by their own labels, as in a{pod=~\"…\"}",
        ),
        (
            "sum(rate(a[5m]) or rate(b[5m])) / sum(rate(c[5m]))",
            "write `or vector(0)`; where no target has both series, + counts the same",
        ),
    ] {
        assert_eq!(ratio(query, Part::Bad, Bare::Refused).unwrap_err().help, help, "{query}");
    }
}

/// Whatever its size or depth, a query is answered.
#[test]
fn large_queries_are_refused_before_they_are_parsed() {
    for (name, query, why) in [
        ("deep", format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000)), "the query is longer than 16 KiB"),
        ("less deep", format!("{}x{}", "(".repeat(2_000), ")".repeat(2_000)), "the query has more than 600 parts"),
        ("wide", vec!["x"; 2_000].join("+"), "the query has more than 600 parts"),
        ("negative", format!("{}x", "-".repeat(5_000)), "the query has more than 600 parts"),
        ("long", format!("x{{a=\"{}\"}}", "b".repeat(20_000)), "the query is longer than 16 KiB"),
    ] {
        assert_eq!(ratio(&query, Part::Bad, Bare::Refused).unwrap_err().why, why, "{name}");
    }
    let most = vec!["sum(rate(x[5m]))"; 50].join("+");
    assert!(ratio(&format!("({most}) / sum(rate(x[5m]))"), Part::Bad, Bare::Refused).is_ok());
}

#[test]
fn two_queries_must_fit_each_other() {
    let all = "sum(rate(t[5m]))";
    for (name, part, total, expected) in [
        ("fit", "sum(rate(e[5m]))", all, "Bad e of t"),
        (
            "other labels",
            "sum by (a) (rate(e[5m]))",
            all,
            "part 0: this query and the one of all events do not have the same labels, so Prometheus would find nothing",
        ),
        (
            "other units",
            "sum(increase(e[5m]))",
            all,
            "part 0: the bad events and all events are in different units (per second, events, samples)",
        ),
        (
            "a ratio",
            "sum(rate(e[5m])) / sum(rate(t[5m]))",
            all,
            "part 0: this is a ratio, and a number of events is wanted",
        ),
        ("no total", "sum(rate(e[5m]))", "vector(1)", "total 0: there are no events in this"),
        (
            "a bad total",
            "sum(rate(e[5m]))",
            "sum(x)",
            "total 4: a series without rate() or increase() is a state, not a number of events",
        ),
        (
            "less than none",
            "-sum(rate(e[5m]))",
            all,
            "part 1: all of the bad events are subtracted, so there would be fewer than none",
        ),
        ("never bad", "vector(0)", all, "Terms t total 1 bad 0"),
    ] {
        let found = match events(part, Part::Bad, total, Bare::Refused) {
            Ok(compiled) => indicator(&compiled.indicator),
            Err(Refused::Part(refusal)) => format!("part {}: {}", refusal.offset.unwrap_or(9999), refusal.why),
            Err(Refused::Total(refusal)) => format!("total {}: {}", refusal.offset.unwrap_or(9999), refusal.why),
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn selectors_without_functions_are_what_the_format_says() {
    for (bare, expected) in
        [(Bare::Counters, "Good g of t"), (Bare::Gauges, "Terms values t total 1 bad 1; values g total 0 bad -1")]
    {
        let compiled = events("sum(g)", Part::Good, "sum(t)", bare).unwrap();
        assert_eq!(indicator(&compiled.indicator), expected);
    }
    for (part, total, expected) in [
        ("count(g) - sum(g <= bool 0.7)", "count(g)", "Terms samples g total 1 bad 1; where(<= 0.7) g total 0 bad -1"),
        (
            "sum by (a) (g < bool 1)",
            "count by (a) (g)",
            "Terms samples g total 1 bad 0; where(< 1) g total 0 bad 1 by a",
        ),
        ("count(g < 1)", "count(g)", "Terms samples g total 1 bad 0; where(< 1) g total 0 bad 1"),
        ("count(up{job=\"j\"}) - sum(up{job=\"j\"})", "count(up{job=\"j\"})", "Scrape {job=\"j\"}"),
        ("sum(g > 0)", "sum(t)", "Terms values t total 1 bad 0; values g total 0 bad 1"),
        ("avg(sum(g))", "sum(t)", "Terms values t total 1 bad 0; values g total 0 bad 1"),
        // A range under it: this would count series, and slowburn counts samples.
        ("count(sum_over_time(g[5m]))", "count(g)", "0: count(sum_over_time(g[5m])): count() does not add up events"),
        (
            "sum(sum_over_time(g[5m]) < bool 1)",
            "count(g)",
            "4: sum_over_time(g[5m]) < bool 1: a comparison of counts is no number of events",
        ),
    ] {
        let found = outcome(events(part, Part::Bad, total, Bare::Gauges).map_err(|refused| match refused {
            Refused::Part(refusal) | Refused::Total(refusal) => refusal,
        }));
        assert_eq!(found, expected, "{part}");
    }
    let share = ratio("my_share{a=\"b\"}", Part::Good, Bare::Gauges).unwrap();
    assert_eq!(
        indicator(&share.indicator),
        "Terms samples my_share{a=\"b\"} total 1 bad 1; values my_share{a=\"b\"} total 0 bad -1"
    );
}

#[test]
fn thresholds_are_held_against_samples() {
    let good = Comparison { op: CompareOp::Less, with: 500.0 };
    check(
        &[
            (
                "latency_ms{a=\"b\"}",
                "Terms samples latency_ms{a=\"b\"} total 1 bad 1; where(< 500) latency_ms{a=\"b\"} total 0 bad -1",
            ),
            ("sum by (a) (lag)", "Terms samples lag total 1 bad 1; where(< 500) lag total 0 bad -1 by a"),
            (
                "sum(min_over_time(lag[2m]))",
                "4: min_over_time(lag[2m]): min_over_time() can't be told by counting events",
            ),
            ("a + b", "0: a + b: a threshold can be held against a gauge's own samples only"),
        ],
        |query| threshold(query, good),
    );
}

/// What is read otherwise than Prometheus would read it is said.
#[test]
fn differences_are_noted() {
    for (query, part_of_note) in [
        ("sum(irate(e[5m])) / sum(irate(t[5m]))", "irate()"),
        ("rate(e[5m]) / rate(t[5m])", "all series are added up"),
        ("sum(rate(e[5m])) / (sum(rate(t[5m])) > 0)", "the comparison in `sum(rate(t[5m])) > 0` is left out"),
        ("sum(rate(e[5m])) / sum(rate(t[5m])) or vector(0)", "`or vector(…)` is left out"),
        ("avg_over_time((g < bool 1)[5m:])", "instead of each step of a subquery"),
        ("sum(rate(e[5m])) / sum(rate(t[{{.window}}]))", "the range of e[5m] is not used"),
    ] {
        let notes = ratio(query, Part::Bad, Bare::Refused).unwrap().notes;
        assert!(notes.iter().any(|note| note.contains(part_of_note)), "{query}: {notes:?}");
    }
}

//! What is read from files without mistakes, field by field.

use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::calendar::{Calendar, Period};
use slowburn::domain::labels::Labels;
use slowburn::domain::ratio::Ratio;
use slowburn::domain::slo::*;
use slowburn::domain::time::Timestamp;
use slowburn::spec::read_slos;
use std::time::Duration;

pub const EVERYTHING: &str = include_str!("everything.yaml");

pub fn env(name: &str) -> Option<String> {
    match name {
        "TEAM" => Some("orders".to_owned()),
        "OBJECTIVE" => Some("99.95".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Vec<Slo> {
    let mut diagnostics = Diagnostics::new();
    let slos = read_slos("slos/all.yaml", text.as_bytes(), &env, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    slos
}

fn one(name: &str) -> Slo {
    read(EVERYTHING).into_iter().find(|slo| slo.id.name == name).unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).unwrap()
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn pair(severity: Severity, long: u64, short: u64, factor: Ratio, guards: (u64, u64, f64)) -> Pair {
    Pair {
        severity,
        long: Duration::from_secs(long),
        short: Duration::from_secs(short),
        factor,
        r#for: Duration::from_secs(guards.0),
        keep_firing_for: Duration::from_secs(guards.1),
        min_bad_events: guards.2,
    }
}

#[test]
fn every_key_is_read() {
    let slo = one("availability");
    assert_eq!(slo.id.to_string(), "checkout/availability");
    assert_eq!(slo.description, "Checkout requests succeed.");
    assert_eq!(slo.labels, labels(&[("team", "payments"), ("tier", "0"), ("page_me", "true")]));
    assert_eq!(slo.objective.budget(), Ratio::new(1, 1000).unwrap());
    assert_eq!(
        slo.window,
        SloWindow::Calendar(Calendar { period: Period::Month, time_zone: chrono_tz::Europe::Paris })
    );
    assert_eq!(slo.by, ["route", "method"]);
    let Indicator::Events { total, part, part_is } = slo.indicator else { panic!("{:?}", slo.indicator) };
    assert_eq!(total.to_string(), r#"http_requests_total{job="checkout"}"#);
    assert_eq!(part.to_string(), r#"http_requests_total{job="checkout",code=~"5.."}"#);
    assert_eq!(part_is, Part::Bad);
    let slices = Timeslices { slice: Duration::from_secs(60), target: ratio("97.5"), verdict: SliceVerdict::Whole };
    assert_eq!(slo.timeslices, Some(slices));
    let start = Timestamp::parse("2026-06-13T20:00:00Z").unwrap();
    let end = Timestamp::parse("2026-06-14T00:00:00Z").unwrap();
    assert_eq!(slo.maintenance, [Maintenance { start, end, reason: "Database upgrade".to_owned() }]);
    assert_eq!(slo.source, "slos/all.yaml:6");
}

#[test]
fn every_key_of_alerting_is_read() {
    let policy = one("availability").policy;
    let common = (10 * MINUTE, HOUR, 20.0);
    assert_eq!(
        policy.pairs,
        [
            pair(Severity::Page, HOUR, 5 * MINUTE, ratio("14.4"), (2 * MINUTE, 10 * MINUTE, 5.0)),
            pair(Severity::Page, 6 * HOUR, 30 * MINUTE, ratio("6"), (0, 0, 10.0)),
            pair(Severity::Ticket, 24 * HOUR, 2 * HOUR, ratio("3"), common),
            pair(Severity::Ticket, 72 * HOUR, 6 * HOUR, ratio("1"), common),
        ]
    );
    assert_eq!(policy.measure, Measure::BudgetSpent);
    assert_eq!(policy.no_data, NoData { after: Duration::from_secs(10 * MINUTE), severity: Some(Severity::Ticket) });
    assert_eq!(
        policy.budget,
        [
            BudgetAlert { consumed: ratio("75"), severity: Severity::Ticket },
            BudgetAlert { consumed: ratio("110"), severity: Severity::Page }
        ]
    );
    assert_eq!(policy.runbook_url.as_deref(), Some("https://runbooks.example.com/checkout"));
    assert_eq!(policy.labels, labels(&[("channel", "checkout")]));
    assert_eq!(policy.annotations, labels(&[("dashboard", "https://grafana.example.com/d/1")]));
}

#[test]
fn a_severity_can_be_disabled_and_its_pairs_replaced() {
    let slo = one("latency");
    assert_eq!(slo.policy.pairs, [pair(Severity::Ticket, 24 * HOUR, HOUR, ratio("2"), (0, 0, 0.0))]);
    let Indicator::Latency { histogram, threshold, threshold_text } = slo.indicator else {
        panic!("{:?}", slo.indicator)
    };
    assert_eq!(histogram.to_string(), r#"http_request_duration_seconds{job="checkout"}"#);
    assert_eq!((threshold, threshold_text.as_str()), (0.3, "300ms"));
}

#[test]
fn what_is_left_out_has_its_default() {
    let slo = one("uptime");
    assert_eq!(slo.description, "");
    assert_eq!(slo.labels, Labels::new());
    assert_eq!(slo.objective.percent(), ratio("99.95"));
    assert_eq!(slo.by, Vec::<String>::new());
    assert_eq!((slo.timeslices, slo.maintenance), (None, Vec::new()));
    assert_eq!(
        slo.policy,
        Policy {
            pairs: vec![
                pair(Severity::Page, HOUR, 5 * MINUTE, ratio("13.44"), (0, 0, 0.0)),
                pair(Severity::Page, 6 * HOUR, 30 * MINUTE, ratio("5.6"), (0, 0, 0.0)),
                pair(Severity::Ticket, 24 * HOUR, 2 * HOUR, ratio("2.8"), (0, 0, 0.0)),
                pair(Severity::Ticket, 72 * HOUR, 6 * HOUR, Ratio::new(14, 15).unwrap(), (0, 0, 0.0)),
            ],
            measure: Measure::BurnRate,
            no_data: NoData { after: Duration::from_secs(5 * MINUTE), severity: None },
            budget: Vec::new(),
            runbook_url: None,
            labels: Labels::new(),
            annotations: Labels::new(),
            of_severity: Default::default(),
        }
    );
}

#[test]
fn documents_are_independent_and_variables_are_read_from_the_environment() {
    let ids: Vec<String> = read(EVERYTHING).iter().map(|slo| slo.id.to_string()).collect();
    assert_eq!(
        ids,
        ["checkout/availability", "checkout/latency", "orders-api/uptime", "orders-api/success", "probes/sums"]
    );
    let Indicator::Scrape { targets } = one("uptime").indicator else { panic!() };
    assert!(targets.matches(&labels(&[("job", "checkout"), ("env", "prod"), ("instance", "a")])));
    assert!(!targets.matches(&labels(&[("job", "checkout")])));
}

#[test]
fn good_events_may_be_named_instead_of_bad_ones() {
    let slo = one("success");
    let Indicator::Events { part, part_is, .. } = slo.indicator else { panic!() };
    assert_eq!((part.to_string().as_str(), part_is), (r#"rpc_total{code="OK"}"#, Part::Good));
    assert_eq!(slo.window, SloWindow::Rolling(Duration::from_secs(90 * 86_400)));
    assert_eq!(slo.policy.pairs[0].long, Duration::from_secs(3 * HOUR));
}

#[test]
fn the_definition_is_the_text_as_written_without_its_indentation_or_the_values_of_variables() {
    let expected = "name: uptime\nobjective: ${OBJECTIVE}\nwindow: 28d\nsli:\n  scrape: {job: checkout, env: prod}";
    assert_eq!(one("uptime").definition, expected);
    let windows_file = EVERYTHING.replace('\n', "\r\n");
    let uptime = read(&format!("\u{feff}{windows_file}")).into_iter().find(|slo| slo.id.name == "uptime").unwrap();
    assert_eq!(uptime.definition, expected);
}

#[test]
fn a_long_definition_is_cut() {
    let text = EVERYTHING.replace("Checkout requests succeed.", &"é".repeat(20_000));
    let definition = read(&text)[0].definition.clone();
    assert!(definition.len() < 17 << 10, "{}", definition.len());
    assert!(definition.ends_with("\n…"));
}

#[test]
fn thresholds_are_in_the_unit_of_the_histogram() {
    for (name, histogram, threshold, boundary) in [
        ("duration in seconds", "x_seconds", "300ms", 0.3),
        ("several units", "x_seconds", "1s500ms", 1.5),
        ("plain number", "x_seconds", "0.3", 0.3),
        ("plain number with an exponent", "x_seconds", "5e-05", 0.000_05),
        ("no unit in the name", "x", "2s", 2.0),
        ("milliseconds", "x_milliseconds", "300ms", 300.0),
        ("short for milliseconds", "x_ms", "1s", 1000.0),
        ("plain number of milliseconds", "x_ms", "300", 300.0),
        ("microseconds", "x_us", "300ms", 300_000.0),
        ("nanoseconds", "x_nanoseconds", "300ms", 300_000_000.0),
        ("minutes", "x_minutes", "90s", 1.5),
        ("bytes", "response_size_bytes", "1048576", 1_048_576.0),
    ] {
        let text = EVERYTHING
            .replace(r#"'http_request_duration_seconds{job="checkout"}'"#, histogram)
            .replace("300ms", threshold);
        let Indicator::Latency { threshold, .. } = &read(&text)[1].indicator else { panic!("{name}") };
        assert_eq!(*threshold, boundary, "{name}");
    }
}

/// Named windows with their pairs: long, short in seconds and factor.
#[test]
fn default_pairs_follow_the_slo_window() {
    let monthly = |factors: [&str; 4]| {
        [(HOUR, 300), (6 * HOUR, 1800), (24 * HOUR, 2 * HOUR), (72 * HOUR, 6 * HOUR)]
            .iter()
            .zip(factors)
            .map(|((long, short), factor)| (*long, *short, factor.to_owned()))
            .collect::<Vec<_>>()
    };
    let scaled = |windows: [(u64, u64); 4]| {
        windows
            .iter()
            .zip(["14.4", "6", "3", "1"])
            .map(|((long, short), factor)| (*long, *short, factor.to_owned()))
            .collect::<Vec<_>>()
    };
    for (window, expected) in [
        ("30d", monthly(["14.4", "6", "3", "1"])),
        ("28d", monthly(["13.44", "5.6", "2.8", "0.9333333333333333"])),
        ("4w", monthly(["13.44", "5.6", "2.8", "0.9333333333333333"])),
        ("31d", monthly(["14.88", "6.2", "3.1", "1.0333333333333334"])),
        ("{calendar: month}", monthly(["14.4", "6", "3", "1"])),
        ("7d", scaled([(840, 70), (5040, 420), (20_160, 1680), (60_480, 5040)])),
        ("{calendar: week}", scaled([(840, 70), (5040, 420), (20_160, 1680), (60_480, 5040)])),
        ("1d", scaled([(120, 10), (720, 60), (2880, 240), (8640, 720)])),
        ("90d", scaled([(10_800, 900), (64_800, 5400), (259_200, 21_600), (777_600, 64_800)])),
        ("{calendar: quarter}", scaled([(10_800, 900), (64_800, 5400), (259_200, 21_600), (777_600, 64_800)])),
        ("{calendar: year}", scaled([(43_800, 3650), (262_800, 21_900), (1_051_200, 87_600), (3_153_600, 262_800)])),
        ("1h", scaled([(5, 1), (30, 3), (120, 10), (360, 30)])),
    ] {
        let text = EVERYTHING.replace("window: 28d", &format!("window: {window}"));
        let pairs = read(&text)[2].policy.pairs.clone();
        let found: Vec<_> = pairs.iter().map(|p| (p.long.as_secs(), p.short.as_secs(), p.factor.to_string())).collect();
        assert_eq!(found, expected, "{window}");
    }
}

#[test]
fn the_example_of_the_reference_is_sound() {
    let page = std::fs::read_to_string("docs/slo-reference.md").unwrap();
    let (_, after) = page.split_once("## All at once\n\n```yaml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    assert_eq!(read(example).len(), 1);
}

#[test]
fn the_files_shipped_as_a_start_are_sound() {
    let mut names = Vec::new();
    for file in std::fs::read_dir("slos").unwrap() {
        let path = file.unwrap().path();
        let slos = read(&std::fs::read_to_string(&path).unwrap());
        names.extend(slos.into_iter().map(|slo| slo.id.to_string()));
    }
    names.sort();
    assert_eq!(
        names,
        [
            "api/contract",
            "checkout/availability",
            "checkout/availability-by-route",
            "checkout/latency",
            "checkout/latency-tail",
            "checkout/uptime",
            "invoices/monthly-run",
            "search/good-minutes",
        ]
    );
}

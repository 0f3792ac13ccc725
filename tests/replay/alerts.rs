//! When alerts change, and how budgets are told.

use super::run::{Recording, status, transitions};

const OK: &str = r#"r_total{code="200"}"#;
const BAD: &str = r#"r_total{code="500"}"#;

fn slo(objective: &str, rest: &str) -> String {
    format!(
        "  - name: a\n    objective: {objective}\n    sli: {{events: {{total: r_total, bad: 'r_total{{code=\"500\"}}'}}}}\n{rest}"
    )
}

/// 100 good events each 15 s; from `from` to `to` (samples) also `bad` bad ones.
fn incident(samples: usize, from: usize, to: usize, bad: f64) -> Recording {
    let good: Vec<f64> = (0..samples).map(|i| 100.0 * i as f64).collect();
    let errors: Vec<f64> = (0..samples).map(|i| bad * (i.clamp(from, to) - from) as f64).collect();
    Recording::new().series(0, OK, &good).series(0, BAD, &errors)
}

const PAGE_1H: &str =
    "    window: 30d\n    alerting: {ticket: {disable: true}, page: [{long: 1h, short: 5m, factor: 14.4}]}\n";

#[test]
fn a_pair_fires_when_both_windows_exceed_the_factor_and_resolves_with_the_short_one() {
    // 99 %: 14.4 × needs more than 14.4 % bad. 100 bad of 200 from sample 240 on: after k samples 100k/(24000+…) …
    let got = transitions(&slo("99", PAGE_1H), &incident(400, 240, 320, 100.0));
    // Long window: 24 000 + 100k events, 100k bad: above 14.4 % from k = 41 (4100 / 28100 = 14.59 %).
    // Short window after the end at 320: 20 samples; bad share 100m/(2000+100m) with m left; 14.4 % at m = 3.4.
    assert_eq!(got, ["t+4215 page inactive->firing 1h/5m", "t+5055 page firing->inactive 1h/5m"]);
}

#[test]
fn exactly_the_factor_does_not_fire() {
    let pair = "    window: 30d\n    alerting: {ticket: {disable: true}, page: [{long: 10m, short: 5m, factor: 10}]}\n";
    let changes = |bad: f64| {
        let counter = |step: f64| (0..80).map(|i| step * f64::from(i)).collect::<Vec<_>>();
        let recording = Recording::new().series(0, OK, &counter(90.0)).series(0, BAD, &counter(bad));
        transitions(&slo("99", pair), &recording).len()
    };
    assert_eq!(changes(10.0), 0, "10 % bad is a burn rate of exactly 10");
    assert_eq!(changes(11.0), 1);
}

#[test]
fn for_and_keep_firing_for_delay_both_ends() {
    let pair = "    window: 30d\n    alerting: {ticket: {disable: true}, page: [{long: 10m, short: 5m, factor: 10, for: 1m, keep_firing_for: 2m}]}\n";
    let got = transitions(&slo("99", pair), &incident(160, 40, 60, 100.0));
    let (begin, end) = (40 * 15 + 75, 60 * 15 + 270);
    assert_eq!(got.len(), 3, "{got:?}");
    assert_eq!(got[0], format!("t+{begin} page inactive->pending 10m/5m"));
    assert_eq!(got[1], format!("t+{} page pending->firing 10m/5m", begin + 60));
    assert_eq!(got[2], format!("t+{} page firing->inactive 10m/5m", end + 120));
}

#[test]
fn not_measured_is_not_quiet() {
    let burning = |samples: usize| incident(samples, 0, samples, 100.0);
    let pair = "    window: 30d\n    alerting: {ticket: {disable: true}, page: [{long: 10m, short: 5m, factor: 10}], no_data: {after: 20m, severity: ticket}}\n";
    let gap = burning(60).series(7200, OK, &[6000.0, 6100.0]).series(7200, BAD, &[6000.0, 6000.0]);
    let got = transitions(&slo("99", pair), &gap);
    // The bridged gap holds 100 good and 100 bad events evenly over it, so the pair burns on until the short window is clean.
    assert_eq!(
        got[..2],
        [
            "t+15 page inactive->firing 10m/5m".to_owned(),
            format!("t+{} ticket inactive->firing SloNoData", 59 * 15 + 1200)
        ]
    );
    assert!(
        got.iter().all(|t| !t.contains("page firing->inactive") || t.starts_with("t+72")),
        "held through the gap: {got:?}"
    );
    assert!(got.contains(&"t+7200 ticket firing->inactive SloNoData".to_owned()), "{got:?}");
}

#[test]
fn low_traffic_guards_hold_back_a_handful_of_errors() {
    let three = || incident(80, 40, 43, 1.0);
    let quiet = |rest: &str| {
        transitions(&slo("99.99", &format!("    window: 30d\n    alerting: {{ticket: {{disable: true}}, page: [{{long: 10m, short: 5m, factor: 5}}]{rest}}}\n")), &three()).len()
    };
    assert_eq!(quiet(""), 2, "fires and resolves without a guard");
    assert_eq!(quiet(", min_bad_events: 4"), 0);
    assert_eq!(quiet(", measure: budget_spent"), 2, "at even traffic both measures agree");
}

#[test]
fn a_share_of_the_budget_that_is_spent_is_told() {
    let rest = "    window: 1h\n    alerting: {page: {disable: true}, ticket: {disable: true}, budget: [{consumed: 50, severity: ticket}]}\n";
    // 99 %: half the budget is 0.5 % of the window's events.
    let got = transitions(&slo("99", rest), &incident(100, 50, 55, 10.0));
    assert_eq!(
        got,
        ["t+795 ticket inactive->firing ErrorBudgetSpent", "t+1440 ticket firing->inactive ErrorBudgetSpent"]
            .map(str::to_owned)[..got.len()]
    );
    assert!(!got.is_empty());
}

#[test]
fn maintenance_takes_its_events_out() {
    let rest =
        "    window: 1h\n    maintenance: [{start: 2026-01-01T00:10:00Z, end: 2026-01-01T00:15:00Z, reason: move}]\n";
    // Bad events from 600 s to 900 s only.
    let status = status(&slo("99", rest), "", &incident(100, 40, 60, 50.0));
    assert_eq!((status["sli"]["bad"].as_f64(), status["sli"]["total"].as_f64()), (Some(0.0), Some(7900.0)));
    assert_eq!(status["budget"]["coverage"].as_f64(), Some((1485.0 - 300.0) / 3300.0));
}

#[test]
fn a_timeslice_budget_counts_slices() {
    let rest = "    window: 1h\n    budgeting: {timeslices: {slice: 1m, target: 95}}\n";
    // 25 full minutes; bad events in two of them (600..720 s): 10 of 110 are more than 5 %.
    let status = status(&slo("90", rest), "", &incident(101, 40, 48, 10.0));
    assert_eq!((status["sli"]["total"].as_f64(), status["sli"]["bad"].as_f64()), (Some(25.0), Some(2.0)));
    assert_eq!(status["budget"]["remaining"].as_f64(), Some(1.0 - 2.0 / 25.0 * 10.0));
}

#[test]
fn a_calendar_budget_begins_with_its_period() {
    // The recording begins 2026-01-01T00:00Z; in New York the month begins five hours later.
    let slo = |zone: &str| slo("99", &format!("    window: {{calendar: month, time_zone: {zone}}}\n"));
    let hours = |n: usize| Recording::new().series(0, OK, &(0..n * 240).map(|i| i as f64).collect::<Vec<_>>());
    let utc = status(&slo("UTC"), "", &hours(6));
    let york = status(&slo("America/New_York"), "", &hours(6));
    assert_eq!(utc["sli"]["total"].as_f64(), Some(1439.0));
    assert_eq!(york["sli"]["total"].as_f64(), Some(239.0));
    assert_eq!(york["window"]["start"], "2026-01-01T05:00:00Z");
    assert_eq!(york["window"]["end"], "2026-02-01T05:00:00Z");
    assert_eq!(york["budget"]["coverage"].as_f64(), Some(1.0));
}

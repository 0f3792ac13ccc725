//! The contract's section 4: what a counter's samples count.

use super::run::{Recording, START, status, statuses};

const EVENTS: &str = r#"
  - name: a
    objective: 99
    window: 30d
    sli: {events: {total: 'r_total', bad: 'r_total{code="500"}'}}
"#;

const OK: &str = r#"r_total{code="200"}"#;
const BAD: &str = r#"r_total{code="500"}"#;

#[test]
fn samples_count_as_the_contract_says() {
    let steady = || Recording::new().series(0, OK, &[100.0, 110.0, 120.0, 130.0]);
    let created = |at: i64| format!("{}", START + at);
    for (name, job, recording, total, bad) in [
        ("a target's first scrape is the baseline", "", steady(), 30.0, 0.0),
        ("the first error of a new label set counts", "", steady().series(30, BAD, &[3.0, 3.0]), 33.0, 3.0),
        (
            "a new series may be told to be a baseline",
            ", new_series: baseline",
            steady().series(30, BAD, &[3.0, 4.0]),
            31.0,
            1.0,
        ),
        ("a reset counts the new value", "", Recording::new().series(0, OK, &[100.0, 110.0, 4.0, 6.0]), 16.0, 0.0),
        ("a gap is bridged", "", steady().series(3600, OK, &[200.0]), 100.0, 0.0),
        (
            "a series that comes back continues",
            "",
            steady().series(15, BAD, &[5.0]).series(60, OK, &[140.0]).series(60, BAD, &[7.0]),
            47.0,
            7.0,
        ),
        (
            "NaN is no sample, no reset and no birth",
            "",
            steady().series(0, BAD, &[2.0, f64::NAN, f64::NAN, 3.0]),
            31.0,
            1.0,
        ),
        ("a series born as NaN is born at its first number", "", steady().series(15, BAD, &[f64::NAN, 3.0]), 33.0, 3.0),
        (
            "infinite and negative values are no samples",
            "",
            steady().series(0, BAD, &[2.0, f64::INFINITY, -1.0, 3.0]),
            31.0,
            1.0,
        ),
        (
            "a moved _created is a reset even where the value grew",
            "",
            Recording::new()
                .series(0, OK, &[100.0, 150.0])
                .sample(0, r#"r_created{code="200"}"#, &created(-50))
                .sample(15, r#"r_created{code="200"}"#, &created(5)),
            150.0,
            0.0,
        ),
        (
            "a target born under watch counts from its birth",
            "",
            steady().sample(30, r#"r_total{instance="b:1",code="200"}"#, "7").sample(
                30,
                r#"r_created{instance="b:1",code="200"}"#,
                &created(20),
            ),
            37.0,
            0.0,
        ),
        (
            "a target born before the watch is a baseline",
            "",
            steady().sample(30, r#"r_total{instance="b:1",code="200"}"#, "7").sample(
                30,
                r#"r_created{instance="b:1",code="200"}"#,
                &created(-20),
            ),
            30.0,
            0.0,
        ),
        (
            "process_start counts only where the job says so",
            "",
            steady().sample(30, r#"r_total{instance="b:1",code="200"}"#, "7").sample(
                30,
                r#"process_start_time_seconds{instance="b:1"}"#,
                &created(20),
            ),
            30.0,
            0.0,
        ),
        (
            "process_start counts where the job says so",
            ", new_target: process_start",
            steady().sample(30, r#"r_total{instance="b:1",code="200"}"#, "7").sample(
                30,
                r#"process_start_time_seconds{instance="b:1"}"#,
                &created(20),
            ),
            37.0,
            0.0,
        ),
        (
            "a moved process_start alone is no reset",
            ", new_target: process_start",
            steady().sample(0, "process_start_time_seconds", &created(-9)).sample(
                30,
                "process_start_time_seconds",
                &created(20),
            ),
            30.0,
            0.0,
        ),
    ] {
        let status = status(EVENTS, job, &recording);
        assert_eq!(
            (status["sli"]["total"].as_f64(), status["sli"]["bad"].as_f64()),
            (Some(total), Some(bad)),
            "{name}: {status}"
        );
    }
}

#[test]
fn a_series_is_forgotten_after_a_day_of_scraping_but_not_after_a_day_without() {
    let hours = |n: i64| {
        Recording::new().series(0, BAD, &[50.0]).series(0, OK, &(0..n * 240).map(|i| i as f64).collect::<Vec<_>>())
    };
    let back = |hours_scraped: i64, at: i64| {
        let recording = hours(hours_scraped).sample(at, BAD, "60").sample(at, OK, "1000000");
        status(EVENTS, "", &recording)["sli"]["bad"].as_f64()
    };
    assert_eq!(back(25, 25 * 3600), Some(60.0), "25 h of scraping without it: never seen");
    assert_eq!(back(23, 23 * 3600), Some(10.0), "23 h: continues");
    assert_eq!(back(1, 72 * 3600), Some(10.0), "71 h without a scrape do not run");
}

#[test]
fn events_are_spread_between_their_samples() {
    let recording =
        Recording::new().series(0, OK, &[0.0]).series(0, BAD, &[0.0]).sample(600, OK, "600").sample(600, BAD, "60");
    let status = status(EVENTS, "", &recording);
    let five = &status["burn_rates"][0];
    assert_eq!(
        (five["window"].as_str(), five["total"].as_f64(), five["bad"].as_f64()),
        (Some("5m"), Some(330.0), Some(30.0))
    );
}

#[test]
fn latency_counts_the_bucket_and_takes_inf_where_there_is_no_count() {
    let slo = "  - {name: l, objective: 99, window: 30d, sli: {latency: {histogram: d_seconds, threshold: 300ms}}}\n";
    let buckets = |r: Recording| {
        r.series(0, r#"d_seconds_bucket{le="0.30"}"#, &[10.0, 18.0])
            .series(0, r#"d_seconds_bucket{le="0.1"}"#, &[1.0, 2.0])
            .series(0, r#"d_seconds_bucket{le="+Inf"}"#, &[10.0, 20.0])
    };
    for (name, recording) in [
        ("_count", buckets(Recording::new()).series(0, "d_seconds_count", &[10.0, 20.0])),
        ("+Inf", buckets(Recording::new())),
    ] {
        let status = status(slo, "", &recording);
        assert_eq!(
            (status["sli"]["total"].as_f64(), status["sli"]["bad"].as_f64()),
            (Some(10.0), Some(2.0)),
            "{name}: {status}"
        );
    }
    let missing = status(
        slo,
        "",
        &Recording::new().series(0, r#"d_seconds_bucket{le="0.25"}"#, &[1.0, 2.0]).series(
            0,
            "d_seconds_count",
            &[1.0, 3.0],
        ),
    );
    assert_eq!(missing["state"], "error");
    let problem = missing["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("no bucket at the threshold 300ms") && problem.contains("0.25"), "{problem}");
}

#[test]
fn scrapes_are_events_from_the_first_attempt_on() {
    let slo = "  - {name: u, objective: 99, window: 30d, sli: {scrape: {job: api}}}\n";
    let good = Recording::new().series(0, OK, &[1.0, 2.0, 3.0]);
    let with_up = good.clone().series(0, "up", &[1.0, 1.0, 1.0, 0.0]);
    for (name, recording, total, bad) in [("time stamps", good, 3.0, 0.0), ("samples of up", with_up, 4.0, 1.0)] {
        let status = status(slo, "", &recording);
        assert_eq!(
            (status["sli"]["total"].as_f64(), status["sli"]["bad"].as_f64()),
            (Some(total), Some(bad)),
            "{name}: {status}"
        );
    }
}

#[test]
fn each_value_of_a_by_label_has_its_own_budget() {
    let slo = EVENTS.replace("    window", "    by: [code]\n    window");
    let all = statuses(&slo, "", &Recording::new().series(0, OK, &[0.0, 10.0]).series(15, BAD, &[4.0]));
    let seen: Vec<_> = all
        .iter()
        .map(|s| (s["group"]["code"].as_str(), s["sli"]["total"].as_f64(), s["budget"]["remaining"].as_f64()))
        .collect();
    assert_eq!(seen, [(Some("200"), Some(10.0), Some(1.0)), (Some("500"), Some(4.0), Some(-99.0))]);
}

#[test]
fn coverage_is_the_measured_share_and_gaps_that_counters_bridge_are_measured() {
    let slo = EVENTS.replace("30d", "1h");
    let minutes = |from: i64, to: i64| (from * 4..=to * 4).map(|i| i as f64).collect::<Vec<_>>();
    let steady = Recording::new().series(0, OK, &minutes(0, 15));
    for (name, recording, coverage) in [
        ("a quarter of the window", steady.clone(), 0.25),
        ("a gap that the same counter bridges", steady.clone().series(1800, OK, &minutes(30, 45)), 0.75),
        ("a gap with a reset is not bridged", steady.series(1800, OK, &minutes(0, 15)), 0.5),
    ] {
        let status = status(&slo, "", &recording);
        assert_eq!(status["budget"]["coverage"].as_f64(), Some(coverage), "{name}: {status}");
    }
}

#[test]
fn what_was_never_measured_is_null_and_what_had_no_events_is_whole() {
    let first = status(EVENTS, "", &Recording::new().series(0, OK, &[5.0]));
    assert!(first["budget"]["remaining"].is_null() && first["sli"]["ratio"].is_null(), "{first}");
    let quiet = status(EVENTS, "", &Recording::new().series(0, OK, &[5.0, 5.0]));
    assert_eq!(quiet["budget"]["remaining"].as_f64(), Some(1.0));
    assert!(quiet["sli"]["ratio"].is_null() && quiet["burn_rates"][0]["rate"].is_null(), "{quiet}");
}

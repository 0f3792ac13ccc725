//! The shape of the output, and what is refused.

use super::run::{Recording, lines, replay};

const SLO: &str = "  - {name: a, objective: 99.9, window: 30d, labels: {team: x}, sli: {events: {total: r_total, bad: 'r_total{code=\"500\"}'}}}\n";
const OK: &str = r#"r_total{code="200"}"#;
const BAD: &str = r#"r_total{code="500"}"#;

fn recording() -> Recording {
    let bad: Vec<f64> = (0..40).map(|i| f64::from(i) * 3.0).collect();
    let ok: Vec<f64> = (0..40).map(|i| f64::from(i) * 7.0).collect();
    Recording::new().series(0, OK, &ok).series(0, BAD, &bad)
}

#[test]
fn the_same_samples_give_the_same_bytes_in_any_order() {
    let run = |r: &Recording| replay(SLO, "", r, &["--json"]).stdout;
    let first = run(&recording());
    assert!(!first.is_empty());
    assert_eq!(first, run(&recording()));
    assert_eq!(first, run(&recording().by_time()));
}

#[test]
fn each_line_has_the_keys_of_the_contract() {
    let lines = lines(SLO, "", &recording());
    let keys =
        |i: usize| lines[i].as_object().map(|o| o.keys().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let has = |i: usize, wanted: &str| {
        for key in wanted.split(' ') {
            assert!(keys(i).split(' ').any(|k| k == key), "{key} is missing in {}", keys(i));
        }
    };
    has(0, "type at id group alert severity from to long short factor burn_long burn_short budget_remaining");
    has(
        lines.len() - 1,
        "type id service name group labels description objective window state sli budget burn_rates alerts runbook_url problem updated_at",
    );
    assert_eq!(lines[lines.len() - 1]["state"], "critical");
    assert_eq!(lines[lines.len() - 1]["updated_at"], "2026-01-01T00:09:45Z");
    let windows: Vec<_> = lines[lines.len() - 1]["burn_rates"]
        .as_array()
        .map(|all| all.iter().map(|b| b["window"].clone()).collect())
        .unwrap_or_default();
    assert_eq!(windows, ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
}

#[test]
fn times_in_milliseconds_are_refused_with_a_hint() {
    let milliseconds = (super::run::START * 1000) - super::run::START;
    let output = replay(SLO, "", &Recording::new().sample(0, OK, "1").sample(milliseconds, OK, "2"), &["--json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("line 2") && error.contains("is it in milliseconds? OpenMetrics has seconds"), "{error}");
}

#[test]
fn a_hole_of_a_century_ends() {
    let start = -super::run::START;
    let recording = Recording::new().sample(start + 1, OK, "1").sample(start + 4_000_000_000, OK, "2");
    assert_eq!(lines(SLO, "", &recording).last().unwrap()["updated_at"], "2096-10-02T07:06:40Z");
}

#[test]
fn bad_recordings_are_refused_with_their_line() {
    for (name, recording, message) in [
        ("no timestamp", Recording::new().sample(0, OK, "1").by_time(), ""),
        ("not a number", Recording::new().sample(0, OK, "1").sample(15, OK, "x"), "line 2"),
    ] {
        let output = replay(SLO, "", &recording, &["--json"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        if message.is_empty() {
            assert!(output.status.success(), "{name}: {error}");
        } else {
            assert_eq!(output.status.code(), Some(2), "{name}");
            assert!(error.contains("samples.om") && error.contains(message), "{name}: {error}");
        }
    }
}

/// The first one counts, as it does where one scrape shows a series twice.
#[test]
fn a_second_value_at_one_time_is_left_out_with_a_word() {
    let recording = |second: &str| {
        Recording::new().sample(0, OK, "1").sample(0, BAD, "0").sample(15, OK, "2").sample(15, OK, second)
    };
    for (second, told) in [("3", true), ("2", false)] {
        let output = replay(SLO, "", &recording(second), &["--json"]);
        assert!(output.status.success());
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let wanted = "line 4: r_total{code=\"200\",instance=\"a:1\",job=\"api\"} has two values at 2026-01-01T00:00:15Z: \
                      3 here is left out, 2 on line 3 counts";
        assert_eq!(log.replace('\\', "").contains(wanted), told, "{log}");
    }
    for second in ["3", "1"] {
        assert_eq!(lines(SLO, "", &recording(second)).last().unwrap()["sli"]["total"], 1.0, "{second}");
    }
}

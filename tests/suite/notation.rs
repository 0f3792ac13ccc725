//! The notation of values against promtool itself: what it expands a text to, and what it refuses.

use slowburn::suite::values::{Value, parse};
use std::fmt::Write;
use std::process::Command;

/// Runs promtool on one series of a value each ten minutes, beyond its look-back of five, expecting what slowburn reads.
fn promtool(values: &str, expanded: &[Value]) -> (bool, String) {
    let mut tests = String::new();
    for (i, value) in expanded.iter().enumerate() {
        let samples = match value {
            Value::Sample(number) => format!("[{{labels: x, value: {}}}]", yaml(*number)),
            Value::Missing | Value::Stale => "[]".to_owned(),
        };
        writeln!(tests, "      - {{expr: x, eval_time: {}m, exp_samples: {samples}}}", i * 10).expect("written");
    }
    let file = format!(
        "rule_files: []\nevaluation_interval: 10m\ntests:\n  - interval: 10m\n    input_series: [{{series: x, values: '{values}'}}]\n    promql_expr_test:\n      - {{expr: vector(1), eval_time: 0m, exp_samples: [{{labels: '{{}}', value: 1}}]}}\n{tests}"
    );
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("t.yml");
    std::fs::write(&path, file).expect("written");
    let output =
        Command::new("promtool").args(["test", "rules"]).arg(&path).output().expect("promtool (Debian's prometheus)");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

fn yaml(number: f64) -> String {
    match number {
        nan if nan.is_nan() => ".nan".to_owned(),
        f64::INFINITY => ".inf".to_owned(),
        f64::NEG_INFINITY => "-.inf".to_owned(),
        number => number.to_string(),
    }
}

#[test]
fn promtool_expands_the_same() {
    for text in [
        "1",
        "0+10x30",
        "-2+4x3",
        "1-2x4",
        "1x4",
        "1 _x3 stale",
        "1 _ _ 2",
        "_x0 5",
        "0.1+0.1x20",
        "1e3+1e-1x3",
        "1.5e+2 +4 -3",
        "Inf -Inf +inf",
        "5+0x2  7",
        "100-0.3x40 _x2 3x1",
        "2. 0.5x2",
    ] {
        let values = parse(text).unwrap_or_else(|bad| panic!("{text}: {}", bad.message));
        let (passed, said) = promtool(text, &values);
        assert!(passed, "{text}: {said}");
    }
}

#[test]
fn promtool_refuses_the_same() {
    for text in
        ["fast", "1+2", "1+2x", "x3", "1+-2x3", "_x-1", "stalex2", "1,2", "1+2x1.5", "1 x 3", "--1", "1_x3", "_1"]
    {
        assert!(parse(text).is_err(), "{text}");
        let (passed, said) = promtool(text, &[]);
        assert!(!passed, "{text}: {said}");
    }
}

//! How tests went, for people and for programs.

use super::compare::Difference;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// The tests of one file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    pub file: String,
    pub tests: Vec<TestReport>,
}

/// One test; passed when nothing differs.
#[derive(Debug, Serialize)]
pub struct TestReport {
    pub name: String,
    pub line: u32,
    pub mismatches: Vec<Mismatch>,
    /// The alerts that began and ended until then, the last ones.
    pub happened: Vec<Happened>,
}

/// One expectation that was not met.
#[derive(Debug, Serialize)]
pub struct Mismatch {
    /// `alert_rule_test` or `slo_test`.
    pub kind: &'static str,
    pub line: u32,
    pub column: u32,
    pub eval_time: String,
    /// The alert's or the SLO's name.
    pub subject: String,
    pub differences: Vec<Difference>,
}

/// An alert that began or ended.
#[derive(Debug, Serialize)]
pub struct Happened {
    /// Counted from the start.
    pub at: String,
    pub text: String,
}

impl TestReport {
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl FileReport {
    pub fn failures(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed()).count()
    }
}

/// Passed and failed tests of all files.
fn counts(files: &[FileReport]) -> (usize, usize) {
    let failed = files.iter().map(FileReport::failures).sum();
    let all: usize = files.iter().map(|file| file.tests.len()).sum();
    (all - failed, failed)
}

/// Every test on a line, failures with what differs.
pub fn to_text(files: &[FileReport]) -> String {
    let mut text = String::new();
    for file in files {
        // Writing to a string never fails, here and below.
        let _ = writeln!(text, "{}", file.file);
        for test in &file.tests {
            let _ = writeln!(text, "  {} {}", if test.passed() { "ok  " } else { "FAIL" }, test.name);
            text.push_str(&indented(&failure_text(&file.file, test), "       "));
        }
    }
    let (passed, failed) = counts(files);
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    text
}

/// What differs, and what happened until then.
pub(super) fn failure_text(file: &str, test: &TestReport) -> String {
    let mut text = String::new();
    for mismatch in &test.mismatches {
        let Mismatch { kind, line, column, eval_time, subject, differences } = mismatch;
        let _ = writeln!(text, "{file}:{line}:{column}: {kind} at {eval_time}: {subject}");
        for Difference { what, expected, actual } in differences {
            let _ = writeln!(text, "  {what}");
            if let Some(expected) = expected {
                let _ = writeln!(text, "    - expected: {expected}");
            }
            let _ = match actual {
                Some(actual) => writeln!(text, "    + found:    {actual}"),
                None => writeln!(text, "    + found:    nothing"),
            };
        }
    }
    if !test.passed() {
        match test.happened.is_empty() {
            true => text.push_str("no alert fired in this test\n"),
            false => text.push_str("alerts in this test:\n"),
        }
        for Happened { at, text: what } in &test.happened {
            let _ = writeln!(text, "  {at:>8}  {what}");
        }
    }
    text
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}

/// `{"ok":…,"passed":…,"failed":…,"files":[…]}`.
pub fn to_json(files: &[FileReport]) -> Value {
    let (passed, failed) = counts(files);
    json!({ "ok": failed == 0, "passed": passed, "failed": failed, "files": files })
}

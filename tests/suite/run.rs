//! Test files in a directory of their own, run by the real binary.

use std::path::Path;
use std::process::{Command, Stdio};

/// The SLOs that the tests here test.
pub const SLOS: &str = r#"version: slowburn/v1
service: shop
slos:
  - name: orders
    objective: 99
    window: 30d
    sli: {events: {total: r_total, bad: 'r_total{code="500"}'}}
  - name: by-route
    objective: 99
    window: 30d
    by: [route]
    sli: {events: {total: r_total, bad: 'r_total{code="500"}'}}
"#;

pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
    pub dir: tempfile::TempDir,
}

/// Runs `slowburn test t.yaml` with further arguments.
pub fn run(test: &str, arguments: &[&str]) -> Ran {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("slos.yaml"), SLOS).expect("written");
    std::fs::write(dir.path().join("t.yaml"), test).expect("written");
    run_in(dir, arguments)
}

pub fn run_in(dir: tempfile::TempDir, arguments: &[&str]) -> Ran {
    let output = slowburn(dir.path(), &[&["test", "t.yaml"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    Ran { out, err, code: output.status.code().expect("no signal"), dir }
}

fn slowburn(dir: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.current_dir(dir).args(arguments).stdin(Stdio::null()).output().expect("slowburn runs")
}

//! A made-up history: two days of a service with an outage in each, and how slowburn is run on it.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;

pub const HOUR: i64 = 3600;

/// Beginning, end and failing share of each outage, in seconds after [`START`].
pub const OUTAGES: [(i64, i64, f64); 2] = [(20 * HOUR, 20 * HOUR + 1800, 0.3), (40 * HOUR, 45 * HOUR, 0.01)];

const SLOS: &str = r#"
version: slowburn/v1
service: shop
slos:
  - name: orders
    objective: 99.9
    window: 30d
    sli: {events: {total: 'orders_total{job="shop"}', bad: 'orders_total{job="shop",code=~"5.."}'}}
  - name: speed
    objective: 99
    window: 30d
    sli: {latency: {histogram: 'order_seconds{job="shop"}', threshold: 1s}}
  - name: up
    objective: 99
    window: 30d
    sli: {scrape: {job: shop}}
"#;

/// A directory with a main file, SLOs, and the history as OpenMetrics text.
pub fn installation() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write(
        "slowburn.yaml",
        "slo_files: [slos.yaml]\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['a:1']}]}]\n",
    );
    write("slos.yaml", SLOS);
    write("samples.om", &samples());
    write(
        "incidents.yaml",
        "- {name: database, start: 2026-01-01T20:00:00Z, end: 2026-01-01T20:30:00Z}\n\
         - {name: deployment, start: 2026-01-02T16:00:00Z, end: 2026-01-02T21:00:00Z, slo: shop/orders}\n\
         - {name: never seen, start: 2026-01-01T05:00:00Z, end: 2026-01-01T05:10:00Z}\n",
    );
    dir
}

/// One target, a hundred orders a minute; in an outage some fail and are slow.
fn samples() -> String {
    let (mut good, mut bad, mut fast) = (0.0, 0.0, 0.0);
    let mut families = [String::new(), String::new(), String::new()];
    for minute in 0..48 * 60 {
        let at = minute * 60;
        let share = OUTAGES.iter().find(|(from, to, _)| (*from..*to).contains(&at)).map_or(0.0, |outage| outage.2);
        good += 100.0 * (1.0 - share);
        bad += 100.0 * share;
        fast += 100.0 * (1.0 - share);
        let labels = "job=\"shop\",instance=\"a:1\"";
        let at = START + at;
        let [orders, seconds, up] = &mut families;
        writeln!(orders, "orders_total{{{labels},code=\"200\"}} {good} {at}").expect("written");
        if bad > 0.0 {
            writeln!(orders, "orders_total{{{labels},code=\"503\"}} {bad} {at}").expect("written");
        }
        writeln!(seconds, "order_seconds_bucket{{{labels},le=\"1.0\"}} {fast} {at}").expect("written");
        writeln!(seconds, "order_seconds_bucket{{{labels},le=\"+Inf\"}} {} {at}", good + bad).expect("written");
        writeln!(seconds, "order_seconds_count{{{labels}}} {} {at}", good + bad).expect("written");
        writeln!(up, "up{{{labels}}} {} {at}", i32::from(minute % 600 != 300)).expect("written");
    }
    let [orders, seconds, up] = families;
    format!("# TYPE orders counter\n{orders}# TYPE order_seconds histogram\n{seconds}# TYPE up gauge\n{up}# EOF\n")
}

pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
}

/// `slowburn replay` with arguments, in the installation.
pub fn replay(dir: &Path, arguments: &[&str]) -> Ran {
    replay_logged(dir, "error", arguments)
}

/// As [`replay`], with the log of this level and above.
pub fn replay_logged(dir: &Path, level: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.current_dir(dir).args(["replay", "--log.level", level]).args(arguments).stdin(Stdio::null());
    let output = command.output().expect("slowburn runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

/// As [`replay`] with `--json`: all lines.
pub fn lines(dir: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let ran = replay(dir, &[arguments, &["--json"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Lines of one type.
pub fn of_type<'l>(lines: &'l [serde_json::Value], kind: &str) -> Vec<&'l serde_json::Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

//! Prometheus with Sloth's rules.

use super::past::{Depth, PERIOD, Past, Unit};
use super::server::{Server, free_address};
use super::{EVALUATED_EVERY, Figures, Setting, WARM_UP, rules};
use crate::client::Metrics;
use crate::rows::Table;
use crate::system;
use slowburn::clock;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Lengths of blocks that Prometheus's own compaction would leave, in seconds.
const BLOCKS: [i64; 4] = [54 * 3600, 18 * 3600, 6 * 3600, SHORTEST];
const SHORTEST: i64 = 2 * 3600;
/// SLOs whose whole past is written to find out what it takes on the disk.
const ON_DISK: usize = 4;

/// Prometheus at all sizes of the setting, over one store.
pub fn measure(setting: &Setting, table: &mut Table) -> Vec<Figures> {
    table.progress(&format!("Prometheus: the past of {} SLOs", setting.largest()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let now = clock::now().0 / 1000;
    let past = Past { setting, now, depth: Depth::Read, unit: Unit::Seconds };
    fill(&data, now, setting.largest(), |text, service, span| past.write(text, service, span));
    setting.sizes.iter().map(|slos| run(setting, dir.path(), *slos, table)).collect()
}

/// Runs it with so many SLOs.
fn run(setting: &Setting, dir: &Path, slos: usize, table: &mut Table) -> Figures {
    table.progress(&format!("Prometheus with the rules of {slos} SLOs"));
    std::fs::write(dir.join("rules.yml"), rules::rules(slos)).expect("a file");
    let config = format!(
        "global: {{evaluation_interval: 30s}}\nrule_files: [rules.yml]\nalerting:\n  alertmanagers:\n    \
         - static_configs: [{{targets: ['{}']}}]\n{}",
        setting.alertmanager,
        setting.scraping(slos)
    );
    let server = start(dir, &config);
    std::thread::sleep(WARM_UP);
    let look = || (server.usage.cpu(), Metrics::of(&server.address), clock::instant());
    let (cpu, metrics, begun) = look();
    std::thread::sleep(setting.watch);
    let (cpu_then, then, _) = look();
    let cycles = begun.elapsed().as_secs_f64() / EVALUATED_EVERY;
    let grown = |name: &str| then.sum(name) - metrics.sum(name);
    let each = |value: f64| value / cycles / slos as f64;
    Figures {
        slos,
        evaluation: each(cpu_then - cpu),
        rules: each(grown("prometheus_rule_evaluation_duration_seconds_sum")),
        missed: grown("prometheus_rule_group_iterations_missed_total"),
        failed: grown("prometheus_rule_evaluation_failures_total"),
        resident: server.usage.resident(),
    }
}

/// Starts it over `data` in a directory.
pub fn start(dir: &Path, config: &str) -> Server {
    let file = dir.join("prometheus.yml");
    std::fs::write(&file, config).expect("a file");
    let address = free_address();
    let options = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", dir.join("data").display()),
        "--storage.tsdb.retention.time=45d".to_owned(),
        format!("--web.listen-address={address}"),
        "--log.level=warn".to_owned(),
    ];
    Server::start(dir, "prometheus", address, "/-/ready", &options)
}

/// Bytes on its disk for one SLO and day, as its own compaction would leave them.
pub fn disk(setting: &Setting, table: &mut Table) -> f64 {
    table.progress(&format!("Prometheus: 30 days of {ON_DISK} SLOs on the disk"));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let now = clock::now().0 / 1000;
    let past = Past { setting, now, depth: Depth::Everything, unit: Unit::Seconds };
    fill(&data, now, ON_DISK, |text, service, span| past.write(text, service, span));
    system::size(&data) / ON_DISK as f64 / (PERIOD as f64 / 86_400.0)
}

/// Fills a data directory with blocks up to `now`; `write` tells the samples of one of `services` in a span.
pub fn fill(data: &Path, now: i64, services: usize, write: impl Fn(&mut String, usize, Range<i64>) + Sync) {
    std::fs::create_dir_all(data).expect("a directory");
    let since = (now - PERIOD) / SHORTEST * SHORTEST - SHORTEST;
    // The long blocks last, for they are taken from the end.
    let mut spans = blocks(since..now);
    spans.sort_by_key(|span| span.end - span.start);
    let spans = Mutex::new(spans);
    let work = || {
        while let Some(span) = spans.lock().ok().and_then(|mut spans| spans.pop()) {
            let input = data.with_file_name(format!("{}.om", span.start));
            let mut file = File::create(&input).expect("a file");
            for service in 0..services {
                let mut text = String::new();
                write(&mut text, service, span.clone());
                file.write_all(text.as_bytes()).expect("room for a block's text");
            }
            file.write_all(b"# EOF\n").expect("room for a block's text");
            block(data, &input);
            std::fs::remove_file(&input).expect("our own file");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

/// The spans of the blocks, none of which crosses a boundary of its length.
fn blocks(span: Range<i64>) -> Vec<Range<i64>> {
    let (mut spans, mut from) = (Vec::new(), span.start);
    while from < span.end {
        let fits = |length: &&i64| from % **length == 0 && from + **length <= span.end;
        let length = BLOCKS.iter().find(fits).copied().unwrap_or(SHORTEST);
        let to = (from - from % length + length).min(span.end);
        spans.push(from..to);
        from = to;
    }
    spans
}

/// Makes one block; promtool reads its whole input once for each block, so each has an input of its own.
fn block(data: &Path, input: &Path) {
    let status = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=54h"])
        .args([input, data])
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "promtool makes a block of {}", input.display());
}

//! VictoriaMetrics, and vmalert with Sloth's rules.

use super::past::{Depth, PERIOD, Past, Unit};
use super::server::{Server, free_address};
use super::{EVALUATED_EVERY, Figures, Setting, WARM_UP, rules};
use crate::client::{Metrics, post};
use crate::rows::Table;
use slowburn::clock;
use std::path::Path;

/// Bytes sent at once, roughly.
const PIECE: usize = 8 << 20;

/// Both at all sizes of the setting, over one store.
pub fn measure(setting: &Setting, table: &mut Table) -> Vec<Figures> {
    table.progress(&format!("VictoriaMetrics: the past of {} SLOs", setting.largest()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    fill(setting, dir.path());
    setting.sizes.iter().map(|slos| run(setting, dir.path(), *slos, table)).collect()
}

fn fill(setting: &Setting, dir: &Path) {
    let store = store(dir, &[]);
    let now = clock::now().0 / 1000;
    let past = Past { setting, now, depth: Depth::Read, unit: Unit::Milliseconds };
    let mut text = String::new();
    for service in 0..setting.largest() {
        past.write(&mut text, service, now - PERIOD..now);
        if text.len() > PIECE {
            post(&store.address, "/api/v1/import/prometheus", text.as_bytes()).expect("it takes samples");
            text.clear();
        }
    }
    post(&store.address, "/api/v1/import/prometheus", text.as_bytes()).expect("it takes samples");
}

fn store(dir: &Path, more: &[String]) -> Server {
    let address = free_address();
    let options = [
        format!("-storageDataPath={}", dir.join("data").display()),
        format!("-httpListenAddr={address}"),
        "-retentionPeriod=45d".to_owned(),
        "-loggerLevel=WARN".to_owned(),
    ];
    Server::start(dir, "victoria-metrics", address, "/health", &[&options, more].concat())
}

/// Runs both with so many SLOs.
fn run(setting: &Setting, dir: &Path, slos: usize, table: &mut Table) -> Figures {
    table.progress(&format!("VictoriaMetrics and vmalert with the rules of {slos} SLOs"));
    let (rule_file, config) = (dir.join("rules.yml"), dir.join("scrape.yml"));
    std::fs::write(&rule_file, rules::rules(slos)).expect("a file");
    std::fs::write(&config, setting.scraping(slos)).expect("a file");
    let store = store(dir, &[format!("-promscrape.config={}", config.display())]);
    let alert = alert(setting, dir, &store, &rule_file);
    std::thread::sleep(WARM_UP);
    let look = || (store.usage.cpu() + alert.usage.cpu(), Metrics::of(&alert.address), clock::instant());
    let (cpu, metrics, begun) = look();
    std::thread::sleep(setting.watch);
    let (cpu_then, then, _) = look();
    let cycles = begun.elapsed().as_secs_f64() / EVALUATED_EVERY;
    let grown = |name: &str| then.sum(name) - metrics.sum(name);
    let each = |value: f64| value / cycles / slos as f64;
    Figures {
        slos,
        evaluation: each(cpu_then - cpu),
        rules: each(grown("vmalert_iteration_duration_seconds_sum")),
        missed: grown("vmalert_iteration_missed_total"),
        failed: grown("vmalert_execution_errors_total"),
        resident: store.usage.resident() + alert.usage.resident(),
    }
}

fn alert(setting: &Setting, dir: &Path, store: &Server, rules: &Path) -> Server {
    let address = free_address();
    let options = [
        format!("-rule={}", rules.display()),
        format!("-datasource.url=http://{}", store.address),
        format!("-remoteWrite.url=http://{}", store.address),
        format!("-remoteRead.url=http://{}", store.address),
        format!("-notifier.url=http://{}", setting.alertmanager),
        "-evaluationInterval=30s".to_owned(),
        format!("-httpListenAddr={address}"),
        "-loggerLevel=WARN".to_owned(),
    ];
    Server::start(dir, "vmalert", address, "/health", &options)
}

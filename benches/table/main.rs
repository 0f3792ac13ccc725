//! All figures beside their peers, in one run: `make bench`.
//!
//! Writes the tables as `target/bench.md`, the entries that have a goal as `target/bench.json`, and a picture as
//! `target/bench.svg`. Times are CPU times wherever work is measured, for wall time tells little on a machine that others
//! use too; where somebody waits (a page, a start, an alert) it is wall time. With `BENCH_QUICK=1` everything is smaller
//! and says so: for work on the benchmark itself. Arguments choose parts (`peers`, `reading`, `evaluation`, `live`,
//! `crowd`) and numbers of SLOs: `cargo bench --bench table -- live 1000`. Without `peers`, figures recorded earlier stand
//! in for them, and are said to. `keep 10000` measures nothing: it leaves a world for a process started by hand.

mod anchor;
mod browser;
mod client;
mod crowd;
mod evaluation;
#[path = "../reading/figures.rs"]
mod figures;
mod hour;
mod latency;
mod live;
mod lives;
mod peers;
mod plot;
mod process;
mod reading;
mod report;
mod rows;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod system;
mod world;

use peers::Peers;
use rows::Table;
use std::path::Path;
use std::time::Duration;
use world::Size;

/// Commands that parts of the benchmark run, and the Debian packages that hold them.
const COMMANDS: [(&str, &str, &str); 6] = [
    ("peers", "prometheus", "prometheus"),
    ("peers", "promtool", "prometheus"),
    ("peers", "victoria-metrics", "victoria-metrics"),
    ("peers", "vmalert", "victoria-metrics"),
    ("live", "chromium", "chromium"),
    ("live", "chromedriver", "chromium-driver"),
];

/// How much is measured.
pub struct Scale {
    quick: bool,
    /// Numbers of SLOs asked for; none is all.
    slos: Vec<usize>,
    /// Parts asked for; none is all.
    parts: Vec<String>,
}

impl Scale {
    /// Cargo passes `--bench`; what else is given chooses what to measure.
    fn asked() -> Self {
        let words = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
        let (slos, parts): (Vec<String>, Vec<String>) = words.partition(|word| word.parse::<usize>().is_ok());
        let slos = slos.iter().filter_map(|word| word.parse().ok()).collect();
        Self { quick: std::env::var_os("BENCH_QUICK").is_some(), slos, parts }
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|named| named == part)
    }

    pub fn largest(&self) -> usize {
        if self.quick { 1000 } else { 10_000 }
    }

    /// How long a running process is watched: whole evaluations of the peers.
    pub fn watch(&self) -> Duration {
        Duration::from_secs(if self.quick { 30 } else { 60 })
    }

    /// Sizes of worlds: more and more SLOs, then more and more groups of a hundred.
    pub fn growth(&self) -> Vec<Size> {
        let slos: &[usize] = if self.quick { &[100, 1000] } else { &[100, 1000, 10_000] };
        let groups: &[usize] = if self.quick { &[10] } else { &[10, 100] };
        let by_slos = slos.iter().map(|slos| Size::of(*slos));
        let by_groups = groups.iter().map(|groups| Size { groups: *groups, ..Size::of(100) });
        by_slos.chain(by_groups).filter(|size| self.slos.is_empty() || self.slos.contains(&size.slos)).collect()
    }

    /// Numbers of SLOs that peers run, rising.
    pub fn peers(&self) -> Vec<usize> {
        if self.quick { vec![20, 100] } else { vec![100, 300] }
    }

    /// Targets of the crowd.
    pub fn crowd(&self) -> usize {
        if self.quick { 200 } else { 2000 }
    }
}

fn main() {
    let scale = Scale::asked();
    if let Some(missing) = missing(&scale) {
        eprintln!(
            "The benchmark runs {missing}: install them (`make bench` does so on Debian), or choose parts without them."
        );
        std::process::exit(1);
    }
    let (machine, begun) = (system::machine(), slowburn::clock::instant());
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    if scale.parts.iter().any(|part| part == "keep") {
        return live::keep(&runtime, Size::of(scale.slos.first().copied().unwrap_or(1000)));
    }
    let mut table = Table::default();
    if scale.wants("reading") {
        reading::measure(&mut table);
    }
    let peers = if scale.wants("peers") { peers::measure(&runtime, &scale, &mut table) } else { Peers::recorded() };
    if scale.wants("evaluation") {
        evaluation::measure(&scale, &peers, &mut table);
    }
    if scale.wants("live") {
        live::measure(&runtime, &scale, &peers, &mut table);
    }
    if scale.wants("crowd") {
        crowd::measure(&runtime, &scale, &mut table);
    }
    let machine = if scale.quick { format!("{machine}; in small, for work on the benchmark") } else { machine };
    let text = report::markdown(&table, &machine);
    print!("{text}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    report::write(target, "bench.md", &text);
    report::write(target, "bench.json", &report::json(&table));
    report::write(target, "bench.svg", &report::picture(&table, &peers));
    eprintln!("it took {:.0} min", begun.elapsed().as_secs_f64() / 60.0);
}

/// What is not installed of what the wanted parts run.
fn missing(scale: &Scale) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |command: &str| std::env::split_paths(&path).any(|dir| dir.join(command).is_file());
    let missing: Vec<String> = COMMANDS
        .iter()
        .filter(|(part, command, _)| scale.wants(part) && !there(command))
        .map(|(_, command, package)| format!("`{command}` (Debian package {package})"))
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

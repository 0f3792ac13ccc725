//! All figures beside their peers, in one run: `make bench`.
//!
//! Prints one table and writes `target/bench.json`. Times are CPU times wherever work is measured, for wall time tells
//! little on a machine that others use too; where somebody waits (a page, a start, an alert) it is wall time. With
//! `BENCH_QUICK=1` everything is smaller and says so: for work on the benchmark itself. Arguments choose parts
//! (`reading`, `evaluation`, `live`) and numbers of SLOs: `cargo bench --bench table -- live 1000`.

mod anchor;
mod evaluation;
#[path = "../reading/figures.rs"]
mod figures;
mod hour;
mod live;
mod process;
mod reading;
mod rows;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod world;

use rows::Table;
use std::path::Path;
use std::time::Duration;

/// How much is measured.
pub struct Scale {
    quick: bool,
    /// Numbers of SLOs asked for; none is all.
    chosen: Vec<usize>,
}

impl Scale {
    pub fn largest(&self) -> usize {
        if self.quick { 1000 } else { 10_000 }
    }

    /// How long a running process is watched.
    pub fn watch(&self) -> Duration {
        Duration::from_secs(if self.quick { 15 } else { 60 })
    }

    /// Numbers of SLOs.
    pub fn growth(&self) -> Vec<usize> {
        let all: &[usize] = if self.quick { &[100, 1000] } else { &[100, 1000, 10_000] };
        all.iter().copied().filter(|slos| self.chosen.is_empty() || self.chosen.contains(slos)).collect()
    }
}

fn main() {
    let mut table = Table::default();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    // Cargo passes `--bench`; what else is given chooses what to measure.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (slos, parts): (Vec<String>, Vec<String>) = chosen.into_iter().partition(|word| word.parse::<usize>().is_ok());
    let chosen = slos.iter().filter_map(|word| word.parse().ok()).collect();
    let scale = Scale { quick: std::env::var_os("BENCH_QUICK").is_some(), chosen };
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|named| named == part);
    if parts.iter().any(|part| part == "keep") {
        return live::keep(&runtime, slos.iter().filter_map(|word| word.parse().ok()).next().unwrap_or(1000));
    }
    if wanted("reading") {
        reading::measure(&mut table);
    }
    if wanted("evaluation") {
        evaluation::measure(&scale, &mut table);
    }
    if wanted("live") {
        live::measure(&runtime, &scale, &mut table);
    }
    table.print();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench.json");
    table.write(&path).expect("room for the results");
    eprintln!("written to {}", path.display());
}

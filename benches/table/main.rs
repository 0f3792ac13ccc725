//! All figures beside their peers, in one run: `make bench`.
//!
//! Prints one table and writes `target/bench.json`. Times are CPU times wherever work is measured, for wall time tells
//! little on a machine that others use too; where somebody waits (a page, a start, an alert) it is wall time. With
//! `BENCH_QUICK=1` everything is smaller and says so: for work on the benchmark itself.

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
        if self.quick { vec![100, 1000] } else { vec![100, 1000, 10_000] }
    }
}

fn main() {
    let scale = Scale { quick: std::env::var_os("BENCH_QUICK").is_some() };
    let mut table = Table::default();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    // Cargo passes `--bench`; what else is given names the parts to measure.
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|named| named == part);
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

//! `slowburn salvage`: a damaged data directory, as far as it is sound, so that the engine starts again.
//!
//! A command of its own, for nobody should lose data by a start: what is lost is named, and the damaged files are kept.

use super::{Outcome, output, run};
use crate::engine::salvage::{self, Report};
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct SalvageArgs {
    /// The main file, which names the data directory
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
}

/// Prints what was saved and what was lost.
pub fn execute(args: &SalvageArgs) -> anyhow::Result<Outcome> {
    let config = run::load(&args.config)?;
    let dir = config.storage.path;
    let report = salvage::salvage(&dir, &config.setup)?;
    let text = report.map_or_else(
        || format!("{}: nothing is damaged, and nothing was changed\n", dir.display()),
        |report| told(&report),
    );
    output::print(&text)?;
    Ok(Outcome::Done)
}

fn told(report: &Report) -> String {
    let Report { aside, slos, targets, blocks, days, lost, new_first_page } = report;
    let mut text = format!(
        "saved: {slos} SLOs, {targets} targets, {blocks} blocks of journal, {days} days of history; counting goes on \
         from there\n"
    );
    if *new_first_page {
        text +=
            "the file's first page, which tells where the tables are, was damaged: it was replaced by one made anew\n";
    }
    for what in lost {
        // Writing to a string does not fail.
        let _written = writeln!(text, "lost: {what}");
    }
    text + &format!("the damaged file is kept as {}\n", aside.display())
}

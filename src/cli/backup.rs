//! `slowburn backup` and `slowburn restore`: the data directory as one file, and back.
//!
//! The engine need not be asked: the database gives a reader the state of one commit while others follow. So a backup
//! also works from another user's cron job that may read the directory, and when the engine does not run.

use super::{Outcome, output, run};
use crate::store::backup::{self, Summary};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to write; never one that is there
    file: PathBuf,
    /// The main file, which names the data directory
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A file that `slowburn backup` wrote
    file: PathBuf,
    /// The main file, which names the data directory
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// Remove the data that the directory holds
    #[arg(long)]
    replace: bool,
}

/// Prints what was copied.
pub fn back_up(args: &BackupArgs) -> anyhow::Result<Outcome> {
    let dir = run::load(&args.config)?.storage.path;
    let summary = backup::backup(&dir, &args.file, &mut progress())?;
    output::print(&format!("{}: {}\n", args.file.display(), told(&summary)))?;
    Ok(Outcome::Done)
}

/// Prints what was put back.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<Outcome> {
    let dir: PathBuf = run::load(&args.config)?.storage.path;
    let summary = backup::restore(&args.file, &dir, args.replace, &mut progress())?;
    output::print(&format!("{}: {}\n", Path::new(&dir).display(), told(&summary)))?;
    Ok(Outcome::Done)
}

fn told(summary: &Summary) -> String {
    let Summary { bytes, commit, parts, blocks, days } = summary;
    format!(
        "{:.1} MB as of commit {commit}, {parts} parts, {blocks} blocks of journal, {days} days of history; \
         every checksum is right",
        *bytes as f64 / 1e6
    )
}

/// Tells on a terminal how far the copy is.
fn progress() -> impl FnMut(u64, u64) {
    let (terminal, mut last) = (std::io::stderr().is_terminal(), 101);
    move |done, all| {
        let percent = done * 100 / all.max(1);
        if terminal && percent != last {
            last = percent;
            let end = if percent == 100 { "\n" } else { "" };
            // A terminal that has gone is no reason to end.
            let _gone = write!(std::io::stderr(), "\rcopied {percent} %{end}");
        }
    }
}

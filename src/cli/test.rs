//! `slowburn test`: users' own tests of their SLOs.

use super::{Outcome, output};
use crate::config::diagnostics::Diagnostics;
use crate::config::yaml;
use crate::suite::{self, FileReport};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use regex::Regex;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct TestArgs {
    /// Test files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run only tests whose name this regular expression matches
    #[arg(long, value_name = "REGEX")]
    run: Option<String>,
    /// Results as JSON
    #[arg(long)]
    json: bool,
    /// Write the results to a file as JUnit's XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs all tests of all files; not in order when one fails, an error when a file has mistakes.
pub fn execute(args: &TestArgs) -> anyhow::Result<Outcome> {
    let wanted = args.run.as_deref().map(Regex::new).transpose().context("--run is not a regular expression")?;
    let wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.is_match(name));
    let mut reports = Vec::new();
    for path in &args.files {
        let suite = read(path)?;
        reports.push(FileReport { file: path.display().to_string(), tests: suite::run(&suite, wanted) });
    }
    if reports.iter().all(|report| report.tests.is_empty()) {
        bail!("no test has a name that --run matches");
    }
    let text = if args.json { format!("{:#}\n", suite::to_json(&reports)) } else { suite::to_text(&reports) };
    output::print(&text)?;
    if let Some(path) = &args.junit {
        std::fs::write(path, suite::to_junit(&reports)).with_context(|| format!("can't write {}", path.display()))?;
    }
    let failed = reports.iter().any(|report| report.failures() > 0);
    Ok(if failed { Outcome::NotInOrder } else { Outcome::Done })
}

fn read(path: &Path) -> anyhow::Result<suite::Suite> {
    let name = path.display().to_string();
    let text = yaml::read_file(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
    let mut diagnostics = Diagnostics::new();
    let suite = suite::read(&name, &text, &|name| std::env::var(name).ok(), &mut diagnostics);
    suite.ok_or_else(|| anyhow!("{name} can't be run\n{}", diagnostics.to_text().trim_end()))
}

//! `slowburn check`: every mistake in configuration and SLO files.

use super::{Outcome, output};
use crate::config::load;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// How the findings are written
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    Text,
    Json,
}

/// Prints the findings; done without errors, not in order with.
pub fn execute(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let result = load::load(&args.config, &|name| std::env::var(name).ok())?;
    let text = match args.format {
        CheckFormat::Json => format!("{:#}\n", result.diagnostics.to_json()),
        CheckFormat::Text => {
            let findings = result.diagnostics.to_text();
            let slos = result.config.as_ref().map_or(0, |config| config.setup.slos.len());
            let (errors, warnings) = (result.diagnostics.errors(), result.diagnostics.warnings());
            let verdict = if errors == 0 { format!("ok: {}", counted(slos, "SLO")) } else { counted(errors, "error") };
            let (warnings, files) = (counted(warnings, "warning"), counted(result.files.len(), "file"));
            format!("{findings}{verdict}, {warnings}, {files} read\n")
        }
    };
    output::print(&text)?;
    Ok(if result.diagnostics.has_errors() { Outcome::NotInOrder } else { Outcome::Done })
}

/// `1 error`, `2 errors`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

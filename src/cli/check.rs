//! `slowburn check`: every mistake in configuration and SLO files, and what became of SLOs of other formats.

use super::{Outcome, output};
use crate::config::load::{self, LoadResult};
use crate::spec::fidelity::Fidelity;
use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
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
        CheckFormat::Json => format!("{:#}\n", to_json(&result)),
        CheckFormat::Text => to_text(&result),
    };
    output::print(&text)?;
    Ok(if result.diagnostics.has_errors() { Outcome::NotInOrder } else { Outcome::Done })
}

/// `1 error`, `2 errors`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The findings; with a report on the SLOs of other formats where there are any.
fn to_json(result: &LoadResult) -> serde_json::Value {
    let mut json = result.diagnostics.to_json();
    if !result.fidelity.is_empty() {
        json["fidelity"] = serde_json::json!(result.fidelity);
    }
    json
}

fn to_text(result: &LoadResult) -> String {
    let findings = result.diagnostics.to_text();
    let reports: String = result.fidelity.iter().map(report).collect();
    let slos = result.config.as_ref().map_or(0, |config| config.setup.slos.len());
    let (errors, warnings) = (result.diagnostics.errors(), result.diagnostics.warnings());
    let verdict = if errors == 0 { format!("ok: {}", counted(slos, "SLO")) } else { counted(errors, "error") };
    let (warnings, files) = (counted(warnings, "warning"), counted(result.files.len(), "file"));
    format!("{reports}{findings}{verdict}, {warnings}, {files} read\n")
}

/// What became of one SLO of another format, as a table.
fn report(fidelity: &Fidelity) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for point in &fidelity.points {
        table.add_row(["  ", &point.outcome.to_string(), &point.field, &point.note]);
    }
    format!("{} ({}, {})\n{}\n\n", fidelity.slo, fidelity.format, fidelity.source, table.trim_fmt())
}

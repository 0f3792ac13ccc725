//! `slowburn export`: the SLOs in other formats.

use super::{Outcome, output, run};
use crate::domain::slo::Slo;
use crate::export::{self, Export, Format, Unexportable, by_service};
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// What is written
    #[arg(long, value_enum)]
    format: Written,
    /// Only this SLO, service/name; may be given several times
    #[arg(long, value_name = "SLO")]
    slo: Vec<String>,
    /// Write a file for each service into this directory instead of all to standard output
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    /// OpenSLO v1
    Openslo,
    /// slowburn's own format, slowburn/v1
    Slowburn,
    /// Prometheus's recording and alerting rules, with Sloth's names and labels
    Prometheus,
    /// A Grafana dashboard over slowburn's metrics
    Grafana,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Openslo => Self::OpenSlo,
            Written::Slowburn => Self::Slowburn,
            Written::Prometheus => Self::Prometheus,
            Written::Grafana => Self::Grafana,
        }
    }
}

/// Writes the SLOs that the format holds; what it can't say of them is logged as a warning.
pub fn execute(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let config = run::load(&args.config)?;
    let slos = chosen(&config.setup.slos, &args.slo)?;
    let format = Format::from(args.format);
    let mut left_out = Vec::new();
    match &args.output {
        None => output::print(&written(format, &slos, &mut left_out).text)?,
        Some(directory) => {
            std::fs::create_dir_all(directory).with_context(|| format!("can't make {}", directory.display()))?;
            for (service, slos) in by_service(&slos) {
                write(directory, service, format, &slos, &mut left_out)?;
            }
        }
    }
    if left_out.is_empty() { Ok(Outcome::Done) } else { Err(told(&left_out, slos.len())) }
}

/// What is said of SLOs that the format can't hold.
fn told(left_out: &[Unexportable], all: usize) -> anyhow::Error {
    let count = left_out.len();
    let what = if count == 1 { "1 SLO".to_owned() } else { format!("{count} SLOs") };
    let rest = if count < all { "; all others are written" } else { "" };
    let each: String = left_out.iter().map(|why| format!("\n  {why}")).collect();
    anyhow!("{what} can't be written in this format{rest}{each}")
}

fn chosen(slos: &[Arc<Slo>], wanted: &[String]) -> anyhow::Result<Vec<Arc<Slo>>> {
    if let Some(missing) = wanted.iter().find(|id| !slos.iter().any(|slo| slo.id.to_string() == **id)) {
        bail!("--slo: there is no SLO {missing}; slowburn check tells which there are");
    }
    let is_wanted = |slo: &&Arc<Slo>| wanted.is_empty() || wanted.contains(&slo.id.to_string());
    let found: Vec<Arc<Slo>> = slos.iter().filter(is_wanted).cloned().collect();
    if found.is_empty() {
        bail!("there are no SLOs to export");
    }
    Ok(found)
}

fn written(format: Format, slos: &[Arc<Slo>], left_out: &mut Vec<Unexportable>) -> Export {
    match export::export(format, slos) {
        Ok(export) => {
            for note in &export.notes {
                tracing::warn!(slo = %note.slo, note = %note.text, "not the same in this format");
            }
            export
        }
        Err(refused) => {
            let is_refused = |slo: &Slo| refused.iter().any(|why| why.slo == slo.id);
            let rest: Vec<Arc<Slo>> = slos.iter().filter(|slo| !is_refused(slo)).cloned().collect();
            left_out.extend(refused);
            if rest.is_empty() { Export::default() } else { written(format, &rest, left_out) }
        }
    }
}

/// A name of a service is a segment of a path, and never one of dots alone.
fn write(
    directory: &Path,
    service: &str,
    format: Format,
    slos: &[Arc<Slo>],
    left_out: &mut Vec<Unexportable>,
) -> anyhow::Result<()> {
    let text = written(format, slos, left_out).text;
    if text.is_empty() {
        return Ok(());
    }
    let path = directory.join(format!("{service}.{}", format.ending()));
    std::fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
}

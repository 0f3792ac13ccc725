//! `slowburn export`: the SLOs in other formats.

use super::{Outcome, output, run};
use crate::domain::slo::Slo;
use crate::export::{self, Export, Format, by_service};
use anyhow::{Context, bail};
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

/// Writes the SLOs; what a format can't say is logged as a warning.
pub fn execute(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let config = run::load(&args.config)?;
    let slos = chosen(&config.setup.slos, &args.slo)?;
    let format = Format::from(args.format);
    match &args.output {
        None => output::print(&written(format, &slos)?.text)?,
        Some(directory) => {
            std::fs::create_dir_all(directory).with_context(|| format!("can't make {}", directory.display()))?;
            for (service, slos) in by_service(&slos) {
                write(directory, service, format, &slos)?;
            }
        }
    }
    Ok(Outcome::Done)
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

fn written(format: Format, slos: &[Arc<Slo>]) -> anyhow::Result<Export> {
    let export = export::export(format, slos).map_err(|refused| anyhow::anyhow!("{}", refused[0]))?;
    for note in &export.notes {
        tracing::warn!(slo = %note.slo, note = %note.text, "not the same in this format");
    }
    Ok(export)
}

/// A name of a service is a segment of a path, and never one of dots alone.
fn write(directory: &Path, service: &str, format: Format, slos: &[Arc<Slo>]) -> anyhow::Result<()> {
    let path = directory.join(format!("{service}.{}", format.ending()));
    std::fs::write(&path, written(format, slos)?.text).with_context(|| format!("can't write {}", path.display()))
}

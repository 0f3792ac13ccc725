//! `slowburn replay`: what was recorded, through the same engine on a virtual clock. It sends nothing.
//!
//! `--samples` alone prints the log of transitions and the statuses at the end. Every other source or option adds the
//! report: incidents, how soon alerts told of them, and alternatives side by side.

mod history;
mod output;
mod progress;

use super::{Outcome, run};
use crate::config::diagnostics::Diagnostics;
use crate::config::yaml;
use crate::domain::setup::Setup;
use crate::replay::known::{self, Known};
use crate::replay::what_if::{self, WhatIf};
use crate::replay::{self, html, lines, tables};
use anyhow::{Context, anyhow, bail};
use clap::{ArgGroup, Args};
use output::Output;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

/// Sources that are read whole; what says how to ask a server does not go with them.
const FILES: [&str; 2] = ["samples", "prometheus_json"];

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true)))]
pub struct ReplayArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it
    #[arg(long, value_name = "FILE", group = "source")]
    samples: Option<PathBuf>,
    /// A running Prometheus, or another server with its API; the samples that the SLOs need are read from it
    #[arg(long, value_name = "URL", requires = "start", group = "source")]
    prometheus: Option<String>,
    /// Answers of Prometheus's /api/v1/query_range as JSON; may be given several times
    #[arg(long, value_name = "FILE", group = "source")]
    prometheus_json: Vec<PathBuf>,
    /// Where the history begins: RFC 3339 or a date (UTC without an offset), Unix seconds, or a time before the end such
    /// as 30d; needed with --prometheus, the first sample of a file otherwise
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Where it ends; now unless given, or at the last sample of a file
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// How much history one query asks for; too large pieces are halved
    #[arg(long, value_name = "DURATION", default_value = "2h", conflicts_with_all = FILES)]
    step: String,
    /// Read raw samples by Prometheus's remote read protocol (/api/v1/read) instead of queries
    #[arg(long, conflicts_with_all = FILES)]
    remote_read: bool,
    /// A file with http_config keys (authorization, basic_auth, tls_config, http_headers, …) for --prometheus
    #[arg(long = "http.config", value_name = "FILE", conflicts_with_all = FILES)]
    http_config: Option<PathBuf>,
    /// Only this SLO, service/name; may be given several times
    #[arg(long, value_name = "SLO")]
    slo: Vec<String>,
    /// Compare with changed SLOs, such as objective=99.5 or window=7d,page=1h/5m/14.4; may be given several times
    #[arg(long, value_name = "CHANGES")]
    what_if: Vec<String>,
    /// Known incidents, a YAML list of {start, end, name}: print precision, recall and detection delay
    #[arg(long, value_name = "FILE")]
    incidents: Option<PathBuf>,
    /// Print the report of incidents and alerts after --samples too
    #[arg(long)]
    report: bool,
    /// One JSON object a line: each transition, then every SLO's status, then the report
    #[arg(long)]
    json: bool,
    /// Write the report as a self-contained HTML file too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl ReplayArgs {
    fn wants_report(&self) -> bool {
        let more = self.report || self.html.is_some() || self.incidents.is_some() || !self.what_if.is_empty();
        more || self.samples.is_none()
    }
}

pub fn execute(args: &ReplayArgs) -> anyhow::Result<Outcome> {
    let mut config = run::load(&args.config)?;
    let known = known_incidents(args, &config.setup)?;
    only(&mut config.setup, &args.slo)?;
    let known = of_chosen(known, &args.slo);
    if let Some(path) = &args.html {
        check_creatable(path).with_context(|| format!("can't write {}", path.display()))?;
    }
    let mut output = Output::new(args.json);
    if !args.wants_report() {
        let recording = history::recording(args, args.samples.as_deref().unwrap_or(Path::new("")), &config)?;
        replay::run(&config, recording, |line| output.line(line));
        output.statuses();
        output.finish()?;
        return Ok(Outcome::Done);
    }
    let (study, history) = history::study(args, &config, &mut output)?;
    let outcomes = study.finish(&known, |line| output.line(line));
    output.statuses();
    if output.is_json() {
        lines::lines(&outcomes, &known).for_each(|line| output.json(&line));
    } else {
        tables::sheets(&outcomes, &known).iter().for_each(|sheet| output.sheet(sheet));
    }
    output.finish()?;
    if let Some(path) = &args.html {
        let page = html::page(&outcomes, &known, &history.source, history.range)?;
        std::fs::write(path, page).with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(Outcome::Done)
}

/// A page that can't be written is told before a long replay, not after it. One that is there stays as it is.
fn check_creatable(path: &Path) -> io::Result<()> {
    if path.exists() {
        // A pipe may be opened once only.
        let is_special = !path.is_file() && !path.is_dir();
        return if is_special { Ok(()) } else { OpenOptions::new().append(true).open(path).map(drop) };
    }
    OpenOptions::new().write(true).create_new(true).open(path)?;
    std::fs::remove_file(path)
}

/// Leaves the SLOs that are named, all when none is.
fn only(setup: &mut Setup, wanted: &[String]) -> anyhow::Result<()> {
    if let Some(missing) = wanted.iter().find(|id| !setup.slos.iter().any(|slo| slo.id.to_string() == **id)) {
        bail!("--slo: there is no SLO {missing}; slowburn check tells which there are");
    }
    setup.slos.retain(|slo| wanted.is_empty() || wanted.contains(&slo.id.to_string()));
    Ok(())
}

fn alternatives(args: &ReplayArgs, setup: &Setup) -> anyhow::Result<Vec<(String, Setup)>> {
    let one = |text: &String| {
        let what_if = what_if::parse(text).map_err(|error| anyhow!("--what-if: {error}"))?;
        let changed = what_if.apply(setup).map_err(|error| anyhow!("--what-if {error}"))?;
        for warning in WhatIf::unreachable(&changed) {
            tracing::warn!(what_if = %text, %warning, "an alternative");
        }
        Ok((what_if.text, changed))
    };
    args.what_if.iter().map(one).collect()
}

fn known_incidents(args: &ReplayArgs, setup: &Setup) -> anyhow::Result<Vec<Known>> {
    let Some(path) = &args.incidents else { return Ok(Vec::new()) };
    let name = path.display().to_string();
    let text = yaml::read_file(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
    let ids: Vec<String> = setup.slos.iter().map(|slo| slo.id.to_string()).collect();
    let mut diagnostics = Diagnostics::new();
    let known = known::read(&name, &text, &ids, &|name| std::env::var(name).ok(), &mut diagnostics);
    if diagnostics.has_errors() {
        bail!("{name} can't be read\n{}", diagnostics.to_text().trim_end());
    }
    Ok(known)
}

/// Those that one of the SLOs that are looked at may tell of.
fn of_chosen(mut known: Vec<Known>, chosen: &[String]) -> Vec<Known> {
    known.retain(|incident| {
        let other = incident.slo.as_ref().filter(|slo| !chosen.is_empty() && !chosen.contains(*slo));
        if let Some(slo) = other {
            tracing::warn!(incident = %incident.name, %slo, "left out: --slo does not name the SLO of this incident");
        }
        other.is_none()
    });
    known
}

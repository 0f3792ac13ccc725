//! `slowburn replay`: what was recorded, through the same engine on a virtual clock. It sends nothing.
//!
//! `--samples` alone prints the log of transitions and the statuses at the end. Every other source or option adds the
//! report: incidents, how soon alerts told of them, and alternatives side by side.

mod output;
mod progress;

use super::{Outcome, address, run};
use crate::clock;
use crate::config::auth::HttpConfig;
use crate::config::diagnostics::Diagnostics;
use crate::config::{Config, load, yaml};
use crate::domain::reading::Scrape;
use crate::domain::setup::Setup;
use crate::domain::time::{Timestamp, parse_duration};
use crate::replay::collect::{Collector, configured_interval};
use crate::replay::known::{self, Known};
use crate::replay::matrix::Samples;
use crate::replay::prometheus::{Prometheus, Protocol, pieces};
use crate::replay::study::{self, Study};
use crate::replay::what_if::{self, WhatIf};
use crate::replay::{self, html, lines, observe, tables, wanted};
use anyhow::{Context, anyhow, bail};
use clap::{ArgGroup, Args};
use output::Output;
use progress::Progress;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Where the history begins: RFC 3339, a date, Unix seconds, or a time before the end such as 30d
    #[arg(long, value_name = "TIME", requires = "prometheus")]
    start: Option<String>,
    /// Where it ends; now unless given
    #[arg(long, value_name = "TIME", requires = "prometheus")]
    end: Option<String>,
    /// How much history one query asks for; too large pieces are halved
    #[arg(long, value_name = "DURATION", default_value = "2h", requires = "prometheus")]
    step: String,
    /// Read raw samples by Prometheus's remote read protocol (/api/v1/read) instead of queries
    #[arg(long, requires = "prometheus")]
    remote_read: bool,
    /// A file with http_config keys (authorization, basic_auth, tls_config, http_headers, …) for --prometheus
    #[arg(long = "http.config", value_name = "FILE", requires = "prometheus")]
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
    only(&mut config.setup, &args.slo)?;
    let mut output = Output::new(args.json);
    if !args.wants_report() {
        let recording = recording(args.samples.as_deref().unwrap_or(Path::new("")), &config)?;
        replay::run(&config, recording, |line| output.line(line));
        output.statuses();
        output.finish()?;
        return Ok(Outcome::Done);
    }
    let known = known_incidents(args, &config.setup)?;
    let (outcomes, history) = study(args, &config, &known, &mut output)?;
    if outcomes.is_empty() {
        bail!("{}: there are no samples of the series that the SLOs count", history.source);
    }
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

/// Leaves the SLOs that are named, all when none is.
fn only(setup: &mut Setup, wanted: &[String]) -> anyhow::Result<()> {
    if let Some(missing) = wanted.iter().find(|id| !setup.slos.iter().any(|slo| slo.id.to_string() == **id)) {
        bail!("--slo: there is no SLO {missing}; slowburn check tells which there are");
    }
    setup.slos.retain(|slo| wanted.is_empty() || wanted.contains(&slo.id.to_string()));
    Ok(())
}

/// What was played.
struct History {
    source: String,
    range: (Timestamp, Timestamp),
}

fn study(
    args: &ReplayArgs,
    config: &Config,
    known: &[Known],
    output: &mut Output,
) -> anyhow::Result<(Vec<study::Outcome>, History)> {
    let setup = replay::setup_of(config);
    let alternatives = alternatives(args, &setup)?;
    let new = |range: (Timestamp, Timestamp)| {
        let curves = args.html.is_some().then(|| observe::curve_step(range.1.since(range.0)));
        Study::new(setup.clone(), alternatives, curves)
    };
    let (study, history) = match (&args.samples, &args.prometheus) {
        (Some(path), _) => play(recording(path, config)?.into_scrapes(), path.display().to_string(), new, output),
        (None, Some(url)) => run::runtime()?.block_on(ask(args, url, config, new, output))?,
        (None, None) => {
            let (samples, source) = answers(&args.prometheus_json)?;
            let mut collector = Collector::new(&config.setup);
            add(&mut collector, samples);
            play(collector.take(|job| configured_interval(config, job)), source, new, output)
        }
    };
    Ok((study.finish(known, |line| output.line(line)), history))
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

fn play(
    scrapes: BTreeMap<Timestamp, Vec<Scrape>>,
    source: String,
    new: impl FnOnce((Timestamp, Timestamp)) -> Study,
    output: &mut Output,
) -> (Study, History) {
    let ends = [scrapes.first_key_value(), scrapes.last_key_value()].map(|end| end.map_or(Timestamp(0), |(at, _)| *at));
    let range = (ends[0], ends[1]);
    let mut study = new(range);
    for (at, scrapes) in &scrapes {
        study.play(*at, scrapes, |line| output.line(line));
    }
    (study, History { source, range })
}

fn add(collector: &mut Collector, samples: Samples) {
    for (series, values) in samples.0 {
        for (at, value) in values {
            collector.sample(series.clone(), at, value);
        }
    }
}

fn recording(path: &Path, config: &Config) -> anyhow::Result<replay::Recording> {
    let samples = std::fs::read(path).map_err(|error| anyhow!("can't read {}: {error}", path.display()))?;
    replay::Recording::read(&samples, config).map_err(|error| anyhow!("{}: {error}", path.display()))
}

fn answers(paths: &[PathBuf]) -> anyhow::Result<(Samples, String)> {
    let (mut samples, mut names) = (Samples::default(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
        samples.add_answers(&text).with_context(|| name.clone())?;
        names.push(name);
    }
    Ok((samples, names.join(", ")))
}

async fn ask(
    args: &ReplayArgs,
    url: &str,
    config: &Config,
    new: impl FnOnce((Timestamp, Timestamp)) -> Study,
    output: &mut Output,
) -> anyhow::Result<(Study, History)> {
    let url = address::parse(url).map_err(|error| anyhow!("--prometheus: {error}"))?;
    let source = address::shown(&url);
    let http = args.http_config.as_deref().map_or(Ok(HttpConfig::default()), http_config)?;
    let range = range(args)?;
    let step = parse_duration(&args.step).ok().filter(|step| *step >= Duration::from_secs(1));
    let step = step.ok_or_else(|| anyhow!("--step: write a duration of a second or more, such as 2h"))?;
    let selectors = wanted::selectors(&config.setup);
    let protocol = if args.remote_read { Protocol::RemoteRead } else { Protocol::Query };
    let server = Prometheus::new(url, http, protocol)?;
    let (mut collector, mut study) = (Collector::new(&config.setup), new(range));
    let mut progress = Progress::new(range);
    for (from, to) in pieces(range.0, range.1, step) {
        let samples = server.piece(&selectors, from, to).await.with_context(|| source.clone())?;
        progress.reach(to, samples.len());
        add(&mut collector, samples);
        for (at, scrapes) in collector.take(|job| configured_interval(config, job)) {
            study.play(at, &scrapes, |line| output.line(line));
        }
    }
    Ok((study, History { source, range }))
}

fn range(args: &ReplayArgs) -> anyhow::Result<(Timestamp, Timestamp)> {
    let now = clock::now();
    let end = args.end.as_deref().map_or(Ok(now), |text| moment("--end", text, now))?;
    let start = moment("--start", args.start.as_deref().unwrap_or_default(), end)?;
    if start >= end {
        bail!("--start {start} is not before --end {end}");
    }
    Ok((start, end))
}

/// A time as people write it; a duration counts back from `end`.
fn moment(flag: &str, text: &str, end: Timestamp) -> anyhow::Result<Timestamp> {
    let date = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    let seconds = || text.parse::<f64>().ok().filter(|s| s.is_finite()).map(Timestamp::from_secs_f64);
    let back = || parse_duration(text).ok().map(|duration| end - duration);
    let found = Timestamp::parse(text).or_else(date).or_else(seconds).or_else(back);
    found.ok_or_else(|| anyhow!("{flag}: {text:?} is not a time; write 2026-01-31T22:00:00Z, 2026-01-31 or 30d"))
}

fn http_config(path: &Path) -> anyhow::Result<HttpConfig> {
    let name = path.display().to_string();
    let text = yaml::read_file(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
    let mut diagnostics = Diagnostics::new();
    let found = load::http_config(&name, &text, &|name| std::env::var(name).ok(), &mut diagnostics);
    found.filter(|_| !diagnostics.has_errors()).ok_or_else(|| anyhow!("{}", diagnostics.to_text().trim_end()))
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

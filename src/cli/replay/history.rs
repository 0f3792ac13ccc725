//! Where the samples of a replay come from: a recording, answers of Prometheus as JSON, or a running Prometheus, whole or
//! from `--start` to `--end`. A history without any sample of interest is an error from each of them.

use super::progress::Progress;
use super::{Output, ReplayArgs, alternatives};
use crate::cli::{address, run};
use crate::clock;
use crate::config::auth::HttpConfig;
use crate::config::decode::parse_time;
use crate::config::diagnostics::Diagnostics;
use crate::config::{Config, load, yaml};
use crate::domain::time::{Timestamp, parse_duration};
use crate::replay::collect::{Collector, configured_interval};
use crate::replay::matrix::Samples;
use crate::replay::prometheus::{Prometheus, Protocol, pieces};
use crate::replay::study::Study;
use crate::replay::wanted::{self, Counting};
use crate::replay::{self, Recording, observe};
use anyhow::{Context, anyhow, bail};
use std::path::Path;
use std::time::Duration;

/// What was played.
pub struct History {
    pub source: String,
    pub range: (Timestamp, Timestamp),
}

/// Plays whatever source is given.
pub fn study(args: &ReplayArgs, config: &Config, output: &mut Output) -> anyhow::Result<(Study, History)> {
    let setup = replay::setup_of(config);
    let alternatives = alternatives(args, &setup)?;
    let new = |range: (Timestamp, Timestamp)| {
        let curves = args.html.is_some().then(|| observe::curve_step(range.1.since(range.0)));
        Study::new(setup.clone(), alternatives, curves)
    };
    if let Some(url) = &args.prometheus {
        return run::runtime()?.block_on(ask(args, url, config, new, output));
    }
    let (recording, source) = match &args.samples {
        Some(path) => (recording(args, path, config)?, path.display().to_string()),
        None => answers(args, config)?,
    };
    let range = recording.range().unwrap_or_default();
    let mut study = new(range);
    for (at, scrapes) in recording.scrapes() {
        study.play(*at, scrapes, |line| output.line(line));
    }
    Ok((study, History { source, range }))
}

/// The samples of a file, as far as they are wanted.
pub fn recording(args: &ReplayArgs, path: &Path, config: &Config) -> anyhow::Result<Recording> {
    let samples = std::fs::read(path).map_err(|error| anyhow!("can't read {}: {error}", path.display()))?;
    let recording = Recording::read(&samples, config).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let source = path.display().to_string();
    let part = part(args, recording, config, &source)?;
    if let Some(contradiction) = part.contradiction(&samples) {
        tracing::warn!(file = %source, "{contradiction}");
    }
    Ok(part)
}

fn answers(args: &ReplayArgs, config: &Config) -> anyhow::Result<(Recording, String)> {
    let (mut samples, mut names) = (Samples::default(), Vec::new());
    for path in &args.prometheus_json {
        let name = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
        samples.add_answers(&text).with_context(|| name.clone())?;
        names.push(name);
    }
    let mut collector = Collector::new(&config.setup);
    add(&mut collector, samples);
    let source = names.join(", ");
    Ok((part(args, Recording::of(collector, config), config, &source)?, source))
}

/// What `--start` and `--end` leave of a recording.
fn part(args: &ReplayArgs, recording: Recording, config: &Config, source: &str) -> anyhow::Result<Recording> {
    let Some(all) = recording.range() else { bail!("{source}: {NOTHING}") };
    let wanted = range(args, all)?;
    let part = recording.cut(wanted);
    if part.range().is_none() {
        bail!("{source}: there is nothing from {} to {}; it holds {} to {}", wanted.0, wanted.1, all.0, all.1);
    }
    let mut counting = Counting::new(&config.setup);
    part.scrapes().values().for_each(|scrapes| counting.see(scrapes));
    if counting.found() { Ok(part) } else { bail!("{source}: {NOTHING}") }
}

const NOTHING: &str = "there are no samples of the series that the SLOs count";

fn add(collector: &mut Collector, samples: Samples) {
    for (series, values) in samples.0 {
        for (at, value) in values {
            collector.sample(series.clone(), at, value);
        }
    }
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
    let range = range(args, (Timestamp::default(), clock::now()))?;
    let step = parse_duration(&args.step).ok().filter(|step| *step >= Duration::from_secs(1));
    let step = step.ok_or_else(|| anyhow!("--step: write a duration of a second or more, such as 2h"))?;
    let selectors = wanted::selectors(&config.setup);
    let protocol = if args.remote_read { Protocol::RemoteRead } else { Protocol::Query };
    let server = Prometheus::new(url, http, protocol)?;
    let (mut collector, mut study) = (Collector::new(&config.setup), new(range));
    let (mut progress, mut counting) = (Progress::new(range), Counting::new(&config.setup));
    for (from, to) in pieces(range.0, range.1, step) {
        let samples = server.piece(&selectors, from, to).await.with_context(|| source.clone())?;
        progress.reach(to, samples.len());
        add(&mut collector, samples);
        for (at, scrapes) in collector.take(|job| configured_interval(config, job)) {
            counting.see(&scrapes);
            study.play(at, &scrapes, |line| output.line(line));
        }
    }
    if !counting.found() {
        bail!("{source}: {NOTHING}");
    }
    Ok((study, History { source, range }))
}

/// From `--start` to `--end`; what is not given is that of all there is.
fn range(args: &ReplayArgs, all: (Timestamp, Timestamp)) -> anyhow::Result<(Timestamp, Timestamp)> {
    let end = args.end.as_deref().map_or(Ok(all.1), |text| moment("--end", text, all.1))?;
    let start = args.start.as_deref().map_or(Ok(all.0), |text| moment("--start", text, end))?;
    if args.start.is_some() && start >= end {
        bail!("--start {start} is not before the end, {end}");
    }
    Ok((start, end))
}

/// A time as people write it; a duration counts back from `end`.
fn moment(flag: &str, text: &str, end: Timestamp) -> anyhow::Result<Timestamp> {
    let seconds = || text.parse::<f64>().ok().filter(|s| s.is_finite()).map(Timestamp::from_secs_f64);
    let back = || parse_duration(text).ok().map(|duration| end - duration);
    let found = parse_time(text).or_else(seconds).or_else(back);
    found.ok_or_else(|| {
        anyhow!("{flag}: {text:?} is not a time; write 2026-01-31T22:00:00Z, 2026-01-31 (UTC), Unix seconds or 30d")
    })
}

fn http_config(path: &Path) -> anyhow::Result<HttpConfig> {
    let name = path.display().to_string();
    let text = yaml::read_file(path).map_err(|error| anyhow!("can't read {name}: {error}"))?;
    let mut diagnostics = Diagnostics::new();
    let found = load::http_config(&name, &text, &|name| std::env::var(name).ok(), &mut diagnostics);
    found.filter(|_| !diagnostics.has_errors()).ok_or_else(|| anyhow!("{}", diagnostics.to_text().trim_end()))
}

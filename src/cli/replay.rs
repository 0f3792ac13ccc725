//! `slowburn replay`: recorded samples through the same engine on a virtual clock. It sends nothing.

use super::Outcome;
use crate::replay::{self, Line};
use clap::Args;
use comfy_table::Table;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it
    #[arg(long)]
    samples: PathBuf,
    /// One JSON object a line: each transition, then every SLO's status
    #[arg(long)]
    json: bool,
}

pub fn execute(args: &ReplayArgs) -> anyhow::Result<Outcome> {
    let config = super::run::load(&args.config)?;
    let samples = std::fs::read(&args.samples)
        .map_err(|error| anyhow::anyhow!("can't read {}: {error}", args.samples.display()))?;
    let recording = replay::Recording::read(&samples, &config)
        .map_err(|error| anyhow::anyhow!("{}: {error}", args.samples.display()))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut statuses = Vec::new();
    let mut result = Ok(());
    replay::run(&config, recording, |line| {
        if result.is_ok() {
            result = match &line {
                line if args.json => write_json(&mut out, line),
                Line::Transition(transition) => {
                    let burns = [transition.burn_long, transition.burn_short]
                        .map(|b| b.map_or("-".to_owned(), |b| format!("{b:.2}")));
                    let windows = transition
                        .long
                        .as_deref()
                        .zip(transition.short.as_deref())
                        .map_or(String::new(), |(l, s)| format!(" {l}/{s}"));
                    writeln!(
                        out,
                        "{} {} {} {} {} -> {}{windows} burning {}x/{}x: {}",
                        transition.at,
                        transition.id,
                        transition.alert,
                        transition.severity,
                        transition.from.as_str(),
                        transition.to.as_str(),
                        burns[0],
                        burns[1],
                        transition.reason
                    )
                }
                Line::Slo(_) => Ok(()),
            };
        }
        if let Line::Slo(status) = line {
            statuses.push(status);
        }
    });
    result?;
    if !args.json {
        writeln!(out, "{}", table(&statuses))?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn write_json(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Statuses as people read them.
pub fn table(statuses: &[std::sync::Arc<crate::domain::lazy_status::LazyStatus>]) -> Table {
    let mut table = Table::new();
    table.set_header(["SLO", "group", "state", "SLI", "objective", "bad / total", "budget left", "coverage"]);
    for status in statuses {
        let percent = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{:.4} %", x * 100.0));
        table.add_row([
            status.id.clone(),
            if status.group.is_empty() { String::new() } else { status.group.to_string() },
            status.state.as_str().to_owned(),
            percent(status.sli.ratio),
            format!("{} %", status.objective),
            format!("{} / {}", status.sli.bad, status.sli.total),
            percent(status.budget.remaining),
            percent(Some(status.budget.coverage)),
        ]);
    }
    table
}

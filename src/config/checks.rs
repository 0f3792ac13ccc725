//! Checks across files: SLOs of the same name, and selectors of jobs that nobody scrapes.

use super::decode::nearest;
use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::scrape::{RelabelAction, ScrapeConfig};
use super::yaml::Mark;
use crate::domain::selector::{MatchOp, Matchers};
use crate::domain::slo::{Indicator, Slo, SloId};
use std::collections::{BTreeMap, BTreeSet};

/// Jobs that are looked at for a suggestion.
const MAX_SUGGESTED: usize = 100;

/// Two SLOs may not share service and name, wherever they are declared.
pub fn duplicate_ids(slos: &[Slo], diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<&SloId, &str> = BTreeMap::new();
    for slo in slos {
        if let Some(first) = seen.get(&slo.id) {
            let (file, mark) = place(&slo.source);
            let message = format!("the SLO {} is already declared at {first}", slo.id);
            diagnostics.push(
                Diagnostic::error(file, mark, message)
                    .value(slo.id.to_string())
                    .help("rename or remove one of the two"),
            );
        } else {
            seen.insert(&slo.id, &slo.source);
        }
    }
}

/// A configuration without SLOs does nothing.
pub fn any_slos(slos: &[Slo], file: &str, diagnostics: &mut Diagnostics) {
    if slos.is_empty() && !diagnostics.has_errors() {
        let found = Diagnostic::warning(file, Mark::default(), "there are no SLOs");
        diagnostics.push(found.help("declare them in files, and name those under slo_files"));
    }
}

/// Whether a job of the main file has a mistake, so that not all jobs are known.
pub fn bad_jobs(file: &str, diagnostics: &Diagnostics) -> bool {
    let of_job = |found: &Diagnostic| found.file == file && found.path.starts_with("scrape_configs");
    diagnostics.iter().any(|found| found.severity == Severity::Error && of_job(found))
}

/// `job="x"` in a selector should name a job, unless labels may come from elsewhere.
pub fn known_jobs(slos: &[Slo], jobs: &[ScrapeConfig], file: &str, diagnostics: &mut Diagnostics) {
    if jobs.is_empty() {
        return no_jobs(slos, file, diagnostics);
    }
    if jobs.iter().any(may_rename) {
        return;
    }
    let known: BTreeSet<&str> = jobs.iter().flat_map(names).collect();
    let discovered = jobs.iter().any(|job| !job.file_sd_configs.is_empty() || !job.http_sd_configs.is_empty());
    for slo in slos {
        let unknown: BTreeSet<&str> = selected_jobs(&slo.indicator).filter(|job| !known.contains(job)).collect();
        for job in unknown {
            let near = nearest(job, known.iter().copied().take(MAX_SUGGESTED));
            // Discovered targets may bring jobs of their own.
            if near.is_none() && discovered {
                continue;
            }
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => {
                    format!("jobs are: {}", known.iter().copied().take(MAX_SUGGESTED).collect::<Vec<_>>().join(", "))
                }
            };
            let (file, mark) = place(&slo.source);
            let message = format!("the SLO {} selects a job that no scrape config has", slo.id);
            diagnostics.push(Diagnostic::warning(file, mark, message).value(job).help(help));
        }
    }
}

/// One warning for all SLOs that select jobs.
fn no_jobs(slos: &[Slo], file: &str, diagnostics: &mut Diagnostics) {
    let message = match slos.iter().filter(|slo| selected_jobs(&slo.indicator).next().is_some()).count() {
        0 => return,
        1 => "there are no jobs, and 1 SLO selects one".to_owned(),
        count => format!("there are no jobs, and {count} SLOs select them"),
    };
    let found = Diagnostic::warning(file, Mark::default(), message);
    diagnostics.push(found.help("add scrape_configs, or nothing is counted"));
}

/// The names that the targets of a job have.
fn names(job: &ScrapeConfig) -> impl Iterator<Item = &str> {
    let given = job.static_configs.iter().filter_map(|group| group.labels.get("job"));
    std::iter::once(job.job_name.as_str()).chain(given)
}

/// Whether the label `job` may become something else.
fn may_rename(job: &ScrapeConfig) -> bool {
    let writes = |action, target: &str| match action {
        RelabelAction::LabelMap => true,
        _ => target == "job" || target.contains('$'),
    };
    let steps = || job.relabel_configs.iter().chain(&job.metric_relabel_configs);
    job.honor_labels || steps().any(|step| writes(step.action, &step.target_label))
}

fn selected_jobs(indicator: &Indicator) -> impl Iterator<Item = &str> {
    let matchers: Vec<&Matchers> = match indicator {
        Indicator::Events { total, part, .. } => vec![&total.matchers, &part.matchers],
        Indicator::Latency { histogram, .. } => vec![&histogram.matchers],
        Indicator::Scrape { targets } => vec![targets],
        Indicator::Terms { terms, .. } => terms.iter().map(|term| &term.selector.matchers).collect(),
    };
    let all = matchers.into_iter().flat_map(|matchers| &matchers.0);
    all.filter(|m| m.label == "job" && m.op == MatchOp::Equal && !m.value.is_empty()).map(|m| m.value.as_str())
}

/// A source is `file:line`.
fn place(source: &str) -> (&str, Mark) {
    match source.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?))) {
        Some((file, line)) => (file, Mark::at(line, 1)),
        None => (source, Mark::default()),
    }
}

//! What was found and what to do next, for the terminal.

use super::files::NewFile;
use super::job::Job;
use super::recognise::{Proposal, Sli};
use super::slo_file::threshold_text;
use super::yaml::comment;
use crate::cli::address;
use std::path::Path;

/// Metrics left out that are told of here; the SLO file names them all.
const MOST_LEFT_OUT: usize = 3;

pub fn render(jobs: &[Job], dir: &Path, files: &[NewFile]) -> String {
    let mut out = String::new();
    for job in jobs {
        let targets: Vec<String> = job.targets.iter().map(address::shown).collect();
        out.push_str(&format!("{}: {} samples at {}\n", comment(&job.name), job.samples, targets.join(", ")));
        let width = job.found.proposals.iter().map(|proposal| proposal.name.len()).max().unwrap_or_default();
        for proposal in &job.found.proposals {
            out.push_str(&format!("  {:width$}  {}\n", proposal.name, told(proposal)));
        }
        let (shown, more) = job.found.left_out.split_at(MOST_LEFT_OUT.min(job.found.left_out.len()));
        for left in shown {
            out.push_str(&format!("  left out: {} {}\n", comment(&left.metric), comment(&left.reason)));
        }
        if !more.is_empty() {
            out.push_str(&format!("  left out: {} more, named in the file\n", more.len()));
        }
    }
    let written: Vec<String> = files.iter().map(|file| dir.join(&file.path).display().to_string()).collect();
    let main = dir.join("slowburn.yaml");
    let main = shell_word(&main.display().to_string());
    out.push_str(&format!(
        "\nWritten: {}\n\nNext:\n  slowburn check --config {main}\n  slowburn run --config {main}\n\
         The page is then at http://127.0.0.1:9490/. Nobody is told of alerts before the file has a route and receivers.\n",
        written.join(", ")
    ));
    out
}

fn told(proposal: &Proposal) -> String {
    match &proposal.sli {
        Sli::Events { metric, label, codes, bad, total, .. } => {
            format!("{} by {}: {bad} of {total} {} bad so far", comment(metric), comment(label), codes.requests())
        }
        Sli::Latency { histogram, threshold, .. } => {
            let within = threshold_text(histogram, threshold.boundary);
            format!("{}: {} % within {within}", comment(histogram), threshold.objective)
        }
        Sli::Scrape => "scrapes that succeed".to_owned(),
    }
}

/// A path as it can be pasted into a shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

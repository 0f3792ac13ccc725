//! One service's SLO file, with the reason of each choice in a comment.

use super::codes::Codes;
use super::job::Job;
use super::recognise::{Proposal, Sli, Split};
use super::threshold::{self, FEW, Threshold, Why};
use super::yaml::{comment, scalar};
use crate::cli::address;
use crate::domain::selector::{MatchOp, Matcher, Matchers, Selector};

/// Objectives that are offered, with the share of good events from which they are.
const OBJECTIVES: [(&str, f64); 4] = [("99.9", 0.999), ("99.5", 0.995), ("99", 0.99), ("95", 0.0)];

/// The text of `slos/<service>.yaml`.
pub fn render(job: &Job) -> String {
    let pages: Vec<String> = job.targets.iter().map(|url| comment(&address::shown(url))).collect();
    let mut out = format!(
        "# SLOs of {name}, written by `slowburn init` from what {pages} showed.\n\
         # They are a beginning: choose objectives that your users would choose, and add runbooks.\n\
         # After a change, `slowburn check` reports mistakes; a running engine takes it over on SIGHUP.\n\
         version: slowburn/v1\n\
         service: {service}\n\
         # labels: {{team: payments}}          # carried by every alert of this file; routes can match it\n\
         slos:\n",
        name = comment(&job.name),
        pages = pages.join(", "),
        service = scalar(&job.name),
    );
    let slos: Vec<String> = job.found.proposals.iter().map(|proposal| slo(job, proposal)).collect();
    out.push_str(&slos.join("\n"));
    if !job.found.left_out.is_empty() {
        out.push_str("\n# Left out:\n");
    }
    for left in &job.found.left_out {
        out.push_str(&format!("# - {} {}\n", comment(&left.metric), comment(&left.reason)));
    }
    out
}

fn slo(job: &Job, proposal: &Proposal) -> String {
    let (why, description, objective, sli, split) = match &proposal.sli {
        Sli::Events { metric, label, codes, bad, total, split } => {
            let (objective, why) = availability(*bad, *total);
            let requests = if codes.protocol().is_empty() { "Requests" } else { codes.requests() };
            let description = format!("{requests} are answered without a fault of the server.");
            (why, description, objective, events(job, metric, label, *codes), split.as_ref())
        }
        Sli::Latency { histogram, threshold, split } => {
            let within = threshold_text(histogram, threshold.boundary);
            let description = format!("Requests are answered within {within}.");
            let sli = format!(
                "      latency:\n        histogram: {}\n        threshold: {within}\n",
                scalar(&of_job(job, histogram, None).to_string())
            );
            (latency(threshold, &within), description, threshold.objective, sli, split.as_ref())
        }
        Sli::Scrape => {
            let why = "An event is one scrape of one target; it is good when it succeeds.".to_owned();
            let sli = format!("      scrape: {{job: {}}}\n", scalar(&job.name));
            (why, "Targets can be scraped.".to_owned(), "99.5", sli, None)
        }
    };
    let split = split.map_or(String::new(), by);
    format!(
        "  # {why}\n  - name: {name}\n    description: {description}\n    objective: {objective}\n    window: 30d\n\
         {split}    sli:\n{sli}    # alerting:\n    #   runbook_url: https://runbooks.example.com/{service}/{name}\n",
        name = proposal.name,
        service = job.name,
    )
}

/// An objective that the service kept so far, and what that rests on.
fn availability(bad: f64, total: f64) -> (&'static str, String) {
    if total <= 0.0 {
        return (
            OBJECTIVES[0].0,
            "Nothing was counted yet when this was written, so the objective is a guess.".to_owned(),
        );
    }
    let good = 1.0 - bad / total;
    let objective = OBJECTIVES.iter().find(|(_, least)| good >= *least).map_or("95", |(objective, _)| objective);
    (objective, format!("{} were good when this was written.{}", of_events(good, total), hint(total)))
}

fn latency(threshold: &Threshold, within: &str) -> String {
    match threshold.why {
        Why::Holds { share, events } => format!(
            "{} were within {within} when this was written: the smallest bucket that holds 99 %.{}",
            of_events(share, events),
            hint(events)
        ),
        Why::Largest { share, events } => format!(
            "{} were within {within}, the largest bucket, when this was written; hence the low objective.{}",
            of_events(share, events),
            hint(events)
        ),
        Why::Guess => "Nothing was observed yet when this was written, so the threshold is a guess.".to_owned(),
    }
}

/// Rounded down, so that one failure in many does not read as none.
fn of_events(share: f64, events: f64) -> String {
    format!("{} % of {events} events", (share * 1e4).floor() / 1e2)
}

fn hint(events: f64) -> &'static str {
    if events < FEW { "\n  # Look again when there is more traffic." } else { "" }
}

fn by(split: &Split) -> String {
    format!("    # by: [{}]        # a budget for each; there are {} now\n", split.label, split.groups)
}

fn events(job: &Job, metric: &str, label: &str, codes: Codes) -> String {
    let total = of_job(job, metric, None);
    let bad = of_job(job, metric, Matcher::new(label, MatchOp::Regex, codes.bad()).ok());
    format!("      events:\n        total: {}\n        bad: {}\n", scalar(&total.to_string()), scalar(&bad.to_string()))
}

fn of_job(job: &Job, metric: &str, further: Option<Matcher>) -> Selector {
    let job = Matcher::new("job", MatchOp::Equal, job.name.as_str()).ok();
    Selector { name: metric.to_owned(), matchers: Matchers(job.into_iter().chain(further).collect()) }
}

/// Whole milliseconds of a histogram of seconds as a duration, anything else as a number in the histogram's unit.
pub fn threshold_text(histogram: &str, boundary: f64) -> String {
    let millis = boundary * 1e3;
    let is_plain = threshold::unit(histogram).is_none_or(|(unit, _)| unit != "_seconds");
    if is_plain || millis.round() / 1e3 != boundary || millis > 1e9 {
        format!("{boundary}")
    } else if boundary.fract() == 0.0 {
        format!("{boundary}s")
    } else {
        format!("{}ms", millis.round())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_durations_where_they_stay_exact() {
        for (histogram, boundary, text) in [
            ("x_seconds", 0.3, "300ms"),
            ("x_seconds", 2.5, "2500ms"),
            ("x_seconds", 60.0, "60s"),
            ("x_seconds", 1e-5, "0.00001"),
            ("x_seconds", 0.0025, "0.0025"),
            ("x_milliseconds", 300.0, "300"),
            ("x_duration", 0.5, "0.5"),
        ] {
            assert_eq!(threshold_text(histogram, boundary), text, "{histogram} {boundary}");
        }
    }

    #[test]
    fn objectives_are_those_that_were_kept() {
        for (bad, total, objective) in
            [(0.0, 0.0, "99.9"), (1.0, 1000.0, "99.9"), (2.0, 1000.0, "99.5"), (50.0, 100.0, "95")]
        {
            assert_eq!(availability(bad, total).0, objective, "{bad}/{total}");
        }
    }
}

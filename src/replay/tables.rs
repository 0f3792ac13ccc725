//! What a study came to, as tables: the cells are shared by the terminal and the HTML report.

use super::known::{Known, Score};
use super::observe::{Incident, Reaction};
use super::study::{Outcome, Summary, Told};
use crate::domain::labels::Labels;
use crate::domain::slo::Severity;
use crate::domain::wording::{count, percent, sli_percent, span};

/// A heading with rows of cells.
#[derive(Debug)]
pub struct Sheet {
    pub title: String,
    /// What the columns mean, for who sees them for the first time.
    pub note: &'static str,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Incidents shown of one alternative; the JSON lines hold all.
const MOST_ROWS: usize = 500;

/// Every table that has something to show.
pub fn sheets(outcomes: &[Outcome], known: &[Known]) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    if let Some(own) = outcomes.first() {
        sheets.push(incidents(own));
    }
    sheets.push(comparison(outcomes));
    if !known.is_empty() {
        sheets.push(scores(outcomes));
        sheets.push(known_incidents(outcomes, known));
    }
    sheets
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn incidents(outcome: &Outcome) -> Sheet {
    let row = |incident: &Incident| {
        let ended = incident.ended_at.map_or("goes on".to_owned(), |end| end.to_string());
        let length = incident.ended_at.map_or_else(dash, |end| span(end.since(incident.started_at).as_secs_f64()));
        let mut cells = vec![budget(&incident.id, &incident.group), incident.started_at.to_string(), ended, length];
        cells.push(format!("{} / {}", count(incident.bad), count(incident.total)));
        cells.push(incident.spent.map_or_else(dash, percent));
        cells.extend([&incident.page, &incident.ticket].into_iter().flat_map(|reaction| reacted(reaction, incident)));
        cells
    };
    Sheet {
        title: "Incidents".to_owned(),
        note: "Stretches in which a budget burned faster than it lasts. Detected: from the beginning to the first \
               alert; over: from the end of the incident to the end of the last alert.",
        header: texts([
            "SLO",
            "began",
            "ended",
            "length",
            "bad / total",
            "spent",
            "page: detected",
            "over",
            "ticket: detected",
            "over",
        ]),
        rows: outcome.incidents.iter().take(MOST_ROWS).map(row).collect(),
    }
}

fn reacted(reaction: &Reaction, incident: &Incident) -> [String; 2] {
    let over = match (reaction.detected_after_seconds, reaction.resolved_after_seconds) {
        (Some(_), None) if incident.ended_at.is_some() => "still fires".to_owned(),
        (_, resolved) => resolved.map_or_else(dash, signed_span),
    };
    [reaction.detected_after_seconds.map_or_else(dash, signed_span), over]
}

fn comparison(outcomes: &[Outcome]) -> Sheet {
    let row = |outcome: &Outcome, summary: &Summary| {
        let mut cells = vec![
            budget(&summary.id, &summary.group),
            outcome.what_if.clone().unwrap_or_else(|| "as it is".to_owned()),
            format!("{}%", summary.objective),
            summary.window.clone(),
            summary.sli_ratio.map_or_else(dash, sli_percent),
            summary.budget_remaining.map_or_else(dash, percent),
            summary.incidents.to_string(),
        ];
        cells.extend([&summary.page, &summary.ticket].into_iter().flat_map(told));
        cells
    };
    // The alternatives of one budget stand together.
    let budgets = outcomes.first().map(|own| own.summaries.as_slice()).unwrap_or_default();
    let of_budget = |own: &Summary| {
        let same = |other: &&Summary| (&other.id, &other.group) == (&own.id, &own.group);
        let rows = outcomes.iter().flat_map(|outcome| outcome.summaries.iter().map(move |summary| (outcome, summary)));
        rows.filter(|(_, summary)| same(summary)).map(|(outcome, summary)| row(outcome, summary)).collect::<Vec<_>>()
    };
    Sheet {
        title: "Comparison".to_owned(),
        note: "How often alerts would have fired, for how long, and how soon they told of the incidents.",
        header: texts([
            "SLO",
            "alternative",
            "objective",
            "window",
            "SLI",
            "budget left",
            "incidents",
            "pages",
            "paging",
            "told of",
            "mean delay",
            "tickets",
            "open",
            "told of",
            "mean delay",
        ]),
        rows: budgets.iter().flat_map(of_budget).collect(),
    }
}

fn told(told: &Told) -> [String; 4] {
    let firing = if told.alerts == 0 { dash() } else { span(told.firing_seconds) };
    [told.alerts.to_string(), firing, told.detected.to_string(), told.mean_delay_seconds.map_or_else(dash, signed_span)]
}

fn scores(outcomes: &[Outcome]) -> Sheet {
    let row = |outcome: &Outcome, score: &Score| {
        vec![
            outcome.what_if.clone().unwrap_or_else(|| "as it is".to_owned()),
            score.severity.map_or("any".to_owned(), |severity| severity.to_string()),
            format!("{} of {}", score.right_alerts, score.alerts),
            score.precision.map_or_else(dash, percent),
            format!("{} of {}", score.detected, score.incidents),
            score.recall.map_or_else(dash, percent),
            score.mean_delay_seconds.map_or_else(dash, span),
            score.longest_delay_seconds.map_or_else(dash, span),
        ]
    };
    let rows = outcomes.iter().flat_map(|outcome| outcome.scores.iter().map(move |score| row(outcome, score)));
    Sheet {
        title: "Known incidents: precision and recall".to_owned(),
        note: "An alert is right when it fires during a known incident; precision is the share of right alerts, recall \
               the share of known incidents that an alert told of.",
        header: texts([
            "alternative",
            "severity",
            "right alerts",
            "precision",
            "detected",
            "recall",
            "mean delay",
            "longest delay",
        ]),
        rows: rows.collect(),
    }
}

fn known_incidents(outcomes: &[Outcome], known: &[Known]) -> Sheet {
    let severities = [Some(Severity::Page), Some(Severity::Ticket)];
    let name = |outcome: &Outcome| outcome.what_if.clone().unwrap_or_else(|| "as it is".to_owned());
    let mut header = texts(["incident", "began", "ended"]);
    header.extend(
        outcomes.iter().flat_map(|o| [format!("page after, {}", name(o)), format!("ticket after, {}", name(o))]),
    );
    let delay = |outcome: &Outcome, severity, i: usize| {
        let score = outcome.scores.iter().find(|score| score.severity == severity);
        score.and_then(|score| *score.delays_seconds.get(i)?).map_or("not told".to_owned(), span)
    };
    let row = |(i, known): (usize, &Known)| {
        let delays = outcomes.iter().flat_map(|outcome| severities.map(|severity| delay(outcome, severity, i)));
        [known.name.clone(), known.start.to_string(), known.end.to_string()].into_iter().chain(delays).collect()
    };
    Sheet {
        title: "Known incidents".to_owned(),
        note: "From the beginning of each known incident to the first alert during it.",
        header,
        rows: known.iter().enumerate().map(row).collect(),
    }
}

fn budget(id: &str, group: &Labels) -> String {
    if group.is_empty() { id.to_owned() } else { format!("{id} {group}") }
}

fn dash() -> String {
    "-".to_owned()
}

fn signed_span(seconds: f64) -> String {
    if seconds < 0.0 { format!("-{}", span(-seconds)) } else { span(seconds) }
}

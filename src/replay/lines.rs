//! What a study came to, one JSON object a line.

use super::known::{Known, Score};
use super::observe::{AlertSpan, Incident};
use super::study::{Outcome, Summary};
use crate::domain::time::Timestamp;
use serde::Serialize;

/// One line; `what_if` names the alternative, and is null for the SLOs as they are.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Report<'a> {
    /// An alert from its beginning to its end.
    Alert {
        what_if: Option<&'a str>,
        #[serde(flatten)]
        alert: &'a AlertSpan,
    },
    /// A stretch in which a budget burned.
    Incident {
        what_if: Option<&'a str>,
        #[serde(flatten)]
        incident: &'a Incident,
    },
    /// One budget, to be compared.
    Comparison {
        what_if: Option<&'a str>,
        #[serde(flatten)]
        summary: &'a Summary,
    },
    /// How well alerts told of the known incidents.
    Score {
        what_if: Option<&'a str>,
        #[serde(flatten)]
        score: &'a Score,
    },
    /// A known incident, in the order of a score's delays.
    KnownIncident { name: &'a str, start: Timestamp, end: Timestamp, slo: Option<&'a str> },
}

/// All lines of all alternatives.
pub fn lines<'a>(outcomes: &'a [Outcome], known: &'a [Known]) -> impl Iterator<Item = Report<'a>> {
    let known = known.iter().map(|known| Report::KnownIncident {
        name: &known.name,
        start: known.start,
        end: known.end,
        slo: known.slo.as_deref(),
    });
    outcomes.iter().flat_map(of_outcome).chain(known)
}

fn of_outcome(outcome: &Outcome) -> impl Iterator<Item = Report<'_>> {
    let what_if = outcome.what_if.as_deref();
    let alerts = outcome.alerts.iter().map(move |alert| Report::Alert { what_if, alert });
    let incidents = outcome.incidents.iter().map(move |incident| Report::Incident { what_if, incident });
    let summaries = outcome.summaries.iter().map(move |summary| Report::Comparison { what_if, summary });
    let scores = outcome.scores.iter().map(move |score| Report::Score { what_if, score });
    alerts.chain(incidents).chain(summaries).chain(scores)
}

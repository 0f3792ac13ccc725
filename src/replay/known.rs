//! Incidents that are known to have happened, and how well alerts tell of them.
//!
//! An alert is right when it fires at some moment of a known incident, and an incident is detected when an alert of its
//! SLO is. Precision is the share of right alerts, recall the share of detected incidents.

use super::observe::{AlertSpan, seconds};
use crate::config::decode::{Env, Field, Shape, Table, Value, decode, nearest};
use crate::config::diagnostics::{Diagnostic, Diagnostics};
use crate::config::yaml;
use crate::domain::group::BURN;
use crate::domain::slo::Severity;
use crate::domain::time::Timestamp;
use serde::Serialize;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub name: String,
    pub start: Timestamp,
    pub end: Timestamp,
    /// `service/name`; `None`: every SLO may tell of it.
    pub slo: Option<String>,
}

static KNOWN: Table = Table {
    title: "Known incident",
    fields: &[
        Field::req("start", Shape::Time, "when it began, RFC 3339"),
        Field::req("end", Shape::Time, "when it was over, RFC 3339"),
        Field::req("name", Shape::Text, "what people call it"),
        Field::opt("slo", Shape::Text, "service/name of the SLO that should tell of it; any SLO unless set"),
    ],
    refused: &[],
};

/// Reads a list of incidents; `ids` are the SLOs that there are.
pub fn read(file: &str, text: &[u8], ids: &[String], env: Env<'_>, diagnostics: &mut Diagnostics) -> Vec<Known> {
    let documents = yaml::load(text, file, diagnostics);
    let documents: Vec<_> = documents.iter().filter(|document| !document.is_null()).collect();
    if documents.is_empty() && !diagnostics.has_errors() {
        let found = Diagnostic::error(file, Default::default(), "the file holds no incident");
        diagnostics
            .push(found.help("list them: - {start: 2026-01-31T22:00:00Z, end: 2026-01-31T22:40:00Z, name: outage}"));
    }
    decode(file, env, diagnostics, |context| {
        let one = |item: &Value<'_>| known(item, ids);
        documents.into_iter().flat_map(|document| context.value(document).list_of(one)).collect()
    })
}

fn known(value: &Value<'_>, ids: &[String]) -> Option<Known> {
    let map = value.map(&KNOWN)?;
    let (start, end) = (map.get("start").and_then(|at| at.timestamp()), map.get("end").and_then(|at| at.timestamp()));
    if let (Some(start), Some(end), Some(at)) = (start, end, map.get("end"))
        && end <= start
    {
        at.error("the incident ends before it begins", "write an end after the start");
    }
    let slo = map.get("slo").map(|slo| slo_id(&slo, ids));
    let name = map.get("name").and_then(|name| name.nonempty());
    Some(Known { name: name?, start: start?, end: end?, slo: slo.unwrap_or(Some(None))? })
}

/// Outer `None` for an SLO that is not there.
fn slo_id(value: &Value<'_>, ids: &[String]) -> Option<Option<String>> {
    let id = value.nonempty()?;
    if ids.contains(&id) {
        return Some(Some(id));
    }
    let help = match nearest(&id, ids.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", ids.join(", ")),
    };
    value.error("there is no such SLO", help);
    None
}

/// How well the alerts of one severity tell of the known incidents.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// `None`: alerts of any severity.
    pub severity: Option<Severity>,
    pub alerts: usize,
    /// Alerts that fired during a known incident.
    pub right_alerts: usize,
    pub incidents: usize,
    pub detected: usize,
    /// `None` without alerts.
    pub precision: Option<f64>,
    /// `None` without incidents.
    pub recall: Option<f64>,
    pub mean_delay_seconds: Option<f64>,
    pub longest_delay_seconds: Option<f64>,
    /// One for each known incident, in their order; `None` where no alert told of it.
    pub delays_seconds: Vec<Option<f64>>,
}

/// Scores the alerts of each severity, and of both.
pub fn scores(known: &[Known], alerts: &[AlertSpan], ends: Timestamp) -> Vec<Score> {
    let kinds = [Some(Severity::Page), Some(Severity::Ticket), None];
    kinds.into_iter().map(|severity| score(severity, known, alerts, ends)).collect()
}

fn score(severity: Option<Severity>, known: &[Known], alerts: &[AlertSpan], ends: Timestamp) -> Score {
    let of_severity = |span: &&AlertSpan| severity.is_none_or(|severity| span.severity == severity);
    let alerts: Vec<&AlertSpan> = alerts.iter().filter(|span| span.alert == BURN).filter(of_severity).collect();
    let right = alerts.iter().filter(|span| known.iter().any(|known| tells_of(span, known, ends))).count();
    let delay = |known: &Known| {
        let first = alerts.iter().filter(|span| tells_of(span, known, ends)).map(|span| span.started_at).min();
        first.map(|at| seconds(known.start, at).max(0.0))
    };
    let delays: Vec<Option<f64>> = known.iter().map(delay).collect();
    let found: Vec<f64> = delays.iter().flatten().copied().collect();
    let share = |part: usize, all: usize| (all > 0).then(|| part as f64 / all as f64);
    Score {
        severity,
        alerts: alerts.len(),
        right_alerts: right,
        incidents: known.len(),
        detected: found.len(),
        precision: share(right, alerts.len()),
        recall: share(found.len(), known.len()),
        mean_delay_seconds: (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64),
        longest_delay_seconds: found.iter().copied().reduce(f64::max),
        delays_seconds: delays,
    }
}

fn tells_of(span: &AlertSpan, known: &Known, ends: Timestamp) -> bool {
    let of_slo = known.slo.as_ref().is_none_or(|slo| *slo == span.id);
    of_slo && span.started_at <= known.end && span.ended_at.unwrap_or(ends) >= known.start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::labels::Labels;

    fn span(severity: Severity, started: i64, ended: Option<i64>) -> AlertSpan {
        AlertSpan {
            id: "a/b".to_owned(),
            group: Labels::new(),
            alert: BURN.to_owned(),
            severity,
            started_at: Timestamp::from_secs(started),
            ended_at: ended.map(Timestamp::from_secs),
            long: None,
            short: None,
            factor: None,
            budget_remaining: None,
        }
    }

    fn known(start: i64, end: i64, slo: Option<&str>) -> Known {
        let slo = slo.map(str::to_owned);
        Known { name: "x".to_owned(), start: Timestamp::from_secs(start), end: Timestamp::from_secs(end), slo }
    }

    #[test]
    fn alerts_are_right_when_they_fire_in_an_incident_of_their_slo() {
        let alerts = [
            span(Severity::Page, 110, Some(210)),
            span(Severity::Page, 500, Some(510)),
            span(Severity::Ticket, 900, None),
        ];
        let all =
            [known(100, 200, None), known(950, 960, None), known(100, 200, Some("a/other")), known(300, 400, None)];
        let scores = scores(&all, &alerts, Timestamp::from_secs(1000));
        let shown: Vec<_> = scores
            .iter()
            .map(|s| (s.alerts, s.right_alerts, s.incidents, s.detected, s.delays_seconds.clone()))
            .collect();
        assert_eq!(
            shown,
            [
                (2, 1, 4, 1, vec![Some(10.0), None, None, None]),
                (1, 1, 4, 1, vec![None, Some(0.0), None, None]),
                (3, 2, 4, 2, vec![Some(10.0), Some(0.0), None, None]),
            ]
        );
        assert_eq!((scores[0].precision, scores[0].recall), (Some(0.5), Some(0.25)));
        assert_eq!((scores[2].mean_delay_seconds, scores[2].longest_delay_seconds), (Some(5.0), Some(10.0)));
    }

    #[test]
    fn without_alerts_there_is_no_precision() {
        let score = &scores(&[known(0, 1, None)], &[], Timestamp(0))[0];
        assert_eq!((score.precision, score.recall, score.mean_delay_seconds), (None, Some(0.0), None));
    }
}

//! What the engine logs: changes of alerts, and what is odd about targets, told when it begins, changes or ends.

use crate::domain::reading::TargetId;
use crate::domain::slo::SloId;
use crate::domain::status::{AlertState, Transition};
use std::collections::BTreeMap;
use tracing::field::display;

/// What a complaint about a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Scrape,
    Samples,
}

/// The last complaint about each target.
#[derive(Debug, Default)]
pub struct Complaints(BTreeMap<(TargetId, About), String>);

impl Complaints {
    /// Logs a complaint that is new, and the end of one when `complaint` is empty. `failed` says that nothing was read.
    pub fn note(&mut self, target: &TargetId, about: About, failed: bool, complaint: &str) {
        let key = (target.clone(), about);
        if self.0.get(&key).map_or("", String::as_str) == complaint {
            return;
        }
        let TargetId { job, instance, .. } = target;
        if complaint.is_empty() {
            tracing::info!(job, instance, "the target can be read again without complaint");
            self.0.remove(&key);
            return;
        }
        match about {
            About::Scrape if failed => tracing::warn!(job, instance, error = complaint, "scrape failed"),
            About::Scrape => tracing::warn!(job, instance, error = complaint, "scrape is odd"),
            About::Samples => tracing::warn!(job, instance, error = complaint, "samples were skipped"),
        }
        self.0.insert(key, complaint.to_owned());
    }
}

/// Logs a change of an alert; what has no value is left out.
pub fn transition(change: &Transition) {
    let Transition { id, alert, severity, from, to, reason, at, .. } = change;
    let group = (!change.group.is_empty()).then(|| display(&change.group));
    tracing::info!(
        slo = id,
        group,
        alert,
        %severity,
        from = from.as_str(),
        to = to.as_str(),
        long = change.long.as_deref(),
        short = change.short.as_deref(),
        burn_long = change.burn_long,
        burn_short = change.burn_short,
        %at,
        reason,
        "{}", what_happened(*from, *to)
    );
}

/// Logs that the figures of an SLO can't be trusted, or can again.
pub fn problem(slo: &SloId, problem: Option<&str>) {
    match problem {
        Some(problem) => tracing::warn!(%slo, problem, "the figures of the SLO can't be trusted"),
        None => tracing::info!(%slo, "the figures of the SLO can be trusted again"),
    }
}

fn what_happened(from: AlertState, to: AlertState) -> &'static str {
    match (from, to) {
        (_, AlertState::Firing) => "alert fired",
        (_, AlertState::Pending) => "alert is pending",
        (AlertState::Firing, AlertState::Inactive) => "alert resolved",
        (_, AlertState::Inactive) => "alert is no longer pending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::labels::Labels;
    use crate::domain::slo::Severity;
    use crate::domain::time::Timestamp;
    use crate::telemetry::{LogFormat, logged};

    fn change() -> Transition {
        Transition {
            at: Timestamp::from_secs(0),
            id: "shop/up".into(),
            group: Labels::new(),
            alert: "ErrorBudgetBurn".into(),
            severity: Severity::Page,
            from: AlertState::Inactive,
            to: AlertState::Firing,
            long: Some("1h".into()),
            short: Some("5m".into()),
            factor: Some(14.4),
            burn_long: Some(428.57),
            burn_short: None,
            budget_remaining: None,
            reason: "both windows exceed the factor".into(),
        }
    }

    #[test]
    fn a_change_of_an_alert_is_words_and_plain_numbers() {
        let lines = logged(LogFormat::Logfmt, || transition(&change()));
        let wanted = "msg=\"alert fired\" target=slowburn::engine::log slo=shop/up alert=ErrorBudgetBurn severity=page \
                      from=inactive to=firing long=1h short=5m burn_long=428.57 at=1970-01-01T00:00:00Z \
                      reason=\"both windows exceed the factor\"";
        assert!(lines[0].ends_with(wanted), "{lines:?}");
        let lines = logged(LogFormat::Json, || transition(&change()));
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["to"], &line["burn_long"]), (&"firing".into(), &428.57.into()));
        assert!(line.get("burn_short").is_none() && line.get("group").is_none(), "{line}");
    }

    #[test]
    fn changes_have_words_of_their_own() {
        use AlertState::{Firing, Inactive, Pending};
        let told = [(Pending, Firing), (Firing, Inactive), (Inactive, Pending), (Pending, Inactive)];
        let told = told.map(|(from, to)| what_happened(from, to));
        assert_eq!(told, ["alert fired", "alert resolved", "alert is pending", "alert is no longer pending"]);
    }

    #[test]
    fn complaints_are_told_when_they_begin_change_and_end() {
        let target = TargetId { job: "api".into(), instance: "a:1".into(), url: String::new() };
        let lines = logged(LogFormat::Logfmt, || {
            let mut complaints = Complaints::default();
            for complaint in ["", "refused", "refused", "timeout", "", ""] {
                complaints.note(&target, About::Scrape, true, complaint);
            }
        });
        let told: Vec<&str> = lines.iter().filter_map(|line| line.split_once("msg=")).map(|(_, rest)| rest).collect();
        let end = "target=slowburn::engine::log job=api instance=a:1";
        assert_eq!(
            told,
            [
                format!("\"scrape failed\" {end} error=refused"),
                format!("\"scrape failed\" {end} error=timeout"),
                format!("\"the target can be read again without complaint\" {end}"),
            ]
        );
    }
}

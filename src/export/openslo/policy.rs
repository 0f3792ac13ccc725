//! Alert policies: each pair is one, on its long window.

use super::super::Unexportable;
use super::super::exact::decimal;
use super::super::yaml::{MapBuilder, Tree};
use super::{MINUTE, Writer, metadata, minutes, name};
use crate::domain::group::shown_label;
use crate::domain::labels::Labels;
use crate::domain::slo::{Pair, Severity};
use crate::domain::time::format_duration;
use crate::spec::openslo_annotations::{SEVERITY, SHORT_WINDOW};
use crate::spec::openslo_severity;
use std::time::Duration;

/// What a policy's annotations say of its pair.
fn policy_annotations(pair: &Pair, word: &str) -> Vec<(String, Tree)> {
    let long = Duration::from_secs(minutes(pair.long) * MINUTE);
    let severity = (openslo_severity(word) != pair.severity).then(|| (SEVERITY, pair.severity.to_string()));
    let short = (pair.short < long).then(|| (SHORT_WINDOW, format_duration(pair.short)));
    severity.into_iter().chain(short).map(|(name, text)| (name.to_owned(), Tree::Text(text))).collect()
}

impl Writer<'_> {
    pub(super) fn policy(&mut self, pair: &Pair) -> Result<Tree, Unexportable> {
        let long = format_duration(pair.long);
        let own = name(&format!("{}-{}-{long}", self.slo.id.name, pair.severity));
        let factor = decimal(pair.factor).unwrap_or_else(|| {
            self.note(format!("the factor {}/{} is rounded", pair.factor.num(), pair.factor.den()));
            pair.factor.to_string()
        });
        let mut burn = MapBuilder::default()
            .text("kind", "burnrate")
            .text("op", "gt")
            .plain("threshold", factor)
            .text("lookbackWindow", self.duration(pair.long)?);
        if !pair.r#for.is_zero() {
            burn = burn.text("alertAfter", self.duration(pair.r#for)?);
        }
        let word = self.word(pair.severity).unwrap_or_else(|| pair.severity.to_string());
        let annotations = policy_annotations(pair, &word);
        let condition = MapBuilder::default().text("severity", word).with("condition", burn.build());
        let head = MapBuilder::default().text("kind", "AlertCondition");
        let head = head.with("metadata", metadata(&own, &own, &Labels::new(), Vec::new()));
        let condition = head.with("spec", condition.build()).build();
        let target = MapBuilder::default()
            .text("kind", "AlertNotificationTarget")
            .with("metadata", metadata("slowburn", "slowburn", &Labels::new(), Vec::new()))
            .with("spec", MapBuilder::default().text("target", "slowburn").build());
        let no_data = self.slo.policy.no_data.severity == Some(pair.severity);
        let spec = MapBuilder::default()
            .plain("alertWhenBreaching", "true")
            .plain("alertWhenResolved", "true")
            .plain("alertWhenNoData", no_data.to_string())
            .with("conditions", Tree::List(vec![condition]))
            .with("notificationTargets", Tree::List(vec![target.build()]));
        let head = MapBuilder::default().text("kind", "AlertPolicy");
        Ok(head.with("metadata", metadata(&own, &own, &Labels::new(), annotations)).with("spec", spec.build()).build())
    }

    /// The word for a severity in the file that it came from.
    fn word(&self, severity: Severity) -> Option<String> {
        let labels = self.slo.policy.labels_of(severity);
        labels.get(&shown_label("severity")).filter(|word| !word.trim().is_empty()).map(str::to_owned)
    }

    /// Whether alerts of a severity carry labels besides its word.
    pub(super) fn carries_labels(&self, severity: Severity) -> bool {
        let (mut labels, word) = (self.slo.policy.labels_of(severity), self.word(severity));
        if word.is_some() && self.slo.policy.pairs_of(severity).next().is_some() {
            labels.remove(&shown_label("severity"));
        }
        !labels.is_empty()
    }
}

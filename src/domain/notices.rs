//! Firing and resolved alerts as people are told of them: labels, annotations, and since when.

use super::group::{AlertKey, Firing};
use super::labels::Labels;
use super::message::{Detail, Notice};
use super::setup::Setup;
use super::slo::Slo;
use super::state::State;
use super::status::AlertState;
use super::time::Timestamp;
use super::wording;

impl State {
    /// Every firing alert, as people are told of it.
    pub fn notices(&self) -> Vec<Notice> {
        (0..self.slos.len()).flat_map(|slo| self.notices_of(slo)).chain(self.trouble_notice()).collect()
    }

    /// The firing alerts of one SLO, by index.
    pub fn notices_of(&self, slo: usize) -> impl Iterator<Item = Notice> {
        let slo = &self.slos[slo];
        let told = |setup: &Setup, alert: Firing| notice(setup, &slo.spec, alert.key, &alert.detail, alert.since, None);
        let setup = self.setup.as_deref().filter(|_| slo.fires());
        setup
            .into_iter()
            .flat_map(move |setup| slo.firing(&setup.external_url).into_iter().map(move |alert| told(setup, alert)))
    }

    /// slowburn's own trouble, while there is any.
    pub fn trouble_notice(&self) -> Option<Notice> {
        let (setup, core) = (self.setup.as_deref()?, &self.core);
        let firing = core.trouble.state == AlertState::Firing;
        firing.then(|| super::trouble::notice(setup, &core.trouble_text, core.trouble.since, None))
    }
}

/// An alert with its labels and annotations (the contract's section 7).
pub(super) fn notice(
    setup: &Setup,
    spec: &Slo,
    key: AlertKey,
    detail: &Detail,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
) -> Notice {
    let mut labels = setup.external_labels.clone();
    labels.merge(&spec.labels);
    labels.merge(&spec.policy.labels_of(key.severity()));
    labels.merge(&detail.group);
    labels.set("alertname", key.name());
    labels.set("service", &spec.id.service);
    labels.set("slo", &spec.id.name);
    labels.set("severity", key.severity().to_string());
    if let AlertKey::Spent(index, severity) = key {
        // Two thresholds of one severity would otherwise be one alert.
        if spec.policy.budget.iter().filter(|alert| alert.severity == severity).count() > 1 {
            labels.set("consumed", spec.policy.budget[index].consumed.to_string());
        }
    }
    let firing = ends_at.is_none();
    let mut annotations = Labels::new();
    annotations.set("summary", wording::summary(detail, firing));
    annotations.set("description", wording::description(detail, firing));
    annotations.set("runbook_url", detail.runbook_url.clone().unwrap_or_default());
    annotations.set("slo_url", &detail.slo_url);
    annotations.merge(&spec.policy.annotations_of(key.severity()));
    Notice { labels, annotations, starts_at, ends_at, detail: detail.clone() }
}

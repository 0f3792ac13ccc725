//! `alerting`: which pairs of windows alert, what else does, and what the alerts carry.

use super::super::percent;
use super::alert_labels;
use super::keys::{ALERTING, BUDGET, MEASURES, NO_DATA, SEVERITIES};
use super::pair;
use crate::config::decode::{Map, Value};
use crate::domain::ratio::Ratio;
use crate::domain::slo::{BudgetAlert, NoData, Objective, Policy, SloWindow, Timeslices};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time without a sample after which an SLO counts as not measured.
pub const NO_DATA_AFTER: Duration = Duration::from_secs(5 * 60);

/// What of the SLO its alerts depend on; `None` where it was wrong, and then nothing is compared with it.
pub(super) struct Basis<'a> {
    pub slo: &'a Map<'a>,
    pub objective: Option<Objective>,
    pub window: Option<&'a SloWindow>,
    pub timeslices: Option<Timeslices>,
}

/// Reads the policy; without the key everything has its default. Mistakes are reported.
pub(super) fn read(value: Option<&Value<'_>>, basis: &Basis<'_>) -> Policy {
    let map = value.and_then(|value| value.map(&ALERTING));
    let get = |key| map.as_ref().and_then(|map| map.get(key));
    let measure = get("measure").and_then(|measure| measure.choice(&MEASURES)).unwrap_or_default();
    let min_bad_events = get("min_bad_events").and_then(|least| least.decimal()).map_or(0.0, Ratio::as_f64);
    let reader = pair::Reader { basis, measure, min_bad_events };
    let (mut pairs, mut of_severity) = (Vec::new(), BTreeMap::new());
    for (key, severity) in SEVERITIES {
        let (own, extras) = reader.read(get(key).as_ref(), severity);
        pairs.extend(own);
        of_severity.extend(extras.map(|extras| (severity, extras)));
    }
    Policy {
        pairs,
        measure,
        no_data: get("no_data")
            .and_then(|no_data| read_no_data(&no_data))
            .unwrap_or(NoData { after: NO_DATA_AFTER, severity: None }),
        budget: get("budget").map(|list| budget_alerts(&list)).unwrap_or_default(),
        runbook_url: get("runbook_url").and_then(|url| url.http_url()),
        labels: get("labels").map(|labels| alert_labels(&labels)).unwrap_or_default(),
        annotations: get("annotations").and_then(|annotations| annotations.labels()).unwrap_or_default(),
        of_severity,
    }
}

fn read_no_data(value: &Value<'_>) -> Option<NoData> {
    let map = value.map(&NO_DATA)?;
    Some(NoData {
        after: map.get("after").and_then(|after| after.positive_duration()).unwrap_or(NO_DATA_AFTER),
        severity: map.get("severity").and_then(|severity| severity.choice(&SEVERITIES)),
    })
}

fn budget_alerts(value: &Value<'_>) -> Vec<BudgetAlert> {
    let mut alerts: Vec<BudgetAlert> = Vec::new();
    for item in value.list().unwrap_or_default() {
        let Some(alert) = budget_alert(&item) else { continue };
        if alerts.contains(&alert) {
            item.error("the same alert is listed twice", "remove one");
        } else {
            alerts.push(alert);
        }
    }
    alerts
}

fn budget_alert(value: &Value<'_>) -> Option<BudgetAlert> {
    let map = value.map(&BUDGET)?;
    let consumed = map.get("consumed").and_then(|share| percent::budget_share(&share));
    let severity = map.get("severity").and_then(|severity| severity.choice(&SEVERITIES));
    Some(BudgetAlert { consumed: consumed?, severity: severity? })
}

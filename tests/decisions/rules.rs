//! Rules as the comparison needs them, out of the files that would be given to a Prometheus.

use super::traces::STEP;
use serde_json::Value;
use std::collections::BTreeMap;

const BURN: &str = "ErrorBudgetBurn";
/// Alerts that keep their name; any other one is of burn rates, whatever its file calls it.
const NAMED: [&str; 2] = ["SloNoData", "ErrorBudgetSpent"];

/// Made of recorded series, and used by alerts only.
const PERIOD_BURN: &str = "slo:period_burn_rate:ratio";
const BUDGET: &str = "slo:error_budget:ratio";

/// One rule of a file.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Of the recorded series; `None` for an alert.
    pub record: Option<String>,
    alert: Option<String>,
    pub expr: String,
    pub labels: BTreeMap<String, String>,
    pub sloth_id: String,
    /// How long an alert's expression must hold, in milliseconds.
    pub wait: i64,
    /// Milliseconds between two evaluations.
    pub every: i64,
}

impl Rule {
    /// The window of a recorded ratio.
    pub fn window(&self) -> &str {
        self.labels.get("sloth_window").map_or("", String::as_str)
    }

    /// Which alert it is: its name and its severity.
    pub fn alert(&self) -> Option<(String, String)> {
        let name = self.alert.as_deref()?;
        let name = if NAMED.contains(&name) { name } else { BURN };
        Some((name.to_owned(), self.labels["sloth_severity"].clone()))
    }

    /// All that a decision depends on.
    pub fn decides(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        let recorded = self.record.clone().map(|record| (record, self.window().to_owned()));
        (recorded, self.alert(), self.expr.clone(), self.sloth_id.clone(), self.wait, self.every)
    }

    /// Sloth's means over the SLO window; no alert of its own reads them.
    fn is_of_sloths_period(&self) -> bool {
        ["30d", "4w"].contains(&self.window())
    }
}

/// The rules over the windows of the burn rates, and the alerts on them.
pub fn rules(file: &str) -> Vec<Rule> {
    let documents = file.split("\n---").filter(|document| document.contains("groups:"));
    documents.flat_map(|document| of_document(&serde_yaml::from_str(document).expect("rules"))).collect()
}

fn of_document(document: &Value) -> Vec<Rule> {
    let groups = document["groups"].as_array().or_else(|| document["spec"]["groups"].as_array()).expect("groups");
    let (mut all, mut meta) = (Vec::new(), Vec::new());
    for group in groups {
        let name = group["name"].as_str().and_then(|name| name.strip_prefix("sloth-slo-")).expect("Sloth's name");
        match (name.split_once("-recordings-"), name.strip_prefix("alerts-")) {
            (Some(("sli", id)), _) | (None, Some(id)) => all.extend(of_group(group, id)),
            (Some(("meta", id)), _) => meta.extend(of_group(group, id)),
            _ => panic!("{name} is no group of Sloth's"),
        }
    }
    all.retain(|rule| !rule.is_of_sloths_period());
    let read =
        |rule: &Rule| all.iter().any(|alert| alert.sloth_id == rule.sloth_id && alert.expr.contains(PERIOD_BURN));
    meta.retain(read);
    for alert in all.iter_mut().filter(|rule| rule.expr.contains(PERIOD_BURN)) {
        let is_it = |rule: &&Rule| rule.sloth_id == alert.sloth_id && rule.record.as_deref() == Some(PERIOD_BURN);
        let burn = meta.iter().find(is_it).expect("what is spent");
        // It is asked for in place, as there would be nothing else to record it for.
        let (_, than) = alert.expr.split_once('}').expect("a comparison");
        alert.expr = format!("({}){than}", burn.expr);
    }
    all.extend(meta.into_iter().filter(|rule| rule.record.as_deref() == Some(BUDGET)));
    all
}

fn of_group(group: &Value, sloth_id: &str) -> Vec<Rule> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let rule = |rule: &Value| Rule {
        record: rule["record"].as_str().map(str::to_owned),
        alert: rule["alert"].as_str().map(str::to_owned),
        expr: text(&rule["expr"]),
        labels: rule["labels"].as_object().expect("labels").iter().map(|(name, of)| (name.clone(), text(of))).collect(),
        sloth_id: sloth_id.to_owned(),
        wait: rule["for"].as_str().map_or(0, minutes),
        every: group["interval"].as_str().map_or(STEP, minutes),
    };
    group["rules"].as_array().expect("rules").iter().map(rule).collect()
}

/// A duration of whole minutes.
fn minutes(text: &str) -> i64 {
    let minutes = text.strip_suffix('m').and_then(|minutes| minutes.parse::<i64>().ok());
    minutes.expect("whole minutes") * 60_000
}

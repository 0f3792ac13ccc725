//! OpenSLO v1: a Service for each service, and an SLO with its indicator and alert policies inline.
//!
//! OpenSLO knows no pairs of windows: a condition looks at one. Each pair becomes a policy with the long window, and an
//! annotation names the short one, which reading takes up; what else a file can't say is told in notes.

mod policy;

use super::exact::decimal;
use super::yaml::{MapBuilder, Tree};
use super::{Export, Note, Unexportable, by_service, queries};
use crate::domain::calendar::Period;
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Measure, Part, Severity, SliceVerdict, Slo, SloWindow};
use crate::domain::time::format_duration;
use crate::spec::NO_DATA_AFTER as USUAL_NO_DATA_AFTER;
use crate::spec::openslo_annotations::{ID, NO_DATA_AFTER};
use crate::spec::promql::{self, Bare, Refused};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const API_VERSION: &str = "openslo/v1";

/// Names are RFC 1123 labels of at most this many characters.
const LONGEST_NAME: usize = 63;

/// A minute, the unit below which OpenSLO knows no durations.
const MINUTE: u64 = 60;

/// All documents, each service before its SLOs.
pub fn write(slos: &[Arc<Slo>]) -> Result<Export, Vec<Unexportable>> {
    let (mut documents, mut notes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut services = BTreeSet::new();
    for (service, slos) in by_service(slos) {
        let service_name = unique(&mut services, service);
        let metadata = metadata(&service_name, service, &Labels::new(), Vec::new());
        documents.push(object("Service", metadata, Tree::Map(vec![])));
        let mut names = BTreeSet::new();
        for slo in slos {
            let name = unique(&mut names, &slo.id.name);
            let mut writer = Writer { slo: &slo, service: &service_name, name, notes: Vec::new() };
            match writer.slo() {
                Ok(document) => documents.push(document),
                Err(why) => refused.push(why),
            }
            notes.append(&mut writer.notes);
        }
    }
    let texts: Vec<String> = documents.iter().map(Tree::to_yaml).collect();
    if refused.is_empty() { Ok(Export { text: texts.join("---\n"), notes }) } else { Err(refused) }
}

fn object(kind: &str, metadata: Tree, spec: Tree) -> Tree {
    let head = MapBuilder::default().text("apiVersion", API_VERSION).text("kind", kind);
    head.with("metadata", metadata).with("spec", spec).build()
}

fn metadata(name: &str, display: &str, labels: &Labels, annotations: Vec<(String, Tree)>) -> Tree {
    let mut map = MapBuilder::default().text("name", name);
    if name != display {
        map = map.text("displayName", display.chars().take(LONGEST_NAME).collect::<String>());
    }
    if !labels.is_empty() {
        let entries = labels.iter().map(|(name, value)| (name.to_owned(), Tree::Text(value.to_owned())));
        map = map.with("labels", Tree::Map(entries.collect()));
    }
    let annotations = (!annotations.is_empty()).then_some(Tree::Map(annotations));
    map.maybe("annotations", annotations).build()
}

/// An RFC 1123 label like the name.
fn name(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label: String = text.chars().map(allowed).take(LONGEST_NAME).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "unnamed".to_owned() } else { label.to_owned() }
}

/// A name like the text that no other has.
fn unique(taken: &mut BTreeSet<String>, text: &str) -> String {
    let base = name(text);
    let (mut found, mut number) = (base.clone(), 1);
    while !taken.insert(found.clone()) {
        number += 1;
        let ending = format!("-{number}");
        found = format!("{}{ending}", &base[..base.len().min(LONGEST_NAME - ending.len())]);
    }
    found
}

fn budgeting(slo: &Slo) -> &'static str {
    match slo.timeslices.map(|slices| slices.verdict) {
        None => "Occurrences",
        Some(SliceVerdict::Whole) => "Timeslices",
        Some(SliceVerdict::Share) => "RatioTimeslices",
    }
}

/// Whole minutes, rounded.
fn minutes(duration: Duration) -> u64 {
    (duration.as_secs() + MINUTE / 2) / MINUTE
}

struct Writer<'a> {
    slo: &'a Slo,
    /// The names in the file of the service and of the SLO.
    service: &'a str,
    name: String,
    notes: Vec<Note>,
}

impl Writer<'_> {
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note::new(self.slo, text));
    }

    fn slo(&mut self) -> Result<Tree, Unexportable> {
        let slo = self.slo;
        self.tell_what_is_left_out();
        let mut spec = MapBuilder::default();
        if !slo.description.is_empty() {
            spec = spec.text("description", &slo.description);
        }
        let policies: Vec<Tree> =
            slo.policy.pairs.iter().map(|pair| self.policy(pair)).collect::<Result<_, Unexportable>>()?;
        let spec = spec
            .text("service", self.service)
            .with("indicator", self.indicator()?)
            .with("timeWindow", Tree::List(vec![self.window()?]))
            .text("budgetingMethod", budgeting(slo))
            .with("objectives", Tree::List(vec![self.objective()?]))
            .with("alertPolicies", Tree::List(policies))
            .build();
        Ok(object("SLO", metadata(&self.name, &slo.id.name, &slo.labels, self.annotations()), spec))
    }

    /// What only annotations can say.
    fn annotations(&self) -> Vec<(String, Tree)> {
        let Slo { id, policy, .. } = self.slo;
        let mut annotations = Vec::new();
        if (self.service, &*self.name) != (&*id.service, &*id.name) {
            annotations.push((ID.to_owned(), Tree::Text(id.to_string())));
        }
        if policy.no_data.after != USUAL_NO_DATA_AFTER {
            annotations.push((NO_DATA_AFTER.to_owned(), Tree::Text(format_duration(policy.no_data.after))));
        }
        annotations
    }

    fn tell_what_is_left_out(&mut self) {
        let policy = &self.slo.policy;
        if !self.slo.maintenance.is_empty() {
            self.note("OpenSLO has no maintenance");
        }
        if !policy.budget.is_empty() {
            self.note("OpenSLO has no alerts on the share of the budget that is spent");
        }
        if policy.measure == Measure::BudgetSpent {
            self.note("conditions compare burn rates, not what was spent of the whole budget");
        }
        let carries = [Severity::Page, Severity::Ticket]
            .into_iter()
            .any(|severity| self.carries_labels(severity) || !policy.annotations_of(severity).is_empty());
        if carries || policy.runbook_url.is_some() {
            self.note("OpenSLO's alert policies carry no labels, annotations or runbook");
        }
        if policy.pairs.iter().any(|pair| pair.min_bad_events > 0.0 || !pair.keep_firing_for.is_zero()) {
            self.note("OpenSLO's conditions know neither min_bad_events nor keep_firing_for");
        }
        if let Some(severity) = policy.no_data.severity.filter(|severity| policy.pairs_of(*severity).next().is_none()) {
            self.note(format!("without a condition for a {severity} there is no {severity} alert on missing data"));
        }
    }

    fn indicator(&self) -> Result<Tree, Unexportable> {
        let (bad, total) = self.queries()?;
        let metric = |query: String| {
            let spec = MapBuilder::default().text("query", query).build();
            let source = MapBuilder::default().text("type", "Prometheus").with("spec", spec).build();
            MapBuilder::default().with("metricSource", source).build()
        };
        let ratio = MapBuilder::default()
            .plain("counter", queries::is_rate(self.slo).to_string())
            .with("bad", metric(bad))
            .with("total", metric(total))
            .build();
        let spec = MapBuilder::default().with("ratioMetric", ratio).build();
        let own = name(&format!("{}-sli", self.slo.id.name));
        Ok(MapBuilder::default()
            .with("metadata", metadata(&own, &own, &Labels::new(), Vec::new()))
            .with("spec", spec)
            .build())
    }

    /// Queries of the bad events and of all events, which slowburn itself would count.
    fn queries(&self) -> Result<(String, String), Unexportable> {
        if queries::is_mixed(self.slo) {
            return Err(Unexportable::new(
                self.slo,
                "OpenSLO counts counters or samples of gauges, not both in one SLO",
            ));
        }
        let (bad, total) = queries::bare(self.slo);
        let bare = if queries::is_rate(self.slo) { Bare::Counters } else { Bare::Gauges };
        match promql::events(&bad, Part::Bad, &total, bare) {
            Ok(_) => Ok((bad, total)),
            Err(Refused::Part(refusal) | Refused::Total(refusal)) => {
                Err(Unexportable::new(self.slo, format!("its queries can't be counted: {}", refusal.why)))
            }
        }
    }

    fn window(&mut self) -> Result<Tree, Unexportable> {
        match &self.slo.window {
            SloWindow::Rolling(length) => {
                let length = self.duration(*length)?;
                Ok(MapBuilder::default().text("duration", length).plain("isRolling", "true").build())
            }
            SloWindow::Calendar(calendar) => {
                let (length, start) = match calendar.period {
                    // A Monday.
                    Period::Week => ("1w", "2024-01-01 00:00:00"),
                    Period::Month => ("1M", "2024-01-01 00:00:00"),
                    Period::Quarter => ("1Q", "2024-01-01 00:00:00"),
                    Period::Year => ("1Y", "2024-01-01 00:00:00"),
                };
                let zone = calendar.time_zone.to_string();
                let start = MapBuilder::default().text("startTime", start).text("timeZone", zone).build();
                Ok(MapBuilder::default()
                    .text("duration", length)
                    .plain("isRolling", "false")
                    .with("calendar", start)
                    .build())
            }
        }
    }

    fn objective(&mut self) -> Result<Tree, Unexportable> {
        let percent = self.slo.objective.percent();
        let target =
            decimal(percent).ok_or_else(|| Unexportable::new(self.slo, "its objective is no plain decimal"))?;
        let mut map = MapBuilder::default().plain("targetPercent", target);
        if let Some(slices) = self.slo.timeslices {
            let share = Ratio::new(100, 1).and_then(|hundred| slices.target.over(hundred)).and_then(decimal);
            let share = share.ok_or_else(|| Unexportable::new(self.slo, "its target of slices is no plain decimal"))?;
            if slices.verdict == SliceVerdict::Whole {
                map = map.plain("timeSliceTarget", share);
            }
            map = map.text("timeSliceWindow", self.duration(slices.slice)?);
        }
        Ok(map.build())
    }

    /// One number with one unit, of minutes or more.
    fn duration(&mut self, duration: Duration) -> Result<String, Unexportable> {
        const UNITS: [(&str, u64); 4] =
            [("w", 10_080 * MINUTE), ("d", 1440 * MINUTE), ("h", 60 * MINUTE), ("m", MINUTE)];
        let seconds = duration.as_secs();
        let unit = UNITS.iter().find(|(_, size)| seconds >= *size && seconds.is_multiple_of(*size));
        if let Some((unit, size)) = unit {
            return Ok(format!("{}{unit}", seconds / size));
        }
        if seconds < MINUTE / 2 {
            let text = format_duration(duration);
            return Err(Unexportable::new(self.slo, format!("OpenSLO knows no durations as short as {text}")));
        }
        let minutes = minutes(duration);
        self.note(format!("{} is rounded to {minutes}m: OpenSLO knows whole minutes", format_duration(duration)));
        Ok(format!("{minutes}m"))
    }
}

//! The figures of every SLO under the names that Sloth's and Pyrra's rules record them by, where `web.compat` asks.
//!
//! The numbers are slowburn's: each error ratio is of its whole window, also the one over the SLO window, which Sloth
//! averages from 5-minute ratios. What is not known has no sample. Names with colons are what those tools chose;
//! `promtool check metrics` advises against them, and against labels in `ALERTS`, and that is known.

use super::collector::{gauge, rate_of};
use super::names::shown;
use crate::domain::compat::Compat;
use crate::domain::labels::Labels;
use crate::domain::message::Notice;
use crate::domain::status::{BurnRate, SloStatus, WindowStatus};
use crate::domain::time::format_duration;
use crate::view::Published;
use crate::web::api::VERSION;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The window of Sloth's current burn rate and of Pyrra's rates.
const FIVE_MINUTES: u64 = 300;

/// Labels that Sloth sets, with the one that tells its windows apart.
const OF_SLOTH: [&str; 8] = [
    "sloth_id",
    "sloth_service",
    "sloth_slo",
    "sloth_window",
    "sloth_version",
    "sloth_mode",
    "sloth_spec",
    "sloth_objective",
];

/// Labels of Pyrra's series. Its own carry no service; without one two SLOs of one name would be one series.
const OF_PYRRA: [&str; 2] = ["slo", "service"];

/// Encodes one publication under other tools' names.
#[derive(Debug)]
pub struct CompatSnapshot {
    pub published: Arc<Published>,
    pub compat: Compat,
}

impl Collector for CompatSnapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if self.compat.sloth {
            sloth(&mut encoder, &rows(&self.published, &OF_SLOTH, sloth_labels))?;
        }
        if self.compat.pyrra {
            pyrra(&mut encoder, &rows(&self.published, &OF_PYRRA, pyrra_labels))?;
        }
        if self.compat != Compat::default() {
            alerts(&mut encoder, &self.published, self.compat)?;
        }
        Ok(())
    }
}

type Pairs = Vec<(String, String)>;

/// A status with its labels as they are shown.
struct Row<'a> {
    status: &'a SloStatus,
    totals: (f64, f64),
    labels: Pairs,
}

fn rows<'a>(published: &'a Published, reserved: &[&str], own: fn(&SloStatus) -> Pairs) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(published.statuses.len());
    for groups in published.statuses.by_slo() {
        // Which names are shown must not depend on one group's labels alone.
        let names = groups.iter().flat_map(|status| status.labels.iter().chain(status.group.iter()));
        let names = shown(names.map(|(name, _)| name), reserved);
        for status in groups {
            let mut labels = own(status);
            labels.extend(renamed(&status.labels, &names));
            labels.extend(renamed(&status.group, &names));
            rows.push(Row { status, totals: status.totals, labels });
        }
    }
    rows
}

fn renamed(labels: &Labels, names: &[(&str, String)]) -> impl Iterator<Item = (String, String)> {
    labels.iter().filter_map(|(name, value)| {
        let index = names.binary_search_by(|(own, _)| (*own).cmp(name)).ok()?;
        Some((names[index].1.clone(), value.to_owned()))
    })
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn sloth_labels(status: &SloStatus) -> Pairs {
    let SloStatus { service, name, .. } = status;
    vec![
        pair("sloth_id", format!("{service}-{name}")),
        pair("sloth_service", service.clone()),
        pair("sloth_slo", name.clone()),
    ]
}

fn pyrra_labels(status: &SloStatus) -> Pairs {
    vec![pair("slo", status.name.clone()), pair("service", status.service.clone())]
}

/// Name, help and value of a series.
type Figure = (&'static str, &'static str, fn(&Row<'_>) -> Option<f64>);

fn sloth(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>]) -> fmt::Result {
    error_ratios(encoder, rows)?;
    let figures: [Figure; 6] = [
        ("slo:objective:ratio", "Promised share of good events", |row| Some(row.status.objective / 100.0)),
        ("slo:error_budget:ratio", "Share of events that may be bad", |row| Some(budget(row.status))),
        ("slo:time_period:days", "Length of the SLO window", |row| Some(period(row.status).as_secs_f64() / 86_400.0)),
        ("slo:current_burn_rate:ratio", "Burn rate over the shortest window", |row| current(row.status)?.rate),
        ("slo:period_burn_rate:ratio", "Share of the error budget that is spent", |row| row.status.budget.consumed),
        ("slo:period_error_budget_remaining:ratio", "Share of the error budget that is left", |row| {
            row.status.budget.remaining
        }),
    ];
    gauges(encoder, rows, &figures)?;
    let mut family = encoder.encode_descriptor("sloth_slo_info", "The SLO", None, MetricType::Gauge)?;
    for row in rows {
        let mut labels = row.labels.clone();
        labels.extend([
            pair("sloth_version", VERSION),
            pair("sloth_mode", "slowburn"),
            pair("sloth_spec", "slowburn/v1"),
            pair("sloth_objective", row.status.objective.to_string()),
        ]);
        gauge(&mut family, &labels, None, 1.0)?;
    }
    Ok(())
}

/// `slo:sli_error:ratio_rate5m` and so on: one family for each window that any SLO has, its SLO window among them.
fn error_ratios(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>]) -> fmt::Result {
    let mut families: BTreeMap<Duration, Vec<(&Row<'_>, f64)>> = BTreeMap::new();
    for row in rows {
        let period = period(row.status);
        let mut windows: BTreeMap<Duration, f64> = BTreeMap::new();
        for burn in &row.status.burn_rates {
            windows.extend(rate_of(burn.bad, burn.total).map(|ratio| (Duration::from_secs(burn.seconds), ratio)));
        }
        windows.remove(&period);
        windows.extend(row.status.sli.ratio.map(|ratio| (period, 1.0 - ratio)));
        for (window, ratio) in windows {
            families.entry(window).or_default().push((row, ratio));
        }
    }
    for (window, members) in families {
        let window = format_duration(window);
        let name = format!("slo:sli_error:ratio_rate{window}");
        let mut family = encoder.encode_descriptor(&name, "Share of bad events", None, MetricType::Gauge)?;
        for (row, ratio) in members {
            gauge(&mut family, &row.labels, Some(("sloth_window", &window)), ratio)?;
        }
    }
    Ok(())
}

fn pyrra(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>]) -> fmt::Result {
    let figures: [Figure; 5] = [
        ("pyrra_objective", "Promised share of good events", |row| Some(row.status.objective / 100.0)),
        ("pyrra_window", "Length of the SLO window in seconds", |row| Some(period(row.status).as_secs_f64())),
        ("pyrra_availability", "Share of good events in the SLO window", |row| row.status.sli.ratio),
        ("pyrra_requests:rate5m", "Events a second", |row| Some(five_minutes(row.status)?.total / FIVE_MINUTES as f64)),
        ("pyrra_errors:rate5m", "Bad events a second", |row| Some(five_minutes(row.status)?.bad / FIVE_MINUTES as f64)),
    ];
    gauges(encoder, rows, &figures)?;
    let counters: [Figure; 2] = [
        ("pyrra_requests", "Events since counting began", |row| Some(row.totals.0 + row.totals.1)),
        ("pyrra_errors", "Bad events since counting began", |row| Some(row.totals.1)),
    ];
    for (name, help, value) in counters {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for row in rows {
            let none = None::<&Exemplar<Vec<(String, String)>, f64>>;
            family.encode_family(&row.labels)?.encode_counter(&value(row).unwrap_or_default(), none)?;
        }
    }
    Ok(())
}

fn gauges(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>], figures: &[Figure]) -> fmt::Result {
    for (name, help, value) in figures {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for row in rows {
            if let Some(value) = value(row) {
                gauge(&mut family, &row.labels, None, value)?;
            }
        }
    }
    Ok(())
}

/// Prometheus's own series of firing alerts, which the pages of both tools read.
fn alerts(encoder: &mut DescriptorEncoder<'_>, published: &Published, compat: Compat) -> fmt::Result {
    let mut family = encoder.encode_descriptor("ALERTS", "Firing alerts", None, MetricType::Gauge)?;
    let mut seen = BTreeSet::new();
    for notice in published.alerts.iter() {
        let labels = alert_labels(notice, compat);
        // Two alerts that differ in nothing would be one series written twice.
        if seen.insert(labels.clone()) {
            let labels: Pairs = labels.iter().map(|(name, value)| pair(name, value)).collect();
            gauge(&mut family, &labels, None, 1.0)?;
        }
    }
    Ok(())
}

fn alert_labels(notice: &Notice, compat: Compat) -> Labels {
    let mut labels = notice.labels.clone().with("alertstate", "firing");
    let detail = &notice.detail;
    if compat.sloth {
        labels.set("sloth_id", format!("{}-{}", detail.id.service, detail.id.name));
        labels.set("sloth_service", &detail.id.service);
        labels.set("sloth_slo", &detail.id.name);
        labels.set("sloth_severity", detail.severity.to_string());
    }
    if let Some(burn) = detail.burn.as_ref().filter(|_| compat.pyrra) {
        labels.set("long", &burn.long);
        labels.set("short", &burn.short);
    }
    labels
}

fn budget(status: &SloStatus) -> f64 {
    (100.0 - status.objective) / 100.0
}

fn period(status: &SloStatus) -> Duration {
    match status.window {
        WindowStatus::Rolling { seconds } | WindowStatus::Calendar { seconds, .. } => Duration::from_secs(seconds),
    }
}

fn five_minutes(status: &SloStatus) -> Option<&BurnRate> {
    status.burn_rates.iter().find(|burn| burn.seconds == FIVE_MINUTES)
}

fn current(status: &SloStatus) -> Option<&BurnRate> {
    five_minutes(status).or_else(|| status.burn_rates.iter().min_by_key(|burn| burn.seconds))
}

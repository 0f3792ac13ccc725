//! Every SLO's and target's figures, from one published snapshot.
//!
//! What is not known has no sample: an SLO without events shows no burn rate rather than 0 or NaN.

use super::discovery;
use super::names::{RESERVED, shown};
use crate::domain::labels::Labels;
use crate::domain::slo::{Severity, Slo, SloId};
use crate::domain::status::{AlertState, SloStatus, State};
use crate::view::{Published, ScrapeView};
use crate::web::api::{REVISION, VERSION};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

const NO_LABELS: [(String, &str); 0] = [];

/// Encodes one publication.
#[derive(Debug)]
pub struct Snapshot {
    pub published: Arc<Published>,
    /// Bytes of the store on the disk.
    pub store_bytes: u64,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let published = &self.published;
        slo_families(&mut encoder, &rows(published))?;
        target_families(&mut encoder, published)?;
        discovery::families(&mut encoder, published)?;
        health(&mut encoder, published, self.store_bytes)
    }
}

/// A status with its labels as they are shown.
struct Row<'a> {
    status: &'a SloStatus,
    labels: Vec<(String, &'a str)>,
    /// Good and bad events since counting began.
    totals: (f64, f64),
}

fn rows(published: &Published) -> Vec<Row<'_>> {
    let slos: HashMap<&SloId, &Slo> = published.setup.slos.iter().map(|slo| (&slo.id, slo.as_ref())).collect();
    let mut rows = Vec::with_capacity(published.statuses.len());
    for groups in published.statuses.by_slo() {
        let id = SloId { service: groups[0].service.clone(), name: groups[0].name.clone() };
        let by = slos.get(&id).map(|slo| slo.by.as_slice()).unwrap_or_default();
        let of_groups = groups.iter().flat_map(|status| status.group.iter().map(|(name, _)| name));
        let names = shown(by.iter().map(String::as_str).chain(of_groups), &RESERVED);
        for status in groups {
            rows.push(Row { status, labels: slo_labels(status, &names), totals: status.totals });
        }
    }
    rows
}

fn slo_labels<'a>(status: &'a SloStatus, names: &[(&str, String)]) -> Vec<(String, &'a str)> {
    let own = [("service".to_owned(), status.service.as_str()), ("slo".to_owned(), status.name.as_str())];
    own.into_iter().chain(renamed(&status.group, names)).collect()
}

fn renamed<'a>(labels: &'a Labels, names: &[(&str, String)]) -> impl Iterator<Item = (String, &'a str)> {
    labels.iter().filter_map(|(name, value)| {
        let index = names.binary_search_by(|(own, _)| (*own).cmp(name)).ok()?;
        Some((names[index].1.clone(), value))
    })
}

fn slo_families(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>]) -> fmt::Result {
    let help = "Promised share of good events";
    let mut family = encoder.encode_descriptor("slo_objective_ratio", help, None, MetricType::Gauge)?;
    for row in rows {
        gauge(&mut family, &row.labels, None, row.status.objective / 100.0)?;
    }
    let help = "Events since counting began, by outcome (good, bad)";
    let mut family = encoder.encode_descriptor("slo_events", help, None, MetricType::Counter)?;
    for row in rows {
        let (good, bad) = row.totals;
        counter(&mut family, &row.labels, ("outcome", "good"), good)?;
        counter(&mut family, &row.labels, ("outcome", "bad"), bad)?;
    }
    burn_rates(encoder, rows)?;
    let help = "Share of the error budget that is left, negative when overspent";
    let mut family = encoder.encode_descriptor("slo_error_budget_remaining_ratio", help, None, MetricType::Gauge)?;
    for row in rows {
        if let Some(remaining) = row.status.budget.remaining {
            gauge(&mut family, &row.labels, None, remaining)?;
        }
    }
    let help = "Whether an alert of this severity fires";
    let mut family = encoder.encode_descriptor("slo_alert_firing", help, None, MetricType::Gauge)?;
    for row in rows {
        for (severity, name) in [(Severity::Page, "page"), (Severity::Ticket, "ticket")] {
            gauge(&mut family, &row.labels, Some(("severity", name)), f64::from(fires(row.status, severity)))?;
        }
    }
    Ok(())
}

fn burn_rates(encoder: &mut DescriptorEncoder<'_>, rows: &[Row<'_>]) -> fmt::Result {
    let help = "Speed at which the error budget is spent; at 1 it lasts exactly the SLO window";
    let mut family = encoder.encode_descriptor("slo_burn_rate", help, None, MetricType::Gauge)?;
    for row in rows {
        let burns = &row.status.burn_rates;
        for (i, burn) in burns.iter().enumerate() {
            // A window that stands in several pairs is one series.
            let repeated = burns[..i].iter().any(|earlier| earlier.window == burn.window);
            if let (Some(rate), false) = (burn.rate, repeated) {
                gauge(&mut family, &row.labels, Some(("window", &burn.window)), rate)?;
            }
        }
    }
    Ok(())
}

fn fires(status: &SloStatus, severity: Severity) -> bool {
    status.alerts.iter().any(|alert| alert.severity == severity && alert.state == AlertState::Firing)
}

/// Name, help and value of a target's series.
type Figure = (&'static str, &'static str, fn(&ScrapeView) -> f64);

/// Prometheus's own three series of each target that was tried.
fn target_families(encoder: &mut DescriptorEncoder<'_>, published: &Published) -> fmt::Result {
    let mut seen = HashSet::new();
    let mut targets: Vec<(Vec<(String, &str)>, &ScrapeView)> = Vec::new();
    for target in published.targets.iter().filter(|target| !target.dropped) {
        let Some(last) = &target.last else { continue };
        let names = shown(target.labels.iter().map(|(name, _)| name), &[]);
        let labels: Vec<(String, &str)> = renamed(&target.labels, &names).collect();
        // Two URLs may carry equal labels; a series may be written once only.
        if seen.insert(labels.clone()) {
            targets.push((labels, last));
        }
    }
    let figures: [Figure; 3] = [
        ("up", "Whether the last scrape of the target succeeded", |scrape| f64::from(scrape.error.is_none())),
        ("scrape_duration_seconds", "Duration of the last scrape", |scrape| scrape.duration.as_secs_f64()),
        ("scrape_samples_scraped", "Samples in the last scrape", |scrape| scrape.samples as f64),
    ];
    for (name, help, value) in figures {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, scrape) in &targets {
            gauge(&mut family, labels, None, value(scrape))?;
        }
    }
    Ok(())
}

fn health(encoder: &mut DescriptorEncoder<'_>, published: &Published, store_bytes: u64) -> fmt::Result {
    let help = "The version that runs";
    let build = [("version".to_owned(), VERSION), ("revision".to_owned(), REVISION)];
    let mut family = encoder.encode_descriptor("slowburn_build_info", help, None, MetricType::Gauge)?;
    gauge(&mut family, &build, None, 1.0)?;
    let help = "SLOs and groups by state";
    let mut family = encoder.encode_descriptor("slowburn_slos", help, None, MetricType::Gauge)?;
    for state in State::ALL {
        let count = published.statuses.iter().filter(|status| status.state() == state).count();
        gauge(&mut family, &NO_LABELS, Some(("state", state.as_str())), count as f64)?;
    }
    let store = &published.store;
    let oldest = published.outbox.iter().map(|message| published.at.since(message.created_at)).max();
    let last_success = published.reload.last_success.map(|at| at.as_secs_f64());
    let problems = published.statuses.iter().filter(|status| status.state() == State::Error).count();
    for (name, help, value) in [
        ("slowburn_slo_problems", "SLOs and groups whose figures can't be trusted", Some(problems as f64)),
        ("slowburn_outbox_messages", "Messages not yet accepted", Some(published.outbox.len() as f64)),
        ("slowburn_outbox_oldest_seconds", "Age of the oldest message", Some(oldest.unwrap_or_default().as_secs_f64())),
        ("slowburn_store_healthy", "Whether the last commit succeeded", Some(f64::from(store.error.is_none()))),
        (
            "slowburn_store_history_damaged",
            "Whether some of the long history was found damaged",
            Some(f64::from(store.damage.is_some())),
        ),
        ("slowburn_store_size_bytes", "Size of the data directory", Some(store_bytes as f64)),
        (
            "slowburn_config_last_reload_successful",
            "Whether the last reload succeeded",
            Some(f64::from(!published.reload.failed)),
        ),
        (
            "slowburn_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was loaded",
            last_success,
        ),
        ("slowburn_last_publication_timestamp_seconds", "When figures last changed", Some(published.at.as_secs_f64())),
    ] {
        if let Some(value) = value {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
    }
    Ok(())
}

/// Labels of a family's member and, after them, the one that tells its samples apart.
struct Sample<'a, V> {
    labels: &'a [(String, V)],
    extra: Option<(&'static str, &'a str)>,
}

impl<V: AsRef<str>> EncodeLabelSet for Sample<'_, V> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        for (name, value) in self.labels {
            (name.as_str(), value.as_ref()).encode(encoder.encode_label())?;
        }
        self.extra.map_or(Ok(()), |label| label.encode(encoder.encode_label()))
    }
}

/// Writes one sample of a gauge.
pub(super) fn gauge(
    family: &mut MetricEncoder<'_>,
    labels: &[(String, impl AsRef<str>)],
    extra: Option<(&'static str, &str)>,
    value: f64,
) -> fmt::Result {
    family.encode_family(&Sample { labels, extra })?.encode_gauge(&value)
}

/// A part of a whole; `None` where there is nothing.
pub(super) fn rate_of(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn counter(
    family: &mut MetricEncoder<'_>,
    labels: &[(String, &str)],
    extra: (&'static str, &str),
    value: f64,
) -> fmt::Result {
    let none = None::<&Exemplar<Vec<(String, String)>, f64>>;
    family.encode_family(&Sample { labels, extra: Some(extra) })?.encode_counter(&value, none)
}

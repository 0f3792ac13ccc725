//! How each source of targets did at its last refresh.
//!
//! Lists in the configuration can't fail, so they have no series. Labels are named as in Prometheus's
//! `prometheus_sd_refresh_failures_total`: `mechanism`, and the job as `config`.

use super::collector::gauge;
use crate::view::{DiscoveryView, Published};
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use std::collections::BTreeMap;
use std::fmt;

/// What a source found, and whether all went well.
struct Refresh {
    found: usize,
    ok: bool,
}

pub fn families(encoder: &mut DescriptorEncoder<'_>, published: &Published) -> fmt::Result {
    let sources = sources(published);
    let help = "Whether the last refresh of a source of targets succeeded";
    let mut family = encoder.encode_descriptor("slowburn_sd_last_refresh_successful", help, None, MetricType::Gauge)?;
    for (labels, refresh) in &sources {
        gauge(&mut family, labels, None, f64::from(refresh.ok))?;
    }
    let help = "Targets of a source before relabelling";
    let mut family = encoder.encode_descriptor("slowburn_sd_discovered_targets", help, None, MetricType::Gauge)?;
    for (labels, refresh) in &sources {
        gauge(&mut family, labels, None, refresh.found as f64)?;
    }
    Ok(())
}

type Labels<'a> = [(String, &'a str); 3];

/// Those that were asked. A job may name a source twice; a series may be written once only.
fn sources(published: &Published) -> BTreeMap<Labels<'_>, Refresh> {
    let mut sources: BTreeMap<Labels<'_>, Refresh> = BTreeMap::new();
    for source in published.discovery.iter().filter(|source| source.refreshed.is_some()) {
        if let Some(mechanism) = mechanism(source) {
            let labels = [("config", source.job.as_str()), ("mechanism", mechanism), ("source", &source.source)];
            let entry = sources.entry(labels.map(|(name, value)| (name.to_owned(), value)));
            let refresh = entry.or_insert(Refresh { found: 0, ok: true });
            refresh.found += source.targets;
            refresh.ok &= source.problems.is_empty();
        }
    }
    sources
}

/// Prometheus's word: the configuration key without `_sd_configs`.
fn mechanism(source: &DiscoveryView) -> Option<&str> {
    source.kind.strip_suffix("_sd")
}

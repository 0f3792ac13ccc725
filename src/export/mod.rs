//! SLOs in the formats of other programs, and in slowburn's own; pure.
//!
//! What is written as `slowburn/v1` reads back as the same SLOs. The other formats hold less than slowburn's; what they
//! can't say is told in notes, never dropped in silence.

mod exact;
mod grafana;
mod openslo;
mod prometheus;
mod queries;
mod slowburn;
mod yaml;

use crate::domain::slo::{Slo, SloId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    OpenSlo,
    Slowburn,
    /// Recording and alerting rules with Sloth's names and labels.
    Prometheus,
    /// A dashboard over slowburn's own metrics.
    Grafana,
}

impl Format {
    /// How files of it end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::OpenSlo | Self::Slowburn => "yaml",
            Self::Prometheus => "rules.yaml",
            Self::Grafana => "json",
        }
    }
}

/// A text, and what it does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Export {
    pub text: String,
    pub notes: Vec<Note>,
}

/// Something of an SLO that a format has no words for.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub slo: SloId,
    pub text: String,
}

impl Note {
    fn new(slo: &Slo, text: impl Into<String>) -> Self {
        Self { slo: slo.id.clone(), text: text.into() }
    }
}

/// An SLO that a format can't hold at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{slo}: {why}")]
pub struct Unexportable {
    pub slo: SloId,
    pub why: String,
}

impl Unexportable {
    fn new(slo: &Slo, why: impl Into<String>) -> Self {
        Self { slo: slo.id.clone(), why: why.into() }
    }
}

/// Writes SLOs into one text; fails with every SLO that the format can't hold.
pub fn export(format: Format, slos: &[Arc<Slo>]) -> Result<Export, Vec<Unexportable>> {
    let mut export = match format {
        Format::Slowburn => slowburn::write(slos)?,
        Format::OpenSlo => openslo::write(slos)?,
        Format::Prometheus => prometheus::write(slos),
        Format::Grafana => return Ok(grafana::write(slos)),
    };
    let comments: String =
        export.notes.iter().map(|note| format!("# {}: {}\n", note.slo, yaml::comment(&note.text))).collect();
    export.text.insert_str(0, &comments);
    Ok(export)
}

/// SLOs by their service, in order.
pub fn by_service(slos: &[Arc<Slo>]) -> BTreeMap<&str, Vec<Arc<Slo>>> {
    let mut services: BTreeMap<&str, Vec<Arc<Slo>>> = BTreeMap::new();
    for slo in slos {
        services.entry(&slo.id.service).or_default().push(slo.clone());
    }
    services
}

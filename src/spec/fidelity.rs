//! What became of each part of an SLO of another format: taken over, changed, or left out.
//!
//! People who move an SLO here want to know whether it still means the same. Mistakes are told elsewhere; this tells of
//! files that are right and of what slowburn makes of them.

use crate::domain::slo::SloId;
use serde::Serialize;
use std::fmt;

/// The report on one SLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fidelity {
    /// `service/name`.
    pub slo: String,
    /// Such as `sloth`.
    pub format: &'static str,
    /// `file:line`.
    pub source: String,
    pub points: Vec<Point>,
}

/// What became of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    pub outcome: Outcome,
    /// The part, by its key, such as `sli.events`.
    pub field: String,
    /// What it is now, or why it is not.
    pub note: String,
}

/// How faithful a part was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Taken,
    Changed,
    LeftOut,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "taken over",
            Self::Changed => "changed",
            Self::LeftOut => "left out",
        })
    }
}

/// Gathers the points of one SLO while it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Vec<Point>);

impl Notes {
    pub fn taken(&mut self, field: impl Into<String>, note: impl Into<String>) {
        self.add(Outcome::Taken, field, note);
    }

    /// Parts that stand as they were written, but for those that were noted as changed.
    pub fn as_written(&mut self, parts: &[&str]) {
        let last = |field: &str| field.rsplit('.').next().unwrap_or_default().to_owned();
        let changed = |part: &&&str| {
            self.0.iter().any(|point| point.outcome == Outcome::Changed && last(&point.field) == ***part)
        };
        let kept: Vec<&str> = parts.iter().filter(|part| !changed(part)).copied().collect();
        self.taken(kept.join(", "), "as written");
    }

    pub fn changed(&mut self, field: impl Into<String>, note: impl Into<String>) {
        self.add(Outcome::Changed, field, note);
    }

    pub fn left_out(&mut self, field: impl Into<String>, note: impl Into<String>) {
        self.add(Outcome::LeftOut, field, note);
    }

    fn add(&mut self, outcome: Outcome, field: impl Into<String>, note: impl Into<String>) {
        let point = Point { outcome, field: field.into(), note: note.into() };
        if !self.0.contains(&point) {
            self.0.push(point);
        }
    }

    /// Adds what was noted about parts that several SLOs share.
    pub fn extend(&mut self, other: &Self) {
        for point in &other.0 {
            self.add(point.outcome, point.field.clone(), point.note.clone());
        }
    }

    pub fn into_report(self, format: &'static str, id: &SloId, source: &str) -> Fidelity {
        Fidelity { slo: id.to_string(), format, source: source.to_owned(), points: self.0 }
    }
}

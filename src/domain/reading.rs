//! What a source hands to the engine: scrapes of targets, sample by sample.

use super::labels::{Labels, Series};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What stays the same while a target restarts or gets new labels; its counters are remembered under it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetId {
    pub job: String,
    pub instance: String,
    /// Scrape URL with its parameters; empty in `replay`.
    pub url: String,
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.job, self.instance)
    }
}

/// A target as discovery and relabelling made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub id: TargetId,
    /// Labels of every series of the target, `job` and `instance` among them.
    pub labels: Labels,
    /// Time between two scrapes; a longer silence is a gap.
    pub interval: Duration,
}

/// One attempt to read one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape {
    pub target: Arc<Target>,
    /// When the attempt began; the time of every sample without one of its own.
    pub at: Timestamp,
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Read(Reading),
    /// Nothing was read; the reason is for people.
    Failed(String),
}

/// The samples that some SLO needs; the reader leaves out the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub samples: Vec<Sample>,
    /// `process_start_time_seconds`, where the target shows it.
    pub process_start: Option<Timestamp>,
    /// The samples came without an attempt to scrape (a recording's, at a time without a sample of `up`); a live reading
    /// never does.
    pub unattempted: bool,
}

/// One value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub series: Arc<Series>,
    pub value: f64,
    /// The sample's own time, where it has one and the job honours it.
    pub at: Option<Timestamp>,
    /// OpenMetrics `_created` of the series.
    pub created: Option<Timestamp>,
}

//! The part of the configuration that decides: SLOs, how jobs count, and who is told.
//!
//! It is a value of the domain so that a recovery can replay journaled events under the setup they happened in.

use super::labels::Labels;
use super::selector::Matchers;
use super::slo::Slo;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Everything that `step` needs to know besides its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    pub slos: Vec<Arc<Slo>>,
    /// By job name; a job that is not named counts by the defaults.
    pub jobs: BTreeMap<String, JobPolicy>,
    /// Jobs under watch from the moment of this configuration; `None`: from each job's first sample, as in replay.
    pub watched_jobs: Option<BTreeSet<String>>,
    pub evaluation_interval: Duration,
    /// Base of the links in messages, without a trailing slash.
    pub external_url: String,
    pub external_labels: Labels,
    /// `None`: alerts show on the page only.
    pub route: Option<Route>,
    pub receivers: Vec<ReceiverSpec>,
}

/// How a job's series and targets come into the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPolicy {
    pub new_series: NewSeries,
    pub new_target: NewTarget,
}

/// What the first value of a series counts that appears on a target already known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NewSeries {
    /// It counts from 0: the target was seen without it.
    #[default]
    Zero,
    /// It counts nothing; for federation, push gateways and exporters that relay other systems' counters.
    Baseline,
}

/// What tells that a target was born while its job was watched, so that its first values count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewTarget {
    /// `_created` of the series.
    #[default]
    Created,
    /// Also `process_start_time_seconds` of the target.
    ProcessStart,
}

/// A node of Alertmanager's routing tree, defaults filled in from its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    pub receiver: String,
    pub group_by: GroupBy,
    pub group_wait: Duration,
    pub group_interval: Duration,
    pub repeat_interval: Duration,
    pub matchers: Matchers,
    /// Go on with the next sibling after a match.
    pub r#continue: bool,
    pub routes: Vec<Route>,
}

/// Which labels keep alerts in one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupBy {
    /// `['...']`: every label, so each alert is a group.
    All,
    Labels(Vec<String>),
}

/// What the domain knows of a receiver: its name and its channels in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiverSpec {
    pub name: String,
    pub integrations: Vec<IntegrationSpec>,
}

/// One channel of a receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegrationSpec {
    /// `slack`, `email`, `webhook`.
    pub kind: String,
    /// Tells the channels of one kind in a receiver apart, from 0.
    pub index: usize,
    pub send_resolved: bool,
}

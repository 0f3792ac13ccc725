//! What a user promises and how its breach is told: the checked form of an SLO.
//!
//! Every format (slowburn's own, Sloth, Pyrra, OpenSLO) is read into these types. An indicator is a list of terms, each
//! a selector with the weight of its events in the total and in the bad count, so that `bad`, `good`, histogram and
//! PromQL forms are one mechanism afterwards.

use super::calendar::Calendar;
use super::labels::Labels;
use super::ratio::Ratio;
use super::selector::{Matchers, Selector};
use super::time::{Timestamp, format_duration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Names an SLO: `service/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SloId {
    pub service: String,
    pub name: String,
}

impl fmt::Display for SloId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

/// The share of good events that is promised, in percent, 0 < objective < 100, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objective {
    percent: Ratio,
}

impl Objective {
    /// `None` unless 0 < `percent` < 100 and exact in 64 bits.
    pub fn from_percent(percent: Ratio) -> Option<Self> {
        let hundred = Ratio::new(100, 1)?;
        (percent > Ratio::ZERO && percent < hundred && percent.over(hundred).is_some()).then_some(Self { percent })
    }

    pub fn percent(self) -> Ratio {
        self.percent
    }

    /// The error budget as a ratio, `1 − objective`, in (0, 1).
    pub fn budget(self) -> Ratio {
        let hundred = Ratio::new(100, 1).unwrap_or(Ratio::ONE);
        self.percent.over(hundred).and_then(Ratio::complement).unwrap_or(Ratio::ZERO)
    }
}

/// The time over which the budget is spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SloWindow {
    Rolling(Duration),
    Calendar(Calendar),
}

impl SloWindow {
    /// Length for pairs, factors and forecasts; nominal for calendar periods (week 7 d, month 30 d, quarter 90 d, year 365 d).
    pub fn nominal(&self) -> Duration {
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(calendar) => calendar.period.nominal(),
        }
    }

    /// Where the window that contains `now` begins.
    pub fn start(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Rolling(length) => now - *length,
            Self::Calendar(calendar) => calendar.bounds(now).0,
        }
    }
}

/// `30d`, or `month (Europe/Paris)`.
impl fmt::Display for SloWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(length) => f.write_str(&format_duration(*length)),
            Self::Calendar(calendar) => write!(f, "{} ({})", calendar.period, calendar.time_zone),
        }
    }
}

/// A selector with the weight of its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub selector: Selector,
    /// Added to the total for each event of a matching series.
    pub total: f64,
    /// Added to the bad count for each event of a matching series.
    pub bad: f64,
    /// What an event of a matching series is.
    #[serde(default)]
    pub tally: Tally,
}

/// What of a matching series counts as events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Tally {
    /// A counter: what it grew by.
    #[default]
    Growth,
    /// A gauge: each sample is one event.
    Samples,
    /// A gauge: each sample is as many events as its value says (0 and 1 of `probe_success`, or a share).
    Values,
    /// A gauge: each sample whose value compares so is one event.
    Where(Comparison),
}

/// A comparison of a gauge's value with a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub op: CompareOp,
    pub with: f64,
}

/// PromQL's six comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    pub fn holds(self, value: f64) -> bool {
        match self.op {
            CompareOp::Equal => value == self.with,
            CompareOp::NotEqual => value != self.with,
            CompareOp::Less => value < self.with,
            CompareOp::AtMost => value <= self.with,
            CompareOp::More => value > self.with,
            CompareOp::AtLeast => value >= self.with,
        }
    }
}

/// As in PromQL, such as `< 0.75`.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            CompareOp::Equal => "==",
            CompareOp::NotEqual => "!=",
            CompareOp::Less => "<",
            CompareOp::AtMost => "<=",
            CompareOp::More => ">",
            CompareOp::AtLeast => ">=",
        };
        write!(f, "{op} {}", self.with)
    }
}

impl Tally {
    /// The events that one sample of a gauge is; a counter's events are its growth, which one sample doesn't tell.
    pub fn of_sample(self, value: f64) -> f64 {
        match self {
            Self::Growth => 0.0,
            Self::Samples => 1.0,
            Self::Values => value,
            Self::Where(comparison) => f64::from(u8::from(comparison.holds(value))),
        }
    }
}

/// How events are found and told good from bad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Indicator {
    /// Counters of all events and of the bad ones (or of the good ones, `bad = total − good`).
    Events { total: Selector, part: Selector, part_is: Part },
    /// A classic histogram; events in the bucket of `threshold` (seconds, or the histogram's own unit) are good.
    Latency { histogram: Selector, threshold: f64, threshold_text: String },
    /// Each scrape of a matching target is an event, good when it succeeds. Matched against the target's labels.
    Scrape { targets: Matchers },
    /// A weighted sum of counters or of samples, compiled from another format's query; `text` shows the original.
    Terms { terms: Vec<Term>, text: String },
}

/// What the second selector of [`Indicator::Events`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    Bad,
    Good,
}

impl Indicator {
    /// The contract's word for the kind of SLI.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Events { .. } | Self::Terms { .. } => "events",
            Self::Latency { .. } => "latency",
            Self::Scrape { .. } => "scrape",
        }
    }
}

/// Time slices instead of events: each slice is good or bad as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeslices {
    /// Length; slices are aligned to the epoch.
    pub slice: Duration,
    /// A slice is good when at least this share of its events is good, in percent, 0 < target ≤ 100.
    pub target: Ratio,
    /// How a slice counts. Left out where it is the usual way, so that budgets keep their stored history.
    #[serde(default, skip_serializing_if = "SliceVerdict::is_usual")]
    pub verdict: SliceVerdict,
}

/// How a slice counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SliceVerdict {
    /// Good or bad as a whole, by the target.
    #[default]
    Whole,
    /// Bad by the share of its bad events; every slice weighs the same, whatever its traffic (OpenSLO's RatioTimeslices).
    Share,
}

impl SliceVerdict {
    fn is_usual(&self) -> bool {
        *self == Self::Whole
    }
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Page,
    Ticket,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        })
    }
}

/// A pair of windows (SRE workbook, chapter 5): burns while both windows exceed the factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub severity: Severity,
    pub long: Duration,
    pub short: Duration,
    /// Burn rate above which the pair burns.
    pub factor: Ratio,
    /// Time for which the pair must burn before it fires.
    pub r#for: Duration,
    /// Time for which it goes on firing after it stopped to burn.
    pub keep_firing_for: Duration,
    /// Bad events that the long window must hold at least.
    pub min_bad_events: f64,
}

/// What a pair's windows are measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Bad share of the window's own events.
    #[default]
    BurnRate,
    /// Bad events against those that the whole SLO window may have, at the traffic measured so far.
    BudgetSpent,
}

/// Fires when no sample was seen for a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoData {
    pub after: Duration,
    /// `None`: the state is shown, but nobody is told.
    pub severity: Option<Severity>,
}

/// Fires when a share of the budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetAlert {
    /// Percent of the budget, above 0.
    pub consumed: Ratio,
    pub severity: Severity,
}

/// Everything under `alerting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub pairs: Vec<Pair>,
    pub measure: Measure,
    pub no_data: NoData,
    pub budget: Vec<BudgetAlert>,
    pub runbook_url: Option<String>,
    pub labels: Labels,
    pub annotations: Labels,
    /// What the alerts of one severity carry besides, over the two above.
    #[serde(default)]
    pub of_severity: BTreeMap<Severity, Extras>,
}

/// Labels and annotations of the alerts of one severity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extras {
    pub labels: Labels,
    pub annotations: Labels,
}

impl Policy {
    /// The pairs of one severity.
    pub fn pairs_of(&self, severity: Severity) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.severity == severity)
    }

    /// The labels that alerts of a severity get from the policy.
    pub fn labels_of(&self, severity: Severity) -> Labels {
        let mut labels = self.labels.clone();
        self.of_severity.get(&severity).into_iter().for_each(|extras| labels.merge(&extras.labels));
        labels
    }

    /// The annotations that alerts of a severity get from the policy.
    pub fn annotations_of(&self, severity: Severity) -> Labels {
        let mut annotations = self.annotations.clone();
        self.of_severity.get(&severity).into_iter().for_each(|extras| annotations.merge(&extras.annotations));
        annotations
    }
}

/// A time whose events do not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Maintenance {
    pub start: Timestamp,
    pub end: Timestamp,
    pub reason: String,
}

/// One checked SLO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    pub id: SloId,
    pub description: String,
    /// The file's labels and the SLO's own, merged.
    pub labels: Labels,
    pub objective: Objective,
    pub window: SloWindow,
    /// One budget for each value of these labels.
    pub by: Vec<String>,
    pub indicator: Indicator,
    pub timeslices: Option<Timeslices>,
    pub policy: Policy,
    pub maintenance: Vec<Maintenance>,
    /// File and line that declare it, for messages and the page.
    pub source: String,
    /// The definition as written, shown on the SLO's page.
    pub definition: String,
}

//! How events are found and told good from bad.
//!
//! An indicator is a list of terms, each a selector with the weight of its events in the total and in the bad count, so
//! that `bad`, `good`, histogram and PromQL forms are one mechanism afterwards.

use super::ratio::Ratio;
use super::selector::{Matchers, Selector};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_promqls() {
        for (op, shown, below, at, above) in [
            (CompareOp::Equal, "== 0.75", false, true, false),
            (CompareOp::NotEqual, "!= 0.75", true, false, true),
            (CompareOp::Less, "< 0.75", true, false, false),
            (CompareOp::AtMost, "<= 0.75", true, true, false),
            (CompareOp::More, "> 0.75", false, false, true),
            (CompareOp::AtLeast, ">= 0.75", false, true, true),
        ] {
            let comparison = Comparison { op, with: 0.75 };
            assert_eq!(comparison.to_string(), shown);
            assert_eq!([0.5, 0.75, 1.0].map(|value| comparison.holds(value)), [below, at, above], "{shown}");
        }
    }

    #[test]
    fn every_kind_has_its_word_of_the_contract() {
        let selector = |name: &str| Selector { name: name.to_owned(), matchers: Matchers::default() };
        for (indicator, kind) in [
            (Indicator::Events { total: selector("a"), part: selector("b"), part_is: Part::Bad }, "events"),
            (Indicator::Terms { terms: Vec::new(), text: String::new() }, "events"),
            (
                Indicator::Latency { histogram: selector("a"), threshold: 1.0, threshold_text: "1s".to_owned() },
                "latency",
            ),
            (Indicator::Scrape { targets: Matchers::default() }, "scrape"),
        ] {
            assert_eq!(indicator.kind(), kind, "{indicator:?}");
        }
    }

    #[test]
    fn the_usual_verdict_on_slices_is_not_stored_so_that_keys_stay_what_they_were() {
        let minute = |verdict| Timeslices { slice: Duration::from_secs(60), target: Ratio::ONE, verdict };
        let usual = serde_json::to_value(minute(SliceVerdict::Whole)).unwrap();
        assert_eq!(usual.as_object().map(|fields| fields.contains_key("verdict")), Some(false), "{usual}");
        let share = serde_json::to_value(minute(SliceVerdict::Share)).unwrap();
        assert_eq!(share["verdict"], "Share");
        for verdict in [SliceVerdict::Whole, SliceVerdict::Share] {
            let text = serde_json::to_string(&minute(verdict)).unwrap();
            assert_eq!(serde_json::from_str::<Timeslices>(&text).unwrap(), minute(verdict));
        }
    }
}

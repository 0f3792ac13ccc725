//! What metrics pages hold, condensed: for each metric its type, and for each of its labels the values with their sums.
//!
//! That is enough to tell what a metric counts, and it stays small however many series there are.

use crate::source::exposition::{Entry, FamilyKind};
use std::collections::{BTreeMap, HashMap};

/// Values kept of one label. A status has fewer, and so have the boundaries of a histogram.
const MOST_VALUES: usize = 300;

/// All metrics of one job's pages.
#[derive(Default)]
pub struct Inventory {
    pub samples: u64,
    kinds: HashMap<String, FamilyKind>,
    metrics: BTreeMap<String, Metric>,
}

/// The series of one name.
#[derive(Default)]
pub struct Metric {
    pub series: u64,
    pub sum: f64,
    labels: BTreeMap<String, Values>,
}

/// The values of one label.
#[derive(Default)]
pub struct Values {
    by_value: BTreeMap<String, Seen>,
    has_more: bool,
}

/// The series with one value of a label.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    pub series: u64,
    pub sum: f64,
}

impl Inventory {
    pub fn add(&mut self, entry: Entry<'_>) {
        match entry {
            Entry::Type { family, kind } => {
                self.kinds.insert(family.into_owned(), kind);
            }
            Entry::Sample { series, point } => {
                self.samples += 1;
                let metric = self.metrics.entry(series.name().into_owned()).or_default();
                // What can't be a count says nothing about counts.
                let value = if point.value.is_finite() && point.value >= 0.0 { point.value } else { 0.0 };
                metric.series += 1;
                metric.sum += value;
                for (name, text) in series.labels().filter(|(_, text)| !text.is_empty()) {
                    metric.labels.entry(name.into_owned()).or_default().add(&text, value);
                }
            }
            // Nothing is expected, so this never comes.
            Entry::Expected(_) => {}
        }
    }

    /// Another target of the same job.
    pub fn merge(&mut self, other: Self) {
        self.samples += other.samples;
        self.kinds.extend(other.kinds);
        for (name, metric) in other.metrics {
            let mine = self.metrics.entry(name).or_default();
            mine.series += metric.series;
            mine.sum += metric.sum;
            for (label, values) in metric.labels {
                mine.labels.entry(label).or_default().merge(values);
            }
        }
    }

    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.get(name)
    }

    /// All metrics, by name.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &Metric)> {
        self.metrics.iter().map(|(name, metric)| (name.as_str(), metric))
    }

    /// Whether a metric counts: by its declared type or, where there is none, by its name.
    pub fn is_counter(&self, name: &str) -> bool {
        let family = name.strip_suffix("_total").unwrap_or(name);
        match self.kinds.get(name).or_else(|| self.kinds.get(family)) {
            Some(FamilyKind::Counter) => true,
            None | Some(FamilyKind::Unknown) => name.ends_with("_total"),
            Some(_) => false,
        }
    }
}

impl Metric {
    pub fn labels(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.labels.iter().map(|(name, values)| (name.as_str(), values))
    }

    pub fn label(&self, name: &str) -> Option<&Values> {
        self.labels.get(name)
    }
}

impl Values {
    /// The values in their order, or nothing when there are too many to be looked at.
    pub fn all(&self) -> impl Iterator<Item = (&str, Seen)> {
        let known = if self.has_more { None } else { Some(&self.by_value) };
        known.into_iter().flatten().map(|(value, seen)| (value.as_str(), *seen))
    }

    /// How many values there are; `None` when there are too many to be counted.
    pub fn count(&self) -> Option<usize> {
        (!self.has_more).then_some(self.by_value.len())
    }

    fn add(&mut self, value: &str, amount: f64) {
        self.add_seen(value, Seen { series: 1, sum: amount });
    }

    fn add_seen(&mut self, value: &str, more: Seen) {
        if let Some(seen) = self.by_value.get_mut(value) {
            seen.series += more.series;
            seen.sum += more.sum;
        } else if self.by_value.len() < MOST_VALUES {
            self.by_value.insert(value.to_owned(), more);
        } else {
            self.has_more = true;
        }
    }

    fn merge(&mut self, other: Self) {
        self.has_more |= other.has_more;
        for (value, seen) in other.by_value {
            self.add_seen(&value, seen);
        }
    }
}

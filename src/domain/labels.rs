//! Label sets and series.
//!
//! A label set is kept sorted by name, without empty values (an empty label is an absent one, as in Prometheus).
//! Fingerprints are length-prefixed by a separator byte that can't occur in UTF-8, so `{a="bc"}` and `{ab="c"}` differ.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Sorted label names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok().map(|i| self.0[i].1.as_str())
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match (self.0.binary_search_by(|(n, _)| n.cmp(&name)), value.is_empty()) {
            (Ok(i), true) => drop(self.0.remove(i)),
            (Ok(i), false) => self.0[i].1 = value,
            (Err(_), true) => {}
            (Err(i), false) => self.0.insert(i, (name, value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds `other`'s labels; they win over equal names.
    pub fn merge(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.set(name.clone(), value.clone());
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Alertmanager's fingerprint: FNV-1a 64 over the sorted names and values, each followed by 0xFF
    /// (prometheus/common `model/signature.go`).
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let mut feed = |bytes: &[u8]| {
            for byte in bytes.iter().chain(&[0xFF]) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for (name, value) in &self.0 {
            feed(name.as_bytes());
            feed(value.as_bytes());
        }
        hash
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(iter: I) -> Self {
        let mut labels = Self::new();
        for (name, value) in iter {
            labels.set(name, value);
        }
        labels
    }
}

/// `{a="b",c="d"}` with values escaped as in the text format.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl Serialize for Labels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(n, v)| (n, v)))
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(std::collections::BTreeMap::<String, String>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A metric name with its labels (the target's own among them), as rules and selectors see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub labels: Labels,
}

impl Series {
    pub fn new(name: impl Into<String>, labels: Labels) -> Self {
        Self { name: name.into(), labels }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_empty_values_are_absent() {
        let labels: Labels = [("b", "2"), ("a", "1"), ("c", "")].into_iter().collect();
        assert_eq!(labels.to_string(), r#"{a="1",b="2"}"#);
        assert_eq!(labels.get("c"), None);
    }

    #[test]
    fn fingerprints_do_not_join_neighbours() {
        let fp = |n: &str, v: &str| Labels::new().with(n, v).fingerprint();
        assert_ne!(fp("a", "bc"), fp("ab", "c"));
    }

    #[test]
    fn the_fingerprint_is_fnv_1a_over_names_and_values() {
        let labels = Labels::new().with("severity", "page").with("alertname", "X");
        // Of the bytes `alertname FF X FF severity FF page FF`.
        assert_eq!(format!("{:016x}", labels.fingerprint()), "1efb09bd1b43c88a");
    }

    #[test]
    fn labels_are_set_replaced_removed_and_merged() {
        let mut labels: Labels = [("b", "2"), ("d", "4")].into_iter().collect();
        let other: Labels = [("a", "1"), ("b", "\"3\"\n")].into_iter().collect();
        labels.merge(&other);
        assert_eq!(labels.to_string(), r#"{a="1",b="\"3\"\n",d="4"}"#);
        assert_eq!(Series::new("up", labels.clone()).to_string(), r#"up{a="1",b="\"3\"\n",d="4"}"#);
        assert_eq!((labels.len(), labels.is_empty(), labels.iter().len()), (3, false, 3));
        labels.remove("a");
        labels.set("b", "");
        labels.set("c", "");
        assert_eq!(labels.to_string(), r#"{d="4"}"#);
        labels.remove("d");
        assert!(labels.is_empty());
    }

    #[test]
    fn labels_are_stored_as_a_map() {
        let labels: Labels = [("b", "2"), ("a", "1")].into_iter().collect();
        let text = serde_json::to_string(&labels).unwrap();
        assert_eq!(text, r#"{"a":"1","b":"2"}"#);
        assert_eq!(serde_json::from_str::<Labels>(&text).unwrap(), labels);
    }
}

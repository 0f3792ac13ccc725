//! The budgets of an SLO by the values of its `by` labels, in order.
//!
//! Most SLOs have one budget, which lies in the SLO itself: a map would put another piece of memory between the two.

use super::group::GroupState;
use super::shared::Shared;
use serde::{Deserialize, Serialize, Serializer};
use smallvec::SmallVec;
use std::collections::BTreeMap;

type Entry = (Vec<String>, Shared<GroupState>);

/// A map that is kept as a sorted list; stored as a map.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<Vec<String>, Shared<GroupState>>")]
pub struct Groups(SmallVec<[Entry; 1]>);

impl Groups {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, values: &[String]) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_slice().cmp(values))
    }

    pub fn contains_key(&self, values: &[String]) -> bool {
        self.find(values).is_ok()
    }

    pub fn get_mut(&mut self, values: &[String]) -> Option<&mut Shared<GroupState>> {
        let place = self.find(values).ok()?;
        Some(&mut self.0[place].1)
    }

    /// Adds a budget, or replaces that of the same values.
    pub fn insert(&mut self, values: Vec<String>, group: Shared<GroupState>) {
        match self.find(&values) {
            Ok(place) => self.0[place].1 = group,
            Err(place) => self.0.insert(place, (values, group)),
        }
    }

    /// Keeps the budgets for which this holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&GroupState) -> bool) {
        self.0.retain(|(_, group)| keep(group));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Vec<String>, &Shared<GroupState>)> {
        self.0.iter().map(|(values, group)| (values, group))
    }

    pub fn keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.0.iter().map(|(values, _)| values)
    }

    /// The budget with this number, in order.
    pub fn nth(&self, number: usize) -> Option<&Shared<GroupState>> {
        self.0.get(number).map(|(_, group)| group)
    }

    /// The same, to change it.
    pub fn nth_mut(&mut self, number: usize) -> Option<&mut GroupState> {
        self.0.get_mut(number).map(|(_, group)| &mut **group)
    }

    pub fn values(&self) -> impl Iterator<Item = &Shared<GroupState>> {
        self.0.iter().map(|(_, group)| group)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Vec<String>, &mut Shared<GroupState>)> {
        self.0.iter_mut().map(|(values, group)| (&*values, group))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Shared<GroupState>> {
        self.0.iter_mut().map(|(_, group)| group)
    }
}

impl From<BTreeMap<Vec<String>, Shared<GroupState>>> for Groups {
    fn from(map: BTreeMap<Vec<String>, Shared<GroupState>>) -> Self {
        Self(map.into_iter().collect())
    }
}

impl FromIterator<Entry> for Groups {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        BTreeMap::from_iter(entries).into()
    }
}

impl Extend<Entry> for Groups {
    fn extend<T: IntoIterator<Item = Entry>>(&mut self, entries: T) {
        entries.into_iter().for_each(|(values, group)| self.insert(values, group));
    }
}

impl IntoIterator for Groups {
    type Item = Entry;
    type IntoIter = smallvec::IntoIter<[Entry; 1]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn group(since: i64) -> Shared<GroupState> {
        GroupState { since: Timestamp(since), ..GroupState::default() }.into()
    }

    fn values(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    fn shown(groups: &Groups) -> Vec<(String, i64)> {
        groups.iter().map(|(values, group)| (values.concat(), group.since.0)).collect()
    }

    #[test]
    fn budgets_are_kept_in_the_order_of_their_values() {
        let mut groups = Groups::default();
        assert!(groups.is_empty());
        for (number, text) in ["m", "z", "a", "m"].into_iter().enumerate() {
            groups.insert(values(text), group(number as i64));
        }
        groups.extend([(values("q"), group(7)), (values("a"), group(8))]);
        assert_eq!(shown(&groups), [("a".into(), 8), ("m".into(), 3), ("q".into(), 7), ("z".into(), 1)]);
        assert_eq!((groups.len(), groups.is_empty()), (4, false));
        assert!(groups.contains_key(&values("q")) && !groups.contains_key(&values("b")));
        assert_eq!(groups.get_mut(&values("z")).map(|group| group.since.0), Some(1));
        assert_eq!(groups.get_mut(&values("b")), None);
        groups.retain(|group| group.since.0 < 8);
        assert_eq!(groups.keys().map(|values| values.concat()).collect::<String>(), "mqz");
        groups.values_mut().for_each(|group| group.since.0 += 1);
        groups.iter_mut().filter(|(values, _)| values.concat() == "q").for_each(|(_, group)| group.since.0 = 9);
        assert_eq!(groups.values().map(|group| group.since.0).collect::<Vec<_>>(), [4, 9, 2]);
    }

    #[test]
    fn it_is_stored_as_a_map() {
        let map = BTreeMap::from(["b", "a"].map(|text| (values(text), group(5))));
        let stored = postcard::to_stdvec(&map).unwrap();
        let groups: Groups = postcard::from_bytes(&stored).unwrap();
        assert_eq!(shown(&groups), [("a".into(), 5), ("b".into(), 5)]);
        assert_eq!(groups, map.into_iter().collect());
        assert_eq!(postcard::to_stdvec(&groups).unwrap(), stored);
    }
}

//! A value that a snapshot can hold while it goes on changing: copied when it is changed while someone else holds it.
//!
//! The engine's memory is made of these, so that a snapshot of ten thousand SLOs is ten thousand counters and not a copy
//! of all they count.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Reads are free; a write copies the value first where a snapshot holds it too.
#[derive(Debug, Default, PartialEq)]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// See [`super::fetch`].
    pub(super) fn fetch(&self) -> u64 {
        Arc::strong_count(&self.0) as u64
    }

    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_keeps_what_it_saw() {
        let mut live = Shared::new(vec![1, 2]);
        let snapshot = live.clone();
        live.push(3);
        assert_eq!((&*snapshot, &*live), (&vec![1, 2], &vec![1, 2, 3]));
    }

    #[test]
    fn what_nobody_else_holds_is_changed_in_place() {
        let mut live = Shared::new(vec![1, 2]);
        let place = live.as_ptr();
        live[0] = 7;
        assert_eq!(live.as_ptr(), place);
    }
}

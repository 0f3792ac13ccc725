//! A status that is written out when somebody looks at it.
//!
//! Every evaluation of every SLO makes one, and hardly any is ever read, so an evaluation keeps its numbers and leaves
//! texts and lists to the first reader.

use super::finding::Finding;
use super::status::SloStatus;
use serde::{Serialize, Serializer};
use std::ops::Deref;
use std::sync::OnceLock;

/// Behaves as the [`SloStatus`] that it stands for.
#[derive(Debug)]
pub struct LazyStatus {
    content: Content,
    /// Good and bad events (slices, for a timeslice budget) since counting began.
    pub totals: (f64, f64),
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the large one is what nearly all are")]
enum Content {
    Written(Box<SloStatus>),
    Found { finding: Finding, written: OnceLock<Box<SloStatus>> },
}

impl LazyStatus {
    pub(super) fn new(finding: Finding, totals: (f64, f64)) -> Self {
        Self { content: Content::Found { finding, written: OnceLock::new() }, totals }
    }
}

impl Deref for LazyStatus {
    type Target = SloStatus;

    fn deref(&self) -> &SloStatus {
        match &self.content {
            Content::Written(status) => status,
            Content::Found { finding, written } => written.get_or_init(|| Box::new(finding.status())),
        }
    }
}

/// A status from elsewhere; its events are taken as all there were.
impl From<SloStatus> for LazyStatus {
    fn from(status: SloStatus) -> Self {
        let totals = (status.sli.good, status.sli.bad);
        Self { content: Content::Written(status.into()), totals }
    }
}

impl Serialize for LazyStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

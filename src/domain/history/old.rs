//! The long past of a curve: immutable between two compactions, so that it is shared and stored without being copied.

use super::knot::Knot;
use super::packed::Packed;
use super::runs::{Entry, Runs};
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::sync::Arc;

/// Bytes of an index entry, and of what follows the index.
const ENTRY: usize = Knot::BYTES + 5;
const TRAILER: usize = Knot::BYTES + 12;

/// What was compacted. Two of one history with the same version are equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Old {
    /// Beside the rest, for an edge that goes on reads nothing else.
    body: Bytes,
    rest: Arc<Rest>,
}

/// All but the bytes.
#[derive(Debug, Default, PartialEq)]
struct Rest {
    version: u64,
    index: Vec<Entry>,
    last: Knot,
}

impl Old {
    /// What follows this one.
    pub(super) fn succeeded_by(&self, packed: Packed) -> Self {
        Self::new(self.version() + 1, packed)
    }

    fn new(version: u64, packed: Packed) -> Self {
        let (index, body, last) = packed.into_parts();
        Self { body: body.into(), rest: Arc::new(Rest { version, index, last }) }
    }

    /// Its runs.
    pub(super) fn runs(&self) -> Runs<'_> {
        Runs { index: &self.rest.index, body: &self.body, last: self.rest.last }
    }

    /// The bytes of all runs.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Bytes of heap.
    pub(super) fn heap(&self) -> usize {
        self.rest.index.capacity() * size_of::<Entry>() + self.body.len()
    }

    /// Grows with each change; 0 while there never was one.
    pub fn version(&self) -> u64 {
        self.rest.version
    }

    /// For the disk: the body, which is nearly all of it, then the index and what belongs to the whole.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Runs { index, body, last } = self.runs();
        let mut bytes = Vec::with_capacity(body.len() + index.len() * ENTRY + TRAILER);
        bytes.extend_from_slice(body);
        for entry in index {
            bytes.extend_from_slice(&entry.first.to_bytes());
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.push(entry.scale);
        }
        bytes.extend_from_slice(&last.to_bytes());
        bytes.extend_from_slice(&(index.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.version().to_le_bytes());
        bytes
    }

    /// Undoes [`Old::to_bytes`] without a copy of the body; `None` for other bytes.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Option<Self> {
        let (rest, version) = bytes.split_last_chunk()?;
        let (rest, count) = rest.split_last_chunk()?;
        let (rest, last) = rest.split_last_chunk()?;
        let body = rest.len().checked_sub((u32::from_le_bytes(*count) as usize).checked_mul(ENTRY)?)?;
        let index = rest[body..].chunks_exact(ENTRY).map(entry).collect::<Option<Vec<Entry>>>()?;
        let (last, version) = (Knot::from_bytes(last), u64::from_le_bytes(*version));
        bytes.truncate(body);
        Some(Self::new(version, Packed::from_parts(index, bytes, last)?.renewed()))
    }

    /// Whether a curve that goes on with this knot can follow.
    pub(super) fn continues_at(&self, next: Option<Timestamp>) -> bool {
        self.runs().last().is_none_or(|last| next == Some(last.at))
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let (first, rest) = bytes.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    Some(Entry { first: Knot::from_bytes(first), offset: u32::from_le_bytes(*offset), scale: *rest.first()? })
}

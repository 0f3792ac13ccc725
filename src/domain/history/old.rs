//! The long past of a curve: immutable between two compactions, so that it is shared and stored without being copied.

use super::knot::Knot;
use super::packed::{Entry, Packed};
use crate::domain::time::Timestamp;

/// Bytes of an index entry, and of what follows the index.
const ENTRY: usize = Knot::BYTES + 5;
const TRAILER: usize = Knot::BYTES + 12;

/// What was compacted. Two of one history with the same version are equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Old {
    version: u64,
    pub(super) packed: Packed,
}

impl Old {
    /// What follows this one.
    pub(super) fn succeeded_by(&self, mut packed: Packed) -> Self {
        packed.shrink();
        Self { version: self.version + 1, packed }
    }

    /// Grows with each change; 0 while there never was one.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// For the disk: the body, which is nearly all of it, then the index and what belongs to the whole.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (index, body, last) = self.packed.parts();
        let mut bytes = Vec::with_capacity(body.len() + index.len() * ENTRY + TRAILER);
        bytes.extend_from_slice(body);
        for entry in index {
            bytes.extend_from_slice(&entry.first.to_bytes());
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.push(entry.scale);
        }
        bytes.extend_from_slice(&last.to_bytes());
        bytes.extend_from_slice(&(index.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.version.to_le_bytes());
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
        bytes.shrink_to_fit();
        Some(Self { version, packed: Packed::from_parts(index, bytes, last)?.renewed() })
    }

    /// Whether a curve that goes on with this knot can follow.
    pub(super) fn continues_at(&self, next: Option<Timestamp>) -> bool {
        self.packed.last().is_none_or(|last| next == Some(last.at))
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let (first, rest) = bytes.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    Some(Entry { first: Knot::from_bytes(first), offset: u32::from_le_bytes(*offset), scale: *rest.first()? })
}

//! What a checkpoint writes, and how it is made ready for the disk beside the thread that writes.

use super::error::{Fault, StoreError};
use super::seal::{self, Place, Sealer};

/// A part of a checkpoint, written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Parts to write; those not named stay as they are.
    pub upsert: Vec<(String, Vec<u8>)>,
    /// The same for bodies that compression would not make smaller.
    pub dense: Vec<(String, Vec<u8>)>,
    /// Parts to remove.
    pub delete: Vec<String>,
    pub archive: Vec<ArchiveDay>,
}

impl Piece {
    /// Bytes of all bodies.
    pub fn bytes(&self) -> usize {
        let parts = self.upsert.iter().chain(&self.dense).map(|(_, body)| body.len());
        parts.sum::<usize>() + self.archive.iter().map(|day| day.body.len()).sum::<usize>()
    }

    pub fn is_empty(&self) -> bool {
        self.upsert.is_empty() && self.dense.is_empty() && self.delete.is_empty() && self.archive.is_empty()
    }
}

/// History of one key on one UTC day (counted from 1970-01-01); replaces what was stored for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveDay {
    pub key: String,
    pub day: i32,
    pub body: Vec<u8>,
}

/// A whole checkpoint of one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Parts to write; those not named stay as they are.
    pub upsert: Vec<(String, Vec<u8>)>,
    /// Parts to remove.
    pub delete: Vec<String>,
    pub archive: Vec<ArchiveDay>,
    /// History before this day (counted from 1970-01-01) is removed.
    pub drop_archive_before: Option<i32>,
}

/// Seals the pieces of one checkpoint, on any thread.
pub struct Packer {
    sealer: Sealer,
    generation: i64,
}

/// A piece as it is written.
#[derive(Debug)]
pub struct Sealed {
    pub(super) generation: i64,
    /// Bodies by key; `None` removes.
    pub(super) parts: Vec<(String, Option<seal::Sealed>)>,
    pub(super) archive: Vec<(String, i32, seal::Sealed)>,
}

impl Sealed {
    /// Bytes of all bodies.
    pub(super) fn bytes(&self) -> usize {
        let parts = self.parts.iter().filter_map(|(_, sealed)| sealed.as_ref());
        parts.chain(self.archive.iter().map(|(_, _, sealed)| sealed)).map(|sealed| sealed.body.len()).sum()
    }
}

impl Packer {
    pub(super) fn new(generation: i64) -> Result<Self, Fault> {
        Ok(Self { sealer: Sealer::new()?, generation })
    }

    pub(super) fn generation(&self) -> i64 {
        self.generation
    }

    /// Compresses and seals. Fails for a body beyond the bound.
    pub fn seal(&mut self, piece: Piece) -> Result<Sealed, StoreError> {
        self.seal_all(piece).map_err(|fault| fault.while_doing("write a checkpoint"))
    }

    fn seal_all(&mut self, piece: Piece) -> Result<Sealed, Fault> {
        let generation = self.generation;
        let mut parts: Vec<_> = piece.delete.into_iter().map(|key| (key, None)).collect();
        for (key, body) in piece.upsert {
            let sealed = self.sealer.seal(Place::Part(&key, generation), &body)?;
            parts.push((key, Some(sealed)));
        }
        for (key, body) in piece.dense {
            let sealed = seal::seal_plain(Place::Part(&key, generation), &body)?;
            parts.push((key, Some(sealed)));
        }
        let mut archive = Vec::with_capacity(piece.archive.len());
        for ArchiveDay { key, day, body } in piece.archive {
            let sealed = self.sealer.seal(Place::Archive(&key, day), &body)?;
            archive.push((key, day, sealed));
        }
        Ok(Sealed { generation, parts, archive })
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("generation", &self.generation).finish_non_exhaustive()
    }
}

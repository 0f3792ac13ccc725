//! Where the edges of windows stand in the sealed past.
//!
//! An edge moves forward by one scrape interval at a time, so it nearly always stays between the same two knots or moves
//! on to the next one. A cursor remembers both and the place in the chunk behind them, which spares the search and the
//! decoding from the chunk's beginning. It holds nothing that the sealed chunks do not say: what it gives is what
//! [`History::at`] gives, and whenever one of them changes all cursors are forgotten.

use super::chunk::{Chunk, Place};
use super::{Counts, History, Knot};
use crate::domain::time::Timestamp;

/// Derived, so that two histories are equal whatever their edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges(Vec<Cursor>);

impl PartialEq for Edges {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The last knot at or before an edge and the one after it; equal where nothing was looked up yet.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    chunk: usize,
    /// Behind `after`.
    place: Place,
    before: Knot,
    after: Knot,
}

impl Edges {
    /// After any change of what was sealed.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl History {
    /// [`History::at`] at several moments; faster when each lies shortly after the one that stood at its place in the
    /// last call.
    pub fn at_edges(&mut self, moments: &[Timestamp]) -> Vec<Counts> {
        if self.edges.0.len() != moments.len() {
            self.edges.0 = vec![Cursor::default(); moments.len()];
        }
        let (sealed, unsealed) = (&self.sealed, self.head.first().map(|first| first.at));
        let look_up = |(at, cursor): (&Timestamp, &mut Cursor)| {
            if unsealed.is_some_and(|unsealed| *at < unsealed) { cursor.at(sealed, *at) } else { None }
        };
        let found: Vec<Option<Counts>> = moments.iter().zip(&mut self.edges.0).map(look_up).collect();
        moments.iter().zip(found).map(|(at, found)| found.unwrap_or_else(|| self.at(*at))).collect()
    }
}

impl Cursor {
    /// `None` where the sealed past has no two such knots.
    fn at(&mut self, sealed: &[Chunk], at: Timestamp) -> Option<Counts> {
        if at < self.before.at || self.before.at == self.after.at {
            let chunk = sealed.partition_point(|chunk| chunk.first.at <= at).checked_sub(1)?;
            self.enter(sealed, chunk)?;
        }
        while self.after.at <= at {
            match sealed[self.chunk].next(&mut self.place) {
                Some(knot) => self.before = std::mem::replace(&mut self.after, knot),
                None => self.enter(sealed, self.chunk + 1)?,
            }
        }
        Some(self.before.between(&self.after, at))
    }

    fn enter(&mut self, sealed: &[Chunk], chunk: usize) -> Option<()> {
        *self = Self::default();
        let (place, first) = sealed.get(chunk)?.begin();
        *self = Self { chunk, place, before: first, after: first };
        Some(())
    }
}

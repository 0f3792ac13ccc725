//! Where the edges of windows stand in the sealed past.
//!
//! An edge moves forward by one scrape interval at a time, so it nearly always stays between the same two knots or moves
//! on to the next one. A cursor remembers both and the place in the run behind them, which spares the search and the
//! decoding from the run's beginning. It holds nothing that the sealed runs do not say: what it gives is what
//! [`History::at`] gives. Sealing only adds runs behind those a cursor knows, so that cursors go on; when anything else
//! happens to the sealed past (a compaction, late knowledge) all are forgotten.

use super::coding::Place;
use super::packed::{Packed, Run};
use super::{Counts, History, Knot};
use crate::domain::time::Timestamp;
use smallvec::SmallVec;

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
    /// Counted through the old and then the recent past.
    run: usize,
    /// Behind `after`.
    place: Place,
    before: Knot,
    after: Knot,
}

/// The old past and the recent one behind it.
#[derive(Clone, Copy)]
struct Sealed<'a> {
    old: &'a Packed,
    recent: &'a Packed,
}

impl<'a> Sealed<'a> {
    fn run(self, number: usize) -> Option<Run<'a>> {
        match number.checked_sub(self.old.len()) {
            None => self.old.run(number),
            Some(number) => self.recent.run(number),
        }
    }

    fn find(self, at: Timestamp) -> Option<usize> {
        self.recent.find(at).map(|number| self.old.len() + number).or_else(|| self.old.find(at))
    }
}

impl Edges {
    /// After any change of what was sealed, other than an addition at its end.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl History {
    /// [`History::at`] at several moments; faster when each lies shortly after the one that stood at its place in the
    /// last call.
    pub fn at_edges(&mut self, moments: &[Timestamp]) -> SmallVec<[Counts; 12]> {
        let mut cursors = std::mem::take(&mut self.edges.0);
        cursors.resize(moments.len(), Cursor::default());
        let sealed = Sealed { old: &self.old.packed, recent: &self.recent };
        let unsealed = self.head.first().map(|first| first.at);
        let look_up = |(at, cursor): (&Timestamp, &mut Cursor)| {
            let found = if unsealed.is_some_and(|unsealed| *at < unsealed) { cursor.at(sealed, *at) } else { None };
            found.unwrap_or_else(|| self.at(*at))
        };
        let found = moments.iter().zip(&mut cursors).map(look_up).collect();
        self.edges.0 = cursors;
        found
    }
}

impl Cursor {
    /// `None` where the sealed past has no two such knots.
    fn at(&mut self, sealed: Sealed<'_>, at: Timestamp) -> Option<Counts> {
        if at < self.before.at || self.before.at == self.after.at {
            self.enter(sealed, sealed.find(at)?)?;
        }
        while self.after.at <= at {
            match sealed.run(self.run)?.next(&mut self.place) {
                Some(knot) => self.before = std::mem::replace(&mut self.after, knot),
                None => self.enter(sealed, self.run + 1)?,
            }
        }
        Some(self.before.between(&self.after, at))
    }

    fn enter(&mut self, sealed: Sealed<'_>, run: usize) -> Option<()> {
        *self = Self::default();
        let entered = sealed.run(run)?;
        *self = Self { run, place: entered.begin(), before: entered.first, after: entered.first };
        Some(())
    }
}

//! Every status at one moment, in pieces that publications share.
//!
//! A publication follows every scrape, and a scrape touches few SLOs: only the pieces that hold those are made anew.

use crate::domain::lazy_status::LazyStatus;
use std::ops::Index;
use std::sync::Arc;

/// SLOs of one piece.
const PIECE: usize = 64;

type Piece = Arc<[Arc<LazyStatus>]>;

/// Statuses sorted by service, name and group.
#[derive(Clone, Debug, Default)]
pub struct Statuses {
    pieces: Vec<Piece>,
    /// Where each piece begins.
    starts: Vec<usize>,
    len: usize,
}

impl Statuses {
    /// `of(slo)` gives the statuses of an SLO, one for each group, for `slos` of them.
    pub fn new<'a>(slos: usize, of: impl Fn(usize) -> &'a [Arc<LazyStatus>]) -> Self {
        let pieces = (0..slos.div_ceil(PIECE)).map(|number| piece(number, slos, &of)).collect();
        Self::of_pieces(pieces)
    }

    /// These statuses with those of the `changed` SLOs replaced; as many SLOs as before.
    pub fn with<'a>(
        &self,
        changed: impl IntoIterator<Item = usize>,
        slos: usize,
        of: impl Fn(usize) -> &'a [Arc<LazyStatus>],
    ) -> Self {
        let mut pieces = self.pieces.clone();
        let mut numbers: Vec<usize> = changed.into_iter().map(|slo| slo / PIECE).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            pieces[number] = piece(number, slos, &of);
        }
        Self::of_pieces(pieces)
    }

    fn of_pieces(pieces: Vec<Piece>) -> Self {
        let (mut len, mut starts) = (0, Vec::with_capacity(pieces.len()));
        for piece in &pieces {
            starts.push(len);
            len += piece.len();
        }
        Self { pieces, starts, len }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<LazyStatus>> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// The statuses of one SLO after another.
    pub fn by_slo(&self) -> impl Iterator<Item = &[Arc<LazyStatus>]> {
        let same = |a: &Arc<LazyStatus>, b: &Arc<LazyStatus>| a.service() == b.service() && a.name() == b.name();
        self.pieces.iter().flat_map(move |piece| piece.chunk_by(same))
    }
}

fn piece<'a>(number: usize, slos: usize, of: &impl Fn(usize) -> &'a [Arc<LazyStatus>]) -> Piece {
    let members = number * PIECE..slos.min((number + 1) * PIECE);
    members.flat_map(|slo| of(slo).iter().cloned()).collect()
}

impl Index<usize> for Statuses {
    type Output = Arc<LazyStatus>;

    fn index(&self, index: usize) -> &Self::Output {
        let piece = self.starts.partition_point(|start| *start <= index) - 1;
        &self.pieces[piece][index - self.starts[piece]]
    }
}

/// Statuses that belong together already, sorted by service, name and group.
impl FromIterator<Arc<LazyStatus>> for Statuses {
    fn from_iter<I: IntoIterator<Item = Arc<LazyStatus>>>(statuses: I) -> Self {
        let piece: Piece = statuses.into_iter().collect();
        Self::of_pieces(if piece.is_empty() { Vec::new() } else { vec![piece] })
    }
}

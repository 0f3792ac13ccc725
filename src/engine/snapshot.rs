//! A moment of the state, and its way to the store piece by piece.
//!
//! Taking a snapshot takes no copy of what is counted (see [`crate::domain::shared`]), so the engine goes on at once;
//! everything else happens beside it. A piece is small, so that a commit that comes between two of them does not wait
//! long. Old histories that the store holds already are not written again.

use super::archive::{self, Archived};
use super::persist::{self, RecoverError, SloPart};
use crate::domain::reading::TargetId;
use crate::domain::setup::Setup;
use crate::domain::shared::Shared;
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::domain::target_state::TargetState;
use crate::domain::time::Timestamp;
use crate::store::Piece;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Bytes of bodies at which a piece is full.
const PIECE: usize = 256 << 10;
/// Groups of one SLO in one piece.
const GROUPS: usize = 64;

/// Everything that survives a restart, as of one moment.
pub struct Snapshot {
    pub now: Timestamp,
    setup: Option<Arc<Setup>>,
    core: Vec<u8>,
    slos: VecDeque<Shared<SloState>>,
    retired: VecDeque<Shared<SloState>>,
    targets: VecDeque<(TargetId, Shared<TargetState>)>,
}

impl Snapshot {
    pub fn take(state: &State) -> Result<Self, RecoverError> {
        Ok(Self {
            now: state.core.now,
            setup: state.setup.clone(),
            core: encoded(persist::CORE, &state.core)?,
            slos: state.slos.iter().cloned().collect(),
            retired: state.retired.iter().cloned().collect(),
            targets: state.targets.iter().map(|(id, target)| (id.clone(), target.clone())).collect(),
        })
    }
}

/// What the store holds as of its last checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Keys of parts that each checkpoint writes.
    parts: BTreeSet<String>,
    /// Versions of old histories by key.
    old: HashMap<String, u64>,
    setup: Option<Arc<Setup>>,
}

impl Kept {
    /// What a start found: the keys of all parts, and the state that was made of them.
    pub(super) fn found(keys: Vec<String>, state: &State) -> Self {
        let (old, parts): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.starts_with(persist::OLD));
        // Of those that the state has, the version follows.
        let old = old.into_iter().map(|key| (key, 0)).collect();
        let mut kept = Self { parts: parts.into_iter().collect(), old, setup: None };
        for slo in state.slos.iter().chain(&state.retired) {
            kept.note(slo);
        }
        kept
    }

    fn note(&mut self, slo: &SloState) {
        for (values, group) in slo.groups.iter() {
            for (slices, history) in persist::histories(group) {
                if history.old().version() > 0 {
                    self.old.insert(persist::old_key(&slo.key, values, slices), history.old().version());
                }
            }
        }
    }
}

/// A snapshot on its way.
pub struct Pieces {
    snapshot: Snapshot,
    kept: Arc<Kept>,
    /// What the store holds when all is written.
    next: Kept,
    archived: Vec<Archived>,
    stage: Stage,
    /// Groups of the first SLO that are written.
    groups: usize,
    number: usize,
    bytes: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Head,
    Slos,
    Retired,
    Targets,
    Removed,
    Done,
}

/// What a checkpoint has changed, once it is in force.
#[derive(Debug)]
pub struct Written {
    pub kept: Kept,
    pub archived: Vec<Archived>,
    /// Bytes of bodies.
    pub bytes: usize,
}

impl Pieces {
    /// `kept` is what the store holds.
    pub fn new(snapshot: Snapshot, kept: Arc<Kept>) -> Self {
        Self {
            snapshot,
            kept,
            next: Kept::default(),
            archived: Vec::new(),
            stage: Stage::Head,
            groups: 0,
            number: 0,
            bytes: 0,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.snapshot.now
    }

    /// After the last piece is in force.
    pub fn written(self) -> Written {
        Written { kept: self.next, archived: self.archived, bytes: self.bytes }
    }

    /// When it came to nothing: what the store holds is what it held, with pieces of this one at worst, should its
    /// failure have been an error of the messenger.
    pub fn given_up(self) -> Kept {
        let mut kept = Arc::unwrap_or_clone(self.kept);
        kept.parts.extend(self.next.parts);
        for key in self.next.old.into_keys() {
            kept.old.entry(key).or_insert(0);
        }
        kept.setup = None;
        kept
    }

    /// The next piece to write, `None` behind the last one.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, RecoverError> {
        while self.stage != Stage::Done {
            let piece = match self.stage {
                Stage::Head => self.head()?,
                Stage::Slos => self.slos(persist::SLOS, |snapshot| &mut snapshot.slos)?,
                Stage::Retired => self.slos(persist::RETIRED, |snapshot| &mut snapshot.retired)?,
                Stage::Targets => self.targets()?,
                Stage::Removed | Stage::Done => self.removed(),
            };
            if !piece.is_empty() {
                self.bytes += piece.bytes();
                return Ok(Some(piece));
            }
            self.number = 0;
            self.stage = match self.stage {
                Stage::Head => Stage::Slos,
                Stage::Slos => Stage::Retired,
                Stage::Retired => Stage::Targets,
                Stage::Targets => Stage::Removed,
                Stage::Removed | Stage::Done => Stage::Done,
            };
        }
        Ok(None)
    }

    /// Setup and core. Before the first configuration there is nothing.
    fn head(&mut self) -> Result<Piece, RecoverError> {
        let mut piece = Piece::default();
        let Some(setup) = self.snapshot.setup.take() else { return Ok(piece) };
        self.next.parts.extend([persist::SETUP, persist::CORE].map(str::to_owned));
        if !self.kept.setup.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, &setup)) {
            let body = serde_json::to_vec(&*setup).map_err(RecoverError::Setup)?;
            piece.upsert.push((persist::SETUP.to_owned(), body));
        }
        self.next.setup = Some(setup);
        piece.upsert.push((persist::CORE.to_owned(), std::mem::take(&mut self.snapshot.core)));
        Ok(piece)
    }

    fn key(&mut self, prefix: &str) -> String {
        let key = format!("{prefix}{:06}", self.number);
        self.number += 1;
        self.next.parts.insert(key.clone());
        key
    }

    fn slos(
        &mut self,
        prefix: &str,
        queue: fn(&mut Snapshot) -> &mut VecDeque<Shared<SloState>>,
    ) -> Result<Piece, RecoverError> {
        let (mut piece, mut body) = (Piece::default(), Vec::new());
        // With the head comes the setup, and without one there are no SLOs.
        let external_url = self.next.setup.as_ref().map(|setup| setup.external_url.clone()).unwrap_or_default();
        while piece.bytes() + body.len() < PIECE {
            let Some(slo) = queue(&mut self.snapshot).front() else { break };
            let part = slo.part(self.groups, GROUPS, &external_url);
            self.groups += GROUPS;
            if self.groups >= slo.groups.len() {
                queue(&mut self.snapshot).pop_front();
                self.groups = 0;
            }
            self.put(part, &mut piece, &mut body)?;
        }
        if !body.is_empty() {
            let key = self.key(prefix);
            piece.upsert.push((key, body));
        }
        Ok(piece)
    }

    fn put(&mut self, slo: SloState, piece: &mut Piece, body: &mut Vec<u8>) -> Result<(), RecoverError> {
        let mut versions = Vec::new();
        for (values, group) in slo.groups.iter() {
            for (slices, history) in persist::histories(group) {
                let version = history.old().version();
                versions.push(version);
                if version == 0 {
                    continue;
                }
                let key = persist::old_key(&slo.key, values, slices);
                if self.kept.old.get(&key) != Some(&version) {
                    piece.dense.push((key.clone(), history.old().to_bytes()));
                }
                self.next.old.insert(key, version);
            }
            let (days, archived) = archive::days(&slo, values, group, self.snapshot.now);
            piece.archive.extend(days);
            self.archived.extend(archived);
        }
        let part: SloPart = (slo, versions);
        encode_to(&part.0.key, &part, body)
    }

    fn targets(&mut self) -> Result<Piece, RecoverError> {
        let mut body = Vec::new();
        while body.len() < PIECE {
            let Some((id, target)) = self.snapshot.targets.pop_front() else { break };
            encode_to(&id.instance, &(&id, &target), &mut body)?;
        }
        let mut piece = Piece::default();
        if !body.is_empty() {
            piece.upsert.push((self.key(persist::TARGETS), body));
        }
        Ok(piece)
    }

    /// What the store held and the snapshot has no more.
    fn removed(&mut self) -> Piece {
        let parts = self.kept.parts.difference(&self.next.parts).cloned();
        let old = self.kept.old.keys().filter(|key| !self.next.old.contains_key(*key)).cloned();
        let mut delete: Vec<String> = parts.chain(old).collect();
        delete.sort_unstable();
        self.stage = Stage::Done;
        Piece { delete, ..Piece::default() }
    }
}

fn encoded<T: Serialize>(part: &str, value: &T) -> Result<Vec<u8>, RecoverError> {
    let mut body = Vec::new();
    encode_to(part, value, &mut body)?;
    Ok(body)
}

fn encode_to<T: Serialize>(part: &str, value: &T, body: &mut Vec<u8>) -> Result<(), RecoverError> {
    let taken = std::mem::take(body);
    *body = postcard::to_extend(value, taken).map_err(|source| RecoverError::Part { part: part.to_owned(), source })?;
    Ok(())
}

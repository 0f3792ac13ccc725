//! The state as parts for the store, and back.
//!
//! A part is a run of postcard values; the setup is JSON, for it changes rarely and its shape most often. What changes
//! all the time is packed, many SLOs or targets into one part. The old past of each history, which is nearly all there
//! is, is a part of its own that is written when it changed. Recovery loads the parts as of the last checkpoint and steps
//! through the journal after it, event by event, as they were lived.
//!
//! Format 1 had a part for each SLO and each target, with all of its past in it.

use super::format_1::Slo1;
use super::snapshot::{Kept, Pieces, Snapshot};
use crate::cores::on_all_cores;
use crate::domain::event::Event;
use crate::domain::gauge::Gauges;
use crate::domain::group::GroupState;
use crate::domain::history::{History, Old};
use crate::domain::reading::TargetId;
use crate::domain::shared::Shared;
use crate::domain::slo_state::SloState;
use crate::domain::state::{Core, State};
use crate::domain::stored_slo::{Definitions, StoredSlo};
use crate::domain::target_state::TargetState;
use crate::store::Loaded;
use crate::store::codec::{CodecError, Decoder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

/// Blocks of the journal that are decoded before they are lived through.
const BLOCKS_AHEAD: usize = 16;

pub(super) const SETUP: &str = "setup";
pub(super) const CORE: &str = "core";
pub(super) const SLOS: &str = "slos/";
pub(super) const RETIRED: &str = "gone/";
pub(super) const TARGETS: &str = "targets/";
pub(super) const OLD: &str = "old/";

pub(super) const SLO_OF_FORMAT_1: &str = "slo/";
pub(super) const RETIRED_OF_FORMAT_1: &str = "retired/";
pub(super) const TARGET_OF_FORMAT_1: &str = "target/";

/// Why what was stored can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    #[error("the stored part {part:?} can't be read")]
    Part {
        part: String,
        #[source]
        source: postcard::Error,
    },
    #[error("a definition in the stored part {part:?} can't be read")]
    Definition {
        part: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("the stored history {part:?} is missing, or of another moment than the rest")]
    Old { part: String },
    #[error("the stored configuration can't be read")]
    Setup(#[source] serde_json::Error),
    #[error("block {number} of the journal can't be read")]
    Journal {
        number: usize,
        #[source]
        source: CodecError,
    },
}

/// Every part of the state, by key.
pub fn parts(state: &State) -> Result<BTreeMap<String, Vec<u8>>, RecoverError> {
    let mut parts = BTreeMap::new();
    let mut pieces = Pieces::new(Snapshot::take(state)?, Default::default());
    while let Some(piece) = pieces.next_piece()? {
        parts.extend(piece.upsert.into_iter().chain(piece.dense));
    }
    Ok(parts)
}

/// The state as it was at the last commit, and what the store holds of it.
pub fn recover(loaded: Loaded) -> Result<(State, Kept), RecoverError> {
    recover_knowing(loaded, &Definitions::default())
}

/// As [`recover`], in less time where the store holds these definitions.
pub fn recover_knowing(loaded: Loaded, definitions: &Definitions) -> Result<(State, Kept), RecoverError> {
    let keys: Vec<String> = loaded.parts.keys().cloned().collect();
    let mut state = load(loaded.parts, definitions)?;
    // As of the checkpoint: the journal takes the state further than the parts.
    let kept = Kept::found(keys, &state);
    live_through(&mut state, &loaded.journal)?;
    Ok((state, kept))
}

/// Steps through the journal. Blocks are decoded on a thread beside it.
fn live_through(state: &mut State, journal: &[Vec<u8>]) -> Result<(), RecoverError> {
    std::thread::scope(|scope| {
        let (decoded, blocks) = sync_channel(BLOCKS_AHEAD);
        scope.spawn(move || {
            let mut decoder = Decoder::new();
            let mut decode = |(number, block): (usize, &Vec<u8>)| {
                let events = decoder.decode(block).map_err(|source| RecoverError::Journal { number, source });
                // Nobody takes what follows an error.
                decoded.send(events).is_ok()
            };
            journal.iter().enumerate().all(&mut decode)
        });
        for events in blocks {
            events?.iter().for_each(|event| replay(state, event));
        }
        Ok(())
    })
}

pub(super) fn replay(state: &mut State, event: &Event) {
    // What a past event caused was acted on then; only the state is of interest.
    let _effects = state.step(std::slice::from_ref(event));
}

/// An SLO, or some groups of it, and the versions of its groups' old histories in order.
pub(super) type SloPart = (SloState, Vec<u64>);

/// The key of a history's old past.
pub(super) fn old_key(slo: &str, group: &[String], slices: bool) -> String {
    let kind = if slices { "slices" } else { "events" };
    format!("{OLD}{slo}{group:?}{kind}")
}

/// A group's histories, with whether they are of slices.
pub(super) fn histories(group: &GroupState) -> impl Iterator<Item = (bool, &History)> {
    let slices = group.slices.as_ref().map(|slices| (true, &slices.history));
    std::iter::once((false, &group.events)).chain(slices)
}

fn histories_mut(group: &mut GroupState) -> impl Iterator<Item = (bool, &mut History)> {
    let slices = group.slices.as_mut().map(|slices| (true, &mut slices.history));
    std::iter::once((false, &mut group.events)).chain(slices)
}

fn load(mut parts: BTreeMap<String, Vec<u8>>, definitions: &Definitions) -> Result<State, RecoverError> {
    let Some(setup) = parts.remove(SETUP) else { return Ok(State::default()) };
    // Taken out one by one, for they are moved and not copied.
    let past = Past { definitions, old: Mutex::new(take(&mut parts, OLD)) };
    let [slos, retired, slos_1, retired_1, targets, targets_1] =
        [SLOS, RETIRED, SLO_OF_FORMAT_1, RETIRED_OF_FORMAT_1, TARGETS, TARGET_OF_FORMAT_1]
            .map(|prefix| take(&mut parts, prefix));
    let core = parts.remove(CORE);
    let mut missing = Vec::new();
    let (state, slos, retired) = std::thread::scope(|scope| {
        let targets = targets.iter().chain(&targets_1);
        let beside = scope.spawn(move || load_all_but_slos(&setup, core.as_deref(), targets, definitions));
        let slos = load_slos(&slos, &past, &mut missing);
        let retired = load_slos(&retired, &past, &mut missing);
        (beside.join().unwrap_or_else(|panic| resume_unwind(panic)), slos, retired)
    });
    let (mut state, slos, retired) = (state?, slos?, retired?);
    if let Some(part) = missing.into_iter().next() {
        return Err(RecoverError::Old { part });
    }
    let (slos_1, retired_1) = (load_slos_of_format_1(&slos_1)?, load_slos_of_format_1(&retired_1)?);
    state.retired = retired.into_iter().chain(retired_1).map(|(_, slo)| slo).collect();
    state.restore_slos(slos.into_iter().chain(slos_1).collect());
    Ok(state)
}

fn load_all_but_slos<'a>(
    setup: &[u8],
    core: Option<&[u8]>,
    targets: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
    definitions: &Definitions,
) -> Result<State, RecoverError> {
    let mut state = State::default();
    if let Some(core) = core {
        state.core = load_core(core)?;
    }
    for (part, body) in targets {
        load_targets(&mut state, part, body)?;
    }
    state.restore_setup(definitions.read_setup(setup).map_err(RecoverError::Setup)?.into());
    Ok(state)
}

pub(super) fn load_targets(state: &mut State, part: &str, body: &[u8]) -> Result<(), RecoverError> {
    let targets = all::<(TargetId, TargetState)>(part, body)?;
    state.targets.extend(targets.into_iter().map(|(id, target)| (id, target.into())));
    Ok(())
}

pub(super) fn load_core(body: &[u8]) -> Result<Core, RecoverError> {
    Ok(all(CORE, body)?.pop().unwrap_or_default())
}

/// The parts whose keys begin so.
pub(super) fn take(parts: &mut BTreeMap<String, Vec<u8>>, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut taken = parts.split_off(prefix);
    // Behind the last key that begins with the prefix, which ends with a slash.
    let mut rest = taken.split_off(&format!("{}0", prefix.trim_end_matches('/')));
    parts.append(&mut rest);
    taken
}

/// The values of a part, one after the other.
fn all<'a, T: Deserialize<'a>>(part: &str, mut body: &'a [u8]) -> Result<Vec<T>, RecoverError> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let (value, rest) =
            postcard::take_from_bytes(body).map_err(|source| RecoverError::Part { part: part.to_owned(), source })?;
        found.push(value);
        body = rest;
    }
    Ok(found)
}

/// What parts of SLOs lean on.
pub(super) struct Past<'a> {
    pub definitions: &'a Definitions,
    /// Old pasts by key, each taken out once.
    pub old: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// Decodes the parts on all cores, for people wait for a start, and joins what they hold in their order. `missing` gets
/// the keys of old pasts that are not there, or of another moment; such a budget begins later.
pub(super) fn load_slos(
    parts: &BTreeMap<String, Vec<u8>>,
    past: &Past<'_>,
    missing: &mut Vec<String>,
) -> Result<BTreeMap<String, Shared<SloState>>, RecoverError> {
    let decode = |gauges: &mut Gauges, (part, body): (&String, &Vec<u8>)| decode_slos(part, body, past, gauges);
    let decoded = on_all_cores(parts.iter().collect(), Gauges::default, decode);
    let mut slos: BTreeMap<String, Shared<SloState>> = BTreeMap::new();
    for share in decoded {
        let mut share = share?;
        missing.append(&mut share.missing);
        for slo in share.slos {
            match slos.get_mut(&slo.key) {
                Some(known) => known.absorb(slo),
                None => drop(slos.insert(slo.key.clone(), slo.into())),
            }
        }
    }
    Ok(slos)
}

/// What a part holds.
#[derive(Default)]
struct Decoded {
    slos: Vec<SloState>,
    /// Keys of old pasts that are not there.
    missing: Vec<String>,
}

fn decode_slos(part: &str, body: &[u8], past: &Past<'_>, gauges: &mut Gauges) -> Result<Decoded, RecoverError> {
    let mut decoded = Decoded::default();
    for (slo, versions) in all::<(StoredSlo<'_>, Vec<u64>)>(part, body)? {
        let unreadable = |source| RecoverError::Definition { part: part.to_owned(), source };
        let mut slo = slo.into_state(past.definitions).map_err(unreadable)?;
        attach(&mut slo, &versions, past, &mut decoded.missing);
        slo.find_edges(gauges);
        decoded.slos.push(slo);
    }
    Ok(decoded)
}

/// Gives the histories their old pasts back.
fn attach(slo: &mut SloState, versions: &[u64], past: &Past<'_>, missing: &mut Vec<String>) {
    let mut versions = versions.iter();
    let SloState { key, groups, .. } = slo;
    for (values, group) in groups.iter_mut() {
        for (slices, history) in histories_mut(group) {
            let version = versions.next().copied().unwrap_or(0);
            if version == 0 {
                continue;
            }
            let part = old_key(key, values, slices);
            let found = past.old.lock().unwrap_or_else(PoisonError::into_inner).remove(&part);
            let found = found.and_then(Old::from_bytes).filter(|old| old.version() == version);
            if !found.is_some_and(|old| history.attach(old)) {
                missing.push(part);
            }
        }
    }
}

pub(super) fn load_slos_of_format_1(
    parts: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, Shared<SloState>>, RecoverError> {
    let mut slos = BTreeMap::new();
    for (part, body) in parts {
        for slo in all::<Slo1>(part, body)? {
            let slo = slo.into_present().map_err(|source| RecoverError::Definition { part: part.clone(), source })?;
            slos.insert(slo.key.clone(), slo.into());
        }
    }
    Ok(slos)
}

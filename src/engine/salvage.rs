//! What a damaged data directory still holds, as the content of a new one.
//!
//! Every part of the state that is sound is kept, and the journal as far as it can be lived through. Nothing is counted
//! twice: whose last values are lost begins with a baseline, and no birth before the restart counts. What is lost is
//! named, each with what it means.

use super::persist::{self, RecoverError};
use super::plant::{self, PlantError};
use crate::domain::setup::Setup;
use crate::domain::shared::Shared;
use crate::domain::slo_state::{SloState, counting_key};
use crate::domain::state::State;
use crate::domain::stored_slo::Definitions;
use crate::store::codec::Decoder;
use crate::store::salvage::{Salvaged, Wreck};
use crate::store::{Cover, Loaded, OpenError, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Built under this name in the data directory first.
const NEW: &str = "salvage.new";

/// What was saved, and what was not.
#[derive(Debug)]
pub struct Report {
    /// Where the damaged file is kept.
    pub aside: PathBuf,
    pub slos: usize,
    pub targets: usize,
    /// Blocks of the journal that were lived through.
    pub blocks: usize,
    /// Days of the long history.
    pub days: u64,
    pub lost: Vec<String>,
    /// Whether the first page was damaged, so that another one had to stand in for it.
    pub new_first_page: bool,
}

/// Why nothing was saved. The damaged files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the new file can't be written: {0}")]
    Plant(#[from] PlantError),
    #[error("the new file can't be put into its place: {0}")]
    Replace(#[from] io::Error),
}

/// Saves what is sound; `None` where nothing is damaged. `setup` stands in for the stored configuration, should that be
/// lost. Blocks on the disk.
pub fn salvage(dir: &Path, setup: &Setup) -> Result<Option<Report>, SalvageError> {
    let wreck = Wreck::open(dir)?;
    if wreck.sound().is_some_and(|loaded| persist::recover(loaded).is_ok()) {
        return Ok(None);
    }
    let wreck = wreck.past_first_page()?;
    let new_first_page = wreck.has_new_first_page();
    let Salvaged { mut loaded, older, mut lost, no_state } = wreck.read();
    leave_out(&older, &mut loaded.parts, &mut lost);
    let (mut state, blocks) = if no_state { (State::default(), 0) } else { revive(loaded, setup, &mut lost) };
    let new = dir.join(NEW);
    if new.exists() {
        std::fs::remove_dir_all(&new)?;
    }
    let (mut store, _) = Store::open(&new).map_err(PlantError::from)?;
    let mut packer = store.begin(Cover::Everything).map_err(PlantError::from)?;
    let days = wreck.copy_days(&mut store, &packer, &mut lost).map_err(PlantError::from)?;
    plant::write(&mut store, &mut packer, &mut state)?;
    drop(store);
    let aside = wreck.replace(&new)?;
    let (slos, targets) = (state.slos.len(), state.targets.len());
    Ok(Some(Report { aside, slos, targets, blocks, days, lost, new_first_page }))
}

/// Each checkpoint writes these anew, so an older one stands in the place of one that vanished, and is of another moment.
/// (Old pasts are written when they change, and tell their version.)
fn leave_out(older: &BTreeSet<String>, parts: &mut Parts, lost: &mut Vec<String>) {
    let of_each = [persist::CORE, persist::SLOS, persist::RETIRED, persist::TARGETS];
    for key in older.iter().filter(|key| of_each.iter().any(|prefix| key.starts_with(prefix))) {
        parts.remove(key);
        lost.push(format!("the part {key:?} of the last checkpoint: only that of an earlier one is there"));
    }
}

/// The state out of what is sound, and how many blocks of the journal it went through.
fn revive(loaded: Loaded, setup: &Setup, lost: &mut Vec<String>) -> (State, usize) {
    let damaged = !lost.is_empty();
    // An engine that died before its first checkpoint left nothing but a journal, which begins with its configuration.
    let only_journal = !damaged && loaded.parts.is_empty() && !loaded.journal.is_empty();
    let mut state = if only_journal { State::default() } else { assemble(loaded.parts, setup, lost) };
    if damaged || !lost.is_empty() {
        // A target whose memory is lost would show series as born under watch that were counted already.
        state.core.watched.clear();
    }
    let mut decoder = Decoder::new();
    for (number, block) in loaded.journal.iter().enumerate() {
        match decoder.decode(block) {
            Ok(events) => events.iter().for_each(|event| persist::replay(&mut state, event)),
            Err(error) => {
                let all = loaded.journal.len();
                lost.push(format!("the last {} of {all} sound blocks of the journal: {error}", all - number));
                return (state, number);
            }
        }
    }
    (state, loaded.journal.len())
}

type Parts = BTreeMap<String, Vec<u8>>;

fn assemble(mut parts: Parts, setup: &Setup, lost: &mut Vec<String>) -> State {
    let mut state = State::default();
    let stored = parts.remove(persist::SETUP).and_then(|body| serde_json::from_slice(&body).ok());
    if stored.is_none() {
        lost.push("the stored configuration: that of the files takes its place".to_owned());
    }
    let setup: Setup = stored.unwrap_or_else(|| setup.clone());
    let core = parts.remove(persist::CORE).and_then(|body| persist::load_core(&body).ok());
    if core.is_none() {
        lost.push("messages that waited and what was told: what fires may be told again".to_owned());
    }
    let core_is_lost = core.is_none();
    state.core = core.unwrap_or_default();
    let definitions = Definitions::default();
    let old = Mutex::new(persist::take(&mut parts, persist::OLD));
    let past = persist::Past { definitions: &definitions, old };
    let mut slos = load_slos(&mut parts, [persist::SLOS, persist::SLO_OF_FORMAT_1], &past, lost);
    let retired = load_slos(&mut parts, [persist::RETIRED, persist::RETIRED_OF_FORMAT_1], &past, lost);
    for prefix in [persist::TARGETS, persist::TARGET_OF_FORMAT_1] {
        for (part, body) in persist::take(&mut parts, prefix) {
            note(persist::load_targets(&mut state, &part, &body), lost);
        }
    }
    if state.targets.is_empty() && !slos.is_empty() {
        lost.push("the last values of all targets: counting goes on from their next scrape".to_owned());
    }
    if core_is_lost {
        state.core.now = slos.values().filter_map(|slo| slo.evaluated).max().unwrap_or_default();
    }
    name_missing(&setup, &slos, lost);
    // Those that the configuration does not name are remembered, should it be another than the lost one.
    let kept: Vec<String> = setup.slos.iter().map(|spec| counting_key(spec)).collect();
    let (known, others) = slos.into_iter().partition(|(key, _)| kept.contains(key));
    slos = known;
    state.retired = retired.into_values().chain(BTreeMap::into_values(others)).collect();
    state.restore(setup.into(), slos);
    state
}

fn load_slos(
    parts: &mut Parts,
    prefixes: [&str; 2],
    past: &persist::Past<'_>,
    lost: &mut Vec<String>,
) -> BTreeMap<String, Shared<SloState>> {
    let mut slos: BTreeMap<String, Shared<SloState>> = BTreeMap::new();
    let [prefix, of_format_1] = prefixes.map(|prefix| persist::take(parts, prefix));
    let mut missing = Vec::new();
    for (part, body) in prefix {
        let found = persist::load_slos(&Parts::from([(part, body)]), past, &mut missing);
        for (key, slo) in note(found, lost).unwrap_or_default() {
            match slos.get_mut(&key) {
                Some(known) => known.absorb(SloState::clone(&slo)),
                None => drop(slos.insert(key, slo)),
            }
        }
    }
    for (part, body) in of_format_1 {
        slos.extend(note(persist::load_slos_of_format_1(&Parts::from([(part, body)])), lost).unwrap_or_default());
    }
    lost.extend(
        missing.into_iter().map(|part| format!("{part:?}, the counts of that budget from some hours ago and before")),
    );
    slos
}

/// Names the SLOs of which nothing was found.
fn name_missing(setup: &Setup, slos: &BTreeMap<String, Shared<SloState>>, lost: &mut Vec<String>) {
    let missing = setup.slos.iter().filter(|spec| !slos.contains_key(&counting_key(spec)));
    lost.extend(missing.map(|spec| format!("the budget of {}: it begins anew", spec.id)));
}

fn note<T>(read: Result<T, RecoverError>, lost: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| lost.push(error.to_string())).ok()
}

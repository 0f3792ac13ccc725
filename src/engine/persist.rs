//! The state as parts for the store, and back.
//!
//! A part is a postcard body; the setup is JSON, for it changes rarely and its shape most often. Recovery loads the
//! parts as of the last checkpoint and steps through the journal after it, event by event, as they were lived.

use crate::domain::event::Event;
use crate::domain::reading::TargetId;
use crate::domain::setup::Setup;
use crate::domain::sli::TargetState;
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::store::Loaded;
use crate::store::codec::{CodecError, Decoder};
use std::collections::BTreeMap;

const SETUP: &str = "setup";
const CORE: &str = "core";
const SLO: &str = "slo/";
const RETIRED: &str = "retired/";
const TARGET: &str = "target/";

/// Why what was stored can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    #[error("the stored part {part:?} can't be read")]
    Part {
        part: String,
        #[source]
        source: postcard::Error,
    },
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
    let Some(setup) = &state.setup else { return Ok(parts) };
    parts.insert(SETUP.to_owned(), serde_json::to_vec(&**setup).map_err(RecoverError::Setup)?);
    put(&mut parts, CORE.to_owned(), &state.core)?;
    for (prefix, slos) in [(SLO, &state.slos), (RETIRED, &state.retired)] {
        for slo in slos {
            put(&mut parts, format!("{prefix}{}", slo.key), slo)?;
        }
    }
    for (id, target) in &state.targets {
        put(&mut parts, format!("{TARGET}{}\u{0}{}\u{0}{}", id.job, id.instance, id.url), &(id, target))?;
    }
    Ok(parts)
}

fn put<T: serde::Serialize>(
    parts: &mut BTreeMap<String, Vec<u8>>,
    part: String,
    value: &T,
) -> Result<(), RecoverError> {
    match postcard::to_stdvec(value) {
        Ok(body) => drop(parts.insert(part, body)),
        Err(source) => return Err(RecoverError::Part { part, source }),
    }
    Ok(())
}

fn get<T: serde::de::DeserializeOwned>(part: &str, body: &[u8]) -> Result<T, RecoverError> {
    postcard::from_bytes(body).map_err(|source| RecoverError::Part { part: part.to_owned(), source })
}

/// The state as it was at the last commit.
pub fn recover(loaded: &Loaded) -> Result<State, RecoverError> {
    let mut state = load(&loaded.parts)?;
    let mut decoder = Decoder::new();
    for (number, block) in loaded.journal.iter().enumerate() {
        let events = decoder.decode(block).map_err(|source| RecoverError::Journal { number, source })?;
        for event in &events {
            replay(&mut state, event);
        }
    }
    Ok(state)
}

fn replay(state: &mut State, event: &Event) {
    // What a past event caused was acted on then; only the state is of interest.
    let _effects = state.step(std::slice::from_ref(event));
}

fn load(parts: &BTreeMap<String, Vec<u8>>) -> Result<State, RecoverError> {
    let mut state = State::default();
    let Some(setup) = parts.get(SETUP) else { return Ok(state) };
    let setup: Setup = serde_json::from_slice(setup).map_err(RecoverError::Setup)?;
    let mut slos: BTreeMap<String, SloState> = BTreeMap::new();
    for (part, body) in parts {
        if part == CORE {
            state.core = get(part, body)?;
        } else if part.starts_with(SLO) {
            let slo: SloState = get(part, body)?;
            slos.insert(slo.key.clone(), slo);
        } else if part.starts_with(RETIRED) {
            state.retired.push(get(part, body)?);
        } else if part.starts_with(TARGET) {
            let (id, target): (TargetId, TargetState) = get(part, body)?;
            state.targets.insert(id, target);
        }
    }
    state.restore(setup.into(), slos);
    Ok(state)
}

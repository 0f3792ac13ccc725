//! A state that was made elsewhere as the content of a new data directory, so that a run goes on from it.

use super::archive;
use super::persist::{self, RecoverError};
use crate::domain::state::State;
use crate::store::{Checkpoint, OpenError, Store, StoreError};
use std::path::Path;

/// Why nothing was planted.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the data directory is in use already; choose an empty one")]
    NotEmpty,
    #[error("the state can't be written down: {0}")]
    State(#[from] RecoverError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the state as the last checkpoint of a run would, long history included. Blocks on the disk.
pub fn plant(dir: &Path, state: &mut State) -> Result<(), PlantError> {
    let (mut store, loaded) = Store::open(dir)?;
    if !loaded.parts.is_empty() || !loaded.journal.is_empty() {
        return Err(PlantError::NotEmpty);
    }
    let archive = archive::days(state);
    archive::written(state);
    let upsert = persist::parts(state)?.into_iter().collect();
    store.checkpoint(Checkpoint { upsert, archive, ..Checkpoint::default() })?;
    Ok(())
}

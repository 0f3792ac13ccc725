//! A state that was made elsewhere as the content of a new data directory, so that a run goes on from it.

use super::archive;
use super::persist::RecoverError;
use super::snapshot::{Pieces, Snapshot};
use crate::domain::state::State;
use crate::store::{Cover, OpenError, Packer, Store, StoreError};
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
    let mut packer = store.begin(Cover::Everything)?;
    write(&mut store, &mut packer, state)
}

/// Writes the state as a checkpoint that was begun, to its end.
pub(super) fn write(store: &mut Store, packer: &mut Packer, state: &mut State) -> Result<(), PlantError> {
    // Counts in memory reach back far enough for charts of the days that are not written yet.
    let mut pieces = Pieces::new(Snapshot::take(state)?, Default::default());
    while let Some(piece) = pieces.next_piece()? {
        store.stage(packer.seal(piece)?)?;
    }
    store.switch()?;
    archive::written(state, pieces.written().archived);
    Ok(())
}

//! Reads one configuration file without trusting it: regular files only, and never more than the limit.

use super::MAX_FILE_BYTES;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("not a regular file")]
    NotAFile,
    #[error("larger than {} MiB", MAX_FILE_BYTES >> 20)]
    TooLarge,
}

/// The bytes of a file; a pipe, a device or a file beyond [`MAX_FILE_BYTES`] is refused before it is read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile);
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge);
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells of a file that grew meanwhile.
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(FileError::TooLarge) } else { Ok(bytes) }
}

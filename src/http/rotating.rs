//! A client whose certificates may be rotated on disk.
//!
//! Certificates are renewed under running programs. Before each use the TLS files' times and sizes are compared with
//! those the client was built from; when they differ a new client replaces it. Without TLS files this costs nothing.

use super::{HttpError, client};
use crate::config::auth::{HttpConfig, PemSource, Secret};
use reqwest::Client;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Modification time and size of each file, `None` for one that can't be read.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// Builds and keeps the client of one `http_config`.
#[derive(Debug)]
pub struct Rotating {
    config: HttpConfig,
    timeout: Duration,
    files: Vec<PathBuf>,
    built: Mutex<Option<(Stamp, Result<Client, HttpError>)>>,
}

impl Rotating {
    /// Nothing is read before the first use. `timeout` is that of [`client`].
    pub fn new(config: HttpConfig, timeout: Duration) -> Self {
        let files = tls_files(&config);
        Self { config, timeout, files, built: Mutex::new(None) }
    }

    /// The client for the files as they are now.
    pub fn get(&self) -> Result<Client, HttpError> {
        let stamp: Stamp = self.files.iter().map(stamp).collect();
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some((known, client)) if *known == stamp => client.clone(),
            _ => {
                let client = client(&self.config, self.timeout);
                *built = Some((stamp, client.clone()));
                client
            }
        }
    }
}

fn tls_files(config: &HttpConfig) -> Vec<PathBuf> {
    let pem = |source: &Option<PemSource>| match source {
        Some(PemSource::File(path)) => Some(path.clone()),
        Some(PemSource::Text(_)) | None => None,
    };
    let key = match &config.tls.key {
        Some(Secret::File(path)) => Some(path.clone()),
        Some(Secret::Value(_)) | None => None,
    };
    [pem(&config.tls.ca), pem(&config.tls.cert), key].into_iter().flatten().collect()
}

fn stamp(path: &PathBuf) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

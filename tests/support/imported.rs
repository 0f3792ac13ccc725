//! A real Prometheus with the samples of files.

use crate::server::Server;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A server with its blocks; both end when dropped.
pub struct Imported {
    server: Server,
    _blocks: TempDir,
}

impl Imported {
    /// With the samples of these OpenMetrics files.
    pub fn start(samples: &[&Path], arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let blocks = dir.path().join("data");
        for samples in samples {
            let made = Command::new("promtool")
                .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
                .args([samples, blocks.as_path()])
                .output()
                .expect("promtool (Debian's prometheus)");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        Self { server: Server::start(&blocks, "global: {scrape_interval: 1h}\n", arguments), _blocks: dir }
    }
}

impl Deref for Imported {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

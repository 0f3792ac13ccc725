//! The main file `slowburn.yaml`: raw shapes, their checks, and the checked types the rest of the house uses.
//!
//! Keys and meaning are Prometheus's and Alertmanager's own. A checked [`Config`] can only be had from files without a
//! mistake; every mistake of all files is reported in one run.

pub mod auth;
mod checks;
pub mod decode;
pub mod diagnostics;
mod glob;
pub mod load;
pub mod read;
pub mod receiver;
pub mod scrape;
pub mod yaml;

use crate::domain::compat::Compat;
use crate::domain::labels::Labels;
use crate::domain::setup::Setup;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A checked configuration, its SLO files included.
#[derive(Clone, Debug)]
pub struct Config {
    pub global: Global,
    pub scrape_configs: Vec<scrape::ScrapeConfig>,
    pub storage: Storage,
    pub receivers: Vec<receiver::Receiver>,
    pub web: Web,
    /// SLOs, routes and counting rules: what the domain decides by.
    pub setup: Setup,
    /// The main file.
    pub path: PathBuf,
}

impl Config {
    /// The configuration of a page that answers at `address`, which may be another than the file says.
    pub fn served_at(mut self, address: SocketAddr) -> Self {
        if self.global.external_url_by_default {
            self.global.external_url = read::server::default_url(address);
            self.setup.external_url.clone_from(&self.global.external_url);
        }
        self
    }
}

/// Defaults for all jobs, and what names this instance to the outside.
#[derive(Clone, Debug)]
pub struct Global {
    pub scrape_interval: Duration,
    pub scrape_timeout: Duration,
    pub evaluation_interval: Duration,
    /// Base of the links in messages, without a trailing slash.
    pub external_url: String,
    /// Whether the file leaves `external_url` out, so that it follows the address of the page.
    pub external_url_by_default: bool,
    pub external_labels: Labels,
    /// Default SMTP and Slack settings live in the receivers after checking.
    pub resolve_timeout: Duration,
}

/// Where the embedded store lives.
#[derive(Clone, Debug)]
pub struct Storage {
    pub path: PathBuf,
}

/// The web face.
#[derive(Clone, Debug)]
pub struct Web {
    pub listen: SocketAddr,
    /// Whose series names `/metrics` shows too.
    pub compat: Compat,
}

/// The JSON Schema of the main file, from the same tables that decode it.
pub fn json_schema() -> serde_json::Value {
    decode::schema::json_schema(&read::MAIN, "slowburn.yaml")
}

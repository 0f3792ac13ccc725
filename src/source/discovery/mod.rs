//! Who is to be scraped: static lists, files, HTTP and DNS.
//!
//! Each discovery of a job runs on its own and reports whole snapshots. A refresh that fails keeps the last good targets
//! and says what went wrong: a broken file or an unreachable server is no reason to stop watching.

mod dns;
mod file;
mod groups;
mod http;

pub use dns::NameServers;

use crate::clock;
use crate::config::scrape::{DnsSd, FileSd, HttpSd, ScrapeConfig, TargetGroup};
use crate::domain::labels::Labels;
use crate::domain::time::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;

/// One way by which a job finds targets.
#[derive(Clone, Debug, PartialEq)]
pub enum Discovery {
    Static(Vec<TargetGroup>),
    File(FileSd),
    Http(Box<HttpSd>),
    Dns(DnsSd),
}

/// What a discovery knows at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The labels of each target, `__address__` among them.
    pub targets: Vec<Labels>,
    /// What went wrong in the last refresh.
    pub problems: Vec<String>,
    pub refreshed: Timestamp,
}

/// A snapshot and which discovery of the job it comes from.
pub type Update = (u64, Snapshot);

/// Where a discovery tells what it found.
#[derive(Clone, Debug)]
pub struct Reporter {
    /// Tells the discoveries of a job apart.
    pub id: u64,
    pub to: mpsc::Sender<Update>,
}

impl Reporter {
    /// False when nobody listens any more.
    async fn report(&self, targets: Vec<Labels>, problems: Vec<String>) -> bool {
        let snapshot = Snapshot { targets, problems, refreshed: clock::now() };
        self.to.send((self.id, snapshot)).await.is_ok()
    }
}

impl Discovery {
    /// All discoveries of a job, in the order of its keys.
    pub fn of(config: &ScrapeConfig) -> Vec<Self> {
        let mut all = Vec::new();
        if !config.static_configs.is_empty() {
            all.push(Self::Static(config.static_configs.clone()));
        }
        all.extend(config.file_sd_configs.iter().cloned().map(Self::File));
        all.extend(config.http_sd_configs.iter().cloned().map(|sd| Self::Http(Box::new(sd))));
        all.extend(config.dns_sd_configs.iter().cloned().map(Self::Dns));
        all
    }

    /// The configuration key without `_configs`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::File(_) => "file_sd",
            Self::Http(_) => "http_sd",
            Self::Dns(_) => "dns_sd",
        }
    }

    /// Where it looks, without credentials.
    pub fn place(&self) -> String {
        match self {
            Self::Static(_) => String::new(),
            Self::File(sd) => sd.files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", "),
            Self::Http(sd) => http::shown(&sd.url),
            Self::Dns(sd) => sd.names.join(", "),
        }
    }

    /// Looks for targets until nobody listens to `reporter` any more.
    pub async fn run(self, name_servers: NameServers, reporter: Reporter) {
        match self {
            Self::Static(groups) => {
                let targets = groups::flatten(&groups, &Labels::new());
                reporter.report(targets, Vec::new()).await;
            }
            Self::File(sd) => file::run(sd, reporter).await,
            Self::Http(sd) => http::run(*sd, reporter).await,
            Self::Dns(sd) => dns::run(sd, name_servers, reporter).await,
        }
    }
}

/// A pause between two refreshes; an interval of zero would spin.
async fn pause(interval: Duration) {
    tokio::time::sleep(interval.max(Duration::from_millis(10))).await;
}

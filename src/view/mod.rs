//! What the engine publishes and how others ask it: the seam between deciding and showing.
//!
//! After each commit the engine publishes one immutable [`Published`]; the page, the API and `/metrics` read it without
//! a lock. What is too large to publish (history) is asked for through [`Handle`]; the engine task answers, so it
//! stays the only owner of its state.

mod statuses;

use crate::domain::compat::Compat;
use crate::domain::labels::Labels;
use crate::domain::message::{Message, Notice, Sent};
use crate::domain::setup::Setup;
use crate::domain::slo::SloId;
use crate::domain::status::{HistoryPoint, Transition};
use crate::domain::time::Timestamp;
use arc_swap::ArcSwap;
pub use statuses::Statuses;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Everything shown at one moment.
#[derive(Clone, Debug)]
pub struct Published {
    pub at: Timestamp,
    /// When this process started.
    pub started: Timestamp,
    /// Sorted by service, name and group.
    pub statuses: Statuses,
    pub setup: Arc<Setup>,
    /// Not yet accepted messages.
    pub outbox: Arc<Vec<Arc<Message>>>,
    /// The last finished messages, newest first.
    pub sent: Arc<Vec<Arc<Sent>>>,
    /// The last transitions of all SLOs, newest first.
    pub transitions: Arc<Vec<Arc<Transition>>>,
    /// Firing and pending alerts as people are told of them.
    pub alerts: Arc<Vec<Arc<Notice>>>,
    pub targets: Arc<Vec<TargetView>>,
    pub discovery: Arc<Vec<DiscoveryView>>,
    pub store: StoreView,
    pub reload: ReloadView,
    /// Whose series names `/metrics` shows too.
    pub compat: Compat,
}

/// A target and its last scrape.
#[derive(Clone, Debug)]
pub struct TargetView {
    pub job: String,
    pub url: String,
    pub labels: Labels,
    /// Labels before relabelling.
    pub discovered_labels: Labels,
    /// `None` before the first attempt.
    pub last: Option<ScrapeView>,
    pub scrape_interval: Duration,
    pub scrape_timeout: Duration,
    /// Why relabelling dropped it; `None` for an active target.
    pub dropped: bool,
}

/// One source of a job's targets and how its last refresh went.
#[derive(Clone, Debug, PartialEq)]
pub struct DiscoveryView {
    pub job: String,
    /// `static`, `file_sd`, `http_sd`, `dns_sd`, or `targets` for what is wrong with the targets found.
    pub kind: &'static str,
    /// Files, URL (without user info and query) or names asked; empty for `static` and `targets`.
    pub source: String,
    /// Targets found, before relabelling.
    pub targets: usize,
    /// When it was last asked; `None` before the first answer.
    pub refreshed: Option<Timestamp>,
    /// What went wrong; the last good targets stay in use meanwhile.
    pub problems: Vec<String>,
}

/// The remaining budget up to now, in a few points of equal distance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparkline {
    /// Oldest first; `None` where it is not known.
    pub points: Vec<Option<f64>>,
    /// How far back it reaches, where that is less than the SLO window because nothing older was measured.
    pub young: Option<Duration>,
}

/// How one attempt went.
#[derive(Clone, Debug)]
pub struct ScrapeView {
    pub at: Timestamp,
    pub duration: Duration,
    /// Samples in the body.
    pub samples: u64,
    /// Body bytes after decompression.
    pub bytes: u64,
    /// `None` when it succeeded.
    pub error: Option<String>,
    /// Something is odd, but the scrape counts (skipped NaN, duplicate series); for people.
    pub warning: Option<String>,
}

/// Health of the store.
#[derive(Clone, Debug, Default)]
pub struct StoreView {
    /// Why the last commit failed; counting and alerting go on from memory.
    pub error: Option<String>,
    pub since: Option<Timestamp>,
    /// What of the stored file is damaged, as far as it was checked.
    pub damage: Option<String>,
    pub commits: u64,
    pub last_commit: Option<Timestamp>,
}

/// How the last reload went.
#[derive(Clone, Debug, Default)]
pub struct ReloadView {
    pub failed: bool,
    /// All diagnostics of a failed reload, without secrets.
    pub error: Option<String>,
    /// When the configuration in force was loaded.
    pub last_success: Option<Timestamp>,
}

/// A question about the past, or a wish.
#[derive(Debug)]
pub enum Request {
    /// `None` when there is no such SLO or group.
    History { query: HistoryQuery, reply: oneshot::Sender<Option<Vec<HistoryPoint>>> },
    /// Budget remaining over the SLO window in `points` steps, for each (id, group) in order.
    Sparklines { ids: Vec<(SloId, Labels)>, points: usize, reply: oneshot::Sender<Vec<Sparkline>> },
    /// Read the files again; the answer is the diagnostics when they are bad.
    Reload { reply: oneshot::Sender<Result<(), String>> },
}

/// Which history is wanted.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    pub id: SloId,
    pub group: Labels,
    pub start: Timestamp,
    pub end: Timestamp,
    pub step: Duration,
}

/// Bytes of the store on the disk. Asks the file system, so it blocks.
pub type StoreSize = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The outside's hold on the engine; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub published: Arc<ArcSwap<Published>>,
    /// Changes after each publication.
    pub version: watch::Receiver<u64>,
    pub requests: mpsc::Sender<Request>,
    pub store_size: StoreSize,
}

impl Handle {
    pub fn now(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// `None` when there is no such SLO, or the engine is gone.
    pub async fn history(&self, query: HistoryQuery) -> Option<Vec<HistoryPoint>> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::History { query, reply }).await.ok()?;
        answer.await.ok().flatten()
    }

    /// One for each id; none when the engine is gone.
    pub async fn sparklines(&self, ids: Vec<(SloId, Labels)>, points: usize) -> Vec<Sparkline> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Request::Sparklines { ids, points, reply }).await.is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }

    pub async fn reload(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Reload { reply }).await.map_err(|_| "the engine has stopped".to_owned())?;
        answer.await.unwrap_or_else(|_| Err("the engine has stopped".to_owned()))
    }
}

//! Which targets are scraped, and when: one task for each job, one for each target.
//!
//! A job's task listens to its discoveries and to reloads and keeps exactly the targets running that follow from both.
//! Each target's task waits for its own deadline, makes one attempt and hands it on; no target waits for another. A
//! reload touches only what it changes: a target whose settings stay keeps its task, connection and phase. When the
//! receiver of the attempts is slow, targets wait and skip deadlines; nothing piles up.

mod board;
mod job;
mod plan;
mod target_loop;

use crate::config::scrape::ScrapeConfig;
use crate::source::discovery::NameServers;
use crate::source::scrape::{Attempt, SelectorsFor};
use crate::view::{DiscoveryView, TargetView};
use board::Board;
use job::JobTask;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

/// Everything that scrapes; dropping it stops all of it.
pub struct ScrapePool {
    shared: Shared,
    selectors: watch::Sender<SelectorsFor>,
    /// In the order of the configuration.
    jobs: Vec<Job>,
    view: PoolView,
    changed: Arc<Notify>,
}

/// What all jobs and targets need.
#[derive(Clone)]
struct Shared {
    out: mpsc::Sender<Attempt>,
    selectors: watch::Receiver<SelectorsFor>,
    parsers: Arc<Semaphore>,
    name_servers: NameServers,
}

struct Job {
    name: String,
    config: watch::Sender<Arc<ScrapeConfig>>,
    board: Arc<Board>,
    task: AbortOnDropHandle<()>,
}

/// A look at the pool that outlives reloads; cheap to clone.
#[derive(Clone, Default)]
pub struct PoolView {
    boards: Arc<Mutex<Vec<Arc<Board>>>>,
}

impl ScrapePool {
    /// Starts scraping: every attempt goes to `out`. Needs a running tokio runtime.
    pub fn new(configs: Vec<Arc<ScrapeConfig>>, selectors_for: SelectorsFor, out: mpsc::Sender<Attempt>) -> Self {
        Self::with_name_servers(configs, selectors_for, out, NameServers::System)
    }

    /// Like [`ScrapePool::new`], with chosen name servers for `dns_sd_configs`.
    pub fn with_name_servers(
        configs: Vec<Arc<ScrapeConfig>>,
        selectors_for: SelectorsFor,
        out: mpsc::Sender<Attempt>,
        name_servers: NameServers,
    ) -> Self {
        let (selectors, receiver) = watch::channel(selectors_for);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let shared = Shared { out, selectors: receiver, parsers: Arc::new(Semaphore::new(cores)), name_servers };
        let mut pool = Self { shared, selectors, jobs: Vec::new(), view: PoolView::default(), changed: Arc::default() };
        pool.configure(configs);
        pool
    }

    /// Takes another configuration and other selectors into use; what stays the same goes on undisturbed.
    pub fn reload(&mut self, configs: Vec<Arc<ScrapeConfig>>, selectors_for: SelectorsFor) {
        self.select(selectors_for);
        self.configure(configs);
    }

    /// Other series are needed from each target's next attempt on.
    pub fn select(&self, selectors_for: SelectorsFor) {
        self.selectors.send_replace(selectors_for);
    }

    fn configure(&mut self, configs: Vec<Arc<ScrapeConfig>>) {
        let mut old = std::mem::take(&mut self.jobs);
        for config in configs {
            let job = match old.iter().position(|job| job.name == config.job_name) {
                Some(index) => {
                    let job = old.swap_remove(index);
                    job.config.send_replace(config);
                    job
                }
                None => self.start(config),
            };
            self.jobs.push(job);
        }
        let mut boards = self.view.boards.lock().unwrap_or_else(PoisonError::into_inner);
        *boards = self.jobs.iter().map(|job| job.board.clone()).collect();
    }

    fn start(&self, config: Arc<ScrapeConfig>) -> Job {
        let name = config.job_name.clone();
        let board = Arc::new(Board::new(self.changed.clone()));
        let (sender, receiver) = watch::channel(config);
        let task = JobTask::new(receiver, board.clone(), self.shared.clone()).run();
        Job { name, config: sender, board, task: AbortOnDropHandle::new(tokio::spawn(task)) }
    }

    /// A look that stays valid over reloads.
    pub fn watch(&self) -> PoolView {
        self.view.clone()
    }

    /// All targets now, active ones with their last attempt, dropped ones without.
    pub fn view(&self) -> Vec<TargetView> {
        self.view.targets()
    }

    /// Waits until other targets, or other news of discoveries, are to be seen. Attempts are handed on and not told here.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Stops discovery and scraping; attempts in flight are given up.
    pub async fn shutdown(self) {
        for job in self.jobs {
            job.task.abort();
            // The task was told to end; that it did is all there is to know.
            let _ = job.task.await;
        }
    }
}

impl PoolView {
    fn boards(&self) -> Vec<Arc<Board>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All targets in the order of the jobs; costs a copy of every label set.
    pub fn targets(&self) -> Vec<TargetView> {
        self.boards().iter().flat_map(|board| board.targets()).collect()
    }

    /// All discoveries, and for each job what is wrong with the targets found.
    pub fn discovery(&self) -> Vec<DiscoveryView> {
        self.boards().iter().flat_map(|board| board.discovery()).collect()
    }
}

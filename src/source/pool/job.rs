//! One job: its discoveries, its targets, and how both follow a reload.

use super::Shared;
use super::board::{Board, Last};
use super::plan::{Plan, plan};
use super::target_loop::{Spec, TargetLoop};
use crate::config::scrape::ScrapeConfig;
use crate::domain::labels::Labels;
use crate::domain::reading::TargetId;
use crate::http;
use crate::source::discovery::{Discovery, Reporter, Snapshot, Update};
use crate::source::target::ScrapeTarget;
use crate::view::{DiscoveryView, TargetView};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

pub(super) struct JobTask {
    configs: watch::Receiver<Arc<ScrapeConfig>>,
    config: Arc<ScrapeConfig>,
    /// The part of the configuration that attempts depend on.
    reading: Arc<ScrapeConfig>,
    client: Arc<http::Rotating>,
    sources: Vec<Source>,
    /// The next source's identity; those of ended sources never come again.
    next_id: u64,
    updates: (mpsc::Sender<Update>, mpsc::Receiver<Update>),
    loops: BTreeMap<TargetId, (TargetLoop, Labels)>,
    problems: Vec<String>,
    board: Arc<Board>,
    shared: Shared,
}

/// A running discovery and its last word.
struct Source {
    id: u64,
    discovery: Discovery,
    latest: Option<Snapshot>,
    _task: AbortOnDropHandle<()>,
}

impl JobTask {
    pub(super) fn new(mut configs: watch::Receiver<Arc<ScrapeConfig>>, board: Arc<Board>, shared: Shared) -> Self {
        let config = configs.borrow_and_update().clone();
        Self {
            reading: Arc::new(reading_part(&config)),
            client: client(&config),
            configs,
            config,
            sources: Vec::new(),
            next_id: 0,
            updates: mpsc::channel(16),
            loops: BTreeMap::new(),
            problems: Vec::new(),
            board,
            shared,
        }
    }

    /// Runs until the pool is gone.
    pub(super) async fn run(mut self) {
        self.start_sources();
        self.sync();
        loop {
            tokio::select! {
                Some((id, snapshot)) = self.updates.1.recv() => self.learn(id, snapshot),
                changed = self.configs.changed() => match changed {
                    Ok(()) => self.reconfigure(),
                    Err(_) => return,
                },
            }
        }
    }

    fn learn(&mut self, id: u64, snapshot: Snapshot) {
        let Some(source) = self.sources.iter_mut().find(|source| source.id == id) else { return };
        let before = source.latest.replace(snapshot);
        let Some(now) = &source.latest else { return };
        if before.as_ref().is_none_or(|before| before.problems != now.problems) {
            for problem in &now.problems {
                let kind = source.discovery.kind();
                tracing::warn!(job = %self.config.job_name, kind, %problem, "targets can't be refreshed");
            }
        }
        if before.is_none_or(|before| before.targets != now.targets) {
            self.sync();
        } else {
            self.show_discovery();
        }
    }

    fn reconfigure(&mut self) {
        let config = self.configs.borrow_and_update().clone();
        if config.http != self.config.http {
            self.client = client(&config);
        }
        let reading = reading_part(&config);
        if reading != *self.reading {
            self.reading = Arc::new(reading);
        }
        self.config = config;
        self.start_sources();
        self.sync();
    }

    /// Keeps the discoveries that are still configured, with what they know, and starts new ones.
    fn start_sources(&mut self) {
        let mut old = std::mem::take(&mut self.sources);
        for discovery in Discovery::of(&self.config) {
            let source = match old.iter().position(|source| source.discovery == discovery) {
                Some(index) => old.swap_remove(index),
                None => self.start_source(discovery),
            };
            self.sources.push(source);
        }
    }

    fn start_source(&mut self, discovery: Discovery) -> Source {
        let id = self.next_id;
        self.next_id += 1;
        let reporter = Reporter { id, to: self.updates.0.clone() };
        let run = discovery.clone().run(self.shared.name_servers.clone(), reporter);
        Source { id, discovery, latest: None, _task: AbortOnDropHandle::new(tokio::spawn(run)) }
    }

    /// Starts, keeps and ends targets as the plan wants it.
    fn sync(&mut self) {
        let snapshots = self.sources.iter().filter_map(|source| source.latest.as_ref());
        let Plan { active, dropped, problems, refusal } =
            plan(&self.config, snapshots.flat_map(|snapshot| &snapshot.targets));
        let mut old = std::mem::take(&mut self.loops);
        for (id, (target, labels)) in active {
            let running = old.remove(&id).map(|(running, _)| running);
            let running = self.keep_or_start(running, target, refusal.clone());
            self.loops.insert(id, (running, labels));
        }
        // While a discovery has not spoken yet after a reload, its targets are unknown rather than gone.
        if self.sources.iter().any(|source| source.latest.is_none()) {
            self.loops.append(&mut old);
        }
        self.problems = problems;
        self.show_targets(dropped);
        self.show_discovery();
    }

    fn keep_or_start(&self, running: Option<TargetLoop>, target: ScrapeTarget, refusal: Option<String>) -> TargetLoop {
        let spec = Spec { target, config: self.reading.clone(), client: self.client.clone(), refusal };
        match running {
            Some(running) if running.spec.is_same(&spec) => running,
            Some(changed) => TargetLoop::start(spec, changed.last.clone(), self.shared.clone()),
            None => TargetLoop::start(spec, Last::default(), self.shared.clone()),
        }
    }

    fn show_targets(&self, dropped: Vec<Labels>) {
        let active = self.loops.values().map(|(running, discovered)| {
            let ScrapeTarget { target, url, timeout } = &running.spec.target;
            let view = TargetView {
                job: self.config.job_name.clone(),
                url: url.to_string(),
                labels: target.labels.clone(),
                discovered_labels: discovered.clone(),
                last: None,
                scrape_interval: target.interval,
                scrape_timeout: *timeout,
                dropped: false,
            };
            (view, running.last.clone())
        });
        let dropped = dropped.into_iter().map(|discovered_labels| {
            let view = TargetView {
                job: self.config.job_name.clone(),
                url: String::new(),
                labels: Labels::new(),
                discovered_labels,
                last: None,
                scrape_interval: self.config.scrape_interval,
                scrape_timeout: self.config.scrape_timeout,
                dropped: true,
            };
            (view, Last::default())
        });
        self.board.show_targets(active.chain(dropped).collect());
    }

    fn show_discovery(&self) {
        let row = |kind, source, targets, refreshed, problems| DiscoveryView {
            job: self.config.job_name.clone(),
            kind,
            source,
            targets,
            refreshed,
            problems,
        };
        let mut rows: Vec<DiscoveryView> = Vec::new();
        for source in &self.sources {
            let (kind, place) = (source.discovery.kind(), source.discovery.place());
            rows.push(match &source.latest {
                Some(latest) => row(kind, place, latest.targets.len(), Some(latest.refreshed), latest.problems.clone()),
                None => row(kind, place, 0, None, Vec::new()),
            });
        }
        if !self.problems.is_empty() {
            rows.push(row("targets", String::new(), self.loops.len(), None, self.problems.clone()));
        }
        self.board.show_discovery(rows);
    }
}

fn client(config: &ScrapeConfig) -> Arc<http::Rotating> {
    // Each attempt sets its own time limit.
    Arc::new(http::Rotating::new(config.http.clone(), config.scrape_timeout))
}

/// The configuration without what only discovery and relabelling depend on: what they make is in the target itself.
fn reading_part(config: &ScrapeConfig) -> ScrapeConfig {
    ScrapeConfig {
        static_configs: Vec::new(),
        file_sd_configs: Vec::new(),
        http_sd_configs: Vec::new(),
        dns_sd_configs: Vec::new(),
        relabel_configs: Vec::new(),
        target_limit: 0,
        ..config.clone()
    }
}

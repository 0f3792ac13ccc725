//! The single writer: event → step → commit → publish → send.
//!
//! All that happens comes through bounded channels to one task, which owns the state, so no lock guards an alert.
//! Effects follow the commit: a message leaves only after the store holds it. When the store can't be written, counting
//! and alerting go on from memory, people are told, and a whole checkpoint is tried until it succeeds.
//!
//! The task sleeps until something comes or is due.

mod archive;
mod board;
mod end;
mod format_1;
pub mod ledger;
mod log;
mod past;
pub mod persist;
mod plant;
mod publish;
mod queries;
mod rhythm;
pub mod salvage;
mod saver;
pub mod selectors;
pub mod snapshot;

use crate::clock;
use crate::config::Config;
use crate::domain::event::Event;
use crate::domain::message::{Delivery, DeliveryReport, Message};
use crate::domain::state::State;
use crate::domain::time::Timestamp;
use crate::metrics::{DeliveryOutcome, Metrics};
use crate::notify::worker::Control;
use crate::source::pool::ScrapePool;
use crate::source::scrape::Attempt;
use crate::store::ArchiveReader;
use crate::view::{Published, ReloadView, Request};
use arc_swap::ArcSwap;
use log::{About, Complaints};
pub use plant::{PlantError, plant};
pub use rhythm::COMMIT_EVERY;
use rhythm::Rhythm;
pub use saver::Saver;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{SetOnce, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Evaluation without a scrape waits this long beyond its moment, for a scrape of that moment to come in.
const GRACE: Duration = Duration::from_secs(1);
/// Attempts taken in one go.
const BATCH: usize = 256;

/// Reads the configuration again; the error is the diagnostics.
pub type Loader = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// What the engine is joined to.
pub struct Links {
    pub attempts: mpsc::Receiver<Attempt>,
    pub reports: mpsc::Receiver<DeliveryReport>,
    pub requests: mpsc::Receiver<Request>,
    pub outbox: watch::Sender<Arc<Vec<Arc<Message>>>>,
    pub published: Arc<ArcSwap<Published>>,
    pub version: watch::Sender<u64>,
    pub pool: ScrapePool,
    pub channels: Control,
    pub worker: JoinHandle<()>,
    pub worker_shutdown: CancellationToken,
    pub archive: Arc<ArchiveReader>,
    /// What of the long history was found damaged.
    pub damage: Arc<SetOnce<String>>,
    pub loader: Loader,
    pub metrics: Metrics,
}

/// The engine task's own.
pub struct Engine {
    state: State,
    saver: Saver,
    links: Links,
    reload: ReloadView,
    started: Timestamp,
    config: Config,
    /// Last warning of each target, so that a lasting oddity is logged once.
    complaints: Complaints,
    urgent: bool,
    /// Something came since the last flush.
    news: bool,
    stale: bool,
    board: board::Board,
    rhythm: Rhythm,
    targets: publish::TargetsView,
}

impl Engine {
    /// `state` is what was recovered; the configuration takes effect at the start of [`Engine::run`].
    pub fn new(state: State, saver: Saver, config: Config, links: Links, started: Timestamp) -> Self {
        let reload = ReloadView { failed: false, error: None, last_success: Some(started) };
        Self {
            state,
            saver,
            links,
            reload,
            started,
            config,
            complaints: Complaints::default(),
            urgent: false,
            news: false,
            stale: true,
            board: board::Board::default(),
            rhythm: Rhythm::begin(),
            targets: publish::TargetsView::default(),
        }
    }

    /// Runs until `shutdown`, then lets what is in flight end, and writes everything down; `false` where that failed.
    pub async fn run(mut self, shutdown: CancellationToken) -> bool {
        // As of before the first scrape, which is the first look at what these selectors name.
        self.take(Event::Configured { at: self.started, setup: Arc::new(self.config.setup.clone()) });
        self.flush().await;
        self.send_outbox();
        loop {
            let wake = self.wake_at().into();
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(report) = self.links.reports.recv() => self.delivered(report),
                Some(attempt) = self.links.attempts.recv() => self.attempts(attempt),
                Some(request) = self.links.requests.recv() => self.answer(request).await,
                () = self.links.pool.changed() => self.discovered(),
                _ = self.links.damage.wait(), if self.links.damage.get().is_none() => self.stale = true,
                () = tokio::time::sleep_until(wake) => self.tick(),
            }
            if self.urgent || self.has_news() && self.rhythm.may_commit() {
                self.flush().await;
            }
            if !self.links.attempts.is_empty() || !self.links.requests.is_empty() {
                // The next scrapes and deliveries wait for this thread.
                tokio::task::yield_now().await;
            }
        }
        self.finish().await
    }

    /// Whether something is to be committed or shown.
    fn has_news(&self) -> bool {
        self.news || self.stale || self.targets.are_outdated()
    }

    /// When the engine looks up, should nothing come before.
    fn wake_at(&self) -> Instant {
        let due = self.state.next_due().map(|due| clock::instant() + (due + GRACE).since(clock::now()));
        self.rhythm.next(due, self.has_news(), self.saver.is_busy())
    }

    fn discovered(&mut self) {
        self.targets.outdated();
        // Who looks right after a start shall see what is scraped.
        self.urgent |= self.targets.are_none();
    }

    fn attempts(&mut self, first: Attempt) {
        let begun = clock::instant();
        let mut next = Some(first);
        for _ in 0..BATCH {
            let Some(attempt) = next else { break };
            self.attempt(attempt);
            // What must go out at once does not wait for the rest.
            next = if self.urgent { None } else { self.links.attempts.try_recv().ok() };
        }
        self.links.metrics.queue_depth(self.links.attempts.len());
        self.links.metrics.evaluated(begun.elapsed());
    }

    fn attempt(&mut self, attempt: Attempt) {
        let (target, view) = (&attempt.scrape.target.id, &attempt.view);
        self.targets.outdated();
        self.links.metrics.scrape_finished(&target.job, view.error.is_none(), view.duration, view.samples);
        let warning = view.error.clone().or_else(|| view.warning.clone()).unwrap_or_default();
        self.complaints.note(target, About::Scrape, view.error.is_some(), &warning);
        self.take(Event::Scraped(attempt.scrape));
    }

    fn delivered(&mut self, report: DeliveryReport) {
        if let Some(message) = self.state.core.dispatch.outbox.get(&report.message_id) {
            let outcome = match &report.delivery {
                Delivery::Accepted => DeliveryOutcome::Accepted,
                Delivery::Failed { .. } => DeliveryOutcome::Retried,
                Delivery::GivenUp { .. } => DeliveryOutcome::GivenUp,
            };
            self.links.metrics.delivered(&message.channel.kind, outcome, report.at.since(message.created_at));
        }
        self.take(Event::Delivered(report));
    }

    fn tick(&mut self) {
        self.rhythm.ticked();
        self.take(Event::Tick { at: clock::now() - GRACE });
    }

    fn take(&mut self, event: Event) {
        if matches!(event, Event::Configured { .. }) {
            self.board.forget();
        }
        let is_tick = matches!(event, Event::Tick { .. });
        let effects = self.saver.step(&mut self.state, event);
        // Turns of groups with nothing to tell are written with what comes next: without them, a turn is had again.
        let can_wait = is_tick && effects.are_quiet() && !self.saver.is_busy();
        self.news |= !can_wait || self.rhythm.is_silent();
        self.board.note(&effects);
        self.urgent |= effects.outbox_changed || !effects.transitions.is_empty();
        for transition in &effects.transitions {
            log::transition(transition);
        }
        for (slo, problem) in &effects.problems {
            log::problem(slo, problem.as_deref());
        }
        for (target, text) in &effects.warnings {
            self.complaints.note(&target.id, About::Samples, false, text);
            self.targets.warn(&target.id, text);
        }
        if effects.selectors_changed {
            let selectors = selectors::for_targets(&self.state, &self.config);
            self.links.pool.reload(self.config.scrape_configs.iter().cloned().map(Arc::new).collect(), selectors);
        }
    }

    /// Commits, publishes, and lets messages go.
    async fn flush(&mut self) {
        self.rhythm.flushed();
        self.news = false;
        let urgent = std::mem::take(&mut self.urgent);
        if let Some(trouble) = self.saver.save(&mut self.state, &self.links.metrics).await {
            self.take(trouble);
            self.urgent = true;
        }
        if urgent {
            self.send_outbox();
        }
        if std::mem::take(&mut self.stale) || self.board.is_stale() || urgent || self.targets.are_old() {
            self.publish();
        }
    }

    fn send_outbox(&self) {
        let outbox = &self.state.core.dispatch.outbox;
        self.links.outbox.send_replace(Arc::new(outbox.values().cloned().collect()));
    }

    async fn reload(&mut self) -> Result<(), String> {
        let loader = self.links.loader.clone();
        let loaded = tokio::task::spawn_blocking(move || loader()).await;
        let loaded = loaded.unwrap_or_else(|error| Err(format!("reading the configuration failed: {error}")));
        self.links.metrics.reloaded(loaded.is_ok());
        self.stale = true;
        match loaded {
            Ok(config) => {
                self.configure(config);
                tracing::info!(slos = self.config.setup.slos.len(), "the configuration was reloaded");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "the new configuration is bad; the old one stays in force");
                self.reload.failed = true;
                self.reload.error = Some(error.clone());
                Err(error)
            }
        }
    }

    fn configure(&mut self, config: Config) {
        if config.storage.path != self.config.storage.path || config.web.listen != self.config.web.listen {
            tracing::warn!("storage.path and web.listen take effect at the next start only");
        }
        let scrapes = config.scrape_configs.iter().cloned().map(Arc::new).collect();
        // Readers learn the new selectors first: a scrape that begins after the setup is in force is read by it whole.
        self.links.pool.reload(scrapes, selectors::for_setup(&config));
        self.links.channels.reload(&config.receivers, &config.global.external_url);
        self.config = config;
        self.reload = ReloadView { failed: false, error: None, last_success: Some(clock::now()) };
        self.take(Event::Configured { at: clock::now(), setup: Arc::new(self.config.setup.clone()) });
        self.urgent = true;
    }
}

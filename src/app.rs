//! The composition root: joins configuration, store, sources, engine, notifier and web face into a running whole.
//!
//! Start order: the port is bound and the store opened first, for these are what can fail; then the state is recovered,
//! then everything runs. Stop order: no new scrapes and requests, what is in flight ends, all is written down.

use crate::clock;
use crate::config::Config;
use crate::domain::stored_slo::Definitions;
use crate::domain::time::Timestamp;
use crate::engine::persist::{self, RecoverError};
use crate::engine::{Engine, Links, Loader, Saver, selectors};
use crate::metrics::Metrics;
use crate::notify::channel;
use crate::notify::worker::Worker;
use crate::source::pool::ScrapePool;
use crate::store::{ArchiveReader, OpenError, Store, StoreError, Writer};
use crate::view::{Handle, Published, Statuses};
use crate::web::{self, AppState};
use arc_swap::ArcSwap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{SetOnce, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Attempts that may wait for the engine; scrapes pause beyond that.
const ATTEMPTS_QUEUE: usize = 1024;
const REPORTS_QUEUE: usize = 256;
const REQUESTS_QUEUE: usize = 64;
/// Open requests of the web face may take this long when stopping.
const WEB_DRAIN: Duration = Duration::from_secs(5);

/// Why slowburn can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("can't listen on {address}: {reason}")]
    Listen { address: SocketAddr, reason: String },
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Archive(#[from] StoreError),
    #[error(
        "can't recover the state from {path}: it is damaged or of another version; restore a backup, save what is sound with `slowburn salvage`, or move it away to begin anew"
    )]
    Recover { path: String, source: RecoverError },
    #[error("the operating system refused a thread for the store: {0}")]
    Thread(io::Error),
}

/// What is given besides the configuration.
pub struct Options {
    /// Overrides `web.listen`.
    pub listen: Option<SocketAddr>,
    /// Reads the configuration again on a reload.
    pub loader: Loader,
    /// Command-line flags, as the API shows them.
    pub flags: Vec<(String, String)>,
    /// Where the page's connections are served.
    pub web: tokio::runtime::Handle,
}

/// A running slowburn. Dropping it without [`Running::stop`] aborts as a crash would.
pub struct Running {
    pub handle: Handle,
    pub address: SocketAddr,
    pub metrics: Metrics,
    engine: JoinHandle<bool>,
    web: JoinHandle<io::Result<()>>,
    shutdown: CancellationToken,
    web_shutdown: CancellationToken,
}

/// Starts everything; when it returns the page answers and scraping has begun.
pub async fn start(config: Config, options: Options) -> Result<Running, StartError> {
    let listener = listen(options.listen.unwrap_or(config.web.listen)).await?;
    start_on(listener, config, options).await
}

/// As [`start`], with the page's port taken already.
pub async fn start_on(listener: TcpListener, config: Config, options: Options) -> Result<Running, StartError> {
    let address = listener.local_addr().unwrap_or(config.web.listen);
    let (config, loader) = (config.served_at(address), served_at(options.loader, address));
    // At once, for people wait for a start.
    let (opened, definitions) = std::thread::scope(|scope| {
        let definitions = scope.spawn(|| Definitions::of(&config.setup.slos));
        // Without them it only takes longer.
        (Store::open(&config.storage.path), definitions.join().unwrap_or_default())
    });
    let (store, loaded) = opened?;
    let archive = Arc::new(store.archive_reader()?);
    let damage = Arc::new(SetOnce::new());
    let path = || config.storage.path.display().to_string();
    let journal = loaded.journal_bytes();
    let recovered = persist::recover_knowing(loaded, &definitions);
    let (state, kept) = recovered.map_err(|source| StartError::Recover { path: path(), source })?;
    clock::not_before(state.core.now);
    let started = clock::now();
    let writer = Writer::spawn(store).map_err(StartError::Thread)?;
    let saver = Saver::new(writer, kept, journal);

    let (attempts_in, attempts) = mpsc::channel(ATTEMPTS_QUEUE);
    let (reports_in, reports) = mpsc::channel(REPORTS_QUEUE);
    let (requests_in, requests) = mpsc::channel(REQUESTS_QUEUE);
    let (outbox, outbox_out) = watch::channel(Arc::default());
    let (version, version_out) = watch::channel(0);
    let published = Arc::new(ArcSwap::from_pointee(empty(&config, started)));
    let metrics = Metrics::new();
    let channels = channel::channels(&config.receivers, &config.global.external_url);
    let seed = started.0.unsigned_abs();
    let (worker, control) = Worker::new(channels, outbox_out, reports_in, Arc::new(clock::now), seed);
    let worker_shutdown = CancellationToken::new();
    let worker = tokio::spawn(worker.run(worker_shutdown.clone()));
    let scrapes = config.scrape_configs.iter().cloned().map(Arc::new).collect();
    let links = Links {
        attempts,
        reports,
        requests,
        outbox,
        published: published.clone(),
        version,
        pool: ScrapePool::new(scrapes, selectors::for_start(&state, &config), attempts_in),
        channels: control,
        worker,
        worker_shutdown,
        archive: archive.clone(),
        damage: damage.clone(),
        loader,
        metrics: metrics.clone(),
    };
    let (shutdown, web_shutdown) = (CancellationToken::new(), CancellationToken::new());
    let engine = Engine::new(state, saver, config, links, started);
    let engine = tokio::spawn(engine.run(shutdown.clone()));
    let mut first = version_out.clone();
    let files = archive.clone();
    let store_size = Arc::new(move || files.size());
    let handle = Handle { published, version: version_out, requests: requests_in, store_size };
    let state = AppState::new(handle.clone(), metrics.clone(), options.flags);
    let web = web::serve(listener, state, web_shutdown.clone(), &options.web)
        .map_err(|error| StartError::Listen { address, reason: error.to_string() })?;
    // Whoever asks from now on gets an answer; an engine that ended instead is noticed when it is awaited.
    let _published = first.changed().await;
    // History is not needed for a start, and there may be much of it.
    tokio::task::spawn_blocking(move || check_history(&archive, &damage));
    Ok(Running { handle, address, metrics, engine, web, shutdown, web_shutdown })
}

impl Running {
    /// Ends in order and waits for the end. `false` where not everything was written down.
    pub async fn stop(self) -> bool {
        self.shutdown.cancel();
        let written = self.engine.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the engine ended by a panic; the next start recovers from the last commit");
            false
        });
        self.web_shutdown.cancel();
        match tokio::time::timeout(WEB_DRAIN, self.web).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::error!(%error, "the web face ended early"),
            Ok(Err(error)) => tracing::error!(%error, "the web face ended by a panic"),
            Err(_) => tracing::warn!("open requests were cut off"),
        }
        written
    }
}

/// Checks what a start does not wait for: the structure of the file, and the long history. Blocks.
fn check_history(archive: &ArchiveReader, damage: &SetOnce<String>) {
    match archive.verify() {
        Ok(days) => tracing::info!(days, "the stored file and its long history are sound"),
        Err(error) => {
            tracing::error!(%error, "the stored file is damaged; counting and alerting go on, charts may have a hole: restore a backup, or stop and run `slowburn salvage`, when you can");
            // It is set here only.
            let _first = damage.set(error.to_string());
        }
    }
}

/// Reads configurations for a page that goes on answering where it does.
fn served_at(loader: Loader, address: SocketAddr) -> Loader {
    Arc::new(move || loader().map(|config| config.served_at(address)))
}

/// Takes the page's port.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses this port; choose one with web.listen or --web.listen".to_owned()
            }
            io::ErrorKind::PermissionDenied => "not permitted; choose a port above 1023".to_owned(),
            _ => error.to_string(),
        };
        StartError::Listen { address, reason }
    })
}

/// What is shown before the engine has published anything.
fn empty(config: &Config, started: Timestamp) -> Published {
    Published {
        // No time of its own: the page tells that the engine is starting.
        at: Timestamp::default(),
        started,
        statuses: Statuses::default(),
        setup: Arc::new(config.setup.clone()),
        outbox: Arc::default(),
        sent: Arc::default(),
        transitions: Arc::default(),
        alerts: Arc::default(),
        targets: Arc::default(),
        discovery: Arc::default(),
        store: Default::default(),
        reload: Default::default(),
        compat: Default::default(),
    }
}

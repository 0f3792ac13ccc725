//! `slowburn run`: the engine, until a signal ends it.

use super::{ListenArgs, Outcome, open_files};
use crate::app::{self, Options};
use crate::config::{Config, load};
use crate::engine::Loader;
use crate::view::Handle;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    #[command(flatten)]
    listen: ListenArgs,
}

/// Runs until SIGINT or SIGTERM. SIGHUP reads the configuration again.
pub fn execute(args: RunArgs) -> anyhow::Result<Outcome> {
    let config = load(&args.config)?;
    let mut flags = vec![("config".to_owned(), args.config.display().to_string())];
    flags.extend(args.listen.listen.map(|listen| ("web.listen".to_owned(), listen.to_string())));
    open_files::raise();
    let web = runtime()?;
    let options = Options { listen: args.listen.listen, loader: loader(args.config), flags, web: web.handle().clone() };
    single_thread()?.block_on(async {
        let mut signals = Signals::new()?;
        let running = app::start(config, options).await?;
        tracing::info!(url = %format_args!("http://{}/", running.address), "slowburn runs");
        signals.end_or_reload(&running.handle).await;
        tracing::info!("stopping");
        let written = running.stop().await;
        anyhow::ensure!(written, "the store can't be written: the next start goes on from the last commit");
        Ok(Outcome::Done)
    })
}

/// Threads for what blocks stay for longer than the common scrape interval: making one costs more than it mostly does.
const THREADS_KEPT: Duration = Duration::from_secs(70);

/// Scrapes, the engine and deliveries share one thread: what is long goes to threads of its own, and several would wake
/// each other more than they would help. Who looks at the page is on other threads, and can't delay an alert.
fn single_thread() -> anyhow::Result<Runtime> {
    built(Builder::new_current_thread())
}

/// The runtime of what else needs one.
pub fn runtime() -> anyhow::Result<Runtime> {
    built(Builder::new_multi_thread())
}

fn built(mut builder: Builder) -> anyhow::Result<Runtime> {
    Ok(builder.enable_all().thread_keep_alive(THREADS_KEPT).build()?)
}

/// The signals that end or reload. From its making on they no longer kill the process; one that comes while nobody waits
/// is acted on later.
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Self> {
        let [hangup, terminate, interrupt] =
            [SignalKind::hangup(), SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Self { hangup: hangup?, terminate: terminate?, interrupt: interrupt? })
    }

    /// Waits for SIGINT or SIGTERM.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for the end, reloading on SIGHUP.
    pub async fn end_or_reload(&mut self, handle: &Handle) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    // The engine logs how it went.
                    let handle = handle.clone();
                    tokio::spawn(async move { handle.reload().await });
                }
            }
        }
    }
}

/// The checked configuration; all mistakes as one error. Warnings are logged.
pub fn load(path: &Path) -> anyhow::Result<Config> {
    read(path).map_err(anyhow::Error::msg)
}

/// Reads the file again at each call.
pub fn loader(path: PathBuf) -> Loader {
    Arc::new(move || read(&path))
}

fn read(path: &Path) -> Result<Config, String> {
    let result = load::load(path, &|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let lines = result.diagnostics.to_lines();
    match result.config {
        Some(config) => {
            for warning in lines {
                tracing::warn!(%warning, "configuration warning");
            }
            Ok(config)
        }
        None => {
            Err(format!("the configuration has mistakes; `slowburn check` shows them in place\n{}", lines.join("\n")))
        }
    }
}

//! `slowburn demo`: the engine on a simulated shop with incidents, everything on loopback, no file needed.

use super::run::{self, Signals};
use super::{ListenArgs, Outcome};
use crate::app::{self, Options};
use crate::clock;
use crate::config::Config;
use crate::demo::inbox::{Addresses, Inbox, Received};
use crate::demo::script::{CYCLE, SCENES};
use crate::demo::{Ready, Shop, files};
use crate::domain::time::{Timestamp, format_duration};
use crate::engine;
use chrono::Local;
use clap::Args;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    listen: ListenArgs,
    /// Keep configuration and data in this directory, new or empty; else they go with the demo
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Where the page listens unless told otherwise, as for `run`.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9490);

/// Runs until SIGINT or SIGTERM.
pub fn execute(args: DemoArgs) -> anyhow::Result<Outcome> {
    let directory = Directory::new(args.data)?;
    let listen = args.listen.listen.unwrap_or(DEFAULT_LISTEN);
    run::runtime()?.block_on(demo(directory.path(), listen))?;
    Ok(Outcome::Done)
}

/// Where configuration and data lie.
enum Directory {
    /// Removed when dropped.
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Directory {
    fn new(kept: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = kept else {
            let made = tempfile::Builder::new().prefix("slowburn-demo-").tempdir();
            return made
                .map(Self::Temporary)
                .map_err(|error| anyhow::anyhow!("can't make a directory for the demo: {error}"));
        };
        std::fs::create_dir_all(&path)
            .map_err(|error| anyhow::anyhow!("can't make the directory {}: {error}", path.display()))?;
        Ok(Self::Kept(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}

async fn demo(directory: &Path, listen: SocketAddr) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    // Taken first: a busy port is told at once, not after the past was made.
    let listener = app::listen(listen).await?;
    let page = reachable(listener.local_addr()?);
    let shutdown = CancellationToken::new();
    let inbox = Inbox::new(Arc::new(announce)).open(&shutdown).await?;
    let shop = Shop::build().await?;
    let (main, config) = configure(directory, &shop, page, inbox)?;
    let shop = tokio::select! {
        shop = prepare(shop, config.clone(), shutdown.clone()) => shop?,
        () = signals.end() => {
            shutdown.cancel();
            return Ok(());
        }
    };

    let opening = clock::now();
    let servers = shop.open(opening, &shutdown);
    let flags = vec![("demo".to_owned(), "true".to_owned())];
    let options =
        Options { listen: None, loader: run::loader(main.clone()), flags, web: tokio::runtime::Handle::current() };
    let running = app::start_on(listener, config, options).await?;
    tell(&introduction(page, inbox, &main, opening));
    signals.end_or_reload(&running.handle).await;
    tell("\nstopping ...\n");
    running.stop().await;
    shutdown.cancel();
    // A scraper's kept connection may be slow to go; nothing depends on it any more.
    let _late = tokio::time::timeout(Duration::from_secs(1), servers.wait()).await;
    Ok(())
}

/// Makes the shop's past and puts it into the data directory.
async fn prepare(shop: Shop, config: Config, cancelled: CancellationToken) -> anyhow::Result<Ready> {
    tell("slowburn demo: a simulated shop, everything on this machine. Making its last 30 days ... ");
    let begun = clock::instant();
    let made = tokio::task::spawn_blocking(move || {
        let (mut state, shop) = shop.live_through(&config, &cancelled)?;
        engine::plant(&config.storage.path, &mut state)?;
        anyhow::Ok(shop)
    });
    let shop = made.await??;
    tell(&format!("made in {:.1} s.\n", begun.elapsed().as_secs_f64()));
    Ok(shop)
}

/// The address to reach a listener by: one on all interfaces is reached on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    address
}

fn configure(directory: &Path, shop: &Shop, page: SocketAddr, inbox: Addresses) -> anyhow::Result<(PathBuf, Config)> {
    let mut blanks = shop.blanks()?;
    blanks.fill("page", page);
    blanks.fill("inbox", inbox.http);
    blanks.fill("mail", inbox.smtp);
    let main = files::write(directory, &blanks).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{} holds configuration already; give --data a new or empty directory", directory.display())
        }
        _ => anyhow::anyhow!("can't write the demo's configuration into {}: {error}", directory.display()),
    })?;
    let config = run::load(&main)?;
    Ok((main, config))
}

fn introduction(page: SocketAddr, inbox: Addresses, main: &Path, opening: Timestamp) -> String {
    let scenes = SCENES.iter().map(|scene| {
        let at = opening + Duration::from_secs(scene.from.unsigned_abs());
        format!("  {}  {}\n", local_time(at), scene.story)
    });
    let scenes: String = scenes.collect();
    format!(
        "\n  Status page    http://{page}/\n  \
           Inbox          http://{}/    what slowburn sends ends here, and below\n  \
           Configuration  {}\n\n\
         What happens when, and again every {}:\n{scenes}\n\
         Ctrl-C ends it.\n\n",
        inbox.http,
        main.display(),
        format_duration(CYCLE),
    )
}

fn announce(message: &Received) {
    tell(&format!("{}  {:<14} {}\n", local_time(message.at), message.channel, message.headline));
}

fn local_time(at: Timestamp) -> String {
    at.to_utc().map_or_else(|| at.to_string(), |time| time.with_timezone(&Local).format("%H:%M:%S").to_string())
}

/// Writes to the terminal; one that has gone away is no reason to stop.
fn tell(text: &str) {
    let mut out = io::stdout().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

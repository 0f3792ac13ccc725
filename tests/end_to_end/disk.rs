//! A disk without room under the running engine.

use crate::engine::{Installation, Slowburn};
use crate::outage::{SLOS, config, meanwhile, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A disk that can be made full, and have room again.
enum Disk {
    /// A small file system that only this test sees.
    Mounted {
        /// Does nothing but keep it.
        _holder: Box<Child>,
        /// Enters the holder's view of the world.
        enter: Vec<String>,
        path: PathBuf,
    },
    /// A limit on the size of files, which is the next thing to it where nobody may mount.
    Limited,
}

impl Disk {
    async fn at(at: &Path) -> Self {
        for (unshare, enter) in [
            (&["--mount"][..], &["--mount"][..]),
            (&["--map-root-user", "--mount"], &["--user", "--preserve-credentials", "--mount"]),
        ] {
            let script = "mount -t tmpfs -o size=8m tmpfs \"$0\" && echo mounted && exec sleep 600";
            let mut command = Command::new("unshare");
            command.args(unshare).args(["sh", "-c", script]).arg(at);
            command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
            let Ok(mut holder) = command.spawn() else { continue };
            let mut lines = BufReader::new(holder.stdout.take().expect("a pipe")).lines();
            if lines.next_line().await.ok().flatten().as_deref() != Some("mounted") {
                continue;
            }
            let pid = holder.id().expect("it runs").to_string();
            let enter = ["nsenter", "--target", &pid].iter().chain(enter).map(|part| (*part).to_owned()).collect();
            // The holder's root leads into its file systems.
            let path = PathBuf::from(format!("/proc/{pid}/root{}", at.display()));
            return Self::Mounted { _holder: Box::new(holder), enter, path };
        }
        Self::Limited
    }

    async fn start(&self, installation: &Installation) -> Slowburn {
        // The signal that a limit sends is ignored, and stays so in what the shell becomes.
        let shell = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec();
        let wrapper = match self {
            Self::Mounted { enter, .. } => enter,
            Self::Limited => &shell,
        };
        let mut command = Command::new(&wrapper[0]);
        command.args(&wrapper[1..]).arg(crate::engine::BINARY);
        command.args(["run", "--web.listen", "127.0.0.1:0", "--config"]).arg(installation.path("slowburn.yaml"));
        Slowburn::start(command).await
    }

    /// Takes all the room there is.
    fn fill(&self, slowburn: &Slowburn) {
        let Self::Mounted { path, .. } = self else { return limit(slowburn, "4096:unlimited") };
        let ballast = path.join("ballast");
        let mut size = 8 << 20;
        while size > 0 {
            let mut content = fs::read(&ballast).unwrap_or_default();
            content.resize(content.len() + size, 1);
            if fs::write(&ballast, &content).is_err() {
                size /= 2;
            }
        }
    }

    fn free(&self, slowburn: &Slowburn) {
        match self {
            Self::Mounted { path, .. } => fs::remove_file(path.join("ballast")).expect("removed"),
            Self::Limited => limit(slowburn, "unlimited"),
        }
    }
}

/// Lets no file of the process grow beyond so many bytes.
fn limit(slowburn: &Slowburn, fsize: &str) {
    let arguments = ["--pid".to_owned(), slowburn.pid().to_string(), format!("--fsize={fsize}")];
    let status = std::process::Command::new("prlimit").args(arguments).status();
    assert!(status.expect("prlimit runs").success());
}

/// Messages about slowburn's own store, as `firing` and `resolved`.
pub fn of_the_store(messages: &[Value]) -> Vec<String> {
    let own = |message: &&Value| message["commonLabels"]["service"] == "slowburn";
    messages.iter().filter(own).map(|message| message["status"].as_str().unwrap_or("?").to_owned()).collect()
}

pub fn of_the_shop(messages: &[Value]) -> Vec<String> {
    let shop = |message: &&Value| message["commonLabels"]["service"] == "shop";
    messages.iter().filter(shop).map(|message| message["status"].as_str().unwrap_or("?").to_owned()).collect()
}

#[tokio::test]
async fn an_end_that_can_write_nothing_down_is_no_success() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    fs::create_dir(installation.path("data")).expect("made");
    let disk = Disk::at(&installation.path("data")).await;
    let slowburn = disk.start(&installation).await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    disk.fill(&slowburn);
    let healthy = async || slowburn.data("/api/v1/status/runtimeinfo").await["storage"]["healthy"].clone();
    meanwhile(&service, "200", "trouble shows", async || (healthy().await == false).then_some(())).await;
    slowburn.signal("TERM");
    let (status, log) = slowburn.ended().await;
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("the next start goes on from the last commit"), "{log}");
}

#[tokio::test]
async fn a_full_disk_stops_neither_counting_nor_paging() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let text = config(&service, &webhook(&hook)).replace("receiver: team,", "receiver: team, group_by: [service],");
    let installation = Installation::new(&text, SLOS);
    fs::create_dir(installation.path("data")).expect("made");
    let disk = Disk::at(&installation.path("data")).await;
    let slowburn = disk.start(&installation).await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    let storage = async || slowburn.data("/api/v1/status/runtimeinfo").await["storage"].clone();
    disk.fill(&slowburn);
    meanwhile(&service, "200", "trouble shows", async || (storage().await["healthy"] == false).then_some(())).await;
    until_true("people are told", async || of_the_store(&hook.accepted()) == ["firing"]).await;
    assert!(storage().await["error"].is_string(), "{}", storage().await);
    meanwhile(&service, "500", "a page from memory", async || of_the_shop(&hook.accepted()).first().cloned()).await;
    disk.free(&slowburn);
    // The outage goes on, or its end would be told.
    let bad = "500";
    meanwhile(&service, bad, "writing goes on", async || (storage().await["healthy"] == true).then_some(())).await;
    let over = async || (of_the_store(&hook.accepted()) == ["firing", "resolved"]).then_some(());
    meanwhile(&service, bad, "people are told", over).await;
    // What was accepted and not noted yet would be sent once more after the kill.
    let noted =
        async || (slowburn.data("/api/v1/notifications").await["outbox"] == serde_json::json!([])).then_some(());
    meanwhile(&service, bad, "its delivery is stored", noted).await;
    slowburn.kill().await;
    service.happen("/cart", "500", 3);
    let slowburn = disk.start(&installation).await;
    until_exact(&slowburn, &service).await;
    meanwhile(&service, "200", "the resolve", async || of_the_shop(&hook.accepted()).get(1).cloned()).await;
    assert_eq!(of_the_shop(&hook.accepted()), ["firing", "resolved"], "all that was in memory was stored");
    assert_eq!(of_the_store(&hook.accepted()), ["firing", "resolved"]);
}

//! The binary under test, with its files in a directory of its own.

use crate::wait::until;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

pub const BINARY: &str = env!("CARGO_BIN_EXE_slowburn");

/// A directory with configuration, SLO file and data.
pub struct Installation {
    dir: TempDir,
}

impl Installation {
    pub fn new(config: &str, slos: &str) -> Self {
        let installation = Self { dir: tempfile::tempdir().expect("a directory") };
        installation.write("slowburn.yaml", config);
        installation.write("slos.yaml", slos);
        installation
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// `slowburn run` with a port that is free.
    pub fn run_command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.args(["run", "--web.listen", "127.0.0.1:0", "--config"]).arg(self.path("slowburn.yaml"));
        command
    }

    /// Starts the engine and waits until it answers.
    pub async fn start(&self) -> Slowburn {
        Slowburn::start(self.run_command()).await
    }

    /// Runs a command that ends by itself: its exit code and what it wrote.
    pub async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        finished(Command::new(BINARY).args(arguments).current_dir(self.dir.path())).await
    }
}

/// Exit code, standard output and standard error.
pub async fn finished(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.kill_on_drop(true).output().await.expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A running engine; killed when dropped.
pub struct Slowburn {
    pub url: String,
    child: Child,
    client: reqwest::Client,
    log: Arc<Mutex<Vec<String>>>,
}

impl Slowburn {
    /// `command` must end as `slowburn run`.
    pub async fn start(mut command: Command) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("the binary runs");
        let log = collect(child.stderr.take().expect("a pipe"));
        let url = until("slowburn runs", async || {
            if let Some(status) = child.try_wait().expect("its status") {
                panic!("slowburn ended with {status}:\n{}", log.lock().expect("no panic while held").join("\n"));
            }
            log.lock().expect("no panic while held").iter().find_map(|line| {
                let (_, rest) = line.split_once("msg=\"slowburn runs\"")?.1.split_once("http://")?;
                rest.split('/').next().map(str::to_owned)
            })
        })
        .await;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url: format!("http://{url}"), child, client, log }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic while held").join("\n")
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = tokio::time::timeout(crate::wait::PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends in time").expect("its status");
        (status, self.log())
    }

    pub async fn text(&self, path: &str) -> String {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.expect("it answers");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().await.expect("a body")
    }

    /// Status and body of a POST.
    pub async fn post(&self, path: &str) -> (u16, String) {
        let response = self.client.post(format!("{}{path}", self.url)).send().await.expect("it answers");
        (response.status().as_u16(), response.text().await.expect("a body"))
    }

    /// The data of a successful API answer.
    pub async fn data(&self, path: &str) -> Value {
        let mut body: Value = serde_json::from_str(&self.text(path).await).expect("JSON");
        assert_eq!(body["status"], "success", "{path}");
        body["data"].take()
    }

    /// The status of an SLO without groups; `Null` while there is none.
    pub async fn slo(&self, id: &str) -> Value {
        let all = self.data("/api/v1/slos").await;
        let found = all.as_array().expect("a list").iter().find(|slo| slo["id"] == id);
        found.cloned().unwrap_or_default()
    }
}

fn collect(stderr: ChildStderr) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let kept = log.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            kept.lock().expect("no panic while held").push(line);
        }
    });
    log
}

/// The file's bytes.
pub fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("readable")
}

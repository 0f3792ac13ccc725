//! Headless Chromium behind chromedriver, as a person would use it.

use super::engine::Site;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

type Url = reqwest::Url;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser on a site.
pub struct Page {
    pub client: Client,
    pub site: Site,
}

/// Runs a test in a browser of its own and ends the browser, whatever the test's outcome.
pub async fn browse(site: Site, test: impl AsyncFnOnce(&Page)) {
    let profile = tempfile::tempdir().unwrap();
    let (mut driver, port) = start_driver().await;
    let client = connect(port, profile.path()).await;
    let page = Page { client, site };
    let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(&page))).await;
    page.client.clone().close().await.ok();
    driver.kill().await.ok();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// chromedriver takes one port for IPv4 and IPv6; where another program has it for one of them, it ends and is started
/// again.
async fn start_driver() -> (tokio::process::Child, u16) {
    for _ in 0..10 {
        let mut driver = tokio::process::Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed");
        if let Some(port) = port(driver.stdout.take().unwrap()).await {
            return (driver, port);
        }
    }
    panic!("chromedriver does not start");
}

/// chromedriver says which free port it took; `None` when it ended instead.
async fn port(stdout: tokio::process::ChildStdout) -> Option<u16> {
    let mut lines = BufReader::new(stdout).lines();
    let port = loop {
        let line = lines.next_line().await.unwrap()?;
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim_end_matches('.').parse().unwrap();
        }
    };
    // It must never wait for someone to read what it says.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(port)
}

async fn connect(port: u16, profile: &Path) -> Client {
    let profile = format!("--user-data-dir={}", profile.display());
    let options = json!({"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-GB", "--window-size=1280,900", profile]});
    let capabilities = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"script": PATIENCE.as_millis() as u64}});
    let capabilities = capabilities.as_object().unwrap().clone();
    let address = format!("http://127.0.0.1:{port}");
    ClientBuilder::new(connector()).capabilities(capabilities).connect(&address).await.expect("a browser starts")
}

fn connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

impl Page {
    /// Opens a page and waits until it is live.
    pub async fn open(&self, path: &str) {
        self.open_any(path).await;
        self.live().await;
    }

    /// Waits until scripts run and the stream is connected.
    pub async fn live(&self) {
        self.until("document.getElementById('live').dataset.state === 'live'").await;
    }

    /// Clicks what a selector finds.
    pub async fn click(&self, selector: Locator<'_>) {
        self.client.find(selector).await.unwrap().click().await.unwrap();
    }

    /// Opens a page, whatever its state.
    pub async fn open_any(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.site.base)).await.unwrap();
    }

    /// The value of an expression in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression};"), Vec::new()).await.unwrap()
    }

    pub async fn text(&self, selector: &str) -> String {
        self.client.find(Locator::Css(selector)).await.unwrap().text().await.unwrap().replace('\u{202f}', " ")
    }

    /// Waits in the page until an expression holds.
    pub async fn until(&self, condition: &str) {
        let script = format!(
            "const done = arguments[arguments.length - 1];\
             const holds = () => {{ try {{ return {condition}; }} catch {{ return false; }} }};\
             const look = () => {{ if (holds()) done(true); else setTimeout(look, 15); }}; look();"
        );
        let held = self.client.execute_async(&script, Vec::new()).await;
        if let Err(error) = held {
            panic!("never held: {condition}\n{error}\n{}", self.eval("document.body.innerText").await);
        }
    }

    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value},
            {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Raw { path: "goog/cdp/execute", body }).await.unwrap()
    }

    pub async fn press(&self, key: &str) {
        let active = self.client.active_element().await.unwrap();
        active.send_keys(key).await.unwrap();
    }

    /// What the browser's console said since it was asked last.
    pub async fn console(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Raw { path: "se/log", body: json!({"type": "browser"}) }).await.unwrap();
        log.as_array().unwrap().iter().map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Violations that axe-core finds, one line each.
    pub async fn violations(&self) -> Vec<String> {
        let source = std::fs::read_to_string(axe()).unwrap();
        self.client.execute(&source, Vec::new()).await.unwrap();
        let run = "const done = arguments[arguments.length - 1];\
            axe.run(document, {resultTypes: ['violations']}).then(\
              (r) => done(r.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${n.html.slice(0, 200)} ${n.failureSummary}`))),\
              (e) => done([String(e)]));";
        let found = self.client.execute_async(run, Vec::new()).await.unwrap();
        found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// Addresses of everything that the page loaded from anywhere but its own site.
    pub async fn foreign_requests(&self) -> Vec<String> {
        let all = self.eval("performance.getEntriesByType('resource').map((entry) => entry.name)").await;
        let all = all.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        all.filter(|name| !name.starts_with(&self.site.base)).collect()
    }
}

/// The accessibility checker, installed once under `target/`.
fn axe() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
    let script = directory.join("node_modules/axe-core/axe.min.js");
    std::fs::create_dir_all(&directory).unwrap();
    let lock = std::fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    if !script.exists() {
        let install = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix"];
        let status = Command::new("npm").args(install).arg(&directory).arg("axe-core@4.14.1").status();
        assert!(status.expect("npm is installed").success(), "npm installs axe-core");
    }
    script
}

/// A command of chromedriver's own.
#[derive(Debug)]
struct Raw {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Raw {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}

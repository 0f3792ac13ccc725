//! The list of SLOs in headless Chromium, as somebody waits for it.

use super::process::Process;
use super::rows::{Goal, Row, Table};
use super::world::World;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::runtime::Runtime;

/// Visits, each by a browser that has never seen the page.
const VISITS: usize = 5;

/// Milliseconds until the list is drawn and its scripts have run, and from a word in the search field to the list of what
/// it finds. `arguments` are the word and how to answer.
const VISIT: &str = "
    const [word, done] = arguments;
    const rows = () => document.querySelectorAll('table.slos tbody tr');
    const until = (holds, then) => holds() ? then() : setTimeout(() => until(holds, then), 1);
    const painted = () => performance.getEntriesByName('first-contentful-paint')[0];
    const loaded = () => performance.getEntriesByType('navigation')[0].loadEventEnd;
    until(() => painted() && loaded() && rows().length, () => {
      const drawn = Math.max(painted().startTime, loaded());
      const field = document.getElementById('q');
      const begun = performance.now();
      field.value = word;
      field.dispatchEvent(new Event('input', {bubbles: true}));
      const found = () => rows().length === 1 && rows()[0].dataset.name.startsWith(word);
      until(found, () => requestAnimationFrame(() => setTimeout(() => done([drawn, performance.now() - begun]))));
    });";

/// chromedriver, killed when dropped.
struct Driver {
    child: Child,
    address: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Driver {
    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver runs (Debian package chromium-driver)");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.by_ref().find_map(|line| {
            let (_, port) =
                line.ok()?.split_once("started successfully on port ").map(|(a, b)| (a.len(), b.to_owned()))?;
            Some(port.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: format!("http://127.0.0.1:{}", port.expect("chromedriver says its port")) }
    }

    async fn browser(&self, profile: &Path) -> Client {
        let profile = format!("--user-data-dir={}", profile.display());
        let options = json!({"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,900", profile]});
        let capabilities = json!({"goog:chromeOptions": options, "timeouts": {"script": 30_000}});
        let capabilities = capabilities.as_object().expect("an object").clone();
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector).capabilities(capabilities).connect(&self.address).await;
        client.expect("a browser starts (Debian package chromium)")
    }
}

/// Adds the rows of the list in a browser.
pub fn measure(runtime: &Runtime, process: &Process, world: &World, table: &mut Table) {
    let slos = world.size.slos;
    let word = world.config.setup.slos[slos / 2].id.service.clone();
    let driver = Driver::start();
    let mut visits: Vec<(f64, f64)> = (0..VISITS).map(|_| runtime.block_on(visit(&driver, process, &word))).collect();
    visits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let drawn = visits[VISITS / 2].0;
    visits.sort_by(|a, b| a.1.total_cmp(&b.1));
    let found = visits[VISITS / 2].1;
    table.add(Row::new(format!("page with {slos} SLOs: drawn in Chromium"), drawn, "ms"));
    table.add(Row::new(format!("page with {slos} SLOs: the search field answers"), found, "ms"));
    let usable = Row::new(format!("page with {slos} SLOs: usable in Chromium, both of these"), drawn + found, "ms");
    table.add(usable.goal_if((slos == 10_000).then_some(Goal::ValueAtMost(1000.0))));
}

async fn visit(driver: &Driver, process: &Process, word: &str) -> (f64, f64) {
    let profile = tempfile::tempdir().expect("a temporary directory");
    let client = driver.browser(profile.path()).await;
    client.goto(&format!("http://{}/", process.address)).await.expect("the page opens");
    let times = client.execute_async(VISIT, vec![json!(word)]).await;
    client.close().await.expect("the browser ends");
    let times = times.expect("the list is there, and the search field answers");
    let time = |index: usize| times.get(index).and_then(Value::as_f64).expect("a time");
    (time(0), time(1))
}

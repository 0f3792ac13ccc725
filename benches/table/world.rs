//! The world that is measured: services behind targets, one SLO for each, and a month of their history.
//!
//! A target shows a hundred services with sixteen series each, of which their SLOs read two, as in the measurement of
//! the peer that `anchor.rs` cites. Histories are not made up: events of every fifteen seconds go through the same
//! functions as those of a running engine, for some weeks longer than the engine remembers. As ten thousand such lives
//! take long, some are lived and the SLOs take copies of them.

use crate::support::body::body;
use slowburn::config::{Config, load};
use slowburn::domain::event::Event;
use slowburn::domain::gauge::Gauge;
use slowburn::domain::group::{GroupState, Surroundings};
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Outcome, Scrape, Target, TargetId};
use slowburn::domain::slo::Slo;
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use slowburn::engine::selectors;
use slowburn::source::exposition::Format;
use slowburn::source::reader::{ReaderOptions, SeriesReader};
use slowburn::source::scrape::SelectorsFor;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Services of one target.
pub const SERVICES: usize = 100;
/// Time between two scrapes.
pub const INTERVAL: Duration = Duration::from_secs(15);
/// Twice the SLO window and a week: all that the engine keeps in memory.
const LIFE_DAYS: i64 = 67;
/// Lives that are lived.
const LIVES: u64 = 16;

/// SLOs, the targets they are measured on, and where their files lie.
pub struct World {
    pub slos: usize,
    pub addresses: Vec<String>,
    pub dir: tempfile::TempDir,
    pub config: Config,
}

impl World {
    /// Writes the files, and reads them as the engine does. `addresses` holds one for each target.
    pub fn new(slos: usize, addresses: Vec<String>, extra: &Extra) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(dir.path().join("slos")).expect("a directory");
        for target in 0..slos.div_ceil(SERVICES) {
            let services = target * SERVICES..slos.min((target + 1) * SERVICES);
            let text: Vec<String> = services.map(slo).collect();
            std::fs::write(dir.path().join(format!("slos/{target:03}.yaml")), text.join("---\n")).expect("a file");
        }
        extra.write(dir.path(), &addresses);
        let config = read(&dir.path().join("slowburn.yaml"));
        Self { slos, addresses, dir, config }
    }

    /// A world that is not scraped over a wire.
    pub fn in_memory(slos: usize) -> Self {
        let addresses = (0..slos.div_ceil(SERVICES)).map(|i| format!("10.0.0.{i}:8080")).collect();
        Self::new(slos, addresses, &Extra::default())
    }

    pub fn config_path(&self) -> PathBuf {
        self.dir.path().join("slowburn.yaml")
    }

    /// Readers of all targets, each with the body of one scrape after another.
    pub fn targets(&self, state: &State) -> Vec<Page> {
        let count = self.slos.div_ceil(SERVICES);
        let selectors = selectors::for_targets(state, &self.config);
        (0..count).map(|i| Page::new(i, &self.addresses[i], &selectors)).collect()
    }

    /// The memory of an engine that has run for longer than it remembers, as of `now`, and its readers.
    pub fn lived(&self, now: Timestamp) -> (State, Vec<Page>) {
        let mut state = State::default();
        let before = Timestamp(now.0 - INTERVAL.as_millis() as i64);
        let since = before - Duration::from_secs(LIFE_DAYS as u64 * 86_400);
        state.step(&[Event::Configured { at: since, setup: Arc::new(self.config.setup.clone()) }]);
        let mut pages = self.targets(&state);
        let first: Vec<Event> = pages.iter_mut().map(|page| page.scrape(0, before)).collect();
        let lives = lives(&self.config.setup.slos[0], since, before);
        for (i, slo) in state.slos.iter_mut().filter(|slo| slo.id.name == "availability").enumerate() {
            slo.groups.insert(Vec::new(), lives[i % lives.len()].clone().into());
        }
        for event in first.into_iter().chain(pages.iter_mut().map(|page| page.scrape(1, now))) {
            state.step(&[event]);
        }
        (state, pages)
    }
}

fn slo(service: usize) -> String {
    let name = "http_requests_total";
    let label = format!("job=\"shop\",service=\"s{service:04}\"");
    format!(
        "version: slowburn/v1\nservice: s{service:04}\nlabels: {{team: team-{}}}\nslos:\n  - name: availability\n    \
         description: Requests of this service succeed.\n    objective: 99.9\n    window: 30d\n    sli:\n      events:\n        \
         total: {name}{{{label}}}\n        bad: {name}{{{label},code=~\"5..\"}}\n    alerting:\n      \
         runbook_url: https://runbooks.example.com/s{service:04}/availability\n",
        service % 50
    )
}

/// What a configuration holds besides the SLOs of the services.
#[derive(Default)]
pub struct Extra {
    /// Text of more scrape configurations.
    pub jobs: String,
    /// An SLO file.
    pub slos: Option<String>,
    /// Where messages go.
    pub webhook: Option<String>,
}

impl Extra {
    /// Writes the main file and the SLO file of its own.
    pub fn write(&self, dir: &Path, addresses: &[String]) {
        let mut text = String::from("storage: {path: data}\nslo_files:\n");
        if !addresses.is_empty() {
            text.push_str("  - slos/*.yaml\n");
        }
        if let Some(slos) = &self.slos {
            text.push_str("  - probes.yaml\n");
            std::fs::write(dir.join("probes.yaml"), slos).expect("a file");
        }
        text.push_str("scrape_configs:\n");
        if !addresses.is_empty() {
            let _ = writeln!(text, "  - job_name: shop\n    static_configs: [{{targets: {addresses:?}}}]");
        }
        text.push_str(&self.jobs);
        if let Some(url) = &self.webhook {
            let _ = writeln!(
                text,
                "route: {{receiver: hook, group_by: [slo], group_interval: 1s}}\n\
                 receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]"
            );
        }
        std::fs::write(dir.join("slowburn.yaml"), text).expect("a file");
    }
}

/// The configuration that the engine would read.
pub fn read(path: &Path) -> Config {
    let result = load::load(path, &|_| None).expect("the file is there");
    let lines = result.diagnostics.to_lines().join("\n");
    result.config.unwrap_or_else(|| panic!("the benchmark's own configuration is good:\n{lines}"))
}

/// A target with its reader.
pub struct Page {
    number: usize,
    target: Arc<Target>,
    reader: SeriesReader,
}

impl Page {
    fn new(number: usize, address: &str, selectors_for: &SelectorsFor) -> Self {
        let labels = Labels::new().with("job", "shop").with("instance", address);
        let id = TargetId { job: "shop".into(), instance: address.into(), url: format!("http://{address}/metrics") };
        let selectors = selectors_for(&labels);
        let target = Arc::new(Target { id, labels, interval: INTERVAL });
        let reader = SeriesReader::new(Arc::clone(&target), selectors, ReaderOptions::default());
        Self { number, target, reader }
    }

    /// What the target shows at a tick.
    pub fn body(&self, tick: usize) -> Vec<u8> {
        body(self.number * SERVICES..(self.number + 1) * SERVICES, tick)
    }

    pub fn read(&mut self, body: &[u8], at: Timestamp) -> Event {
        let outcome = self.reader.read(body, Format::Text).expect("the benchmark's own text is good");
        Event::Scraped(Scrape { target: Arc::clone(&self.target), at, outcome: Outcome::Read(outcome.reading) })
    }

    fn scrape(&mut self, tick: usize, at: Timestamp) -> Event {
        let body = self.body(tick);
        self.read(&body, at)
    }
}

/// Lives of one SLO each, up to `end`.
fn lives(spec: &Arc<Slo>, since: Timestamp, end: Timestamp) -> Vec<GroupState> {
    (0..LIVES).map(|seed| life(spec, since, end, &mut fastrand::Rng::with_seed(seed))).collect()
}

fn life(spec: &Arc<Slo>, since: Timestamp, end: Timestamp, random: &mut fastrand::Rng) -> GroupState {
    let (mut group, gauge) = (GroupState::new(Labels::new(), spec, since), Arc::new(Gauge::new(spec)));
    let rate = 20.0 + 100.0 * random.f64();
    let steps = end.since(since).as_millis() / INTERVAL.as_millis();
    for step in 0..steps as i64 {
        let from = Timestamp(since.0 + step * INTERVAL.as_millis() as i64);
        let to = from + INTERVAL;
        let (total, bad) = events(rate, to, random);
        group.record(spec, (from, to), total, 0.0, true);
        group.record(spec, (from, to), 0.0, bad, true);
        group.saw_sample(to);
        // An evaluation seals and thins what is old; to skip most of them changes little of that, and saves minutes.
        if step % 16 == 0 {
            group.evaluate(spec, &gauge, &Surroundings { now: to, problem: None, resumed: since, external_url: "" });
        }
    }
    group
}

/// Requests and errors of one step: busy days, quiet nights, some errors all the time and an incident now and then.
fn events(rate: f64, at: Timestamp, random: &mut fastrand::Rng) -> (f64, f64) {
    let hours = at.0 as f64 / 3.6e6;
    let daily = 1.0 + 0.6 * (hours * std::f64::consts::TAU / 24.0).sin();
    let total = (rate * 15.0 * daily * (0.9 + 0.2 * random.f64())).round();
    let share = if hours % 120.0 < 0.5 { 0.02 } else { 0.0002 };
    let mean = total * share;
    let bad = (mean.floor() + f64::from(u8::from(random.f64() < mean.fract()))).min(total);
    (total, bad)
}

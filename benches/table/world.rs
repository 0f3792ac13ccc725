//! The world that is measured: services behind targets, one SLO for each, and a month of their history.
//!
//! A target shows a hundred services with sixteen series each, of which their SLOs read two. One service in fifty burns
//! its budget fast enough to keep its alerts firing.

use super::lives::Lives;
use crate::support::body::{body, zone};
use crate::support::traffic::{STEP, kind};
use slowburn::clock;
use slowburn::config::{Config, load};
use slowburn::domain::event::Event;
use slowburn::domain::group::GroupState;
use slowburn::domain::history::Old;
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Outcome, Scrape, Target, TargetId};
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use slowburn::engine::selectors;
use slowburn::source::exposition::Format;
use slowburn::source::reader::{ReaderOptions, SeriesReader};
use slowburn::source::scrape::SelectorsFor;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Services of one target.
pub const SERVICES: usize = 100;
/// The scrape configuration of all services.
pub const JOB: &str = "shop";
/// What is promised of them, in percent.
pub const OBJECTIVE: &str = "99.9";
/// Worlds are told up to so long ago, so that some minutes more can be lived through before the present.
const LEAD: Duration = Duration::from_secs(22 * 60);

/// How large a world is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub slos: usize,
    /// Groups of each SLO, by zone; with one there are no zones.
    pub groups: usize,
    /// Length of the SLOs' window.
    pub days: u32,
}

impl Size {
    pub fn of(slos: usize) -> Self {
        Self { slos, groups: 1, days: 30 }
    }

    pub fn targets(self) -> usize {
        self.slos.div_ceil(SERVICES)
    }

    /// Services of a target.
    pub fn services(self, target: usize) -> Range<usize> {
        target * SERVICES..self.slos.min((target + 1) * SERVICES)
    }

    /// `100 SLOs`, or `100 SLOs of 10 groups`.
    pub fn told(self) -> String {
        let Self { slos, groups, .. } = self;
        if groups == 1 { format!("{slos} SLOs") } else { format!("{slos} SLOs of {groups} groups") }
    }
}

/// SLOs, the targets they are measured on, and where their files lie.
pub struct World {
    pub size: Size,
    pub addresses: Vec<String>,
    pub dir: tempfile::TempDir,
    pub config: Config,
}

impl World {
    /// Writes the files, and reads them as the engine does. `addresses` holds one for each target.
    pub fn new(size: Size, addresses: Vec<String>, extra: &Extra) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(dir.path().join("slos")).expect("a directory");
        for target in 0..size.targets() {
            let text: Vec<String> = size.services(target).map(|service| slo(service, size)).collect();
            std::fs::write(dir.path().join(format!("slos/{target:03}.yaml")), text.join("---\n")).expect("a file");
        }
        extra.write(dir.path(), &addresses);
        let config = read(&dir.path().join("slowburn.yaml"));
        Self { size, addresses, dir, config }
    }

    /// A world that is not scraped over a wire.
    pub fn in_memory(size: Size) -> Self {
        let addresses = (0..size.targets()).map(|i| format!("10.0.0.{i}:8080")).collect();
        Self::new(size, addresses, &Extra::default())
    }

    pub fn config_path(&self) -> PathBuf {
        self.dir.path().join("slowburn.yaml")
    }

    /// Readers of all targets, each with the body of one scrape after another.
    fn targets(&self, state: &State) -> Vec<Page> {
        let selectors = selectors::for_targets(state, &self.config);
        (0..self.size.targets()).map(|i| Page::new(self.size, i, &self.addresses[i], &selectors)).collect()
    }

    /// The memory of an engine that has run for longer than it remembers, up to twenty minutes ago, and its readers.
    pub fn lived(&self) -> (State, Vec<Page>) {
        let now = clock::now() - LEAD;
        let mut state = State::default();
        let before = now - STEP;
        state.step(&[Event::Configured {
            at: before - super::lives::LENGTH,
            setup: Arc::new(self.config.setup.clone()),
        }]);
        let mut pages = self.targets(&state);
        let first: Vec<Event> = pages.iter_mut().map(|page| page.scrape(before)).collect();
        with_lives(&self.config, before, |lives| {
            for (service, slo) in state.slos.iter_mut().enumerate() {
                for group in 0..self.size.groups {
                    let mut life = lives.of(kind(service, group)).clone();
                    with_own_past(&mut life);
                    let key = if self.size.groups > 1 { vec![zone(group)] } else { Vec::new() };
                    life.group = key.iter().fold(Labels::new(), |labels, zone| labels.with("zone", zone));
                    slo.groups.insert(key, GroupState::into(life));
                }
            }
        });
        for event in first.into_iter().chain(pages.iter_mut().map(|page| page.scrape(now))) {
            state.step(&[event]);
        }
        (state, pages)
    }
}

/// Takes apart what copies of a life share, for budgets share no memory.
fn with_own_past(life: &mut GroupState) {
    let own = Old::from_bytes(life.events.old().to_bytes()).expect("what was just written");
    assert!(life.events.attach(own), "it continues where it did");
}

/// The lives that all worlds share, up to a moment. Budgets of an SLO by zones live as those of one without.
fn with_lives(config: &Config, until: Timestamp, take: impl FnOnce(&Lives)) {
    static LIVES: Mutex<Option<Lives>> = Mutex::new(None);
    let mut lives = LIVES.lock().unwrap_or_else(PoisonError::into_inner);
    let lives = lives.get_or_insert_with(|| Lives::new(&config.setup.slos[0], until));
    lives.go_on(until);
    take(lives);
}

fn slo(service: usize, Size { groups, days, .. }: Size) -> String {
    let name = "http_requests_total";
    let label = format!("job=\"{JOB}\",service=\"s{service:04}\"");
    let by = if groups > 1 { "    by: [zone]\n" } else { "" };
    format!(
        "version: slowburn/v1\nservice: s{service:04}\nlabels: {{team: team-{}}}\nslos:\n  - name: availability\n    \
         description: Requests of this service succeed.\n    objective: {OBJECTIVE}\n    window: {days}d\n{by}    sli:\n      \
         events:\n        total: {name}{{{label}}}\n        bad: {name}{{{label},code=~\"5..\"}}\n    alerting:\n      \
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

/// Groups of probes have a turn each second; all others as often as by default.
const QUICK: &str = "routes: [{matchers: ['service=\"probe\"'], group_interval: 1s}]";

impl Extra {
    /// Writes the main file and the SLO file of its own.
    pub fn write(&self, dir: &Path, addresses: &[String]) {
        let mut text = String::from("storage: {path: data}\nslo_files:\n");
        if !addresses.is_empty() {
            text.push_str("  - slos/*.yaml\n");
        }
        if let Some(slos) = &self.slos {
            text.push_str("  - extra.yaml\n");
            std::fs::write(dir.join("extra.yaml"), slos).expect("a file");
        }
        text.push_str("scrape_configs:\n");
        if !addresses.is_empty() {
            let _ = writeln!(text, "  - job_name: {JOB}\n    static_configs: [{{targets: {addresses:?}}}]");
        }
        text.push_str(&self.jobs);
        if let Some(url) = &self.webhook {
            let _ = writeln!(
                text,
                "route: {{receiver: hook, group_by: [service, slo], {QUICK}}}\n\
                 receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]"
            );
        }
        std::fs::write(dir.join("slowburn.yaml"), text).expect("a file");
    }
}

/// The configuration that the engine would read.
fn read(path: &Path) -> Config {
    let result = load::load(path, &|_| None).expect("the file is there");
    let lines = result.diagnostics.to_lines().join("\n");
    result.config.unwrap_or_else(|| panic!("the benchmark's own configuration is good:\n{lines}"))
}

/// A target with its reader.
pub struct Page {
    size: Size,
    number: usize,
    target: Arc<Target>,
    reader: SeriesReader,
}

impl Page {
    fn new(size: Size, number: usize, address: &str, selectors_for: &SelectorsFor) -> Self {
        let labels = Labels::new().with("job", JOB).with("instance", address);
        let id = TargetId { job: JOB.into(), instance: address.into(), url: format!("http://{address}/metrics") };
        let selectors = selectors_for(&labels);
        let target = Arc::new(Target { id, labels, interval: STEP });
        let reader = SeriesReader::new(Arc::clone(&target), selectors, ReaderOptions::default());
        Self { size, number, target, reader }
    }

    /// What the target shows at a moment.
    pub fn body(&self, at: Timestamp) -> Vec<u8> {
        body(self.size.services(self.number), self.size.groups, at)
    }

    pub fn read(&mut self, body: &[u8], at: Timestamp) -> Event {
        let outcome = self.reader.read(body, Format::Text).expect("the benchmark's own text is good");
        Event::Scraped(Scrape { target: Arc::clone(&self.target), at, outcome: Outcome::Read(outcome.reading) })
    }

    fn scrape(&mut self, at: Timestamp) -> Event {
        let body = self.body(at);
        self.read(&body, at)
    }
}

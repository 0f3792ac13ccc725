//! What others cost for the same: Prometheus, and VictoriaMetrics with vmalert, both with the rules that Sloth makes.
//!
//! They scrape the same targets as slowburn, evaluate every thirty seconds, and find the past that the rules read: three
//! days of the counters at full rate, thirty days of the recorded 5-minute ratio. Whoever takes their alerts is not
//! counted. Work grows with the number of SLOs, and so does the time to fill a store; larger numbers than these are
//! scaled up from the largest, and said to be.

mod past;
mod prometheus;
mod ratio;
mod rules;
mod server;
mod victoria;

use super::Scale;
use super::rows::{Section, Table, number};
use super::system::versions;
use super::world::{JOB, SERVICES, Size};
use super::{anchor, servers};
use std::fmt::Write;
use std::time::Duration;
use tokio::runtime::Runtime;

const PROMETHEUS: &str = "Prometheus + Sloth rules";
/// Time between two evaluations of the rules.
const EVALUATED_EVERY: f64 = 30.0;
/// Time in which all rules were evaluated once, and what was read first is in memory.
const WARM_UP: Duration = Duration::from_secs(40);
/// A peer's cost with so many SLOs.
#[derive(Clone, Debug)]
pub struct Figures {
    pub slos: usize,
    /// CPU seconds of everything, for one SLO and evaluation.
    pub evaluation: f64,
    /// Seconds that the rules of one SLO took in an evaluation, by the peer's own metrics.
    pub rules: f64,
    /// Evaluations that did not happen, and rules that failed.
    pub missed: f64,
    pub failed: f64,
    /// Bytes.
    pub resident: f64,
}

/// A peer.
#[derive(Debug)]
pub struct Peer {
    pub name: &'static str,
    /// By number of SLOs; none when it was not measured in this run.
    pub figures: Vec<Figures>,
    /// What was recorded earlier, for more SLOs than can be measured in a short time.
    pub recorded: Figures,
}

impl Peer {
    /// The figures of so many SLOs, or those nearest to them.
    pub fn at(&self, slos: usize) -> &Figures {
        self.figures.iter().min_by_key(|figures| figures.slos.abs_diff(slos)).unwrap_or(&self.recorded)
    }

    /// Its name, and where the figures for so many SLOs are from.
    pub fn told(&self, slos: usize) -> String {
        let from = self.at(slos).slos;
        match self.figures.is_empty() {
            true => format!("{} (recorded)", self.name),
            false if from == slos => self.name.to_owned(),
            false => format!("{} (scaled up from {from} SLOs)", self.name),
        }
    }

    /// Whether it is the one that goals are held against.
    pub fn is_first(&self) -> bool {
        self.name == PROMETHEUS
    }

    /// Resident bytes with just as many SLOs, and whose they are.
    pub fn resident(&self, slos: usize) -> Option<(String, f64)> {
        let live = self.figures.iter().find(|figures| figures.slos == slos);
        let live = live.map(|figures| (self.name.to_owned(), figures.resident));
        let recorded =
            (self.recorded.slos == slos).then(|| (format!("{} (recorded)", self.name), self.recorded.resident));
        live.or(recorded)
    }

    /// CPU seconds for one SLO's hour.
    pub fn hour(&self, slos: usize) -> f64 {
        self.at(slos).evaluation * 3600.0 / EVALUATED_EVERY
    }
}

/// All peers, and what is known of them besides.
pub struct Peers {
    pub prometheus: Peer,
    pub victoria: Peer,
    /// Bytes on Prometheus's disk for one SLO and day; `None` when not measured in this run.
    pub disk_day: Option<f64>,
}

impl Peers {
    /// As they were recorded earlier, on another day.
    pub fn recorded() -> Self {
        let peer = |name, recorded| Peer { name, figures: Vec::new(), recorded };
        Self {
            prometheus: peer(PROMETHEUS, anchor::PROMETHEUS),
            victoria: peer("VictoriaMetrics + vmalert", anchor::VICTORIA),
            disk_day: None,
        }
    }

    pub fn all(&self) -> [&Peer; 2] {
        [&self.prometheus, &self.victoria]
    }

    /// Whose bytes on the disk for one SLO and day, and how many.
    pub fn disk(&self) -> (String, f64) {
        match self.disk_day {
            Some(bytes) => (PROMETHEUS.to_owned(), bytes),
            None => (format!("{PROMETHEUS} (recorded)"), anchor::DISK_DAY),
        }
    }
}

/// Seconds, where they are known.
fn known(seconds: f64) -> String {
    if seconds.is_nan() { String::new() } else { format!("{} s", number(seconds)) }
}

/// Runs all peers at some numbers of SLOs.
pub fn measure(runtime: &Runtime, scale: &Scale, table: &mut Table) -> Peers {
    let mut peers = Peers::recorded();
    let sizes = scale.peers();
    let largest = sizes.last().copied().unwrap_or_default();
    let addresses = servers::targets(runtime, Size::of(largest));
    let alertmanager = servers::alertmanager(runtime);
    let setting = Setting { addresses, alertmanager, sizes, watch: scale.watch() };
    peers.prometheus.figures = prometheus::measure(&setting, table);
    peers.victoria.figures = victoria::measure(&setting, table);
    peers.disk_day = Some(prometheus::disk(&setting, table));
    table.sections.push(Section { title: "The peers", about: ABOUT, rows: Vec::new(), text: peers.table() });
    ratio::measure(&setting, table);
    peers
}

const ABOUT: &str = "Each with the rules that Sloth makes, 17 for each SLO, evaluated every 30 s, over the same targets as \
slowburn's, and a past that holds what the rules read (three days of counters every 15 s, 30 days of recorded 5-minute \
ratios every 30 s). Rule time is from their own metrics; Alertmanager is not counted.";

/// What all peers are given.
pub struct Setting {
    /// Targets of the largest size.
    pub addresses: Vec<String>,
    pub alertmanager: String,
    /// Numbers of SLOs, rising.
    pub sizes: Vec<usize>,
    pub watch: Duration,
}

impl Setting {
    fn largest(&self) -> usize {
        self.sizes.last().copied().unwrap_or_default()
    }

    /// A scrape configuration for so many SLOs, in Prometheus's form.
    fn scraping(&self, slos: usize) -> String {
        let targets = &self.addresses[..Size::of(slos).targets()];
        format!(
            "scrape_configs:\n  - {{job_name: {JOB}, scrape_interval: 15s, static_configs: [{{targets: {targets:?}}}]}}\n"
        )
    }

    /// The target that shows a service.
    fn instance(&self, service: usize) -> &str {
        &self.addresses[service / SERVICES]
    }
}

impl Peers {
    fn table(&self) -> String {
        let mut text = String::from(
            "| peer | SLOs | CPU for an SLO and evaluation | CPU for an SLO's hour | rule time of an evaluation | missed | \
             failed rules | resident |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for peer in self.all() {
            let recorded = [peer.recorded.clone()];
            let live = peer.figures.iter().map(|figures| (figures, ""));
            for (figures, note) in live.chain(recorded.iter().map(|figures| (figures, " (recorded)"))) {
                let _ = writeln!(
                    text,
                    "| {}{note} | {} | {} s | {} s | {} | {} | {} | {} MB |",
                    peer.name,
                    figures.slos,
                    number(figures.evaluation),
                    number(figures.evaluation * 3600.0 / EVALUATED_EVERY),
                    known(figures.rules * figures.slos as f64),
                    number(figures.missed),
                    number(figures.failed),
                    number(figures.resident / 1e6),
                );
            }
        }
        let _ = writeln!(text, "\nVersions: {}.", versions(&["prometheus", "victoria-metrics"]));
        text
    }
}

//! From the end of a scrape to the webhook: probes that break now and then, and the receiver of their alerts.

use super::Scale;
use super::live::WARM_UP;
use super::process::Process;
use super::rows::{Goal, Row, Table};
use super::servers::{metrics, serve};
use super::world::{Extra, World};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use slowburn::clock;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Targets that alert.
const PROBES: usize = 40;
/// Scrapes of one turn of a probe; the first of them shows errors.
const TURN: usize = 8;

pub const ABOUT: &str = "Forty targets, scraped every second, whose alerts begin and end all the time; the time from the last byte of the scrape \
that justifies an alert to the arrival of its message. Of the SLOs beside them one in fifty is firing all the time; their \
messages went out before.";

/// Targets that show errors at every eighth scrape, out of step with each other, and whoever hears of it.
pub struct Probes {
    addresses: Vec<String>,
    hook: String,
    alarms: Alarms,
}

/// Probes by number: when each last showed errors that no message has told of yet.
#[derive(Clone, Default)]
struct Alarms {
    shown: Arc<Mutex<HashMap<String, Instant>>>,
    told: Arc<Mutex<Vec<Duration>>>,
}

impl Alarms {
    fn show(&self, probe: String) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(probe, clock::instant());
    }

    fn tell(&self, probe: &str) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).remove(probe);
        if let Some(shown) = shown {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).push(shown.elapsed());
        }
    }

    fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Probes {
    pub fn new(runtime: &Runtime) -> Self {
        let alarms = Alarms::default();
        let addresses = (0..PROBES).map(|number| probe(runtime, number, &alarms)).collect();
        Self { addresses, hook: receiver(runtime, &alarms), alarms }
    }

    /// Their jobs, SLOs and receiver.
    pub fn extra(&self) -> Extra {
        let mut slos = String::from("version: slowburn/v1\nservice: probe\nslos:\n");
        for number in 0..PROBES {
            let _ = write!(
                slos,
                "  - name: p{number}\n    objective: 90\n    window: 30d\n    sli:\n      events:\n        \
                 total: probe_total{{probe=\"p{number}\"}}\n        bad: probe_total{{probe=\"p{number}\",code=\"500\"}}\n    \
                 alerting:\n      page: [{{long: 4s, short: 2s, factor: 2}}]\n      ticket: {{disable: true}}\n"
            );
        }
        let jobs = format!(
            "  - job_name: probe\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs: [{{targets: {:?}}}]\n",
            self.addresses
        );
        Extra { jobs, slos: Some(slos), webhook: Some(self.hook.clone()) }
    }

    /// Times from a scrape's end to its message since the last call, the shortest first.
    pub fn times(&self) -> Vec<Duration> {
        let mut times = self.alarms.take();
        times.sort();
        times
    }

    /// How long messages take while this world is watched.
    pub fn measure(&self, world: &World, scale: &Scale, beside: &str, table: &mut Table) {
        table.progress(&format!("alerts of {PROBES} probes, {beside}"));
        let _process = Process::start(&world.config_path());
        std::thread::sleep(WARM_UP);
        self.times();
        std::thread::sleep(scale.watch());
        let times = self.times();
        table.progress(&format!("{} alerts", times.len()));
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
        table.add(Row::new(format!("end of scrape to webhook, median, {beside}"), at(50), "ms"));
        let name = format!("end of scrape to webhook, 99 of 100, {beside}");
        table.add(Row::new(name, at(99), "ms").goal(Goal::ValueAtMost(30.0)));
    }
}

fn probe(runtime: &Runtime, number: usize, alarms: &Alarms) -> String {
    let (alarms, state) = (alarms.clone(), Arc::new(Mutex::new((number % TURN, 0u64, 0u64))));
    let show = move || async move {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (turn, good, bad) = &mut *state;
        *turn += 1;
        let breaks = turn.is_multiple_of(TURN);
        *(if breaks { &mut *bad } else { &mut *good }) += if breaks { 1000 } else { 100 };
        let mut text = String::from("# TYPE probe_total counter\n");
        for (code, value) in [("200", *good), ("500", *bad)] {
            let _ = writeln!(text, "probe_total{{probe=\"p{number}\",code=\"{code}\"}} {value}");
        }
        if breaks {
            alarms.show(format!("p{number}"));
        }
        metrics(text)
    };
    serve(runtime, Router::new().route("/metrics", get(show)))
}

/// The URL of a receiver that notes when it hears of a probe.
fn receiver(runtime: &Runtime, alarms: &Alarms) -> String {
    let take = |State(alarms): State<Alarms>, body: Bytes| async move {
        let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        for alert in message["alerts"].as_array().into_iter().flatten() {
            if alert["status"] == "firing" {
                alarms.tell(alert["labels"]["slo"].as_str().unwrap_or_default());
            }
        }
    };
    let address = serve(runtime, Router::new().route("/hook", post(take)).with_state(alarms.clone()));
    format!("http://{address}/hook")
}

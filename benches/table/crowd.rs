//! Many large targets: whether every scrape comes in time.
//!
//! The targets are sockets of this process that serve one body, made anew every fifteen seconds, so that they cost little
//! beside what is measured. They note when they are asked: a scrape is late when it comes more than a second after its
//! time.

use super::Scale;
use super::client::Metrics;
use super::process::Process;
use super::rows::{Goal, Row, Table};
use super::servers::{metrics, serve};
use super::system::Usage;
use super::world::{Extra, Size, World};
use crate::support::body::{SERIES, body};
use crate::support::traffic::STEP;
use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use slowburn::clock;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Series of a target.
const LARGE: usize = 5000;
/// SLOs, each over all targets: one series in a hundred is wanted.
const SLOS: usize = LARGE / 200;
/// A scrape that comes so long after its time is late.
const LATE: Duration = Duration::from_secs(1);
/// Open files besides the sockets.
const FILES: usize = 500;

const ABOUT: &str = "Targets of 5 000 series, of which 25 SLOs over all targets want one in a hundred, scraped every 15 s over loopback; the \
exporter shares the machine. A scrape is late when it comes more than a second after its time.";

/// The body of the present, and who asked when.
#[derive(Default)]
struct Crowd {
    body: Mutex<(i64, Bytes)>,
    asked: Mutex<Vec<Asked>>,
}

/// How a target was asked since the watch began.
#[derive(Clone, Default)]
struct Asked {
    last: Option<Instant>,
    scrapes: usize,
    late: usize,
    worst: Duration,
}

impl Crowd {
    fn body(&self) -> Bytes {
        let now = clock::now();
        let step = now.0 / STEP.as_millis() as i64;
        let mut known = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != step {
            *known = (step, body(0..LARGE / SERIES, 1, now).into());
        }
        known.1.clone()
    }

    fn ask(&self, target: usize) {
        let (now, mut asked) = (clock::instant(), self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(asked) = asked.get_mut(target) else { return };
        if let Some(last) = asked.last.replace(now) {
            let after = (now - last).saturating_sub(STEP);
            asked.scrapes += 1;
            asked.late += usize::from(after > LATE);
            asked.worst = asked.worst.max(after);
        }
    }

    /// What was asked since the last call; a scrape that should have come by now is late.
    fn take(&self) -> Asked {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Asked::default();
        for target in asked.iter_mut() {
            let overdue = target.last.map_or(Duration::MAX, |last| last.elapsed()).saturating_sub(STEP);
            all.scrapes += std::mem::take(&mut target.scrapes);
            all.late += std::mem::take(&mut target.late) + usize::from(overdue > LATE);
            all.worst = all.worst.max(std::mem::take(&mut target.worst)).max(overdue);
        }
        all
    }
}

pub fn measure(runtime: &Runtime, scale: &Scale, table: &mut Table) {
    let targets = scale.crowd();
    let files = Usage::of("self").files();
    assert!(files > 2 * targets + FILES, "{targets} targets need more than {files} open files: `ulimit -n 8192`");
    table.progress(&format!("{targets} targets of {LARGE} series"));
    let crowd = Arc::new(Crowd { asked: Mutex::new(vec![Asked::default(); targets]), ..Crowd::default() });
    let target = |number: usize| {
        let crowd = Arc::clone(&crowd);
        let show = move || async move {
            crowd.ask(number);
            metrics(crowd.body())
        };
        serve(runtime, Router::new().route("/metrics", get(show)))
    };
    let addresses: Vec<String> = (0..targets).map(target).collect();
    let world = World::new(Size::of(0), Vec::new(), &extra(&addresses));
    let process = Process::start(&world.config_path());
    std::thread::sleep(STEP * 3);
    crowd.take();
    let scraped = |ok: &str| Metrics::of(&process.address).sum_where("slowburn_scrapes_total", ok);
    let (cpu, failed) = (process.usage.cpu(), scraped("failure"));
    std::thread::sleep(scale.watch());
    let (cpu, failed) = (process.usage.cpu() - cpu, scraped("failure") - failed);
    let asked = crowd.take();
    let seconds = scale.watch().as_secs_f64();
    table.section("Many targets", ABOUT);
    let told = format!("{targets} targets of {LARGE} series");
    let late = asked.late as f64 + failed;
    table.add(Row::new(format!("late or failed scrapes, {told}"), late, "scrapes").goal(Goal::ValueAtMost(0.0)));
    table.add(Row::new(
        format!("the latest scrape came after its time, {told}"),
        asked.worst.as_secs_f64() * 1e3,
        "ms",
    ));
    let due = targets as f64 * seconds / STEP.as_secs_f64();
    table.add(
        Row::new(format!("scrapes in {seconds:.0} s, {told}"), asked.scrapes as f64, "scrapes").beside("due", due),
    );
    table.add(Row::new(format!("CPU, {told}"), cpu / seconds * 100.0, "% of a core"));
    table.add(Row::new(format!("resident memory, {told}"), process.usage.resident() / 1e6, "MB"));
}

fn extra(addresses: &[String]) -> Extra {
    let mut slos = String::from("version: slowburn/v1\nservice: crowd\nslos:\n");
    for service in 0..SLOS {
        let series = format!("http_requests_total{{job=\"crowd\",service=\"s{service:04}\"");
        let _ = write!(
            slos,
            "  - name: s{service:04}\n    objective: 99.9\n    window: 30d\n    sli:\n      events:\n        total: {series}}}\n        \
             bad: {series},code=~\"5..\"}}\n"
        );
    }
    let jobs = format!("  - job_name: crowd\n    static_configs: [{{targets: {addresses:?}}}]\n");
    Extra { jobs, slos: Some(slos), webhook: None }
}

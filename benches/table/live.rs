//! The real binary with many SLOs: its memory, its start after `kill -9`, its cost, its page and its alerts.

use super::process::Process;
use super::rows::{Goal, Row, Table};
use super::servers::{self, Alarms};
use super::world::{Extra, SERVICES, World};
use super::{Scale, anchor, hour};
use std::fmt::Write;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Time in which every target is scraped and a little more.
const WARM_UP: Duration = Duration::from_secs(20);
/// Targets that alert.
const PROBES: usize = 40;
/// Starts after `kill -9`.
const STARTS: usize = 5;
/// Requests for each page.
const REQUESTS: usize = 15;

pub fn measure(runtime: &Runtime, scale: &Scale, table: &mut Table) {
    let alarms = Alarms::default();
    let hook = servers::receiver(runtime, &alarms);
    let probes = servers::probes(runtime, PROBES, &alarms);
    let probing = || extra(&probes, &hook);
    for slos in scale.growth() {
        let largest = slos == scale.largest();
        table.progress(&format!("ten minutes of {slos} SLOs, then their process"));
        let addresses = servers::targets(runtime, slos.div_ceil(SERVICES));
        let world = World::new(slos, addresses.clone(), &Extra::default());
        hour::measure(runtime, &world, table, largest);
        processes(&world, scale, table);
        if largest {
            probing().write(world.dir.path(), &addresses);
            latency(&world, scale, &alarms, &format!("{slos} SLOs beside it"), table);
        }
    }
    let idle = World::new(0, Vec::new(), &probing());
    latency(&idle, scale, &alarms, "nothing beside it", table);
}

/// Leaves a world with its targets, probes and receiver for a process started by hand, to profile it.
pub fn keep(runtime: &Runtime, slos: usize) {
    let alarms = Alarms::default();
    let hook = servers::receiver(runtime, &alarms);
    let probes = servers::probes(runtime, PROBES, &alarms);
    let addresses = servers::targets(runtime, slos.div_ceil(SERVICES));
    let world = World::new(slos, addresses.clone(), &Extra::default());
    hour::measure(runtime, &world, &mut Table::default(), false);
    extra(&probes, &hook).write(world.dir.path(), &addresses);
    eprintln!("slowburn run --config {}", world.config_path().display());
    eprintln!("every line read from here prints the time of the alerts so far; the end of input ends it");
    for _ in std::io::stdin().lines() {
        let mut times = alarms.take();
        times.sort();
        eprintln!("{} alerts: {times:?}", times.len());
    }
}

fn processes(world: &World, scale: &Scale, table: &mut Table) {
    let slos = world.slos;
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| Process::start(&world.config_path()).ready).collect();
    starts.sort();
    let start = starts[STARTS / 2].as_secs_f64();
    let row = Row::new(format!("start to first evaluation after kill -9, {slos} SLOs"), start, "s");
    table.add(if slos == 10_000 { row.goal(Goal::ValueAtMost(1.5)) } else { row });
    let process = Process::start(&world.config_path());
    std::thread::sleep(WARM_UP);
    let (cpu, written) = (process.cpu(), process.written());
    std::thread::sleep(scale.watch());
    let seconds = scale.watch().as_secs_f64();
    let hour = (process.cpu() - cpu) / seconds * 3600.0 / slos as f64;
    table.add(
        Row::new(format!("the process, CPU for an SLO's hour, {slos} SLOs"), hour * 1e3, "ms")
            .beside(anchor::NAME, anchor::EVALUATION * anchor::EVALUATIONS_AN_HOUR * 1e3)
            .goal(Goal::RatioAtMost(0.001)),
    );
    let written = (process.written() - written) / seconds / 1e6;
    table.add(Row::new(format!("the process, written to the disk, {slos} SLOs"), written, "MB/s"));
    let memory = Row::new(format!("resident memory, {slos} SLOs, 30 d of history"), process.resident() / 1e6, "MB");
    table.add(match slos {
        100 => memory.goal(Goal::ValueAtMost(40.0)),
        1000 => memory.beside(anchor::NAME, anchor::RESIDENT_1000 / 1e6),
        _ => memory.goal(Goal::ValueAtMost(600.0)),
    });
    pages(&process, world, table);
}

fn pages(process: &Process, world: &World, table: &mut Table) {
    let slos = world.slos;
    let ask = |path: &str| {
        let mut answers: Vec<_> = (0..REQUESTS).map(|_| process.get(path)).collect();
        assert!(answers.iter().all(|answer| answer.ok), "{path} answers");
        answers.sort_by_key(|answer| answer.first_byte);
        let median = &answers[REQUESTS / 2];
        (median.first_byte.as_secs_f64() * 1e3, median.bytes as f64 / 1e3)
    };
    let (first_byte, size) = ask("/");
    table.add(Row::new(format!("page with {slos} SLOs: first byte"), first_byte, "ms").goal(Goal::ValueAtMost(30.0)));
    table.add(Row::new(format!("page with {slos} SLOs: over the wire"), size, "kB").goal(Goal::ValueAtMost(300.0)));
    let id = &world.config.setup.slos[slos / 2].id;
    let end = slowburn::clock::now();
    let start = end - Duration::from_secs(30 * 86_400);
    let path = format!("/api/v1/slos/{}/{}/history?start={start}&end={end}&step=3h", id.service, id.name);
    let (history, _) = ask(&path);
    table.add(Row::new("30 days of one SLO's history, 240 points", history, "ms").goal(Goal::ValueAtMost(20.0)));
}

/// Probes and the receiver of their alerts.
fn extra(probes: &[String], hook: &str) -> Extra {
    let mut slos = String::from("version: slowburn/v1\nservice: probe\nslos:\n");
    for number in 0..probes.len() {
        let _ = write!(
            slos,
            "  - name: p{number}\n    objective: 90\n    window: 30d\n    sli:\n      events:\n        \
             total: probe_total{{probe=\"p{number}\"}}\n        bad: probe_total{{probe=\"p{number}\",code=\"500\"}}\n    \
             alerting:\n      page: [{{long: 4s, short: 2s, factor: 2}}]\n      ticket: {{disable: true}}\n"
        );
    }
    let jobs = format!(
        "  - job_name: probe\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs: [{{targets: {probes:?}}}]\n"
    );
    Extra { jobs, slos: Some(slos), webhook: Some(hook.to_owned()) }
}

fn latency(world: &World, scale: &Scale, alarms: &Alarms, beside: &str, table: &mut Table) {
    table.progress(&format!("alerts of {PROBES} probes, {beside}"));
    let _process = Process::start(&world.config_path());
    std::thread::sleep(WARM_UP);
    alarms.take();
    std::thread::sleep(scale.watch());
    let mut times = alarms.take();
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    table.progress(&format!("{} alerts", times.len()));
    table.add(Row::new(format!("end of scrape to webhook, median, {beside}"), at(50), "ms"));
    table.add(
        Row::new(format!("end of scrape to webhook, 99 of 100, {beside}"), at(99), "ms").goal(Goal::ValueAtMost(30.0)),
    );
}

//! The real binary with many SLOs: its memory, its start after `kill -9`, its cost and its page.

use super::peers::Peers;
use super::process::Process;
use super::report::CPU;
use super::rows::{Goal, Row, Table};
use super::servers;
use super::world::{Extra, Size, World};
use super::{Scale, browser, hour, latency};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Time in which every target is scraped and a little more.
pub const WARM_UP: Duration = Duration::from_secs(20);
/// Starts after `kill -9`.
const STARTS: usize = 5;
/// Requests for each page.
const REQUESTS: usize = 15;

/// What is measured of the processes, by table.
#[derive(Default)]
struct Tables {
    hour: Table,
    storing: Table,
    process: Table,
    page: Table,
    latency: Table,
}

pub fn measure(runtime: &Runtime, scale: &Scale, peers: &Peers, table: &mut Table) {
    let mut tables = Tables::new();
    let probes = latency::Probes::new(runtime);
    for size in scale.growth() {
        let largest = size == Size::of(scale.largest());
        table.progress(&format!("some minutes of {}, then their process", size.told()));
        let addresses = servers::targets(runtime, size);
        let world = World::new(size, addresses.clone(), &Extra::default());
        let mut hour = hour::measure(runtime, &world);
        hour.rows(largest, peers, &mut tables.hour);
        if largest {
            hour.storing(peers, &mut tables.storing);
        }
        processes(runtime, &world, scale, peers, &mut tables);
        if largest {
            probes.extra().write(world.dir.path(), &addresses);
            let beside = format!("{} beside it", size.told());
            probes.measure(&world, scale, &beside, &mut tables.latency);
        }
    }
    let idle = World::new(Size::of(0), Vec::new(), &probes.extra());
    probes.measure(&idle, scale, "nothing beside it", &mut tables.latency);
    tables.add_to(table);
}

/// Leaves a world with its targets, probes and receiver for a process started by hand, to profile it.
pub fn keep(runtime: &Runtime, size: Size) {
    let probes = latency::Probes::new(runtime);
    let addresses = servers::targets(runtime, size);
    let world = World::new(size, addresses.clone(), &Extra::default());
    hour::measure(runtime, &world);
    probes.extra().write(world.dir.path(), &addresses);
    eprintln!("slowburn run --config {}", world.config_path().display());
    eprintln!("every line read from here prints the times of the alerts so far; the end of input ends it");
    for _ in std::io::stdin().lines() {
        eprintln!("{:?}", probes.times());
    }
}

impl Tables {
    fn new() -> Self {
        let mut tables = Self::default();
        tables.hour.section("An SLO's hour", HOUR);
        tables.storing.section("Storing", STORING);
        tables.process.section("The process", PROCESS);
        tables.page.section("The page", PAGE);
        tables.latency.section("From the end of a scrape to the webhook", latency::ABOUT);
        tables
    }

    fn add_to(self, table: &mut Table) {
        let Self { hour, storing, process, page, latency } = self;
        for part in [hour, storing, process, page, latency] {
            table.sections.extend(part.sections.into_iter().filter(|section| !section.rows.is_empty()));
        }
    }
}

const HOUR: &str = "CPU for one SLO over an hour of scrapes every 15 s, in the engine's own functions: reading, counting, evaluating, encoding, \
committing, and its share of a checkpoint as often as the engine's ledger asks for one. The parts are those of the largest size.";
const STORING: &str = "With the largest number of SLOs.";
const PROCESS: &str = "The released binary, scraping over loopback, with all that it does; peers with the same SLOs and targets. Before each \
start it was killed with `kill -9` at the worst moment: with the journal of all the time until a checkpoint is due, and of the \
time that writing it takes.";
const PAGE: &str = "The wait of somebody who opens the list, over loopback. In Chromium (headless, empty cache) the time from the beginning \
of the navigation until the list of SLOs is drawn, and until a word typed into the search field has narrowed it.";

fn processes(runtime: &Runtime, world: &World, scale: &Scale, peers: &Peers, tables: &mut Tables) {
    let (told, slos, table) = (world.size.told(), world.size.slos, &mut tables.process);
    let plain = world.size.groups == 1;
    let starts = (0..STARTS).map(|_| Process::start(&world.config_path()).ready.as_secs_f64()).collect();
    let row = Row::median(format!("start to first evaluation after kill -9, {told}"), starts, "s");
    table.add(row.goal_if((slos == 10_000).then_some(Goal::ValueAtMost(1.5))));
    let process = Process::start(&world.config_path());
    std::thread::sleep(WARM_UP);
    let written = process.usage.written();
    // Few SLOs are one target, scraped four times a minute: that is little to go by. Many groups are steady enough.
    let watch = match (plain, slos) {
        (true, ..=100) => scale.watch() * 2,
        (true, _) => scale.watch(),
        (false, _) => scale.watch() / 2,
    };
    let seconds = watch.as_secs_f64();
    let hour = process.usage.cpu_within(watch) / seconds * 3600.0 / slos as f64;
    let row = Row::new(format!("{CPU}{told}"), hour * 1e3, "ms");
    for peer in peers.all().into_iter().filter(|_| plain) {
        let beside = row.clone().beside(peer.told(slos), peer.hour(slos) * 1e3);
        table.add(beside.goal_if(peer.is_first().then_some(Goal::RatioAtMost(0.001))));
    }
    if !plain {
        table.add(row);
    }
    let written = (process.usage.written() - written) / seconds / 1e6;
    table.add(Row::new(format!("the process, written to the disk, {told}"), written, "MB/s"));
    memory(world, process.usage.resident(), peers, table);
    if plain {
        pages(&process, world, &mut tables.page);
        browser::measure(runtime, &process, world, &mut tables.page);
    }
}

/// Beside peers that held as many SLOs, for memory does not scale as work does.
fn memory(world: &World, resident: f64, peers: &Peers, table: &mut Table) {
    let Size { slos, groups, .. } = world.size;
    let row = Row::new(format!("resident memory, {}, 30 d of history", world.size.told()), resident / 1e6, "MB");
    let goal = match (slos, groups) {
        (100, 1) => Some(Goal::ValueAtMost(40.0)),
        (10_000, 1) => Some(Goal::ValueAtMost(600.0)),
        _ => None,
    };
    let row = row.goal_if(goal);
    let beside = peers.all().into_iter().filter(|_| groups == 1).filter_map(|peer| peer.resident(slos));
    let rows: Vec<Row> = beside.map(|(name, bytes)| row.clone().beside(name, bytes / 1e6)).collect();
    // A goal is one entry, however many peers stand beside it.
    let (first, others) = rows.split_first().map_or((row, &[][..]), |(first, others)| (first.clone(), others));
    table.add(first);
    others.iter().for_each(|row| table.add(Row { goal: None, ok: None, ..row.clone() }));
}

fn pages(process: &Process, world: &World, table: &mut Table) {
    let slos = world.size.slos;
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
    let name = format!("30 days of one SLO's history, 240 points, of {slos} SLOs");
    table.add(Row::new(name, history, "ms").goal(Goal::ValueAtMost(20.0)));
}

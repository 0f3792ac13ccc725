//! What ten minutes of the SLOs cost, stage by stage: from the text of a scrape to the disk, and a checkpoint.
//!
//! Leaves a data directory as a running engine has it just before its next checkpoint.

use super::anchor;
use super::process::{cpu, written};
use super::rows::{Goal, Row, Table};
use super::world::{INTERVAL, Page, World};
use crate::support::measure::cpu_time;
use slowburn::clock;
use slowburn::domain::state::State;
use slowburn::engine::snapshot::Snapshot;
use slowburn::engine::{Saver, persist};
use slowburn::metrics::Metrics;
use slowburn::store::codec::Encoder;
use slowburn::store::{Store, Writer};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Rounds of scrapes between two checkpoints.
const ROUNDS: u32 = 40;
const CHECKPOINTS_A_DAY: f64 = 144.0;
const ROUNDS_A_DAY: f64 = 5760.0;

/// CPU time of each stage, and what it left on the disk.
#[derive(Default)]
struct Stages {
    read: Duration,
    step: Duration,
    encode: Duration,
    commit: Duration,
    commits: Vec<Duration>,
    journal: usize,
}

/// What a checkpoint takes.
struct Cost {
    /// Seconds in which the engine does nothing else.
    held: f64,
    cpu: f64,
    wall: f64,
    written: f64,
}

/// Measures, and leaves the data in the world's directory. `report` tells whether rows are wanted.
pub fn measure(runtime: &Runtime, world: &World, table: &mut Table, report: bool) {
    let data = world.dir.path().join("data");
    let now = clock::now();
    let length = |rounds: u32| INTERVAL * rounds;
    let (mut state, mut pages) = world.lived(now - length(ROUNDS + 1));
    checkpoint(runtime, &data, &mut state);
    let mut warm = Stages::default();
    rounds(&data, &mut state, &mut pages, 2..3, &mut warm);
    let cost = checkpoint(runtime, &data, &mut state);
    let size = size(&data);
    let mut stages = Stages::default();
    let before = written(&own("io"));
    rounds(&data, &mut state, &mut pages, 3..3 + ROUNDS, &mut stages);
    let journal = written(&own("io")) - before;
    if report {
        rows(world.slos as f64, &mut stages, &cost, size, journal, table);
    }
}

/// Scrapes all targets so many times, each its own commit, as in a running engine.
fn rounds(data: &Path, state: &mut State, pages: &mut [Page], ticks: std::ops::Range<u32>, stages: &mut Stages) {
    let (mut store, _) = Store::open(data).expect("the data of a moment ago");
    let mut encoder = Encoder::new();
    for tick in ticks {
        let at = state.core.now + INTERVAL;
        for page in &mut *pages {
            let body = page.body(tick as usize);
            let events = [timed(&mut stages.read, || page.read(&body, at))];
            timed(&mut stages.step, || state.step(&events));
            let block = timed(&mut stages.encode, || encoder.encode(&events).expect("no configuration in it"));
            stages.journal += block.len();
            let begun = clock::instant();
            timed(&mut stages.commit, || store.append(&block).expect("room for the journal"));
            stages.commits.push(begun.elapsed());
        }
    }
}

/// A checkpoint of everything, through the engine's own saver.
fn checkpoint(runtime: &Runtime, data: &Path, state: &mut State) -> Cost {
    let (store, loaded) = Store::open(data).expect("a data directory");
    let (_, kept) = persist::recover(loaded).expect("what was written");
    let saver = Saver::new(Writer::spawn(store).expect("a thread"), kept);
    let held = clock::instant();
    drop(Snapshot::take(state));
    let held = held.elapsed().as_secs_f64();
    let (begun, used, wrote) = (clock::instant(), cpu(&own("stat")), written(&own("io")));
    runtime.block_on(saver.finish(state, &Metrics::new()));
    Cost {
        held,
        cpu: cpu(&own("stat")) - used,
        wall: begun.elapsed().as_secs_f64(),
        written: written(&own("io")) - wrote,
    }
}

fn rows(slos: f64, stages: &mut Stages, cost: &Cost, size: f64, journal: f64, table: &mut Table) {
    let each = |time: Duration| time.as_secs_f64() / f64::from(ROUNDS) / slos * 1e6;
    let stage = |name: &str, time| Row::new(format!("{name}, for one SLO and scrape"), each(time), "µs");
    table.add(stage("read the text of 16 series", stages.read));
    table.add(stage("count two series and evaluate", stages.step));
    table.add(stage("encode", stages.encode));
    table.add(stage("commit", stages.commit));
    table.add(Row::new("checkpoint, for one SLO, every ten minutes", cost.cpu / slos * 1e6, "µs"));
    let hour = each(stages.read + stages.step + stages.encode + stages.commit) * 240.0 + cost.cpu / slos * 6e6;
    table.add(
        Row::new("an SLO's hour: the five above", hour / 1e3, "ms")
            .beside(anchor::NAME, anchor::EVALUATION * anchor::EVALUATIONS_AN_HOUR * 1e3)
            .goal(Goal::RatioAtMost(0.001)),
    );
    stages.commits.sort();
    let commits = stages.commits.len();
    table.add(Row::new("one commit (a target, 100 SLOs), median", millis(stages.commits[commits / 2]), "ms"));
    table.add(Row::new("one commit, 99 of 100", millis(stages.commits[commits * 99 / 100]), "ms"));
    table.add(Row::new("one commit, bytes", stages.journal as f64 / commits as f64, "B"));
    table.add(Row::new("a checkpoint of all SLOs takes, at full speed", cost.wall, "s"));
    table.add(Row::new("a checkpoint holds the engine up for", cost.held * 1e3, "ms").goal(Goal::ValueAtMost(5.0)));
    let day = journal / f64::from(ROUNDS) * ROUNDS_A_DAY + cost.written * CHECKPOINTS_A_DAY;
    table.add(Row::new("written to the disk, steady", day / 86_400.0 / 1e6, "MB/s").goal(Goal::ValueAtMost(1.0)));
    table.add(
        Row::new("disk for one SLO and day, of 30 days kept", size / slos / 30.0 / 1e3, "kB")
            .beside(anchor::NAME, anchor::DISK_DAY / 1e3)
            .goal(Goal::ValueAtMost(4.0)),
    );
}

/// Bytes of all files in a directory.
fn size(dir: &Path) -> f64 {
    let files = std::fs::read_dir(dir).expect("a directory");
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len() as f64)).sum()
}

fn own(name: &str) -> String {
    std::fs::read_to_string(format!("/proc/self/{name}")).expect("Linux tells it")
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = cpu_time();
    let result = work();
    *sum += cpu_time() - start;
    result
}

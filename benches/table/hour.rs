//! What an SLO costs in an hour, stage by stage: from the text of a scrape to the disk, and a checkpoint.
//!
//! The engine's own ledger says when a checkpoint is due. What is left behind is what a crash finds at the worst moment:
//! all that a running engine writes until its next checkpoint is due, and while it is being written.

use super::peers::Peers;
use super::rows::{Goal, Row, Table};
use super::system::{self, Usage};
use super::world::{Page, Size, World};
use crate::support::measure::cpu_time;
use crate::support::traffic::STEP;
use slowburn::clock;
use slowburn::domain::state::State;
use slowburn::engine::ledger::Ledger;
use slowburn::engine::snapshot::Snapshot;
use slowburn::engine::{COMMIT_EVERY, Saver, persist};
use slowburn::metrics::Metrics;
use slowburn::store::{Store, Writer};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

const ROUNDS_A_DAY: f64 = 86_400.0 / STEP.as_secs() as f64;

/// A running engine writes a checkpoint in so many times the time that it takes at full speed, for it rests between pieces.
const PAUSES: f64 = 3.0;

/// Snapshots that are taken to see for how long that holds the engine up.
const TAKEN: usize = 15;
/// Bytes that fill the processor's caches.
const OTHER: usize = 256 << 20;

/// CPU time of each stage between two checkpoints, and what it left on the disk.
#[derive(Default)]
pub struct Stages {
    /// Scrapes of each target.
    rounds: u32,
    read: Duration,
    step: Duration,
    encode: Duration,
    commit: Duration,
    commits: Vec<Duration>,
    journal: usize,
    written: f64,
}

/// What a checkpoint takes.
pub struct Cost {
    cpu: f64,
    wall: f64,
    written: f64,
}

/// A world whose data directory was written, and what that cost.
pub struct Hour {
    size: Size,
    stages: Stages,
    checkpoint: Cost,
    /// Milliseconds in which the engine does nothing else, at the beginning of several checkpoints.
    held: Vec<f64>,
    /// Bytes on the disk right after a checkpoint.
    stored: f64,
}

/// Measures, and leaves the data in the world's directory.
pub fn measure(runtime: &Runtime, world: &World) -> Hour {
    let data = world.dir.path().join("data");
    let (mut state, mut pages) = world.lived();
    checkpoint(runtime, &data, &mut state);
    let stages = until_checkpoint(&data, &mut state, &mut pages, 0);
    let held = (0..TAKEN).map(|_| held(&state)).collect();
    let cost = checkpoint(runtime, &data, &mut state);
    let stored = system::size(&data);
    // Of the next ones, the scrapes that go on while it is written are left as well.
    let during = (cost.wall * PAUSES / STEP.as_secs_f64()).ceil() as u32;
    until_checkpoint(&data, &mut state, &mut pages, during);
    Hour { size: world.size, stages, checkpoint: cost, held, stored }
}

/// Scrapes all targets, with as many commits as in a running engine, until a checkpoint is due, and some rounds more.
fn until_checkpoint(data: &Path, state: &mut State, pages: &mut [Page], more: u32) -> Stages {
    let (mut store, _) = Store::open(data).expect("the data of a moment ago");
    let begun = clock::instant();
    let (mut ledger, mut stages, own) = (Ledger::new(begun, 0), Stages::default(), Usage::of("self"));
    let before = own.written();
    let (mut due, mut after) = (false, 0);
    while !due || after < more {
        after += u32::from(due);
        stages.rounds += 1;
        // Each target has its own moment, as in a running engine.
        let (start, count) = (state.core.now, pages.len() as u32);
        let mut committed = start;
        for (page, number) in pages.iter_mut().zip(1..) {
            let at = start + STEP * number / count;
            let body = page.body(at);
            let event = timed(&mut stages.read, || page.read(&body, at));
            timed(&mut stages.step, || drop(ledger.step(state, event)));
            if at.since(committed) < COMMIT_EVERY && number < count {
                continue;
            }
            committed = at;
            let block = timed(&mut stages.encode, || ledger.next_block().expect("no configuration in it"));
            let block = block.expect("a scrape is something new");
            stages.journal += block.len();
            let begun = clock::instant();
            timed(&mut stages.commit, || store.append(&block).expect("room for the journal"));
            stages.commits.push(begun.elapsed());
            ledger.appended(block.len());
        }
        due = due || ledger.begin_checkpoint(begun + STEP * stages.rounds, false).is_some();
    }
    stages.written = own.written() - before;
    stages
}

/// Milliseconds for which taking a snapshot holds the engine up, when other work has filled the processor's caches.
fn held(state: &State) -> f64 {
    let other = vec![1u8; OTHER];
    black_box(other.iter().step_by(64).fold(0, |read, byte| read ^ byte));
    let begun = clock::instant();
    let snapshot = Snapshot::take(state);
    let held = begun.elapsed().as_secs_f64() * 1e3;
    // Elsewhere and piece by piece, in a running engine.
    drop(snapshot);
    held
}

/// A checkpoint of everything, through the engine's own saver.
fn checkpoint(runtime: &Runtime, data: &Path, state: &mut State) -> Cost {
    let (store, loaded) = Store::open(data).expect("a data directory");
    let journal = loaded.journal_bytes();
    let (_, kept) = persist::recover(loaded).expect("what was written");
    let saver = Saver::new(Writer::spawn(store).expect("a thread"), kept, journal);
    let own = Usage::of("self");
    let (begun, cpu, written) = (clock::instant(), own.cpu(), own.written());
    runtime.block_on(saver.finish(state, &Metrics::new()));
    Cost { cpu: own.cpu() - cpu, wall: begun.elapsed().as_secs_f64(), written: own.written() - written }
}

impl Hour {
    fn checkpoints_a_day(&self) -> f64 {
        ROUNDS_A_DAY / f64::from(self.stages.rounds)
    }

    /// CPU microseconds of a stage for one SLO and scrape.
    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() / f64::from(self.stages.rounds) / self.size.slos as f64 * 1e6
    }

    /// CPU milliseconds for one SLO's hour.
    pub fn cpu(&self) -> f64 {
        let Stages { read, step, encode, commit, .. } = self.stages;
        let scrape = self.each(read + step + encode + commit) * ROUNDS_A_DAY / 24.0;
        (scrape + self.checkpoint.cpu / self.size.slos as f64 * 1e6 * self.checkpoints_a_day() / 24.0) / 1e3
    }

    /// The hour, alone or with all its parts.
    pub fn rows(&mut self, whole: bool, peers: &Peers, table: &mut Table) {
        if whole {
            self.stages(table);
        }
        let row = Row::new(format!("an SLO's hour in the engine, {}", self.size.told()), self.cpu(), "ms");
        if self.size.groups > 1 {
            table.add(row);
            return;
        }
        for peer in peers.all() {
            let beside = row.clone().beside(peer.told(self.size.slos), peer.hour(self.size.slos) * 1e3);
            table.add(beside.goal_if(peer.is_first().then_some(Goal::RatioAtMost(0.001))));
        }
    }

    fn stages(&self, table: &mut Table) {
        let stage = |name: &str, time| Row::new(format!("{name}, for one SLO and scrape"), self.each(time), "µs");
        table.add(stage("read the text of 16 series", self.stages.read));
        table.add(stage("count two series and evaluate", self.stages.step));
        table.add(stage("encode", self.stages.encode));
        table.add(stage("commit", self.stages.commit));
        let name =
            format!("a checkpoint for one SLO, every {:.0} s", f64::from(self.stages.rounds) * STEP.as_secs_f64());
        table.add(Row::new(name, self.checkpoint.cpu / self.size.slos as f64 * 1e6, "µs"));
    }

    /// What is written, and what that holds up.
    pub fn storing(&mut self, peers: &Peers, table: &mut Table) {
        let slos = self.size.slos as f64;
        let commits = &mut self.stages.commits;
        commits.sort();
        let at = |share: usize| commits[(commits.len() * share / 100).min(commits.len() - 1)].as_secs_f64() * 1e3;
        table.add(Row::new("one commit (the scrapes of a second), median", at(50), "ms"));
        table.add(Row::new("one commit, 99 of 100", at(99), "ms"));
        table.add(Row::new("one commit, bytes", self.stages.journal as f64 / commits.len() as f64, "B"));
        table.add(Row::new("a checkpoint of all SLOs takes, at full speed", self.checkpoint.wall, "s"));
        let held = Row::median("a checkpoint holds the engine up for", self.held.clone(), "ms");
        table.add(held.goal(Goal::ValueAtMost(5.0)));
        let day = (self.stages.written + self.checkpoint.written) * self.checkpoints_a_day();
        let steady = Row::new(format!("written to the disk, {} SLOs, steady", slos), day / 86_400.0 / 1e6, "MB/s");
        table.add(steady.goal(Goal::ValueAtMost(1.0)));
        let (peer, beside) = peers.disk();
        table.add(
            Row::new("disk for one SLO and day, of 30 days kept", self.stored / slos / 30.0 / 1e3, "kB")
                .beside(peer, beside / 1e3)
                .goal(Goal::ValueAtMost(4.0)),
        );
    }
}

fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = cpu_time();
    let result = work();
    *sum += cpu_time() - start;
    result
}

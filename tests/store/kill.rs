//! SIGKILL at any moment: what was acknowledged is there, what was not is there whole or not at all.

use crate::child;
use crate::model::{day, noise, part};
use slowburn::store::{Checkpoint, Loaded, Store};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

const CHILD: &str = "kill::child_writes_until_it_is_killed";

/// Step `i` of an endless run: mostly appends, each ninth a checkpoint.
fn step(store: &mut Store, i: u64) {
    if i % 9 == 8 { store.checkpoint(checkpoint(i)).unwrap() } else { store.append(&block(i)).unwrap() }
}

fn block(i: u64) -> Vec<u8> {
    noise(i, 200 + (i as usize * 7919) % 60_000)
}

fn checkpoint(i: u64) -> Checkpoint {
    Checkpoint {
        upsert: vec![part("steps", &i.to_le_bytes()), part(&format!("slot/{}", i % 5), &block(i))],
        delete: vec![format!("slot/{}", (i + 2) % 5)],
        archive: vec![day("k", (i / 9) as i32, &block(i))],
        drop_archive_before: Some((i / 9) as i32 - 3),
    }
}

/// What must be there after `steps` steps.
fn expected(steps: u64) -> Loaded {
    let mut expected = Loaded::default();
    for i in 0..steps {
        if i % 9 == 8 {
            let Checkpoint { upsert, delete, .. } = checkpoint(i);
            delete.iter().for_each(|key| drop(expected.parts.remove(key)));
            expected.parts.extend(upsert);
            expected.journal.clear();
        } else {
            expected.journal.push(block(i));
        }
    }
    expected
}

/// The number of steps that a store holds.
fn steps_in(loaded: &Loaded) -> u64 {
    let at_checkpoint =
        loaded.parts.get("steps").map_or(0, |body| u64::from_le_bytes(body[..].try_into().unwrap()) + 1);
    at_checkpoint + loaded.journal.len() as u64
}

/// Goes on where the store stands and says after each step how many there are.
#[test]
fn child_writes_until_it_is_killed() {
    let Some(dir) = child::dir() else { return };
    let (mut store, loaded) = Store::open(&dir).unwrap();
    for i in steps_in(&loaded).. {
        step(&mut store, i);
        writeln!(std::io::stdout(), "done {}", i + 1).unwrap();
    }
}

/// Kills a writer a moment after its `acks`th acknowledgement; returns the last one it gave.
fn run_and_kill(dir: &Path, acks: usize, moment: Duration) -> Option<u64> {
    let mut child = child::command(CHILD, dir).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut done = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("done ")?.parse().ok());
    let mut last = done.by_ref().take(acks).last();
    // Not to wait for anything: it picks the moment.
    std::thread::sleep(moment);
    child.kill().unwrap();
    last = done.last().or(last);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "the child was killed, it did not fail");
    last
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(20_260_101);
    let mut before = 0;
    for round in 0..20 {
        let moment = Duration::from_micros(random.u64(0..3000));
        let acknowledged = run_and_kill(dir.path(), random.usize(1..30), moment).unwrap_or(before);
        let (store, loaded) = Store::open(dir.path()).unwrap();
        let steps = steps_in(&loaded);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&steps),
            "round {round}: {acknowledged} done, {steps} found"
        );
        assert!(loaded == expected(steps), "round {round}: wrong data after {steps} steps");
        let checkpoints = (steps / 9) as i32;
        let days = store.archive_reader().unwrap().archive("k", 0..=i32::MAX).unwrap();
        let kept: Vec<_> = (0..checkpoints).skip_while(|day| *day < checkpoints - 4).collect();
        // A kill may come before old days are swept up, and after a day that the next checkpoint wrote.
        let found: Vec<_> = days.iter().map(|(day, _)| *day).filter(|day| *day < checkpoints).collect();
        assert!(found.ends_with(&kept) && found.len() <= kept.len() + 1, "round {round}: {found:?}, not {kept:?}");
        assert!(days.iter().all(|(day, body)| *body == block(*day as u64 * 9 + 8)), "round {round}");
        before = steps;
    }
    assert!(before > 100, "{before} steps are too few to mean anything");
}

#[test]
fn a_writer_killed_while_it_creates_the_store_leaves_none_or_a_whole_one() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let acknowledged = run_and_kill(dir.path(), 0, Duration::from_micros(random.u64(1000..15_000))).unwrap_or(0);
        let (_, loaded) = Store::open(dir.path()).unwrap();
        let steps = steps_in(&loaded);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&steps),
            "round {round}: {acknowledged} done, {steps} found"
        );
        assert!(loaded == expected(steps), "round {round}");
    }
}

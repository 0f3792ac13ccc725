//! Syncs that fail. The system gives up the pages that it could not write and calls the next sync a success, so that
//! only what is written anew can be believed to be on the disk. A power loss shows what was.

use crate::child;
use crate::faulty_disk::{FaultyDisk, Switch};
use crate::model::{noise, part};
use rusqlite::Connection;
use slowburn::store::{Checkpoint, Cover, Loaded, Piece, Store};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MIB: usize = 1 << 20;

/// The child's own hand on its disk.
fn switch(switch: Switch, to: u8) {
    let path = std::env::var_os("FAULTY_SWITCHES").unwrap();
    File::options().write(true).open(path).unwrap().write_all_at(&[to], switch as u64).unwrap();
}

/// Runs a test of this binary above the disk until it is killed, which it asks for by what it prints last.
fn run(disk: &FaultyDisk, name: &str, dir: &Path) {
    let mut command = child::command(name, dir);
    let output = command.envs(disk.environment(dir)).output().unwrap();
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("to be killed"), "{said}\n{error}");
}

/// Nothing is closed in order.
fn die() {
    println!("to be killed");
    std::process::abort();
}

fn append_about(store: &mut Store, bytes: usize) {
    for i in 0..bytes / 50_000 {
        store.append(&noise(i as u64, 50_000)).unwrap();
    }
}

fn stage(store: &mut Store, key: &str, body: Vec<u8>) {
    let mut packer = store.begin(Cover::Appended).unwrap();
    store.stage(packer.seal(Piece { upsert: vec![(key.to_owned(), body)], ..Piece::default() }).unwrap()).unwrap();
    store.switch().unwrap();
}

/// Parts that are merged while a reader holds the log's end are not synced then, and not written again later.
#[test]
fn child_merges_beside_a_reader() {
    let Some(dir) = child::dir() else { return };
    let (mut store, _) = Store::open(&dir).unwrap();
    stage(&mut store, "early", noise(1, 2 * MIB));
    let reader = Connection::open(dir.join("slowburn.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM part;").unwrap();
    append_about(&mut store, 5 * MIB);
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    switch(Switch::SyncOfDatabase, 1);
    append_about(&mut store, 5 * MIB);
    switch(Switch::SyncOfDatabase, 0);
    store.checkpoint(Checkpoint { upsert: vec![part("late", b"1")], ..Checkpoint::default() }).unwrap();
    append_about(&mut store, 9 * MIB);
    store.checkpoint(Checkpoint::default()).unwrap();
    store.append(b"last").unwrap();
    die();
}

#[test]
fn what_a_failed_sync_of_the_database_gave_up_is_written_again() {
    let (disk, dir) = (FaultyDisk::new(), tempfile::tempdir().unwrap());
    run(&disk, "faults::child_merges_beside_a_reader", dir.path());
    disk.lose_power(dir.path());
    let (_, loaded) = Store::open(dir.path()).unwrap();
    let parts = [part("early", &noise(1, 2 * MIB)), part("late", b"1")].into();
    assert!(loaded == Loaded { parts, journal: vec![b"last".to_vec()] }, "another state");
}

#[test]
fn child_dies_of_a_failed_sync() {
    let Some(dir) = child::dir() else { return };
    let (mut store, _) = Store::open(&dir).unwrap();
    store.append(b"acknowledged").unwrap();
    switch(Switch::Sync, 1);
    store.append(&noise(1, 20_000)).unwrap_err();
    switch(Switch::Sync, 0);
    die();
}

#[test]
fn child_goes_on() {
    let Some(dir) = child::dir() else { return };
    let (mut store, _) = Store::open(&dir).unwrap();
    store.append(b"acknowledged later").unwrap();
    die();
}

/// The log as the system remembers it holds the block whose sync failed; the disk does not.
#[test]
fn a_start_does_not_build_on_what_a_failed_sync_left_behind() {
    let (disk, dir) = (FaultyDisk::new(), tempfile::tempdir().unwrap());
    run(&disk, "faults::child_dies_of_a_failed_sync", dir.path());
    run(&disk, "faults::child_goes_on", dir.path());
    disk.lose_power(dir.path());
    let (_, loaded) = Store::open(dir.path()).unwrap();
    let mut journal = loaded.journal;
    journal.retain(|block| block.len() < 100);
    assert_eq!(journal, [b"acknowledged".to_vec(), b"acknowledged later".to_vec()]);
}

/// Failures one after the other, of every kind, between appends and checkpoints: what was acknowledged is there.
#[test]
fn child_meets_every_failure() {
    let Some(dir) = child::dir() else { return };
    let (mut store, _) = Store::open(&dir).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    for i in 0..60u8 {
        let kind = [Switch::Sync, Switch::SyncOfDatabase, Switch::Write, Switch::ReadOnly][random.usize(0..4)];
        switch(kind, 1);
        // The way out of a failed append is a whole checkpoint, and nothing else: so the engine does.
        let failed = store.append(&noise(i.into(), 9000)).is_err();
        let all = || Checkpoint { upsert: vec![part("steps", &[i])], ..Checkpoint::default() };
        let checkpointed = random.bool() && store.checkpoint(all()).is_ok();
        switch(kind, 0);
        if !checkpointed && failed || random.u8(0..3) == 0 {
            store.checkpoint(all()).unwrap();
        }
        store.append(&[i]).unwrap();
    }
    die();
}

#[test]
fn what_was_acknowledged_between_failures_survives_a_power_loss() {
    let (disk, dir) = (FaultyDisk::new(), tempfile::tempdir().unwrap());
    run(&disk, "faults::child_meets_every_failure", dir.path());
    disk.lose_power(dir.path());
    let (_, loaded) = Store::open(dir.path()).unwrap();
    let at = loaded.parts["steps"][0];
    let marks: Vec<u8> = loaded.journal.iter().filter(|block| block.len() == 1).map(|block| block[0]).collect();
    assert_eq!(marks, (at..60).collect::<Vec<_>>(), "as of step {at}");
}

#[test]
fn child_only_starts() {
    let Some(dir) = child::dir() else { return };
    let _store = Store::open(&dir).unwrap();
    die();
}

/// The start merged the failed block too. Were the log on the disk still without it, the log would take back some of the
/// pages after a power loss, and not the others.
#[test]
fn a_start_that_loses_its_power_leaves_log_and_database_of_one_moment() {
    let (disk, dir) = (FaultyDisk::new(), tempfile::tempdir().unwrap());
    run(&disk, "faults::child_dies_of_a_failed_sync", dir.path());
    run(&disk, "faults::child_only_starts", dir.path());
    disk.lose_power(dir.path());
    let (store, loaded) = Store::open(dir.path()).unwrap();
    assert_eq!(loaded.journal[0], b"acknowledged");
    store.archive_reader().unwrap().verify().expect("a sound structure");
}

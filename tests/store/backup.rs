//! Copies made while the store is written to, and the way back.

use crate::model::{day, fill, noise, part};
use slowburn::store::backup::{BackupError, Summary, backup, restore};
use slowburn::store::{Checkpoint, OpenError, Store};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn quietly(_done: u64, _all: u64) {}

fn backed_up(dir: &Path, file: &Path) -> Summary {
    backup(dir, file, &mut quietly).unwrap()
}

/// Names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_holds_all_and_comes_back() {
    let [data, copies, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let loaded = fill(data.path());
    let file = copies.path().join("copy.db");
    let mut reports = Vec::new();
    let summary = backup(data.path(), &file, &mut |done, all| reports.push((done, all))).unwrap();
    assert_eq!((summary.commit, summary.parts, summary.blocks, summary.days), (4, 3, 2, 3));
    assert!(reports.last().is_some_and(|(done, all)| done == all && *all > 0), "{reports:?}");
    assert_eq!(names(copies.path()), ["copy.db"], "one file, nothing beside it");

    let restored = restore(&file, &other.path().join("new"), false, &mut quietly).unwrap();
    assert_eq!(Summary { bytes: 0, ..restored }, Summary { bytes: 0, ..summary });
    let (mut store, found) = Store::open(&other.path().join("new")).unwrap();
    assert_eq!(found, loaded);
    assert_eq!(store.archive_reader().unwrap().archive("shop/y", 0..=i32::MAX).unwrap(), [(20_000, b"y".to_vec())]);
    store.append(b"and goes on").unwrap();
}

#[test]
fn a_copy_of_a_busy_store_is_of_one_moment() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (mut store, _) = Store::open(data.path()).unwrap();
    let step = |store: &mut Store, i: u64| {
        let parts = (0..20).map(|n| part(&format!("p{n}"), &i.to_le_bytes())).chain([part("big", &noise(i, 200_000))]);
        store.checkpoint(Checkpoint { upsert: parts.collect(), archive: vec![day("k", 1, b"x")], ..Default::default() })
    };
    step(&mut store, 0).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut i = 1;
            while !done.load(Ordering::Relaxed) {
                store.append(&noise(i, 20_000)).unwrap();
                step(&mut store, i).unwrap();
                i += 1;
            }
            i
        });
        for copy in 0..8 {
            let file = copies.path().join(format!("{copy}.db"));
            backed_up(data.path(), &file);
            let back = copies.path().join(format!("{copy}"));
            restore(&file, &back, false, &mut quietly).unwrap();
            let (_, found) = Store::open(&back).unwrap();
            let moment = &found.parts["p0"];
            assert!((0..20).all(|n| found.parts[&format!("p{n}")] == *moment), "copy {copy} mixes moments");
        }
        done.store(true, Ordering::Relaxed);
        assert!(writing.join().unwrap() > 8, "the store was busy");
    });
}

#[test]
fn nothing_is_written_over() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(data.path());
    let file = copies.path().join("copy.db");
    fs::write(&file, "someone's").unwrap();
    assert!(matches!(backup(data.path(), &file, &mut quietly), Err(BackupError::Exists(_))));
    assert_eq!(fs::read(&file).unwrap(), b"someone's");
    assert_eq!(names(copies.path()), ["copy.db"]);

    let good = copies.path().join("good.db");
    backed_up(data.path(), &good);
    let before = fs::read(data.path().join("slowburn.db")).unwrap();
    let error = restore(&good, data.path(), false, &mut quietly).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty(_)), "{error}");
    assert_eq!(fs::read(data.path().join("slowburn.db")).unwrap(), before);
    let empty = tempfile::tempdir().unwrap();
    let error = backup(empty.path(), &copies.path().join("none.db"), &mut quietly).unwrap_err();
    assert!(matches!(error, BackupError::Nothing(_)), "{error}");
}

#[test]
fn what_lies_where_a_backup_is_written_stays() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(data.path());
    for leftover in ["", "-wal", "-journal", "-shm"] {
        let theirs = copies.path().join(format!("copy.db.partial{leftover}"));
        fs::write(&theirs, "someone's").unwrap();
        let error = backup(data.path(), &copies.path().join("copy.db"), &mut quietly).unwrap_err();
        assert!(matches!(&error, BackupError::Leftover(path) if *path == theirs), "{error}");
        assert_eq!(fs::read(&theirs).unwrap(), b"someone's");
        fs::remove_file(&theirs).unwrap();
        assert_eq!(names(copies.path()), [""; 0], "{leftover}");
    }
}

#[test]
fn of_two_backups_to_one_name_one_is_made() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let loaded = fill(data.path());
    let file = copies.path().join("copy.db");
    let both = std::thread::scope(|scope| {
        [(); 2].map(|()| scope.spawn(|| backup(data.path(), &file, &mut quietly))).map(|run| run.join().unwrap())
    });
    assert_eq!(both.iter().filter(|made| made.is_ok()).count(), 1, "{both:?}");
    let refused = |made: &Result<_, _>| matches!(made, Err(BackupError::Exists(_) | BackupError::Leftover(_)));
    assert!(both.iter().any(refused), "{both:?}");
    let into = copies.path().join("into");
    restore(&file, &into, false, &mut quietly).unwrap();
    assert_eq!(Store::open(&into).unwrap().1, loaded);
}

#[test]
fn newer_data_is_replaced_when_told_and_only_when_no_engine_uses_it() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let loaded = fill(data.path());
    let file = copies.path().join("copy.db");
    backed_up(data.path(), &file);
    let (mut store, _) = Store::open(data.path()).unwrap();
    (0..9).for_each(|i| store.append(&[i]).unwrap());
    let error = restore(&file, data.path(), true, &mut quietly).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::InUse { .. })), "{error}");
    drop(store);
    restore(&file, data.path(), true, &mut quietly).unwrap();
    let (_, found) = Store::open(data.path()).unwrap();
    assert_eq!(found, loaded, "although the lock file knew of later commits");
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_touched() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(data.path());
    let file = copies.path().join("copy.db");
    backed_up(data.path(), &file);
    for (name, sql, what) in [
        ("a part", "UPDATE part SET body = zeroblob(9) WHERE key = 'engine'", "the part \"engine\""),
        ("a block", "UPDATE journal SET body = zeroblob(9) WHERE seq = 3", "the journal block of commit 3"),
        (
            "a day",
            "UPDATE archive SET body = zeroblob(9) WHERE key = 'shop/y'",
            "the history of \"shop/y\" on 2024-10-04",
        ),
    ] {
        let damaged = copies.path().join("damaged.db");
        fs::copy(&file, &damaged).unwrap();
        rusqlite::Connection::open(&damaged).unwrap().execute_batch(sql).unwrap();
        let into = copies.path().join("into");
        let error = restore(&damaged, &into, false, &mut quietly).unwrap_err();
        assert!(error.to_string().contains(what), "{name}: {error}");
        assert!(!into.exists(), "{name}");
    }
}

#[test]
fn a_damaged_store_is_not_backed_up() {
    let [data, copies] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    fill(data.path());
    let changed = rusqlite::Connection::open(data.path().join("slowburn.db")).unwrap();
    changed.execute_batch("UPDATE archive SET body = zeroblob(9) WHERE key = 'shop/y'").unwrap();
    drop(changed);
    let error = backup(data.path(), &copies.path().join("copy.db"), &mut quietly).unwrap_err();
    assert!(error.to_string().contains("the history of \"shop/y\" on 2024-10-04"), "{error}");
    assert_eq!(names(copies.path()), Vec::<String>::new(), "nothing is left behind");
}

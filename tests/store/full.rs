//! A disk without room: errors, no damage, and writing goes on when there is room again.

use crate::child;
use crate::model::{noise, part};
use slowburn::store::{Checkpoint, Loaded, OpenError, Store, StoreErrorKind};
use std::fs;
use std::process::Command;

const MIB: usize = 1 << 20;

/// Appends until that fails; returns what was acknowledged and the error's kind.
fn append_until_full(store: &mut Store) -> (Vec<Vec<u8>>, StoreErrorKind) {
    let mut acknowledged = Vec::new();
    for i in 0..1000 {
        let block = noise(i, 50_000);
        match store.append(&block) {
            Ok(()) => acknowledged.push(block),
            Err(error) => return (acknowledged, error.kind()),
        }
    }
    panic!("1000 blocks of 50 kB were no trouble");
}

fn big() -> Checkpoint {
    Checkpoint { upsert: vec![part("big", &noise(7, MIB))], ..Checkpoint::default() }
}

/// Runs where there is room for 12 MiB.
#[test]
fn child_fills_the_disk() {
    let Some(dir) = child::dir() else { return };
    let (ballast, data) = (dir.join("ballast"), dir.join("data"));
    fs::write(&ballast, noise(0, 6 * MIB)).unwrap();
    let (mut store, _) = Store::open(&data).unwrap();
    let (mut journal, kind) = append_until_full(&mut store);
    assert_eq!(kind, StoreErrorKind::Full);
    assert_eq!(store.checkpoint(big()).unwrap_err().kind(), StoreErrorKind::Full);
    assert_eq!(store.archive_reader().unwrap().archive("k", 0..=9).unwrap(), [], "reading still works");

    fs::remove_file(&ballast).unwrap();
    store.append(b"there is room again").unwrap();
    journal.push(b"there is room again".to_vec());
    let _ = fs::write(&ballast, noise(0, 12 * MIB));
    drop(store);
    match Store::open(&data) {
        Ok((_, loaded)) => assert!(loaded.journal == journal, "opened on a full disk"),
        Err(error) => assert!(matches!(error, OpenError::Full { .. }), "opened on a full disk: {error}"),
    }

    fs::remove_file(&ballast).unwrap();
    let (mut store, loaded) = Store::open(&data).unwrap();
    assert!(loaded.journal == journal, "what was acknowledged is there");
    store.checkpoint(big()).unwrap();
    store.append(b"next").unwrap();
    drop(store);
    let (_, loaded) = Store::open(&data).unwrap();
    assert!(loaded == Loaded { parts: big().upsert.into_iter().collect(), journal: vec![b"next".to_vec()] });
    println!("survived");
}

/// Runs where no file may grow beyond 2 MiB, and tells how many blocks were acknowledged before that.
#[test]
fn child_meets_a_limit() {
    let Some(dir) = child::dir() else { return };
    let (mut store, _) = Store::open(&dir).unwrap();
    let (acknowledged, kind) = append_until_full(&mut store);
    assert!(matches!(kind, StoreErrorKind::Full | StoreErrorKind::Io), "{kind:?}");
    // The log begins anew, so that it takes more than is left of its room.
    store
        .checkpoint(Checkpoint { upsert: vec![part("big", &noise(7, 3 * MIB))], ..Checkpoint::default() })
        .unwrap_err();
    println!("survived {}", acknowledged.len());
}

/// The last line that a child wrote, without its first word `survived`.
fn survived(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("survived"));
    line.map(|(_, rest)| rest.trim().to_owned())
        .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// A small file system of its own where the system lets the test have one, which ends with the child; everywhere else
/// a limit on the size of files, which is the next thing to it.
#[test]
fn a_full_disk_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=12m tmpfs \"$SLOWBURN_TEST_CHILD\"";
    for wrapper in [&["unshare", "--mount"][..], &["unshare", "--map-root-user", "--mount"]] {
        let probe = Command::new(wrapper[0])
            .args(&wrapper[1..])
            .args(["sh", "-c", mount])
            .env("SLOWBURN_TEST_CHILD", dir.path())
            .output();
        if probe.is_ok_and(|probe| probe.status.success()) {
            let script = format!("{mount} && exec \"$@\"");
            survived(child::shell(wrapper, &script, "full::child_fills_the_disk", dir.path()));
            return;
        }
    }
    println!("no file system could be mounted; a limit on the size of files stands in for it");
    a_limit_on_the_size_of_files_is_survived();
}

#[test]
fn a_limit_on_the_size_of_files_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    // Ignored signals stay ignored in the program that the shell becomes, so that the limit gives an error.
    let script = "trap '' XFSZ; ulimit -f 4096 && exec \"$@\"";
    let acknowledged = survived(child::shell(&[], script, "full::child_meets_a_limit", dir.path()));
    let acknowledged: u64 = acknowledged.parse().unwrap();
    assert!(acknowledged > 5, "{acknowledged}");
    let (mut store, loaded) = Store::open(dir.path()).unwrap();
    let blocks: Vec<_> = (0..acknowledged).map(|i| noise(i, 50_000)).collect();
    assert!(loaded.journal == blocks, "what was acknowledged is there");
    store.checkpoint(big()).unwrap();
    store.append(b"next").unwrap();
    drop(store);
    assert_eq!(Store::open(dir.path()).unwrap().1.journal, [b"next"]);
}

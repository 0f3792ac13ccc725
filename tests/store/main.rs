//! The embedded store through its public face: what is written comes back, whatever happens in between.

mod backup;
mod child;
mod damage;
mod faults;
#[path = "../support/faulty_disk.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod faulty_disk;
mod first_page;
mod formats;
mod full;
mod kill;
mod lives;
mod model;
mod pieces;
mod refuse;
mod salvage;
mod torture;
mod unreadable;

use model::{day, part};
use slowburn::store::{Checkpoint, Cover, Loaded, Piece, Store, StoreErrorKind, Writer};
use std::sync::Arc;

#[test]
fn what_was_written_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made/on/the/way");
    let (mut store, loaded) = Store::open(&path).unwrap();
    assert_eq!(loaded, Loaded::default());
    store.append(b"one").unwrap();
    store.append(b"").unwrap();
    drop(store);

    let (mut store, loaded) = Store::open(&path).unwrap();
    assert_eq!(loaded, Loaded { parts: [].into(), journal: vec![b"one".to_vec(), vec![]] });
    let upsert = vec![part("a", b"1"), part("b", &[7; 50_000])];
    store.checkpoint(Checkpoint { upsert, ..Checkpoint::default() }).unwrap();
    store.append(b"three").unwrap();
    drop(store);

    let (mut store, loaded) = Store::open(&path).unwrap();
    assert_eq!(loaded.parts, [part("a", b"1"), part("b", &[7; 50_000])].into());
    assert_eq!(loaded.journal, [b"three"]);
    let delete = vec!["b".to_owned(), "never there".to_owned()];
    store
        .checkpoint(Checkpoint { upsert: vec![part("a", b"2"), part("é", b"3")], delete, ..Checkpoint::default() })
        .unwrap();
    drop(store);

    let (_, loaded) = Store::open(&path).unwrap();
    assert_eq!(loaded, Loaded { parts: [part("a", b"2"), part("é", b"3")].into(), journal: vec![] });
}

#[test]
fn history_is_read_by_key_and_day() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let archive = [-3, 0, 5, 6].iter().flat_map(|d| [day("k", *d, &[*d as u8; 300]), day("other", *d, b"x")]).collect();
    store.checkpoint(Checkpoint { archive, ..Checkpoint::default() }).unwrap();
    store.checkpoint(Checkpoint { archive: vec![day("k", 5, b"new")], ..Checkpoint::default() }).unwrap();
    let reader = store.archive_reader().unwrap();
    let days = |range| reader.archive("k", range).unwrap().into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    for (name, range, expected) in [
        ("all", i32::MIN..=i32::MAX, &[-3, 0, 5, 6][..]),
        ("inside", 0..=5, &[0, 5]),
        ("between days", 1..=4, &[]),
        ("before", -9..=-4, &[]),
        ("after", 7..=9, &[]),
        #[allow(clippy::reversed_empty_ranges)]
        ("reversed", 5..=0, &[]),
    ] {
        assert_eq!(days(range), expected, "{name}");
    }
    assert_eq!(reader.archive("k", 5..=6).unwrap(), [(5, b"new".to_vec()), (6, vec![6; 300])]);
    assert_eq!(reader.archive("nobody", 0..=9).unwrap(), []);
    assert_eq!(store.archive_reader().unwrap().archive("k", 5..=5).unwrap(), [(5, b"new".to_vec())]);

    store.checkpoint(Checkpoint { drop_archive_before: Some(5), ..Checkpoint::default() }).unwrap();
    assert_eq!(days(i32::MIN..=i32::MAX), [5, 6], "the reader sees what was committed");
}

#[test]
fn history_is_read_from_other_threads_while_the_writer_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let write = |store: &mut Store, n: u8| {
        let archive = (0..200).map(|d| day("k", d, &[n; 500])).collect();
        store.checkpoint(Checkpoint { archive, ..Checkpoint::default() })
    };
    write(&mut store, 0).unwrap();
    let reader = Arc::new(store.archive_reader().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let days = reader.archive("k", 0..=1000).unwrap();
                    assert_eq!(days.len(), 200);
                    assert!(days.iter().all(|(_, body)| *body == days[0].1), "all days are of one checkpoint");
                }
            });
        }
        for n in 1..30 {
            write(&mut store, n).unwrap();
            store.append(&[n; 1000]).unwrap();
        }
    });
}

#[tokio::test]
async fn the_writer_thread_keeps_order_and_gives_the_directory_free() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let reader = store.archive_reader().unwrap();
    let writer = Writer::spawn(store).unwrap();
    writer.append(b"dropped by the checkpoint".to_vec()).await.unwrap();
    let begun = writer.begin(Cover::Appended).await;
    writer.append(b"kept, though the checkpoint is not asked for its packer yet".to_vec()).await.unwrap();
    let checkpoint = tokio::task::spawn_blocking(move || {
        let (mut handle, mut packer) = begun.wait().unwrap();
        let piece = Piece { upsert: vec![part("a", b"1")], ..Piece::default() };
        handle.stage(packer.seal(piece).unwrap()).unwrap();
        handle.switch().unwrap();
        while handle.sweep(None).unwrap() {}
    });
    checkpoint.await.unwrap();
    let all = (0..50u8).map(|i| writer.append(vec![i]));
    for result in futures_util::future::join_all(all).await {
        result.unwrap();
    }
    let error = writer.append(vec![0; slowburn::store::MAX_BODY + 1]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    let files = ["slowburn.db", "slowburn.db-wal"].map(|file| std::fs::metadata(dir.path().join(file)).unwrap().len());
    assert!(files[1] > 0, "the log counts, too");
    assert_eq!(reader.size(), files.iter().sum::<u64>());
    writer.shutdown().await;
    let (_, loaded) = Store::open(dir.path()).unwrap();
    assert_eq!(loaded.parts, [part("a", b"1")].into());
    assert!(loaded.journal[0].starts_with(b"kept"), "{:?}", loaded.journal);
    assert_eq!(loaded.journal[1..], (0..50).map(|i| vec![i]).collect::<Vec<_>>());
}

//! What lies below the public face: waiting for the disk, bounds, room that is used again, readers beside the writer.

use super::*;

fn block(i: u32, length: usize) -> Vec<u8> {
    let mut noise = vec![0; length];
    fastrand::Rng::with_seed(u64::from(i)).fill(&mut noise);
    noise
}

fn part(key: &str, body: &[u8]) -> (String, Vec<u8>) {
    (key.to_owned(), body.to_owned())
}

fn limit_pages(store: &mut Store, pages: i64) {
    store
        .database
        .connection()
        .unwrap()
        .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        .unwrap();
}

fn pragma(store: &mut Store, name: &str) -> i64 {
    store.database.connection().unwrap().pragma_query_value(None, name, |row| row.get(0)).unwrap()
}

#[test]
fn every_commit_waits_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    assert_eq!(pragma(&mut store, "synchronous"), 2, "FULL");
    assert_eq!(pragma(&mut store, "auto_vacuum"), 2, "INCREMENTAL");
    let connection = store.database.connection().unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_full_database_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    store.append(&block(0, 10_000)).unwrap();
    let pages = pragma(&mut store, "page_count");
    limit_pages(&mut store, pages + 4);
    let append = store.append(&block(1, 100_000)).unwrap_err();
    assert_eq!(append.kind(), StoreErrorKind::Full, "{append}");
    let upsert = vec![part("a", &block(2, 100_000))];
    let checkpoint = store.checkpoint(Checkpoint { upsert: upsert.clone(), ..Checkpoint::default() }).unwrap_err();
    assert_eq!(checkpoint.kind(), StoreErrorKind::Full, "{checkpoint}");
    store.append(&block(3, 1000)).expect("a small block still fits");

    limit_pages(&mut store, 1_000_000);
    store.append(&block(4, 100_000)).expect("there is room again");
    drop(store);
    let (mut store, loaded) = Store::open(dir.path()).unwrap();
    assert_eq!(loaded.journal, [block(0, 10_000), block(3, 1000), block(4, 100_000)]);
    store.checkpoint(Checkpoint { upsert: upsert.clone(), ..Checkpoint::default() }).unwrap();
    drop(store);
    let (_, loaded) = Store::open(dir.path()).unwrap();
    assert_eq!(loaded, Loaded { parts: upsert.into_iter().collect(), journal: vec![] });
}

#[test]
fn a_body_beyond_the_bound_is_refused_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let error = store.append(&vec![0; MAX_BODY + 1]).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    assert_eq!(
        error.to_string(),
        "the store can't write the journal: a body of 268435457 bytes is larger than 268435456"
    );
    store.append(b"next").unwrap();
    drop(store);
    assert_eq!(Store::open(dir.path()).unwrap().1.journal, [b"next"]);
}

#[test]
fn room_is_used_again_and_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let mut sizes = Vec::new();
    for round in 0..6u32 {
        for i in 0..60 {
            store.append(&block(round * 100 + i, 100_000)).unwrap();
            assert!(store.size() < 40 << 20, "{}", store.size());
        }
        store.checkpoint(Checkpoint { upsert: vec![part("a", &block(round, 1000))], ..Checkpoint::default() }).unwrap();
        sizes.push(store.size());
    }
    assert_eq!(sizes[1], sizes[5], "the journal's room is used again: {sizes:?}");
    for i in 0..400 {
        store.append(&block(i, 100_000)).unwrap();
    }
    let large = store.size();
    for _ in 0..3 {
        store.checkpoint(Checkpoint::default()).unwrap();
    }
    assert!(large > 38 << 20 && store.size() < 10 << 20, "room is given back: {large} to {}", store.size());
    drop(store);
    assert_eq!(Store::open(dir.path()).unwrap().1.parts["a"], block(5, 1000));
}

#[test]
fn a_reader_never_makes_the_writer_wait() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let day = |body: &[u8]| Checkpoint {
        archive: vec![ArchiveDay { key: "k".into(), day: 1, body: body.into() }],
        ..Checkpoint::default()
    };
    store.checkpoint(day(b"old")).unwrap();
    let reader = Connection::open(&store.path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM archive;").unwrap();
    // Each of these would fail at once with SQLITE_BUSY where it had to wait, as the writer's patience is zero.
    for i in 0..50 {
        store.append(&block(i, 100_000)).unwrap();
    }
    store.checkpoint(day(b"new")).unwrap();
    assert_eq!(archive::read(&reader, "k", &(0..=9)).unwrap(), [(1, b"old".to_vec())], "the reader's own moment");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(archive::read(&reader, "k", &(0..=9)).unwrap(), [(1, b"new".to_vec())]);
    store.checkpoint(Checkpoint::default()).unwrap();
    assert!(fs::metadata(dir.path().join("slowburn.db-wal")).unwrap().len() == 0, "the log is reset when it can be");
}

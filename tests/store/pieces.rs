//! A checkpoint that is written piece by piece: in force as a whole, or not at all.

use crate::model::{day, noise, part};
use slowburn::store::{Cover, Loaded, Piece, Store};
use std::path::Path;

fn upsert(parts: &[(&str, &[u8])]) -> Piece {
    Piece { upsert: parts.iter().map(|(key, body)| part(key, body)).collect(), ..Piece::default() }
}

fn stage(store: &mut Store, cover: Cover, pieces: Vec<Piece>) {
    let mut packer = store.begin(cover).unwrap();
    for piece in pieces {
        store.stage(packer.seal(piece).unwrap()).unwrap();
    }
}

fn finish(store: &mut Store) {
    store.switch().unwrap();
    while store.sweep(None).unwrap() {}
}

fn reopened(dir: &Path, store: Store) -> (Store, Loaded) {
    drop(store);
    Store::open(dir).unwrap()
}

fn loaded(parts: &[(&str, &[u8])], journal: &[&[u8]]) -> Loaded {
    let parts = parts.iter().map(|(key, body)| part(key, body)).collect();
    Loaded { parts, journal: journal.iter().map(|block| block.to_vec()).collect() }
}

#[test]
fn appends_go_on_between_the_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    store.append(b"1").unwrap();
    let mut packer = store.begin(Cover::Appended).unwrap();
    store.stage(packer.seal(upsert(&[("a", b"A")])).unwrap()).unwrap();
    store.append(b"2").unwrap();
    let dense = Piece { dense: vec![part("d", &noise(1, 9000))], ..Piece::default() };
    store.stage(packer.seal(dense).unwrap()).unwrap();
    store.append(b"3").unwrap();

    let (mut store, found) = reopened(dir.path(), store);
    assert_eq!(found, loaded(&[], &[b"1", b"2", b"3"]), "nothing is in force before the switch");

    stage(&mut store, Cover::Appended, vec![upsert(&[("a", b"A2")])]);
    store.append(b"4").unwrap();
    finish(&mut store);
    store.append(b"5").unwrap();
    let (_, found) = reopened(dir.path(), store);
    assert_eq!(found, loaded(&[("a", b"A2")], &[b"4", b"5"]), "and all of it afterwards");
}

#[test]
fn what_a_checkpoint_does_not_name_stays_and_what_it_removes_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    stage(&mut store, Cover::Everything, vec![upsert(&[("a", b"1"), ("b", b"1"), ("c", b"1")])]);
    finish(&mut store);
    let second = Piece { delete: vec!["c".into(), "never".into()], ..upsert(&[("b", b"2")]) };
    stage(&mut store, Cover::Appended, vec![second]);
    finish(&mut store);
    let (mut store, found) = reopened(dir.path(), store);
    assert_eq!(found, loaded(&[("a", b"1"), ("b", b"2")], &[]));
    stage(&mut store, Cover::Appended, vec![upsert(&[("c", b"3")])]);
    finish(&mut store);
    assert_eq!(reopened(dir.path(), store).1, loaded(&[("a", b"1"), ("b", b"2"), ("c", b"3")], &[]));
}

/// A crash after the switch and before the sweep leaves rows that must not count, nor come back.
#[test]
fn what_was_not_swept_up_never_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    stage(&mut store, Cover::Everything, vec![upsert(&[("a", b"1"), ("b", b"1")])]);
    store.switch().unwrap();
    stage(&mut store, Cover::Everything, vec![Piece { delete: vec!["b".into()], ..upsert(&[("a", b"2")]) }]);
    store.switch().unwrap();
    let (mut store, found) = reopened(dir.path(), store);
    assert_eq!(found, loaded(&[("a", b"2")], &[]));
    while store.sweep(None).unwrap() {}
    let (store, found) = reopened(dir.path(), store);
    assert_eq!(found, loaded(&[("a", b"2")], &[]));
    drop(store);
    let rows = rusqlite::Connection::open(dir.path().join("slowburn.db")).unwrap();
    let count: i64 = rows.query_row("SELECT count(*) FROM part", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1, "what does not count is removed");
}

/// Parts of a checkpoint that was cut off, of a life that came out otherwise, must not mix with a later checkpoint.
#[test]
fn a_checkpoint_that_was_cut_off_never_counts_whatever_follows() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    stage(&mut store, Cover::Everything, vec![upsert(&[("a", b"1"), ("b", b"1")])]);
    finish(&mut store);
    stage(&mut store, Cover::Appended, vec![upsert(&[("a", b"wrong"), ("x", b"wrong")])]);
    for round in 0..3u8 {
        let (mut again, found) = reopened(dir.path(), store);
        let body = [b'0' + round];
        let b: &[u8] = if round == 0 { b"1" } else { &[b'0' + round - 1] };
        assert_eq!(found, loaded(&[("a", b"1"), ("b", b)], &[]), "round {round}");
        stage(&mut again, Cover::Appended, vec![upsert(&[("b", &body)])]);
        again.switch().unwrap();
        if round == 1 {
            while again.sweep(None).unwrap() {}
        }
        store = again;
    }
}

#[test]
fn a_checkpoint_that_was_given_up_can_not_be_finished() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    assert!(store.switch().is_err(), "none was begun");
    let mut first = store.begin(Cover::Appended).unwrap();
    let mut second = store.begin(Cover::Appended).unwrap();
    store.stage(first.seal(upsert(&[("a", b"1")])).unwrap()).unwrap_err();
    store.stage(second.seal(upsert(&[("b", b"1")])).unwrap()).unwrap();
    finish(&mut store);
    assert_eq!(reopened(dir.path(), store).1, loaded(&[("b", b"1")], &[]));
}

#[test]
fn old_history_is_dropped_bit_by_bit() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let archive = (0..1300).map(|i| day(&format!("k{i}"), i % 2, b"x")).collect();
    stage(&mut store, Cover::Appended, vec![Piece { archive, ..Piece::default() }]);
    store.switch().unwrap();
    let mut sweeps = 1;
    while store.sweep(Some(1)).unwrap() {
        sweeps += 1;
    }
    assert!(sweeps > 1, "{sweeps}");
    assert_eq!(store.archive_reader().unwrap().archive("k0", 0..=9).unwrap(), []);
    assert_eq!(store.archive_reader().unwrap().archive("k1", 0..=9).unwrap().len(), 1);
}

/// Large stores are read by several threads.
#[test]
fn many_parts_come_back_and_a_damaged_one_among_them_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    let parts: Vec<_> = (0..1000).map(|number| part(&format!("p/{number:04}"), &noise(number, 2000))).collect();
    stage(&mut store, Cover::Everything, vec![Piece { dense: parts.clone(), ..Piece::default() }]);
    finish(&mut store);
    let (store, found) = reopened(dir.path(), store);
    assert!(found == Loaded { parts: parts.into_iter().collect(), journal: Vec::new() });
    drop(store);

    let file = dir.path().join("slowburn.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for number in [300, 700] {
        let body = noise(number, 2000);
        let at = bytes.windows(64).position(|window| *window == body[..64]).unwrap();
        bytes[at] ^= 1;
    }
    std::fs::write(&file, bytes).unwrap();
    let error = Store::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("\"p/0300\""), "the first one in the file: {error}");
}

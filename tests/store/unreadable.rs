//! Bodies that are what was written, and say what can't be understood.

use crate::lives;
use slowburn::engine::{persist, salvage};
use slowburn::store::{Checkpoint, Store};
use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Puts other bytes of the same length into the one place where a part says this.
fn say_otherwise(body: &mut [u8], this: &str, other: &str) {
    let place = body.windows(this.len()).position(|bytes| bytes == this.as_bytes()).expect("it is said");
    body[place..place + this.len()].copy_from_slice(other.as_bytes());
}

/// A definition of a later slowburn, or one that a mistake of ours wrote: checksums don't help there.
#[test]
fn a_stored_definition_that_cannot_be_read_is_named_by_the_start_and_by_salvage_and_costs_its_part() {
    for (name, this, other, reason) in [
        ("no JSON", "\"objective\":", "\"objective\"!", "expected `:`"),
        ("a key that is missing", "\"objective\":", "\"objectivE\":", "missing field `objective`"),
        ("another kind of value", "\"by\":[\"instance\"]", "\"by\":\"[instance]\"", "invalid type: string"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        lives::write_into(dir.path(), &lives::life());
        let (mut store, loaded) = Store::open(dir.path()).unwrap();
        let mut parts = persist::parts(&persist::recover(loaded).unwrap().0).unwrap();
        say_otherwise(parts.get_mut("slos/000000").unwrap(), this, other);
        store.checkpoint(Checkpoint { upsert: parts.into_iter().collect(), ..Checkpoint::default() }).unwrap();
        drop(store);

        let (store, loaded) = Store::open(dir.path()).expect("every checksum is right");
        let error = persist::recover(loaded).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "a definition in the stored part \"slos/000000\" can't be read", "{name}");
        let source = error.source().expect("it says why").to_string();
        assert!(source.contains(reason), "{name}: {source}");
        drop(store);

        let said = started(dir.path());
        for part in ["can't recover the state from ", "`slowburn salvage`", &error.to_string(), reason] {
            assert!(said.contains(part), "{name}: {said}");
        }
        let report = salvage::salvage(dir.path(), &lives::life_setup()).unwrap().expect("there is damage");
        assert!(report.lost.contains(&error.to_string()), "{name}: {:?}", report.lost);
        assert!(report.lost.iter().any(|lost| lost == "the budget of shop/requests: it begins anew"), "{name}");
        assert_eq!(report.targets, 2, "{name}: the rest is saved");
        persist::recover(Store::open(dir.path()).unwrap().1).expect("it starts again");
    }
}

/// What `slowburn run` says when it does not start.
fn started(dir: &Path) -> String {
    let config = dir.join("slowburn.yaml");
    std::fs::write(&config, "slo_files: []\nscrape_configs: []\nstorage: {path: .}\n").unwrap();
    let run = ["run", "--web.listen", "127.0.0.1:0", "--config"];
    let output = Command::new(env!("CARGO_BIN_EXE_slowburn")).args(run).arg(config).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

//! Files of every format there was: they open, tell what they told, and go on. None of them is ever changed.

use crate::lives::{self, LIVED};
use crate::model::{events, fill};
use slowburn::domain::slo::Slo;
use slowburn::domain::state::State;
use slowburn::domain::status::SloStatus;
use slowburn::domain::stored_slo::Definitions;
use slowburn::engine::persist;
use slowburn::store::codec::Decoder;
use slowburn::store::{Loaded, Store};
use std::path::Path;
use std::sync::Arc;

/// A copy of a fixture as a data directory.
fn opened(fixture: &str) -> (tempfile::TempDir, Store, Loaded) {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
    std::fs::copy(&fixture, dir.path().join("slowburn.db")).unwrap();
    let (store, loaded) = Store::open(dir.path()).unwrap_or_else(|error| panic!("{fixture:?}: {error}"));
    (dir, store, loaded)
}

#[test]
fn the_smallest_store_of_each_format_is_read_and_goes_on() {
    for fixture in ["store-v1.db", "store-v2.db", "store-v3.db", "store-v4.db"] {
        let new = tempfile::tempdir().unwrap();
        let (dir, mut store, loaded) = opened(fixture);
        assert_eq!(loaded, fill(new.path()), "{fixture}");
        let days = store.archive_reader().unwrap().archive("shop/x", 20_000..=20_001).unwrap();
        assert_eq!(days, [(20_000, b"a day".to_vec()), (20_001, vec![9; 500])], "{fixture}");
        let mut decoder = Decoder::new();
        let decoded: Vec<_> = loaded.journal.iter().flat_map(|block| decoder.decode(block).unwrap()).collect();
        assert_eq!(decoded, events(), "{fixture}");
        store.append(b"and goes on").unwrap();
        drop(store);
        let (mut store, again) = Store::open(dir.path()).unwrap();
        assert_eq!((&again.parts, &again.journal[2][..]), (&loaded.parts, &b"and goes on"[..]), "{fixture}");
        store.checkpoint(Default::default()).unwrap();
        drop(store);
        let expected = Loaded { parts: loaded.parts, journal: vec![] };
        assert_eq!(Store::open(dir.path()).unwrap().1, expected, "{fixture} after a checkpoint");
    }
}

fn statuses(state: &State) -> Vec<SloStatus> {
    state.statuses().map(|status| SloStatus::clone(status)).collect()
}

/// The last evaluation of a recovered state; a checkpoint holds no statuses.
fn recovered(loaded: Loaded) -> State {
    persist::recover(loaded).expect("it can be read").0
}

#[test]
fn an_engine_of_each_format_is_recovered() {
    let live = lives::lived(&lives::life());
    for fixture in ["engine-v1.db", "engine-v2.db", "engine-v3.db", "engine-v4.db"] {
        let (_dir, store, loaded) = opened(fixture);
        let state = recovered(loaded);
        assert_eq!(state.core, live.core, "{fixture}");
        assert_eq!(state.totals(), live.totals(), "{fixture}: every event is counted once");
        assert_eq!(statuses(&state).len(), 3, "{fixture}");
        for (found, expected) in statuses(&state).iter().zip(statuses(&live)) {
            assert_eq!((&found.id, &found.group, found.state), (&expected.id, &expected.group, expected.state));
            let near = |a: f64, b: f64| (a - b).abs() <= 0.005 * b.abs().max(1.0);
            for (a, b) in found.burn_rates.iter().zip(&expected.burn_rates) {
                assert!(near(a.total, b.total) && near(a.bad, b.bad), "{fixture}: {a:?} is not near {b:?}");
            }
            assert!(near(found.sli.total, expected.sli.total), "{fixture}: {found:?}");
        }
        let key = slowburn::domain::slo_state::counting_key(&state.slos[0].spec);
        let days =
            store.archive_reader().unwrap().archive(&format!("{key}{{instance=\"a:1\"}}"), 0..=i32::MAX).unwrap();
        assert!(!days.is_empty(), "{fixture}: charts of old days are there");
    }
}

/// What the present code writes it reads, with the very same result as if it had never stopped.
#[test]
fn an_engine_of_the_present_format_is_recovered_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let life = lives::life();
    let before = lives::lived(&life[..1 + 2 * LIVED as usize]);
    lives::write_into(dir.path(), &life);
    let (_store, loaded) = Store::open(dir.path()).unwrap();
    let at_checkpoint = recovered(Loaded { parts: loaded.parts.clone(), journal: vec![] });
    for (found, expected) in at_checkpoint.slos.iter().zip(&before.slos) {
        for (found, expected) in found.groups.values().zip(expected.groups.values()) {
            assert_eq!(
                (&found.events, &found.slices, &found.burn),
                (&expected.events, &expected.slices, &expected.burn)
            );
        }
    }
    let (state, live) = (recovered(loaded), lives::lived(&life));
    assert_eq!(statuses(&state), statuses(&live));
    assert_eq!(format!("{:?}", state.core), format!("{:?}", live.core));
}

/// Definitions that are known need not be read, in whatever order they are stored; others are.
#[test]
fn definitions_that_are_known_are_shared_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    lives::write_into(dir.path(), &lives::life());
    let (_store, loaded) = Store::open(dir.path()).unwrap();
    let expected = recovered(loaded.clone());
    let known = lives::life_setup().slos;
    let mut changed = known.clone();
    Arc::make_mut(&mut changed[1]).description.push_str(", in other words");
    let turned: Vec<_> = known.iter().rev().cloned().collect();
    for (name, definitions, shared) in
        [("all", &known, [true, true]), ("one", &changed, [true, false]), ("turned", &turned, [true, true])]
    {
        let (state, _) = persist::recover_knowing(loaded.clone(), &Definitions::of(definitions)).unwrap();
        assert_eq!(state.setup, expected.setup, "{name}");
        assert_eq!(persist::parts(&state).unwrap(), persist::parts(&expected).unwrap(), "{name}");
        let is_shared = |slo: &Arc<Slo>| definitions.iter().any(|known| Arc::ptr_eq(known, slo));
        assert_eq!([0, 1].map(|slo| is_shared(&state.slos[slo].spec)), shared, "{name}");
        let setup = state.setup.unwrap();
        assert_eq!(setup.slos.iter().all(is_shared), name == "all", "{name}: a setup is known as a whole");
    }
}

//! The inputs that fuzzing found and that were kept in `fuzz/corpus`, through the checks of their targets: what was mended
//! stays mended. See `docs/testing.md`.

#[path = "../../fuzz/bodies/mod.rs"]
mod bodies;

use std::path::Path;

/// Runs a target's check on every input kept for it; an input that fails is named.
fn check_all(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<_> = corpus.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() > 20, "{} holds inputs", corpus.display());
    let fails = |input: &&std::path::PathBuf| {
        let data = std::fs::read(input).unwrap();
        std::panic::catch_unwind(|| check(&data)).is_err()
    };
    let failing: Vec<_> = inputs.iter().filter(fails).collect();
    assert!(failing.is_empty(), "{failing:#?}");
}

#[test]
fn exposition() {
    check_all("exposition", bodies::exposition::check);
}

#[test]
fn promql() {
    check_all("promql", bodies::promql::check);
}

#[test]
fn config() {
    check_all("config", bodies::config::check);
}

#[test]
fn slos() {
    check_all("slos", bodies::slos::check);
}

//! Holds the code to the map in `ARCHITECTURE.md`: which room may know which, and who may touch the world.
//!
//! Reads the sources as text. Comments and tests inside files are left aside, since both may speak of anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms, and the rooms that each may know besides itself. What is not here may know nothing.
const MAP: [(&str, &[&str]); 21] = [
    ("domain", &[]),
    ("cores", &[]),
    ("clock", &["domain"]),
    ("telemetry", &["clock", "domain"]),
    ("metrics", &[]),
    ("view", &["domain"]),
    ("spec", &["config", "cores", "domain"]),
    ("config", &["domain", "spec"]),
    ("http", &["clock", "config", "domain"]),
    ("store", &["cores", "domain"]),
    ("source", &["clock", "config", "domain", "http", "view"]),
    ("notify", &["clock", "config", "domain", "http"]),
    ("web", &["clock", "domain", "metrics", "view"]),
    ("engine", &["clock", "config", "cores", "domain", "metrics", "notify", "source", "store", "view"]),
    ("replay", &["config", "domain", "http", "source", "spec"]),
    ("export", &["domain", "spec"]),
    ("suite", &["config", "domain", "replay"]),
    ("demo", &["clock", "config", "domain", "notify", "source"]),
    ("app", &["clock", "config", "domain", "engine", "metrics", "notify", "source", "store", "view", "web"]),
    // Commands join what they need; nobody knows them but main.
    (
        "cli",
        &[
            "app",
            "clock",
            "config",
            "demo",
            "domain",
            "engine",
            "export",
            "http",
            "notify",
            "replay",
            "source",
            "spec",
            "store",
            "suite",
            "telemetry",
            "view",
        ],
    ),
    ("main", &["cli"]),
];

/// Words that only some files may hold, each with those files or folders and the reason.
const ONLY: [(&[&str], &[&str], &str); 5] = [
    // clippy.toml watches over `Instant::now`, for it can tell the system's clock from tokio's timers.
    (&["SystemTime::now", "Utc::now", "Local::now"], &["clock.rs"], "only clock.rs reads a clock"),
    (
        &["Client::builder", "Client::new", "reqwest::get", "HttpConnector"],
        &["http/"],
        "only http/ opens connections for HTTP",
    ),
    (&["rusqlite"], &["store/"], "only store/ knows the database"),
    (&["lettre::transport"], &["notify/email/"], "only notify/email/ speaks SMTP"),
    (&["std::process::Command", "tokio::process"], &[], "slowburn starts no other program"),
];

/// What the pure rooms must not hold.
const IMPURE: [&str; 12] = [
    "tokio",
    "async ",
    ".await",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::thread",
    "fastrand",
    "tracing",
    "println!",
    "std::time::Instant",
];
const PURE: [&str; 4] = ["domain/", "export/", "spec/", "source/exposition/"];

/// A source file: its path below `src/`, and its text without comments and tests.
struct Source {
    path: String,
    text: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    assert!(found.len() > 100, "the sources were found");
    let source = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        let path = path.strip_prefix(&root).unwrap().display().to_string();
        Source { code: code.join("\n"), text, path }
    };
    found.into_iter().map(source).collect()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension() == Some("rs".as_ref()) {
            found.push(path);
        }
    }
}

/// Whole files of tests may use what they like.
fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs")
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The rooms that a file names, as `crate::room` or in `crate::{room, …}`.
fn known(code: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => _ = found.insert(rest.split(|c| !is_word(c)).next().unwrap_or_default().to_owned()),
            Some(group) => {
                // Names directly inside the braces, not those of inner groups.
                let (mut depth, mut name) = (0, String::new());
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => _ = found.insert(std::mem::take(&mut name)),
                        _ if depth == 0 => name.push(c),
                        _ => {}
                    }
                }
                found.insert(name);
            }
        }
    }
    let first = |name: &String| name.trim().split("::").next().unwrap_or_default().to_owned();
    found.iter().map(first).filter(|name| !name.is_empty()).collect()
}

#[test]
fn rooms_know_only_the_rooms_that_the_map_allows() {
    let map: BTreeMap<&str, &[&str]> = MAP.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_test(&source.path) && source.path != "lib.rs") {
        let room = room(&source.path);
        let allowed = map.get(room).unwrap_or_else(|| panic!("the map has no room {room}"));
        for other in known(&source.code) {
            if other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("src/{}: {room} must not know {other}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A map that allows more than there is would hide what comes later.
#[test]
fn the_map_allows_nothing_that_nobody_uses() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| source.path != "lib.rs") {
        used.entry(room(&source.path).to_owned()).or_default().extend(known(&source.code));
    }
    used.entry("main".to_owned()).or_default().insert("cli".to_owned());
    for (room, allowed) in MAP {
        let used = used.get(room).unwrap_or_else(|| panic!("there is no room {room}"));
        let unused: Vec<&&str> = allowed.iter().filter(|other| !used.contains(**other)).collect();
        assert!(unused.is_empty(), "{room} knows no {unused:?}");
    }
}

#[test]
fn what_decides_touches_nothing_outside() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.iter().any(|room| source.path.starts_with(room))) {
        // A method may be called `awaits`.
        let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let holds = |word: &str| {
            word.ends_with("await") && source.code.split(word).skip(1).any(|rest| !goes_on(rest))
                || !word.ends_with("await") && source.code.contains(word)
        };
        let found = IMPURE.iter().filter(|word| holds(word));
        wrong.extend(found.map(|word| format!("src/{} holds {word}", source.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_world_is_touched_in_one_place_each() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_test(&source.path)) {
        for (words, places, reason) in ONLY {
            let word = words.iter().find(|word| source.code.contains(**word));
            if let Some(word) = word.filter(|_| !places.iter().any(|place| source.path.starts_with(place))) {
                wrong.push(format!("src/{} holds {word}: {reason}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !is_test(&source.path) && !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:?} begin without //!");
}

#[test]
fn names_of_rooms_are_found_in_all_ways_of_writing() {
    let code = "use crate::http;\nuse crate::{config::{self, load}, spec,};\nfn f() { crate::clock::now() }";
    let expected = ["clock", "config", "http", "spec"].map(str::to_owned);
    assert_eq!(known(code), BTreeSet::from(expected));
}

/// `message` is where a log line's own sentence is kept: a field of that name would take its place.
#[test]
fn no_log_field_takes_the_place_of_the_message() {
    for source in sources().iter().filter(|source| !is_test(&source.path)) {
        for call in source.code.split("tracing::").skip(1) {
            let call = call.split(");").next().unwrap_or_default();
            let logs = ["error!", "warn!", "info!", "debug!", "trace!"].iter().any(|level| call.starts_with(level));
            assert!(!logs || !call.contains("message ="), "{}: {call}", source.path);
        }
    }
}

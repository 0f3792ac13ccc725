//! slowburn, Prometheus and the truth over the same simulated traffic, for every SLO of the corpus.
//!
//! Where the two differ by more than the moments of scrapes leave open, something must have happened that the contract
//! explains, and slowburn must be the one that is near the truth.

use crate::answers::{Bounds, Group, Truth, ask};
use crate::corpus::{Query, Question, WINDOW, questions};
use crate::imported::Imported;
use crate::server::Server;
use crate::simulation::{Happening, LENGTH, Recording, START, STEP, simulate};
use crate::table::{Line, Point, Row, Table};
use slowburn::config::load;
use slowburn::domain::slo::Slo;
use slowburn::domain::time::Timestamp;
use slowburn::replay::virtual_clock::VirtualClock;
use slowburn::replay::{self, setup_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SEED: u64 = 1;
/// Seconds between two instants that are compared.
const EVERY: i64 = 1200;
/// Windows with fewer events than this are not compared: one event beside the edge would be a large share.
const FEWEST: f64 = 20.0;
/// Longer pairs of windows hold the whole simulation, as the SLO window does.
const LONGEST: i64 = 86_400;

/// An SLO that several files may have alike.
struct Subject {
    query: Query,
    slo: Arc<Slo>,
    /// Files, and what the SLO is called there.
    places: BTreeSet<(String, String)>,
    /// Seconds.
    windows: BTreeSet<i64>,
}

fn subjects(questions: Vec<Question>) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for Question { file, slo, query } in questions {
        let pairs = slo.policy.pairs.iter().flat_map(|pair| [pair.long, pair.short]);
        let within = pairs.map(|window| window.as_secs() as i64).filter(|window| *window <= LONGEST);
        let windows: BTreeSet<i64> = within.chain([slo.window.nominal().as_secs() as i64]).collect();
        let same = |other: &&mut Subject| other.query == query && other.slo.by == slo.by;
        match subjects.iter_mut().find(same) {
            Some(subject) => {
                assert_eq!(subject.slo.indicator, slo.indicator, "{file}");
                subject.places.insert((file, slo.id.name.clone()));
                subject.windows.extend(windows);
            }
            None => {
                let places = [(file, slo.id.name.clone())].into();
                subjects.push(Subject { query, slo, places, windows });
            }
        }
    }
    subjects
}

fn write(pieces: &[String], dir: &Path, name: &str) -> Vec<PathBuf> {
    let full = pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty());
    let write = |(number, piece): (usize, &String)| {
        let path = dir.join(format!("{name}-{number}.om"));
        std::fs::write(&path, format!("{piece}# EOF\n")).expect("written");
        path
    };
    full.map(write).collect()
}

fn server(recording: &Recording, dir: &Path) -> Imported {
    let mut files = write(&recording.samples, dir, "samples");
    files.extend(write(&recording.truth, dir, "truth"));
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    Imported::start(&files, &[])
}

/// slowburn's bad and total events at each instant, by subject, window, instant and group.
type Ours = BTreeMap<(usize, i64, i64), BTreeMap<Group, (f64, f64)>>;

/// The way of `slowburn replay`, stopped at each instant.
fn replay(subjects: &[Subject], recording: &Recording, dir: &Path) -> Ours {
    let mut config = load::load(&main_file(dir), &|_| None).expect("read").config.expect("a configuration");
    let numbered = |(number, subject): (usize, &Subject)| {
        let mut slo = (*subject.slo).clone();
        slo.id.service = number.to_string();
        Arc::new(slo)
    };
    config.setup.slos = subjects.iter().enumerate().map(numbered).collect();
    let text = format!("{}# EOF\n", recording.samples.concat());
    let recording = replay::Recording::read(text.as_bytes(), &config).expect("a recording");
    let (first, _) = recording.range().expect("samples");
    let mut clock = VirtualClock::new(setup_of(&config), first);
    let (mut ours, mut instants) = (Ours::new(), instants().peekable());
    for (at, scrapes) in recording.scrapes() {
        while let Some(instant) = instants.next_if(|instant| instant * 1000 < at.0) {
            look(&clock, subjects, instant, &mut ours);
        }
        clock.play(*at, scrapes.clone(), |_, _| ());
    }
    instants.for_each(|instant| look(&clock, subjects, instant, &mut ours));
    ours
}

/// A main file; its SLOs are of no interest.
fn main_file(dir: &Path) -> PathBuf {
    let slos = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus/sloth/getting-started.yml");
    let main = dir.join("slowburn.yaml");
    let text = format!("global: {{evaluation_interval: 60s}}\nslo_files: ['{}']\n", slos.display());
    std::fs::write(&main, text).expect("written");
    main
}

fn look(clock: &VirtualClock, subjects: &[Subject], instant: i64, ours: &mut Ours) {
    for (number, (subject, slo)) in subjects.iter().zip(&clock.state().slos).enumerate() {
        for window in &subject.windows {
            let (from, to) = (Timestamp::from_secs(instant - window), Timestamp::from_secs(instant));
            let counts = slo.groups.iter().map(|(group, state)| {
                let counts = state.counts(&slo.spec, from, to);
                (group.clone(), (counts.bad, counts.total))
            });
            ours.insert((number, *window, instant), counts.collect());
        }
    }
}

fn instants() -> impl Iterator<Item = i64> {
    (1..=LENGTH / EVERY).map(|number| START + number * EVERY)
}

fn compare(number: usize, subject: &Subject, server: &Server, recording: &Recording, ours: &Ours) -> Vec<Line> {
    let truth = Truth::ask(server, &subject.query, &subject.slo.by);
    let metrics = subject.query.metrics();
    let of_it = |happening: &&Happening| metrics.iter().any(|metric| metric == happening.metric);
    let happenings: Vec<&Happening> = recording.happenings.iter().filter(of_it).collect();
    let line = |window: &i64| {
        let query = subject.query.ratio.replace(WINDOW, &format!("{window}s"));
        let theirs = ask(server, &query, (START + EVERY, START + LENGTH, EVERY), &subject.slo.by);
        let mut line = Line::new(*window);
        for instant in instants() {
            let span = (instant - window, instant);
            for (group, counts) in &ours[&(number, *window, instant)] {
                let bounds = Bounds::new(&truth, group, span, &happenings);
                let true_counts = truth.between(group, span.0, span.1);
                if !bounds.hold(counts.0, counts.1) {
                    let (at, told) = (instant - START, bounds.show());
                    line.contradicted
                        .push(format!("{window} s at {at} {group:?}: {counts:?}, truth {true_counts:?}, {told}"));
                }
                if bounds.certain() >= FEWEST {
                    line.add(&Point {
                        at: instant - START,
                        ours: (counts.1 > 0.0).then(|| counts.0 / counts.1),
                        theirs: theirs.get(group).and_then(|answers| answers.get(&instant)).copied(),
                        truth: true_counts.0 / true_counts.1,
                        slack: bounds.slack(true_counts.0 / true_counts.1),
                        cause: cause(&happenings, span),
                    });
                }
            }
        }
        line
    };
    subject.windows.iter().map(line).collect()
}

/// What happened in a window, the most telling first.
fn cause(happenings: &[&Happening], (from, to): (i64, i64)) -> Option<crate::simulation::What> {
    let inside = happenings.iter().filter(|happening| happening.to >= from - STEP && happening.from <= to);
    inside.map(|happening| happening.what).min()
}

#[test]
fn the_corpus_over_simulated_traffic_is_nearer_to_the_truth_than_prometheus() {
    let (questions, left_out) = questions();
    let subjects = subjects(questions);
    let dir = tempfile::tempdir().expect("a directory");
    let recording = simulate(SEED);
    let server = server(&recording, dir.path());
    let ours = replay(&subjects, &recording, dir.path());
    let row = |(number, subject): (usize, &Subject)| Row {
        places: subject.places.iter().cloned().collect(),
        lines: compare(number, subject, &server, &recording, &ours),
    };
    let rows = subjects.iter().enumerate().map(row).collect();
    let table = Table { rows, left_out, samples: recording.count };
    println!("{}", table.by_file());
    if let Some(page) = std::env::var_os("SLOWBURN_CORRECTNESS") {
        table.write_into(Path::new(&page));
    }
    let faults = table.faults();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(30)].join("\n"));
}

//! slowburn, Prometheus and the truth over the same simulated traffic, for every SLO of the corpus.

use crate::corpus::{Query, Question, WINDOW, questions};
use crate::server::Server;
use crate::simulation::{Happening, LENGTH, Recording, START, STEP, What, simulate};
use crate::table::{Cause, Error, Line, show};
use serde_json::Value;
use slowburn::config::load;
use slowburn::domain::slo::Slo;
use slowburn::domain::time::Timestamp;
use slowburn::replay::virtual_clock::VirtualClock;
use slowburn::replay::{self, setup_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seconds between two instants that are compared.
const EVERY: i64 = 1800;
/// Windows with fewer events than this are not compared: one event beside the edge would be a large share.
const FEWEST: f64 = 20.0;

/// What several files may ask alike.
struct Subject {
    query: Query,
    slo: Arc<Slo>,
    files: BTreeSet<String>,
    /// Seconds.
    windows: BTreeSet<i64>,
}

/// Values of the labels that a budget is counted by.
type Group = Vec<String>;

/// By group and moment.
type Answers = BTreeMap<Group, BTreeMap<i64, f64>>;

fn subjects(questions: Vec<Question>) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for Question { file, slo, query } in questions {
        let pairs = slo.policy.pairs.iter().flat_map(|pair| [pair.long, pair.short]);
        let within = pairs.map(|window| window.as_secs() as i64).filter(|window| *window <= 86_400);
        let windows: BTreeSet<i64> = within.chain([slo.window.nominal().as_secs() as i64]).collect();
        let same = |other: &&mut Subject| other.query == query && other.slo.by == slo.by;
        match subjects.iter_mut().find(same) {
            Some(subject) => {
                assert_eq!(subject.slo.indicator, slo.indicator, "{file}");
                subject.files.insert(file);
                subject.windows.extend(windows);
            }
            None => subjects.push(Subject { query, slo, files: [file].into(), windows }),
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

fn server(recording: &Recording, dir: &Path) -> Server {
    let mut files = write(&recording.samples, dir, "samples");
    files.extend(write(&recording.truth, dir, "truth"));
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    Server::start(&files, &[])
}

fn ask(server: &Server, query: &str, (start, end, step): (i64, i64, i64), by: &[String]) -> Answers {
    let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = server.get(&format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}"));
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let answer: Value = serde_json::from_str(body).expect("JSON");
    let series = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let of = |series: &Value| {
        let group = by.iter().map(|label| series["metric"][label].as_str().unwrap_or_default().to_owned()).collect();
        let values = series["values"].as_array().expect("values");
        let value = |pair: &Value| {
            let number: f64 = pair[1].as_str().and_then(|text| text.parse().ok()).expect("a number");
            number.is_finite().then(|| (pair[0].as_f64().expect("a time") as i64, number))
        };
        (group, values.iter().filter_map(value).collect())
    };
    series.iter().map(of).collect()
}

/// What really happened to one subject: cumulative bad and total events by minute.
struct Truth {
    bad: Answers,
    total: Answers,
}

impl Truth {
    fn ask(server: &Server, subject: &Subject) -> Self {
        let (bad, total) = subject.query.truth();
        let range = (START, START + LENGTH, 60);
        let ask = |query: &str| ask(server, query, range, &subject.slo.by);
        Self { bad: ask(&bad), total: ask(&total) }
    }

    /// Bad and total events between two moments.
    fn between(&self, group: &Group, from: i64, to: i64) -> (f64, f64) {
        let at = |answers: &Answers, at: i64| {
            let known = answers.get(group).and_then(|answers| answers.range(..=at).next_back());
            known.map_or(0.0, |(_, sum)| *sum)
        };
        let of = |answers: &Answers| at(answers, to) - at(answers, from);
        (of(&self.bad), of(&self.total))
    }
}

/// Which counts nobody who knows the samples alone can tell apart: a moment is known to within a scrape interval, or to
/// within the time in which nobody scraped.
struct Bounds {
    bad: (f64, f64),
    total: (f64, f64),
}

impl Bounds {
    fn new(truth: &Truth, group: &Group, (from, to): (i64, i64), unseen: &[(i64, i64)]) -> Self {
        // slowburn's past is kept with a resolution of 0.2 % of the window.
        let edge = STEP + (to - from) / 500;
        let mut start = (from - edge, from + edge);
        let mut end = (to - STEP, to);
        for (begin, over) in unseen {
            if *begin - STEP < from && from < over + STEP {
                start = (start.0.min(begin - STEP), start.1.max(over + STEP));
            }
            if *begin < to && to < over + STEP {
                end.0 = end.0.min(begin - STEP);
            }
        }
        let minute = |at: i64, up: bool| (at + if up { 59 } else { 0 }).div_euclid(60) * 60;
        let most = truth.between(group, minute(start.0, false), minute(end.1, true));
        let (inner_start, inner_end) = (minute(start.1, true), minute(end.0, false));
        let least = if inner_start < inner_end { truth.between(group, inner_start, inner_end) } else { (0.0, 0.0) };
        Self { bad: (least.0, most.0), total: (least.1, most.1) }
    }

    fn hold(&self, bad: f64, total: f64) -> bool {
        let within = |(least, most): (f64, f64), found: f64| {
            // Fractions of events are kept as 1/1024 at least.
            let little = 0.1 + most * 1e-6;
            least - little <= found && found <= most + little
        };
        within(self.bad, bad) && within(self.total, total)
    }

    /// How far from the true ratio one can be without knowing better.
    fn slack(&self, ratio: f64) -> f64 {
        let most = if self.total.0 > 0.0 { (self.bad.1 / self.total.0).min(1.0) } else { 1.0 };
        let least = if self.total.1 > 0.0 { self.bad.0 / self.total.1 } else { 0.0 };
        (most - ratio).max(ratio - least)
    }
}

/// slowburn's counts at each instant, by subject, window and group.
type Ours = BTreeMap<(usize, i64, i64), BTreeMap<Group, (f64, f64)>>;

/// The way of `slowburn replay`, stopped at each instant.
fn replay(subjects: &[Subject], recording: &Recording, dir: &Path) -> Ours {
    let main = dir.join("slowburn.yaml");
    let first = "tests/fixtures/corpus/sloth/getting-started.yml";
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(first), dir.join("slo.yml")).expect("copied");
    std::fs::write(&main, "global: {evaluation_interval: 60s}\nslo_files: [slo.yml]\n").expect("written");
    let loaded = load::load(&main, &|_| None).expect("read");
    let mut config = loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text()));
    let named = |(number, subject): (usize, &Subject)| {
        let mut slo = (*subject.slo).clone();
        slo.id.service = number.to_string();
        Arc::new(slo)
    };
    config.setup.slos = subjects.iter().enumerate().map(named).collect();
    let text = format!("{}# EOF\n", recording.samples.concat());
    let scrapes = replay::Recording::read(text.as_bytes(), &config).expect("a recording").into_scrapes();
    let first = *scrapes.keys().next().expect("samples");
    let mut clock = VirtualClock::new(setup_of(&config), first);
    let (mut ours, mut instants) = (Ours::new(), instants().into_iter().peekable());
    for (at, scrapes) in scrapes {
        while let Some(instant) = instants.next_if(|instant| instant * 1000 < at.0) {
            look(&clock, subjects, instant, &mut ours);
        }
        clock.play(at, scrapes, |_, _| ());
    }
    instants.for_each(|instant| look(&clock, subjects, instant, &mut ours));
    ours
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

fn instants() -> Vec<i64> {
    (1..=LENGTH / EVERY).map(|number| START + number * EVERY).collect()
}

fn compare(number: usize, subject: &Subject, server: &Server, recording: &Recording, ours: &Ours) -> Vec<Line> {
    let truth = Truth::ask(server, subject);
    let metrics = subject.query.metrics();
    let of_it = |happening: &&Happening| metrics.iter().any(|metric| metric == happening.metric);
    let happenings: Vec<&Happening> = recording.happenings.iter().filter(of_it).collect();
    let lasting = happenings.iter().filter(|happening| happening.what != What::Birth);
    let unseen: Vec<(i64, i64)> = lasting.map(|happening| (happening.from, happening.to)).collect();
    let mut lines = Vec::new();
    for window in &subject.windows {
        let query = subject.query.ratio.replace(WINDOW, &format!("{window}s"));
        let range = (START + EVERY, START + LENGTH, EVERY);
        let theirs = ask(server, &query, range, &subject.slo.by);
        let mut line = Line::new(*window);
        for instant in instants() {
            for (group, (bad, total)) in &ours[&(number, *window, instant)] {
                let from = instant - window;
                let bounds = Bounds::new(&truth, group, (from, instant), &unseen);
                let (true_bad, true_total) = truth.between(group, from, instant);
                if !bounds.hold(*bad, *total) {
                    let what = format!(
                        "{:?} {group:?} over {window} s at {}: {bad} of {total}, in truth {true_bad} of {true_total}, \
                         bounds {:?} of {:?}",
                        subject.files,
                        instant - START,
                        bounds.bad,
                        bounds.total
                    );
                    line.outside.push(what);
                }
                if bounds.total.0 < FEWEST {
                    continue;
                }
                let ratio = true_bad / true_total;
                let cause =
                    happenings.iter().filter(|h| h.to >= from - STEP && h.from <= instant).map(|h| h.what).min();
                line.add(&Error {
                    ours: (*total > 0.0).then(|| (bad / total - ratio).abs()),
                    theirs: theirs.get(group).and_then(|at| at.get(&instant)).map(|found| (found - ratio).abs()),
                    truth: ratio,
                    slack: bounds.slack(ratio),
                    cause: cause.map_or(Cause::Edges, Cause::Happened),
                });
            }
        }
        lines.push(line);
    }
    lines
}

#[test]
fn the_corpus_over_simulated_traffic_is_nearer_to_the_truth_than_prometheus() {
    let (questions, left_out) = questions();
    let subjects = subjects(questions);
    let dir = tempfile::tempdir().expect("a directory");
    let recording = simulate(1);
    let server = server(&recording, dir.path());
    let ours = replay(&subjects, &recording, dir.path());
    let lines: Vec<Vec<Line>> =
        subjects.iter().enumerate().map(|(n, subject)| compare(n, subject, &server, &recording, &ours)).collect();
    let named = subjects.iter().zip(&lines).flat_map(|(subject, lines)| {
        subject.files.iter().map(move |file| (file.as_str(), &*subject.slo, lines.as_slice()))
    });
    println!("{} samples", recording.count);
    println!("{}", show(named.collect(), &left_out));
    let outside: Vec<&String> = lines.iter().flatten().flat_map(|line| &line.outside).collect();
    assert!(
        outside.is_empty(),
        "{} counts outside of what the samples tell\n{}",
        outside.len(),
        outside.iter().take(20).map(|s| s.as_str()).collect::<Vec<_>>().join("\n")
    );
}

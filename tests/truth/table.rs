//! Errors against the truth, gathered, judged and shown.

use crate::simulation::What;
use slowburn::domain::time::format_duration;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// By how much slowburn's mean error may exceed Prometheus's where only edges of windows tell them apart, which is luck:
/// a tenth, and a resolution of 0.001 percentage points.
const LUCK: (f64, f64) = (1.1, 1e-5);

/// How far beyond what scrapes leave open Prometheus's extrapolation alone may lead, in units of that.
const EXTRAPOLATION: f64 = 2.0;

/// Shares of bad events at one instant.
pub struct Point {
    /// Seconds since the start.
    pub at: i64,
    /// `None`: no answer.
    pub ours: Option<f64>,
    pub theirs: Option<f64>,
    pub truth: f64,
    /// What nobody can know better.
    pub slack: f64,
    /// What happened in the window.
    pub cause: Option<What>,
}

/// Errors of one side.
#[derive(Clone, Copy, Default)]
struct Errors {
    largest: f64,
    /// Beyond what the moments of scrapes leave open.
    beyond: f64,
    sum: f64,
}

/// One window of one SLO.
#[derive(Default)]
pub struct Line {
    /// Seconds.
    window: i64,
    points: usize,
    ours: Errors,
    theirs: Errors,
    /// Instants to which Prometheus has no answer.
    unanswered: usize,
    /// Instants at which Prometheus is off by more than scrapes leave open, by cause.
    causes: BTreeMap<Option<What>, usize>,
    /// Counts that the samples contradict.
    pub contradicted: Vec<String>,
    faults: Vec<String>,
}

/// One SLO, with all files that have it and what it is called there.
pub struct Row {
    pub places: Vec<(String, String)>,
    pub lines: Vec<Line>,
}

pub struct Table {
    pub rows: Vec<Row>,
    /// Files that are not compared, and why.
    pub left_out: Vec<(String, &'static str)>,
    pub samples: usize,
}

impl Errors {
    fn add(&mut self, error: f64, slack: f64) {
        self.largest = self.largest.max(error);
        self.beyond = self.beyond.max(error - slack);
        self.sum += error;
    }

    fn with(self, other: Self) -> Self {
        let (largest, beyond) = (self.largest.max(other.largest), self.beyond.max(other.beyond));
        Self { largest, beyond, sum: self.sum + other.sum }
    }
}

impl Line {
    pub fn new(window: i64) -> Self {
        Self { window, ..Self::default() }
    }

    pub fn add(&mut self, point: &Point) {
        let Point { at, truth, slack, cause, .. } = *point;
        let Some(ours) = point.ours else {
            self.faults.push(format!("{} s at {at}: no answer of slowburn's", self.window));
            return;
        };
        let Some(theirs) = point.theirs else {
            self.unanswered += 1;
            return;
        };
        let (our_error, their_error) = ((ours - truth).abs(), (theirs - truth).abs());
        self.points += 1;
        self.ours.add(our_error, slack);
        self.theirs.add(their_error, slack);
        let told = || format!("{} s at {at}: {ours} and {theirs}, in truth {truth}, slack {slack}", self.window);
        if our_error > their_error + slack {
            self.faults.push(format!("slowburn is farther from the truth: {}", told()));
        }
        if their_error > slack {
            if cause.is_none() && their_error > EXTRAPOLATION * slack {
                self.faults.push(format!("nothing explains the difference: {}", told()));
            }
            *self.causes.entry(cause).or_default() += 1;
        }
    }
}

impl Row {
    fn name(&self) -> String {
        let (file, slo) = self.places.iter().min_by_key(|(file, _)| file.len()).expect("a file");
        match self.places.len() {
            1 => format!("{file} `{slo}`"),
            places => format!("{file} `{slo}` and {} more", places - 1),
        }
    }
}

/// What a row of the table shows of some lines.
#[derive(Default)]
struct Summary {
    points: usize,
    unanswered: usize,
    ours: Errors,
    theirs: Errors,
    causes: BTreeMap<Option<What>, usize>,
}

impl Summary {
    fn of<'l>(lines: impl IntoIterator<Item = &'l Line>) -> Self {
        let mut all = Self::default();
        for line in lines {
            all.points += line.points;
            all.unanswered += line.unanswered;
            (all.ours, all.theirs) = (all.ours.with(line.ours), all.theirs.with(line.theirs));
            line.causes.iter().for_each(|(cause, number)| *all.causes.entry(*cause).or_default() += number);
        }
        all
    }

    fn mean(&self, errors: Errors) -> f64 {
        errors.sum / self.points.max(1) as f64
    }

    /// `instants | largest error | mean error | beyond`, each of slowburn and of Prometheus, in percentage points.
    fn cells(&self) -> String {
        let pair = |of: &dyn Fn(Errors) -> f64| format!("{} | {}", percent(of(self.ours)), percent(of(self.theirs)));
        let (largest, mean) = (pair(&|errors| errors.largest), pair(&|errors| self.mean(errors)));
        let beyond = pair(&|errors| errors.beyond.max(0.0));
        format!("{} | {largest} | {mean} | {beyond} | {}", self.points, self.unanswered)
    }
}

fn percent(share: f64) -> String {
    if share == 0.0 { "0".to_owned() } else { format!("{:.3}", share * 100.0) }
}

const HEAD: &str = "instants | largest: slowburn | Prometheus | mean: slowburn | Prometheus | beyond: slowburn | \
                    Prometheus | no answer of Prometheus's |\n";

impl Table {
    /// Everything that must not be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for row in &self.rows {
            let name = row.name();
            for line in &row.lines {
                faults.extend(line.faults.iter().map(|fault| format!("{name}: {fault}")));
                faults
                    .extend(line.contradicted.iter().map(|told| format!("{name}: the samples tell otherwise: {told}")));
            }
            let all = Summary::of(&row.lines);
            let (ours, theirs) = (all.mean(all.ours), all.mean(all.theirs));
            if all.points == 0 || all.theirs.largest == 0.0 && all.ours.largest == 0.0 {
                faults.push(format!("{name}: nothing was compared"));
            }
            if ours > theirs * LUCK.0 + LUCK.1 {
                faults.push(format!("{name}: slowburn's mean error is {ours}, Prometheus's {theirs}"));
            }
        }
        faults
    }

    /// A row for each file and SLO, a row for each length of window, and what was left out.
    pub fn by_file(&self) -> String {
        let mut text = format!("{} samples\n\n| file | SLO | {HEAD}", self.samples);
        let places = self.rows.iter().flat_map(|row| row.places.iter().map(move |place| (place, row)));
        for ((file, slo), row) in places.collect::<BTreeMap<_, _>>() {
            let _ = writeln!(text, "| {file} | {slo} | {} |", Summary::of(&row.lines).cells());
        }
        let _ = writeln!(text, "\n{}", self.by_window());
        for (file, reason) in &self.left_out {
            let _ = writeln!(text, "not compared: {file}: {reason}");
        }
        text
    }

    fn by_window(&self) -> String {
        let mut windows: BTreeMap<i64, Vec<&Line>> = BTreeMap::new();
        for line in self.rows.iter().flat_map(|row| &row.lines).filter(|line| line.points > 0) {
            windows.entry(line.window).or_default().push(line);
        }
        let mut text = format!("| window | {HEAD}|---|{}\n", "---:|".repeat(8));
        for (window, lines) in windows {
            let window = format_duration(Duration::from_secs(window as u64));
            let _ = writeln!(text, "| {window} | {} |", Summary::of(lines).cells());
        }
        text
    }

    /// A row for each SLO.
    fn by_slo(&self) -> String {
        let mut text = format!("| SLO | {HEAD}|---|{}\n", "---:|".repeat(8));
        for row in &self.rows {
            let _ = writeln!(text, "| {} | {} |", row.name(), Summary::of(&row.lines).cells());
        }
        text
    }

    fn causes(&self) -> String {
        let all = Summary::of(self.rows.iter().flat_map(|row| &row.lines));
        let places: usize = self.rows.iter().map(|row| row.places.len()).sum();
        let count = |cause: Option<What>| all.causes.get(&cause).copied().unwrap_or_default();
        format!(
            "{} different SLOs at {places} places of the corpus, {} samples, {} shares of bad events. Prometheus was off by more than \
             scrapes leave open in {}: {} windows held the first sample of a series, {} a restart, a new target or one that \
             ended, {} a gap; in {} it was the extrapolation alone. slowburn was in {}.\n",
            self.rows.len(),
            self.samples,
            all.points,
            all.causes.values().sum::<usize>(),
            count(Some(What::Birth)),
            count(Some(What::Target)),
            count(Some(What::Gap)),
            count(None),
            if all.ours.beyond > 0.0 { "some" } else { "none" },
        )
    }

    /// Replaces what lies between the marks of a page.
    pub fn write_into(&self, page: &Path) {
        let text = std::fs::read_to_string(page).expect("the page");
        let (before, rest) = text.split_once("<!-- measured -->\n").expect("a mark");
        let (_, after) = rest.split_once("<!-- end -->").expect("a mark");
        let measured = format!("{}\n{}\n{}", self.causes(), self.by_window(), self.by_slo());
        std::fs::write(page, format!("{before}<!-- measured -->\n{measured}<!-- end -->{after}")).expect("written");
    }
}

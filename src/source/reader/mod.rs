//! Reads one target's bodies, scrape after scrape, and keeps what it learned in between.
//!
//! Only series that some SLO asks for come out, with their final labels; a series once seen costs no allocation any
//! more. Every line is checked, wanted or not. Values are passed on as they are: the domain judges NaN and the like.
//!
//! A series that a body shows twice counts once: the first sample stands and the outcome carries a warning, as in
//! Prometheus. Samples of one series with rising times of their own are not repetitions.

mod births;
mod known;
mod naming;

use crate::config::scrape::RelabelConfig;
use crate::domain::reading::{Reading, Sample, Target};
use crate::domain::selection::Selection;
use crate::domain::time::Timestamp;
use crate::source::exposition::{Entry, Format, Point, Scanner, SeriesText, SyntaxError};
use births::Births;
use known::{Known, Role};
use naming::Naming;
use std::sync::Arc;

const PROCESS_START: &str = "process_start_time_seconds";

/// How a job wants its targets read; see the keys of the same names in a scrape configuration. A limit of 0 is none.
#[derive(Clone, Debug, Default)]
pub struct ReaderOptions {
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    /// Samples after metric relabelling.
    pub sample_limit: u64,
    /// Labels of a series, its name among them.
    pub label_limit: u64,
    /// Bytes of a label's name.
    pub label_name_length_limit: u64,
    /// Bytes of a label's value.
    pub label_value_length_limit: u64,
    pub metric_relabel: Vec<RelabelConfig>,
    /// Whether to look for `process_start_time_seconds`.
    pub process_start: bool,
}

/// What a body said.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOutcome {
    pub reading: Reading,
    /// Sample lines of the body.
    pub samples: u64,
    /// Something that people should know although the body was read.
    pub warning: Option<String>,
}

/// Why a body is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("sample limit exceeded ({samples} samples after metric relabelling, limit: {limit})")]
    SampleLimit { samples: u64, limit: u64 },
    #[error("label_limit exceeded (metric: {metric:.50}, number of labels: {count}, limit: {limit})")]
    LabelLimit { metric: String, count: usize, limit: u64 },
    #[error(
        "label_name_length_limit exceeded (metric: {metric}, label name: {label}, length: {length}, limit: {limit})"
    )]
    LabelNameLength { metric: String, label: String, length: usize, limit: u64 },
    #[error(
        "label_value_length_limit exceeded (metric: {metric}, label name: {label}, value: {value:?}, \
         length: {length}, limit: {limit})"
    )]
    LabelValueLength { metric: String, label: String, value: String, length: usize, limit: u64 },
    #[error("metric_relabel_configs leave no metric name (__name__) on {series}")]
    NoName { series: String },
}

/// Reads the bodies of one target.
pub struct SeriesReader {
    naming: Naming,
    wanted: Selection,
    honor_timestamps: bool,
    sample_limit: u64,
    process_start: bool,
    known: Known,
    births: Births,
    /// The format of the last body; spellings learned in one format may be malformed in the other.
    format: Option<Format>,
    /// How many samples the last body gave.
    expected_samples: usize,
    /// The name of the last line read in full and whether its lines matter, for runs of the same name.
    run: (String, NameRole),
}

/// What the lines of one shown name can be good for.
#[derive(Clone, Copy, Default)]
struct NameRole {
    wanted: bool,
    birth: bool,
    process_start: bool,
}

/// What one body has given so far.
#[derive(Default)]
struct Pass {
    samples: Vec<Sample>,
    /// For each sample, its entry among the known series.
    entries: Vec<usize>,
    lines: u64,
    dropped: u64,
    process_start: Option<f64>,
    /// Several processes stand behind the target, so that none is its start.
    ambiguous_start: bool,
    repeated: u64,
    first_repeated: Option<String>,
}

impl SeriesReader {
    /// A reader that knows nothing yet.
    pub fn new(target: Arc<Target>, wanted: Selection, options: ReaderOptions) -> Self {
        let (honor_timestamps, sample_limit) = (options.honor_timestamps, options.sample_limit);
        let process_start = options.process_start;
        let naming = Naming::new(target, options);
        let births = Births::new((!naming.may_rename).then(|| wanted.names()));
        let known = Known::default();
        let run = (String::new(), NameRole::default());
        Self {
            naming,
            wanted,
            honor_timestamps,
            sample_limit,
            process_start,
            known,
            births,
            format: None,
            expected_samples: 0,
            run,
        }
    }

    /// Reads one body; an error refuses it as a whole.
    pub fn read(&mut self, body: &[u8], format: Format) -> Result<ReadOutcome, ReadError> {
        if self.format.replace(format) != Some(format) {
            self.known = Known::default();
        }
        self.known.begin();
        self.births.begin(format);
        let outcome = self.pass(body, format);
        self.known.sweep();
        if self.births.sweep() {
            self.known.forget_births();
        }
        outcome
    }

    fn pass(&mut self, body: &[u8], format: Format) -> Result<ReadOutcome, ReadError> {
        let mut scanner = Scanner::new(body, format)?;
        let mut pass = Pass {
            samples: Vec::with_capacity(self.expected_samples),
            entries: Vec::with_capacity(self.expected_samples),
            ..Pass::default()
        };
        loop {
            let (index, expected) = self.known.expected();
            match scanner.next_entry(expected)? {
                None => break,
                Some(Entry::Type { family, kind }) => self.births.declare(&family, kind),
                Some(Entry::Expected(point)) => self.take(index, point, &mut pass),
                Some(Entry::Sample { series, point }) => {
                    if let Some(index) = self.entry(series)? {
                        self.take(index, point, &mut pass);
                    } else {
                        pass.lines += 1;
                    }
                }
            }
        }
        self.finish(pass)
    }

    /// The entry of a series, learned now if it is new; `None` when nothing asks for series of its name.
    fn entry(&mut self, text: SeriesText<'_>) -> Result<Option<usize>, ReadError> {
        if self.run.0 != text.raw_name() {
            let role = self.name_role(&text.name());
            self.run.0.clear();
            self.run.0.push_str(text.raw_name());
            self.run.1 = role;
        }
        let role = self.run.1;
        if !(role.wanted || role.birth || role.process_start) {
            return Ok(None);
        }
        match self.known.find(text.raw()) {
            Some(index) => Ok(Some(index)),
            None => self.learn(text, role).map(Some),
        }
    }

    fn name_role(&self, name: &str) -> NameRole {
        NameRole {
            wanted: self.naming.needs_every_series || self.wanted.has_name(name),
            birth: self.births.is_birth(name),
            process_start: self.process_start && name == PROCESS_START,
        }
    }

    fn learn(&mut self, text: SeriesText<'_>, name: NameRole) -> Result<usize, ReadError> {
        let mut role = Role { process_start: name.process_start, ..Role::default() };
        if name.wanted && self.may_be_wanted(text) {
            match self.naming.series(text)? {
                None => role.dropped = true,
                Some(series) if self.wanted.matches(&series) => role.slot = Some(self.known.slot(series)),
                Some(_) => {}
            }
        }
        if name.birth {
            role.birth = Some(self.births.group(text));
        }
        Ok(self.known.add(text.raw(), role))
    }

    /// Rules out most series that no selector matches without making their labels.
    fn may_be_wanted(&self, text: SeriesText<'_>) -> bool {
        let may_match = || self.wanted.may_match(&text.name(), |label| self.naming.label(text, label));
        self.naming.needs_every_series || may_match()
    }

    #[inline]
    fn take(&mut self, index: usize, point: Point, pass: &mut Pass) {
        let role = self.known.see(index);
        let at = point.at.filter(|_| self.honor_timestamps);
        pass.lines += 1;
        pass.dropped += u64::from(role.dropped);
        if let Some(group) = role.birth {
            self.births.note(group, at, point.value);
        }
        if role.process_start {
            pass.note_start(point.value);
        }
        let Some(slot) = role.slot else { return };
        match self.known.accept(slot, at) {
            Some(series) => {
                pass.samples.push(Sample { series, value: point.value, at, created: None });
                pass.entries.push(index);
            }
            None => pass.note_repeated(|| self.known.series(slot).to_string()),
        }
    }

    fn finish(&mut self, mut pass: Pass) -> Result<ReadOutcome, ReadError> {
        let kept = pass.lines - pass.dropped;
        if self.sample_limit > 0 && kept > self.sample_limit {
            return Err(ReadError::SampleLimit { samples: kept, limit: self.sample_limit });
        }
        if self.births.settle() {
            for (sample, index) in pass.samples.iter_mut().zip(&pass.entries) {
                let (text, link) = self.known.link(*index);
                sample.created = self.births.of(text, link, sample.at);
            }
        }
        self.expected_samples = pass.samples.len();
        let (samples, warning, process_start) = (pass.lines, pass.warning(), pass.process_start());
        Ok(ReadOutcome {
            reading: Reading { samples: pass.samples, process_start, unattempted: false },
            samples,
            warning,
        })
    }
}

impl Pass {
    fn note_start(&mut self, seconds: f64) {
        self.ambiguous_start |= self.process_start.is_some_and(|first| first != seconds);
        self.process_start.get_or_insert(seconds);
    }

    fn process_start(&self) -> Option<Timestamp> {
        let start = self.process_start.filter(|start| start.is_finite() && *start > 0.0 && !self.ambiguous_start);
        start.map(Timestamp::from_secs_f64)
    }

    fn note_repeated(&mut self, series: impl FnOnce() -> String) {
        self.repeated += 1;
        self.first_repeated.get_or_insert_with(series);
    }

    fn warning(&self) -> Option<String> {
        let series = shortened(self.first_repeated.as_ref()?);
        let what = if self.repeated == 1 { "1 sample repeats" } else { &format!("{} samples repeat", self.repeated) };
        Some(format!("{what} a series that the body already has; the first sample counts: {series}"))
    }
}

/// At most 50 characters, as Prometheus quotes names and values.
fn shortened(text: &str) -> String {
    text.chars().take(50).collect()
}

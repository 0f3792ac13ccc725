//! Recorded samples as the events of a virtual clock.
//!
//! All samples of one target (`job` and `instance`) at one time stamp are one scrape. Where a target has samples of
//! `up`, each is an attempt; else each of its time stamps is a good one. Between scrapes the clock stops at every moment
//! at which something falls due, so the run depends on the samples alone; moments at which nothing can change are left
//! out, so that a hole of years costs no more than one of hours.

use crate::config::Config;
use crate::domain::event::Event;
use crate::domain::labels::{Labels, Series};
use crate::domain::lazy_status::LazyStatus;
use crate::domain::plan::Plan;
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::setup::Setup;
use crate::domain::state::State;
use crate::domain::status::Transition;
use crate::domain::time::Timestamp;
use crate::source::exposition::{self, Entry, Format, Point, SyntaxError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// 9999-12-31T23:59:59Z, the end of what RFC 3339 can write.
const LAST: Timestamp = Timestamp::from_secs(253_402_300_799);

/// Evaluations without a sample that make a hole in the recording, worth a look whether it can be jumped over.
const HOLE: u32 = 20;

/// One line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    Transition(Box<Transition>),
    Slo(Arc<LazyStatus>),
}

/// Why a recording can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("line {line}: {series} has no timestamp; a recording needs one on every sample")]
    NoTimestamp { line: usize, series: String },
    #[error("line {line}: the time of {series} is after the year 9999: is it in milliseconds? OpenMetrics has seconds")]
    TooLate { line: usize, series: String },
    #[error("there are no samples")]
    Empty,
}

/// Scrapes in the order of time.
#[derive(Debug)]
pub struct Recording {
    scrapes: BTreeMap<Timestamp, Vec<Scrape>>,
}

/// What one target showed, by time.
#[derive(Default)]
struct Recorded {
    moments: BTreeMap<Timestamp, Moment>,
    has_up: bool,
}

#[derive(Default)]
struct Moment {
    reading: Reading,
    up: Option<f64>,
}

impl Recording {
    /// Keeps the samples that an SLO of the configuration needs.
    pub fn read(text: &[u8], config: &Config) -> Result<Self, RecordingError> {
        let plan = Plan::new(&config.setup, &BTreeMap::new());
        let mut builder = Builder { plan, targets: BTreeMap::new(), created: HashMap::new(), known: HashMap::new() };
        exposition::read::<RecordingError>(text, Format::OpenMetrics, |entry| match entry {
            Entry::Type { .. } | Entry::Expected(_) => Ok(()),
            Entry::Sample { series, point } => {
                let line = || line_of(text, series.raw());
                builder.sample(Series::new(series.name(), series.labels().collect()), point, line)
            }
        })?;
        builder.finish(config)
    }
}

struct Builder {
    plan: Plan,
    targets: BTreeMap<(String, String), Recorded>,
    /// `_created` by series without the suffix, target and time.
    created: HashMap<(Arc<Series>, Timestamp), f64>,
    known: HashMap<Series, Option<Arc<Series>>>,
}

impl Builder {
    fn sample(&mut self, series: Series, point: Point, line: impl Fn() -> usize) -> Result<(), RecordingError> {
        let value = point.value;
        let at = point.at.ok_or_else(|| RecordingError::NoTimestamp { line: line(), series: series.to_string() })?;
        if at > LAST {
            return Err(RecordingError::TooLate { line: line(), series: series.to_string() });
        }
        let label = |name: &str| series.labels.get(name).unwrap_or_default().to_owned();
        let target = self.targets.entry((label("job"), label("instance"))).or_default();
        let moment = target.moments.entry(at).or_default();
        match series.name.as_str() {
            "up" => {
                moment.up = Some(value);
                target.has_up = true;
            }
            "process_start_time_seconds" => moment.reading.process_start = Some(Timestamp::from_secs_f64(value)),
            _ => {}
        }
        if let Some(base) = series.name.strip_suffix("_created") {
            let base = Arc::new(Series::new(base, series.labels.clone()));
            self.created.insert((base, at), value);
        }
        let plan = &self.plan;
        let wanted = self.known.entry(series).or_insert_with_key(|series| {
            let used = !plan.links(series).is_empty();
            used.then(|| Arc::new(series.clone()))
        });
        if let Some(series) = wanted {
            moment.reading.samples.push(Sample { series: series.clone(), value, at: None, created: None });
        }
        Ok(())
    }

    fn finish(mut self, config: &Config) -> Result<Recording, RecordingError> {
        if self.targets.is_empty() {
            return Err(RecordingError::Empty);
        }
        let mut scrapes: BTreeMap<Timestamp, Vec<Scrape>> = BTreeMap::new();
        for ((job, instance), recorded) in std::mem::take(&mut self.targets) {
            let interval = interval(&recorded).unwrap_or_else(|| configured_interval(config, &job));
            let labels: Labels = [("job", job.clone()), ("instance", instance.clone())].into_iter().collect();
            let target = Arc::new(Target { id: TargetId { job, instance, url: String::new() }, labels, interval });
            for (at, moment) in recorded.moments {
                let scrape = self.scrape(&target, at, moment, recorded.has_up);
                scrapes.entry(at).or_default().push(scrape);
            }
        }
        Ok(Recording { scrapes })
    }

    fn scrape(&self, target: &Arc<Target>, at: Timestamp, mut moment: Moment, has_up: bool) -> Scrape {
        let outcome = if moment.up == Some(0.0) {
            Outcome::Failed("up is 0".to_owned())
        } else {
            for sample in &mut moment.reading.samples {
                sample.created = self.created_of(&sample.series, at);
            }
            moment.reading.unattempted = has_up && moment.up.is_none();
            Outcome::Read(moment.reading)
        };
        Scrape { target: target.clone(), at, outcome }
    }

    fn created_of(&self, series: &Series, at: Timestamp) -> Option<Timestamp> {
        let base =
            ["_total", "_bucket", "_count", "_sum"].iter().find_map(|suffix| series.name.strip_suffix(suffix))?;
        let mut labels = series.labels.clone();
        labels.remove("le");
        self.created.get(&(Arc::new(Series::new(base, labels)), at)).map(|created| Timestamp::from_secs_f64(*created))
    }
}

/// The line of `text` that a part of it begins in, from 1.
fn line_of(text: &[u8], part: &str) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
    memchr::memchr_iter(b'\n', &text[..offset]).count() + 1
}

/// The median time between two moments of a target.
fn interval(recorded: &Recorded) -> Option<Duration> {
    let times: Vec<i64> = recorded.moments.keys().map(|at| at.0).collect();
    let mut steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).map(|step| Duration::from_millis(*step as u64))
}

fn configured_interval(config: &Config, job: &str) -> Duration {
    let found = config.scrape_configs.iter().find(|scrape| scrape.job_name == job);
    found.map_or(config.global.scrape_interval, |scrape| scrape.scrape_interval)
}

/// Runs a recording; `emit` gets each transition as it happens and every status at the end.
pub fn run(config: &Config, recording: Recording, mut emit: impl FnMut(Line)) {
    // Nobody is told of anything, so there is no route that would have to be gone.
    let setup = Setup { watched_jobs: None, route: None, ..config.setup.clone() };
    let hole = setup.evaluation_interval * HOLE;
    let mut state = State::default();
    let Some(first) = recording.scrapes.keys().next().copied() else { return };
    let mut step = |state: &mut State, events: &[Event]| {
        for transition in state.step(events).transitions {
            emit(Line::Transition(Box::new(transition)));
        }
    };
    // The setup is in force before anything is seen, so that the first samples are looked at by it.
    step(&mut state, &[Event::Configured { at: Timestamp(first.0 - 1), setup: Arc::new(setup) }]);
    for (at, scrapes) in recording.scrapes {
        while let Some(due) = state.next_due().filter(|due| *due < at) {
            if at.since(due) > hole {
                state.skip_idle(at);
            }
            let Some(due) = state.next_due().filter(|due| *due < at) else { break };
            step(&mut state, &[Event::Tick { at: due }]);
        }
        let events: Vec<Event> = scrapes.into_iter().map(Event::Scraped).collect();
        step(&mut state, &events);
    }
    let end = state.core.now;
    step(&mut state, &[Event::Tick { at: end }]);
    let statuses: Vec<_> = state.statuses().cloned().collect();
    for status in statuses {
        emit(Line::Slo(status));
    }
}

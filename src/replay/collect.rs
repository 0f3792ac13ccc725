//! Samples to scrapes.
//!
//! All samples of one target (`job` and `instance`) at one time stamp are one scrape. Where a target has samples of
//! `up`, each is an attempt; else each of its time stamps is a good one. What is collected can be taken piece by piece,
//! as long as the pieces follow each other in time.

use crate::config::Config;
use crate::domain::labels::{Labels, Series};
use crate::domain::plan::Plan;
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::setup::Setup;
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// `job` and `instance`.
type TargetKey = (String, String);

/// Puts samples together; keeps only those that an SLO of the setup needs.
pub struct Collector {
    plan: Plan,
    targets: BTreeMap<TargetKey, Recorded>,
    /// `_created` by series without the suffix, target and time.
    created: HashMap<(Arc<Series>, Timestamp), f64>,
    known: HashMap<Series, Option<Arc<Series>>>,
}

/// What one target showed, by time.
#[derive(Default)]
struct Recorded {
    moments: BTreeMap<Timestamp, Moment>,
    has_up: bool,
    /// As first found; a piece with a hole in it shall not change it.
    interval: Option<Duration>,
}

#[derive(Default)]
struct Moment {
    reading: Reading,
    up: Option<f64>,
}

impl Collector {
    pub fn new(setup: &Setup) -> Self {
        let plan = Plan::new(setup, &BTreeMap::new());
        Self { plan, targets: BTreeMap::new(), created: HashMap::new(), known: HashMap::new() }
    }

    /// Whether no sample came yet.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Adds one sample.
    pub fn sample(&mut self, series: Series, at: Timestamp, value: f64) {
        let target = target_of(&mut self.targets, &series.labels);
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
    }

    /// The target with these labels was read at `at`, be it without a series of interest.
    pub fn seen(&mut self, labels: &Labels, at: Timestamp) {
        target_of(&mut self.targets, labels).moments.entry(at).or_default();
    }

    /// Takes out what was collected, in the order of time. Targets are remembered.
    pub fn take(&mut self, interval_of: impl Fn(&str) -> Duration) -> BTreeMap<Timestamp, Vec<Scrape>> {
        let created = std::mem::take(&mut self.created);
        let mut scrapes: BTreeMap<Timestamp, Vec<Scrape>> = BTreeMap::new();
        for ((job, instance), recorded) in &mut self.targets {
            recorded.interval = recorded.interval.or_else(|| median_step(&recorded.moments));
            let interval = recorded.interval.unwrap_or_else(|| interval_of(job));
            let labels: Labels = [("job", job), ("instance", instance)].into_iter().collect();
            let id = TargetId { job: job.clone(), instance: instance.clone(), url: String::new() };
            let target = Arc::new(Target { id, labels, interval });
            for (at, moment) in std::mem::take(&mut recorded.moments) {
                let scrape = scrape(&target, at, moment, recorded.has_up, &created);
                scrapes.entry(at).or_default().push(scrape);
            }
        }
        scrapes
    }
}

fn target_of<'t>(targets: &'t mut BTreeMap<TargetKey, Recorded>, labels: &Labels) -> &'t mut Recorded {
    let label = |name: &str| labels.get(name).unwrap_or_default().to_owned();
    targets.entry((label("job"), label("instance"))).or_default()
}

fn scrape(
    target: &Arc<Target>,
    at: Timestamp,
    mut moment: Moment,
    has_up: bool,
    created: &HashMap<(Arc<Series>, Timestamp), f64>,
) -> Scrape {
    let outcome = if moment.up == Some(0.0) {
        Outcome::Failed("up is 0".to_owned())
    } else {
        if !created.is_empty() {
            for sample in &mut moment.reading.samples {
                sample.created = created_of(created, &sample.series, at);
            }
        }
        moment.reading.unattempted = has_up && moment.up.is_none();
        Outcome::Read(moment.reading)
    };
    Scrape { target: target.clone(), at, outcome }
}

fn created_of(created: &HashMap<(Arc<Series>, Timestamp), f64>, series: &Series, at: Timestamp) -> Option<Timestamp> {
    let base = ["_total", "_bucket", "_count", "_sum"].iter().find_map(|suffix| series.name.strip_suffix(suffix))?;
    let mut labels = series.labels.clone();
    labels.remove("le");
    created.get(&(Arc::new(Series::new(base, labels)), at)).map(|created| Timestamp::from_secs_f64(*created))
}

/// The median time between two moments of a target.
fn median_step(moments: &BTreeMap<Timestamp, Moment>) -> Option<Duration> {
    let times: Vec<i64> = moments.keys().map(|at| at.0).collect();
    let mut steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).map(|step| Duration::from_millis(*step as u64))
}

/// How often a job is scraped by the configuration.
pub fn configured_interval(config: &Config, job: &str) -> Duration {
    let found = config.scrape_configs.iter().find(|scrape| scrape.job_name == job);
    found.map_or(config.global.scrape_interval, |scrape| scrape.scrape_interval)
}

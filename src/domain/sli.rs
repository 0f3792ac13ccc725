//! Counts the events of one target, sample by sample (the contract's section 4).
//!
//! * A value at or above the last one counts their difference; a smaller one, or a moved `_created`, is a reset and the
//!   new value counts, from that `_created` on where it tells.
//! * A series never seen on a target that was read before counts from 0 (`new_series: zero`) or sets a baseline.
//! * A target's first reading sets baselines, unless its birth is known to lie after the job came under watch.
//! * A series that was missing continues from its last value for 24 h of successful scraping; time without a scrape does
//!   not run, so neither a dead target nor a stopped slowburn forgets anything.
//! * NaN, infinite and negative values are no sight of the series at all.
//! * A gauge (other formats have such SLIs) has no growth: each of its samples is an event at its time, the first too.

use super::labels::Series;
use super::plan::{Link, Plan, Role};
use super::reading::{Reading, Sample, Target};
use super::setup::{JobPolicy, NewSeries, NewTarget};
use super::slo::Tally;
use super::target_state::{SeriesState, TargetState, bounds_only};
use super::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A pause longer than this many scrape intervals is a gap.
const GAP_INTERVALS: i64 = 2;
/// Between two scrapes no more time than this runs for [`MEMORY`] (or two intervals, where they are longer).
const LONGEST_STEP: Duration = Duration::from_secs(300);

/// How far ahead of its scrape a sample's own time may lie (Prometheus's bound for ingestion).
const FUTURE: Duration = Duration::from_secs(600);

/// Events of one SLO and group in a span of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    pub slo: usize,
    /// The series whose labels tell the group.
    pub series: Arc<Series>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub total: f64,
    pub bad: f64,
    /// Whether the span counts as measured; a reset behind a gap bridges nothing.
    pub measured: bool,
}

/// What one reading told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    pub deltas: Vec<Delta>,
    /// SLOs of which a sample was seen, with the series, newest sample time.
    pub seen: Vec<(usize, Arc<Series>, Timestamp)>,
    /// Samples that were NaN, infinite or negative, and the first of them.
    pub invalid: Option<(u64, String)>,
    /// Samples older than the last of their series, or too far in the future.
    pub out_of_order: u64,
    /// Latency SLOs whose threshold has no bucket, with the boundaries that exist.
    pub missing_buckets: BTreeMap<usize, BTreeSet<Boundary>>,
}

/// A bucket boundary, ordered as a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boundary(pub f64);

impl Eq for Boundary {}

impl PartialOrd for Boundary {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Boundary {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// What counting needs to know around one reading.
pub struct Context<'a> {
    pub plan: &'a Plan,
    pub policy: JobPolicy,
    /// When slowburn began to watch the job.
    pub watched_since: Timestamp,
    /// Stable keys of the SLOs, by index.
    pub keys: &'a [String],
}

impl TargetState {
    /// Counts one successful reading that began at `at`. Readings of one target come in order of time; a clock that went
    /// back is taken as standing still.
    pub fn count(&mut self, target: &Target, at: Timestamp, reading: &Reading, context: &Context<'_>) -> Counted {
        let at = self.last_attempt.map_or(at, |last| at.max(Timestamp(last.0 + 1)));
        let regular = GAP_INTERVALS * millis(target.interval).max(1);
        let mut counting =
            Counting { target: self, context, at, gap: false, regular, reading, out: Counted::default() };
        counting.gap = counting.is_gap();
        counting.advance_clock(target);
        let links: Vec<_> = reading.samples.iter().map(|s| counting.links(&s.series)).collect();
        counting.choose_totals(&links);
        for (sample, links) in reading.samples.iter().zip(links) {
            counting.sample(sample, links);
        }
        let out = counting.out;
        self.last_success = Some(at);
        self.last_attempt = Some(at);
        self.failed_since = false;
        self.forget();
        out
    }
}

struct Counting<'a> {
    target: &'a mut TargetState,
    context: &'a Context<'a>,
    at: Timestamp,
    gap: bool,
    /// Longest time between two samples of a gauge in which it was measured, in milliseconds.
    regular: i64,
    reading: &'a Reading,
    out: Counted,
}

impl Counting<'_> {
    /// The links of a series, looked up once for each series and setup.
    fn links(&self, series: &Arc<Series>) -> SmallVec<[Link; 2]> {
        self.target.series.get(series).map_or_else(|| self.context.plan.links(series), |known| known.links.clone())
    }

    fn is_gap(&self) -> bool {
        let long = |last: Timestamp| self.at.0 - last.0 > self.regular;
        self.target.failed_since || self.target.last_success.is_some_and(long)
    }

    fn advance_clock(&mut self, target: &Target) {
        let longest = millis(LONGEST_STEP).max(GAP_INTERVALS * millis(target.interval));
        if let Some(last) = self.target.last_success {
            self.target.clock += (self.at.0 - last.0).clamp(0, longest);
        }
    }

    /// Decides once for each latency SLO whether this target's total is `_count` or the `+Inf` bucket, and finds
    /// thresholds without a bucket.
    fn choose_totals(&mut self, links: &[SmallVec<[Link; 2]>]) {
        let mut families: BTreeMap<usize, Family> = BTreeMap::new();
        for (sample, links) in self.reading.samples.iter().zip(links) {
            for link in links.iter().filter(|link| link.role.is_of_histogram()) {
                families.entry(link.slo).or_default().add(link.role, &sample.series);
            }
        }
        for (slo, family) in families {
            if family.infinity && !family.count {
                self.target.infinity.insert(self.context.keys[slo].clone());
            }
            if (family.count || family.infinity) && !family.threshold {
                self.out.missing_buckets.insert(slo, family.boundaries);
            }
        }
    }

    fn sample(&mut self, sample: &Sample, links: SmallVec<[Link; 2]>) {
        if !sample.value.is_finite() || (sample.value < 0.0 && !may_be_negative(&links)) {
            let shown = || format!("{} {}", sample.series, sample.value);
            self.out.invalid.get_or_insert_with(|| (0, shown())).0 += 1;
            return;
        }
        let at = sample.at.unwrap_or(self.at);
        if bounds_only(&links) {
            return;
        }
        if at > self.at + FUTURE {
            self.out.out_of_order += 1;
            return;
        }
        let seen = self.target.clock;
        let state = SeriesState { value: sample.value, at, created: sample.created, seen, links: links.clone() };
        match self.target.series.get_mut(&sample.series) {
            Some(known) if at <= known.at => {
                self.out.out_of_order += u64::from(at < known.at);
                known.seen = seen;
                return;
            }
            Some(known) => {
                let before = std::mem::replace(known, state);
                self.step(sample, at, &before, &links);
            }
            None => {
                self.target.series.insert(sample.series.clone(), state);
                self.birth(sample, at, &links);
            }
        }
        for link in &links {
            if self.counts(link) {
                self.out.seen.push((link.slo, sample.series.clone(), at));
            }
        }
        self.target.slos.extend(links.iter().map(|link| link.slo));
    }

    /// Whether a link adds to its SLO on this target.
    fn counts(&self, link: &Link) -> bool {
        if self.out.missing_buckets.contains_key(&link.slo) {
            return false;
        }
        let infinity = || self.target.infinity.contains(&self.context.keys[link.slo]);
        match link.role {
            Role::Counter | Role::Gauge(_) | Role::Threshold => true,
            Role::Count => !infinity(),
            Role::Infinity => infinity(),
            Role::Boundary => false,
        }
    }

    fn step(&mut self, sample: &Sample, at: Timestamp, known: &SeriesState, links: &[Link]) {
        let moved = matches!((known.created, sample.created), (Some(old), Some(new)) if old != new);
        let reset = moved || sample.value < known.value;
        let events = if reset { sample.value } else { sample.value - known.value };
        // A new life is a birth: its events came after it, and of the time before nothing is known.
        let from = sample.created.filter(|_| moved).map_or(known.at, |born| born.clamp(known.at, at));
        for link in links {
            match link.role {
                Role::Gauge(tally) => {
                    // A gauge tells of no time in which nobody saw it, while a counter does.
                    if !self.gap && at.0 - known.at.0 <= self.regular {
                        self.push(sample, link, known.at, at, 0.0, true);
                    }
                    self.push(sample, link, at, at, tally.of_sample(sample.value), true);
                }
                _ => {
                    if from > known.at && !self.gap {
                        self.push(sample, link, known.at, from, 0.0, true);
                    }
                    self.push(sample, link, from, at, events, from > known.at || !(reset && self.gap));
                }
            }
        }
    }

    fn birth(&mut self, sample: &Sample, at: Timestamp, links: &[Link]) {
        for link in links {
            if let Role::Gauge(tally) = link.role {
                self.push(sample, link, at, at, tally.of_sample(sample.value), true);
                continue;
            }
            let earlier = self.target.last_success.filter(|last| *last >= link.since);
            let from = match earlier {
                Some(_) if self.context.policy.new_series == NewSeries::Baseline => None,
                Some(last) => Some(sample.created.map_or(last, |created| created.clamp(last, at.max(last)))),
                None => self.born(sample, link).map(|born| born.min(at)),
            };
            if let Some(from) = from {
                self.push(sample, link, from, at, sample.value, true);
            }
        }
    }

    /// When a series of a target read for the first time began, if that was under watch.
    fn born(&self, sample: &Sample, link: &Link) -> Option<Timestamp> {
        let process = (self.context.policy.new_target == NewTarget::ProcessStart).then_some(self.reading.process_start);
        let born = sample.created.or(process.flatten())?;
        (born > self.context.watched_since.max(link.since)).then_some(born)
    }

    fn push(&mut self, sample: &Sample, link: &Link, from: Timestamp, to: Timestamp, events: f64, measured: bool) {
        if self.counts(link) {
            let (total, bad) = (events * link.total, events * link.bad);
            let series = sample.series.clone();
            self.out.deltas.push(Delta { slo: link.slo, series, from, to, total, bad, measured });
        }
    }
}

/// Which parts of a latency SLO's histogram one reading shows.
#[derive(Default)]
struct Family {
    count: bool,
    infinity: bool,
    threshold: bool,
    boundaries: BTreeSet<Boundary>,
}

impl Family {
    fn add(&mut self, role: Role, series: &Series) {
        self.count |= role == Role::Count;
        self.infinity |= role == Role::Infinity;
        self.threshold |= role == Role::Threshold;
        let le = series.labels.get("le").and_then(|le| le.parse::<f64>().ok());
        self.boundaries.extend(le.filter(|le| le.is_finite()).map(Boundary));
    }
}

/// Whether all that is asked of a series is how often its value compares so: then a negative one is a value like any
/// other, while nothing can have grown or happened so often.
fn may_be_negative(links: &[Link]) -> bool {
    links.iter().all(|link| matches!(link.role, Role::Gauge(Tally::Samples | Tally::Where(_))))
}

#[cfg(test)]
mod tests {
    use super::Boundary;

    #[test]
    fn boundaries_are_ordered_as_numbers() {
        let mut boundaries = [10.0, 0.5, 9.0].map(Boundary);
        boundaries.sort_unstable();
        assert_eq!(boundaries, [0.5, 9.0, 10.0].map(Boundary));
        assert!(Boundary(9.0) < Boundary(10.0));
    }
}

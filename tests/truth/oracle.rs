//! The contract's counting rules by brute force: every span of events is kept, every window walks over all of them, and
//! every number is an exact fraction. Written from the contract alone; nothing of slowburn is used here.

pub use crate::sum::Sum;
use num_rational::BigRational;
use std::collections::BTreeMap;

/// A number without rounding.
pub type Exact = BigRational;

/// Milliseconds.
pub type Ms = i64;

/// What one attempt to scrape a target told.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub target: usize,
    pub at: Ms,
    pub good: bool,
    pub shown: Vec<Shown>,
    pub process_start: Option<Ms>,
}

/// One sample.
#[derive(Clone, Debug)]
pub struct Shown {
    pub series: usize,
    pub value: f64,
    /// The sample's own time, where it has one.
    pub at: Option<Ms>,
    pub created: Option<Ms>,
}

/// How a job's series and targets come into the world.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub baseline: bool,
    pub process_start: bool,
    pub watched_since: Ms,
    /// Between two scrapes.
    pub interval: Ms,
}

/// Events of one series, spread evenly over `(from, to]`, or all at `to`.
struct Span {
    target: usize,
    /// `None`: attempts to scrape.
    series: Option<usize>,
    from: Ms,
    to: Ms,
    events: Exact,
    bad: bool,
    /// Whether its time counts as measured.
    measured: bool,
}

/// What a series is to a latency SLO.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    Count,
    Infinity,
    /// The bucket whose boundary is the threshold.
    Threshold,
}

struct Last {
    value: f64,
    at: Ms,
    created: Option<Ms>,
    /// The target's time of successful scraping at the last sight.
    seen: Ms,
}

#[derive(Default)]
struct Target {
    last_success: Option<Ms>,
    last_attempt: Option<Ms>,
    failed: bool,
    /// Whether its histogram's total is the `+Inf` bucket, for want of `_count`.
    infinity: bool,
    /// Whether it last showed a histogram without the bucket of the threshold.
    lacks_bucket: bool,
    /// Whether that is still told.
    named: bool,
    scraped: Ms,
    series: BTreeMap<usize, Last>,
}

pub struct Oracle {
    rules: Rules,
    /// Of targets that are scraped at an interval of their own.
    pub intervals: BTreeMap<usize, Ms>,
    /// The parts of the one histogram, if a latency SLO counts any.
    part: fn(usize) -> Option<Part>,
    targets: BTreeMap<usize, Target>,
    spans: Vec<Span>,
}

const DAY: Ms = 86_400_000;
const FORGIVEN_AFTER: Ms = 600_000;

pub fn whole(number: i64) -> Exact {
    Exact::from_integer(number.into())
}

impl Oracle {
    pub fn new(rules: Rules) -> Self {
        Self::with_histogram(rules, |_| None)
    }

    pub fn with_histogram(rules: Rules, part: fn(usize) -> Option<Part>) -> Self {
        Self { rules, intervals: BTreeMap::new(), part, targets: BTreeMap::new(), spans: Vec::new() }
    }

    pub fn take(&mut self, attempt: &Attempt) {
        let mut known = self.targets.remove(&attempt.target).unwrap_or_default();
        self.attempted(attempt, known.last_attempt);
        if attempt.good {
            self.read(attempt, &mut known);
        }
        (known.last_attempt, known.failed) = (Some(attempt.at), !attempt.good);
        self.targets.insert(attempt.target, known);
        self.forgive(attempt.at);
    }

    /// What can't be mended, for nobody attempts to scrape the target any more, is no problem after a while.
    fn forgive(&mut self, now: Ms) {
        for target in self.targets.values_mut() {
            target.named &= target.last_attempt.is_some_and(|last| now - last <= FORGIVEN_AFTER);
        }
    }

    /// Rule 6. Time between two attempts that follow each other is measured.
    fn attempted(&mut self, attempt: &Attempt, last: Option<Ms>) {
        let (target, at) = (attempt.target, attempt.at);
        let of = |from, events| Span { target, series: None, from, to: at, events, bad: !attempt.good, measured: true };
        self.spans.extend(last.filter(|last| !self.is_pause(target, *last, at)).map(|last| of(last, whole(0))));
        self.spans.push(of(at, whole(1)));
    }

    fn interval(&self, target: usize) -> Ms {
        self.intervals.get(&target).copied().unwrap_or(self.rules.interval)
    }

    fn is_pause(&self, target: usize, last: Ms, at: Ms) -> bool {
        at - last > 2 * self.interval(target)
    }

    fn read(&mut self, attempt: &Attempt, known: &mut Target) {
        // Time without a scrape does not run.
        let paused = known.last_success.is_some_and(|last| self.is_pause(attempt.target, last, attempt.at));
        let step = known.last_success.map_or(0, |last| attempt.at - last);
        known.scraped += if paused { self.interval(attempt.target) } else { step };
        let gap = known.failed || paused;
        self.look_at_histogram(attempt, known);
        for shown in &attempt.shown {
            // Rule 4: no count, no sight.
            if shown.value.is_finite() && shown.value >= 0.0 {
                let spans = self.spans_of(attempt, shown, known, gap);
                self.spans.extend(spans);
            }
        }
        known.last_success = Some(attempt.at);
        let scraped = known.scraped;
        known.series.retain(|_, last| scraped - last.seen <= DAY);
    }

    /// A histogram that has no bucket at the threshold can't be counted, and is named.
    fn look_at_histogram(&self, attempt: &Attempt, known: &mut Target) {
        let shows = |part| attempt.shown.iter().any(|shown| (self.part)(shown.series) == Some(part));
        let (count, infinity) = (shows(Part::Count), shows(Part::Infinity));
        known.infinity |= infinity && !count;
        known.lacks_bucket = (count || infinity) && !shows(Part::Threshold);
        known.named = known.lacks_bucket;
    }

    /// The events that one sample tells of.
    fn spans_of(&self, attempt: &Attempt, shown: &Shown, known: &mut Target, gap: bool) -> Vec<Span> {
        let at = shown.at.unwrap_or(attempt.at);
        let value = Exact::from_float(shown.value).expect("a number");
        let span = |from, to, events, measured| {
            let (target, series) = (attempt.target, Some(shown.series));
            Span { target, series, from, to, events, bad: false, measured }
        };
        let spans = match known.series.get_mut(&shown.series) {
            Some(last) if at <= last.at => {
                // Nothing new, but the series is still there.
                last.seen = known.scraped;
                return Vec::new();
            }
            Some(last) => {
                // Rule 1; a new life that `_created` dates began then, as in rule 3.
                let moved = last.created.is_some() && shown.created.is_some() && last.created != shown.created;
                if moved || shown.value < last.value {
                    let from = shown.created.filter(|_| moved).map_or(last.at, |born| born.clamp(last.at, at));
                    let life = span(from, at, value, from > last.at || !gap);
                    vec![span(last.at, from, whole(0), !gap), life]
                } else {
                    vec![span(last.at, at, value - Exact::from_float(last.value).expect("a number"), true)]
                }
            }
            None => self.birth(attempt, shown, known, at).map(|from| span(from, at, value, true)).into_iter().collect(),
        };
        let last = Last { value: shown.value, at, created: shown.created, seen: known.scraped };
        known.series.insert(shown.series, last);
        if self.counts(shown.series, known) { spans } else { Vec::new() }
    }

    /// From when on a series counts that is seen for the first time.
    fn birth(&self, attempt: &Attempt, shown: &Shown, known: &Target, at: Ms) -> Option<Ms> {
        if let Some(since) = known.last_success {
            // Rule 2.
            let since = since.min(at);
            return (!self.rules.baseline).then(|| shown.created.unwrap_or(since).clamp(since, at));
        }
        // Rule 3.
        let process = attempt.process_start.filter(|_| self.rules.process_start);
        let born = shown.created.or(process);
        born.filter(|born| *born > self.rules.watched_since).map(|born| born.min(at))
    }

    fn counts(&self, series: usize, known: &Target) -> bool {
        (self.part)(series).is_none_or(|part| match part {
            _ if known.lacks_bucket => false,
            Part::Threshold => true,
            Part::Infinity => known.infinity,
            Part::Count => !known.infinity,
        })
    }

    /// The first target whose histogram can't be counted, as far as that is told.
    pub fn lacks_bucket(&self) -> Option<usize> {
        self.targets.iter().find(|(_, target)| target.named).map(|(number, _)| *number)
    }

    /// The events of `(from, to]` without those in maintenance. `weigh` gives the weights, in the total and in the bad
    /// count, of an event of a target's series; series of other indicators have none.
    pub fn sum(
        &self,
        weigh: impl Fn(usize, Option<usize>) -> Option<(i64, i64)>,
        (from, to): (Ms, Ms),
        maintenance: &[(Ms, Ms)],
    ) -> Sum {
        let mut sum = Sum { total: whole(0), bad: whole(0), measured: false };
        for span in &self.spans {
            let Some((total, bad)) = weigh(span.target, span.series) else { continue };
            for (from, to) in without(maintenance, from, to) {
                let share = share(span, from, to);
                sum.measured |= share > whole(0) && span.measured && span.from < span.to;
                let bad = if span.series.is_none() { i64::from(span.bad) } else { bad };
                sum.total += &span.events * &share * whole(total);
                sum.bad += &span.events * &share * whole(bad);
            }
        }
        sum
    }

    /// The share of `(from, to]` without maintenance in which something of an indicator was measured.
    pub fn coverage(
        &self,
        belongs: impl Fn(usize, Option<usize>) -> bool,
        (from, to): (Ms, Ms),
        maintenance: &[(Ms, Ms)],
    ) -> Exact {
        let spans = self.spans.iter().filter(|span| span.measured && belongs(span.target, span.series));
        let mut spans: Vec<(Ms, Ms)> = spans.map(|span| (span.from, span.to)).collect();
        spans.sort_unstable();
        let (mut measured, mut expected) = (0, 0);
        for (from, to) in without(maintenance, from, to) {
            expected += to - from;
            let mut known = from;
            for (start, end) in &spans {
                measured += (to.min(*end) - known.max(*start)).max(0);
                known = known.max(to.min(*end));
            }
        }
        if expected == 0 { whole(0) } else { Exact::new(measured.into(), expected.into()) }
    }
}

/// The share of a span's events that lies in `(from, to]`.
fn share(span: &Span, from: Ms, to: Ms) -> Exact {
    if span.from == span.to {
        return whole(i64::from(from < span.to && span.to <= to));
    }
    let inside = (span.to.min(to) - span.from.max(from)).max(0);
    Exact::new(inside.into(), (span.to - span.from).into())
}

/// What is left of `(from, to]` outside maintenance.
fn without(maintenance: &[(Ms, Ms)], from: Ms, to: Ms) -> Vec<(Ms, Ms)> {
    let mut left = vec![(from, to)];
    for (start, end) in maintenance {
        let parts = left.into_iter().flat_map(|(from, to)| [(from, to.min(*start)), (from.max(*end), to)]);
        left = parts.filter(|(from, to)| from < to).collect();
    }
    left
}

//! The contract's counting rules by brute force: every span of events is kept, every window walks over all of them, and
//! every number is an exact fraction. Written from the contract alone; nothing of slowburn is used here.

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
    scraped: Ms,
    series: BTreeMap<usize, Last>,
}

pub struct Oracle {
    rules: Rules,
    targets: BTreeMap<usize, Target>,
    spans: Vec<Span>,
}

/// Events of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    pub total: Exact,
    pub bad: Exact,
    /// Whether any time of it was measured.
    pub measured: bool,
}

const DAY: Ms = 86_400_000;

pub fn whole(number: i64) -> Exact {
    Exact::from_integer(number.into())
}

impl Oracle {
    pub fn new(rules: Rules) -> Self {
        Self { rules, targets: BTreeMap::new(), spans: Vec::new() }
    }

    pub fn take(&mut self, attempt: &Attempt) {
        let (target, at, bad) = (attempt.target, attempt.at, !attempt.good);
        self.spans.push(Span { target, series: None, from: at, to: at, events: whole(1), bad });
        if bad {
            return;
        }
        let mut known = self.targets.remove(&target).unwrap_or_default();
        // Time without a scrape does not run.
        let step = known.last_success.map_or(0, |last| at - last);
        known.scraped += if step > 2 * self.rules.interval { self.rules.interval } else { step };
        for shown in &attempt.shown {
            let at = shown.at.unwrap_or(attempt.at);
            // Rule 4: no count, no sight.
            let Some(value) = Exact::from_float(shown.value).filter(|_| shown.value >= 0.0) else { continue };
            let mut events = value;
            let from = match known.series.get_mut(&shown.series) {
                Some(last) if at <= last.at => {
                    // Nothing new, but the series is still there.
                    last.seen = known.scraped;
                    continue;
                }
                Some(last) => {
                    // Rule 1.
                    let moved = last.created.is_some() && shown.created.is_some() && last.created != shown.created;
                    if shown.value >= last.value && !moved {
                        events -= Exact::from_float(last.value).expect("kept because it is a number");
                    }
                    Some(last.at)
                }
                // Rule 2.
                None if known.last_success.is_some() => {
                    let since = known.last_success.filter(|_| !self.rules.baseline).map(|since| since.min(at));
                    since.map(|since| shown.created.unwrap_or(since).clamp(since, at))
                }
                // Rule 3.
                None => {
                    let process = attempt.process_start.filter(|_| self.rules.process_start);
                    let born = shown.created.or(process);
                    born.filter(|born| *born > self.rules.watched_since).map(|born| born.min(at))
                }
            };
            if let Some(from) = from {
                self.spans.push(Span { target, series: Some(shown.series), from, to: at, events, bad: false });
            }
            let last = Last { value: shown.value, at, created: shown.created, seen: known.scraped };
            known.series.insert(shown.series, last);
        }
        known.last_success = Some(at);
        let scraped = known.scraped;
        known.series.retain(|_, last| scraped - last.seen <= DAY);
        self.targets.insert(target, known);
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
                sum.measured |= share > whole(0);
                let bad = if span.series.is_none() { i64::from(span.bad) } else { bad };
                sum.total += &span.events * &share * whole(total);
                sum.bad += &span.events * &share * whole(bad);
            }
        }
        sum
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

impl Sum {
    pub fn good(&self) -> Exact {
        &self.total - &self.bad
    }

    /// Good share of all events; `None` without events.
    pub fn ratio(&self) -> Option<Exact> {
        (self.total > whole(0)).then(|| self.good() / &self.total)
    }

    /// How fast the budget (1 − objective) is spent; `None` without events.
    pub fn burn_rate(&self, budget: &Exact) -> Option<Exact> {
        (self.total > whole(0)).then(|| &self.bad / &self.total / budget)
    }

    /// What is left of the budget; `None` where nothing was ever measured.
    pub fn remaining(&self, budget: &Exact) -> Option<Exact> {
        self.measured.then(|| whole(1) - self.burn_rate(budget).unwrap_or_else(|| whole(0)))
    }
}

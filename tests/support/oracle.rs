//! The contract's counting rules over again, as plainly as they can be written: every event span is kept, every sum walks
//! over all of them. Nothing of the engine's own counting is used.

use slowburn::domain::labels::Series;
use slowburn::domain::reading::{Outcome, Scrape};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an event of a series adds to the total and to the bad count; `None` for a series that does not belong.
pub type Weigh = fn(&Series) -> Option<(f64, f64)>;

/// An SLO, as far as counting is concerned.
#[derive(Clone)]
pub struct Rule {
    pub name: &'static str,
    /// Since when its selectors are in force.
    pub since: i64,
    /// Labels that tell its budgets apart.
    pub by: &'static [&'static str],
    pub events: Events,
}

#[derive(Clone)]
pub enum Events {
    Series(Weigh),
    /// An event is an attempt to scrape a target.
    Attempts,
}

/// Events spread evenly over `(from, to]`, or all at `to`.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    to: i64,
    total: f64,
    bad: f64,
    measured: bool,
}

#[derive(Default)]
struct Target {
    last_attempt: Option<i64>,
    last_success: Option<i64>,
    failed: bool,
    /// Successful scraping so far.
    clock: i64,
    series: BTreeMap<Arc<Series>, Known>,
}

#[derive(Clone, Copy)]
struct Known {
    value: f64,
    at: i64,
    created: Option<i64>,
    clock: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    pub total: f64,
    pub bad: f64,
    /// Milliseconds.
    pub measured: i64,
}

/// How targets and series come into the world.
#[derive(Clone, Copy, Default)]
pub struct Births {
    pub baseline: bool,
    pub process_start: bool,
    /// Since when the job is watched; the first attempt where `None`.
    pub watched: Option<i64>,
}

const DAY: i64 = 86_400_000;

/// Everything that happened.
pub struct Oracle {
    pub rules: Vec<Rule>,
    pub births: Births,
    targets: BTreeMap<String, Target>,
    spans: BTreeMap<(&'static str, Vec<String>), Vec<Span>>,
}

impl Oracle {
    pub fn new(rules: Vec<Rule>, births: Births) -> Self {
        Self { rules, births, targets: BTreeMap::new(), spans: BTreeMap::new() }
    }

    /// Takes in one attempt to scrape.
    pub fn take(&mut self, scrape: &Scrape) {
        let births = &mut self.births;
        births.watched.get_or_insert(scrape.at.0);
        let name = scrape.target.id.instance.clone();
        let mut target = self.targets.remove(&name).unwrap_or_default();
        // A clock that went back stands still.
        let at = target.last_attempt.map_or(scrape.at.0, |last| scrape.at.0.max(last + 1));
        let good = matches!(scrape.outcome, Outcome::Read(_));
        self.attempt(&target, scrape, at, good);
        if good {
            self.success(&mut target, scrape, at);
            target.last_success = Some(at);
        }
        target.failed = !good;
        target.last_attempt = Some(at);
        self.targets.insert(name, target);
    }

    fn attempt(&mut self, target: &Target, scrape: &Scrape, at: i64, good: bool) {
        let interval = scrape.target.interval.as_millis() as i64;
        let rules: Vec<Rule> = self.rules.iter().filter(|r| matches!(r.events, Events::Attempts)).cloned().collect();
        for rule in rules {
            let series = Series::new("up", scrape.target.labels.clone());
            if let Some(last) = target.last_attempt.filter(|last| at - last <= 2 * interval) {
                self.push(&rule, &series, Span { from: last, to: at, total: 0.0, bad: 0.0, measured: true });
            }
            let bad = if good { 0.0 } else { 1.0 };
            self.push(&rule, &series, Span { from: at, to: at, total: 1.0, bad, measured: true });
        }
    }

    fn success(&mut self, target: &mut Target, scrape: &Scrape, at: i64) {
        let Outcome::Read(reading) = &scrape.outcome else { return };
        let interval = scrape.target.interval.as_millis() as i64;
        let gap = target.failed || target.last_success.is_some_and(|last| at - last > 2 * interval);
        if let Some(last) = target.last_success.filter(|_| !gap) {
            target.clock += at - last;
        }
        for sample in &reading.samples {
            let of_no_use =
                |rule: &Rule| !matches!(rule.events, Events::Series(weigh) if weigh(&sample.series).is_some());
            if !sample.value.is_finite() || sample.value < 0.0 || self.rules.iter().all(of_no_use) {
                continue;
            }
            let created = sample.created.map(|created| created.0);
            let now = Known { value: sample.value, at, created, clock: target.clock };
            match target.series.get(&sample.series).copied() {
                // Named twice in one scrape: the first one holds.
                Some(known) if known.at == at => continue,
                Some(known) => self.grown(&sample.series, known, now, gap),
                None => self.born(&sample.series, target, now, reading.process_start.map(|start| start.0)),
            }
            target.series.insert(sample.series.clone(), now);
        }
        let clock = target.clock;
        target.series.retain(|_, known| clock - known.clock <= DAY);
    }

    fn grown(&mut self, series: &Arc<Series>, known: Known, now: Known, gap: bool) {
        let moved = known.created.is_some() && now.created.is_some() && known.created != now.created;
        let reset = moved || now.value < known.value;
        let events = if reset { now.value } else { now.value - known.value };
        let from = now.created.filter(|_| moved).map_or(known.at, |born| born.clamp(known.at, now.at));
        self.count(series, |_| Some((from, from > known.at || !(reset && gap))), now.at, events);
        if !gap {
            self.count(series, |_| Some((known.at, true)), from, 0.0);
        }
    }

    fn born(&mut self, series: &Arc<Series>, target: &Target, now: Known, process_start: Option<i64>) {
        let births = self.births;
        let watched = births.watched.unwrap_or(now.at);
        self.count(
            series,
            |rule| match target.last_success.filter(|last| *last >= rule.since) {
                Some(_) if births.baseline => None,
                Some(last) => Some((now.created.map_or(last, |created| created.clamp(last, now.at)), true)),
                None => {
                    let born = now.created.or(process_start.filter(|_| births.process_start))?;
                    (born > watched.max(rule.since)).then_some((born.min(now.at), true))
                }
            },
            now.at,
            now.value,
        );
    }

    /// Counts for every rule; `from` gives where the span begins and whether it is measured.
    fn count(&mut self, series: &Arc<Series>, from: impl Fn(&Rule) -> Option<(i64, bool)>, to: i64, events: f64) {
        for rule in self.rules.clone() {
            let Events::Series(weigh) = rule.events else { continue };
            let (Some((total, bad)), Some((from, measured))) = (weigh(series), from(&rule)) else { continue };
            self.push(&rule, series, Span { from, to, total: events * total, bad: events * bad, measured });
        }
    }

    fn push(&mut self, rule: &Rule, series: &Series, span: Span) {
        let group = rule.by.iter().map(|label| series.labels.get(label).unwrap_or_default().to_owned()).collect();
        self.spans.entry((rule.name, group)).or_default().push(span);
    }

    /// Groups of a rule that counted something.
    pub fn groups(&self, name: &str) -> Vec<Vec<String>> {
        self.spans.keys().filter(|(rule, _)| *rule == name).map(|(_, group)| group.clone()).collect()
    }

    /// What happened in `(from, to]`.
    pub fn sum(&self, name: &'static str, group: &[String], from: i64, to: i64) -> Sum {
        let none = Vec::new();
        let spans = self.spans.get(&(name, group.to_vec())).unwrap_or(&none);
        let mut sum = Sum::default();
        for span in spans {
            let share = if span.from == span.to {
                f64::from(u8::from(from < span.to && span.to <= to))
            } else {
                (span.to.min(to) - span.from.max(from)).max(0) as f64 / (span.to - span.from) as f64
            };
            sum.total += span.total * share;
            sum.bad += span.bad * share;
        }
        let mut measured: Vec<(i64, i64)> =
            spans.iter().filter(|s| s.measured).map(|s| (s.from.max(from), s.to.min(to))).collect();
        measured.sort_unstable();
        let mut covered = from;
        for (start, end) in measured {
            sum.measured += (end - start.max(covered)).max(0);
            covered = covered.max(end);
        }
        sum
    }
}

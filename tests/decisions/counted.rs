//! What one series shows in a window: by Prometheus's functions, and by the events between its samples.

use super::traces::STEP;

/// How long Prometheus takes a value for the present one.
const LOOKBACK: i64 = 300_000;

/// One series: its samples, and the events that it showed by each of them.
pub struct Counted {
    points: Vec<(i64, f64)>,
    sums: Vec<f64>,
}

impl Counted {
    /// A counter, resets taken out.
    pub fn counter(points: Vec<(i64, f64)>) -> Self {
        let mut last = None;
        let grow = |(_, value): &(i64, f64)| {
            let growth = last.map_or(0.0, |last| if *value < last { *value } else { value - last });
            last = Some(*value);
            growth
        };
        let sums = running(points.iter().map(grow));
        Self { points, sums }
    }

    /// A counter with a 0 at the scrape before its first sample, if there is any.
    pub fn born(points: &[(i64, f64)], scrapes: &[i64]) -> Self {
        let first = points.first().map_or(0, |(at, _)| *at);
        let before = scrapes[..scrapes.partition_point(|at| *at < first)].last();
        let zero = before.map(|at| (*at, 0.0));
        Self::counter(zero.into_iter().chain(points.iter().copied()).collect())
    }

    /// A gauge, each sample of which is so many events.
    pub fn gauge(points: Vec<(i64, f64)>, events: fn(f64) -> f64) -> Self {
        let sums = running(points.iter().map(|(_, value)| events(*value)));
        Self { points, sums }
    }

    /// A gauge as a subquery sees it: at each multiple of the step its last value, unless that is too old.
    pub fn looked(points: &[(i64, f64)], events: fn(f64) -> f64) -> Self {
        let ends = points.first().zip(points.last()).map_or((0, 0), |(first, last)| (first.0, last.0 + LOOKBACK));
        let first = (ends.0.div_euclid(STEP) + 1) * STEP;
        let seen = (first..ends.1).step_by(STEP as usize).filter_map(|at| {
            let (when, value) = points[..points.partition_point(|(when, _)| *when <= at)].last()?;
            (when + LOOKBACK > at).then_some((at, *value))
        });
        Self::gauge(seen.collect(), events)
    }

    /// Events of the samples within `[from, to]`.
    pub fn sum(&self, from: i64, to: i64) -> Option<f64> {
        let range = self.within(from, to);
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start)?;
        let before = range.start.checked_sub(1).map_or(0.0, |before| self.sums[before]);
        Some(self.sums[last] - before)
    }

    /// The samples within `[from, to]`, by index.
    fn within(&self, from: i64, to: i64) -> std::ops::Range<usize> {
        self.points.partition_point(|(at, _)| *at < from)..self.points.partition_point(|(at, _)| *at <= to)
    }

    /// The growth of a window, as `rate` has it, times its seconds.
    pub fn growth(&self, from: i64, to: i64, extrapolated: bool) -> Option<f64> {
        let range = self.within(from, to);
        let (first, last) = (range.start, range.end.checked_sub(1).filter(|last| *last > range.start)?);
        let grown = self.sums[last] - self.sums[first];
        if !extrapolated {
            return Some(grown);
        }
        let ((begin, value), (end, _)) = (self.points[first], self.points[last]);
        let sampled = (end - begin) as f64 / 1000.0;
        let apart = sampled / (last - first) as f64;
        let mut before = (begin - from) as f64 / 1000.0;
        if grown > 0.0 {
            before = before.min(sampled * value / grown);
        }
        let after = (to - end) as f64 / 1000.0;
        let reach = |gap: f64| if gap < apart * 1.1 { gap } else { apart / 2.0 };
        Some(grown * (sampled + reach(before) + reach(after)) / sampled)
    }

    /// Events up to a moment, those between two samples in proportion; samples after `now` are not known.
    pub fn up_to(&self, at: i64, now: i64) -> f64 {
        let known = self.within(i64::MIN, now).end;
        let after = self.within(i64::MIN, at).end;
        if after == 0 || known == 0 {
            return 0.0;
        }
        if after >= known {
            return self.sums[known - 1];
        }
        let ((begin, _), (end, _)) = (self.points[after - 1], self.points[after]);
        let share = (at - begin) as f64 / (end - begin) as f64;
        self.sums[after - 1] + share * (self.sums[after] - self.sums[after - 1])
    }
}

fn running(parts: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |part| {
        sum += part;
        sum
    };
    parts.map(add).collect()
}

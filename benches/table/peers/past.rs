//! The past that peers' stores are filled with: the same counters that the targets show now, and what rules recorded.

use super::Setting;
use super::rules::{CONSTANTS, DERIVED, WINDOWS, identity};
use crate::support::body::counters;
use crate::support::traffic::{Kind, kind};
use crate::world::JOB;
use slowburn::domain::time::Timestamp;
use std::fmt::Write;
use std::ops::Range;

/// Seconds of the period.
pub const PERIOD: i64 = 30 * 86_400;
/// Seconds for which the rules read counters, and a little more.
const COUNTERS: i64 = 3 * 86_400 + 2 * 3600;
/// Seconds between two scrapes, and between two evaluations.
const SCRAPE: i64 = 15;
const EVALUATION: i64 = 30;

/// How much of the past is written.
#[derive(Clone, Copy, PartialEq)]
pub enum Depth {
    /// What the rules read: the last three days of counters, and the recorded 5-minute ratio.
    Read,
    /// All that Prometheus would hold of the series that the rules read and write.
    Everything,
}

/// The unit of time stamps.
#[derive(Clone, Copy)]
pub enum Unit {
    /// As OpenMetrics has it.
    Seconds,
    /// As Prometheus's text format has it.
    Milliseconds,
}

/// Samples of a span, in seconds, as text.
pub struct Past<'a> {
    pub setting: &'a Setting,
    /// The present, from which ages count.
    pub now: i64,
    pub depth: Depth,
    pub unit: Unit,
}

impl Past<'_> {
    /// Writes one SLO's samples of a span.
    pub fn write(&self, text: &mut String, service: usize, span: Range<i64>) {
        let since = if self.depth == Depth::Read { span.start.max(self.now - COUNTERS) } else { span.start };
        let instance = self.setting.instance(service);
        for which in 0..2 {
            let code = counters(service, 0, moment(span.start))[which].0;
            let series = format!(
                "http_requests_total{{service=\"s{service:04}\",code=\"{code}\",method=\"GET\",job=\"{JOB}\",instance=\"{instance}\"}}"
            );
            self.samples(text, &series, since..span.end, SCRAPE, |at| counters(service, 0, at)[which].1 as f64);
        }
        let kind = kind(service, 0);
        let identity = identity(service);
        let windows = if self.depth == Depth::Read { &WINDOWS[..1] } else { &WINDOWS[..] };
        for (window, seconds) in windows {
            let series = format!("slo:sli_error:ratio_rate{window}{{{identity},sloth_window=\"{window}\"}}");
            self.samples(text, &series, span.clone(), EVALUATION, |at| ratio(kind, at, *seconds as i64));
        }
        if self.depth == Depth::Everything {
            self.rest(text, &identity, kind, span);
        }
    }

    /// What is recorded besides the ratios that the rules read.
    fn rest(&self, text: &mut String, identity: &str, kind: Kind, span: Range<i64>) {
        let period = |at| ratio(kind, at, PERIOD);
        let mut series = |name: &str, extra: &str, value: &dyn Fn(Timestamp) -> f64| {
            self.samples(text, &format!("{name}{{{identity}{extra}}}"), span.clone(), EVALUATION, value);
        };
        series("slo:sli_error:ratio_rate30d", ",sloth_window=\"30d\"", &period);
        for (name, value) in CONSTANTS {
            let value: f64 = value.parse().expect("a number");
            series(name, "", &|_| value);
        }
        let [current, whole, remaining] = DERIVED;
        series(current, "", &|at| ratio(kind, at, 300) / 0.001);
        series(whole, "", &|at| period(at) / 0.001);
        series(remaining, "", &|at| 1.0 - period(at) / 0.001);
    }

    /// Writes the counters of a traffic under a service's name.
    pub fn counters(&self, text: &mut String, service: &str, kind: Kind, span: Range<i64>) {
        for code in ["200", "500"] {
            let series = format!("http_requests_total{{service=\"{service}\",code=\"{code}\",job=\"{JOB}\"}}");
            self.samples(text, &series, span.clone(), SCRAPE, |at| {
                let (total, bad) = kind.traffic().until(at, |_| 0);
                (if code == "500" { bad } else { total - bad }) as f64
            });
        }
    }

    fn samples(&self, text: &mut String, series: &str, span: Range<i64>, step: i64, value: impl Fn(Timestamp) -> f64) {
        let first = span.start + (step - span.start.rem_euclid(step)) % step;
        for at in (first..span.end).step_by(step as usize) {
            let stamp = match self.unit {
                Unit::Seconds => at,
                Unit::Milliseconds => at * 1000,
            };
            let _ = writeln!(text, "{series} {} {stamp}", value(moment(at)));
        }
    }
}

/// A time in seconds since the epoch.
pub fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

/// Errors over requests in so many seconds before a moment.
pub fn ratio(kind: Kind, at: Timestamp, seconds: i64) -> f64 {
    let traffic = kind.traffic();
    let (since, until) = (traffic.until(Timestamp(at.0 - seconds * 1000), |_| 0), traffic.until(at, |_| 0));
    (until.1 - since.1) as f64 / (until.0 - since.0) as f64
}

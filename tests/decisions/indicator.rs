//! What an SLO of the comparison counts, told once for the model: terms with weights over series.

use super::traces::Series;

/// Which series a term is about.
pub type Pick = fn(&Series) -> bool;

/// How the events of a term come out of its series.
#[derive(Clone, Copy)]
pub enum How {
    /// The growth of counters.
    Growth,
    /// Each sample of a gauge, as so many events.
    Samples(fn(f64) -> f64),
    /// The same, through a subquery that looks every step.
    Looked(fn(f64) -> f64),
}

pub struct Term {
    pub weight: f64,
    pub picks: Pick,
    pub how: How,
}

pub struct Indicator {
    pub bad: Vec<Term>,
    pub total: Vec<Term>,
    /// The rules put 0 where a term has no series; else the ratio is absent then.
    pub missing_is_zero: bool,
}

fn term(weight: f64, picks: Pick, how: How) -> Term {
    Term { weight, picks, how }
}

fn is(series: &Series, name: &str) -> bool {
    series.name == name
}

fn has(series: &Series, label: &str, fits: fn(&str) -> bool) -> bool {
    series.labels.iter().any(|(name, value)| *name == label && fits(value))
}

fn fails(code: &str) -> bool {
    code.starts_with('5') || code == "429"
}

const REQUESTS: Pick = |series| is(series, "http_request_duration_seconds_count");
const FAILED_REQUESTS: Pick = |series| REQUESTS(series) && has(series, "code", fails);
const GOOD_REQUESTS: Pick = |series| REQUESTS(series) && !has(series, "code", fails);
const CALLS: Pick = |series| is(series, "apiserver_request_total");
const FAILED_CALLS: Pick = |series| CALLS(series) && has(series, "code", fails);
const GETS: Pick = |series| CALLS(series) && has(series, "verb", |verb| verb == "GET");
const POSTS: Pick = |series| CALLS(series) && has(series, "verb", |verb| verb == "POST");
const FAILED_GETS: Pick = |series| FAILED_CALLS(series) && GETS(series);
const FAILED_POSTS: Pick = |series| FAILED_CALLS(series) && POSTS(series);
const TIMED: Pick = |series| is(series, "apiserver_request_duration_seconds_count");
const FAST: Pick =
    |series| is(series, "apiserver_request_duration_seconds_bucket") && has(series, "le", |le| le == "0.4");
const WIFI: Pick = |series| is(series, "unifipoller_client_satisfaction_ratio");

fn growth(bad: &[(f64, Pick)], total: Pick, missing_is_zero: bool) -> Indicator {
    let bad = bad.iter().map(|(weight, picks)| term(*weight, *picks, How::Growth)).collect();
    Indicator { bad, total: vec![term(1.0, total, How::Growth)], missing_is_zero }
}

pub fn failed_requests(missing_is_zero: bool) -> Indicator {
    growth(&[(1.0, FAILED_REQUESTS)], REQUESTS, missing_is_zero)
}

pub fn requests_but_good_ones(missing_is_zero: bool) -> Indicator {
    growth(&[(1.0, REQUESTS), (-1.0, GOOD_REQUESTS)], REQUESTS, missing_is_zero)
}

pub fn failed_calls() -> Indicator {
    growth(&[(1.0, FAILED_CALLS)], CALLS, false)
}

pub fn failed_gets() -> Indicator {
    growth(&[(1.0, FAILED_GETS)], GETS, true)
}

pub fn failed_posts() -> Indicator {
    growth(&[(1.0, FAILED_POSTS)], POSTS, true)
}

pub fn slow_calls(missing_is_zero: bool) -> Indicator {
    growth(&[(1.0, TIMED), (-1.0, FAST)], TIMED, missing_is_zero)
}

/// One minus the mean of a gauge.
pub fn mean_satisfaction() -> Indicator {
    let count = How::Samples(|_| 1.0);
    Indicator {
        bad: vec![term(1.0, WIFI, count), term(-1.0, WIFI, How::Samples(|value| value))],
        total: vec![term(1.0, WIFI, count)],
        missing_is_zero: false,
    }
}

/// The share of a gauge's values below three quarters.
pub fn unhappy_clients() -> Indicator {
    Indicator {
        bad: vec![term(1.0, WIFI, How::Looked(|value| f64::from(u8::from(value < 0.75))))],
        total: vec![term(1.0, WIFI, How::Looked(|_| 1.0))],
        missing_is_zero: true,
    }
}

/// The share below a half.
pub fn lost_clients() -> Indicator {
    Indicator {
        bad: vec![term(1.0, WIFI, How::Looked(|value| f64::from(u8::from(value < 0.5))))],
        total: vec![term(1.0, WIFI, How::Looked(|_| 1.0))],
        missing_is_zero: true,
    }
}

//! A histogram of random targets: its parts are shown together, and what a new life of a process changes is how its
//! threshold is written, or that it has no such bucket.

use crate::engine::SERIES;
use crate::oracle::{Exact, Ms, Part, whole};
use crate::traffic::Show;
use proptest::prelude::*;

/// The series of its parts.
const COUNT: usize = 5;
const INFINITY: usize = 6;
const OTHER: usize = 7;
/// The threshold, written in several ways; one more is a process without that bucket.
const SPELLINGS: std::ops::Range<usize> = 8..11;

/// What the first, the second and the third target do not show.
const LEFT_OUT: [usize; 3] = [OTHER, COUNT, INFINITY];

/// A life that writes its threshold so shows `_count` and the `+Inf` bucket, whatever lives before it did.
const WITH_ALL: usize = 10;

/// What one attempt finds of it.
#[derive(Clone, Debug)]
pub struct Timed {
    show: Show,
    slow: u16,
    /// How a life that begins here writes the threshold.
    spelling: usize,
}

pub fn timed(show: impl Strategy<Value = Show>) -> impl Strategy<Value = Timed> {
    let spelling = SPELLINGS.start..SPELLINGS.end + 1;
    (show, 0u16..9, spelling).prop_map(|(show, slow, spelling)| Timed { show, slow, spelling })
}

/// What part of the histogram a series is: boundaries are numbers, however they are written.
pub fn part(series: usize) -> Option<Part> {
    match SERIES[series] {
        ("latency_seconds_count", ..) => Some(Part::Count),
        ("latency_seconds_bucket", "le", "+Inf") => Some(Part::Infinity),
        ("latency_seconds_bucket", "le", le) => {
            (number(le) == Exact::new(3.into(), 10.into())).then_some(Part::Threshold)
        }
        _ => None,
    }
}

/// A decimal, with or without an exponent.
fn number(text: &str) -> Exact {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let value: i64 = format!("{before}{after}").parse().expect("digits");
    let exponent = exponent.parse::<i32>().expect("an exponent") - after.len() as i32;
    whole(value) * whole(10).pow(exponent)
}

/// It as it really is.
pub struct Histogram {
    fast: f64,
    slow: f64,
    born: Ms,
    spelling: usize,
}

impl Histogram {
    /// What a target shows: series, value and birth.
    pub fn show(known: &mut Option<Self>, target: usize, now: Ms, timed: &Timed) -> Vec<(usize, f64, Ms)> {
        let begun = |born| Self { fast: 0.0, slow: 0.0, born, spelling: timed.spelling };
        if matches!(timed.show, Show::Reset(_)) {
            *known = None;
        }
        let histogram = known.get_or_insert_with(|| begun(now - 300));
        if let Show::More(more) | Show::Reset(more) = timed.show {
            histogram.fast += f64::from(more);
            histogram.slow += f64::from(timed.slow);
        }
        let all = histogram.fast + histogram.slow;
        let parts = [(COUNT, all), (INFINITY, all), (OTHER, all), (histogram.spelling, histogram.fast)];
        let left_out = if histogram.spelling == WITH_ALL { OTHER } else { LEFT_OUT[target] };
        let parts = parts.into_iter().filter(|(series, _)| *series != left_out && *series < SPELLINGS.end);
        let mut parts: Vec<_> = parts.map(|(series, value)| (series, value, histogram.born)).collect();
        match timed.show {
            Show::Missing => Vec::new(),
            // Without the bucket nothing counts anyway.
            Show::Value(strange) if histogram.spelling < SPELLINGS.end => {
                parts[0].1 = strange;
                parts
            }
            Show::Twice => parts.iter().flat_map(|part| [*part, (part.0, part.1 + 7.0, part.2)]).collect(),
            Show::More(_) | Show::Reset(_) | Show::Value(_) => parts,
        }
    }
}

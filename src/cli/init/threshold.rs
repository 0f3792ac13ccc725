//! The threshold of a latency SLO: which of a histogram's boundaries, going by what it holds now.
//!
//! The smallest boundary that holds 99 % of all observations promises what the service does already; a tighter one would
//! page at once, a looser one never. With too few observations the choice is a guess, and is called so.

use super::inventory::{Inventory, Metric};
use std::collections::BTreeMap;

/// A chosen boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// In the histogram's unit.
    pub boundary: f64,
    /// Percent.
    pub objective: &'static str,
    pub why: Why,
}

/// What the choice rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The smallest boundary that holds 99 % of the observations.
    Holds { share: f64, events: f64 },
    /// Even the largest one holds fewer, so the objective was lowered.
    Largest { share: f64, events: f64 },
    /// Nothing was observed.
    Guess,
}

/// Why there is no threshold.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// No boundary is there but infinity, or none that all series share.
    NoBoundaries,
    /// Most of what is slow lies beyond the largest boundary.
    TooCoarse { largest: f64, share: f64 },
}

/// With fewer observations than these a share of 99 % says little.
pub const FEW: f64 = 100.0;

/// A guess for what nobody has observed yet, in seconds.
const GUESS: f64 = 0.5;

/// The least objective that the default pairs of windows can work with.
const LEAST: f64 = 0.95;

/// Units in which histograms' names end, with how many of them make a second.
const UNITS: [(&str, f64); 9] = [
    ("_seconds", 1.0),
    ("_milliseconds", 1e3),
    ("_millis", 1e3),
    ("_ms", 1e3),
    ("_microseconds", 1e6),
    ("_us", 1e6),
    ("_nanoseconds", 1e9),
    ("_ns", 1e9),
    ("_minutes", 1.0 / 60.0),
];

/// The unit that a name ends in, and how many of it make a second.
pub fn unit(histogram: &str) -> Option<(&'static str, f64)> {
    UNITS.into_iter().find(|(ending, _)| histogram.ends_with(ending))
}

/// Chooses a boundary of the histogram with this name.
pub fn choose(inventory: &Inventory, histogram: &str) -> Result<Threshold, Unfit> {
    let buckets = inventory.metric(&format!("{histogram}_bucket")).ok_or(Unfit::NoBoundaries)?;
    let (finite, events) = boundaries(buckets).ok_or(Unfit::NoBoundaries)?;
    let (&largest, &most) = finite.iter().next_back().ok_or(Unfit::NoBoundaries)?;
    let (largest, share) = (key_value(largest), most / events);
    if events == 0.0 {
        let wanted = GUESS * unit(histogram).map_or(1.0, |(_, per_second)| per_second);
        let distance = |boundary: f64| (boundary / wanted).ln().abs();
        let nearest = finite.keys().map(|key| key_value(*key)).min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        return Ok(Threshold { boundary: nearest.unwrap_or(largest), objective: "99", why: Why::Guess });
    }
    if let Some((boundary, within)) = finite.iter().find(|(_, within)| **within >= events * 0.99) {
        let why = Why::Holds { share: within / events, events };
        return Ok(Threshold { boundary: key_value(*boundary), objective: "99", why });
    }
    if share >= LEAST {
        return Ok(Threshold { boundary: largest, objective: "95", why: Why::Largest { share, events } });
    }
    Err(Unfit::TooCoarse { largest, share })
}

/// The positive finite boundaries that all series share with what they hold, and the number of all observations.
fn boundaries(buckets: &Metric) -> Option<(BTreeMap<u64, f64>, f64)> {
    let mut by_boundary: BTreeMap<u64, (u64, f64)> = BTreeMap::new();
    for (text, seen) in buckets.label("le")?.all() {
        // Two spellings of a number are one boundary. Positive floats sort as their bits do.
        let Some(boundary) = text.parse::<f64>().ok().filter(|boundary| *boundary > 0.0) else { continue };
        let entry = by_boundary.entry(boundary.to_bits()).or_default();
        entry.0 += seen.series;
        entry.1 += seen.sum;
    }
    let (series, events) = by_boundary.remove(&f64::INFINITY.to_bits())?;
    by_boundary.retain(|_, (of, _)| *of == series);
    Some((by_boundary.into_iter().map(|(boundary, (_, within))| (boundary, within)).collect(), events))
}

fn key_value(key: u64) -> f64 {
    f64::from_bits(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::exposition::{Format, SyntaxError, read};

    /// A histogram of seconds with these buckets, each `le` and its count.
    fn choice(buckets: &[(&str, u64)]) -> Result<Threshold, Unfit> {
        let lines: String = buckets.iter().map(|(le, n)| format!("x_seconds_bucket{{le=\"{le}\"}} {n}\n")).collect();
        let mut inventory = Inventory::default();
        read(lines.as_bytes(), Format::Text, |entry| {
            inventory.add(entry);
            Ok::<_, SyntaxError>(())
        })
        .unwrap();
        choose(&inventory, "x_seconds")
    }

    #[test]
    fn the_smallest_boundary_that_holds_enough_is_chosen() {
        let holds = |share, events| Why::Holds { share, events };
        for (name, buckets, boundary, objective, why) in [
            (
                "in the middle",
                &[("0.1", 90), ("0.3", 991), ("1", 999), ("+Inf", 1000)][..],
                0.3,
                "99",
                holds(0.991, 1e3),
            ),
            ("exactly 99 %", &[("0.1", 99), ("1", 100), ("+Inf", 100)], 0.1, "99", holds(0.99, 1e2)),
            ("the first", &[("0.1", 5), ("1", 5), ("+Inf", 5)], 0.1, "99", holds(1.0, 5.0)),
            ("two spellings", &[("1.0", 4), ("1", 6), ("+Inf", 5), ("inf", 5)], 1.0, "99", holds(1.0, 10.0)),
            ("the largest", &[("1", 96), ("+Inf", 100)], 1.0, "95", Why::Largest { share: 0.96, events: 100.0 }),
            ("nothing yet", &[("0.1", 0), ("0.4", 0), ("2", 0), ("+Inf", 0)], 0.4, "99", Why::Guess),
        ] {
            assert_eq!(choice(buckets), Ok(Threshold { boundary, objective, why }), "{name}");
        }
    }

    #[test]
    fn histograms_that_can_not_tell_are_unfit() {
        for (name, buckets, unfit) in [
            ("no buckets", &[][..], Unfit::NoBoundaries),
            ("infinity only", &[("+Inf", 3)], Unfit::NoBoundaries),
            ("no infinity", &[("1", 3)], Unfit::NoBoundaries),
            ("no numbers", &[("a", 3), ("-1", 2), ("0", 2), ("NaN", 1), ("+Inf", 3)], Unfit::NoBoundaries),
            ("shared by none", &[("1", 3), ("+Inf", 3), ("2", 3), ("+Inf", 3)], Unfit::NoBoundaries),
            ("too coarse", &[("1", 94), ("+Inf", 100)], Unfit::TooCoarse { largest: 1.0, share: 0.94 }),
        ] {
            assert_eq!(choice(buckets), Err(unfit), "{name}");
        }
    }
}

//! Points in time and Prometheus durations.
//!
//! The whole domain counts in whole milliseconds since the epoch, as Prometheus does; nothing here reads a clock.
//! Durations are written and printed in Prometheus's spelling (`1h30m`, `30d`, `4w`).

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt::{self, Write};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, in milliseconds since the Unix epoch (UTC). Negative before 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` after the epoch, rounded to the nearest millisecond.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    /// The moment `seconds` after the epoch.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_millis()))
    }

    /// Seconds since the epoch, with milliseconds as fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The UTC date and time; `None` beyond what the calendar can hold (about ±262 000 years).
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }

    /// Time from `earlier` to `self`, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

/// The ends of the steps of `step` that end in `(start, end]`; steps that do not begin before `now` are left out.
pub fn step_ends(start: Timestamp, end: Timestamp, step: Duration, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let step = millis(step).max(1);
    (1..).map(move |i| Timestamp(start.0 + i * step)).take_while(move |at| *at <= end && at.0 - step < now.0)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

/// RFC 3339 in UTC; milliseconds only when there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.0 % 1000 == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        match self.to_utc() {
            Some(time) => f.write_str(&time.to_rfc3339_opts(format, true)),
            None => write!(f, "{}ms", self.0),
        }
    }
}

/// Human formats (JSON) get RFC 3339, binary formats the number.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("not an RFC 3339 time: {text:?}")))
    }
}

/// A duration in whole milliseconds, at most `i64::MAX`.
pub fn millis(duration: Duration) -> i64 {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    seconds.saturating_mul(1000).saturating_add(i64::from(duration.subsec_millis()))
}

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: {text:?}; write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)")]
pub struct BadDuration {
    text: String,
}

/// Reads a Prometheus duration: `0`, or numbers with units in falling order, each at most once.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let bad = || BadDuration { text: text.to_owned() };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut next_unit, mut total) = (text, 0, 0u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = UNITS.iter().position(|(name, _)| *name == &rest[..letters]).ok_or_else(bad)?;
        if unit < next_unit {
            return Err(bad());
        }
        next_unit = unit + 1;
        rest = &rest[letters..];
        total = number.checked_mul(UNITS[unit].1).and_then(|ms| total.checked_add(ms)).ok_or_else(bad)?;
    }
    if text.is_empty() || i64::try_from(total).is_err() { Err(bad()) } else { Ok(Duration::from_millis(total)) }
}

/// Prints a duration as Prometheus's `model.Duration` does: years and weeks only when exact (`28d` is `4w`, `30d` stays).
pub fn format_duration(duration: Duration) -> String {
    let mut rest = millis(duration) as u64;
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (name, size) in UNITS {
        let exact_only = matches!(name, "y" | "w");
        if rest < size || (exact_only && !rest.is_multiple_of(size)) {
            continue;
        }
        // Writing to a string never fails.
        let _ = write!(text, "{}{name}", rest / size);
        rest %= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed_as_prometheus_does() {
        for (text, ms, printed) in [
            ("0", 0, "0s"),
            ("15s", 15_000, "15s"),
            ("90m", 5_400_000, "1h30m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("7d", 604_800_000, "1w"),
            ("28d", 2_419_200_000, "4w"),
            ("30d", 2_592_000_000, "30d"),
            ("365d", 31_536_000_000, "1y"),
            ("1500ms", 1_500, "1s500ms"),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
            assert_eq!(format_duration(Duration::from_millis(ms)), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "m", "1m1h", "5m5m", "-5m", "1.5h", "5 m", "5x", "99999999999999999999s", "999999999999y"]
        {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn moments_print_in_rfc_3339_with_milliseconds_only_when_there_are_any() {
        assert_eq!(Timestamp::from_secs(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(1_767_225_600_123).to_string(), "2026-01-01T00:00:00.123Z");
    }

    #[test]
    fn moments_are_whole_milliseconds() {
        let at = Timestamp(1_500);
        for (name, found, expected) in [
            ("rounded up", Timestamp::from_secs_f64(1.4996), at),
            ("rounded down", Timestamp::from_secs_f64(1.5004), at),
            ("whole seconds", Timestamp::from_secs(-5), Timestamp(-5_000)),
            ("later", at + Duration::from_millis(250), Timestamp(1_750)),
            ("earlier", at - Duration::from_secs(2), Timestamp(-500)),
            ("as late as can be", Timestamp(i64::MAX) + Duration::MAX, Timestamp(i64::MAX)),
            ("as early as can be", Timestamp(i64::MIN) - Duration::from_secs(1), Timestamp(i64::MIN)),
        ] {
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(at.as_secs_f64(), 1.5);
        assert_eq!(at.since(Timestamp(1_000)), Duration::from_millis(500));
        assert_eq!(at.since(Timestamp(2_000)), Duration::ZERO);
        assert_eq!(millis(Duration::MAX), i64::MAX);
        assert_eq!(Timestamp(i64::MAX).to_string(), "9223372036854775807ms", "no calendar goes so far");
    }

    #[test]
    fn moments_are_texts_for_people_and_numbers_for_machines() {
        let at = Timestamp::parse("2026-01-01T02:00:00.5+02:00").unwrap();
        assert_eq!(at, Timestamp(1_767_225_600_500));
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-01-01T00:00:00.500Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>("\"2026-01-01T00:00:00.500Z\"").unwrap(), at);
        assert!(serde_json::from_str::<Timestamp>("1767225600500").is_err());
        let packed = postcard::to_stdvec(&at).unwrap();
        assert_eq!(packed, postcard::to_stdvec(&at.0).unwrap());
        assert_eq!(postcard::from_bytes::<Timestamp>(&packed).unwrap(), at);
    }
}

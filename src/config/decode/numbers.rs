//! Numbers, durations, sizes and times, read from the text as written so that nothing is rounded on the way.

use super::Value;
use crate::domain::ratio::Ratio;
use crate::domain::time::{Timestamp, parse_duration};
use chrono::{NaiveDate, NaiveDateTime};
use std::time::Duration;

impl Value<'_> {
    /// A whole number, not negative.
    pub fn integer(&self) -> Option<u64> {
        let text = self.text_like("a whole number")?;
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse().ok().filter(|_| plain) {
            Some(number) => Some(number),
            None => self.refuse("expected a whole number, 0 or more", "write digits only, such as 10000"),
        }
    }

    /// A decimal, not negative, exactly as written.
    pub fn decimal(&self) -> Option<Ratio> {
        let text = self.text_like("a number")?;
        match Ratio::parse(&text) {
            Some(number) => Some(number),
            None => {
                let help = match text.strip_suffix('%').and_then(|text| Ratio::parse(text.trim())) {
                    Some(_) => "leave out the percent sign",
                    None => "write a plain decimal, such as 99.9",
                };
                self.refuse("expected a number, 0 or more", help)
            }
        }
    }

    /// Any finite number.
    pub fn number(&self) -> Option<f64> {
        let text = self.text_like("a number")?;
        match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => Some(number),
            None => self.refuse("not a number", "write it like 0.25, -3 or 1e-6"),
        }
    }

    /// A Prometheus duration.
    pub fn duration(&self) -> Option<Duration> {
        let text = self.text_like("a duration")?;
        match parse_duration(&text) {
            Ok(duration) => Some(duration),
            Err(_) if Ratio::parse(&text).is_some() => {
                self.refuse("a duration needs a unit", format!("write {} for seconds", example(self, "s")))
            }
            Err(_) => self.refuse(
                "not a duration",
                "write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)",
            ),
        }
    }

    /// A duration above zero.
    pub fn positive_duration(&self) -> Option<Duration> {
        match self.duration()? {
            Duration::ZERO => self.refuse("the duration must be above zero", "write it like 15s or 1m"),
            duration => Some(duration),
        }
    }

    /// Bytes, such as `64MiB`; `MB` means the same as `MiB`, as in Prometheus.
    pub fn size(&self) -> Option<u64> {
        let text = self.text_like("a size")?;
        match parse_size(&text) {
            Some(bytes) => Some(bytes),
            None => self.refuse(
                "not a size in bytes",
                "write it like 64MiB or 512KiB (units B, KiB, MiB, GiB, TiB); 0 is no limit",
            ),
        }
    }

    /// RFC 3339, or a date with or without time, then in UTC.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let text = self.text_like("a time")?;
        match parse_time(&text) {
            Some(time) => Some(time),
            None => self.refuse(
                "not a time",
                "write it as RFC 3339, such as 2026-01-31T22:00:00Z or 2026-01-31T22:00:00+01:00",
            ),
        }
    }

    fn text_like(&self, wanted: &str) -> Option<String> {
        match self.node().text() {
            Some(_) => self.text(),
            None => {
                self.expected(wanted);
                None
            }
        }
    }
}

fn example(value: &Value<'_>, unit: &str) -> String {
    match value.node().text() {
        Some(text) if !value.is_expanded() => format!("{text}{unit}"),
        _ => format!("30{unit}"),
    }
}

const UNITS: [(&str, u32); 7] = [("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10), ("", 0)];

/// Prometheus's `units.Base2Bytes`, without fractions of a byte.
fn parse_size(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let text = text.strip_suffix('B')?;
    let text = text.strip_suffix('i').filter(|text| !text.ends_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
    let (prefix, shift) = UNITS.iter().find(|(prefix, _)| text.ends_with(prefix))?;
    let bytes = Ratio::parse(&text[..text.len() - prefix.len()])?.times(Ratio::new(1 << shift, 1)?)?;
    (bytes.den() == 1).then_some(bytes.num())
}

/// RFC 3339; a date, or a time without an offset, is in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let utc = |time: NaiveDateTime| Timestamp(time.and_utc().timestamp_millis());
    let spaced = text.replacen(' ', "T", 1);
    Timestamp::parse(&spaced)
        .or_else(|| NaiveDateTime::parse_from_str(&spaced, "%Y-%m-%dT%H:%M:%S%.f").ok().map(utc))
        .or_else(|| NaiveDateTime::parse_from_str(&spaced, "%Y-%m-%dT%H:%M").ok().map(utc))
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("10B", Some(10)),
            ("1KB", Some(1024)),
            ("64MiB", Some(64 << 20)),
            ("1.5GiB", Some(3 << 29)),
            ("15EiB", Some(15 << 60)),
            ("16EiB", None),
            ("64", None),
            ("MiB", None),
            ("1iB", None),
            ("0.3B", None),
            ("-1MB", None),
            ("64 MiB", None),
            ("é", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        for (text, printed) in [
            ("2026-01-31T22:00:00Z", Some("2026-01-31T22:00:00Z")),
            ("2026-01-31 22:00:00+01:00", Some("2026-01-31T21:00:00Z")),
            ("2026-01-31 22:00:00", Some("2026-01-31T22:00:00Z")),
            ("2026-01-31T22:00", Some("2026-01-31T22:00:00Z")),
            ("2026-01-31", Some("2026-01-31T00:00:00Z")),
            ("2026-02-30", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text).map(|time| time.to_string()).as_deref(), printed, "{text}");
        }
    }
}

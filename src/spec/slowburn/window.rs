//! The SLO window: a rolling duration, or a calendar period in a time zone.

use super::keys::{CALENDAR, PERIODS};
use crate::config::decode::{Value, nearest};
use crate::config::yaml::Kind;
use crate::domain::calendar::Calendar;
use crate::domain::ratio::Ratio;
use crate::domain::slo::SloWindow;
use crate::domain::time::parse_duration;
use chrono_tz::{TZ_VARIANTS, Tz};
use std::time::Duration;

/// Longest SLO window: a leap year, which the 13 months of kept history cover.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

pub(super) fn read(value: &Value<'_>) -> Option<SloWindow> {
    match value.node().kind() {
        Kind::Map(_) => calendar(value).map(SloWindow::Calendar),
        _ => rolling(value).map(SloWindow::Rolling),
    }
}

/// A rolling window: a duration of a second to a year.
pub(in super::super) fn rolling(value: &Value<'_>) -> Option<Duration> {
    if let Some(help) = value.node().text().and_then(mend) {
        value.error("not a window", help);
        return None;
    }
    let window = value.positive_duration()?;
    if window > LONGEST {
        value.error("the window is longer than a year, and history is kept for 13 months", "write at most 366d");
        return None;
    }
    if window < Duration::from_secs(1) {
        value.error("the window is shorter than a second", "write it like 30d");
        return None;
    }
    Some(window)
}

/// What is meant by texts that come to mind and are no durations.
fn mend(text: &str) -> Option<String> {
    if parse_duration(text).is_ok() {
        return None;
    }
    let period = PERIODS.iter().find(|(word, _)| text.trim_end_matches("ly").eq_ignore_ascii_case(word));
    if let Some((word, _)) = period {
        return Some(format!("write {{calendar: {word}}} for the calendar's {word}, or 30d for a rolling window"));
    }
    let days = text.trim_end_matches("days").trim_end_matches("day").trim_end();
    Ratio::parse(days).filter(|days| days.den() == 1).map(|days| format!("write {days}d for days"))
}

fn calendar(value: &Value<'_>) -> Option<Calendar> {
    let map = value.map(&CALENDAR)?;
    let period = map.get("calendar").and_then(|period| period.choice(&PERIODS));
    let time_zone = match map.get("time_zone") {
        Some(zone) => time_zone(&zone),
        None => Some(Tz::UTC),
    };
    Some(Calendar { period: period?, time_zone: time_zone? })
}

/// A time zone by its IANA name.
pub(in super::super) fn time_zone(value: &Value<'_>) -> Option<Tz> {
    let text = value.nonempty()?;
    if let Ok(zone) = text.parse() {
        return Some(zone);
    }
    let help = match similar_zone(&text) {
        Some(zone) => format!("did you mean {zone}?"),
        None => "write the zone's IANA name, such as Europe/Paris or America/New_York".to_owned(),
    };
    value.error("unknown time zone", help);
    None
}

/// The zone of a city written alone, or the nearest name; never one by its offset, for `Etc/GMT+2` lies in the west.
fn similar_zone(text: &str) -> Option<&'static str> {
    let names =
        || TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| !name.contains(|c: char| c.is_ascii_digit()));
    let city = text.trim().replace(' ', "_");
    let of_city = |name: &&str| name.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city));
    names().find(of_city).or_else(|| nearest(&city, names()))
}

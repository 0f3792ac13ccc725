//! OpenSLO's durations, windows and comparisons.

use super::super::fidelity::Notes;
use super::super::slowburn::time_zone;
use super::keys::{CALENDAR, WINDOW};
use crate::config::decode::Value;
use crate::domain::calendar::{Calendar, Period};
use crate::domain::slo::{CompareOp, SloWindow};
use crate::domain::time::format_duration;
use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// Longest rolling window, as for slowburn's own SLOs.
const LONGEST: Duration = Duration::from_secs(366 * DAY);

/// Without a window in the file.
const USUAL: Duration = Duration::from_secs(30 * DAY);

/// A number and a unit.
#[derive(Clone, Copy)]
struct Length {
    count: u64,
    unit: char,
}

/// `5m`, `1M`: minutes are `m`, months `M`.
fn length(value: &Value<'_>) -> Option<Length> {
    let text = value.nonempty()?;
    let unit = text.chars().last().filter(|unit| "smhdwMQY".contains(*unit));
    let count = unit.and_then(|unit| text.strip_suffix(unit)).and_then(|count| count.parse().ok());
    match (count.filter(|count| *count > 0), unit) {
        (Some(count), Some(unit)) => Some(Length { count, unit }),
        _ => {
            value.error("not a duration of OpenSLO", "write a number and a unit: m, h, d, w, M, Q or Y, such as 4w");
            None
        }
    }
}

impl Length {
    /// Months, quarters and years by their nominal length.
    fn nominal(self) -> Option<Duration> {
        let unit = match self.unit {
            's' => 1,
            'm' => MINUTE,
            'h' => 60 * MINUTE,
            'd' => DAY,
            'w' => 7 * DAY,
            'M' => 30 * DAY,
            'Q' => 90 * DAY,
            _ => 365 * DAY,
        };
        self.count.checked_mul(unit).map(Duration::from_secs)
    }
}

/// A duration in a place where only its length matters; a bare number is minutes.
pub(super) fn duration(value: &Value<'_>) -> Option<Duration> {
    if let Some(minutes) = value.node().text().and_then(|text| text.parse::<u64>().ok()).filter(|minutes| *minutes > 0)
    {
        return minutes.checked_mul(MINUTE).map(Duration::from_secs);
    }
    let duration = length(value)?.nominal();
    if duration.is_none_or(|duration| duration > LONGEST) {
        value.error("the duration is longer than a year", "write a shorter one");
        return None;
    }
    duration
}

/// `timeWindow`: exactly one.
pub(super) fn window(value: Option<&Value<'_>>, slo: &Value<'_>, notes: &mut Notes) -> Option<SloWindow> {
    let items = value.map(|value| value.list()).unwrap_or(Some(Vec::new()))?;
    let Some(first) = items.first() else {
        slo.warn("the SLO names no timeWindow", "add timeWindow: [{duration: 30d, isRolling: true}]");
        notes.changed("timeWindow", format!("none is given; {} rolling is taken", format_duration(USUAL)));
        return Some(SloWindow::Rolling(USUAL));
    };
    if items.len() > 1 {
        items[1].error("an SLO has one window", "write an SLO for each window");
        return None;
    }
    let map = first.lenient_map(&WINDOW)?;
    let duration_at = map.get("duration")?;
    let length = length(&duration_at)?;
    let rolling = map.get("isRolling").map(|rolling| rolling.boolean()).unwrap_or(Some(!map.has("calendar")))?;
    if rolling {
        return self::rolling(&duration_at, length, notes);
    }
    calendar(&duration_at, length, map.get("calendar").as_ref(), notes).map(SloWindow::Calendar)
}

fn rolling(at: &Value<'_>, length: Length, notes: &mut Notes) -> Option<SloWindow> {
    let window = length.nominal().filter(|window| *window <= LONGEST);
    let Some(window) = window else {
        at.error("the window is longer than a year, and history is kept for 13 months", "write at most 366d");
        return None;
    };
    let shown = format_duration(window);
    if "MQY".contains(length.unit) {
        notes.changed("timeWindow", format!("{}{} rolling is {shown}", length.count, length.unit));
    } else {
        notes.taken("timeWindow", format!("{shown} rolling"));
    }
    Some(SloWindow::Rolling(window))
}

fn calendar(at: &Value<'_>, length: Length, value: Option<&Value<'_>>, notes: &mut Notes) -> Option<Calendar> {
    let period = match (length.count, length.unit) {
        (1, 'w') | (7, 'd') => Period::Week,
        (1, 'M') => Period::Month,
        (1, 'm') => {
            at.warn("a calendar window of a minute is taken for a month", "write 1M for a month");
            Period::Month
        }
        (1, 'Q') | (3, 'M') => Period::Quarter,
        (1, 'Y') | (12, 'M') | (4, 'Q') => Period::Year,
        _ => {
            at.error(
                "slowburn has calendar windows of a week, a month, a quarter and a year",
                "write 1w, 1M, 1Q or 1Y, or isRolling: true",
            );
            return None;
        }
    };
    let map = value.and_then(|value| value.lenient_map(&CALENDAR));
    let zone = match map.as_ref().and_then(|map| map.get("timeZone")) {
        Some(zone) => time_zone(&zone)?,
        None => chrono_tz::UTC,
    };
    notes.taken("timeWindow", format!("calendar {period} in {zone}"));
    if let Some(start) = map.as_ref().and_then(|map| map.get("startTime")) {
        let text = start.text()?;
        if !begins_period(&text, period) {
            notes.changed(
                "timeWindow.calendar.startTime",
                format!("{text} is not used: a {period} begins at midnight of its first day (a week on Monday)"),
            );
        }
    }
    Some(Calendar { period, time_zone: zone })
}

/// Whether a period of slowburn begins at this local time.
fn begins_period(text: &str, period: Period) -> bool {
    let spaced = text.replacen('T', " ", 1);
    let time = chrono::NaiveDateTime::parse_from_str(spaced.trim_end_matches('Z'), "%Y-%m-%d %H:%M:%S");
    let Ok(time) = time else { return false };
    let midnight = Calendar { period, time_zone: chrono_tz::UTC };
    let at = crate::domain::time::Timestamp(time.and_utc().timestamp_millis());
    midnight.bounds(at).0 == at
}

/// `op`: `lte`, `gte`, `lt`, `gt`.
pub(super) fn comparison(value: &Value<'_>) -> Option<CompareOp> {
    value.choice(&[
        ("lte", CompareOp::AtMost),
        ("gte", CompareOp::AtLeast),
        ("lt", CompareOp::Less),
        ("gt", CompareOp::More),
    ])
}

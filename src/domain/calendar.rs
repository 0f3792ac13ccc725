//! Calendar periods in a time zone.
//!
//! A period begins at local midnight of its first day. Where a clock change skips that midnight the period begins at
//! the first moment that exists; where it comes twice, at the first of the two.

use super::time::Timestamp;
use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

const DAY: u64 = 86_400;

/// A calendar unit; a week begins on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    /// The length used for pairs, factors and forecasts.
    pub fn nominal(self) -> Duration {
        Duration::from_secs(
            DAY * match self {
                Self::Week => 7,
                Self::Month => 30,
                Self::Quarter => 90,
                Self::Year => 365,
            },
        )
    }

    fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
            Self::Quarter => day.with_day(1)?.with_month0(day.month0() / 3 * 3),
            Self::Year => NaiveDate::from_yo_opt(day.year(), 1),
        }
    }

    fn next(self, first: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => first.checked_add_months(Months::new(1)),
            Self::Quarter => first.checked_add_months(Months::new(3)),
            Self::Year => first.checked_add_months(Months::new(12)),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        })
    }
}

/// A period in a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub period: Period,
    pub time_zone: Tz,
}

impl Calendar {
    /// Start (included) and end (excluded) of the period that holds `now`.
    ///
    /// Beyond the calendar's range (about ±262 000 years) both are `now`.
    pub fn bounds(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        self.checked_bounds(now).unwrap_or((now, now))
    }

    fn checked_bounds(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let local_day = now.to_utc()?.with_timezone(&self.time_zone).date_naive();
        let first = self.period.first_day(local_day)?;
        let next = self.period.next(first)?;
        Some((self.midnight(first)?, self.midnight(next)?))
    }

    fn midnight(&self, day: NaiveDate) -> Option<Timestamp> {
        let local = NaiveDateTime::new(day, NaiveTime::MIN);
        let found = match self.time_zone.from_local_datetime(&local) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time),
            LocalResult::None => self.after_gap(local),
        };
        found.map(|time| Timestamp(time.timestamp_millis()))
    }

    /// The first local time after a skipped midnight; gaps are whole minutes and at most a day.
    fn after_gap(&self, midnight: NaiveDateTime) -> Option<DateTime<Tz>> {
        (1..=1440).find_map(|minutes| {
            self.time_zone.from_local_datetime(&(midnight + TimeDelta::minutes(minutes))).earliest()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(period: Period, zone: &str, now: &str) -> (String, String) {
        let calendar = Calendar { period, time_zone: zone.parse().unwrap() };
        let (start, end) = calendar.bounds(Timestamp::parse(now).unwrap());
        (start.to_string(), end.to_string())
    }

    #[test]
    fn periods_follow_the_real_calendar() {
        for (name, period, zone, now, start, end) in [
            ("month", Period::Month, "UTC", "2026-02-14T12:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("leap", Period::Month, "UTC", "2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            (
                "week begins on Monday",
                Period::Week,
                "UTC",
                "2026-11-22T00:00:00Z",
                "2026-11-16T00:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
            ("quarter", Period::Quarter, "UTC", "2026-11-22T00:00:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("year", Period::Year, "UTC", "2026-11-22T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (
                "clock change inside",
                Period::Month,
                "Europe/Paris",
                "2026-03-31T22:30:00Z",
                "2026-03-31T22:00:00Z",
                "2026-04-30T22:00:00Z",
            ),
            (
                "the zone's day counts",
                Period::Month,
                "Europe/Paris",
                "2026-03-31T21:30:00Z",
                "2026-02-28T23:00:00Z",
                "2026-03-31T22:00:00Z",
            ),
            // Asuncion's clocks went from 24:00 to 01:00 on 2023-10-01: the month begins at 01:00 local.
            (
                "skipped midnight",
                Period::Month,
                "America/Asuncion",
                "2023-10-15T00:00:00Z",
                "2023-10-01T04:00:00Z",
                "2023-11-01T03:00:00Z",
            ),
        ] {
            assert_eq!(bounds(period, zone, now), (start.to_owned(), end.to_owned()), "{name}");
        }
    }

    #[test]
    fn periods_have_a_nominal_length_in_days_and_a_name() {
        for (period, days, name) in [
            (Period::Week, 7, "week"),
            (Period::Month, 30, "month"),
            (Period::Quarter, 90, "quarter"),
            (Period::Year, 365, "year"),
        ] {
            assert_eq!(period.nominal(), Duration::from_secs(days * 24 * 60 * 60), "{name}");
            assert_eq!(period.to_string(), name);
        }
    }

    #[test]
    fn the_start_belongs_to_the_period_and_the_end_to_the_next() {
        assert_eq!(bounds(Period::Month, "UTC", "2026-02-01T00:00:00Z").0, "2026-02-01T00:00:00Z");
        assert_eq!(bounds(Period::Month, "UTC", "2026-01-31T23:59:59.999Z").1, "2026-02-01T00:00:00Z");
    }
}

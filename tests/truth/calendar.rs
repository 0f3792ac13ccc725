//! Budgets of calendar periods in time zones, clock changes at midnight included. The oracle finds a period's edges by
//! looking at the local date of every minute; only the zones' offsets are shared.

use crate::both::{budget, same};
use crate::build::{objective, slo};
use crate::engine::{Engine, WEIGHTS, counting_by};
use crate::oracle::{Attempt, Ms, Oracle, Rules, Shown};
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use proptest::prelude::*;
use slowburn::domain::calendar::{Calendar, Period};
use slowburn::domain::slo::{Slo, SloWindow};
use slowburn::domain::status::WindowStatus;
use std::time::Duration;

const MINUTE: Ms = 60_000;
const HOUR: Ms = 60 * MINUTE;
const DAY: Ms = 24 * HOUR;

/// Zones with clock changes at midnight, by half an hour, with a day left out, with none, and the usual ones.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Havana",
    "America/Asuncion",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Africa/Cairo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Santiago",
];

/// Year, month and day of a day since the epoch, by counting.
fn date(mut day: i64) -> (i64, i64, i64) {
    let (mut year, mut month) = (1970, 1);
    loop {
        let length = length(year, month);
        if day < length {
            return (year, month, day + 1);
        }
        day -= length;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}

fn length(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The local day, since the epoch's.
fn local_day(zone: Tz, at: Ms) -> i64 {
    let utc = DateTime::from_timestamp_millis(at).expect("a date").naive_utc();
    let offset = i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
    (at + offset * 1000).div_euclid(DAY)
}

/// What the period is that a local day belongs to.
fn name_of(period: Period, day: i64) -> (i64, i64) {
    let (year, month, _) = date(day);
    match period {
        // The epoch's day was a Thursday.
        Period::Week => (0, (day + 3).div_euclid(7)),
        Period::Month => (year, month),
        Period::Quarter => (year, (month - 1) / 3),
        Period::Year => (year, 0),
    }
}

/// The first minute of the period that holds `at`, and of the next one.
fn bounds(period: Period, zone: Tz, at: Ms) -> (Ms, Ms) {
    let name = name_of(period, local_day(zone, at));
    let is_in = |at: Ms| name_of(period, local_day(zone, at)) == name;
    // By days to near the edge, then by minutes.
    let (mut start, mut end) = (at, at);
    while is_in(start - DAY) {
        start -= DAY;
    }
    while is_in(end + DAY) {
        end += DAY;
    }
    let minutes = |from: Ms| (from.div_euclid(MINUTE)..).map(|minute| minute * MINUTE);
    let start = minutes(start - DAY).find(|at| is_in(*at)).expect("a first minute");
    let end = minutes(end).skip(1).find(|at| !is_in(*at)).expect("a last minute");
    (start, end)
}

/// Periods that begin at a midnight which the clocks left out, or which came twice.
const ODD_MIDNIGHTS: [(&str, &str); 8] = [
    ("America/Asuncion", "2017-10-01T00:00:00Z"),
    ("America/Asuncion", "2023-10-01T00:00:00Z"),
    ("Asia/Amman", "2011-04-01T00:00:00Z"),
    ("Asia/Damascus", "2011-04-01T00:00:00Z"),
    ("America/Havana", "2015-11-01T00:00:00Z"),
    ("America/Havana", "2020-11-01T00:00:00Z"),
    ("America/Havana", "2026-11-01T00:00:00Z"),
    ("Africa/Cairo", "2024-11-01T00:00:00Z"),
];

fn period() -> impl Strategy<Value = Period> {
    prop::sample::select(vec![Period::Week, Period::Month, Period::Quarter, Period::Year])
}

/// Moments near an edge of a period, where there is something to get wrong.
fn near_an_edge() -> impl Strategy<Value = (Period, Tz, Ms)> {
    // 2009 to 2037, in minutes.
    let moment = (1_230_768_000_000 / MINUTE)..(2_114_380_800_000 / MINUTE);
    let any = (period(), prop::sample::select(ZONES.to_vec()), moment, -3 * DAY..3 * DAY);
    let any = any.prop_map(|(period, zone, at, beside)| {
        let zone: Tz = zone.parse().expect("a zone");
        let (_, edge) = bounds(period, zone, at * MINUTE);
        (period, zone, edge + beside)
    });
    let odd = (period(), prop::sample::select(ODD_MIDNIGHTS.to_vec()), -2 * DAY..2 * DAY);
    let odd = odd.prop_map(|(period, (zone, midnight), beside)| {
        let midnight = DateTime::parse_from_rfc3339(midnight).expect("a time").timestamp_millis();
        (period, zone.parse().expect("a zone"), midnight + beside)
    });
    prop_oneof![any, odd]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_calendar_budget_holds_the_events_of_its_period(
        (period, time_zone, first) in near_an_edge(),
        steps in prop::collection::vec((1..20 * HOUR, 0u32..500, 0u32..9), 1..12),
    ) {
        let window = SloWindow::Calendar(Calendar { period, time_zone });
        let slo = Slo { window, objective: objective("90"), ..slo("requests") };
        let interval = 12 * HOUR;
        let rules = Rules { baseline: false, process_start: false, watched_since: first, interval };
        let mut engine = Engine::new(counting_by(rules, vec![slo]), Duration::from_millis(interval as u64), first);
        let mut oracle = Oracle::new(rules);
        let (mut now, mut good, mut bad) = (first, 0, 0);
        for (wait, more, worse) in steps {
            (now, good, bad) = (now + wait, good + more, bad + worse);
            let sample = |series, value: u32| Shown { series, value: f64::from(value), at: None, created: None };
            let shown = vec![sample(0, good), sample(1, bad)];
            let attempt = Attempt { target: 0, at: now, good: true, shown, process_start: None };
            engine.take(&attempt);
            oracle.take(&attempt);
            let status = engine.statuses("requests").next().expect("a status");
            let (start, end) = bounds(period, time_zone, now);
            let WindowStatus::Calendar { start: found_start, end: found_end, .. } = &status.window else {
                return Err(TestCaseError::fail("not a calendar window"));
            };
            prop_assert_eq!((found_start.0, found_end.0), (start, end), "{:?} {} at {}", period, time_zone, now);
            let sum = oracle.sum(WEIGHTS[0].1, (start, now), &[]);
            same("total", status.sli.total, &sum.total)?;
            same("bad", status.sli.bad, &sum.bad)?;
            let remaining = sum.remaining(&budget());
            let found = status.budget.remaining;
            prop_assert_eq!(found.is_some(), remaining.is_some());
            if let (Some(found), Some(exact)) = (found, remaining) {
                crate::both::near("remaining", found, &exact)?;
            }
        }
    }
}

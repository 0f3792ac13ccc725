//! Long history: hourly counts of every budget, one body for each budget and day, kept for 13 months.
//!
//! At each checkpoint the current and the previous day are written from the history in memory, which is fine enough
//! there for whole hours. Days before them are not touched, unless a bridged gap reached into them.

use crate::domain::group::GroupState;
use crate::domain::history::{Counts, History};
use crate::domain::labels::Labels;
use crate::domain::state::State;
use crate::domain::time::Timestamp;
use crate::store::ArchiveDay;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 13 months.
const KEPT_DAYS: i64 = 396;

/// The key of a budget's days.
pub fn key(slo_key: &str, group: &Labels) -> String {
    format!("{slo_key}{group}")
}

pub fn day_of(at: Timestamp) -> i32 {
    i32::try_from(at.0.div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// Days before this one are dropped.
pub fn oldest_day(now: Timestamp) -> i32 {
    day_of(Timestamp(now.0 - KEPT_DAYS * DAY))
}

/// The days that a checkpoint writes.
pub fn days(state: &State) -> Vec<ArchiveDay> {
    let today = day_of(state.core.now);
    let mut found = Vec::new();
    for slo in &state.slos {
        for group in slo.groups.values() {
            let Some(begin) = group.events.begin() else { continue };
            let from = group.archived.unwrap_or(begin).max(begin).min(Timestamp(i64::from(today - 1) * DAY));
            for day in day_of(from.max(begin))..=today {
                let body = body(group, day);
                found.push(ArchiveDay { key: key(&slo.key, &group.group), day, body });
            }
        }
    }
    found
}

/// Notes that a checkpoint wrote [`days`].
pub fn written(state: &mut State) {
    let now = state.core.now;
    for group in state.slos.iter_mut().flat_map(|slo| slo.groups.values_mut()) {
        group.archived = Some(now);
    }
}

fn body(group: &GroupState, day: i32) -> Vec<u8> {
    let history = group.slices.as_ref().map_or(&group.events, |slices| &slices.history);
    let start = i64::from(day) * DAY;
    let hour = |h: i64| {
        let (from, to) = (Timestamp(start + h * HOUR), Timestamp(start + (h + 1) * HOUR));
        Counts { measured: group.events.sum(from, to).measured, ..history.sum(from, to) }
    };
    let hours: Vec<Counts> = (0..24).map(hour).collect();
    // Counts are plain numbers, which postcard always writes.
    postcard::to_stdvec(&hours).unwrap_or_default()
}

/// The hours of a stored day as spans; `None` when the body is not one of ours.
pub fn restore(history: &mut History, day: i32, body: &[u8]) -> Option<()> {
    let hours: Vec<Counts> = postcard::from_bytes(body).ok()?;
    for (h, counts) in (0..).zip(hours) {
        let from = Timestamp(i64::from(day) * DAY + h * HOUR);
        let to = Timestamp(from.0 + HOUR);
        history.record(from, to, counts.total, counts.bad, false);
        // Which part of the hour was measured is not kept; it is drawn at its beginning.
        history.record(from, Timestamp(from.0 + counts.measured.clamp(0, HOUR)), 0.0, 0.0, true);
    }
    Some(())
}

//! Long history: hourly counts of every budget, one body for each budget and day, kept for 13 months.
//!
//! The past of the last weeks is answered from memory, so a day is written once, some hours after its end, when nothing
//! is likely to change it any more; should late knowledge (a bridged gap) reach into it, it is written again. Budgets
//! take different hours, so that ten thousand of them don't do it at once. What has left the configuration is written
//! to its end.

use crate::domain::group::GroupState;
use crate::domain::history::{Counts, History};
use crate::domain::labels::Labels;
use crate::domain::slo_state::SloState;
use crate::domain::state::State;
use crate::domain::time::Timestamp;
use crate::store::ArchiveDay;
use std::collections::HashMap;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 13 months.
const KEPT_DAYS: i64 = 396;
/// Hours after its end in which a day is not written yet …
const SETTLING: i64 = 2;
/// … and the hours after them over which the budgets are spread.
const SPREAD: u64 = 16;

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

/// Days of a budget that a checkpoint writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    slo: String,
    group: Vec<String>,
    /// How far the budget's days were written before.
    seen: Option<Timestamp>,
    /// How far they are written now.
    until: Timestamp,
}

/// The days that a checkpoint writes as of `now`.
pub fn days(
    slo: &SloState,
    values: &[String],
    group: &GroupState,
    now: Timestamp,
) -> (Vec<ArchiveDay>, Option<Archived>) {
    let (Some(begin), Some(end)) = (group.events.begin(), group.events.end()) else { return (Vec::new(), None) };
    let key = key(&slo.key, &group.group);
    let until = match slo.retired {
        Some(_) => day_of(end) + 1,
        None => day_of(Timestamp(now.0 - (SETTLING + turn(&key)) * HOUR)),
    };
    let from = day_of(group.archived.unwrap_or(begin).max(begin));
    let days: Vec<_> = (from..until).map(|day| ArchiveDay { key: key.clone(), day, body: body(group, day) }).collect();
    let archived = (!days.is_empty()).then(|| Archived {
        slo: slo.key.clone(),
        group: values.to_vec(),
        seen: group.archived,
        until: Timestamp(i64::from(until) * DAY),
    });
    (days, archived)
}

/// Which of the hours is this budget's.
fn turn(key: &str) -> i64 {
    let mixed = key
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325u64, |mixed, byte| (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    ((mixed >> 32) % SPREAD) as i64
}

/// Notes that days were written, unless later knowledge has reached into them since.
pub fn written(state: &mut State, archived: Vec<Archived>) {
    if archived.is_empty() {
        return;
    }
    let mut by_slo: HashMap<String, Vec<Archived>> = HashMap::new();
    for mark in archived {
        by_slo.entry(mark.slo.clone()).or_default().push(mark);
    }
    for slo in state.slos.iter_mut().chain(&mut state.retired) {
        for mark in by_slo.remove(&slo.key).unwrap_or_default() {
            if let Some(group) = slo.groups.get_mut(&mark.group).filter(|group| group.archived == mark.seen) {
                group.archived = Some(mark.until);
            }
        }
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

//! The alerting windows against their factors: which pair burns, and why the others do not.

use super::format;
use super::parts::severity_class;
use crate::domain::slo::{Pair, Slo};
use crate::domain::status::{AlertState, BurnRate, SloStatus};
use crate::domain::time::format_duration;
use std::time::Duration;

/// One window of a pair.
#[derive(Clone, Debug)]
pub struct WindowCell {
    pub window: String,
    pub rate: String,
    pub events: String,
    /// Whether the burn rate exceeds the pair's factor.
    pub over: bool,
}

/// One pair.
#[derive(Clone, Debug)]
pub struct PairRow {
    pub class: &'static str,
    pub severity: String,
    /// The long and the short window.
    pub cells: [WindowCell; 2],
    pub factor: String,
    /// Share of the budget that is spent when the long window burns at the factor.
    pub spends: String,
    pub verdict: String,
    pub burning: bool,
    /// `for`, `keep_firing_for` and `min_bad_events`, where they are set.
    pub conditions: Vec<String>,
}

/// The pairs of an SLO, in the order of its policy.
pub fn pairs(slo: &Slo, status: &SloStatus) -> Vec<PairRow> {
    slo.policy.pairs.iter().map(|pair| row(pair, slo, status)).collect()
}

fn row(pair: &Pair, slo: &Slo, status: &SloStatus) -> PairRow {
    let factor = pair.factor.as_f64();
    let (long, short) = (cell(pair.long, factor, status), cell(pair.short, factor, status));
    let burning = long.over && short.over;
    let spends = factor * pair.long.as_secs_f64() / slo.window.nominal().as_secs_f64();
    PairRow {
        class: severity_class(pair.severity),
        severity: pair.severity.to_string(),
        factor: format::factor(factor),
        spends: format::share(Some(spends)),
        verdict: verdict(pair, status, &long, &short),
        burning,
        conditions: conditions(pair),
        cells: [long, short],
    }
}

fn cell(window: Duration, factor: f64, status: &SloStatus) -> WindowCell {
    let found = burn(window, status);
    WindowCell {
        window: format_duration(window),
        rate: format::burn(found.and_then(|burn| burn.rate)),
        events: found
            .map_or_else(String::new, |b| format!("{} bad of {}", format::count(b.bad), format::count(b.total))),
        over: found.and_then(|burn| burn.rate).is_some_and(|rate| rate > factor),
    }
}

/// Windows are whole milliseconds, so the nearest one is the same one.
fn burn(window: Duration, status: &SloStatus) -> Option<&BurnRate> {
    status.burn_rates.iter().find(|burn| burn.seconds == window.as_secs())
}

fn verdict(pair: &Pair, status: &SloStatus, long: &WindowCell, short: &WindowCell) -> String {
    let (name_long, name_short) = (format_duration(pair.long), format_duration(pair.short));
    let own = status.alerts.iter().find(|alert| {
        alert.severity == pair.severity
            && alert.long.as_deref() == Some(name_long.as_str())
            && alert.short.as_deref() == Some(name_short.as_str())
    });
    match (own.map(|alert| alert.state), long.over, short.over) {
        (Some(AlertState::Firing), ..) => "firing".to_owned(),
        (Some(AlertState::Pending), ..) => "pending".to_owned(),
        (_, true, true) => "burning".to_owned(),
        (_, true, false) => format!("{name_short} is back under"),
        (_, false, true) => format!("{name_long} is still under"),
        (_, false, false) => "quiet".to_owned(),
    }
}

fn conditions(pair: &Pair) -> Vec<String> {
    let mut conditions = Vec::new();
    if !pair.r#for.is_zero() {
        conditions.push(format!("for {}", format_duration(pair.r#for)));
    }
    if !pair.keep_firing_for.is_zero() {
        conditions.push(format!("keeps firing for {}", format_duration(pair.keep_firing_for)));
    }
    if pair.min_bad_events > 0.0 {
        conditions.push(format!("at least {} bad", format::count(pair.min_bad_events)));
    }
    conditions
}

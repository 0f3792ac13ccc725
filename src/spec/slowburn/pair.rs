//! `alerting.page` and `alerting.ticket`: a severity's pairs of windows.
//!
//! Either a list of pairs that replaces the defaults, or a map that turns the severity off or changes what its
//! pairs have in common.

use super::super::pairs::{default_pairs, default_short, is_unreachable, objective_needed};
use super::alert_labels;
use super::alerting::Basis;
use super::keys::{NO_SHORT, PAIR, SEVERITY};
use crate::config::decode::{Map, Value};
use crate::config::yaml::Kind;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Extras, Measure, Objective, Pair, Severity, SloWindow};
use crate::domain::time::format_duration;
use std::time::Duration;

/// Reads pairs under what their SLO says.
pub(super) struct Reader<'a> {
    pub basis: &'a Basis<'a>,
    pub measure: Measure,
    /// Of the whole policy, unless a severity or a pair says otherwise.
    pub min_bad_events: f64,
}

/// What a pair takes from its severity.
#[derive(Clone, Copy)]
struct Common {
    severity: Severity,
    r#for: Duration,
    keep_firing_for: Duration,
    min_bad_events: f64,
}

impl Reader<'_> {
    /// The pairs of one severity, without a value the defaults; and what its alerts carry besides.
    pub fn read(&self, value: Option<&Value<'_>>, severity: Severity) -> (Vec<Pair>, Option<Extras>) {
        let common = Common {
            severity,
            r#for: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            min_bad_events: self.min_bad_events,
        };
        match value {
            None => (self.defaults(common), None),
            Some(value) => match value.node().kind() {
                Kind::List(_) => (self.list(value, common), None),
                Kind::Map(_) => self.map(value, common),
                Kind::Scalar(_) => {
                    value.error(
                        "expected pairs of windows",
                        "write {disable: true} to turn the severity off, or a list such as \
                         [{long: 1h, short: 5m, factor: 14.4}]",
                    );
                    (Vec::new(), None)
                }
            },
        }
    }

    fn map(&self, value: &Value<'_>, common: Common) -> (Vec<Pair>, Option<Extras>) {
        let Some(map) = value.map(&SEVERITY) else { return (Vec::new(), None) };
        let extras = Extras {
            labels: map.get("labels").map(|labels| alert_labels(&labels)).unwrap_or_default(),
            annotations: map.get("annotations").and_then(|annotations| annotations.labels()).unwrap_or_default(),
        };
        (self.pairs_of(&map, common.with(&map)), (extras != Extras::default()).then_some(extras))
    }

    fn pairs_of(&self, map: &Map<'_>, common: Common) -> Vec<Pair> {
        if map.get("disable").and_then(|disable| disable.boolean()) == Some(true) {
            if map.has("windows") {
                map.value().warn("`disable: true` leaves `windows` without effect", "remove one of the two");
            }
            return Vec::new();
        }
        match map.get("windows") {
            Some(windows) => self.list(&windows, common),
            None => self.defaults(common),
        }
    }

    fn list(&self, value: &Value<'_>, common: Common) -> Vec<Pair> {
        let pairs = value.list_of(|item| self.pair(item, common));
        if matches!(value.node().kind(), Kind::List(items) if items.is_empty()) {
            value.error("the list of pairs is empty", "write {disable: true} to turn the severity off");
        }
        pairs
    }

    fn pair(&self, value: &Value<'_>, common: Common) -> Option<Pair> {
        let map = value.map(&PAIR)?;
        let common = common.with(&map);
        let long = map.get("long").and_then(|long| self.long_window(&long));
        let short_at = map.get("short");
        let short = match &short_at {
            Some(short) if short.node().text() == Some(NO_SHORT) => long,
            Some(short) => whole_window(short),
            None => long.map(default_short),
        };
        let factor = map.get("factor").and_then(|factor| self.factor(&factor));
        let (long, short) = (long?, short?);
        let one_window = short_at.as_ref().is_some_and(|short| short.node().text() == Some(NO_SHORT));
        if short >= long && !one_window {
            let at = short_at.as_ref().unwrap_or(value);
            at.error(
                format!(
                    "the short window {} is not below the long one, {}",
                    format_duration(short),
                    format_duration(long)
                ),
                format!("a twelfth is usual: {}", format_duration(default_short(long))),
            );
            return None;
        }
        self.warn_of_slices(short_at.as_ref().unwrap_or(value), short);
        Some(common.pair(long, short, factor?))
    }

    fn long_window(&self, value: &Value<'_>) -> Option<Duration> {
        let long = whole_window(value)?;
        if let Some(window) = self.basis.window.filter(|window| window.nominal() < long) {
            value.error(
                format!("the window is longer than the SLO's, {}", format_duration(window.nominal())),
                "write a window within the SLO's",
            );
            return None;
        }
        Some(long)
    }

    fn factor(&self, value: &Value<'_>) -> Option<Ratio> {
        let factor = factor_of(value)?;
        if factor == Ratio::ZERO {
            value.error(
                "the factor must be above zero",
                "write it like 14.4; 1 spends the budget in just the SLO window",
            );
            return None;
        }
        if let Some(objective) = self.unreachable_under(factor) {
            value.warn(
                format!(
                    "the pair can never fire: under an objective of {} {}",
                    objective.percent(),
                    highest(objective)
                ),
                format!("lower the factor, or set an objective above {}", objective_needed(factor)),
            );
        }
        Some(factor)
    }

    fn defaults(&self, common: Common) -> Vec<Pair> {
        let window = self.basis.window.map_or(Duration::from_secs(30 * 86_400), SloWindow::nominal);
        let pairs = default_pairs(window, common.severity);
        let Some(at) = self.basis.slo.get("objective") else { return Vec::new() };
        for pair in &pairs {
            if let Some(objective) = self.unreachable_under(pair.factor) {
                at.warn(
                    format!(
                        "the default {} over {} and {} with factor {} can never fire: {}",
                        pair.severity,
                        format_duration(pair.long),
                        format_duration(pair.short),
                        pair.factor,
                        highest(objective)
                    ),
                    format!(
                        "it works above an objective of {}; or set own pairs under alerting.{}",
                        objective_needed(pair.factor),
                        pair.severity
                    ),
                );
            }
        }
        if let (Some(at), Some(shortest)) = (self.basis.slo.get("budgeting"), pairs.iter().map(|pair| pair.short).min())
        {
            self.warn_of_slices(&at, shortest);
        }
        pairs.into_iter().map(|pair| common.pair(pair.long, pair.short, pair.factor)).collect()
    }

    /// The objective under which no burn rate exceeds the factor; what was spent of the whole budget has no such limit.
    fn unreachable_under(&self, factor: Ratio) -> Option<Objective> {
        let objective = self.basis.objective.filter(|_| self.measure == Measure::BurnRate)?;
        is_unreachable(factor, objective).then_some(objective)
    }

    fn warn_of_slices(&self, at: &Value<'_>, short: Duration) {
        if let Some(timeslices) = self.basis.timeslices.filter(|timeslices| timeslices.slice > short) {
            at.warn(
                format!(
                    "a short window of {} is shorter than a slice of {} and holds none most of the time",
                    format_duration(short),
                    format_duration(timeslices.slice)
                ),
                "write shorter slices, or own pairs with longer windows",
            );
        }
    }
}

/// A decimal, or a fraction of whole numbers for factors that are no decimal.
fn factor_of(value: &Value<'_>) -> Option<Ratio> {
    let text = value.node().text().filter(|text| text.contains('/'));
    let fraction = text.and_then(|text| text.split_once('/')).and_then(|(num, den)| {
        let whole = |text: &str| text.trim().parse::<u64>().ok();
        Ratio::new(whole(num)?, whole(den)?)
    });
    fraction.or_else(|| value.decimal())
}

impl Common {
    /// What the map says over what holds around it.
    fn with(mut self, map: &Map<'_>) -> Self {
        let duration = |key| map.get(key).and_then(|value| value.duration());
        self.r#for = duration("for").unwrap_or(self.r#for);
        self.keep_firing_for = duration("keep_firing_for").unwrap_or(self.keep_firing_for);
        let least = map.get("min_bad_events").and_then(|value| value.decimal());
        self.min_bad_events = least.map_or(self.min_bad_events, Ratio::as_f64);
        self
    }

    fn pair(self, long: Duration, short: Duration, factor: Ratio) -> Pair {
        let Self { severity, r#for, keep_firing_for, min_bad_events } = self;
        Pair { severity, long, short, factor, r#for, keep_firing_for, min_bad_events }
    }
}

/// A window in whole seconds, at least one.
fn whole_window(value: &Value<'_>) -> Option<Duration> {
    let window = value.positive_duration()?;
    if window.subsec_nanos() != 0 {
        value.error("a window is a number of whole seconds", "write it like 30s, 5m or 1h");
        return None;
    }
    Some(window)
}

/// The burn rate when every event is bad.
fn highest(objective: Objective) -> String {
    let rate = Ratio::ONE.over(objective.budget()).map_or(f64::INFINITY, Ratio::as_f64);
    format!("no burn rate exceeds {}", (rate * 1e4).round() / 1e4)
}

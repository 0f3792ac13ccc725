//! An SLO's past: which stretch of time is shown, the numbers of its charts, and the same in words and rows.
//!
//! Charts are drawn by a script from a data block; the words and the table carry the same numbers for those who can't
//! see a chart or run no scripts.

use super::format;
use super::list_form::{query_with, values};
use super::parts::Time;
use crate::domain::slo::SloWindow;
use crate::domain::status::{AlertState, HistoryPoint, Transition};
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::time::Duration;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Stretches that may be chosen by name.
const PRESETS: [(&str, u64); 6] =
    [("1h", HOUR), ("6h", 6 * HOUR), ("1d", DAY), ("7d", 7 * DAY), ("30d", 30 * DAY), ("90d", 90 * DAY)];
/// Steps that read well on an axis, in seconds.
const STEPS: [u64; 17] =
    [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY];
/// More points than this can't be told apart on a wide screen.
const POINTS: u64 = 300;
const TABLE_ROWS: usize = 30;
/// Kept history reaches back 13 months; a longer stretch would only show emptiness.
const LONGEST: Duration = Duration::from_secs(400 * DAY);

/// The stretch of time that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
    /// `None` for the SLO window or a stretch of one's own.
    preset: Option<&'static str>,
    custom: bool,
    /// Seconds between two measurements.
    beat: u64,
}

/// A stretch to choose.
#[derive(Clone, Debug)]
pub struct RangeLink {
    pub text: String,
    pub href: String,
    pub current: bool,
}

impl Span {
    /// Reads `range`, or `start` and `end`; the SLO window where the address does not say. The message tells why not.
    pub fn read(pairs: &[(String, String)], window: &SloWindow, now: Timestamp) -> Result<Self, String> {
        let value = |name| values(pairs, name).last();
        if let (Some(start), Some(end)) = (value("start"), value("end")) {
            return Self::custom(moment("start", start)?, moment("end", end)?);
        }
        match value("range") {
            None | Some("window") => Ok(Self::window(window, now)),
            Some(text) => {
                let known = PRESETS.iter().find(|(name, _)| *name == text);
                let (name, seconds) = known.ok_or_else(|| {
                    let names: Vec<_> = PRESETS.iter().map(|(name, _)| *name).collect();
                    format!("range {text:?}: it is window, or one of {}", names.join(", "))
                })?;
                let start = now - Duration::from_secs(*seconds);
                Ok(Self { start, end: now, preset: Some(name), custom: false, beat: 1 })
            }
        }
    }

    /// The SLO window, up to `now`.
    pub fn window(window: &SloWindow, now: Timestamp) -> Self {
        Self { start: window.start(now), end: now, preset: None, custom: false, beat: 1 }
    }

    fn custom(start: Timestamp, end: Timestamp) -> Result<Self, String> {
        if end.since(start) < Duration::from_secs(1) {
            return Err(format!("the end ({end}) must lie after the start ({start})"));
        }
        if end.since(start) > LONGEST {
            return Err(format!("{start} to {end} is longer than the {} d of history", LONGEST.as_secs() / DAY));
        }
        Ok(Self { start, end, preset: None, custom: true, beat: 1 })
    }

    /// The same stretch of something that is measured once each `interval`.
    pub fn measured_every(self, interval: Duration) -> Self {
        Self { beat: interval.as_secs().max(1), ..self }
    }

    /// Whole numbers of measurements where that can be, so that no step seems busier than its neighbour.
    pub fn step(&self) -> Duration {
        let least = (self.end.since(self.start).as_secs() / POINTS).max(self.beat);
        let mut enough = STEPS.into_iter().filter(|step| *step >= least);
        let even = enough.clone().take(4).find(|step| step % self.beat == 0);
        Duration::from_secs(even.or_else(|| enough.next()).unwrap_or(7 * DAY))
    }

    /// `page` is the relative address of the SLO's page.
    pub fn links(&self, page: &str, pairs: &[(String, String)], window: &SloWindow) -> Vec<RangeLink> {
        let kept: Vec<_> = pairs.iter().filter(|(n, _)| n != "start" && n != "end").cloned().collect();
        let whole = RangeLink {
            text: format!("Window ({window})"),
            href: query_with(page, &kept, "range", None),
            current: self.preset.is_none() && !self.custom,
        };
        let preset = |(name, _): &(&'static str, u64)| RangeLink {
            text: (*name).to_owned(),
            href: query_with(page, &kept, "range", Some(name)),
            current: self.preset == Some(*name),
        };
        std::iter::once(whole).chain(PRESETS.iter().map(preset)).collect()
    }

    /// Whether the stretch ends with the present, so that it moves.
    pub fn is_live(&self) -> bool {
        !self.custom
    }

    fn holds(&self, from: Timestamp, to: Timestamp) -> bool {
        from < self.end && to > self.start
    }
}

fn moment(name: &str, text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("{name} {text:?}: write it like 2026-01-31T12:00:00Z"))
}

/// Something that lasted: an alert, or maintenance.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Band {
    /// Seconds since the epoch.
    pub from: f64,
    pub to: f64,
    /// `critical`, `burning` or `maintenance`.
    pub class: &'static str,
    pub text: String,
}

/// What the charts are drawn from; columns, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct ChartData {
    pub start: f64,
    pub end: f64,
    /// Seconds of one step.
    pub step: f64,
    pub objective: f64,
    /// Ends of the steps, in seconds since the epoch.
    pub at: Vec<f64>,
    /// `None` in a step that was not measured.
    pub total: Vec<Option<f64>>,
    pub bad: Vec<Option<f64>>,
    pub burn: Vec<Option<f64>>,
    pub budget: Vec<Option<f64>>,
    /// Factors above which pages and tickets burn: lines in the burn chart.
    pub factors: Vec<Factor>,
    pub bands: Vec<Band>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Factor {
    pub value: f64,
    pub class: &'static str,
}

impl ChartData {
    pub fn new(span: &Span, objective: f64, points: &[HistoryPoint], factors: Vec<Factor>, bands: Vec<Band>) -> Self {
        let measured = |value: f64, point: &HistoryPoint| (point.coverage > 0.0).then_some(value);
        Self {
            start: span.start.as_secs_f64(),
            end: span.end.as_secs_f64(),
            step: span.step().as_secs_f64(),
            objective,
            at: points.iter().map(|point| point.at.as_secs_f64()).collect(),
            total: points.iter().map(|point| measured(point.total, point)).collect(),
            bad: points.iter().map(|point| measured(point.bad, point)).collect(),
            burn: points.iter().map(|point| point.burn_rate).collect(),
            budget: points.iter().map(|point| point.budget_remaining).collect(),
            factors,
            bands,
        }
    }

    /// JSON that may stand inside a script element: no text in it can end the element.
    pub fn json(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    }
}

/// From firing to its end, for each alert; what still fires lasts until the end of the stretch.
pub fn alert_bands<'a>(newest_first: impl Iterator<Item = &'a Transition>, span: &Span) -> Vec<Band> {
    let mut transitions: Vec<&Transition> = newest_first.collect();
    transitions.reverse();
    let mut bands = Vec::new();
    for (i, fired) in transitions.iter().enumerate().filter(|(_, t)| t.to == AlertState::Firing) {
        let same = |t: &&&Transition| t.alert == fired.alert && t.severity == fired.severity;
        let end = transitions[i + 1..].iter().filter(same).find(|t| t.to != AlertState::Firing);
        let end = end.map_or(span.end, |t| t.at);
        if span.holds(fired.at, end) {
            bands.push(Band {
                from: fired.at.as_secs_f64(),
                to: end.as_secs_f64(),
                class: super::parts::severity_class(fired.severity),
                text: format!("{} ({})", fired.alert, fired.severity),
            });
        }
    }
    bands
}

pub fn maintenance_bands(all: &[crate::domain::slo::Maintenance], span: &Span) -> Vec<Band> {
    let seen = all.iter().filter(|m| span.holds(m.start, m.end));
    let band = |m: &crate::domain::slo::Maintenance| Band {
        from: m.start.as_secs_f64(),
        to: m.end.as_secs_f64(),
        class: "maintenance",
        text: format!("Maintenance: {}", m.reason),
    };
    seen.map(band).collect()
}

/// The charts in words.
#[derive(Clone, Debug, Default)]
pub struct InWords {
    pub budget: String,
    pub errors: String,
    pub traffic: String,
    pub burn: String,
}

impl InWords {
    pub fn new(points: &[HistoryPoint], span: &Span) -> Self {
        let (bad, total) = points.iter().fold((0.0, 0.0), |(bad, total), p| (bad + p.bad, total + p.total));
        Self {
            budget: budget_words(points),
            errors: if total > 0.0 {
                let share = error_share(bad / total);
                format!("{} bad of {} events, {share}.", format::count(bad), format::count(total))
            } else {
                "No events.".to_owned()
            },
            traffic: format!(
                "{} events, {} per second on average.",
                format::count(total),
                rate(total / span.end.since(span.start).as_secs_f64().max(1.0))
            ),
            burn: burn_words(points),
        }
    }
}

fn rate(per_second: f64) -> String {
    if per_second == 0.0 || per_second >= 10.0 { format::si(per_second) } else { format!("{per_second:.2}") }
}

fn budget_words(points: &[HistoryPoint]) -> String {
    let known = || points.iter().filter_map(|point| point.budget_remaining);
    let (Some(first), Some(last)) = (known().next(), known().next_back()) else {
        return "Not measured in this time.".to_owned();
    };
    let share = |value| format::share(Some(value));
    let lowest = known().fold(f64::INFINITY, f64::min);
    format!("From {} to {}, lowest {}.", share(first), share(last), share(lowest))
}

fn burn_words(points: &[HistoryPoint]) -> String {
    match points.iter().filter_map(|point| point.burn_rate).max_by(f64::total_cmp) {
        Some(rate) => format!("At most {} in one step.", format::burn(Some(rate))),
        None => "No events, so no burn rate.".to_owned(),
    }
}

/// One line of the table that says what the charts show.
#[derive(Clone, Debug)]
pub struct TableRow {
    pub until: Time,
    pub total: String,
    pub bad: String,
    pub errors: String,
    pub burn: String,
    pub budget: String,
}

/// The whole stretch in at most thirty lines, newest first.
pub fn table(points: &[HistoryPoint], budget_share: f64) -> Vec<TableRow> {
    let chunk = points.len().div_ceil(TABLE_ROWS).max(1);
    points.rchunks(chunk).filter_map(|points| table_row(points, budget_share)).collect()
}

fn table_row(points: &[HistoryPoint], budget_share: f64) -> Option<TableRow> {
    let last = points.last()?;
    let (bad, total) = points.iter().fold((0.0, 0.0), |(bad, total), p| (bad + p.bad, total + p.total));
    let ratio = (total > 0.0).then(|| bad / total);
    let measured = points.iter().any(|point| point.coverage > 0.0);
    let number = |value| if measured { format::count(value) } else { format::NONE.to_owned() };
    Some(TableRow {
        until: last.at.into(),
        total: number(total),
        bad: number(bad),
        errors: ratio.map_or_else(|| format::NONE.to_owned(), error_share),
        burn: format::burn(ratio.map(|ratio| ratio / budget_share)),
        budget: format::share(last.budget_remaining),
    })
}

/// An error ratio: small ones matter, so it keeps three digits.
fn error_share(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let digits = if percent >= 10.0 || percent == 0.0 { 1 } else { 3 };
    format!("{percent:.digits$}\u{202f}%")
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;

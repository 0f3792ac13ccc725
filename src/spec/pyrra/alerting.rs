//! Pyrra's four pairs of windows, its alert for missing data, and what alerts carry.

use super::super::fidelity::Notes;
use super::super::foreign;
use super::keys::{ALERTING, SEVERITIES};
use crate::config::decode::{Map, Value};
use crate::domain::group::shown_label;
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Extras, NoData, Objective, Pair, Policy, Severity};
use crate::domain::time::format_duration;
use std::time::Duration;

/// One pair: by how much the SLO window is divided for the waiting time, the short and the long window.
struct Tier {
    key: &'static str,
    severity: Severity,
    factor: u64,
    wait: u32,
    short: u32,
    long: u32,
}

/// Critical tiers page, warnings are tickets. Factors are the same for every SLO window, as Pyrra has them.
const TIERS: [Tier; 4] = [
    Tier { key: "fastBurn", severity: Severity::Page, factor: 14, wait: 20_160, short: 8_064, long: 672 },
    Tier { key: "mediumBurn", severity: Severity::Page, factor: 7, wait: 2_688, short: 1_344, long: 112 },
    Tier { key: "slowBurn", severity: Severity::Ticket, factor: 2, wait: 672, short: 336, long: 28 },
    Tier { key: "longTermBurn", severity: Severity::Ticket, factor: 1, wait: 224, short: 112, long: 7 },
];

/// Words by which people name what may wait until morning.
const NOT_URGENT: [&str; 6] = ["warn", "ticket", "info", "low", "minor", "none"];

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn read(
    value: Option<&Value<'_>>,
    objective: Objective,
    window: Duration,
    annotations: Labels,
    notes: &mut Notes,
) -> Policy {
    let map = value.and_then(|value| value.lenient_map(&ALERTING));
    let get = |key| map.as_ref().and_then(|map: &Map<'_>| map.get(key));
    let switch = |key, default: bool| get(key).and_then(|value| value.boolean()).unwrap_or(default);
    let disabled = switch("disabled", false);
    let severities = get("severities").and_then(|severities| severities.lenient_map(&SEVERITIES));
    let named = |key| severities.as_ref().and_then(|map| map.get(key)).and_then(|value| value.text());
    let mut labels = Labels::new();
    if let Some(name) = get("name").and_then(|name| name.text()) {
        let label = shown_label("alertname");
        notes.changed("alerting.name", format!("alerts are named ErrorBudgetBurn; {name:?} is their label {label}"));
        labels.set(label, name);
    }
    if get("absentName").is_some() {
        notes.left_out("alerting.absentName", "the alert for missing data is named SloNoData");
    }
    let burns = !disabled && switch("burnrates", true);
    let absent = !disabled && switch("absent", true);
    Policy {
        pairs: if burns { pairs(window, notes) } else { Vec::new() },
        no_data: if absent { no_data(objective, window, named("absent"), notes) } else { foreign::NO_DATA },
        runbook_url: foreign::runbook(&annotations),
        labels,
        annotations,
        of_severity: [Severity::Page, Severity::Ticket]
            .map(|severity| (severity, extras(severity, &named, notes)))
            .into(),
        ..foreign::no_alerts()
    }
}

fn pairs(window: Duration, notes: &mut Notes) -> Vec<Pair> {
    let pairs: Vec<Pair> = TIERS.iter().map(|tier| tier.pair(window, notes)).collect();
    let shown =
        |pair: &Pair| format!("{}/{} ×{}", format_duration(pair.long), format_duration(pair.short), pair.factor);
    let list = pairs.iter().map(shown).collect::<Vec<_>>().join(", ");
    notes.taken("alerting", format!("Pyrra's windows and factors: {list}; critical is a page, warning a ticket"));
    pairs
}

impl Tier {
    fn pair(&self, window: Duration, notes: &mut Notes) -> Pair {
        let mut part = |divisor: u32| {
            let rounded = to_minute(window / divisor);
            if rounded > Duration::ZERO {
                return rounded;
            }
            let exact = Duration::from_secs((window / divisor).as_secs().max(1));
            notes.changed(
                "window",
                format!(
                    "a window that Pyrra rounds to 0s, which Prometheus refuses, is {} here",
                    format_duration(exact)
                ),
            );
            exact
        };
        let (short, long) = (part(self.short), part(self.long));
        let factor = Ratio::new(self.factor, 1).unwrap_or(Ratio::ONE);
        let pair = foreign::pair(self.severity, long, short, factor);
        Pair { r#for: to_minute(window / self.wait), ..pair }
    }
}

/// The nearest whole minute; halves go up.
fn to_minute(duration: Duration) -> Duration {
    MINUTE * u32::try_from((duration.as_millis() + 30_000) / 60_000).unwrap_or(u32::MAX / 60)
}

/// Pyrra waits as long as a total outage would need to make the fastest pair fire.
fn no_data(objective: Objective, window: Duration, severity: Option<String>, notes: &mut Notes) -> NoData {
    let fastest = &TIERS[0];
    let (long, wait) = (to_minute(window / fastest.long), to_minute(window / fastest.wait));
    let share = fastest.factor as f64 * objective.budget().as_f64();
    let after = to_minute(long.mul_f64(share.min(1.0)) + wait).max(MINUTE);
    let urgent = severity.as_deref().is_none_or(|word| {
        let word = word.to_lowercase();
        !NOT_URGENT.iter().any(|calm| word.contains(calm))
    });
    let severity = if urgent { Severity::Page } else { Severity::Ticket };
    notes.taken("alerting.absent", format!("no data for {} is a {severity} (SloNoData)", format_duration(after)));
    NoData { after, severity: Some(severity) }
}

/// Pyrra's own word for a severity goes beside slowburn's.
fn extras(severity: Severity, named: &impl Fn(&'static str) -> Option<String>, notes: &mut Notes) -> Extras {
    let default = if severity == Severity::Page { "critical" } else { "warning" };
    let words: Vec<String> = TIERS
        .iter()
        .filter(|tier| tier.severity == severity)
        .map(|tier| named(tier.key).filter(|word| !word.is_empty()).unwrap_or_else(|| default.to_owned()))
        .collect();
    let label = shown_label("severity");
    if words.windows(2).any(|pair| pair[0] != pair[1]) {
        notes
            .left_out("alerting.severities", format!("both pairs of a {severity} are one alert: {}", words.join(", ")));
        return Extras::default();
    }
    let word = words.into_iter().next().unwrap_or_default();
    notes.changed("alerting.severities", format!("{word} is {severity}; the word is kept as label {label}"));
    Extras { labels: Labels::new().with(label, word), annotations: Labels::new() }
}

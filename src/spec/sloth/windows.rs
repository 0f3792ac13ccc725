//! Sloth's catalogues of windows (`kind: AlertWindows`): the SLO period, and the pairs for it.
//!
//! Sloth takes the catalogue of its `--default-slo-period`, 30 days unless it says otherwise. Here a catalogue among
//! the SLO files is enough: a single one is for all Sloth SLOs; of several, the one for 30 days.

use super::super::foreign;
use super::super::pairs::default_pairs;
use super::keys::{QUICK_AND_SLOW, WINDOW, WINDOWS, WINDOWS_SPEC};
use crate::config::decode::{Map, Value};
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Pair, Severity};
use crate::domain::time::format_duration;
use std::time::Duration;

/// Sloth's own period.
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// The catalogues among the files.
#[derive(Default)]
pub(in super::super) struct Catalogues(Vec<Catalogue>);

/// The pairs for one SLO period.
pub(super) struct Catalogue {
    pub period: Duration,
    pub pairs: Vec<Pair>,
    /// `file:line`; `None` for Sloth's own windows.
    pub source: Option<String>,
}

impl Catalogues {
    /// Reads one catalogue; mistakes are reported.
    pub fn add(&mut self, root: &Value<'_>) {
        let Some(catalogue) = read(root) else { return };
        match self.0.iter().find(|known| known.period == catalogue.period) {
            Some(known) => root.error(
                format!("there are two catalogues for {}", format_duration(catalogue.period)),
                format!("the other is at {}; remove one", known.source.as_deref().unwrap_or_default()),
            ),
            None => self.0.push(catalogue),
        }
    }

    /// The catalogue that holds for Sloth's SLOs.
    pub(super) fn choose(&self) -> Catalogue {
        let chosen = match &self.0[..] {
            [only] => Some(only),
            several => several.iter().find(|catalogue| catalogue.period == MONTH),
        };
        match chosen {
            Some(Catalogue { period, pairs, source }) => {
                Catalogue { period: *period, pairs: pairs.clone(), source: source.clone() }
            }
            None => Catalogue { period: MONTH, pairs: standard(), source: None },
        }
    }
}

fn standard() -> Vec<Pair> {
    [Severity::Page, Severity::Ticket].into_iter().flat_map(|severity| default_pairs(MONTH, severity)).collect()
}

fn read(root: &Value<'_>) -> Option<Catalogue> {
    let spec = root.lenient_map(&WINDOWS)?.get("spec")?.lenient_map(&WINDOWS_SPEC)?;
    let period = spec.get("sloPeriod").and_then(|period| period.positive_duration())?;
    let mut pairs = Vec::new();
    for (key, severity) in [("page", Severity::Page), ("ticket", Severity::Ticket)] {
        let both = spec.get(key)?.lenient_map(&QUICK_AND_SLOW)?;
        for speed in ["quick", "slow"] {
            pairs.push(pair(&both.get(speed)?.lenient_map(&WINDOW)?, severity, period)?);
        }
    }
    Some(Catalogue { period, pairs, source: Some(super::super::declared::place(root)) })
}

/// Factor = percent of the budget × period / long window.
fn pair(map: &Map<'_>, severity: Severity, period: Duration) -> Option<Pair> {
    let percent_at = map.get("errorBudgetPercent")?;
    let percent = percent_at.decimal();
    let short = map.get("shortWindow").and_then(|short| short.positive_duration());
    let long_at = map.get("longWindow")?;
    let long = long_at.positive_duration();
    let (percent, short, long) = (percent?, short?, long?);
    if short > long || long > period {
        long_at.error(
            "the windows do not fit into one another",
            "the short window lies within the long one, and the long one within sloPeriod",
        );
        return None;
    }
    let seconds = |window: Duration| u64::try_from(window.as_millis()).ok();
    let factor = Ratio::new(seconds(period)?, seconds(long)?)
        .and_then(|share| share.times(percent))
        .and_then(|factor| factor.over(Ratio::new(100, 1)?))
        .filter(|factor| *factor > Ratio::ZERO);
    match factor {
        Some(factor) => Some(foreign::pair(severity, long, short, factor)),
        None => {
            percent_at.error("not a usable share of the budget", "write a percentage above 0, such as 2 or 12.5");
            None
        }
    }
}

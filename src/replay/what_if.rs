//! SLOs as they are not: another objective, another window, other pairs of windows.
//!
//! A pair that is the default of its severity becomes the default of the changed window; pairs that someone chose stay
//! as they are, unless others are given.

use crate::domain::ratio::Ratio;
use crate::domain::setup::Setup;
use crate::domain::slo::{Objective, Pair, Severity, Slo, SloWindow};
use crate::domain::time::{format_duration, parse_duration};
use crate::spec::pairs::{default_pairs, default_short, is_unreachable};
use std::sync::Arc;
use std::time::Duration;

/// What is changed; read from `objective=99.5,window=7d,page=1h/5m/14.4+6h/30m/6,ticket=off`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhatIf {
    /// As written, to name it in reports.
    pub text: String,
    pub objective: Option<Objective>,
    pub window: Option<Duration>,
    pub page: Option<Vec<Windows>>,
    pub ticket: Option<Vec<Windows>>,
}

/// Long, short and factor of a pair.
pub type Windows = (Duration, Duration, Ratio);

const KNOWN: &str = "write objective=99.5, window=7d, page=1h/5m/14.4 (long/short/factor, further pairs after +), \
                     ticket=off, or several with commas between";

/// Reads one alternative; the error says what is wrong and how to write it.
pub fn parse(text: &str) -> Result<WhatIf, String> {
    let mut found = WhatIf { text: text.to_owned(), ..WhatIf::default() };
    for part in text.split(',') {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("{part:?} changes nothing; {KNOWN}"))?;
        match key.trim() {
            "objective" => found.objective = Some(objective(value.trim())?),
            "window" => found.window = Some(window(value.trim())?),
            "page" => found.page = Some(pairs(value.trim())?),
            "ticket" => found.ticket = Some(pairs(value.trim())?),
            other => return Err(format!("{other:?} can't be changed; {KNOWN}")),
        }
    }
    Ok(found)
}

fn objective(text: &str) -> Result<Objective, String> {
    let percent = Ratio::parse(text.trim_end_matches('%')).and_then(Objective::from_percent);
    percent.ok_or_else(|| format!("{text:?} is not an objective; write a percentage between 0 and 100, such as 99.5"))
}

fn window(text: &str) -> Result<Duration, String> {
    let window = parse_duration(text).map_err(|error| error.to_string())?;
    let whole = window >= Duration::from_secs(1) && window.subsec_nanos() == 0;
    if whole { Ok(window) } else { Err(format!("{text:?} is not a window; write whole seconds or more, such as 5m")) }
}

fn pairs(text: &str) -> Result<Vec<Windows>, String> {
    if text == "off" {
        return Ok(Vec::new());
    }
    text.split('+').map(|pair| windows(pair.trim())).collect()
}

fn windows(text: &str) -> Result<Windows, String> {
    let bad = || format!("{text:?} is not a pair; write long/short/factor, such as 1h/5m/14.4");
    let (long, short, factor) = match text.split('/').collect::<Vec<_>>()[..] {
        [long, short, factor] => (window(long)?, window(short)?, factor),
        [long, factor] => (window(long)?, default_short(window(long)?), factor),
        _ => return Err(bad()),
    };
    let factor = Ratio::parse(factor).filter(|factor| *factor > Ratio::ZERO).ok_or_else(bad)?;
    if short >= long {
        return Err(format!("{text:?}: the short window must be below the long one"));
    }
    Ok((long, short, factor))
}

impl WhatIf {
    /// The setup with every SLO changed.
    pub fn apply(&self, setup: &Setup) -> Result<Setup, String> {
        let slos = setup.slos.iter().map(|slo| self.change(slo).map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Setup { slos, ..setup.clone() })
    }

    fn change(&self, slo: &Slo) -> Result<Slo, String> {
        let mut changed = slo.clone();
        changed.objective = self.objective.unwrap_or(slo.objective);
        if let Some(window) = self.window {
            changed.window = SloWindow::Rolling(window);
        }
        changed.policy.pairs = [(Severity::Page, &self.page), (Severity::Ticket, &self.ticket)]
            .into_iter()
            .flat_map(|(severity, own)| severity_pairs(slo, &changed, severity, own.as_deref()))
            .collect();
        let nominal = changed.window.nominal();
        match changed.policy.pairs.iter().find(|pair| pair.long > nominal) {
            Some(pair) => Err(format!(
                "{}: the {} window {} of {} is longer than {}; give {}=… too",
                self.text,
                pair.severity,
                format_duration(pair.long),
                slo.id,
                format_duration(nominal),
                pair.severity
            )),
            None => Ok(changed),
        }
    }

    /// Pairs that can never fire under the changed objective, for people.
    pub fn unreachable(setup: &Setup) -> Vec<String> {
        let of_slo = |slo: &Arc<Slo>| {
            let never = |pair: &&Pair| is_unreachable(pair.factor, slo.objective);
            let told = |pair: &Pair| {
                let (long, short) = (format_duration(pair.long), format_duration(pair.short));
                let percent = slo.objective.percent();
                format!("{}: under {percent} % the {} over {long}/{short} can never fire", slo.id, pair.severity)
            };
            slo.policy.pairs.iter().filter(never).map(told).collect::<Vec<_>>()
        };
        setup.slos.iter().flat_map(of_slo).collect()
    }
}

fn severity_pairs(old: &Slo, new: &Slo, severity: Severity, own: Option<&[Windows]>) -> Vec<Pair> {
    let current: Vec<Pair> = old.policy.pairs.iter().filter(|pair| pair.severity == severity).copied().collect();
    let defaults = default_pairs(old.window.nominal(), severity);
    let windows = |pair: &Pair| (pair.long, pair.short, pair.factor);
    let is_default = current.iter().map(windows).eq(defaults.iter().map(windows));
    let wanted: Vec<Windows> = match own {
        Some(own) => own.to_vec(),
        None if is_default => default_pairs(new.window.nominal(), severity).iter().map(windows).collect(),
        None => return current,
    };
    // What else a pair says holds on, by position; further pairs are like the last.
    let plain = Pair { r#for: Duration::ZERO, keep_firing_for: Duration::ZERO, min_bad_events: 0.0, ..defaults[0] };
    let like = |i: usize| current.get(i).or(current.last()).copied().unwrap_or(plain);
    wanted.into_iter().enumerate().map(|(i, (long, short, factor))| Pair { long, short, factor, ..like(i) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_read() {
        let all = parse("objective=99.5, window=7d,page=1h/5m/14.4+6h/6,ticket=off").unwrap();
        assert_eq!(all.objective.map(|o| o.percent()), Ratio::parse("99.5"));
        assert_eq!(all.window, Some(Duration::from_secs(7 * 86_400)));
        let page: Vec<(u64, u64, f64)> =
            all.page.unwrap().iter().map(|(l, s, f)| (l.as_secs(), s.as_secs(), f.as_f64())).collect();
        assert_eq!(page, [(3600, 300, 14.4), (21_600, 1800, 6.0)]);
        assert_eq!(all.ticket, Some(Vec::new()));
    }

    #[test]
    fn what_can_not_be_read_is_told() {
        for (text, wanted) in [
            ("", "changes nothing"),
            ("99.5", "changes nothing"),
            ("goal=99", "\"goal\" can't be changed"),
            ("objective=100", "not an objective"),
            ("objective=x", "not an objective"),
            ("window=soon", "not a duration"),
            ("window=0", "not a window"),
            ("page=1h", "not a pair"),
            ("page=5m/1h/14", "below the long one"),
            ("page=1h/5m/0", "not a pair"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}

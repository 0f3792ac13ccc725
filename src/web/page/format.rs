//! How numbers and times read on the page.
//!
//! Shares are cut, never rounded up: an SLI just below its objective must not look as if it met it, and a budget that
//! was touched must not look whole. A narrow no-break space stands between a number and its unit, a real minus sign
//! before a negative number; both line up under `tabular-nums`.

use crate::domain::status::State;
use crate::domain::time::Timestamp;

/// Keeps a number and its unit on one line.
const THIN: char = '\u{202f}';
/// What stands where there is no number.
pub const NONE: &str = "–";
/// Float noise of a share that is exact in decimal, in units of the last digit shown.
const NOISE: f64 = 1e-6;

/// `99.93 %` of a ratio of good events, with one digit more than the objective has (at least two).
pub fn sli(ratio: Option<f64>, objective: f64) -> String {
    let digits = (decimals(objective) + 1).clamp(2, 7);
    ratio.map_or_else(|| NONE.to_owned(), |r| format!("{}{THIN}%", cut(r * 100.0, digits)))
}

/// `99.9 %` of an objective in percent, as written.
pub fn objective(percent: f64) -> String {
    format!("{percent}{THIN}%")
}

/// `31.2 %` of a share of the budget; negative when overspent.
pub fn share(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| NONE.to_owned(), |r| format!("{}{THIN}%", percent_number(r)))
}

fn percent_number(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent.abs() >= 1000.0 { grouped(percent) } else { cut(percent, 1) }
}

/// `14.4×`; `–` without events.
pub fn burn(rate: Option<f64>) -> String {
    rate.map_or_else(|| NONE.to_owned(), |r| format!("{}×", burn_number(r)))
}

/// `14.4×` of a pair's factor, with at most four digits.
pub fn factor(factor: f64) -> String {
    let scale = 10f64.powi(if factor < 10.0 { 3 } else { 2 });
    format!("{}×", (factor * scale).round() / scale)
}

/// A burn rate in at most four characters (`<0.01` is the exception).
pub fn burn_number(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        r if r < 0.01 => "<0.01".to_owned(),
        r if r < 1.0 => format!("{r:.2}"),
        r if r < 99.95 => format!("{r:.1}"),
        r if r < 999.5 => format!("{r:.0}"),
        r => short(r),
    }
}

/// A number of events: whole from 10 on, with thin spaces between thousands.
pub fn count(events: f64) -> String {
    if !events.is_finite() {
        NONE.to_owned()
    } else if events.abs() < 10.0 && (events - events.round()).abs() > 0.05 {
        format!("{events:.1}")
    } else {
        grouped(events)
    }
}

/// `1.24 M`: three digits and a unit.
pub fn si(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS.iter().find(|(size, _)| value.abs() >= *size);
    unit.map_or_else(|| count(value), |(size, name)| format!("{}{name}", three_digits(value / size)))
}

/// `1.2k`, `45k`: two digits, or three, and a unit.
fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    // What rounds up to 1000 of a unit is 1 of the next.
    let (size, name) = UNITS.into_iter().find(|(size, _)| value >= size * 0.9995).unwrap_or((1.0, ""));
    let scaled = value / size;
    let text = if scaled < 9.95 { format!("{scaled:.1}") } else { format!("{scaled:.0}") };
    format!("{}{name}", text.strip_suffix(".0").unwrap_or(&text))
}

/// `12.3 MiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let number = if unit == 0 { format!("{value:.0}") } else { three_digits(value) };
    format!("{number}{THIN}{}", UNITS[unit])
}

/// A duration in its two largest units: `2 d 3 h`, `45 min`, `12 s`, `350 ms`.
pub fn duration(seconds: f64) -> String {
    const UNITS: [(u64, &str); 5] = [(31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    if seconds < 10.0 {
        let milliseconds = seconds.max(0.0) * 1000.0;
        let fraction = seconds.fract() != 0.0 && seconds > 0.0;
        return match fraction {
            true if seconds < 1.0 => format!("{milliseconds:.0}{THIN}ms"),
            true => format!("{seconds:.1}{THIN}s"),
            false => format!("{seconds:.0}{THIN}s"),
        };
    }
    let mut rest = seconds as u64;
    let mut parts = Vec::with_capacity(2);
    for (size, name) in UNITS {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{}{THIN}{name}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
    }
    parts.join(" ")
}

/// When the budget is gone, in words.
pub fn runs_out(remaining: Option<f64>, seconds: Option<f64>) -> String {
    match (remaining, seconds) {
        (None, _) => "never measured".to_owned(),
        (Some(r), _) if r < 0.0 => "overspent".to_owned(),
        (Some(_), Some(0.0)) => "spent".to_owned(),
        (Some(_), Some(s)) if s > 2.0 * 31_536_000.0 => "lasts for years".to_owned(),
        (Some(_), Some(s)) => format!("{} left at this rate", duration(s)),
        (Some(_), None) => "not being spent".to_owned(),
    }
}

/// `2026-01-01 12:34:56 UTC`; scripts add the local time as a tooltip.
pub fn utc(at: Timestamp) -> String {
    at.to_utc().map_or_else(|| at.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// The word for a state.
pub fn state(state: State) -> &'static str {
    match state {
        State::Error => "Error",
        State::Critical => "Critical",
        State::Burning => "Burning",
        State::NoData => "No data",
        State::Exhausted => "Exhausted",
        State::Ok => "OK",
    }
}

/// What a state means, in one sentence.
pub fn state_meaning(state: State) -> &'static str {
    match state {
        State::Error => "The SLI can't be relied on.",
        State::Critical => "The budget burns so fast that somebody was paged.",
        State::Burning => "The budget burns faster than it should; a ticket was raised.",
        State::NoData => "Nothing was measured lately.",
        State::Exhausted => "The budget is spent.",
        State::Ok => "Within budget.",
    }
}

/// How hot a burn rate is: the steps of the default pairs' factors over 30 days.
pub fn heat(rate: Option<f64>) -> u8 {
    match rate {
        None => 0,
        Some(r) if r <= 1.0 => 1,
        Some(r) if r <= 3.0 => 2,
        Some(r) if r <= 6.0 => 3,
        Some(r) if r <= 14.4 => 4,
        Some(_) => 5,
    }
}

fn decimals(value: f64) -> usize {
    format!("{value}").split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// Cuts to `digits` decimals, towards minus infinity.
fn cut(value: f64, digits: usize) -> String {
    let scale = 10f64.powi(i32::try_from(digits).unwrap_or(0));
    let cut = (value * scale + NOISE).floor() / scale;
    minus(format!("{:.digits$}", if cut == 0.0 { 0.0 } else { cut }))
}

fn three_digits(value: f64) -> String {
    let digits = match value.abs() {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    minus(format!("{value:.digits$}"))
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    if value <= -0.5 { format!("−{text}") } else { text }
}

fn minus(text: String) -> String {
    text.strip_prefix('-').map(|rest| format!("−{rest}")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_look_better_than_they_are() {
        for (name, shown, expected) in [
            ("just below the objective", sli(Some(0.998_999_9), 99.9), "99.89 %"),
            ("exactly the objective", sli(Some(0.999), 99.9), "99.90 %"),
            ("almost all", sli(Some(0.999_999_9), 99.0), "99.99 %"),
            ("all", sli(Some(1.0), 99.99), "100.000 %"),
            ("no events", sli(None, 99.9), "–"),
            ("touched", share(Some(0.9999)), "99.9 %"),
            ("a little overspent", share(Some(-0.0001)), "−0.1 %"),
            ("spent", share(Some(0.0)), "0.0 %"),
            ("overspent many times", share(Some(-143.5)), "−14 350 %"),
        ] {
            assert_eq!(shown.replace(THIN, " "), expected, "{name}");
        }
    }

    #[test]
    fn numbers_are_short_and_have_units() {
        for (shown, expected) in [
            (burn(Some(14.4)), "14.4×"),
            (burn(Some(0.0)), "0×"),
            (burn(Some(0.004)), "<0.01×"),
            (burn(Some(99.96)), "100×"),
            (burn(Some(999.6)), "1k×"),
            (burn(Some(1234.0)), "1.2k×"),
            (burn(Some(34_800.0)), "35k×"),
            (burn(Some(1_000_000.0)), "1M×"),
            (burn(None), "–"),
            (factor(6.0), "6×"),
            (factor(0.933_333), "0.933×"),
            (count(1_240_331.4), "1 240 331"),
            (count(2.5), "2.5"),
            (count(-1234.0), "−1 234"),
            (si(1_240_331.0), "1.24M"),
            (bytes(1536), "1.50 KiB"),
            (bytes(12), "12 B"),
            (duration(183_600.0), "2 d 3 h"),
            (duration(86_460.0), "1 d"),
            (duration(2700.0), "45 min"),
            (duration(0.35), "350 ms"),
            (duration(0.0), "0 s"),
            (duration(f64::INFINITY), "–"),
        ] {
            assert_eq!(shown.replace(THIN, " "), expected);
        }
    }

    #[test]
    fn the_end_of_the_budget_is_told_in_words() {
        for (name, remaining, seconds, expected) in [
            ("never measured", None, None, "never measured"),
            ("overspent", Some(-0.2), Some(0.0), "overspent"),
            ("spent", Some(0.0), Some(0.0), "spent"),
            ("running", Some(0.5), Some(86_400.0), "1 d left at this rate"),
            ("quiet", Some(0.5), None, "not being spent"),
            ("slow", Some(0.9), Some(1e9), "lasts for years"),
        ] {
            assert_eq!(runs_out(remaining, seconds).replace(THIN, " "), expected, "{name}");
        }
    }
}

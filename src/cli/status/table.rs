//! Statuses as a table that fits a terminal: one line for each SLO and group, worst first.

use super::printable;
use crate::domain::status::{AlertState, AlertStatus, BurnRate, SloStatus, State, WindowStatus};
use crate::domain::time::format_duration;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use std::time::Duration;

const HEADER: [&str; 9] =
    ["STATE", "SLO", "GROUP", "SLI", "OBJECTIVE", "BUDGET LEFT", "BURN 1h", "BURN 6h", "EXHAUSTED IN"];
/// Columns of numbers.
const TO_THE_RIGHT: [usize; 4] = [3, 4, 6, 7];

/// The windows of the two burn-rate columns, for an SLO window of [`NOMINAL`]; others scale with theirs.
const WINDOWS: [u64; 2] = [3_600, 6 * 3_600];
const NOMINAL: u64 = 30 * 86_400;
/// SLO windows in this range have the pairs of 30 days.
const UNSCALED: std::ops::RangeInclusive<u64> = 28 * 86_400..=31 * 86_400;

/// Cells of the budget's bar.
const BAR: usize = 10;

/// The table, with a line below it that counts the states.
pub(super) fn render(statuses: &[SloStatus], colours: bool) -> String {
    if statuses.is_empty() {
        return "no SLO has been measured yet\n".to_owned();
    }
    let with_alerts = statuses.iter().any(|status| !status.alerts.is_empty());
    let mut table = Table::new();
    table.load_style(NOTHING).force_no_tty();
    if colours {
        table.enforce_styling();
    }
    let header = HEADER.into_iter().chain(with_alerts.then_some("ALERTS"));
    table.set_header(header.map(|title| Cell::new(title).add_attribute(Attribute::Dim)));
    for status in statuses {
        let alerts = with_alerts.then(|| Cell::new(alerts(&status.alerts)));
        table.add_row(cells(status).into_iter().chain(alerts));
    }
    for column in TO_THE_RIGHT {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n\n{}\n", table.trim_fmt(), summary(statuses))
}

fn cells(status: &SloStatus) -> Vec<Cell> {
    let [fast, slow] = WINDOWS.map(|nominal| burn(status, nominal));
    let name = match &status.problem {
        Some(problem) => format!("{}: {}", status.id, problem),
        None => status.id.clone(),
    };
    let group = if status.group.is_empty() { String::new() } else { status.group.to_string() };
    vec![
        Cell::new(status.state.as_str()).fg(colour(status.state)).add_attribute(Attribute::Bold),
        Cell::new(printable(&name)),
        Cell::new(printable(&group)),
        Cell::new(status.sli.ratio.map_or("-".to_owned(), percent)),
        Cell::new(format!("{} %", status.objective)),
        Cell::new(status.budget.remaining.map_or("-".to_owned(), |left| format!("{} {:>8}", bar(left), percent(left)))),
        Cell::new(fast),
        Cell::new(slow),
        Cell::new(exhausted_in(status)),
    ]
}

fn colour(state: State) -> Color {
    match state {
        State::Error | State::Critical | State::Exhausted => Color::Red,
        State::Burning => Color::Yellow,
        State::NoData => Color::Magenta,
        State::Ok => Color::Green,
    }
}

/// Rounded towards zero, so that 99.99996 % is not shown as perfect and a budget that is gone not as there.
fn percent(share: f64) -> String {
    let rounded = (share * 1e4).trunc() / 1e2;
    format!("{:.2} %", if rounded == 0.0 { 0.0 } else { rounded })
}

/// What is left, full at 1 and empty from 0 on.
fn bar(left: f64) -> String {
    let full = (left.clamp(0.0, 1.0) * BAR as f64).ceil() as usize;
    format!("{}{}", "#".repeat(full), ".".repeat(BAR - full))
}

/// The burn rate over the measured window nearest to the column's; its name is told when it is another one.
fn burn(status: &SloStatus, nominal: u64) -> String {
    let seconds = match &status.window {
        WindowStatus::Rolling { seconds } | WindowStatus::Calendar { seconds, .. } => *seconds,
    };
    let scale = if UNSCALED.contains(&seconds) { 1.0 } else { seconds as f64 / NOMINAL as f64 };
    let wanted = nominal as f64 * scale;
    let distance = |burn: &&BurnRate| (burn.seconds as f64 / wanted).ln().abs();
    let Some(nearest) = status.burn_rates.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))) else {
        return "-".to_owned();
    };
    let rate = nearest.rate.map_or("-".to_owned(), |rate| format!("{rate:.2}x"));
    if nearest.seconds == nominal { rate } else { format!("{rate} ({})", printable(&nearest.window)) }
}

fn exhausted_in(status: &SloStatus) -> String {
    match status.budget.exhausts_in_seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds <= 0.0 => "now".to_owned(),
        Some(seconds) => coarse(seconds),
    }
}

/// The two largest units; nobody plans by seconds when days are left.
fn coarse(seconds: f64) -> String {
    let unit = [86_400.0, 3_600.0, 60.0].into_iter().find(|unit| seconds >= *unit).unwrap_or(1.0);
    let step = match unit {
        86_400.0 => 3_600.0,
        3_600.0 => 60.0,
        _ => 1.0,
    };
    // Years beyond what a duration can hold are years enough.
    let rounded = (seconds / step).floor() * step;
    Duration::try_from_secs_f64(rounded).map_or("-".to_owned(), format_duration)
}

fn alerts(alerts: &[AlertStatus]) -> String {
    let told = alerts.iter().map(|alert| {
        let kind = match alert.alert.as_str() {
            "ErrorBudgetBurn" => String::new(),
            other => format!("{other} "),
        };
        let windows = alert.long.as_deref().zip(alert.short.as_deref());
        let windows = windows.map_or(String::new(), |(long, short)| format!(" {long}/{short}"));
        let pending = if alert.state == AlertState::Pending { " (pending)" } else { "" };
        format!("{kind}{}{windows}{pending}", alert.severity)
    });
    printable(&told.collect::<Vec<_>>().join(", "))
}

fn summary(statuses: &[SloStatus]) -> String {
    let counts = State::ALL.map(|state| (state, statuses.iter().filter(|status| status.state == state).count()));
    let told = counts.into_iter().filter(|(_, count)| *count > 0);
    let told: Vec<_> = told.map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    format!("{} SLOs: {}", statuses.len(), told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_up_to_perfect_or_to_gone() {
        for (share, shown) in [
            (1.0, "100.00 %"),
            (0.999_999_6, "99.99 %"),
            (0.5, "50.00 %"),
            (0.000_04, "0.00 %"),
            (-0.000_04, "0.00 %"),
            (-0.1234, "-12.34 %"),
        ] {
            assert_eq!(percent(share), shown);
        }
    }

    #[test]
    fn a_bar_is_empty_only_when_nothing_is_left() {
        for (left, shown) in [
            (1.0, "##########"),
            (0.001, "#........."),
            (0.0, ".........."),
            (-3.0, ".........."),
            (0.55, "######...."),
            (2.0, "##########"),
        ] {
            assert_eq!(bar(left), shown, "{left}");
        }
    }

    #[test]
    fn long_times_are_told_coarsely() {
        for (seconds, told) in [
            (0.4, "0s"),
            (59.9, "59s"),
            (3_599.0, "59m59s"),
            (86_399.0, "23h59m"),
            (3.0 * 86_400.0 + 7_300.0, "3d2h"),
            (1e300, "-"),
        ] {
            assert_eq!(coarse(seconds), told, "{seconds}");
        }
    }
}

//! Statuses as a table that fits a terminal: one line for each SLO and group, worst first.

use super::printable;
use crate::domain::status::{AlertState, AlertStatus, BurnRate, SloStatus, State, WindowStatus};
use crate::domain::time::format_duration;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use std::collections::BTreeSet;
use std::time::Duration;

const HEADER: [&str; 9] =
    ["STATE", "SLO", GROUP, "SLI", "OBJECTIVE", "BUDGET LEFT", "BURN 1h", "BURN 6h", "EXHAUSTED IN"];
const GROUP: &str = "GROUP";
const ALERTS: &str = "ALERTS";
/// Columns of numbers.
const TO_THE_RIGHT: [&str; 4] = ["SLI", "OBJECTIVE", "BURN 1h", "BURN 6h"];

/// The windows of the two burn-rate columns, for an SLO window of [`NOMINAL`]; others scale with theirs.
const WINDOWS: [u64; 2] = [3_600, 6 * 3_600];
const NOMINAL: u64 = 30 * 86_400;
/// SLO windows in this range have the pairs of 30 days.
const UNSCALED: std::ops::RangeInclusive<u64> = 28 * 86_400..=31 * 86_400;

/// Cells of the budget's bar.
const BAR: usize = 10;

/// What a narrow terminal does without, one after the other until the table fits: columns, by their titles, and
/// characters of names, groups and alerts beyond a number.
const STEPS: [Step; 11] = [
    Step::Spare(GROUP),
    Step::Spare("OBJECTIVE"),
    Step::Cut(60),
    Step::Cut(40),
    Step::Spare("EXHAUSTED IN"),
    Step::Cut(30),
    Step::Spare("BURN 6h"),
    Step::Cut(24),
    Step::Spare("SLI"),
    Step::Cut(18),
    Step::Cut(12),
];

enum Step {
    Spare(&'static str),
    Cut(usize),
}

/// What is shown of the statuses.
struct Shape {
    columns: Vec<&'static str>,
    /// Characters of names, groups and alerts at most.
    names: usize,
}

/// The table, below it the problems, and a line that counts the states. `width` is the terminal's, where there is one.
pub(super) fn render(statuses: &[SloStatus], colours: bool, width: Option<usize>) -> String {
    if statuses.is_empty() {
        return "no SLO has been measured yet\n".to_owned();
    }
    let shape = shape(statuses, width.unwrap_or(usize::MAX));
    let table = draw(statuses, &shape, colours);
    format!("{table}\n\n{}{}\n", problems(statuses), summary(statuses))
}

/// Leaves out what a narrow terminal has no room for.
fn shape(statuses: &[SloStatus], width: usize) -> Shape {
    let with_alerts = statuses.iter().any(|status| !status.alerts.is_empty());
    let grouped = statuses.iter().any(|status| !status.group.is_empty());
    let columns = HEADER.into_iter().chain(with_alerts.then_some(ALERTS)).collect();
    let mut shape = Shape { columns, names: usize::MAX };
    let too_wide = |shape: &Shape| draw(statuses, shape, false).lines().any(|line| line.chars().count() > width);
    for step in STEPS {
        if !too_wide(&shape) {
            break;
        }
        match step {
            Step::Spare(GROUP) if grouped => {}
            Step::Spare(spared) => shape.columns.retain(|title| *title != spared),
            Step::Cut(names) => shape.names = names,
        }
    }
    shape
}

fn draw(statuses: &[SloStatus], shape: &Shape, colours: bool) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).force_no_tty();
    if colours {
        table.enforce_styling();
    }
    table.set_header(shape.columns.iter().map(|title| Cell::new(title).add_attribute(Attribute::Dim)));
    for status in statuses {
        table.add_row(shape.columns.iter().map(|title| cell(status, title, shape.names)));
    }
    for (index, _) in shape.columns.iter().enumerate().filter(|(_, title)| TO_THE_RIGHT.contains(title)) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn cell(status: &SloStatus, title: &str, names: usize) -> Cell {
    match title {
        "STATE" => Cell::new(status.state.as_str()).fg(colour(status.state)).add_attribute(Attribute::Bold),
        "SLO" => Cell::new(cut(&printable(&status.id), names)),
        GROUP => Cell::new(cut(&group(status), names)),
        "SLI" => Cell::new(status.sli.ratio.map_or("-".to_owned(), percent)),
        "OBJECTIVE" => Cell::new(format!("{} %", status.objective)),
        "BUDGET LEFT" => {
            let left = status.budget.remaining;
            Cell::new(left.map_or("-".to_owned(), |left| format!("{} {:>8}", bar(left), percent(left))))
        }
        "BURN 1h" => Cell::new(burn(status, WINDOWS[0])),
        "BURN 6h" => Cell::new(burn(status, WINDOWS[1])),
        ALERTS => Cell::new(cut(&alerts(&status.alerts), names)),
        _ => Cell::new(exhausted_in(status)),
    }
}

fn group(status: &SloStatus) -> String {
    if status.group.is_empty() { String::new() } else { printable(&status.group.to_string()) }
}

/// At most `limit` characters; what is cut is shown by `…`.
fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Each problem once, with its SLO; it concerns all groups alike.
fn problems(statuses: &[SloStatus]) -> String {
    let told = statuses.iter().filter_map(|status| Some((&status.id, status.problem.as_ref()?)));
    let told: BTreeSet<_> = told.collect();
    let lines: String = told.iter().map(|(id, problem)| printable(&format!("{id}: {problem}")) + "\n").collect();
    if lines.is_empty() { lines } else { lines + "\n" }
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
    let noun = if statuses.len() == 1 { "SLO" } else { "SLOs" };
    format!("{} {noun}: {}", statuses.len(), told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A status with a name of so many characters, as the API writes it.
    fn status(name: usize, alerts: bool) -> SloStatus {
        let alert = serde_json::json!({"alert": "ErrorBudgetBurn", "severity": "page", "state": "firing",
            "since": "2026-01-01T00:00:00Z", "long": "1h", "short": "5m", "factor": 14.4, "burn_long": 20.1,
            "burn_short": 33.0});
        serde_json::from_value(serde_json::json!({
            "id": "n".repeat(name), "service": "shop", "name": "n", "group": {}, "labels": {}, "description": "",
            "objective": 99.9, "window": {"kind": "rolling", "seconds": 2_592_000}, "state": "critical",
            "sli": {"kind": "events", "ratio": 0.9996, "good": 9996.0, "bad": 4.0, "total": 10000.0},
            "budget": {"remaining": 0.6, "consumed": 0.4, "exhausts_in_seconds": 90_000.0, "coverage": 1.0},
            "burn_rates": [], "alerts": if alerts { vec![alert] } else { Vec::new() }, "runbook_url": null,
            "problem": "long ".repeat(100), "updated_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn the_table_keeps_within_the_terminal() {
        for (name, alerts, width, spared, kept) in [
            (10, true, 200, "", "GROUP"),
            (20, true, 110, "GROUP", "EXHAUSTED IN"),
            (20, true, 80, "EXHAUSTED IN", "BURN 1h"),
            (200, true, 80, "EXHAUSTED IN", "BURN 1h"),
            (200, false, 80, "GROUP", "SLI"),
        ] {
            let statuses = [status(name, alerts), status(3, false)];
            let text = render(&statuses, false, Some(width));
            let lines: Vec<&str> = text.lines().take(3).collect();
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}\n{text}");
            assert!(spared.is_empty() || !lines[0].contains(spared), "{width}\n{text}");
            assert!(lines[0].contains(kept), "{width}\n{text}");
        }
    }

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

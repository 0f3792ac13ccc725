//! The table: each figure beside its peer or limit, printed as it comes and kept for `target/bench.json`.

use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// What the figure is held against.
    pub peer: Option<String>,
    /// In the same unit.
    pub peer_value: Option<f64>,
    /// `value / peer_value`.
    pub ratio: Option<f64>,
    /// As text: which bound, on the value or on the ratio.
    pub goal: Option<String>,
    /// Whether the goal is reached; `None` without one.
    pub ok: Option<bool>,
}

/// A bound that a figure is to keep.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    ValueAtMost(f64),
    RatioAtLeast(f64),
    RatioAtMost(f64),
}

impl Row {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, peer: None, peer_value: None, ratio: None, goal: None, ok: None }
    }

    /// Puts a peer's figure beside it.
    pub fn beside(mut self, peer: impl Into<String>, value: f64) -> Self {
        (self.peer, self.peer_value, self.ratio) = (Some(peer.into()), Some(value), Some(self.value / value));
        self
    }

    pub fn goal(mut self, goal: Goal) -> Self {
        let ratio = self.ratio.unwrap_or(f64::NAN);
        let (text, ok) = match goal {
            Goal::ValueAtMost(most) => (format!("≤ {} {}", number(most), self.unit), self.value <= most),
            Goal::RatioAtLeast(least) => (format!("≥ {} × peer", number(least)), ratio >= least),
            Goal::RatioAtMost(most) => (format!("≤ {} × peer", number(most)), ratio <= most),
        };
        (self.goal, self.ok) = (Some(text), Some(ok));
        self
    }
}

/// The lines so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Tells on standard error what is being measured.
    pub fn progress(&self, what: &str) {
        eprintln!("… {what}");
    }

    /// Adds a line.
    pub fn add(&mut self, row: Row) {
        eprintln!("    {}: {} {}", row.name, number(row.value), row.unit);
        self.rows.push(row);
    }

    /// Prints all lines, as Markdown.
    pub fn print(&self) {
        let mut out = std::io::stdout().lock();
        let mut line = |cells: [&str; 6]| {
            let [name, value, peer, ratio, goal, ok] = cells;
            // Whoever reads no more needs no more lines.
            let _ = writeln!(out, "| {name:<58} | {value:>14} | {peer:<46} | {ratio:>9} | {goal:<16} | {ok:<3} |");
        };
        line(["what", "slowburn", "beside", "ratio", "goal", "ok"]);
        line(["---", "---:", "---", "---:", "---", "---"]);
        for row in &self.rows {
            let peer = match (&row.peer, row.peer_value) {
                (Some(peer), Some(value)) => format!("{peer}: {}", number(value)),
                _ => String::new(),
            };
            line([
                &row.name,
                &format!("{} {}", number(row.value), row.unit),
                &peer,
                &row.ratio.map(number).unwrap_or_default(),
                row.goal.as_deref().unwrap_or_default(),
                row.ok.map_or("", |ok| if ok { "yes" } else { "no" }),
            ]);
        }
    }

    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, serde_json::to_string_pretty(&self.rows)?)
    }
}

/// Three significant digits, without an exponent where people would not write one.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".to_owned(),
        m if m >= 100.0 => format!("{value:.0}"),
        m if m >= 10.0 => format!("{value:.1}"),
        m if m >= 1.0 => format!("{value:.2}"),
        m if m >= 1e-4 => format!("{value:.*}", (2.0 - m.log10().floor()) as usize),
        _ => format!("{value:.2e}"),
    }
}

//! The table: each figure beside its peer or limit.

use serde::Serialize;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub value: f64,
    /// Least and most of several measurements, of which the value is the median.
    #[serde(skip)]
    pub spread: Option<(f64, f64)>,
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
        let (name, spread) = (name.into(), None);
        Self { name, value, spread, unit, peer: None, peer_value: None, ratio: None, goal: None, ok: None }
    }

    /// A figure that was measured several times.
    pub fn median(name: impl Into<String>, mut values: Vec<f64>, unit: &'static str) -> Self {
        values.sort_by(f64::total_cmp);
        let spread = values.first().copied().zip(values.last().copied());
        Self { spread, ..Self::new(name, values[values.len() / 2], unit) }
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

    pub fn goal_if(self, goal: Option<Goal>) -> Self {
        match goal {
            Some(goal) => self.goal(goal),
            None => self,
        }
    }
}

/// Lines that belong together.
pub struct Section {
    pub title: &'static str,
    /// How it is measured.
    pub about: &'static str,
    pub rows: Vec<Row>,
    /// A table of another form.
    pub text: String,
}

/// The lines so far.
#[derive(Default)]
pub struct Table {
    pub sections: Vec<Section>,
}

impl Table {
    /// Tells on standard error what is being measured.
    pub fn progress(&self, what: &str) {
        eprintln!("… {what}");
    }

    /// Begins a section.
    pub fn section(&mut self, title: &'static str, about: &'static str) {
        self.sections.push(Section { title, about, rows: Vec::new(), text: String::new() });
    }

    /// Adds a line to the last section.
    pub fn add(&mut self, row: Row) {
        eprintln!("    {}: {} {}", row.name, number(row.value), row.unit);
        if let Some(section) = self.sections.last_mut() {
            section.rows.push(row);
        }
    }

    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }
}

/// Three significant digits, without an exponent where people would not write one.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        m if m.is_nan() => "not a number".to_owned(),
        0.0 => "0".to_owned(),
        m if m >= 100.0 => format!("{value:.0}"),
        m if m >= 10.0 => format!("{value:.1}"),
        m if m >= 1.0 => format!("{value:.2}"),
        m if m >= 1e-4 => format!("{value:.*}", (2.0 - m.log10().floor()) as usize),
        _ => format!("{value:.2e}"),
    }
}

//! How a replay is printed: the log of transitions and the statuses at the end, as lines for people or as JSON.

use crate::domain::lazy_status::LazyStatus;
use crate::domain::status::Transition;
use crate::replay::Line;
use crate::replay::tables::Sheet;
use comfy_table::Table;
use serde::Serialize;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::Arc;

/// Standard output, with what went wrong there first.
pub struct Output {
    out: BufWriter<StdoutLock<'static>>,
    json: bool,
    result: io::Result<()>,
    statuses: Vec<Arc<LazyStatus>>,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), json, result: Ok(()), statuses: Vec::new() }
    }

    /// A transition is written as it comes, statuses with [`Output::statuses`] for people.
    pub fn line(&mut self, line: Line) {
        if self.result.is_ok() {
            self.result = match &line {
                line if self.json => write_json(&mut self.out, line),
                Line::Transition(transition) => write_transition(&mut self.out, transition),
                Line::Slo(_) => Ok(()),
            };
        }
        if let Line::Slo(status) = line {
            self.statuses.push(status);
        }
    }

    /// One more JSON line.
    pub fn json(&mut self, line: &impl Serialize) {
        if self.result.is_ok() {
            self.result = write_json(&mut self.out, line);
        }
    }

    /// The table of statuses, for people.
    pub fn statuses(&mut self) {
        if self.result.is_ok() && !self.json {
            self.result = writeln!(self.out, "{}", table(&self.statuses));
        }
    }

    /// A table under its title, for people.
    pub fn sheet(&mut self, sheet: &Sheet) {
        if self.result.is_ok() {
            self.result = writeln!(self.out, "\n{}\n{}", sheet.title, rendered(sheet));
        }
    }

    /// Whether the reader wants JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Everything is written. A reader that stopped reading is no mistake.
    pub fn finish(mut self) -> io::Result<()> {
        match self.result.and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

fn rendered(sheet: &Sheet) -> String {
    if sheet.rows.is_empty() {
        return "none".to_owned();
    }
    let mut table = Table::new();
    table.set_header(&sheet.header);
    for row in &sheet.rows {
        table.add_row(row);
    }
    table.to_string()
}

fn write_transition(out: &mut impl Write, transition: &Transition) -> io::Result<()> {
    let burns = [transition.burn_long, transition.burn_short].map(|b| b.map_or("-".to_owned(), |b| format!("{b:.2}")));
    let windows =
        transition.long.as_deref().zip(transition.short.as_deref()).map_or(String::new(), |(l, s)| format!(" {l}/{s}"));
    writeln!(
        out,
        "{} {} {} {} {} -> {}{windows} burning {}x/{}x: {}",
        transition.at,
        transition.id,
        transition.alert,
        transition.severity,
        transition.from.as_str(),
        transition.to.as_str(),
        burns[0],
        burns[1],
        transition.reason
    )
}

fn write_json(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Statuses as people read them.
fn table(statuses: &[Arc<LazyStatus>]) -> Table {
    let mut table = Table::new();
    table.set_header(["SLO", "group", "state", "SLI", "objective", "bad / total", "budget left", "coverage"]);
    for status in statuses {
        let percent = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{:.4} %", x * 100.0));
        table.add_row([
            status.id.clone(),
            if status.group.is_empty() { String::new() } else { status.group.to_string() },
            status.state.as_str().to_owned(),
            percent(status.sli.ratio),
            format!("{} %", status.objective),
            format!("{} / {}", status.sli.bad, status.sli.total),
            percent(status.budget.remaining),
            percent(Some(status.budget.coverage)),
        ]);
    }
    table
}

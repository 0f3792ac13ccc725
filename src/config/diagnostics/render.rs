//! Mistakes as text for people, as one line for logs, and as JSON for programs.

use super::secrets::Index;
use super::{Diagnostic, Diagnostics, Severity, Source};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;

/// Characters of a line shown on each side of the mistake; longer lines are cut.
const CONTEXT_CHARS: usize = 60;

/// The word of the severity.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// `file:line:column: error: path: message: value; help`, on one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place(), self.severity, self.headline())?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl Diagnostic {
    /// `file:line:column`, or the file alone.
    fn place(&self) -> String {
        if self.line == 0 { self.file.clone() } else { format!("{}:{}:{}", self.file, self.line, self.column) }
    }

    fn headline(&self) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        let value = self.value.as_ref().map(|value| format!(": {value:?}")).unwrap_or_default();
        format!("{path}{}{value}", self.message)
    }
}

impl Diagnostics {
    /// Each mistake with its line of the file, for the terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut indexes: BTreeMap<&str, Option<Index<'_>>> = BTreeMap::new();
        for found in &self.list {
            let index = indexes.entry(&found.file).or_insert_with(|| self.index(&found.file));
            text.push_str(&format!("{}: {}\n  --> {}\n", found.severity, found.headline(), found.place()));
            text.push_str(&index.as_ref().and_then(|index| excerpt(index, found)).unwrap_or_default());
            if let Some(help) = &found.help {
                text.push_str(&format!("  = help: {help}\n"));
            }
            text.push('\n');
        }
        if self.more > 0 {
            text.push_str(&format!("… and {} more\n\n", self.more));
        }
        text
    }

    /// Mistakes on one line each, for logs; warnings are left out when there are errors.
    pub fn to_lines(&self) -> Vec<String> {
        let only_errors = self.has_errors();
        let shown = |d: &&Diagnostic| !only_errors || d.severity == Severity::Error;
        self.list.iter().filter(shown).map(ToString::to_string).collect()
    }

    /// `{"ok":…,"errors":…,"warnings":…,"diagnostics":[…]}`.
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "ok": !self.has_errors(),
            "errors": self.errors(),
            "warnings": self.warnings(),
            "diagnostics": self.list,
        })
    }

    fn index(&self, file: &str) -> Option<Index<'_>> {
        self.sources.iter().rfind(|source| source.file == file).map(Source::index)
    }
}

/// The line of the mistake with carets under it.
fn excerpt(index: &Index<'_>, found: &Diagnostic) -> Option<String> {
    let offset = Some(found.start as usize).filter(|start| *start > 0);
    let mut line = index.safe_line(found.line, found.column, offset)?;
    if line.column == 0 {
        // A line as a whole is meant: where its text begins says more than a blank.
        line.column = line.text.chars().take_while(|c| c.is_whitespace()).count();
    }
    let from = line.column.saturating_sub(CONTEXT_CHARS);
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let shown: String = line.text.chars().skip(from).take(2 * CONTEXT_CHARS).map(visible).collect();
    let room = shown.chars().count().saturating_sub(line.column - from);
    let carets = "^".repeat((found.width as usize).clamp(1, room.max(1)));
    let number = found.line.to_string();
    let gutter = " ".repeat(number.len());
    let pad = " ".repeat(line.column - from);
    Some(format!("{gutter} |\n{number} | {}\n{gutter} | {pad}{carets}\n", shown.trim_end()))
}

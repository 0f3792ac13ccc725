//! What came out, as the table of `docs/correctness.md`, which is held to it. `SLOWBURN_BLESS=1` writes it anew, to be
//! looked at before it is kept.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// One trace under one kind of rules.
#[derive(Default)]
pub struct Row {
    pub rules: usize,
    pub slowburn: usize,
    /// Changes that both tell within the tolerance.
    pub alike: usize,
    /// The largest time between two of those, in seconds.
    pub lag: f64,
    /// All other differences, by their cause: how many, and how many minutes in all.
    pub differences: BTreeMap<&'static str, (usize, f64)>,
}

impl Row {
    pub fn explain(&mut self, cause: &'static str, minutes: f64) {
        let (count, sum) = self.differences.entry(cause).or_default();
        *count += 1;
        *sum += minutes;
    }
}

/// Rows by rules and trace, as Markdown.
pub fn render(rows: &[((&'static str, &'static str), Row)]) -> String {
    let mut text = "| rules | trace | their changes | slowburn's | alike | largest lag | differences by cause |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for ((rules, trace), row) in rows {
        let told = row.differences.iter().map(|(cause, (count, minutes))| format!("{count} {cause}, {minutes:.1} min"));
        let told: Vec<String> = told.collect();
        let told = if told.is_empty() { "none".to_owned() } else { told.join("; ") };
        writeln!(
            text,
            "| {rules} | {trace} | {} | {} | {} | {:.0} s | {told} |",
            row.rules, row.slowburn, row.alike, row.lag
        )
        .expect("written");
    }
    text
}

/// That the document shows this table.
pub fn assert_documented(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/correctness.md");
    let mut document = std::fs::read_to_string(&path).expect("the document");
    let head = table.lines().next().unwrap_or_default();
    if std::env::var_os("SLOWBURN_BLESS").is_some() {
        let from = document.find(head).expect("the table's head");
        let to = document[from..].find("\n\n").map_or(document.len(), |length| from + length + 1);
        document.replace_range(from..to, table);
        std::fs::write(&path, &document).expect("written");
    }
    assert!(document.contains(table), "docs/correctness.md shows another table than\n{table}");
}

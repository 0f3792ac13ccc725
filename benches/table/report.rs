//! Where the results go: the page's tables, and `bench.json` with one entry for each goal.

use super::peers::Peers;
use super::plot::{Line, svg};
use super::rows::{Row, Table, number};
use std::fmt::Write;
use std::path::Path;

/// The tables, in the form of `docs/performance.md`. `machine` tells where they were measured.
pub fn markdown(table: &Table, machine: &str) -> String {
    let mut text = wrapped(&format!("Measured on {} on {machine}.", slowburn::clock::now()));
    text.push('\n');
    for section in &table.sections {
        let _ = write!(text, "\n## {}\n\n", section.title);
        if !section.about.is_empty() {
            let _ = write!(text, "{}\n\n", wrapped(section.about));
        }
        if section.rows.is_empty() {
            text.push_str(&section.text);
            continue;
        }
        text.push_str("| what | slowburn | beside | ratio | goal | reached |\n|---|---:|---|---:|---|---|\n");
        section.rows.iter().for_each(|row| line(&mut text, row));
    }
    text.push('\n');
    text
}

/// Lines of prose as wide as those of the other pages.
fn wrapped(prose: &str) -> String {
    const WIDTH: usize = 120;
    let mut lines = vec![String::new()];
    for word in prose.split(' ') {
        if lines.last().is_some_and(|line| line.chars().count() + word.chars().count() >= WIDTH) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn line(text: &mut String, row: &Row) {
    let peer = match (&row.peer, row.peer_value) {
        (Some(peer), Some(value)) => format!("{peer}: {}", number(value)),
        _ => String::new(),
    };
    let ratio = row.ratio.filter(|ratio| !ratio.is_nan()).map(number).unwrap_or_default();
    let goal = row.goal.as_deref().unwrap_or_default();
    let reached = row.ok.map_or("", |ok| if ok { "yes" } else { "no" });
    let spread = row.spread.map(|(least, most)| format!(" ({} to {})", number(least), number(most)));
    let value = format!("{} {}{}", number(row.value), row.unit, spread.unwrap_or_default());
    let _ = writeln!(text, "| {} | {value} | {peer} | {ratio} | {goal} | {reached} |", row.name);
}

/// The lines that have a goal, as JSON.
pub fn json(table: &Table) -> String {
    let goals: Vec<&Row> = table.rows().filter(|row| row.goal.is_some()).collect();
    serde_json::to_string_pretty(&goals).expect("numbers and text")
}

/// The name of the rows that the picture shows, up to the number of SLOs.
pub const CPU: &str = "the process, CPU for an SLO's hour, ";

/// A picture of the cost of all SLOs, against their number.
pub fn picture(table: &Table, peers: &Peers) -> String {
    let mut points: Vec<(f64, f64)> = table
        .rows()
        .filter_map(|row| {
            let slos: f64 = row.name.strip_prefix(CPU)?.strip_suffix(" SLOs")?.parse().ok()?;
            Some((slos, row.value / 1e3 / 3600.0 * slos))
        })
        .collect();
    points.dedup();
    let own = Line { name: "slowburn".to_owned(), points, recorded: Vec::new() };
    let peer = peers.all().into_iter().map(|peer| {
        let cost = |slos: usize, evaluation: f64| (slos as f64, evaluation / 30.0 * slos as f64);
        let points = peer.figures.iter().map(|figures| cost(figures.slos, figures.evaluation)).collect();
        let recorded = vec![cost(peer.recorded.slos, peer.recorded.evaluation)];
        Line { name: peer.name.to_owned(), points, recorded }
    });
    let lines: Vec<Line> = std::iter::once(own).chain(peer).collect();
    svg("CPU seconds a second, for all SLOs (hollow: recorded earlier)", &lines)
}

/// Writes a file of the results and tells where.
pub fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("room for the results");
    eprintln!("written to {}", path.display());
}

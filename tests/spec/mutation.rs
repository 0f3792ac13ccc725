//! Files with anything wrong in them are answered, never with a panic, and mistakes always lie inside the file.

use super::good::{EVERYTHING, env};
use proptest::prelude::*;
use slowburn::config::diagnostics::Diagnostics;
use slowburn::spec::read_slos;

/// Texts that mean something to YAML, to selectors or to numbers.
const FRAGMENTS: [&str; 28] = [
    "",
    "\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: *a",
    "---\n",
    "#",
    "~",
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "99.99999999999999999",
    "${X}",
    "\u{feff}",
    "é",
    "\0",
    "!!binary ",
];

fn read(text: &[u8]) -> Result<(), TestCaseError> {
    let mut diagnostics = Diagnostics::new();
    let slos = read_slos("slo.yaml", text, &env, &mut diagnostics);
    let lines = text.iter().filter(|b| **b == b'\n').count() as u32 + 1;
    for found in diagnostics.iter() {
        // A lone carriage return also ends a line.
        prop_assert!(found.line <= lines + text.iter().filter(|b| **b == b'\r').count() as u32, "{found}");
    }
    prop_assert!(!slos.is_empty() || !diagnostics.is_empty(), "neither an SLO nor a word about it");
    let _ = (diagnostics.to_text(), diagnostics.to_json());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn replaced_parts(edits in prop::collection::vec((0..EVERYTHING.len(), 0..12usize, 0..FRAGMENTS.len()), 1..4)) {
        let mut text = EVERYTHING.as_bytes().to_vec();
        for (at, length, fragment) in edits {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, FRAGMENTS[fragment].bytes());
        }
        read(&text)?;
    }

    #[test]
    fn replaced_values(line in 0..60usize, value in "\\PC{0,20}") {
        let mut text = String::new();
        for (number, old) in EVERYTHING.lines().enumerate() {
            match old.split_once(": ").filter(|_| number == line) {
                Some((key, _)) => text.push_str(&format!("{key}: {value}\n")),
                None => text.push_str(&format!("{old}\n")),
            }
        }
        read(text.as_bytes())?;
    }

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&text)?;
    }
}

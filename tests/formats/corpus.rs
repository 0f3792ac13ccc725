//! Every file of the corpus: what is read from it, or why it is refused.
//!
//! The expectations stand in `tests/fixtures/corpus-expected/`, one file for each; `SLOWBURN_BLESS=1` writes them anew, to
//! be looked at before they are kept.

use super::summary::{read, summary};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_of_the_corpus_is_read_as_expected() {
    let corpus = fixtures().join("corpus");
    let mut all = Vec::new();
    files(&corpus, &mut all);
    assert_eq!(all.len(), 111, "the corpus is whole");
    let bless = std::env::var_os("SLOWBURN_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in all {
        let name = path.strip_prefix(&corpus).unwrap().display().to_string();
        let (reading, diagnostics) = read(&name, &std::fs::read(&path).unwrap());
        let found = summary(&reading, &diagnostics);
        let expected_at = fixtures().join("corpus-expected").join(format!("{name}.txt"));
        if bless {
            std::fs::create_dir_all(expected_at.parent().unwrap()).unwrap();
            std::fs::write(&expected_at, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_at).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{name}\n--- expected\n{expected}--- found\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

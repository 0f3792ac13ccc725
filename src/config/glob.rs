//! Finds the files that `slo_files` names, as Prometheus's `rule_files` does: `*`, `?` and `[…]` in any part of a path.
//!
//! As in a shell, names that begin with a dot are found only by patterns that begin with one, so that editors' lock
//! files and Kubernetes' `..data` are left alone. Results are sorted.

use regex::Regex;
use std::path::{Component, Path, PathBuf};

/// Whether a path is a pattern.
pub fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The files that match a pattern, sorted; `Err` when a bracket is not closed. Directories that can't be read match
/// nothing.
pub fn find(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str().to_string_lossy();
        if !matches!(component, Component::Normal(_)) || !is_pattern(&part) {
            found.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        let name = name_pattern(&part)?;
        found = found.iter().flat_map(|folder| entries(folder, &name, part.starts_with('.'))).collect();
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn entries(folder: &Path, name: &Regex, hidden: bool) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    names
        .filter(|found| found.to_str().is_some_and(|f| (hidden || !f.starts_with('.')) && name.is_match(f)))
        .map(|found| folder.join(found))
        .collect()
}

fn name_pattern(part: &str) -> Result<Regex, String> {
    let unclosed = || format!("a bracket in {part:?} is not closed");
    let mut regex = String::from("^");
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => {
                let end = rest.find(']').ok_or_else(unclosed)?;
                let (negated, set) = match rest[..end].strip_prefix('^') {
                    Some(set) => ("^", set),
                    None => ("", &rest[..end]),
                };
                let escaped = set.replace('\\', r"\\").replace('[', r"\[").replace('&', r"\&").replace('~', r"\~");
                regex.push_str(&format!("[{negated}{escaped}]"));
                rest = &rest[end + 1..];
            }
            _ => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    Regex::new(&regex).map_err(|_| format!("{part:?} is not a pattern of file names"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name, matches) in [
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "a.yml", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[ab].y*", "b.yml", true),
            ("[^ab].y*", "b.yml", false),
            ("[0-9]*", "7.x", true),
            ("a.b*", "axb", false),
            ("(x)*", "(x)y", true),
        ] {
            assert_eq!(name_pattern(pattern).unwrap().is_match(name), matches, "{pattern} {name}");
        }
        assert!(name_pattern("[a").is_err());
        assert!(name_pattern("[]").is_err());
        assert!(name_pattern("[z-a]").is_err());
    }

    #[test]
    fn patterns_find_files_and_leave_hidden_ones() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b/2.yaml", "b/1.yaml", "b/.hidden.yaml", "a/3.yaml", "a/x.txt", "c.yaml/inside"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = find(&dir.path().join(pattern)).unwrap();
            found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names("*/*.yaml"), ["a/3.yaml", "b/1.yaml", "b/2.yaml"]);
        assert_eq!(names("b/.*.yaml"), ["b/.hidden.yaml"]);
        assert_eq!(names("*.yaml"), Vec::<String>::new());
        assert_eq!(names("nowhere/*.yaml"), Vec::<String>::new());
    }
}

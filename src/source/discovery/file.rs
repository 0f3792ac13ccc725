//! `file_sd_configs`: target groups in YAML or JSON files, found by path or by a `*` in the last segment.
//!
//! Files are read again every few seconds and parsed when their content changed; that also sees what file system events
//! miss (network mounts, swapped symbolic links). A bad file keeps the targets of its last good content, a file that is
//! gone loses them.

use super::{Reporter, groups, pause};
use crate::config::scrape::FileSd;
use crate::domain::labels::Labels;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Files are looked at this often even where `refresh_interval` is longer: Prometheus sees changes at once.
const POLL: Duration = Duration::from_secs(5);

/// A target file beyond this is a mistake, not a list of targets.
const MAX_BYTES: u64 = 32 << 20;

/// A file as it was last seen.
#[derive(Default)]
struct Seen {
    /// `None` when it could not be read.
    content: Option<Vec<u8>>,
    targets: Vec<Labels>,
    problem: Option<String>,
}

pub(super) async fn run(sd: FileSd, reporter: Reporter) {
    let interval = sd.refresh_interval.min(POLL);
    let mut seen = BTreeMap::new();
    let mut reported = None;
    loop {
        let files = sd.files.clone();
        let look = move || {
            let problems = refresh(&files, &mut seen);
            (seen, problems)
        };
        let (known, problems) = tokio::task::spawn_blocking(look).await.unwrap_or_default();
        seen = known;
        let targets: Vec<Labels> = seen.values().flat_map(|file: &Seen| file.targets.iter().cloned()).collect();
        let news = Some((targets, problems));
        if news != reported {
            let (targets, problems) = news.clone().unwrap_or_default();
            if !reporter.report(targets, problems).await {
                return;
            }
            reported = news;
        }
        pause(interval).await;
    }
}

fn refresh(patterns: &[PathBuf], seen: &mut BTreeMap<PathBuf, Seen>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut paths = Vec::new();
    for pattern in patterns {
        match matching(pattern) {
            Ok(found) if found.is_empty() => problems.push(format!("{}: no such file", pattern.display())),
            Ok(found) => paths.extend(found),
            Err(error) => problems.push(format!("{}: {error}", pattern.display())),
        }
    }
    seen.retain(|path, _| paths.contains(path));
    for path in paths {
        let file = seen.entry(path.clone()).or_default();
        let content = read(&path);
        if content.is_err() || content.as_ref().ok() != file.content.as_ref() {
            update(file, &path, content);
        }
        problems.extend(file.problem.clone());
    }
    problems
}

fn update(file: &mut Seen, path: &Path, content: Result<Vec<u8>, String>) {
    let parsed = content.as_ref().map_err(Clone::clone).and_then(|content| parse(path, content));
    file.content = content.ok();
    file.problem = parsed.as_ref().err().map(|error| format!("{}: {error}", path.display()));
    if let Ok(targets) = parsed {
        file.targets = targets;
    }
}

fn parse(path: &Path, content: &[u8]) -> Result<Vec<Labels>, String> {
    let json = path.extension().is_some_and(|extension| extension == "json");
    let groups = if json { groups::from_json(content)? } else { groups::from_yaml(content)? };
    Ok(groups::flatten(&groups, &Labels::new().with("__meta_filepath", path.display().to_string())))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if content.len() as u64 > MAX_BYTES {
        return Err(format!("larger than {MAX_BYTES} bytes"));
    }
    Ok(content)
}

/// The files that a pattern names now, sorted.
fn matching(pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy();
    let Some((prefix, suffix)) = name.split_once('*') else {
        return Ok(if pattern.exists() { vec![pattern.to_owned()] } else { Vec::new() });
    };
    let directory = pattern.parent().unwrap_or(Path::new(""));
    let listed = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(listed)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.len() >= prefix.len() + suffix.len() && text.starts_with(prefix) && text.ends_with(suffix) {
            found.push(directory.join(name));
        }
    }
    found.sort();
    Ok(found)
}

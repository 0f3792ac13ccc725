//! Puts the files in their places: all or none, and nothing that is there is touched.
//!
//! They are written into a directory beside their places and checked there as `slowburn check` does; then each is linked
//! into its place, which fails if something has come there in the meantime.

use super::files::NewFile;
use crate::config::load;
use anyhow::{Context, bail};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Names every file that is in the way.
pub fn refuse_existing(dir: &Path, files: &[NewFile]) -> anyhow::Result<()> {
    let places = files.iter().map(|file| dir.join(&file.path));
    let there: Vec<String> = places.filter(|place| is_there(place)).map(|place| place.display().to_string()).collect();
    if there.is_empty() {
        return Ok(());
    }
    bail!(
        "nothing was written, for init never overwrites; there already: {}\nmove them away, or choose another --dir",
        there.join(", ")
    )
}

/// Writes, checks and places all files; on any trouble what was placed is taken away again.
pub fn place(dir: &Path, files: &[NewFile]) -> anyhow::Result<()> {
    let mut made = Made::default();
    made.directory(dir)?;
    let stage =
        tempfile::Builder::new().prefix(".slowburn-init-").tempdir_in(dir).with_context(|| cannot_write(dir))?;
    let stage = stage.path();
    for file in files {
        let path = stage.join(&file.path);
        fs::create_dir_all(parent(&path)).with_context(|| cannot_write(&path))?;
        write_new(&path, &file.text).with_context(|| cannot_write(&path))?;
    }
    check(stage)?;
    for file in files {
        let place = dir.join(&file.path);
        made.directory(parent(&place))?;
        put(&stage.join(&file.path), &place, &file.text).with_context(|| cannot_write(&place))?;
        made.paths.push(place);
    }
    made.keep();
    Ok(())
}

fn check(stage: &Path) -> anyhow::Result<()> {
    let result = load::load(&stage.join("slowburn.yaml"), &|name| std::env::var(name).ok())?;
    if result.diagnostics.has_errors() {
        bail!(
            "nothing was written, for these metrics lead to a configuration with mistakes, which is a fault of init; \
             please report it with the metrics page\n{}",
            result.diagnostics.to_text()
        );
    }
    Ok(())
}

/// A link puts a whole file into its place or fails when there is one. Where there are no links it is written there.
fn put(staged: &Path, place: &Path, text: &str) -> io::Result<()> {
    match fs::hard_link(staged, place) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_new(place, text),
        result => result,
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A link that leads nowhere is in the way too.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn cannot_write(path: &Path) -> String {
    format!("can't write {}", path.display())
}

/// Files and directories made so far, which go away again unless they are kept.
#[derive(Default)]
struct Made {
    paths: Vec<PathBuf>,
}

impl Made {
    /// Makes a directory and those above it that are missing.
    fn directory(&mut self, dir: &Path) -> anyhow::Result<()> {
        let missing = dir.ancestors().filter(|dir| !dir.as_os_str().is_empty() && !is_there(dir));
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        fs::create_dir_all(dir).with_context(|| cannot_write(dir))?;
        self.paths.extend(missing.into_iter().rev());
        Ok(())
    }

    fn keep(mut self) {
        self.paths.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.paths.iter().rev() {
            // What can't be removed stays; the trouble that led here is what is told.
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

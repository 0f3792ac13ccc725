//! Tells the program which commit it is built from: `SLOWBURN_REVISION` where whoever builds sets it, else the commit of
//! the git checkout that holds this file; nothing where there is neither.
//!
//! Builds without optimisation don't ask git, for they would be made anew with each commit.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SLOWBURN_REVISION");
    let given = std::env::var("SLOWBURN_REVISION").ok().filter(|revision| !revision.is_empty());
    let optimised = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if let Some(revision) = given.or_else(|| if optimised { checked_out() } else { None }) {
        println!("cargo::rustc-env=SLOWBURN_REVISION={revision}");
    }
}

/// The commit that is checked out here. A checkout around this folder, such as one that holds a copy of it, is another's.
fn checked_out() -> Option<String> {
    let here = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&here).canonicalize().ok()? {
        return None;
    }
    // Every commit and every checkout adds a line to the first; without logs, the second names the branch.
    for file in ["logs/HEAD", "HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

/// What git says, when there is a git that has an answer.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

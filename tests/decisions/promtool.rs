//! Debian's promtool.

use std::path::Path;
use std::process::{Command, Output};

/// Runs promtool to a good end.
pub fn promtool(arguments: &[&str]) -> Output {
    let output = Command::new("promtool").args(arguments).output().expect("promtool (Debian's prometheus)");
    assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

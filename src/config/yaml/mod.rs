//! YAML text to trees in which every key and value knows its line and column.
//!
//! serde stops at the first mistake and forgets where values stood; a person who mends a configuration wants all
//! mistakes at once. So the parser's events become small trees here, and [`super::decode`] walks them. Anchors, aliases
//! and merge keys are resolved within a budget, so that no file can make reading it slow or large.

mod build;
mod file;
mod node;
mod syntax;
#[cfg(test)]
mod tests;

pub use file::{FileError, read_file};
pub use node::{Entry, Key, Kind, Mark, Node, Scalar, Style};

use super::diagnostics::{Diagnostic, Diagnostics};

/// The largest file that is read, in bytes: some 60 000 SLOs.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Values in one file at most, aliases counted as often as they are used.
pub const MAX_NODES: usize = 2_000_000;

/// Lists and maps inside one another at most.
pub const MAX_DEPTH: usize = 100;

/// Reads all documents of a file; what is wrong with the text goes to `diagnostics`.
///
/// A document with a syntax error is left out and reading goes on with the next one, so that each is reported once.
pub fn load(text: &[u8], file: &str, diagnostics: &mut Diagnostics) -> Vec<Node> {
    if text.len() as u64 > MAX_FILE_BYTES {
        diagnostics.push(too_large(file));
        return Vec::new();
    }
    match std::str::from_utf8(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)) {
        Ok(text) => {
            diagnostics.add_source(file, text);
            build::documents(text, file, diagnostics)
        }
        Err(error) => {
            diagnostics.push(not_utf8(text, error.valid_up_to(), file));
            Vec::new()
        }
    }
}

fn too_large(file: &str) -> Diagnostic {
    Diagnostic::error(file, Mark::default(), format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20))
        .help("split it into several files")
}

fn not_utf8(text: &[u8], at: usize, file: &str) -> Diagnostic {
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    let byte = text.get(at).map(|b| format!("byte 0x{b:02X}")).unwrap_or_default();
    Diagnostic::error(file, Mark::at(line, column), "the file is not UTF-8 text")
        .value(byte)
        .help("save it with the encoding UTF-8")
}

//! From trees to values, collecting every mistake on the way.
//!
//! A [`Value`] knows its file, place and path; each getter reports what is wrong and gives `None`, so that a decoder
//! simply asks for all it needs and puts its type together at the end. Maps are opened with a [`Table`] of their keys,
//! from which the JSON Schema is made too: what is not in the table is reported as unknown, so neither can drift.

mod env;
mod map;
mod numbers;
pub mod schema;
mod secrets;
mod suggest;
mod table;
mod text;
mod url;
mod value;

pub use map::Map;
pub use numbers::parse_time;
pub use secrets::SecretKeys;
pub use suggest::nearest;
pub use table::{Field, Refused, Shape, Table};
pub use text::is_label_name;
pub use value::Value;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::yaml::{Mark, Node};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Looks up an environment variable.
pub type Env<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// What decoding one file needs: its name for messages, its directory for relative paths, the environment.
pub struct Context<'a> {
    file: &'a str,
    dir: PathBuf,
    env: Env<'a>,
    diagnostics: RefCell<Diagnostics>,
    needed: RefCell<Vec<NeededFile>>,
}

/// A file that the decoded file relies on, with what to report when it can't be read.
pub struct NeededFile {
    pub path: PathBuf,
    pub report: Diagnostic,
}

/// Runs a decoder over one file and puts what it reports into `diagnostics`.
pub fn decode<T>(
    file: &str,
    env: Env<'_>,
    diagnostics: &mut Diagnostics,
    decoder: impl FnOnce(&Context<'_>) -> T,
) -> T {
    let dir = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
    let kept = RefCell::new(std::mem::take(diagnostics));
    let context = Context { file, dir, env, diagnostics: kept, needed: RefCell::default() };
    let decoded = decoder(&context);
    *diagnostics = context.diagnostics.into_inner();
    decoded
}

impl Context<'_> {
    /// The root of a document.
    pub fn value<'a>(&'a self, node: &'a Node) -> Value<'a> {
        Value::new(self, node, String::new(), node.mark)
    }

    /// The file's name for messages.
    pub fn file(&self) -> &str {
        self.file
    }

    /// A path as the file means it: relative to the file's own directory.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    /// Adds a mistake.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// The files that were named with [`Value::needed_file`]; whoever may read files looks whether they are there.
    pub fn take_needed(&self) -> Vec<NeededFile> {
        self.needed.take()
    }

    /// The errors reported so far; a decoder that compares two counts knows whether a part was sound.
    pub fn errors(&self) -> usize {
        self.diagnostics.borrow().errors()
    }

    /// Whether further mistakes are only counted; see [`Diagnostics::is_full`].
    pub fn is_full(&self) -> bool {
        self.diagnostics.borrow().is_full()
    }

    /// Marks a part of the file that must never be shown.
    pub(super) fn hide(&self, mark: Mark) {
        self.diagnostics.borrow_mut().hide(self.file, mark);
    }

    /// The rest of the line after a place.
    fn line_after(&self, mark: Mark) -> Option<String> {
        let text = self.diagnostics.borrow().source(self.file)?;
        text.get(mark.end as usize..)?.lines().next().map(str::to_owned)
    }

    fn slice(&self, mark: Mark) -> Option<String> {
        let text = self.diagnostics.borrow().source(self.file)?;
        text.get(mark.start as usize..mark.end as usize).map(str::to_owned)
    }
}

//! What is wrong with the files: every mistake with its place, its value and how to mend it.
//!
//! Reading goes on after a mistake, so one run reports all mistakes of all files. Secrets are marked while decoding and
//! are hidden when a line of the file is shown.

mod render;
mod secrets;

pub use secrets::sounds_secret;

use super::yaml::Mark;
use serde::Serialize;
use std::sync::Arc;

/// Mistakes kept at most; the rest is counted.
const MAX_KEPT: usize = 1000;

/// Characters of an offending value that are shown.
const MAX_VALUE_CHARS: usize = 80;

/// Whether a file with it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// As the user named it, or as found from there.
    pub file: String,
    /// From 1; 0 when the whole file is meant.
    pub line: u32,
    pub column: u32,
    /// Such as `slos[0].objective`; empty for the file or its syntax.
    pub path: String,
    pub message: String,
    /// The offending value, shortened; never a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Characters of the line to underline.
    #[serde(skip)]
    width: u32,
    /// Byte offset into the file, where it is known.
    #[serde(skip)]
    start: u32,
}

impl Diagnostic {
    pub fn error(file: &str, mark: Mark, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, file, mark, message.into())
    }

    pub fn warning(file: &str, mark: Mark, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, file, mark, message.into())
    }

    fn new(severity: Severity, file: &str, mark: Mark, message: String) -> Self {
        Self {
            severity,
            file: file.to_owned(),
            line: mark.line,
            column: mark.column,
            path: String::new(),
            message,
            value: None,
            help: None,
            width: mark.end.saturating_sub(mark.start),
            start: mark.start,
        }
    }

    /// The same place with another message.
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds where in the structure it is.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds the offending value, shortened and on one line; an empty text adds nothing.
    pub fn value(mut self, value: impl AsRef<str>) -> Self {
        self.value = Some(shorten(value.as_ref())).filter(|value| !value.is_empty());
        self
    }

    /// Adds how to mend it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

fn shorten(value: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = value.trim().chars().take(MAX_VALUE_CHARS).map(printable).collect();
    if value.trim().chars().nth(MAX_VALUE_CHARS).is_some() {
        short.push('…');
    }
    short
}

/// A file's text, kept to show the line of a mistake.
#[derive(Clone)]
struct Source {
    file: String,
    text: Arc<str>,
    /// Byte ranges that must not be shown.
    secrets: Vec<(u32, u32)>,
    /// Whether it was searched for words.
    searched: bool,
}

/// All mistakes found so far.
#[derive(Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    more: usize,
    more_errors: usize,
    sources: Vec<Source>,
}

/// Texts of files may hold secrets, so only the mistakes are shown.
impl std::fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MAX_KEPT {
            self.list.push(diagnostic);
        } else {
            self.more += 1;
            self.more_errors += usize::from(diagnostic.severity == Severity::Error);
        }
    }

    /// Adds what was found in other files.
    pub fn append(&mut self, other: Self) {
        let Self { list, more, more_errors, sources } = other;
        list.into_iter().for_each(|diagnostic| self.push(diagnostic));
        self.more += more;
        self.more_errors += more_errors;
        self.sources.extend(sources);
    }

    /// Whether further mistakes are only counted, so that looking for help with them is not worth while.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_KEPT
    }

    /// All that were kept, in the order of files and lines as found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count() + self.more_errors
    }

    pub fn warnings(&self) -> usize {
        self.list.len() + self.more - self.errors()
    }

    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Puts the mistakes of each file in the order of their lines; files keep the order in which they were read.
    pub fn sort(&mut self) {
        let files: Vec<String> = self.list.iter().map(|d| d.file.clone()).collect();
        let rank = |file: &str| files.iter().position(|f| f == file);
        self.list.sort_by_cached_key(|d| (rank(&d.file), d.line, d.column));
    }

    /// Keeps a file's text for showing lines of it.
    pub fn add_source(&mut self, file: &str, text: &str) {
        self.sources.push(Source { file: file.to_owned(), text: text.into(), secrets: Vec::new(), searched: false });
    }

    /// The text of a file that was added, or nothing.
    pub fn source(&self, file: &str) -> Option<Arc<str>> {
        self.sources.iter().rfind(|source| source.file == file).map(|source| source.text.clone())
    }

    /// Marks a part of a file that must never be shown.
    pub fn hide(&mut self, file: &str, mark: Mark) {
        if let Some(source) = self.sources.iter_mut().rfind(|source| source.file == file) {
            source.secrets.push((mark.start, mark.end));
        }
    }

    /// Hides whatever may be a secret in a file that can't be decoded.
    pub fn hide_by_words(&mut self, file: &str) {
        if let Some(source) = self.sources.iter_mut().rfind(|source| source.file == file)
            && !std::mem::replace(&mut source.searched, true)
        {
            source.hide_by_words();
        }
    }
}

//! A value with its place: reports, lists and what is common to all getters.

use super::secrets::looks_secret;
use super::{Context, NeededFile};
use crate::config::diagnostics::{Diagnostic, sounds_secret};
use crate::config::yaml::{Kind, Mark, Node, Scalar, Style};
use std::path::PathBuf;

/// A node of a file while it is decoded.
#[derive(Clone)]
pub struct Value<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    path: String,
    /// The key it belongs to, or itself.
    key: Mark,
}

impl<'a> Value<'a> {
    pub(super) fn new(context: &'a Context<'a>, node: &'a Node, path: String, key: Mark) -> Self {
        Self { context, node, path, key }
    }

    pub fn context(&self) -> &'a Context<'a> {
        self.context
    }

    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Such as `slos[0].objective`.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn key_mark(&self) -> Mark {
        self.key
    }

    /// Where it begins.
    pub fn mark(&self) -> Mark {
        self.node.mark
    }

    /// The items of a list; null is an empty one.
    pub fn list(&self) -> Option<Vec<Value<'a>>> {
        match self.node.kind() {
            Kind::List(items) => {
                let item = |(i, node): (usize, &'a Node)| {
                    Value::new(self.context, node, format!("{}[{i}]", self.path), node.mark)
                };
                Some(items.iter().enumerate().map(item).collect())
            }
            _ if self.node.is_null() => Some(Vec::new()),
            _ => {
                self.expected("a list");
                None
            }
        }
    }

    /// Decodes each item of a list; items with mistakes are left out after all were read.
    pub fn list_of<T>(&self, item: impl FnMut(&Value<'a>) -> Option<T>) -> Vec<T> {
        self.list().unwrap_or_default().iter().filter_map(item).collect()
    }

    /// Reports an error at this value, which is shown, and how to mend it.
    pub fn error(&self, message: impl Into<String>, help: impl Into<String>) {
        self.context.push(self.diagnostic(Diagnostic::error(self.context.file(), self.place(), message)).help(help));
    }

    /// Reports a warning at this value.
    pub fn warn(&self, message: impl Into<String>, help: impl Into<String>) {
        self.context.push(self.diagnostic(Diagnostic::warning(self.context.file(), self.place(), message)).help(help));
    }

    /// Reports a warning about a key that is not there.
    pub fn warn_at_key(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let found = Diagnostic::warning(self.context.file(), Mark::default(), message);
        self.context.push(found.path(key).help(help));
    }

    /// Keeps it out of the lines of the file that messages quote.
    pub fn hide(&self) {
        self.context.hide(self.node.mark);
    }

    /// Reports an error without showing the value.
    pub fn error_hidden(&self, message: impl Into<String>, help: impl Into<String>) {
        self.hide();
        let found = Diagnostic::error(self.context.file(), self.place(), message);
        self.context.push(found.path(&self.path).help(help));
    }

    /// Reports an error inside this text, at a byte offset of what [`Value::text`] gave.
    pub fn error_at(&self, offset: usize, message: impl Into<String>, help: Option<String>) {
        let found = self.diagnostic(Diagnostic::error(self.context.file(), self.inner_place(offset), message));
        self.context.push(match help {
            Some(help) => found.help(help),
            None => found,
        });
    }

    /// As [`Value::error_at`], about a part of the text, which is shown instead of the whole.
    pub fn error_about(&self, part: &str, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        let found = Diagnostic::error(self.context.file(), self.part_place(part, offset), message);
        self.context.push(self.showing(found, part).help(help));
    }

    /// As [`Value::error_about`], as a warning.
    pub fn warn_about(&self, part: &str, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        let found = Diagnostic::warning(self.context.file(), self.part_place(part, offset), message);
        self.context.push(self.showing(found, part).help(help));
    }

    /// The place of a part of the text; as long as the part where that stands in the text as it is.
    fn part_place(&self, part: &str, offset: usize) -> Mark {
        let place = self.inner_place(offset);
        let verbatim = self.node.text().and_then(|text| text.get(offset..)).is_some_and(|rest| rest.starts_with(part));
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        if verbatim { Mark { end: place.start.saturating_add(length), ..place } } else { place }
    }

    pub(super) fn need(&self, path: PathBuf) {
        let report = self.diagnostic(Diagnostic::error(self.context.file(), self.place(), "the file can't be read"));
        self.context.needed.borrow_mut().push(NeededFile { path, report });
    }

    /// Reports that something of another kind stands here.
    pub(super) fn expected(&self, wanted: &str) {
        let found = self.node.kind_name();
        // What should have been decoded further may hold secrets that nobody marked.
        if wanted.contains("list") || wanted.contains("map") {
            if self.may_hold_secrets() {
                return self.error_hidden(format!("expected {wanted}, found {found}"), format!("give {wanted}"));
            }
            if self.node.text().is_none() {
                self.context.hide(self.node.mark);
            }
        }
        let quote = matches!(self.node.kind(), Kind::Map(_) | Kind::List(_)) && wanted.contains("text");
        let help = if quote && self.begins_with_bracket() {
            "put quotes round it: YAML takes a value that begins with { or [ for a map or a list".to_owned()
        } else {
            format!("give {wanted}")
        };
        self.error(format!("expected {wanted}, found {found}"), help);
    }

    /// Judged by the names of the key and of the one above it.
    fn may_hold_secrets(&self) -> bool {
        let mut keys = self.path.rsplit('.');
        let (key, above) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
        key.contains("_config") || key.starts_with("receivers") || sounds_secret(key) || sounds_secret(above)
    }

    fn begins_with_bracket(&self) -> bool {
        self.context.slice(self.node.mark).is_some_and(|text| text.starts_with(['{', '[']))
    }

    /// An empty value has no place of its own worth showing; its key has.
    fn place(&self) -> Mark {
        if self.node.is_null() { self.key } else { self.node.mark }
    }

    /// The place of an offset, as long as the text stands in the file just as it is.
    fn inner_place(&self, offset: usize) -> Mark {
        let mark = self.node.mark;
        let Some(text) = self.node.text() else { return mark };
        let Some(source) = self.context.slice(mark) else { return mark };
        if let Some(mark) = self.place_in_block(&source, text, offset) {
            return mark;
        }
        let quote = usize::from(source.starts_with(['"', '\'']));
        match (source.get(quote..quote + text.len()), text.get(..offset)) {
            (Some(inner), Some(before)) if inner == text && !text.contains('\n') => Mark {
                line: mark.line,
                column: mark.column + (quote + before.chars().count()) as u32,
                start: mark.start + (quote + offset) as u32,
                end: mark.end,
            },
            _ => mark,
        }
    }

    /// The place of an offset in a literal block, whose lines are those of the text with indentation.
    fn place_in_block(&self, source: &str, text: &str, offset: usize) -> Option<Mark> {
        let Kind::Scalar(Scalar { style: Style::Block, .. }) = self.node.kind() else { return None };
        let before = text.get(..offset)?;
        let wanted = before.matches('\n').count();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next()?;
        // The block's own text may begin with its header or with its first line.
        let header = usize::from(source.trim_start().starts_with(['|', '>']));
        let written = source.lines().nth(wanted + header)?;
        let indentation = written.trim_end().strip_suffix(line.trim_end())?;
        let column_of_line = if wanted + header == 0 { self.node.mark.column as usize } else { 1 };
        let column = column_of_line + indentation.chars().count() + text[line_start..offset].chars().count();
        Some(Mark::at(self.node.mark.line as usize + wanted + header, column))
    }

    /// The value as written, before variables are replaced.
    fn diagnostic(&self, found: Diagnostic) -> Diagnostic {
        match self.node.text() {
            Some(text) => self.showing(found, text),
            None => found.path(&self.path),
        }
    }

    /// With a part of the text, where that is no secret in the wrong place; in the file's lines it is hidden already.
    fn showing(&self, found: Diagnostic, part: &str) -> Diagnostic {
        let found = found.path(&self.path);
        if self.node.text().is_some_and(looks_secret) { found } else { found.value(part) }
    }
}

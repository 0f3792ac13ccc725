//! The name and the labels of a sample line.
//!
//! Lines of one family mostly repeat the line before them: the same name and the first labels, another last label. So
//! the lexer keeps where the parts of the last line stood, measures how far the next line is equal byte by byte, and
//! goes on from the last part that ended within that prefix. The result is the same as that of reading the line anew
//! (a property test holds it to that), at a fraction of the cost.

use super::cursor::{Cursor, Fault};
use super::text::{common_prefix, label_name_length, metric_name_length, quoted_length, unescape};
use crate::domain::labels::Labels;
use std::borrow::Cow;

/// Up to so many labels are compared with each other one by one; beyond that they are sorted, which is linear enough for
/// a line that fills a whole body.
const MANY: usize = 16;

const METRIC_NAME: &str = "a metric name";
const LABEL_NAME: &str = "a label name or }";
const CLOSING_QUOTE: &str = "a closing \" on the same line";
const NEW_LABEL_NAME: &str = "a label name that this series does not have yet";
const RESERVED: &str = "a label name other than __name__, which is the metric name's own";

/// A piece of the line, in bytes from the beginning of the series.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
struct LabelSpan {
    name: Span,
    value: Span,
    /// After the value's closing quote.
    end: usize,
}

/// Where the parts of the last series stand.
#[derive(Debug)]
pub(super) struct SeriesLexer {
    /// Whether tokens touch or stand apart by exactly what the format says (OpenMetrics), or blanks may separate them.
    exact: bool,
    /// Beginning of the series in the body.
    base: usize,
    name: Span,
    labels: Vec<LabelSpan>,
    /// End of the series, from its beginning.
    end: usize,
    /// The name stands before the braces, so that the next line may go on from here.
    resumable: bool,
}

impl SeriesLexer {
    pub fn new(exact: bool) -> Self {
        Self { exact, base: 0, name: Span::default(), labels: Vec::new(), end: 0, resumable: false }
    }

    /// Reads the series that begins at the cursor. True when braces ended it.
    #[inline]
    pub fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
        let resumed = self.resume(cursor);
        self.resumable = false;
        let mut more = true;
        if !resumed {
            self.base = cursor.at;
            self.labels.clear();
            self.name = self.bare_name(cursor)?;
        }
        if self.labels.is_empty() {
            let name_end = cursor.at;
            self.blanks(cursor);
            if !cursor.take(b'{') {
                cursor.at = name_end;
                return self.finish(cursor, false);
            }
        } else {
            more = self.separator(cursor)?;
        }
        while more {
            self.blanks(cursor);
            if cursor.take(b'}') {
                break;
            }
            self.element(cursor)?;
            more = self.separator(cursor)?;
        }
        self.finish(cursor, true)
    }

    /// The series read last.
    #[inline]
    pub fn text<'s>(&'s self, body: &'s str) -> SeriesText<'s> {
        SeriesText { raw: &body[self.base..self.base + self.end], name: self.name, labels: &self.labels }
    }

    /// Goes on from what this line has in common with the last one. False when the line must be read from its start.
    #[inline]
    fn resume(&mut self, cursor: &mut Cursor<'_>) -> bool {
        if !self.resumable {
            return false;
        }
        let last = &cursor.bytes()[self.base..self.base + self.end];
        let common = common_prefix(last, cursor.rest());
        if common <= self.name.end {
            return false;
        }
        while self.labels.last().is_some_and(|label| label.end > common) {
            self.labels.pop();
        }
        self.base = cursor.at;
        cursor.at += self.labels.last().map_or(self.name.end, |label| label.end);
        true
    }

    fn finish(&mut self, cursor: &Cursor<'_>, braces: bool) -> Result<bool, Fault> {
        if self.name.end == 0 {
            return Err(Fault { at: self.base, expected: "a metric name, before the braces or quoted inside them" });
        }
        if self.labels.len() > MANY {
            self.check_many(cursor.text)?;
        }
        self.end = cursor.at - self.base;
        // A name inside the braces ends before its closing quote, a bare one begins the series.
        self.resumable = self.name.start == 0;
        Ok(braces)
    }

    #[inline]
    fn blanks(&self, cursor: &mut Cursor<'_>) {
        if !self.exact {
            cursor.skip_blanks();
        }
    }

    /// The name before the braces; empty when the braces come first.
    fn bare_name(&self, cursor: &mut Cursor<'_>) -> Result<Span, Fault> {
        let length = metric_name_length(cursor.rest());
        if length == 0 && cursor.peek() != b'{' {
            return Err(cursor.fault(METRIC_NAME));
        }
        cursor.at += length;
        Ok(Span { start: 0, end: length })
    }

    /// One label, or the quoted metric name.
    #[inline]
    fn element(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let start = *cursor;
        let is_quoted = cursor.peek() == b'"';
        let name = if is_quoted { self.quoted(cursor)? } else { self.label_name(cursor)? };
        self.blanks(cursor);
        if is_quoted && matches!(cursor.peek(), b',' | b'}') {
            return self.set_name(start, name);
        }
        if !cursor.take(b'=') {
            return Err(cursor.fault("= and a label value"));
        }
        self.blanks(cursor);
        if cursor.peek() != b'"' {
            return Err(cursor.fault("a label value in double quotes"));
        }
        let value = self.quoted(cursor)?;
        self.check_name(start, name, is_quoted)?;
        self.labels.push(LabelSpan { name, value, end: cursor.at - self.base });
        Ok(())
    }

    /// After a label: true when another may follow, false when the braces are closed.
    #[inline]
    fn separator(&self, cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
        self.blanks(cursor);
        if cursor.take(b',') {
            Ok(true)
        } else if cursor.take(b'}') {
            Ok(false)
        } else {
            Err(cursor.fault("a comma or }"))
        }
    }

    #[inline]
    fn label_name(&self, cursor: &mut Cursor<'_>) -> Result<Span, Fault> {
        let length = label_name_length(cursor.rest());
        if length == 0 {
            return Err(cursor.fault(LABEL_NAME));
        }
        let start = cursor.at - self.base;
        cursor.at += length;
        Ok(Span { start, end: start + length })
    }

    /// The text between double quotes, escapes left as they are.
    #[inline]
    fn quoted(&self, cursor: &mut Cursor<'_>) -> Result<Span, Fault> {
        let length = quoted_length(&cursor.rest()[1..]).ok_or_else(|| cursor.fault(CLOSING_QUOTE))?;
        let start = cursor.at + 1 - self.base;
        cursor.at += length + 2;
        Ok(Span { start, end: start + length })
    }

    fn set_name(&mut self, start: Cursor<'_>, name: Span) -> Result<(), Fault> {
        if self.name.end > 0 {
            return Err(start.fault("a label name and its value; the series has a metric name already"));
        }
        if name.start == name.end {
            return Err(start.fault("a metric name that is not empty"));
        }
        self.name = name;
        Ok(())
    }

    #[inline]
    fn check_name(&self, start: Cursor<'_>, name: Span, is_quoted: bool) -> Result<(), Fault> {
        let text = |span: Span| &start.text[self.base + span.start..self.base + span.end];
        let new = text(name);
        if new.is_empty() {
            return Err(start.fault("a label name that is not empty"));
        }
        if new == "__name__" {
            return Err(start.fault(RESERVED));
        }
        if self.labels.len() >= MANY {
            return Ok(());
        }
        let repeats = if is_quoted && new.contains('\\') {
            self.labels.iter().any(|label| unescape(text(label.name)) == unescape(new))
        } else {
            self.labels.iter().any(|label| text(label.name) == new)
        };
        if repeats { Err(start.fault(NEW_LABEL_NAME)) } else { Ok(()) }
    }

    /// Finds repeated names among many labels, all at once.
    fn check_many(&self, body: &str) -> Result<(), Fault> {
        let name = |label: &LabelSpan| unescape(&body[self.base + label.name.start..self.base + label.name.end]);
        let mut sorted: Vec<&LabelSpan> = self.labels.iter().collect();
        sorted.sort_by_cached_key(|label| (name(label), label.end));
        match sorted.windows(2).find(|pair| name(pair[0]) == name(pair[1])) {
            Some(pair) => Err(Fault { at: self.base + pair[1].name.start, expected: NEW_LABEL_NAME }),
            None => Ok(()),
        }
    }
}

/// A series as it stands in the body.
#[derive(Clone, Copy, Debug)]
pub struct SeriesText<'s> {
    raw: &'s str,
    name: Span,
    labels: &'s [LabelSpan],
}

impl<'s> SeriesText<'s> {
    /// Name and labels as they are written, from the first byte to the last. The same text is the same series; one
    /// series may be written in more than one way.
    #[inline]
    pub fn raw(&self) -> &'s str {
        self.raw
    }

    /// The metric name as it is written, which is the name itself unless it has escapes.
    #[inline]
    pub fn raw_name(&self) -> &'s str {
        &self.raw[self.name.start..self.name.end]
    }

    pub fn name(&self) -> Cow<'s, str> {
        unescape(self.raw_name())
    }

    /// The labels as a set.
    pub fn label_set(&self) -> Labels {
        let mut labels: Vec<_> = self.labels().collect();
        // In order they are taken over in linear time.
        labels.sort_unstable();
        labels.into_iter().collect()
    }

    /// Names and values in the order of the line; empty values are among them.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (Cow<'s, str>, Cow<'s, str>)> {
        let raw = self.raw;
        let text = move |span: Span| unescape(&raw[span.start..span.end]);
        self.labels.iter().map(move |label| (text(label.name), text(label.value)))
    }
}

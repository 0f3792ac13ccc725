//! Walks a body line by line.
//!
//! The caller may say which series it expects next: a line that begins with exactly that text is not taken apart
//! again, for it was checked when it was seen first. Everything else about the line is checked every time.

use super::cursor::{Cursor, Fault, is_blank};
use super::error::SyntaxError;
use super::exemplar;
use super::format::Format;
use super::metadata::{self, FamilyKind, Metadata};
use super::number;
use super::series::{SeriesLexer, SeriesText};
use crate::domain::time::Timestamp;
use std::borrow::Cow;

/// What a body holds, one after the other.
#[derive(Debug)]
pub enum Entry<'s> {
    /// A `TYPE` line.
    Type { family: Cow<'s, str>, kind: FamilyKind },
    /// A sample line.
    Sample { series: SeriesText<'s>, point: Point },
    /// A sample line of the series that the caller expected.
    Expected(Point),
}

/// What a sample line says besides its series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub value: f64,
    /// The sample's own time, where the line has one.
    pub at: Option<Timestamp>,
    /// Line number, from 1.
    pub line: u64,
}

/// Reads one body, entry by entry.
#[derive(Debug)]
pub struct Scanner<'a> {
    body: &'a str,
    at: usize,
    /// Lines begun so far.
    line: u64,
    format: Format,
    series: SeriesLexer,
    ended: bool,
}

enum Line<'a> {
    Blank,
    Type(Cow<'a, str>, FamilyKind),
    Sample(Point),
    Expected(Point),
    End,
}

impl<'a> Scanner<'a> {
    /// Fails when the body is not UTF-8.
    pub fn new(body: &'a [u8], format: Format) -> Result<Self, SyntaxError> {
        let text = std::str::from_utf8(body).map_err(|error| SyntaxError::not_utf8(body, error.valid_up_to()))?;
        let series = SeriesLexer::new(format == Format::OpenMetrics);
        Ok(Self { body: text, at: 0, line: 0, format, series, ended: false })
    }

    /// The next type declaration or sample; `None` after the last one.
    ///
    /// `expected` is a series that an earlier line or body spelled exactly so ([`SeriesText::raw`]), or empty. When the
    /// next sample is of that series, [`Entry::Expected`] comes instead of [`Entry::Sample`].
    #[inline]
    pub fn next_entry(&mut self, expected: &str) -> Result<Option<Entry<'_>>, SyntaxError> {
        loop {
            if self.ended || self.at >= self.body.len() {
                return self.finish();
            }
            self.line += 1;
            match self.next_line(expected).map_err(|fault| self.error(fault))? {
                Line::Blank => {}
                Line::End => self.ended = true,
                Line::Type(family, kind) => return Ok(Some(Entry::Type { family, kind })),
                Line::Expected(point) => return Ok(Some(Entry::Expected(point))),
                Line::Sample(point) => {
                    return Ok(Some(Entry::Sample { series: self.series.text(self.body), point }));
                }
            }
        }
    }

    fn finish(&self) -> Result<Option<Entry<'_>>, SyntaxError> {
        match self.format {
            Format::OpenMetrics if !self.ended => Err(SyntaxError::NoEof { lines: self.line }),
            _ => Ok(None),
        }
    }

    fn error(&self, fault: Fault) -> SyntaxError {
        SyntaxError::malformed(self.body, self.line, fault)
    }

    #[inline]
    fn next_line(&mut self, expected: &str) -> Result<Line<'a>, Fault> {
        let mut cursor = Cursor { text: self.body, at: self.at };
        let line = match self.format {
            Format::Text => self.text_line(&mut cursor, expected)?,
            Format::OpenMetrics => self.open_metrics_line(&mut cursor, expected)?,
        };
        self.at = cursor.at;
        Ok(line)
    }

    #[inline]
    fn text_line(&mut self, cursor: &mut Cursor<'a>, expected: &str) -> Result<Line<'a>, Fault> {
        cursor.skip_blanks();
        let line = match cursor.peek() {
            b'#' => match metadata::text(cursor)? {
                Metadata::Type { family, kind } => Line::Type(family, kind),
                Metadata::Other | Metadata::End => Line::Blank,
            },
            b'\n' | b'\r' => Line::Blank,
            _ => {
                let known = self.series_or_expected(cursor, expected)?;
                let value = number::value(cursor)?;
                let at = text_timestamp(cursor)?;
                self.sample(known, value, at)
            }
        };
        end_text_line(cursor)?;
        Ok(line)
    }

    #[inline]
    fn open_metrics_line(&mut self, cursor: &mut Cursor<'a>, expected: &str) -> Result<Line<'a>, Fault> {
        let line = match cursor.peek() {
            b'#' => match metadata::open_metrics(cursor)? {
                Metadata::Type { family, kind } => Line::Type(family, kind),
                Metadata::Other => Line::Blank,
                Metadata::End => {
                    cursor.take(b'\n');
                    return if cursor.at == self.body.len() {
                        Ok(Line::End)
                    } else {
                        Err(cursor.fault("nothing after # EOF"))
                    };
                }
            },
            _ => {
                let known = self.series_or_expected(cursor, expected)?;
                let value = number::value(cursor)?;
                let at = open_metrics_tail(cursor)?;
                self.sample(known, value, at)
            }
        };
        cursor.end_line()?;
        Ok(line)
    }

    #[inline]
    fn sample(&self, known: bool, value: f64, at: Option<Timestamp>) -> Line<'a> {
        let point = Point { value, at, line: self.line };
        if known { Line::Expected(point) } else { Line::Sample(point) }
    }

    /// Steps over the series and what parts it from the value. True when it is the expected one.
    #[inline]
    fn series_or_expected(&mut self, cursor: &mut Cursor<'a>, expected: &str) -> Result<bool, Fault> {
        let is_expected = is_expected(cursor.rest(), expected);
        let braces = if is_expected {
            cursor.at += expected.len();
            expected.ends_with('}')
        } else {
            self.series.read(cursor)?
        };
        if self.format == Format::OpenMetrics {
            return if cursor.take(b' ') { Ok(is_expected) } else { Err(cursor.fault("one space and a value")) };
        }
        // Without braces nothing else shows where the name ends: `requests.5 3` is no sample of `requests`.
        if !braces && !is_blank(cursor.peek()) {
            return Err(cursor.fault("a blank and a value, or labels"));
        }
        cursor.skip_blanks();
        Ok(is_expected)
    }
}

/// Whether the line's series is exactly the expected text, and ends where it ends.
#[inline]
fn is_expected(line: &[u8], expected: &str) -> bool {
    if expected.is_empty() || !line.starts_with(expected.as_bytes()) {
        return false;
    }
    let rest = &line[expected.len()..];
    expected.ends_with('}') || {
        let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
        blanks > 0 && rest.get(blanks) != Some(&b'{')
    }
}

#[inline]
fn text_timestamp(cursor: &mut Cursor<'_>) -> Result<Option<Timestamp>, Fault> {
    cursor.skip_blanks();
    if matches!(cursor.peek(), b'\n' | b'\r') {
        return Ok(None);
    }
    let at = number::millis(cursor)?;
    cursor.skip_blanks();
    Ok(Some(at))
}

/// A line break, with or without a carriage return before it, or the end of the body.
#[inline]
fn end_text_line(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let before = *cursor;
    cursor.take(b'\r');
    cursor.end_line().map_err(|_| before.fault("the end of the line"))
}

/// A timestamp, an exemplar, both or neither.
#[inline]
fn open_metrics_tail(cursor: &mut Cursor<'_>) -> Result<Option<Timestamp>, Fault> {
    if !cursor.take(b' ') {
        return Ok(None);
    }
    let mut at = None;
    if cursor.peek() != b'#' {
        at = Some(number::seconds(cursor)?);
        if !cursor.take(b' ') {
            return Ok(at);
        }
    }
    exemplar::skip(cursor)?;
    Ok(at)
}

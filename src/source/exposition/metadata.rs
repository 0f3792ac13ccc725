//! Lines that begin with `#`: types, help texts, units, comments and OpenMetrics' end mark.
//!
//! Only types and the end mark say something to the reader; the rest is checked and left aside. The text format takes
//! any line that is neither `HELP` nor `TYPE` as a comment, OpenMetrics has no comments. No order is asked for, and a
//! family may be declared twice, as in Prometheus's server.

use super::cursor::{Cursor, Fault, is_blank};
use super::text::{metric_name_length, quoted_length, unescape};
use std::borrow::Cow;

/// What a `TYPE` line declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FamilyKind {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    Info,
    StateSet,
    /// `untyped` in the text format.
    Unknown,
}

/// One line that begins with `#`.
pub(super) enum Metadata<'a> {
    Type {
        family: Cow<'a, str>,
        kind: FamilyKind,
    },
    /// Nothing that the reader needs.
    Other,
    /// `# EOF`.
    End,
}

const METRIC_NAME: &str = "a metric name";
const TEXT_KIND: &str = "a type: counter, gauge, histogram, summary or untyped";
const OPEN_KIND: &str = "a type: counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown";

impl FamilyKind {
    fn in_text(name: &str) -> Option<Self> {
        match name {
            "counter" => Some(Self::Counter),
            "gauge" => Some(Self::Gauge),
            "histogram" => Some(Self::Histogram),
            "summary" => Some(Self::Summary),
            "untyped" => Some(Self::Unknown),
            _ => None,
        }
    }

    fn in_open_metrics(name: &str) -> Option<Self> {
        match name {
            "gaugehistogram" => Some(Self::GaugeHistogram),
            "info" => Some(Self::Info),
            "stateset" => Some(Self::StateSet),
            "unknown" => Some(Self::Unknown),
            "untyped" => None,
            _ => Self::in_text(name),
        }
    }
}

/// Reads a line of the text format from its `#` to its end; the line break is left.
pub(super) fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Metadata<'a>, Fault> {
    let end = cursor.line_end();
    let mut line = Cursor { text: cursor.text[..end].trim_end_matches('\r'), at: cursor.at + 1 };
    cursor.at = end;
    let keyword = if is_blank(line.peek()) { text_keyword(&mut line) } else { "" };
    if !matches!(keyword, "HELP" | "TYPE") || !is_blank(line.peek()) {
        return Ok(Metadata::Other);
    }
    line.skip_blanks();
    let family = family(&mut line)?;
    if line.at < line.text.len() && !is_blank(line.peek()) {
        return Err(line.fault("a blank after the metric name"));
    }
    line.skip_blanks();
    if keyword == "HELP" {
        return Ok(Metadata::Other);
    }
    let kind = FamilyKind::in_text(line.text[line.at..].trim_end_matches([' ', '\t']));
    Ok(Metadata::Type { family, kind: kind.ok_or_else(|| line.fault(TEXT_KIND))? })
}

fn text_keyword<'a>(line: &mut Cursor<'a>) -> &'a str {
    line.skip_blanks();
    let start = line.at;
    while line.at < line.text.len() && !is_blank(line.peek()) {
        line.at += 1;
    }
    &line.text[start..line.at]
}

/// Reads a line of OpenMetrics from its `#` to its end; the line break is left.
pub(super) fn open_metrics<'a>(cursor: &mut Cursor<'a>) -> Result<Metadata<'a>, Fault> {
    let end = cursor.line_end();
    let mut line = Cursor { text: &cursor.text[..end], at: cursor.at };
    let start = line;
    cursor.at = end;
    let rest = &line.text[line.at..];
    if rest == "# EOF" {
        return Ok(Metadata::End);
    }
    let keyword = ["# TYPE ", "# HELP ", "# UNIT "].into_iter().find(|keyword| rest.starts_with(keyword));
    let keyword = keyword.ok_or_else(|| start.fault("# TYPE, # HELP, # UNIT or # EOF; OpenMetrics has no comments"))?;
    line.at += keyword.len();
    let family = family(&mut line)?;
    if !line.take(b' ') {
        return Err(line.fault("one space after the metric name"));
    }
    let text = &line.text[line.at..];
    match keyword {
        "# TYPE " => {
            let kind = FamilyKind::in_open_metrics(text).ok_or_else(|| line.fault(OPEN_KIND))?;
            Ok(Metadata::Type { family, kind })
        }
        "# UNIT " if !is_unit_of(text, &family) => Err(line.fault("the unit with which the metric name ends")),
        _ => Ok(Metadata::Other),
    }
}

fn is_unit_of(unit: &str, family: &str) -> bool {
    unit.is_empty() || family.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'))
}

/// A metric name, in quotes or without.
fn family<'a>(line: &mut Cursor<'a>) -> Result<Cow<'a, str>, Fault> {
    let start = line.at;
    if line.peek() == b'"' {
        let length = quoted_length(&line.rest()[1..]).filter(|length| *length > 0);
        let length = length.ok_or_else(|| line.fault("a metric name in double quotes"))?;
        line.at += length + 2;
        return Ok(unescape(&line.text[start + 1..line.at - 1]));
    }
    match metric_name_length(line.rest()) {
        0 => Err(line.fault(METRIC_NAME)),
        length => {
            line.at += length;
            Ok(Cow::Borrowed(&line.text[start..line.at]))
        }
    }
}

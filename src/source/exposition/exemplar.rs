//! Exemplars of OpenMetrics: checked for their form, then left aside.

use super::cursor::{Cursor, Fault};
use super::number;
use super::text::{label_name_length, quoted_length};

/// Reads `# {labels} value [timestamp]` up to the end of the line, without the blank before it.
pub(super) fn skip(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    for byte in *b"# {" {
        if !cursor.take(byte) {
            return Err(cursor.fault("an exemplar like # {trace_id=\"…\"} 1"));
        }
    }
    labels(cursor)?;
    if !cursor.take(b' ') {
        return Err(cursor.fault("one space and the exemplar's value"));
    }
    number::value(cursor)?;
    if cursor.take(b' ') {
        number::seconds(cursor)?;
    }
    Ok(())
}

fn labels(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    while !cursor.take(b'}') {
        name(cursor)?;
        if !cursor.take(b'=') {
            return Err(cursor.fault("= and a label value"));
        }
        quoted(cursor)?;
        if !cursor.take(b',') && cursor.peek() != b'}' {
            return Err(cursor.fault("a comma or }"));
        }
    }
    Ok(())
}

fn name(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    if cursor.peek() == b'"' {
        return quoted(cursor);
    }
    match label_name_length(cursor.rest()) {
        0 => Err(cursor.fault("a label name or }")),
        length => {
            cursor.at += length;
            Ok(())
        }
    }
}

fn quoted(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let start = *cursor;
    if !cursor.take(b'"') {
        return Err(start.fault("a label value in double quotes"));
    }
    let length = quoted_length(cursor.rest()).ok_or_else(|| start.fault("a closing \" on the same line"))?;
    cursor.at += length + 1;
    Ok(())
}

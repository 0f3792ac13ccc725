//! Values and timestamps, as Go's `ParseFloat` and `ParseInt` take them inside Prometheus.
//!
//! Decimal numbers, `NaN`, and `Inf` or `Infinity` with a sign, in any case of letters. No hexadecimal, no `_`. A number
//! too large for 64 bits is refused rather than read as infinite; one too small is 0.

use super::cursor::{Cursor, Fault};
use crate::domain::time::Timestamp;

const VALUE: &str = "a number as value";
const SECONDS: &str = "a timestamp in seconds";
const MILLIS: &str = "a timestamp in whole milliseconds";
const IN_RANGE: &str = "a number within the range of 64-bit floating point";

/// Every whole number of so many digits is exact as a float.
const EXACT_DIGITS: usize = 15;

/// Reads a value; the caller checks what follows it.
#[inline]
pub(super) fn value(cursor: &mut Cursor<'_>) -> Result<f64, Fault> {
    float(cursor, VALUE)
}

/// Reads OpenMetrics seconds.
pub(super) fn seconds(cursor: &mut Cursor<'_>) -> Result<Timestamp, Fault> {
    let start = *cursor;
    let seconds = float(cursor, SECONDS)?;
    if (seconds * 1000.0).abs() < i64::MAX as f64 {
        Ok(Timestamp::from_secs_f64(seconds))
    } else {
        Err(start.fault(SECONDS))
    }
}

/// Reads the milliseconds of the text format.
pub(super) fn millis(cursor: &mut Cursor<'_>) -> Result<Timestamp, Fault> {
    let start = *cursor;
    cursor.at += token_length(cursor.rest());
    let token = &cursor.text[start.at..cursor.at];
    token.parse().map(Timestamp).map_err(|_| start.fault(MILLIS))
}

#[inline]
fn float(cursor: &mut Cursor<'_>, expected: &'static str) -> Result<f64, Fault> {
    let rest = cursor.rest();
    if let Some((number, length)) = short_whole_number(rest) {
        cursor.at += length;
        return Ok(number);
    }
    long_float(cursor, rest, expected)
}

/// A run of few digits that ends the token, which most counters are.
#[inline]
fn short_whole_number(bytes: &[u8]) -> Option<(f64, usize)> {
    let mut number = 0u64;
    for (length, byte) in bytes.iter().take(EXACT_DIGITS + 1).enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b' ' | b'\t' | b'\r' | b'\n' if length > 0 => return Some((number as f64, length)),
            _ => return None,
        }
    }
    None
}

fn long_float(cursor: &mut Cursor<'_>, rest: &[u8], expected: &'static str) -> Result<f64, Fault> {
    let token = &rest[..token_length(rest)];
    let unsigned = token.strip_prefix(b"+").or(token.strip_prefix(b"-")).unwrap_or(token);
    let number = if unsigned.first().is_some_and(u8::is_ascii_alphabetic) {
        special(token, unsigned).ok_or_else(|| cursor.fault(expected))?
    } else {
        let number: f64 = fast_float2::parse(token).map_err(|_| cursor.fault(expected))?;
        if number.is_infinite() {
            return Err(cursor.fault(IN_RANGE));
        }
        number
    };
    cursor.at += token.len();
    Ok(number)
}

fn special(token: &[u8], unsigned: &[u8]) -> Option<f64> {
    let is = |name: &str| unsigned.eq_ignore_ascii_case(name.as_bytes());
    match token[0] {
        b'-' if is("inf") || is("infinity") => Some(f64::NEG_INFINITY),
        _ if is("inf") || is("infinity") => Some(f64::INFINITY),
        b'+' | b'-' => None,
        _ if is("nan") => Some(f64::NAN),
        _ => None,
    }
}

fn token_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(bytes.len())
}

//! Why a body is refused, for people: the line, what was expected, what stood there.
//!
//! The quoted line is bounded and free of control characters, because it goes to logs, to the API and to the page.

use super::cursor::Fault;

/// Longest quoted piece of a line, in characters.
const QUOTE_LIMIT: usize = 120;
/// Longest quoted piece from the place of the mistake on, in characters.
const GOT_LIMIT: usize = 24;

/// Why a body can't be read. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    #[error("line {line}, column {column}: expected {expected}, got {got} in `{quote}`")]
    Malformed { line: u64, column: usize, expected: &'static str, got: String, quote: String },
    #[error("line {line}: byte {byte:#04x} is not UTF-8 after `{quote}`")]
    NotUtf8 { line: u64, byte: u8, quote: String },
    #[error(
        "the body ends after line {lines} without \"# EOF\", which OpenMetrics requires: it may have been cut short"
    )]
    NoEof { lines: u64 },
}

impl SyntaxError {
    pub(super) fn malformed(body: &str, line: u64, fault: Fault) -> Self {
        let at = fault.at.min(body.len());
        let start = body[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = body[at..].find('\n').map_or(body.len(), |length| at + length);
        let got = match &body[at..end] {
            "" if end == body.len() => "the end of the body".to_owned(),
            "" => "the end of the line".to_owned(),
            rest => format!("`{}`", quoted(rest, GOT_LIMIT)),
        };
        let column = body[start..at].chars().count() + 1;
        let quote = quoted(&body[start..end], QUOTE_LIMIT);
        Self::Malformed { line, column, expected: fault.expected, got, quote }
    }

    pub(super) fn not_utf8(body: &[u8], valid_up_to: usize) -> Self {
        let (valid, rest) = body.split_at(valid_up_to);
        let line = memchr::memchr_iter(b'\n', valid).count() as u64 + 1;
        let start = memchr::memrchr(b'\n', valid).map_or(0, |newline| newline + 1);
        let quote = quoted(&String::from_utf8_lossy(&valid[start..]), QUOTE_LIMIT);
        Self::NotUtf8 { line, byte: rest.first().copied().unwrap_or_default(), quote }
    }
}

/// The first characters of a text, what does not print escaped.
fn quoted(text: &str, limit: usize) -> String {
    let mut quote = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            quote.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => quote.push(c),
            _ => quote.extend(c.escape_debug()),
        }
    }
    quote
}

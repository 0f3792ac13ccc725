//! The Prometheus text format 0.0.4 and OpenMetrics 1.0, read exactly, strictly and without copying.
//!
//! Strict means: one line that does not follow the format refuses the whole body, whether or not anyone needs that
//! line, because a body with a broken line was cut, mixed or mangled, and a counter read from it may be false.
//! Prometheus's server and `promtool` differ in places; `docs/decisions/0002-own-exposition-reader.md` lists those and
//! says which of them this reader follows.
//!
//! [`Scanner`] yields a body entry by entry and borrows everything from it; text is copied only where it has escapes.
//! [`read`] is the same as a visitor. Both accept families in any order, split, or without a type, as Prometheus does,
//! so that recorded samples (`replay`) can be grouped by series or by time.

mod cursor;
mod error;
mod exemplar;
mod format;
mod metadata;
mod number;
mod scanner;
mod series;
mod text;

pub use error::SyntaxError;
pub use format::{Format, UnreadableType};
pub use metadata::FamilyKind;
pub use scanner::{Entry, Point, Scanner};
pub use series::SeriesText;

/// Calls `visit` with each type declaration and each sample of a body, in order, until it fails.
///
/// The lines before a malformed one have been visited when its error is returned.
pub fn read<E: From<SyntaxError>>(
    body: &[u8],
    format: Format,
    mut visit: impl FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut scanner = Scanner::new(body, format)?;
    while let Some(entry) = scanner.next_entry("")? {
        visit(entry)?;
    }
    Ok(())
}

/// Takes apart the text of one series, as [`SeriesText::raw`] gave it; `None` when it is no series.
pub fn parse_series<T>(raw: &str, take: impl FnOnce(SeriesText<'_>) -> T) -> Option<T> {
    let mut lexer = series::SeriesLexer::new(false);
    let mut cursor = cursor::Cursor { text: raw, at: 0 };
    lexer.read(&mut cursor).ok()?;
    (cursor.at == raw.len()).then(|| take(lexer.text(raw)))
}

//! An SLO as it was written, for its page.

use crate::config::decode::Value;

/// Longest definition that is kept, in bytes.
const LONGEST: usize = 16 << 10;

/// The part of the file that defines an SLO, without the indentation of the list; variables stay as they are.
pub(super) fn definition(value: &Value<'_>, source: &str) -> String {
    let mark = value.mark();
    let text = source.get(mark.start as usize..mark.end as usize).unwrap_or_default();
    let indentation = mark.column.saturating_sub(1) as usize;
    let dedent = |line: &str| {
        let spaces = line.bytes().take(indentation).take_while(|b| *b == b' ').count();
        line[spaces..].trim_end().to_owned()
    };
    let whole = text.lines().map(dedent).collect::<Vec<_>>().join("\n");
    match whole.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST) {
        Some(end) => format!("{}\n…", &whole[..end]),
        None => whole,
    }
}

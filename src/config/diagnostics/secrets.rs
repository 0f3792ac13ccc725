//! Lines of a file as they may be shown: without the secrets in them.

use super::Source;

/// What stands in a secret's place.
const HIDDEN: &str = "<hidden>";

/// Bytes of a line that are looked at on each side of a place, so that a file on one line costs no more than others.
const REACH: usize = 400;

/// Part of a line, ready to be shown.
pub(super) struct SafeLine {
    pub text: String,
    /// Characters before the place that was asked for.
    pub column: usize,
}

/// Where lines begin, and what must not be shown, for many look-ups.
pub(super) struct Index<'a> {
    text: &'a str,
    lines: Vec<usize>,
    /// Sorted and disjoint byte ranges.
    secrets: Vec<(usize, usize)>,
}

/// Parts of key names whose values may be secret.
const SECRET_WORDS: [&str; 10] =
    ["pass", "secret", "token", "credential", "auth", "url", "key", "values", "headers", "cert"];

impl Source {
    /// Hides what follows keys that sound like secrets, with the lines below that are indented deeper: a text with a
    /// syntax error can't be decoded, so its secrets are not known.
    pub(super) fn hide_by_words(&mut self) {
        let (mut position, mut hidden_below) = (0, None);
        for line in self.text.clone().split_inclusive('\n') {
            let content = line.trim_end();
            let indent = content.len() - content.trim_start_matches([' ', '\t']).len();
            let item = content[indent..].starts_with('-');
            let below = |key_indent| indent > key_indent || (item && indent == key_indent) || content.is_empty();
            let hidden = if hidden_below.is_some_and(below) {
                Some(indent)
            } else {
                let start = secret_start(content);
                hidden_below = start.map(|_| indent);
                start
            };
            if let Some(from) = hidden.filter(|from| *from < content.len()) {
                self.secrets.push(((position + from) as u32, (position + content.len()) as u32));
            }
            position += line.len();
        }
    }

    pub(super) fn index(&self) -> Index<'_> {
        let starts = self.text.match_indices('\n').map(|(at, _)| at + 1);
        let mut ranges: Vec<_> = self.secrets.iter().map(|(from, to)| (*from as usize, *to as usize)).collect();
        ranges.sort_unstable();
        let mut secrets: Vec<(usize, usize)> = Vec::new();
        for (from, to) in ranges {
            match secrets.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                _ => secrets.push((from, to)),
            }
        }
        Index { text: &self.text, lines: std::iter::once(0).chain(starts).collect(), secrets }
    }
}

impl Index<'_> {
    /// The part of line `line` (from 1) around a place without its secrets. The place is a byte offset into the file
    /// when one is known, else a column (from 1).
    pub(super) fn safe_line(&self, line: u32, column: u32, offset: Option<usize>) -> Option<SafeLine> {
        let number = usize::try_from(line.checked_sub(1)?).ok()?;
        let start = *self.lines.get(number)?;
        let content = self.text.get(start..)?.split('\n').next()?.trim_end_matches('\r');
        let end = start + content.len();
        let by_column =
            || content.char_indices().nth(column.saturating_sub(1) as usize).map_or(end, |(i, _)| start + i);
        let place = offset.filter(|at| (start..=end).contains(at)).unwrap_or_else(by_column);
        let from = self.text.ceil_char_boundary(place.saturating_sub(REACH).max(start));
        let to = self.text.floor_char_boundary((place + REACH).min(end));
        let before = self.masked(from, place);
        let (_, column) = (self.text.get(from..place)?, before.chars().count());
        // Inside a secret the place is where the secret's stand-in begins.
        let inside = self.secrets.iter().any(|(a, b)| *a < place && place < *b);
        let column = if inside { column.saturating_sub(HIDDEN.chars().count()) } else { column };
        Some(SafeLine { text: self.masked(from, to), column })
    }

    /// The text of a range with each secret replaced.
    fn masked(&self, from: usize, to: usize) -> String {
        let mut shown = String::new();
        let mut position = from;
        let first = self.secrets.partition_point(|(_, end)| *end <= from);
        for (start, end) in self.secrets[first..].iter().take_while(|(start, _)| *start < to) {
            shown.push_str(self.text.get(position..*start).unwrap_or_default());
            shown.push_str(HIDDEN);
            position = *end;
        }
        shown.push_str(self.text.get(position..to).unwrap_or_default());
        shown
    }
}

/// Whether the value of a key of this name may be a secret.
pub fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|part| key.contains(part))
}

/// Where the value of the first key begins that sounds like a secret.
fn secret_start(line: &str) -> Option<usize> {
    let colons = line.match_indices(':').map(|(at, _)| at);
    let sounds_secret = |at: &usize| {
        let before = line[..*at].trim_end_matches(['"', '\'', ' ']);
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default();
        sounds_secret(word)
    };
    let after = colons.into_iter().find(sounds_secret)? + 1;
    Some(after + line[after..].len() - line[after..].trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { file: String::new(), text: text.into(), secrets: Vec::new(), searched: false }
    }

    #[test]
    fn columns_follow_what_is_shown() {
        let mut source = source("a: xyz, b: é, c: 1\n");
        source.secrets = vec![(3, 6), (11, 13)];
        for (column, wanted) in [(1, 0), (4, 3), (5, 3), (7, 11), (9, 13), (12, 16), (13, 24), (15, 26), (99, 30)] {
            let line = source.index().safe_line(1, column, None).unwrap();
            assert_eq!(line.text, "a: <hidden>, b: <hidden>, c: 1");
            assert_eq!(line.column, wanted, "{column}");
        }
        assert!(source.index().safe_line(0, 1, None).is_none());
        assert!(source.index().safe_line(9, 1, None).is_none());
    }

    #[test]
    fn a_file_on_one_line_is_cut_around_the_place() {
        let mut source = source(&format!("{}!{}", "é".repeat(10_000), "x".repeat(10_000)));
        source.secrets = vec![(0, 20_000)];
        let line = source.index().safe_line(1, 10_001, Some(20_000)).unwrap();
        assert_eq!((line.column, line.text.len()), ("<hidden>".len(), "<hidden>".len() + REACH));
        assert!(line.text.starts_with("<hidden>!x"));
    }

    #[test]
    fn keys_that_sound_like_secrets_hide_what_follows() {
        let text = "a: 1\npassword: hunter2\nb: {api_url: 'https://x', c: d}\nsecrets:\n- s1\n\n- s2\nkey: |\n  PEM\n  PEM\nc: 2\n";
        let mut source = source(text);
        source.hide_by_words();
        let index = source.index();
        let shown: Vec<String> = (1..=11).map(|line| index.safe_line(line, 1, None).unwrap().text).collect();
        let wanted = [
            "a: 1",
            "password: <hidden>",
            "b: {api_url: <hidden>",
            "secrets:",
            "<hidden>",
            "",
            "<hidden>",
            "key: <hidden>",
            "  <hidden>",
            "  <hidden>",
            "c: 2",
        ];
        assert_eq!(shown, wanted);
    }
}

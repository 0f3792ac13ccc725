//! Lines of a file as they may be shown: without the secrets in them.

use super::Source;

/// What stands in a secret's place.
const HIDDEN: &str = "<hidden>";

/// A line ready to be shown, and where one of its characters went.
pub(super) struct SafeLine {
    pub text: String,
    /// Characters from the start of the line to the place that was asked for.
    pub column: usize,
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

    /// Line `line` (from 1) without its secrets; `column` (from 1) is followed to its new place.
    pub(super) fn safe_line(&self, line: u32, column: u32) -> Option<SafeLine> {
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        let content = self.text.split('\n').nth(index)?;
        let start = content.as_ptr() as usize - self.text.as_ptr() as usize;
        let content = content.trim_end_matches('\r');
        let at = content.char_indices().nth(column.saturating_sub(1) as usize).map_or(content.len(), |(i, _)| i);
        let (mut text, mut place) = (String::new(), None);
        let mut position = 0;
        for (from, to) in self.secrets_in(start, content.len()) {
            if place.is_none() && at < from.max(position) {
                place = Some(text.chars().count() + content.get(position..at).unwrap_or_default().chars().count());
            }
            text.push_str(content.get(position..from).unwrap_or_default());
            if place.is_none() && at < to {
                place = Some(text.chars().count());
            }
            if from >= position || position == 0 {
                text.push_str(HIDDEN);
            }
            position = to.max(position);
        }
        let place = place
            .unwrap_or_else(|| text.chars().count() + content.get(position..at).unwrap_or_default().chars().count());
        text.push_str(content.get(position..).unwrap_or_default());
        Some(SafeLine { text, column: place })
    }

    /// The hidden byte ranges within a line, sorted, relative to its start.
    fn secrets_in(&self, start: usize, length: usize) -> Vec<(usize, usize)> {
        let clip = |(from, to): &(u32, u32)| {
            let (from, to) = ((*from as usize).max(start), (*to as usize).min(start + length));
            (from < to).then(|| (from - start, to - start))
        };
        let mut found: Vec<_> = self.secrets.iter().filter_map(clip).collect();
        found.sort_unstable();
        found
    }
}

/// Where the value of the first key begins that sounds like a secret.
fn secret_start(line: &str) -> Option<usize> {
    let colons = line.match_indices(':').map(|(at, _)| at);
    let sounds_secret = |at: &usize| {
        let before = line[..*at].trim_end_matches(['"', '\'', ' ']);
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next().unwrap_or_default();
        SECRET_WORDS.iter().any(|part| word.to_lowercase().contains(part))
    };
    let after = colons.into_iter().find(sounds_secret)? + 1;
    Some(after + line[after..].len() - line[after..].trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { file: String::new(), text: text.into(), secrets: Vec::new() }
    }

    #[test]
    fn columns_follow_what_is_shown() {
        let mut source = source("a: xyz, b: é, c: 1\n");
        source.secrets = vec![(3, 6), (11, 13)];
        for (column, wanted) in [(1, 0), (4, 3), (5, 3), (7, 11), (9, 13), (12, 16), (13, 24), (15, 26), (99, 30)] {
            let line = source.safe_line(1, column).unwrap();
            assert_eq!(line.text, "a: <hidden>, b: <hidden>, c: 1");
            assert_eq!(line.column, wanted, "{column}");
        }
        assert!(source.safe_line(0, 1).is_none());
        assert!(source.safe_line(9, 1).is_none());
    }

    #[test]
    fn keys_that_sound_like_secrets_hide_what_follows() {
        let text = "a: 1\npassword: hunter2\nb: {api_url: 'https://x', c: d}\nsecrets:\n- s1\n\n- s2\nkey: |\n  PEM\n  PEM\nc: 2\n";
        let mut source = source(text);
        source.hide_by_words();
        let shown: Vec<String> = (1..=11).map(|line| source.safe_line(line, 1).unwrap().text).collect();
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

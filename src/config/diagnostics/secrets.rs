//! Lines of a file as they may be shown: without the secrets in them.

use super::Source;

/// What stands in a secret's place.
const HIDDEN: &str = "<secret>";

/// A line ready to be shown, and where one of its characters went.
pub(super) struct SafeLine {
    pub text: String,
    /// Characters from the start of the line to the place that was asked for.
    pub column: usize,
}

impl Source {
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

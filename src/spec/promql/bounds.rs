//! What a query must not exceed before the parser sees it: the parser descends once for each part, and panics at a
//! number of seconds that no duration holds.

use super::refusal::Refusal;

/// Longest query, in bytes.
const LONGEST: usize = 16 << 10;

/// Most tokens outside braces and strings: each may be one level of the parser's tree.
const MOST_TOKENS: usize = 600;

/// The seconds of a range, step or offset stay below this: three centuries.
const MOST_SECONDS: f64 = 1e10;

/// Refuses a query that is out of bounds.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    if text.len() > LONGEST {
        return Err(too_large(text, format!("the query is longer than {} KiB", LONGEST >> 10)));
    }
    let bare = bare(text);
    if tokens(&bare) > MOST_TOKENS {
        return Err(too_large(text, format!("the query has more than {MOST_TOKENS} parts")));
    }
    match endless(&bare) {
        Some((at, number)) => Err(Refusal {
            offset: Some(at),
            ..Refusal::new(number, "no duration is that long", "write a duration like 5m or 1h")
        }),
        None => Ok(()),
    }
}

fn too_large(text: &str, why: String) -> Refusal {
    Refusal { offset: Some(0), ..Refusal::new(shortened(text), why, "split it, or count fewer metrics in one SLO") }
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> String {
    let short: String = text.trim().chars().take(80).collect();
    if short.len() < text.trim().len() { format!("{short}…") } else { short }
}

/// The text with blanks instead of strings, comments and what stands in braces, each character in its place.
fn bare(text: &str) -> String {
    let (mut in_braces, mut in_comment, mut escaped) = (false, false, false);
    let mut quote = None;
    let mut bare = String::with_capacity(text.len());
    for c in text.chars() {
        let shown = match (c, quote) {
            _ if in_comment => {
                in_comment = c != '\n';
                false
            }
            (c, Some(open)) => {
                if c == open && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped && open != '`';
                false
            }
            ('"' | '\'' | '`', None) => {
                quote = Some(c);
                false
            }
            ('#', None) => {
                in_comment = true;
                false
            }
            ('{' | '}', None) => {
                in_braces = c == '{';
                false
            }
            (_, None) => !in_braces,
        };
        if shown {
            bare.push(c);
        } else {
            bare.extend(std::iter::repeat_n(' ', c.len_utf8()));
        }
    }
    bare
}

/// Words, numbers and signs.
fn tokens(bare: &str) -> usize {
    let (mut count, mut in_word) = (0, false);
    for c in bare.chars() {
        let is_word = c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        let goes_on = is_word && in_word;
        count += usize::from(!goes_on && !c.is_whitespace());
        in_word = is_word;
    }
    count
}

/// The first number that stands for a duration and is none, and its place. Durations with units are the parser's.
fn endless(bare: &str) -> Option<(usize, &str)> {
    const OFFSET: &str = "offset";
    let mut in_range = false;
    for (at, c) in bare.char_indices() {
        in_range = (in_range || c == '[') && c != ']';
        let rest = &bare[at..];
        let is_offset = rest.get(..OFFSET.len()).is_some_and(|word| word.eq_ignore_ascii_case(OFFSET));
        let before = match c {
            '[' => 1,
            ':' if in_range => 1,
            _ if is_offset => OFFSET.len(),
            _ => continue,
        };
        let number = number(&rest[before..]);
        // Neither a number nor infinity is below the bound.
        let fits = number.parse::<f64>().map_or(true, |seconds| seconds < MOST_SECONDS);
        if !fits {
            return Some((bare.len() - rest.len() + rest.find(number)?, number));
        }
    }
    None
}

/// The number at the beginning of a text, without its sign; empty where there is none.
fn number(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '+' | '-'));
    let mut last = ' ';
    let end = text.find(|c: char| {
        let continues = c.is_ascii_alphanumeric() || c == '.' || (matches!(c, '+' | '-') && matches!(last, 'e' | 'E'));
        last = c;
        !continues
    });
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_selectors_are_free() {
        assert_eq!(tokens(&bare("sum(x{a=\"(\\\"((\",b=~'(5..|4..)'}[5m]) + 1 # (((\n")), 9);
    }

    #[test]
    fn what_is_blanked_keeps_its_length() {
        for (text, expected) in
            [("x{é='a'}[5m]", "x········[5m]"), ("a # b\nc", "a·····c"), ("f(\"\\\"1\", `\\`, 2)", "f(·····,····,·2)")]
        {
            let expected = expected.replace('·', " ");
            assert_eq!((bare(text), bare(text).len()), (expected, text.len()), "{text}");
        }
    }

    #[test]
    fn durations_that_no_duration_holds_are_found() {
        for (text, expected) in [
            ("rate(x[5m])", None),
            ("rate(x[300])", None),
            ("rate(x[0x7fffffffffffffff])", None),
            ("x * 1e99", None),
            ("a:1e99", None),
            ("x[2100e073]", Some("2100e073")),
            ("x[ 1E+99 ]", Some("1E+99")),
            ("x[Inf]", Some("Inf")),
            ("x[NaN]", Some("NaN")),
            ("x[5m:1e30]", Some("1e30")),
            ("x[# 5m\n 1e30]", Some("1e30")),
            ("x OFFSET -1e30", Some("1e30")),
            ("x{a=\"[1e30]\"} offset 5m", None),
        ] {
            let bare = bare(text);
            let found = endless(&bare);
            assert_eq!(found.map(|(_, number)| number), expected, "{text}");
            assert!(found.is_none_or(|(at, number)| text[at..].starts_with(number)), "{text}");
        }
    }
}

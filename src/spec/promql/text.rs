//! The text of a query around the parser: templates before it, and places after it.
//!
//! The parser gives no places, so a part of a query is found again by its text: without white space and ranges, the
//! parser's own spelling of a part is nearly always the user's. The templates that stand for a window are replaced by a
//! duration of the same length, so that places stay true.

use super::bounds::{self, shortened};
use super::refusal::Refusal;
use promql_parser::parser::{self, Expr};

/// The duration by which templates are replaced; nobody writes it by hand.
const PLACEHOLDER: &str = "13m";

/// Names of templates that stand for the window, as Sloth's and Grafana's.
const WINDOWS: [&str; 6] = ["window", "__interval", "__rate_interval", "__range", "interval", "range"];

/// A query on its way to being compiled.
pub(super) struct Query {
    pub expr: Expr,
    /// As written.
    pub text: String,
    /// Of each template the duration that stands for it.
    pub placeholders: Vec<String>,
}

/// Parses a query within bounds.
pub(super) fn parse(text: &str) -> Result<Query, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::new("", "the query is empty", "fill it in"));
    }
    bounds::check(text)?;
    let (replaced, placeholders) = without_templates(text)?;
    match parser::parse(&replaced) {
        Ok(expr) => Ok(Query { expr, text: text.to_owned(), placeholders }),
        Err(message) => Err(unparsable(text, &message)),
    }
}

fn unparsable(text: &str, message: &str) -> Refusal {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = format!("not PromQL: {}", message.replace(PLACEHOLDER, "{{.window}}"));
    let help = if message.contains("unknown function") {
        "use sums of rate() or increase() over counters and buckets; other databases' functions are not counted here"
    } else {
        "correct the query; it is read as Prometheus's own PromQL"
    };
    // The parser quotes the word that it does not know.
    let quoted = message.split(['\'', '"', '`']).nth(1).filter(|word| !word.is_empty());
    match quoted.and_then(|word| Some((word, text.find(word)?))) {
        Some((word, offset)) => Refusal { offset: Some(offset), ..Refusal::new(word, why, help) },
        None => Refusal { offset: Some(0), ..Refusal::new(shortened(text), why, help) },
    }
}

/// The query with a duration for each template, and those durations.
fn without_templates(text: &str) -> Result<(String, Vec<String>), Refusal> {
    let (mut replaced, mut placeholders, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
    while let Some(found) = text[at..].find(['{', '$']).map(|i| at + i) {
        replaced.push_str(&text[at..found]);
        match template(&text[found..]).map_err(|refusal| Refusal { offset: Some(found), ..refusal })? {
            Some(length) => {
                let placeholder = format!("{}{PLACEHOLDER}", "0".repeat(length - PLACEHOLDER.len()));
                replaced.push_str(&placeholder);
                placeholders.push(placeholder);
                at = found + length;
            }
            None => {
                replaced.push_str(&text[found..=found]);
                at = found + 1;
            }
        }
    }
    replaced.push_str(&text[at..]);
    Ok((replaced, placeholders))
}

/// The length of the template at the beginning of a text; `None` where there is none.
fn template(text: &str) -> Result<Option<usize>, Refusal> {
    if let Some(inner) = text.strip_prefix("{{") {
        let Some(end) = inner.find("}}") else { return Ok(None) };
        let name = inner[..end].trim().trim_start_matches('.');
        return if WINDOWS.contains(&name) {
            Ok(Some(end + 4))
        } else {
            let shown = &text[..end + 4];
            Err(Refusal::new(shown, "slowburn knows no such template", "write {{.window}} for the window"))
        };
    }
    let Some(name) = text.strip_prefix('$') else { return Ok(None) };
    let braced = name.strip_prefix('{');
    let body = braced.unwrap_or(name);
    let word = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(body, |end| &body[..end]);
    if !WINDOWS.contains(&word) {
        return Ok(None);
    }
    let closed = braced.is_none() || body[word.len()..].starts_with('}');
    Ok(closed.then(|| text.len() - body.len() + word.len() + usize::from(braced.is_some())))
}

/// Finds a part of a query, as the parser spells it, in the query as written: its place, and its text there.
pub(super) fn located(query: &str, part: &str) -> Option<(usize, String)> {
    let (whole, wanted) = (normalised(query), normalised(part));
    let letters = |text: &[(char, usize)]| text.iter().map(|(c, _)| *c).collect::<Vec<_>>();
    let (all, sought) = (letters(&whole), letters(&wanted));
    if sought.is_empty() || sought.len() > all.len() {
        return None;
    }
    let first = all.windows(sought.len()).position(|window| window == sought)?;
    let (start, (last, at)) = (whole[first].1, whole[first + sought.len() - 1]);
    // A range is one character here; its end is its closing bracket.
    let end =
        if last == ']' { query[at..].find(']').map_or(query.len(), |i| at + i + 1) } else { at + last.len_utf8() };
    let end = if matches!(last, '"') { at + 1 } else { end };
    query.get(start..end).map(|text| (start, text.to_owned()))
}

/// The first word of a part that the query holds too.
pub(super) fn near(query: &str, part: &str) -> Option<usize> {
    let words = part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.len() > 1 && !word.starts_with(|c: char| c.is_ascii_digit())).find_map(|w| query.find(w))
}

/// The characters of a query that mean something, with their places: no white space, one kind of quotes, and `]` for a
/// whole range.
fn normalised(text: &str) -> Vec<(char, usize)> {
    let mut kept = Vec::new();
    let (mut in_range, mut quote) = (false, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('"' | '\'' | '`', None) => {
                quote = Some(c);
                kept.push(('"', at));
            }
            (c, Some(open)) if c == open => {
                quote = None;
                kept.push(('"', at));
            }
            (c, Some(_)) => kept.push((c, at)),
            ('[', None) => {
                in_range = true;
                kept.push((']', at));
            }
            (']', None) => in_range = false,
            (c, None) if !in_range && !c.is_whitespace() => kept.push((c, at)),
            _ => {}
        }
    }
    kept
}

/// The parser's spelling of a part, with templates where it has placeholders.
pub(super) fn spelled(part: &str) -> String {
    let part = part.replace(&format!("[{PLACEHOLDER}]"), "[{{.window}}]");
    let part = part.replace(&format!("[{PLACEHOLDER}:"), "[{{.window}}:");
    // In a label's value the placeholder keeps its zeros.
    let Some((before, after)) = part.split_once(&format!("00{PLACEHOLDER}")) else { return part };
    format!("{}{{{{.window}}}}{after}", before.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_durations_of_their_length() {
        for (text, replaced) in [
            ("rate(x[{{.window}}])", "rate(x[0000000013m])"),
            ("rate(x[{{ .window }}])", "rate(x[000000000013m])"),
            ("rate(x[$__interval])", "rate(x[0000000013m])"),
            ("rate(x[${__range}])", "rate(x[000000013m])"),
            ("rate(x{a=\"$1\",b=~\"x{2}$\"}[5m])", "rate(x{a=\"$1\",b=~\"x{2}$\"}[5m])"),
            ("x{{", "x{{"),
        ] {
            let (found, _) = without_templates(text).unwrap();
            assert_eq!((found.len(), found.as_str()), (text.len(), replaced), "{text}");
        }
        assert_eq!(without_templates("x[{{.win}}]").unwrap_err().expression, "{{.win}}");
    }

    #[test]
    fn parts_are_found_as_they_were_written() {
        let query = "sum( rate(x{a='1'} [{{.window}}]) )\n / deriv( y[5m] )";
        for (part, expected) in [
            ("rate(x{a=\"1\"}[13m])", Some((5, "rate(x{a='1'} [{{.window}}])"))),
            ("deriv(y[5m])", Some((39, "deriv( y[5m] )"))),
            ("x{a=\"1\"}[13m]", Some((10, "x{a='1'} [{{.window}}]"))),
            ("z", None),
        ] {
            let expected = expected.map(|(at, text)| (at, text.to_owned()));
            assert_eq!(located(query, part), expected, "{part}");
        }
        assert_eq!(near(query, "avg by (b) (deriv(q))"), Some(39));
    }
}

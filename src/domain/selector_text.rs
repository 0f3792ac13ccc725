//! Reads selectors and matchers as PromQL and Alertmanager write them.
//!
//! Accepted: `name`, `name{a="b",c=~"d|e",}`, `{"utf-8 name",a="b"}`, `{__name__="name"}`, quotes `"`, `'` and
//! backticks with PromQL's escapes. An error names the byte at which reading stopped and what would have been right.

use super::selector::{BadSelector, MatchOp, Matcher, Matchers, Selector};

/// Reads one vector selector.
pub fn parse_selector(text: &str) -> Result<Selector, BadSelector> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_space();
    let mut name = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':').to_owned();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(cursor.fail_at(0, "a metric name may not begin with a digit; write name{label=\"value\"}"));
    }
    cursor.skip_space();
    let matchers = if cursor.eat('{') { cursor.matchers('}', &mut name)? } else { Vec::new() };
    cursor.skip_space();
    if !cursor.rest().is_empty() {
        return Err(cursor.fail(unexpected_rest(cursor.rest())));
    }
    if name.is_empty() {
        return Err(cursor.fail_at(0, "a selector needs a metric name: name{label=\"value\"}"));
    }
    Ok(Selector { name, matchers: Matchers(matchers) })
}

/// Reads one matcher, `label="value"`; Alertmanager's unquoted values are accepted too.
pub fn parse_matcher(text: &str) -> Result<Matcher, BadSelector> {
    let mut cursor = Cursor { text, at: 0 };
    let matcher = cursor.matcher(true)?;
    cursor.skip_space();
    if cursor.rest().is_empty() {
        Ok(matcher)
    } else {
        Err(cursor.fail("text after the matcher; one matcher is label=\"value\""))
    }
}

fn unexpected_rest(rest: &str) -> String {
    match rest.chars().next() {
        Some('[') => {
            "a range like [5m] is not wanted here: slowburn counts events itself; give the selector alone".to_owned()
        }
        Some('(') => {
            "this is a PromQL function; give the plain counter selector, slowburn counts its events itself".to_owned()
        }
        _ => format!("unexpected {:?} after the selector", rest.chars().take(20).collect::<String>()),
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail(&self, message: impl Into<String>) -> BadSelector {
        self.fail_at(self.at, message)
    }

    fn fail_at(&self, offset: usize, message: impl Into<String>) -> BadSelector {
        BadSelector { offset, message: message.into() }
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    /// Matchers up to `close`; a bare string, or `__name__="…"`, is the metric name.
    fn matchers(&mut self, close: char, name: &mut String) -> Result<Vec<Matcher>, BadSelector> {
        let mut found = Vec::new();
        loop {
            self.skip_space();
            if self.eat(close) {
                return Ok(found);
            }
            let start = self.at;
            match self.quoted_name()? {
                Some(quoted) if name.is_empty() => *name = quoted,
                Some(_) => return Err(self.fail_at(start, "the metric name is given twice")),
                None => {
                    let matcher = self.matcher(false)?;
                    match (matcher.label.as_str(), matcher.op) {
                        ("__name__", MatchOp::Equal) if name.is_empty() => *name = matcher.value,
                        ("__name__", MatchOp::Equal) => {
                            return Err(self.fail_at(start, "the metric name is given twice"));
                        }
                        ("__name__", _) => {
                            return Err(self.fail_at(start, "the metric name must be given exactly, not by a pattern"));
                        }
                        _ => found.push(matcher),
                    }
                }
            }
            self.skip_space();
            if !self.eat(',') && !self.rest().starts_with(close) {
                return Err(self.fail(format!("expected ',' or '{close}'")));
            }
        }
    }

    /// A quoted string that is not followed by an operator names the metric.
    fn quoted_name(&mut self) -> Result<Option<String>, BadSelector> {
        let start = self.at;
        if !self.rest().starts_with(['"', '\'', '`']) {
            return Ok(None);
        }
        let quoted = self.string()?;
        self.skip_space();
        if self.rest().starts_with(['=', '!']) {
            self.at = start;
            return Ok(None);
        }
        Ok(Some(quoted))
    }

    fn matcher(&mut self, bare_values: bool) -> Result<Matcher, BadSelector> {
        self.skip_space();
        let start = self.at;
        let label = if self.rest().starts_with(['"', '\'', '`']) {
            self.string()?
        } else {
            self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_owned()
        };
        if label.is_empty() || label.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.fail_at(start, "expected a label name: label=\"value\""));
        }
        self.skip_space();
        let op = self.operator()?;
        self.skip_space();
        let value_at = self.at;
        let value = if bare_values && !self.rest().starts_with(['"', '\'', '`']) {
            self.take_while(|c| c != ',').trim_end().to_owned()
        } else {
            self.string()?
        };
        Matcher::new(label, op, value).map_err(|message| self.fail_at(value_at, message))
    }

    fn operator(&mut self) -> Result<MatchOp, BadSelector> {
        for (symbol, op) in
            [("=~", MatchOp::Regex), ("!~", MatchOp::NotRegex), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)]
        {
            if self.rest().starts_with(symbol) {
                self.at += symbol.len();
                return Ok(op);
            }
        }
        Err(self.fail("expected one of =, !=, =~, !~"))
    }

    fn string(&mut self) -> Result<String, BadSelector> {
        let start = self.at;
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let Some(quote) = quote else {
            return Err(self.fail("expected a quoted value: label=\"value\""));
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.fail_at(start, "this quote is never closed"));
            };
            self.at += c.len_utf8();
            match c {
                _ if c == quote => return Ok(value),
                '\\' if quote != '`' => value.push(self.escape()?),
                _ => value.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, BadSelector> {
        let at = self.at - 1;
        let c = self.rest().chars().next().ok_or_else(|| self.fail_at(at, "this escape is not finished"))?;
        self.at += c.len_utf8();
        match c {
            'n' => Ok('\n'),
            't' => Ok('\t'),
            'r' => Ok('\r'),
            'x' => self.code_point(at, 2),
            'u' => self.code_point(at, 4),
            'U' => self.code_point(at, 8),
            '\\' | '"' | '\'' => Ok(c),
            _ => Err(self.fail_at(at, format!("unknown escape \\{c}; write \\\\{c} for a backslash"))),
        }
    }

    fn code_point(&mut self, at: usize, digits: usize) -> Result<char, BadSelector> {
        let hex = self.rest().get(..digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let found = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        self.at += if found.is_some() { digits } else { 0 };
        found.ok_or_else(|| self.fail_at(at, format!("expected {digits} hexadecimal digits of a character")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_print_as_they_are_meant() {
        for (text, printed) in [
            ("up", "up"),
            (" up { } ", "up"),
            (r#"a:b{code=~"5..",path='/x',}"#, r#"a:b{code=~"5..",path="/x"}"#),
            (r#"{__name__="up",job="a"}"#, r#"up{job="a"}"#),
            (r#"{"http.requests",job!="a"}"#, r#"{"http.requests",job!="a"}"#),
            (r#"r{path=`C:\d`}"#, r#"r{path="C:\\d"}"#),
            (r#"r{"my.label"="x\"\u00e9"}"#, "r{\"my.label\"=\"x\\\"é\"}"),
            (r#"r{a="\x1b\n"}"#, r#"r{a="\u001b\n"}"#),
            (r#"r{a="\x41\U0001F600"}"#, "r{a=\"A\u{1f600}\"}"),
        ] {
            assert_eq!(parse_selector(text).map(|s| s.to_string()), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same() {
        for value in ["", "a\"b\\c", "\n\t\r", "\0\u{1b}\u{7f}\u{85}", "\u{200b}\u{301}\u{1f600}é", "5..|'`"] {
            for label in ["code", "my.label", "é \"", "a:b"] {
                let matcher = Matcher::new(label, MatchOp::NotEqual, value).unwrap();
                let text = matcher.to_string();
                assert_eq!(parse_matcher(&text), Ok(matcher.clone()), "{text}");
                for name in ["up", "http.requests", "a \"b\"\n"] {
                    let selector = Selector { name: name.to_owned(), matchers: Matchers(vec![matcher.clone()]) };
                    assert_eq!(parse_selector(&selector.to_string()), Ok(selector), "{text}");
                }
            }
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, offset, message) in [
            ("", 0, "a selector needs a metric name"),
            ("{job=\"a\"}", 0, "a selector needs a metric name"),
            ("rate(x[5m])", 4, "PromQL function"),
            ("x[5m]", 1, "a range like [5m]"),
            ("x{a=\"b\"", 7, "expected ',' or '}'"),
            ("x{a=\"b}", 4, "never closed"),
            ("x{a==\"b\"}", 4, "expected a quoted value"),
            ("x{a=~\"(\"}", 5, "unclosed group"),
            ("x{a=b}", 4, "expected a quoted value"),
            ("x{=\"b\"}", 2, "expected a label name"),
            ("x{__name__=~\"y\"}", 2, "exactly"),
            ("x{\"y\"}", 2, "given twice"),
            ("x{a=\"b\",__name__=\"y\"}", 8, "given twice"),
            ("x{a=\"\\q\"}", 5, "unknown escape"),
            ("5x", 0, "digit"),
            ("x y", 2, "unexpected"),
        ] {
            let error = parse_selector(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error}");
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
    }

    #[test]
    fn matchers_treat_missing_as_empty_and_boundaries_as_numbers() {
        for (matcher, value, matches) in [
            ("a=\"\"", "", true),
            ("a!=\"x\"", "", true),
            ("a=~\"b|\"", "", true),
            ("a=~\"5..\"", "500", true),
            ("a=~\"5..\"", "5000", false),
            ("a!~\"5..\"", "200", true),
            ("a=~\"/api/{id}\"", "/api/{id}", true),
            ("a=~\"5{2}.\"", "550", true),
            ("a=~\"5{2}.\"", "5{2}0", false),
            ("a=~\"[{]x\"", "{x", true),
            (r#"a=~"\\[{x}""#, "[{x}", true),
            (r#"a=~"\\{x\\}""#, "{x}", true),
            (r#"a=~"\\\\{x}""#, r"\{x}", true),
            (r#"a=~"\\p{L}+""#, "é", true),
            ("le=\"1\"", "1.0", true),
            ("le!=\"1\"", "1.0", false),
            ("le=\"1\"", "2", false),
            ("le=\"+Inf\"", "none", false),
            ("a=\"1\"", "1.0", false),
            ("severity=page", "page", true),
        ] {
            assert_eq!(parse_matcher(matcher).unwrap().matches(value), matches, "{matcher} on {value:?}");
        }
    }
}

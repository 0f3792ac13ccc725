//! PromQL vector selectors: a metric name and label matchers.
//!
//! A name is required, so that text that no SLO needs can be skipped by its name. Regular expressions are anchored on
//! both sides, a missing label matches as the empty string, and the boundaries `le` and `quantile` compare as numbers
//! (`le="1"` and `le="1.0"` are one bucket).

use super::labels::Labels;
use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl MatchOp {
    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// One condition on one label.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: String,
    pub op: MatchOp,
    pub value: String,
    regex: Option<Arc<Regex>>,
}

impl Matcher {
    /// Fails with the regular expression's own message, in one line.
    pub fn new(label: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Self, String> {
        let value = value.into();
        let regex = match op {
            MatchOp::Regex | MatchOp::NotRegex => Some(shared(&value)?),
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Self { label: label.into(), op, value, regex })
    }

    /// Whether a label of this value passes; absent labels are the empty string.
    pub fn matches(&self, value: &str) -> bool {
        let equal = || self.value == value || (is_boundary(&self.label) && same_number(&self.value, value));
        let regex = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            MatchOp::Equal => equal(),
            MatchOp::NotEqual => !equal(),
            MatchOp::Regex => regex(),
            MatchOp::NotRegex => !regex(),
        }
    }
}

/// [`anchored`], compiled once for all matchers that hold the same text: thousands of SLOs ask for `5..`.
fn shared(pattern: &str) -> Result<Arc<Regex>, String> {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(pattern)
}

/// Expressions by their text, as long as somebody holds them.
#[derive(Default)]
struct Compiled(HashMap<String, Weak<Regex>>);

impl Compiled {
    fn get(&mut self, pattern: &str) -> Result<Arc<Regex>, String> {
        if let Some(regex) = self.0.get(pattern).and_then(Weak::upgrade) {
            return Ok(regex);
        }
        let regex = Arc::new(anchored(pattern)?);
        // Before the map grows it is freed of what nobody holds any more.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, regex| regex.strong_count() > 0);
        }
        self.0.insert(pattern.to_owned(), Arc::downgrade(&regex));
        Ok(regex)
    }
}

/// A Prometheus regular expression: anchored on both sides, `.` matches newlines.
pub fn anchored(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?s:{})$", with_literal_braces(pattern))).map_err(|error| {
        let text = error.to_string();
        // A syntax error draws the pattern over several lines; only its last line says what is wrong.
        let last = text.lines().last().unwrap_or_default();
        format!("not a regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
    })
}

/// RE2, which Prometheus uses, takes a brace that begins no repetition (`/api/{id}`) as itself; so does this.
fn with_literal_braces(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        // In a class an escaped brace is a brace, too.
        if c == '{' && !escaped && !is_repetition(&pattern[at..]) && !follows_property(&pattern[..at]) {
            text.push('\\');
        }
        escaped = c == '\\' && !escaped;
        text.push(c);
    }
    text
}

/// `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// Whether the brace belongs to a class like `\p{L}` or a code point like `\x{e9}`.
fn follows_property(before: &str) -> bool {
    ["\\p", "\\P", "\\x"].iter().any(|start| before.ends_with(start))
}

fn is_boundary(label: &str) -> bool {
    matches!(label, "le" | "quantile")
}

fn same_number(a: &str, b: &str) -> bool {
    matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, self.op, &self.value) == (&other.label, other.op, &other.value)
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_label(&self.label) {
            f.write_str(&self.label)?
        } else {
            f.write_str(&quoted(&self.label))?
        }
        write!(f, "{}{}", self.op.symbol(), quoted(&self.value))
    }
}

fn is_plain_label(label: &str) -> bool {
    is_plain_name(label) && !label.contains(':')
}

/// A PromQL string; what is stored as text must read back as the same.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// All matchers hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matchers(pub Vec<Matcher>);

impl Matchers {
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|m| m.matches(labels.get(&m.label).unwrap_or_default()))
    }
}

/// `name{matchers}`; matches the series of that exact name whose labels satisfy every matcher.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    pub name: String,
    pub matchers: Matchers,
}

impl Selector {
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        self.name == name && self.matchers.matches(labels)
    }

    /// The same matchers on another metric name (a histogram's `_bucket` and `_count`).
    pub fn renamed(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), matchers: self.matchers.clone() }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = is_plain_name(&self.name);
        let mut parts: Vec<String> = self.matchers.0.iter().map(ToString::to_string).collect();
        if !bare {
            parts.insert(0, quoted(&self.name));
        }
        let name = if bare { &self.name } else { "" };
        if parts.is_empty() { f.write_str(name) } else { write!(f, "{name}{{{}}}", parts.join(",")) }
    }
}

/// Whether a metric name can stand without quotes.
pub fn is_plain_name(name: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.chars().all(ok) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Why a text is not a selector, and where (a byte offset into the text).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadSelector {
    pub offset: usize,
    pub message: String,
}

/// Stored and shown as its text.
impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::selector_text::parse_selector(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Matchers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

impl<'de> Deserialize<'de> for Matchers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let parse = |text: &String| super::selector_text::parse_matcher(text).map_err(D::Error::custom);
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_compiled_once_while_somebody_holds_it() {
        let mut compiled = Compiled::default();
        let held = compiled.get("5..").unwrap();
        let mut filled = false;
        for i in 0..100 {
            compiled.get(&i.to_string()).unwrap();
            filled |= compiled.0.len() == compiled.0.capacity();
        }
        assert!(filled, "it is looked through only before it grows");
        assert!(compiled.0.len() < 10, "{}", compiled.0.len());
        assert!(Arc::ptr_eq(&held, &compiled.get("5..").unwrap()));
    }

    #[test]
    fn matchers_are_stored_as_their_texts() {
        let matcher = |value| Matcher::new("code", MatchOp::Regex, value).unwrap();
        let matchers = Matchers(vec![matcher("5.."), matcher("\"")]);
        let text = serde_json::to_string(&matchers).unwrap();
        assert_eq!(text, r#"["code=~\"5..\"","code=~\"\\\"\""]"#);
        assert_eq!(serde_json::from_str::<Matchers>(&text).unwrap(), matchers);
        assert_ne!(matcher("5.."), matcher("4.."));
    }
}

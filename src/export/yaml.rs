//! YAML as people would write it: block style, quotes only where they are needed.

use std::fmt::Write;

/// A value to be written; maps keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A number, a duration, `true`: written as it is.
    Plain(String),
    Text(String),
    /// Several lines, written as a block.
    Block(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Collects the entries of a map, leaving out what is not there.
#[derive(Default)]
pub struct MapBuilder(Vec<(String, Tree)>);

impl MapBuilder {
    pub fn with(mut self, key: &str, value: Tree) -> Self {
        self.0.push((key.to_owned(), value));
        self
    }

    pub fn text(self, key: &str, value: impl Into<String>) -> Self {
        self.with(key, Tree::Text(value.into()))
    }

    pub fn plain(self, key: &str, value: impl Into<String>) -> Self {
        self.with(key, Tree::Plain(value.into()))
    }

    pub fn maybe(self, key: &str, value: Option<Tree>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn build(self) -> Tree {
        Tree::Map(self.0)
    }
}

impl Tree {
    /// One document.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Map(entries) => {
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        indent(out, depth);
                    }
                    out.push_str(&scalar(key));
                    out.push(':');
                    value.write_value(out, depth);
                }
            }
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        indent(out, depth);
                    }
                    out.push('-');
                    item.write_item(out, depth);
                }
            }
            _ => self.write_value(out, depth),
        }
    }

    /// After `key:`.
    fn write_value(&self, out: &mut String, depth: usize) {
        match self {
            Self::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Map(_) | Self::List(_) => {
                out.push('\n');
                indent(out, depth + 1);
                self.write(out, depth + 1);
            }
            _ => self.write_scalar(out, depth),
        }
    }

    /// After `-`.
    fn write_item(&self, out: &mut String, depth: usize) {
        match self {
            Self::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Map(_) | Self::List(_) => {
                out.push(' ');
                self.write(out, depth + 1);
            }
            _ => self.write_scalar(out, depth),
        }
    }

    fn write_scalar(&self, out: &mut String, depth: usize) {
        // Writing to a string never fails.
        let _ = match self {
            Self::Block(text) if can_be_block(text) => {
                out.push_str(" |\n");
                for line in text.lines() {
                    indent(out, depth + 1);
                    out.push_str(line);
                    out.push('\n');
                }
                Ok(())
            }
            Self::Plain(text) => writeln!(out, " {text}"),
            Self::Text(text) | Self::Block(text) => writeln!(out, " {}", scalar(text)),
            Self::Map(_) | Self::List(_) => Ok(()),
        };
    }
}

fn indent(out: &mut String, depth: usize) {
    (0..depth).for_each(|_| out.push_str("  "));
}

/// A block keeps neither odd characters nor a first line that begins with a space.
fn can_be_block(text: &str) -> bool {
    text.ends_with('\n') && !text.starts_with([' ', '\n']) && text.chars().all(|c| c == '\n' || is_harmless(c))
}

fn is_harmless(c: char) -> bool {
    matches!(c, ' '..='~') || c.is_alphanumeric()
}

/// The text as a scalar, bare where it can't be taken for anything else.
fn scalar(text: &str) -> String {
    /// Words that some reader of YAML takes for something else.
    const WORDS: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(inner);
    if bare && !WORDS.contains(&text.to_ascii_lowercase().as_str()) { text.to_owned() } else { quoted(text) }
}

/// The text in double quotes, in the part of YAML that JSON knows too.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if is_harmless(c) => out.push(c),
            c => {
                // What a text holds beyond 16 bits is written in two halves, as JSON does.
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out.push('"');
    out
}

/// The text as a part of a comment.
pub fn comment(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_reads_back() {
        let text = |text: &str| Tree::Text(text.to_owned());
        let inner = MapBuilder::default().text("a b", "x: y").plain("n", "14.4").with("empty", Tree::List(vec![]));
        let lists = Tree::List(vec![inner.build(), Tree::List(vec![text("no"), text("1e3")]), Tree::Map(vec![])]);
        let block = Tree::Block("sum(\n    a\n)\n/ b\n".to_owned());
        let tree = MapBuilder::default()
            .with("lists", lists)
            .with("block", block)
            .text("words", "true")
            .text("odd", "tab\there \u{7f}\u{2028}é\u{fffe} \"q\" \\ # '")
            .maybe("absent", None)
            .build();
        let read: Value = serde_yaml::from_str(&tree.to_yaml()).unwrap();
        let expected = json!({
            "lists": [{"a b": "x: y", "n": 14.4, "empty": []}, ["no", "1e3"], {}],
            "block": "sum(\n    a\n)\n/ b\n",
            "words": "true",
            "odd": "tab\there \u{7f}\u{2028}é\u{fffe} \"q\" \\ # '",
        });
        assert_eq!(read, expected, "{}", tree.to_yaml());
    }

    #[test]
    fn hardly_anything_needs_quotes() {
        let tree = MapBuilder::default().text("name", "checkout/a-b_c.d").text("code", "5..").build();
        assert_eq!(tree.to_yaml(), "name: checkout/a-b_c.d\ncode: \"5..\"\n");
    }
}

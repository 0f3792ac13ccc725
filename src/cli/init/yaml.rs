//! Text from outside as YAML: values that read back as they were, comments that can't end their line.

use std::fmt::Write;

/// The text as a YAML scalar, bare where nothing in it could be taken for something else.
pub fn scalar(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_:{}\"=~!.,|^()*+/-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    // `true`, `null`, `1e3` and their like are words of YAML; nothing with a brace or a dot inside is.
    let is_word = text.chars().all(|c| c.is_ascii_alphabetic() || c == '~');
    let plain = begins && text.chars().all(bare) && !text.ends_with(':') && (!is_word || is_harmless(text));
    if plain { text.to_owned() } else { quoted(text) }
}

/// The text in double quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            // Writing to a text can't fail.
            _ => drop(write!(out, "\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    keep_variables(&out)
}

/// `${NAME}` would be read from the environment; `$${NAME}` stands for the text itself.
fn keep_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let name = rest[at + 2..].split_once('}').map_or("", |(name, _)| name);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_variable = name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_name);
        out.push_str(if is_variable { "$${" } else { "${" });
        rest = &rest[at + 2..];
    }
    out + rest
}

/// The text as part of a comment or of a line for the terminal.
pub fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~') || c.is_alphanumeric() { out.push(c) } else { out.extend(c.escape_default()) }
    }
    out
}

fn is_harmless(word: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];
    !WORDS.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn texts_read_back_as_they_were() {
        for text in [
            "checkout",
            "x_total{job=\"a\",code=~\"5..\"}",
            "{\"http.requests\",job=\"a\"}",
            "true",
            "No",
            "",
            "a: b",
            "a:",
            "a #b",
            "- a",
            "1e3",
            "it's \"x\" \\ \t\n",
            "\u{1b}[31m \u{85}\u{2028}\u{feff}\u{202e}",
            "ünï \u{1f525}",
            "*a",
        ] {
            for written in [scalar(text), quoted(text)] {
                let read: Value = serde_yaml::from_str(&format!("key: {written}\n")).unwrap();
                assert_eq!(read["key"], Value::from(text), "{written}");
            }
        }
    }

    #[test]
    fn what_looks_like_a_variable_is_kept_from_being_one() {
        for (text, written) in [("a${HOME}", "\"a$${HOME}\""), ("${1} ${} ${a", "\"${1} ${} ${a\"")] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn comments_stay_on_their_line() {
        assert_eq!(comment("a\nb\r\u{2028}\u{1b}[0mé"), "a\\nb\\r\\u{2028}\\u{1b}[0mé");
    }
}

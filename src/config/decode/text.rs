//! Texts and what is written as text: labels, choices, paths, URLs, secrets.

use super::{Value, env, nearest};
use crate::config::yaml::{Kind, Style};
use crate::domain::labels::Labels;
use secrecy::SecretString;
use std::path::PathBuf;

impl Value<'_> {
    /// A text with its `${NAME}` replaced; numbers and booleans are taken as they are written, as Prometheus does.
    pub fn text(&self) -> Option<String> {
        let text = self.raw_text()?;
        match env::expand(&text, self.context().env) {
            Ok(expanded) => Some(expanded),
            Err(missing) => {
                for name in missing {
                    self.error(
                        format!("the environment variable {name} is not set"),
                        format!("set {name}, or write $${{{name}}} for the text itself"),
                    );
                }
                None
            }
        }
    }

    /// A text as written, for replacements and templates in which `$` has a meaning of its own.
    pub fn raw_text(&self) -> Option<String> {
        match self.node().kind() {
            Kind::Scalar(_) if self.node().is_null() => {
                self.error("the value is empty", "fill it in, or remove the key");
                None
            }
            Kind::Scalar(scalar) => Some(scalar.text.to_string()),
            _ => {
                self.expected("a text");
                None
            }
        }
    }

    /// A text that is not empty.
    pub fn nonempty(&self) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.error("the value is empty", "fill it in, or remove the key");
            return None;
        }
        Some(text)
    }

    /// Whether variables take part, so that messages about the text must not quote it.
    pub fn is_expanded(&self) -> bool {
        self.node().text().is_some_and(|text| env::expand(text, self.context().env).as_deref() != Ok(text))
    }

    /// Only `true` and `false`: `no` in a place for text is Norway, so `no` in a place for booleans is refused.
    pub fn boolean(&self) -> Option<bool> {
        let Kind::Scalar(scalar) = self.node().kind() else {
            self.expected("true or false");
            return None;
        };
        let style = scalar.style;
        let text = self.text()?;
        match &*text {
            "true" | "True" | "TRUE" if style == Style::Plain || self.is_expanded() => Some(true),
            "false" | "False" | "FALSE" if style == Style::Plain || self.is_expanded() => Some(false),
            "true" | "false" => self.refuse("expected true or false, found a text in quotes", "remove the quotes"),
            "yes" | "on" | "y" | "Yes" | "On" | "YES" | "ON" => self.refuse("expected true or false", "write true"),
            "no" | "off" | "n" | "No" | "Off" | "NO" | "OFF" => self.refuse("expected true or false", "write false"),
            _ => self.refuse("expected true or false", "write true or false"),
        }
    }

    pub(super) fn refuse<T>(&self, message: impl Into<String>, help: impl Into<String>) -> Option<T> {
        self.error(message, help);
        None
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, found)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let words = choices.iter().map(|(word, _)| *word);
        let candidates = Some(words.clone()).filter(|_| !self.context().is_full()).into_iter().flatten();
        let help = match nearest(&text, candidates) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("choose one of {}", words.clone().collect::<Vec<_>>().join(", ")),
        };
        self.refuse(format!("expected one of {}", words.collect::<Vec<_>>().join(", ")), help)
    }

    /// A map of label names to values. Values may be numbers or booleans; an empty or null value is an absent label.
    pub fn labels(&self) -> Option<Labels> {
        let mut labels = Labels::new();
        let mut sound = true;
        for (name, mark, value) in self.entries()? {
            if !is_label_name(name) {
                let key = Value::new(self.context(), value.node(), value.path().to_owned(), mark);
                key.label_name_error(name);
                sound = false;
            }
            if value.node().is_null() {
                continue;
            }
            match value.text() {
                Some(text) => labels.set(name, text),
                None => sound = false,
            }
        }
        sound.then_some(labels)
    }

    /// A label's name, such as an item of `by` or `group_by`.
    pub fn label_name(&self) -> Option<String> {
        let name = self.text()?;
        if is_label_name(&name) {
            return Some(name);
        }
        self.refuse("not a label name", LABEL_NAME_HELP)
    }

    fn label_name_error(&self, name: &str) {
        use crate::config::diagnostics::Diagnostic;
        let context = self.context();
        let found = Diagnostic::error(context.file(), self.key_mark(), "not a label name");
        context.push(found.path(self.path()).value(name).help(LABEL_NAME_HELP));
    }

    /// A path, relative to the file that names it.
    pub fn path_buf(&self) -> Option<PathBuf> {
        self.nonempty().map(|text| self.context().resolve(&text))
    }

    /// A path of a file that must be there; see [`super::Context::take_needed`].
    pub fn needed_file(&self) -> Option<PathBuf> {
        if self.node().text().is_some_and(|text| text.contains("://")) {
            self.error_hidden("expected the name of a file, found a URL", "a URL stands in the key without _file");
            return None;
        }
        let path = self.path_buf()?;
        self.need(path.clone());
        Some(path)
    }

    /// A text in a place where Alertmanager has templates, which would be sent unexpanded here.
    pub fn literal(&self) -> Option<String> {
        let text = self.text()?;
        if text.contains("{{") {
            return self.refuse("templates are not supported here", "write the text itself");
        }
        Some(text)
    }

    /// A secret: not shown in messages, nor in lines of the file that they quote.
    pub fn secret(&self) -> Option<SecretString> {
        self.hide();
        match self.node().kind() {
            Kind::Scalar(_) if !self.node().is_null() => {}
            _ => {
                self.error_hidden("expected a text", "give the secret as a text, or name its file with the …_file key");
                return None;
            }
        }
        self.text_of_secret().map(SecretString::from)
    }

    fn text_of_secret(&self) -> Option<String> {
        match env::expand(self.node().text()?, self.context().env) {
            Ok(text) => Some(text),
            Err(missing) => {
                for name in missing {
                    let message = format!("the environment variable {name} is not set");
                    self.error_hidden(message, format!("set {name}, or use the …_file key"));
                }
                None
            }
        }
    }
}

const LABEL_NAME_HELP: &str = "a label name is a letter or _, then letters, digits and _";

/// Prometheus's classic label names. Labels set here end up in alerts and on `/metrics`, where not every reader takes
/// UTF-8 names yet.
pub fn is_label_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

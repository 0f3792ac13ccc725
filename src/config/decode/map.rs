//! A map that was opened with the table of its keys.

use super::{Field, Table, Value, nearest};
use crate::config::diagnostics::{Diagnostic, Severity};
use crate::config::yaml::{Entry, Kind, Mark};

/// Gives the values of a map by key; all keys that don't belong were reported when it was opened.
#[derive(Clone)]
pub struct Map<'a> {
    value: Value<'a>,
    entries: &'a [Entry],
    table: &'static Table,
    /// How bad a key is that does not belong.
    strange: Severity,
}

impl<'a> Value<'a> {
    /// Opens a map: reports anything else, unknown keys with the nearest known one, refused keys and missing ones.
    pub fn map(&self, table: &'static Table) -> Option<Map<'a>> {
        self.open(table, Severity::Error)
    }

    /// As [`Value::map`], for files that other programs read too: keys that don't belong are ignored with a warning, as
    /// those programs ignore them.
    pub fn lenient_map(&self, table: &'static Table) -> Option<Map<'a>> {
        self.open(table, Severity::Warning)
    }

    fn open(&self, table: &'static Table, strange: Severity) -> Option<Map<'a>> {
        let Kind::Map(entries) = self.node().kind() else {
            self.expected("a map of keys and values");
            return None;
        };
        let map = Map { value: self.clone(), entries, table, strange };
        map.check_keys();
        Some(map)
    }

    /// The entries of a map with free keys, each key with its place.
    pub fn entries(&self) -> Option<Vec<(&'a str, Mark, Value<'a>)>> {
        let Kind::Map(entries) = self.node().kind() else {
            self.expected("a map of keys and values");
            return None;
        };
        Some(entries.iter().map(|entry| (&*entry.key.text, entry.key.mark, self.child(entry))).collect())
    }

    pub(super) fn child(&self, entry: &'a Entry) -> Value<'a> {
        let path = if self.path().is_empty() {
            entry.key.text.to_string()
        } else {
            format!("{}.{}", self.path(), entry.key.text)
        };
        Value::new(self.context(), &entry.value, path, entry.key.mark)
    }
}

impl<'a> Map<'a> {
    /// The map itself, for reports about it as a whole.
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The value of a key of the table; `None` when it is absent or null.
    pub fn get(&self, key: &'static str) -> Option<Value<'a>> {
        debug_assert!(self.table.field(key).is_some(), "{key} is not in the table {}", self.table.title);
        self.entry(key).filter(|entry| !entry.value.is_null()).map(|entry| self.value.child(entry))
    }

    /// Whether a key is there and not null.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| &*entry.key.text == key)
    }

    /// Reports when more than one of some keys is given; the place is that of the last one.
    pub fn at_most_one(&self, keys: &[&'static str]) {
        let given: Vec<&str> = keys.iter().copied().filter(|key| self.has(key)).collect();
        if let [.., last] = given[..]
            && given.len() > 1
            && let Some(entry) = self.entry(last)
        {
            let message = format!("only one of {} can be given", quoted_list(&given));
            self.report(Severity::Error, entry.key.mark, last, message, format!("keep one of {}", quoted_list(&given)));
        }
    }

    /// Reports when none of some keys is given.
    pub fn at_least_one(&self, keys: &[&'static str]) {
        if !keys.iter().any(|key| self.has(key)) {
            self.value.error(format!("one of {} is needed", quoted_list(keys)), "add it");
        }
    }

    /// Reports when not exactly one of some keys is given.
    pub fn exactly_one(&self, keys: &[&'static str]) {
        self.at_most_one(keys);
        self.at_least_one(keys);
    }

    fn check_keys(&self) {
        for entry in self.entries.iter().filter(|entry| self.table.field(&entry.key.text).is_none()) {
            let key = &*entry.key.text;
            match self.table.refused.iter().find(|refused| refused.covers(key)) {
                Some(refused) => {
                    self.value.context().hide(entry.value.mark);
                    self.report(self.strange, entry.key.mark, key, format!("`{key}` {}", refused.why), refused.help);
                }
                None => self.unknown_key(entry),
            }
        }
        for field in self.table.fields.iter().filter(|field| field.required) {
            self.check_required(field);
        }
    }

    fn check_required(&self, field: &Field) {
        match self.entry(field.key) {
            None => self.value.error(format!("`{}` is missing", field.key), format!("add it: {}", field.doc)),
            Some(entry) if entry.value.is_null() => {
                let help = if self.hidden_by_comment(entry) {
                    "put quotes round a value that begins with #: YAML takes it for a comment".to_owned()
                } else {
                    format!("fill it in: {}", field.doc)
                };
                let message = format!("`{}` is empty", field.key);
                self.report(Severity::Error, entry.key.mark, field.key, message, help);
            }
            Some(_) => {}
        }
    }

    /// What stands at an unknown key may be a secret whose key is misspelt; then it is not shown.
    fn unknown_key(&self, entry: &Entry) {
        let key = &*entry.key.text;
        let known = || self.table.fields.iter().map(|field| field.key);
        let candidates = Some(known()).filter(|_| !self.value.context().is_full()).into_iter().flatten();
        let near = nearest(key, candidates).and_then(|near| self.table.field(near));
        if near.is_none_or(|field| field.shape.may_hold_secrets()) {
            self.value.context().hide(entry.value.mark);
        }
        let help = match near {
            Some(near) => format!("did you mean `{}`?", near.key),
            None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
        };
        let message = if self.strange == Severity::Error { "unknown key" } else { "unknown key, which is ignored" };
        self.report(self.strange, entry.key.mark, key, message.to_owned(), help);
    }

    fn report(&self, severity: Severity, mark: Mark, key: &str, message: String, help: impl Into<String>) {
        let path = if self.value.path().is_empty() { key.to_owned() } else { format!("{}.{key}", self.value.path()) };
        let context = self.value.context();
        let found = match severity {
            Severity::Error => Diagnostic::error(context.file(), mark, message),
            Severity::Warning => Diagnostic::warning(context.file(), mark, message),
        };
        context.push(found.path(path).help(help));
    }

    /// `channel: #slo` leaves the channel empty.
    fn hidden_by_comment(&self, entry: &Entry) -> bool {
        self.value
            .context()
            .line_after(entry.key.mark)
            .is_some_and(|rest| rest.trim_start_matches(':').trim_start().starts_with('#'))
    }
}

fn quoted_list(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

//! The keys of a map, once for the decoder and the JSON Schema.

/// The keys that one kind of map may have.
#[derive(Debug)]
pub struct Table {
    /// Names it in the JSON Schema; unique.
    pub title: &'static str,
    pub fields: &'static [Field],
    /// Keys that other programs know here, with what to do instead.
    pub refused: &'static [Refused],
}

/// One key.
#[derive(Debug)]
pub struct Field {
    pub key: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// One sentence for the JSON Schema and the reference.
    pub doc: &'static str,
}

/// A key that is known and not accepted.
#[derive(Debug)]
pub struct Refused {
    /// A leading `*` stands for anything.
    pub key: &'static str,
    /// What is the matter, without the key.
    pub why: &'static str,
    /// How to mend it.
    pub help: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    Secret,
    Bool,
    /// A whole number, not negative.
    Integer,
    /// A decimal, not negative.
    Decimal,
    /// Any number.
    Number,
    /// `30s`, `5m`, `30d`.
    Duration,
    /// `64MiB`.
    Size,
    /// RFC 3339, or a date.
    Time,
    Url,
    Path,
    /// `label="value"`.
    Matcher,
    /// `name{label="value"}`.
    Selector,
    /// A map of label names to values.
    Labels,
    /// A map of texts to values of one shape.
    Texts(&'static Shape),
    Choice(&'static [&'static str]),
    List(&'static Shape),
    Map(&'static Table),
    OneOf(&'static [Shape]),
}

impl Field {
    pub const fn opt(key: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { key, shape, required: false, doc }
    }

    pub const fn req(key: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { key, shape, required: true, doc }
    }
}

impl Refused {
    pub const fn new(key: &'static str, why: &'static str, help: &'static str) -> Self {
        Self { key, why, help }
    }

    /// `*` at the start of a refused key stands for anything.
    pub(super) fn covers(&self, key: &str) -> bool {
        match self.key.strip_prefix('*') {
            Some(end) => key.ends_with(end),
            None => self.key == key,
        }
    }
}

impl Table {
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

impl Shape {
    /// Whether a value of this shape could be, or contain, a secret.
    pub(super) fn may_hold_secrets(&self) -> bool {
        matches!(self, Self::Secret | Self::Url | Self::Map(_) | Self::List(_) | Self::Texts(_) | Self::OneOf(_))
    }
}

//! The tree: scalars, lists and maps with their places.

use std::sync::Arc;

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// From 1; 0 when the whole file is meant.
    pub line: u32,
    /// From 1, in characters; 0 when the whole file is meant.
    pub column: u32,
    /// Byte offsets into the text after its byte-order mark.
    pub start: u32,
    pub end: u32,
}

impl Mark {
    /// A place without extent.
    pub fn at(line: usize, column: usize) -> Self {
        Self { line: narrow(line), column: narrow(column), start: 0, end: 0 }
    }

    /// Whether this names a place inside the file.
    pub fn is_known(self) -> bool {
        self.line > 0
    }

    pub(super) fn of(span: &granit_parser::Span) -> Self {
        Self {
            line: narrow(span.start.line()),
            column: narrow(span.start.col() + 1),
            start: narrow(span.start.byte_offset().unwrap_or(0)),
            end: narrow(span.end.byte_offset().unwrap_or(0)),
        }
    }
}

/// Files are bounded far below 4 GiB, so this never saturates in practice.
fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub mark: Mark,
    pub(super) content: Content,
}

/// What a node holds; anchored values are shared between their uses.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Plain(Kind),
    Shared(Arc<Shared>),
}

#[derive(Debug)]
pub(super) struct Shared {
    pub kind: Kind,
    /// Values inside, this one included.
    pub size: usize,
    /// Levels inside, this one included.
    pub depth: usize,
}

/// The three kinds of YAML values.
#[derive(Clone, Debug)]
pub enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A text with the way it was written.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: Box<str>,
    pub style: Style,
}

/// How a scalar was written: only plain ones can be numbers, booleans or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// In single or double quotes, or tagged `!!str`.
    Quoted,
    /// `|` or `>`.
    Block,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Key,
    pub value: Node,
}

#[derive(Clone, Debug)]
pub struct Key {
    pub text: Box<str>,
    pub mark: Mark,
}

impl Node {
    pub(super) fn new(mark: Mark, kind: Kind) -> Self {
        Self { mark, content: Content::Plain(kind) }
    }

    pub fn kind(&self) -> &Kind {
        match &self.content {
            Content::Plain(kind) => kind,
            Content::Shared(shared) => &shared.kind,
        }
    }

    /// `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self.kind(), Kind::Scalar(s)
            if s.style == Style::Plain && matches!(&*s.text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a key, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self.kind() {
            Kind::Map(entries) => entries.iter().find(|e| &*e.key.text == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self.kind() {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind() {
            Kind::Scalar(_) if self.is_null() => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// Values and levels inside, this one included.
    pub(super) fn measure(&self) -> (usize, usize) {
        let children = |nodes: &mut dyn Iterator<Item = &Node>| {
            nodes.map(Node::measure).fold((1, 1), |(size, depth), (s, d)| (size + s, depth.max(d + 1)))
        };
        match &self.content {
            Content::Shared(shared) => (shared.size, shared.depth),
            Content::Plain(Kind::Scalar(_)) => (1, 1),
            Content::Plain(Kind::List(items)) => children(&mut items.iter()),
            Content::Plain(Kind::Map(entries)) => children(&mut entries.iter().map(|e| &e.value)),
        }
    }

    /// Makes the content shared, so that aliases cost nothing to keep.
    pub(super) fn into_shared(self) -> Self {
        let (size, depth) = self.measure();
        match self.content {
            Content::Plain(kind) => {
                Self { mark: self.mark, content: Content::Shared(Arc::new(Shared { kind, size, depth })) }
            }
            Content::Shared(_) => self,
        }
    }
}

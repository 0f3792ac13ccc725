//! Builds trees from the parser's events, without recursion, within the budget of nodes and levels.
//!
//! Duplicate keys, keys that are no text, unknown tags and aliases inside their own anchor are reported and left out;
//! the rest of the document is still read.

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::node::Content;
use super::{Entry, Key, Kind, MAX_DEPTH, MAX_NODES, Mark, Node, Scalar, Style, syntax};
use foldhash::HashMap;
use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use rustc_hash::FxHashMap;

/// All documents of a text.
pub(super) fn documents(text: &str, file: &str, diagnostics: &mut Diagnostics) -> Vec<Node> {
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder {
        file,
        diagnostics,
        documents: Vec::new(),
        stack: Vec::new(),
        anchors: FxHashMap::default(),
        nodes: 0,
    };
    builder.run(&mut parser, text);
    builder.documents
}

/// Beyond these the file is something else than YAML.
const MAX_SYNTAX_ERRORS: usize = 20;

/// Reading of the whole file ends here: the budget is spent.
struct BudgetSpent;

struct Builder<'a> {
    file: &'a str,
    diagnostics: &'a mut Diagnostics,
    documents: Vec<Node>,
    stack: Vec<Frame>,
    anchors: FxHashMap<usize, Node>,
    nodes: usize,
}

/// A list or map that is still open.
struct Frame {
    mark: Mark,
    anchor: usize,
    flow: bool,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merges: Vec<Node>, key: Option<PendingKey> },
}

/// A key whose value has not been read yet.
enum PendingKey {
    Named(Key),
    /// `<<`
    Merge,
    /// Reported already; its value is dropped.
    Bad,
}

impl Builder<'_> {
    /// Reads on after a syntax error at the next document, as long as there are few.
    fn run<'t>(&mut self, parser: &mut Parser<'t, StrInput<'t>>, text: &str) {
        let mut syntax_errors = 0;
        loop {
            match parser.next_event() {
                None | Some(Ok((Event::StreamEnd, _))) => return,
                Some(Ok((event, span))) => {
                    if self.event(event, &span).is_err() {
                        return;
                    }
                }
                Some(Err(error)) => {
                    self.diagnostics.push(syntax::diagnostic(&error, text, self.file));
                    self.diagnostics.hide_by_words(self.file);
                    self.stack.clear();
                    self.anchors.clear();
                    syntax_errors += 1;
                    if syntax_errors == MAX_SYNTAX_ERRORS || !matches!(parser.proceed_next_document(), Ok(true)) {
                        return;
                    }
                }
            }
        }
    }

    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), BudgetSpent> {
        let mark = Mark::of(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = self.scalar_style(style, tag.as_deref(), mark);
                let node = Node::new(mark, Kind::Scalar(Scalar { text: text.into(), style }));
                self.spend(1, mark)?;
                self.complete(node, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", mark);
                self.open(mark, anchor, style, Open::List(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", mark);
                self.open(mark, anchor, style, Open::Map { entries: Vec::new(), merges: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(mark),
            Event::Alias(id) => self.alias(id, mark),
            Event::UnresolvedAlias(_) => {
                let help = "an alias needs an anchor before it in the same document; quote a value that begins with *";
                self.report(mark, "unknown alias", help);
                self.complete(null(mark), 0)
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        mark: Mark,
        anchor: usize,
        style: granit_parser::StructureStyle,
        open: Open,
    ) -> Result<(), BudgetSpent> {
        self.spend(1, mark)?;
        let flow = style == granit_parser::StructureStyle::Flow;
        self.stack.push(Frame { mark, anchor, flow, open });
        self.check_depth(self.stack.len(), mark)
    }

    fn close(&mut self, end: Mark) -> Result<(), BudgetSpent> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let mut mark = frame.mark;
        let kind = match frame.open {
            Open::List(items) => Kind::List(items),
            Open::Map { entries, merges, .. } => Kind::Map(self.finish_map(entries, merges)?),
        };
        // A block collection ends with its last value, not at the next key after comments and blank lines.
        mark.end = if frame.flow { end.end } else { last_end(&kind).unwrap_or(mark.end) };
        self.complete(Node::new(mark, kind), frame.anchor)
    }

    /// A value is whole: it becomes a key, a value, an item or a document.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), BudgetSpent> {
        let node = if anchor == 0 {
            node
        } else {
            let node = node.into_shared();
            self.anchors.insert(anchor, node.clone());
            node
        };
        match self.stack.last_mut().map(|frame| &mut frame.open) {
            None => self.documents.push(node),
            Some(Open::List(items)) => items.push(node),
            Some(Open::Map { entries, merges, key }) => match key.take() {
                Some(PendingKey::Named(key)) => entries.push(Entry { key, value: node }),
                Some(PendingKey::Merge) => merges.push(node),
                Some(PendingKey::Bad) => {}
                None => match pending_key(node) {
                    Ok(found) => *key = Some(found),
                    Err(mark) => {
                        *key = Some(PendingKey::Bad);
                        self.report(
                            mark,
                            "a key must be a text, not a list or a map",
                            "put quotes round it if it is one",
                        );
                    }
                },
            },
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, mark: Mark) -> Result<(), BudgetSpent> {
        let Some(target) = self.anchors.get(&id).cloned() else {
            self.report(mark, "an alias inside its own anchor never ends", "remove the alias");
            return self.complete(null(mark), 0);
        };
        let (size, depth) = target.measure();
        self.spend(size, mark)?;
        self.check_depth(self.stack.len() + depth, mark)?;
        self.complete(target, 0)
    }

    /// Reports duplicate keys and adds merged ones; explicit keys win, then earlier merges.
    fn finish_map(&mut self, entries: Vec<Entry>, merges: Vec<Node>) -> Result<Vec<Entry>, BudgetSpent> {
        let mut lines: HashMap<Box<str>, u32> = HashMap::default();
        let mut unique = Vec::with_capacity(entries.len());
        for entry in entries {
            match lines.get(&entry.key.text) {
                None => {
                    lines.insert(entry.key.text.clone(), entry.key.mark.line);
                    unique.push(entry);
                }
                Some(first) => {
                    let message = format!("the key `{}` is already set on line {first}", entry.key.text);
                    self.report(entry.key.mark, message, "keep one of the two");
                }
            }
        }
        for source in self.merge_sources(merges) {
            let Kind::Map(merged) = source.kind() else { continue };
            for entry in merged {
                if !lines.contains_key(&entry.key.text) {
                    self.spend(entry.value.measure().0, source.mark)?;
                    lines.insert(entry.key.text.clone(), entry.key.mark.line);
                    unique.push(entry.clone());
                }
            }
        }
        Ok(unique)
    }

    /// `<<: *one` or `<<: [*one, *two]`.
    fn merge_sources(&mut self, merges: Vec<Node>) -> Vec<Node> {
        let mut maps = Vec::new();
        for merge in merges {
            match merge.kind() {
                Kind::Map(_) => maps.push(merge),
                Kind::List(items) if items.iter().all(|item| matches!(item.kind(), Kind::Map(_))) => {
                    maps.extend(items.iter().cloned());
                }
                _ => self.report(merge.mark, "the merge key << needs a map or a list of maps", "write <<: *anchor"),
            }
        }
        maps
    }

    fn scalar_style(&mut self, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Style {
        let written = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        match tag.map(Tag::core_suffix) {
            None => written,
            Some(Some("str")) => Style::Quoted,
            Some(Some("int" | "float" | "bool" | "null")) => written,
            Some(_) => {
                self.report_tag(mark);
                written
            }
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, allowed: &str, mark: Mark) {
        if tag.is_some_and(|tag| tag.core_suffix() != Some(allowed)) {
            self.report_tag(mark);
        }
    }

    /// Without its name, for it may be the beginning of an unquoted secret; so may an alias.
    fn report_tag(&mut self, mark: Mark) {
        let help = "remove it; values from files and the environment are given as …_file keys and ${NAME}";
        self.report(mark, "YAML tags are not supported", help);
    }

    fn spend(&mut self, nodes: usize, mark: Mark) -> Result<(), BudgetSpent> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("the file holds more than {MAX_NODES} values, aliases counted at each use");
        self.report(mark, message, "split it into several files, or use fewer aliases");
        Err(BudgetSpent)
    }

    fn check_depth(&mut self, depth: usize, mark: Mark) -> Result<(), BudgetSpent> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        self.diagnostics.push(syntax::too_deep(self.file, mark));
        Err(BudgetSpent)
    }

    fn report(&mut self, mark: Mark, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic::error(self.file, mark, message).help(help));
        // What is left out is never decoded, so its secrets are not known.
        self.diagnostics.hide_by_words(self.file);
    }
}

fn null(mark: Mark) -> Node {
    Node::new(mark, Kind::Scalar(Scalar { text: "".into(), style: Style::Plain }))
}

fn pending_key(node: Node) -> Result<PendingKey, Mark> {
    let mark = node.mark;
    let scalar = match node.content {
        Content::Plain(Kind::Scalar(scalar)) => scalar,
        Content::Shared(shared) => match &shared.kind {
            Kind::Scalar(scalar) => scalar.clone(),
            _ => return Err(mark),
        },
        Content::Plain(_) => return Err(mark),
    };
    let merge = scalar.style == Style::Plain && &*scalar.text == "<<";
    Ok(if merge { PendingKey::Merge } else { PendingKey::Named(Key { text: scalar.text, mark }) })
}

fn last_end(kind: &Kind) -> Option<u32> {
    match kind {
        Kind::Scalar(_) => None,
        Kind::List(items) => items.last().map(|node| node.mark.end),
        // An anchored value that was given elsewhere ends elsewhere; the key is the least that belongs here.
        Kind::Map(entries) => entries.last().map(|entry| entry.value.mark.end.max(entry.key.mark.end)),
    }
}

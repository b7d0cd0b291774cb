//! YAML text as a tree in which every node knows its place. Built without recursion, and bounded, so that no file exhausts
//! anything. Repeated keys are kept, to be told with everything else.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// The deepest nesting; records need five levels.
const DEPTH_MAX: usize = 32;
/// The most nodes that aliases may add: nested aliases could otherwise grow without end.
const ALIASED_NODES_MAX: usize = 100_000;

#[derive(Clone, Debug)]
pub(super) struct Node {
    /// 1 is the first.
    pub(super) line: usize,
    /// 1 is the first.
    pub(super) column: usize,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Why there is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl Node {
    fn new(span: Span, shape: Shape) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1, shape }
    }

    /// Whether it is a plain word that means "nothing".
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.shape, Shape::Text { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// How many nodes it has, and how deep they are. Its depth is bounded when it is built, so this recursion is too.
    fn extent(&self) -> (usize, usize) {
        let join = |(nodes, depth): (usize, usize), node: &Self| {
            let (more, below) = node.extent();
            (nodes + more, depth.max(below + 1))
        };
        match &self.shape {
            Shape::Text { .. } => (1, 1),
            Shape::List(items) => items.iter().fold((1, 1), join),
            Shape::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).fold((1, 1), join),
        }
    }
}

/// Reads the one document of a text; nothing if there is none.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let place = Span::empty(*error.marker());
                return Err(fault(place, format!("this is no YAML: {}", error.info())));
            }
        }
    }
    Ok(builder.root)
}

fn fault(span: Span, message: impl Into<String>) -> Fault {
    Fault { line: span.start.line(), column: span.start.col() + 1, message: message.into() }
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, in a map.
    key: Option<Node>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    documents: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(fault(span, "a second document begins here; a file holds one zone"));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                untagged(tag.as_deref(), span)?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.put(Node::new(span, Shape::Text { text: text.into_owned(), plain }), anchor);
            }
            Event::SequenceStart(anchor, tag) => self.begin(Shape::List(Vec::new()), anchor, tag.as_deref(), span)?,
            Event::MappingStart(anchor, tag) => self.begin(Shape::Map(Vec::new()), anchor, tag.as_deref(), span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, anchor, .. }) = self.open.pop() {
                    self.put(node, anchor);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
        }
        Ok(())
    }

    fn begin(&mut self, shape: Shape, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
        untagged(tag, span)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(fault(span, "this is nested too deep"));
        }
        self.open.push(Open { node: Node::new(span, shape), anchor, key: None });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        let node = self.anchors.get(&anchor).cloned();
        let node = node.ok_or_else(|| fault(span, "this alias stands inside its own anchor"))?;
        let (nodes, depth) = node.extent();
        self.aliased += nodes;
        if self.aliased > ALIASED_NODES_MAX || self.open.len() + depth > DEPTH_MAX {
            return Err(fault(span, "aliases make this file too large"));
        }
        self.put(node, 0);
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) {
        // The parser numbers anchors from 1; 0 means none.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(Open { node: parent, key, .. }) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.shape {
            Shape::List(items) => items.push(node),
            Shape::Map(entries) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            Shape::Text { .. } => unreachable!("invariant: only lists and maps are opened"),
        }
    }
}

/// octoDNS reads `!include`; a zone of several files is not read here.
fn untagged(tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == "str") => {
            Err(fault(span, format!("the tag `{tag}` is not read here; write its content in its place")))
        }
        Some(_) | None => Ok(()),
    }
}

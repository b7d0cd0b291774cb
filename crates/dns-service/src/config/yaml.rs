//! YAML text as a tree in which every node knows its place.
//!
//! Built from the parser's events without recursion, so that hostile nesting cannot exhaust the stack. Repeated
//! keys are kept, since the walk reports them together with everything else; a loader that stops at the first one
//! could not. Scalars stay text: what a `1.10` or an `on` means is for the one who asks to say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::fault::{Fault, Place};

/// The deepest nesting; the deepest configuration needs about ten.
const DEPTH_MAX: usize = 64;

/// The most nodes that aliases may add. A page of nested aliases could otherwise grow without end.
const ALIASED_NODES_MAX: usize = 100_000;

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) shape: Shape,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Whether it is a plain scalar that means "nothing".
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.shape, Shape::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Gives back the room for more: most collections are small, and there are ten for each service.
    fn shrink(&mut self) {
        match &mut self.shape {
            Shape::Scalar { text, .. } => text.shrink_to_fit(),
            Shape::List(items) => items.shrink_to_fit(),
            Shape::Map(entries) => entries.shrink_to_fit(),
        }
    }

    fn count(&self) -> usize {
        // Depth is bounded by DEPTH_MAX when a tree is built, so this recursion is too.
        1 + match &self.shape {
            Shape::Scalar { .. } => 0,
            Shape::List(items) => items.iter().map(Self::count).sum(),
            Shape::Map(entries) => entries.iter().map(|(key, value)| key.count() + value.count()).sum(),
        }
    }

    fn depth(&self) -> usize {
        1 + match &self.shape {
            Shape::Scalar { .. } => 0,
            Shape::List(items) => items.iter().map(Self::depth).max().unwrap_or(0),
            Shape::Map(entries) => entries.iter().map(|(key, value)| key.depth().max(value.depth())).max().unwrap_or(0),
        }
    }
}

/// Reads the one document of a text.
///
/// # Errors
/// A [`Fault`] with the place: the text is no YAML, holds no document or several, or goes past a bound.
pub(super) fn parse(file: &Path, text: &str) -> Result<Node, Fault> {
    let mut builder = Builder::new(file);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let place = builder.place(Span::empty(*error.marker()));
                return Err(Fault::new(&place, "", format!("this is no YAML: {}", error.info()), None));
            }
        }
    }
    builder.root.ok_or_else(|| Fault::new(&Place::file(file), "", "the file is empty", None))
}

/// A collection that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, in a map.
    key: Option<Node>,
}

struct Builder {
    file: Arc<Path>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    documents: usize,
    root: Option<Node>,
}

impl Builder {
    fn new(file: &Path) -> Self {
        Self { file: Arc::from(file), open: Vec::new(), anchors: BTreeMap::new(), aliased: 0, documents: 0, root: None }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: Arc::clone(&self.file), line: span.start.line(), column: span.start.col() + 1 }
    }

    fn refused(&self, span: Span, message: &str) -> Fault {
        Fault::new(&self.place(span), "", message, None)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.start_document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span)?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.insert(self.node(span, Shape::Scalar { text: text.into_owned(), plain }), anchor);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => self.start(Shape::List(Vec::new()), anchor, tag.as_deref(), span),
            Event::MappingStart(anchor, tag) => self.start(Shape::Map(Vec::new()), anchor, tag.as_deref(), span),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { mut node, anchor, .. }) = self.open.pop() {
                    node.shrink();
                    self.insert(node, anchor);
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
        }
    }

    fn node(&self, span: Span, shape: Shape) -> Node {
        Node { place: self.place(span), shape }
    }

    fn start_document(&mut self, span: Span) -> Result<(), Fault> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(self.refused(span, "a file holds one document; put this one into a file of its own"));
        }
        Ok(())
    }

    fn check_tag(&self, tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
        match tag {
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == "str") => {
                Err(self.refused(span, &format!("the tag `{tag}` has no meaning here")))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn start(&mut self, shape: Shape, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
        self.check_tag(tag, span)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(self.refused(span, "this is nested too deep"));
        }
        self.open.push(Open { node: self.node(span, shape), anchor, key: None });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(self.refused(span, "this alias stands inside its own anchor"));
        };
        self.aliased += node.count();
        if self.aliased > ALIASED_NODES_MAX || self.open.len() + node.depth() > DEPTH_MAX {
            return Err(self.refused(span, "aliases make this file too large"));
        }
        let node = node.clone();
        self.insert(node, 0);
        Ok(())
    }

    fn insert(&mut self, node: Node, anchor: usize) {
        // The parser numbers anchors from 1; 0 means none.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.node.shape {
            Shape::List(items) => items.push(node),
            Shape::Map(entries) => match parent.key.take() {
                Some(key) => entries.push((key, node)),
                None => parent.key = Some(node),
            },
            Shape::Scalar { .. } => unreachable!("invariant: only lists and maps are opened"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse(Path::new("x.yaml"), text).expect_err("a fault").to_string()
    }

    #[test]
    fn keeps_repeated_keys_with_their_places() {
        let root = parse(Path::new("x.yaml"), "a: 1\nb: 2\na: 3\n").expect("parses");
        let Shape::Map(entries) = root.shape else { panic!("a map") };
        let lines: Vec<usize> = entries.iter().map(|(key, _)| key.place.line).collect();
        assert_eq!(lines, [1, 2, 3]);
    }

    #[test]
    fn aliases_stand_for_their_anchors() {
        let root = parse(Path::new("x.yaml"), "a: &x [1, 2]\nb: *x\n").expect("parses");
        let Shape::Map(entries) = root.shape else { panic!("a map") };
        assert!(matches!(&entries[1].1.shape, Shape::List(items) if items.len() == 2));
    }

    #[test]
    fn refuses_what_could_exhaust_it() {
        assert!(fault(&"[".repeat(5_000)).contains("x.yaml:1:"));
        assert!(fault(&"- ".repeat(5_000)).contains("nested too deep"));
        let level = |level: usize| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            _ => format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")),
        };
        let bomb: String = (0..12).map(level).collect();
        assert!(fault(&bomb).contains("too large"));
    }

    #[test]
    fn refuses_other_shapes_with_the_place() {
        assert_eq!(fault(""), "x.yaml: the file is empty");
        assert!(fault("a: 1\n---\nb: 2\n").starts_with("x.yaml:2:1: a file holds one document"));
        assert!(fault("a: !!int 3\n").starts_with("x.yaml:1:"));
        assert!(fault("a: [1\nb: 2\n").starts_with("x.yaml:"));
    }
}

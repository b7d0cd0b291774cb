//! The XML of requests, read as strictly as by the service's schema, and of answers.

use std::fmt::Display;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

use super::refusal::Refusal;

/// The namespace of every document in both directions.
pub(super) const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// How deep a request may nest; the deepest real one has eight levels.
const DEPTH_MAX: usize = 16;

/// An element with its text or its children.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    children: Vec<Element>,
}

/// The children of an element, taken by name. The API Reference demands its order; the service takes any, or boto3, which
/// writes the order of its caller's dictionary, would fail with it.
pub(super) struct Fields {
    parent: String,
    left: Vec<Element>,
}

impl Element {
    /// Reads a request, whose root must be `root`.
    pub(super) fn parse(body: &[u8], root: &str) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
        let element = read(text)?;
        if element.name != root {
            return Err(malformed(&format!("expected {root}, found {}", element.name)));
        }
        Ok(element)
    }

    pub(super) fn fields(self) -> Result<Fields, Refusal> {
        if !self.text.trim().is_empty() {
            return Err(content(&format!("Element '{}' must have no character content", self.name)));
        }
        Ok(Fields { parent: self.name, left: self.children })
    }

    /// The text of an element without children.
    pub(super) fn value(self) -> Result<String, Refusal> {
        match self.children.first() {
            Some(child) => Err(unexpected(&child.name)),
            None => Ok(self.text),
        }
    }
}

impl Fields {
    /// The first child of this name that is left.
    pub(super) fn optional(&mut self, name: &str) -> Option<Element> {
        let at = self.left.iter().position(|child| child.name == name)?;
        Some(self.left.remove(at))
    }

    /// A child of this name, which must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<Element, Refusal> {
        self.optional(name).ok_or_else(|| {
            let parent = &self.parent;
            content(&format!(
                "The content of element '{parent}' is not complete. One of '{{\"{NAMESPACE}\":{name}}}' is expected."
            ))
        })
    }

    /// The text of a child of this name, if there is one.
    pub(super) fn optional_value(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        self.optional(name).map(Element::value).transpose()
    }

    /// The text of a child of this name, which must be there.
    pub(super) fn value(&mut self, name: &str) -> Result<String, Refusal> {
        self.required(name)?.value()
    }

    /// All children; each must have this name, and there must be one.
    pub(super) fn list(mut self, name: &str) -> Result<Vec<Element>, Refusal> {
        if self.left.is_empty() {
            self.required(name)?;
        }
        match self.left.iter().find(|child| child.name != name) {
            Some(other) => Err(unexpected(&other.name)),
            None => Ok(self.left),
        }
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), Refusal> {
        self.left.first().map_or(Ok(()), |child| Err(unexpected(&child.name)))
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::malformed_input(why)
}

fn content(why: &str) -> Refusal {
    Refusal::invalid_input(&format!("Invalid XML ; cvc-complex-type: {why}"))
}

fn unexpected(name: &str) -> Refusal {
    content(&format!(
        "Invalid content was found starting with element '{name}'. No child element is expected at this point."
    ))
}

fn read(text: &str) -> Result<Element, Refusal> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| malformed(&error.to_string()))?;
        let outside = open.is_empty();
        match event {
            Event::Start(_) | Event::Empty(_) if outside && root.is_some() => return Err(malformed("a second root")),
            Event::Start(_) if open.len() == DEPTH_MAX => return Err(malformed("it nests too deep")),
            Event::Start(start) => open.push(begin(&start, outside)?),
            Event::Empty(start) => close(begin(&start, outside)?, &mut open, &mut root),
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| malformed("an end without a start"))?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| malformed(&error.to_string()))?;
                let known = resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                let text = character.map(String::from).or(known).ok_or_else(|| malformed("an unknown entity"))?;
                add(&mut open, &text)?;
            }
            Event::Comment(_) | Event::Decl(_) => {}
            Event::PI(_) | Event::DocType(_) => return Err(malformed("instructions and document types are refused")),
            Event::Eof if !outside => return Err(malformed("it ends too early")),
            Event::Eof => return root.ok_or_else(|| malformed("there is no element")),
        }
    }
}

/// An element's start. The root declares the namespace; nothing else has attributes or prefixes.
fn begin(start: &BytesStart<'_>, is_root: bool) -> Result<Element, Refusal> {
    let name = start.name().into_inner().to_owned();
    if is_root {
        let namespace = start.try_get_attribute("xmlns").ok().flatten();
        let right = namespace.is_some_and(|attribute| &*attribute.value == NAMESPACE);
        if !right {
            return Err(malformed(&format!("{name} is not in the namespace {NAMESPACE}")));
        }
    } else if !start.attributes_raw().trim().is_empty() {
        return Err(content(&format!("Attributes are not allowed to appear in element '{name}'.")));
    }
    Ok(Element { name, ..Element::default() })
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn add(open: &mut [Element], text: &str) -> Result<(), Refusal> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed("text outside of the root")),
    }
    Ok(())
}

/// An answer that is being written.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: String,
}

impl Answer {
    /// A document with its root.
    pub(super) fn document(root: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut answer = Self { text: String::from("<?xml version=\"1.0\"?>\n") };
        answer.push(["<", root, " xmlns=\"", NAMESPACE, "\">"]);
        content(&mut answer);
        answer.push(["</", root, ">"]);
        answer.text
    }

    /// An element with children.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.push(["<", name, ">"]);
        content(self);
        self.push(["</", name, ">"]);
    }

    /// An element with a text.
    pub(super) fn value(&mut self, name: &str, value: &(impl Display + ?Sized)) {
        self.element(name, |answer| answer.text.push_str(&escape(value.to_string())));
    }

    /// An element with a text, if there is one.
    pub(super) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(name, &value);
        }
    }

    fn push<const N: usize>(&mut self, parts: [&str; N]) {
        self.text.extend(parts);
    }
}

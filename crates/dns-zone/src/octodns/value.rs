//! One value of a record: brought into the presentation form and read as a zone file's is.

use domain::base::Rtype;

use super::form::{Field, Form, Kind};
use super::tree::{Node, Shape};
use crate::owner::Owner;
use crate::rdata::{Rdata, push_quoted};
use crate::token;

/// The longest string of a TXT record; longer texts are cut (RFC 1035 §3.3).
const STRING_OCTETS_MAX: usize = 255;

/// Keys and values of a map.
pub(super) type Entries = [(Node, Node)];

/// What is wrong with a value.
pub(super) struct Wrong<'n> {
    pub(super) node: &'n Node,
    pub(super) path: String,
    pub(super) message: String,
    pub(super) advice: &'static str,
}

impl<'n> Wrong<'n> {
    fn new(node: &'n Node, key: &str, message: impl Into<String>, advice: &'static str) -> Self {
        let path = if key.is_empty() { String::new() } else { format!(".{key}") };
        Self { node, path, message: message.into(), advice }
    }
}

/// Reads one value.
pub(super) fn data(rtype: Rtype, form: Form, value: &Node) -> Result<Rdata, Wrong<'_>> {
    let text = match form {
        Form::Text => return strings(rtype, value),
        Form::Word => written(value, "", Kind::Word)?,
        Form::Name => written(value, "", Kind::Name)?,
        Form::Fields(fields) => by_fields(value, fields)?,
        Form::Service => service(value)?,
    };
    let advice = "correct the value; it is read as in a zone file";
    Rdata::parse(rtype, &text, &Owner::root()).map_err(|error| Wrong::new(value, "", error.to_string(), advice))
}

fn by_fields<'n>(value: &'n Node, fields: &[Field]) -> Result<String, Wrong<'n>> {
    let Shape::Map(entries) = &value.shape else {
        return Err(Wrong::new(value, "", "the value is a map of the type's fields", "write each field with its key"));
    };
    let known = |key: &Node| {
        fields.iter().any(|field| is_word(key, field.key) || field.older.is_some_and(|older| is_word(key, older)))
    };
    if let Some((key, _)) = entries.iter().find(|(key, _)| !known(key)) {
        return Err(Wrong::new(key, text_of(key).unwrap_or_default(), "the type has no such field", "remove it"));
    }
    let mut parts = Vec::new();
    for field in fields {
        let node = get(entries, field.key).or_else(|| get(entries, field.older?));
        parts.push(match (node, field.kind) {
            (Some(node), kind) => written(node, field.key, kind)?,
            (None, Kind::WordOr(default)) => default.to_owned(),
            (None, Kind::Word | Kind::Name | Kind::Text) => {
                return Err(Wrong::new(value, field.key, "the field is missing", "add it"));
            }
        });
    }
    Ok(parts.join(" "))
}

/// A field as a token of the presentation form. A word has to be one: what stands behind a space would be another field.
fn written<'n>(node: &'n Node, key: &str, kind: Kind) -> Result<String, Wrong<'n>> {
    let Some(text) = text_of(node) else {
        return Err(Wrong::new(node, key, "a single value is expected", "write one"));
    };
    let is_word = !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "\"();".contains(letter));
    match kind {
        Kind::Text => {
            let mut quoted = String::new();
            push_quoted(&mut quoted, text.as_bytes());
            Ok(quoted)
        }
        Kind::Word | Kind::WordOr(_) | Kind::Name if !is_word => Err(Wrong::new(
            node,
            key,
            format!("`{text}` is not one word"),
            "remove spaces, quotes, parentheses and semicolons",
        )),
        Kind::Name if !text.ends_with('.') => Err(Wrong::new(
            node,
            key,
            format!("the name `{text}` has no final dot"),
            "write the whole name with a dot behind it",
        )),
        Kind::Word | Kind::WordOr(_) | Kind::Name => Ok(text.to_owned()),
    }
}

/// A text as strings of at most 255 octets. octoDNS's escapes are those of zone files: `\;` is a semicolon.
fn strings(rtype: Rtype, value: &Node) -> Result<Rdata, Wrong<'_>> {
    let Some(text) = text_of(value) else {
        return Err(Wrong::new(value, "", "a text is expected", "write it in quotes"));
    };
    let advice = "write `\\\\` for a backslash and `\\;` for a semicolon";
    let octets = token::octets_of(text.as_bytes()).map_err(|reason| Wrong::new(value, "", reason, advice))?;
    let mut wire = Vec::with_capacity(octets.len() + 1);
    if octets.is_empty() {
        wire.push(0);
    }
    for string in octets.chunks(STRING_OCTETS_MAX) {
        wire.push(u8::try_from(string.len()).expect("invariant: chunks have at most 255 octets"));
        wire.extend_from_slice(string);
    }
    let too_long = |error: crate::RdataError| Wrong::new(value, "", error.to_string(), "cut it into several records");
    if wire.len() > usize::from(u16::MAX) {
        return Err(Wrong::new(value, "", "the text exceeds 65,535 octets", "cut it into several records"));
    }
    Rdata::from_wire(rtype, &wire).map_err(too_long)
}

/// SVCB and HTTPS: `svcpriority`, `targetname`, and `svcparams` as a map whose values are words or lists of them.
fn service(value: &Node) -> Result<String, Wrong<'_>> {
    let Shape::Map(entries) = &value.shape else {
        return Err(Wrong::new(value, "", "the value is a map", "write `svcpriority`, `targetname` and `svcparams`"));
    };
    let field =
        |key: &'static str| get(entries, key).ok_or_else(|| Wrong::new(value, key, "the field is missing", "add it"));
    let mut text = written(field("svcpriority")?, "svcpriority", Kind::Word)?;
    text.push(' ');
    text.push_str(&written(field("targetname")?, "targetname", Kind::Name)?);
    if let Some((key, _)) = entries
        .iter()
        .find(|(key, _)| !["svcpriority", "targetname", "svcparams"].iter().any(|known| is_word(key, known)))
    {
        return Err(Wrong::new(key, text_of(key).unwrap_or_default(), "the type has no such field", "remove it"));
    }
    let parameters = match get(entries, "svcparams").map(|node| (node, &node.shape)) {
        None => return Ok(text),
        Some((node, _)) if node.is_null() => return Ok(text),
        Some((_, Shape::Map(parameters))) => parameters,
        Some((node, Shape::List(_) | Shape::Text { .. })) => {
            return Err(Wrong::new(node, "svcparams", "it is a map of keys and values", "write `key: value`"));
        }
    };
    for (key, value) in parameters {
        text.push(' ');
        text.push_str(&written(key, "svcparams", Kind::Word)?);
        let octets = parameter(value)?;
        if !octets.is_empty() {
            text.push('=');
            push_quoted(&mut text, &octets);
        }
    }
    Ok(text)
}

/// The value of a parameter: nothing, a word, or words with commas between them, within which commas are escaped.
fn parameter(value: &Node) -> Result<Vec<u8>, Wrong<'_>> {
    let Shape::List(items) = &value.shape else {
        return Ok(text_of(value).unwrap_or_default().as_bytes().to_vec());
    };
    let mut words = Vec::new();
    for item in items {
        let word = text_of(item).ok_or_else(|| Wrong::new(item, "svcparams", "a word is expected", "write one"))?;
        words.push(word.replace('\\', "\\\\").replace(',', "\\,"));
    }
    Ok(words.join(",").into_bytes())
}

pub(super) fn is_word(node: &Node, word: &str) -> bool {
    matches!(&node.shape, Shape::Text { text, .. } if text == word)
}

pub(super) fn get<'n>(entries: &'n Entries, key: &str) -> Option<&'n Node> {
    entries.iter().find(|(found, _)| is_word(found, key)).map(|(_, value)| value)
}

pub(super) fn text_of(node: &Node) -> Option<&str> {
    match &node.shape {
        Shape::Text { text, .. } if !node.is_null() => Some(text),
        Shape::Text { .. } | Shape::List(_) | Shape::Map(_) => None,
    }
}

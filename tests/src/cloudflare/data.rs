//! `data`: the components of a value, for the types whose values have several. All of them have to be there, and nothing else;
//! the content that is shown and served is made of them.

use data_encoding::BASE64;
use serde_json::{Map, Value};

use super::record::RecordType;
use super::refusal::Refusal;
use super::{name, txt};

/// The longest character string (RFC 1035 §3.3).
const STRING_OCTETS_MAX: usize = 255;

/// What a component is.
#[derive(Clone, Copy, Debug)]
enum Component {
    U8,
    U16,
    /// Letters and digits.
    Word,
    /// Printable ASCII, without escapes.
    Text,
    /// A host name, or the root.
    Host,
    Hex,
    Base64,
    /// Service parameters (RFC 9460), `key=value` each.
    Parameters,
    /// One of two letters.
    Direction(&'static str, &'static str),
    /// A number with that many decimals, and what stands behind it.
    Decimal(usize, &'static str),
}

/// Those of a type, in the order of the zone file; none if it has a content of its own.
fn components(rtype: RecordType) -> Option<&'static [(&'static str, Component)]> {
    use Component::{Base64, Decimal, Direction, Hex, Host, Parameters, Text, U8, U16, Word};
    Some(match rtype {
        RecordType::Caa => &[("flags", U8), ("tag", Word), ("value", Text)],
        RecordType::Cert => &[("type", U16), ("key_tag", U16), ("algorithm", U8), ("certificate", Base64)],
        RecordType::Dnskey => &[("flags", U16), ("protocol", U8), ("algorithm", U8), ("public_key", Base64)],
        RecordType::Ds => &[("key_tag", U16), ("algorithm", U8), ("digest_type", U8), ("digest", Hex)],
        RecordType::Https | RecordType::Svcb => &[("priority", U16), ("target", Host), ("value", Parameters)],
        RecordType::Loc => &[
            ("lat_degrees", U8),
            ("lat_minutes", U8),
            ("lat_seconds", Decimal(3, "")),
            ("lat_direction", Direction("N", "S")),
            ("long_degrees", U8),
            ("long_minutes", U8),
            ("long_seconds", Decimal(3, "")),
            ("long_direction", Direction("E", "W")),
            ("altitude", Decimal(2, "m")),
            ("size", Decimal(2, "m")),
            ("precision_horz", Decimal(2, "m")),
            ("precision_vert", Decimal(2, "m")),
        ],
        RecordType::Naptr => &[
            ("order", U16),
            ("preference", U16),
            ("flags", Text),
            ("service", Text),
            ("regex", Text),
            ("replacement", Host),
        ],
        RecordType::Smimea | RecordType::Tlsa => {
            &[("usage", U8), ("selector", U8), ("matching_type", U8), ("certificate", Hex)]
        }
        RecordType::Srv => &[("priority", U16), ("weight", U16), ("port", U16), ("target", Host)],
        RecordType::Sshfp => &[("algorithm", U8), ("type", U8), ("fingerprint", Hex)],
        // Its priority stands beside.
        RecordType::Uri => &[("weight", U16), ("target", Text)],
        RecordType::A
        | RecordType::Aaaa
        | RecordType::Cname
        | RecordType::Mx
        | RecordType::Ns
        | RecordType::Openpgpkey
        | RecordType::Ptr
        | RecordType::Txt => return None,
    })
}

/// Whether a type's values have components.
pub(super) fn has(rtype: RecordType) -> bool {
    components(rtype).is_some()
}

/// The content that they make.
pub(super) fn content(rtype: RecordType, data: &Map<String, Value>) -> Result<String, Refusal> {
    let components = components(rtype).ok_or_else(|| Refusal::body("This type has a `content`, and no `data`."))?;
    let missing: Vec<&str> = components.iter().map(|(key, _)| *key).filter(|key| !data.contains_key(*key)).collect();
    if !missing.is_empty() {
        return Err(Refusal::missing_data(&missing));
    }
    if let Some(key) = data.keys().find(|key| !components.iter().any(|(known, _)| known == key)) {
        return Err(Refusal::body(&format!("`data.{key}` is no component of {}.", rtype.as_str())));
    }
    let words = components.iter().map(|(key, component)| {
        let wrong = || Refusal::body(&format!("`data.{key}` is no {component:?}."));
        component.text(&data[*key]).ok_or_else(wrong)
    });
    let words: Result<Vec<String>, Refusal> = words.collect();
    Ok(words?.join(" ").trim_end().to_owned())
}

/// A content that is octets and nothing else.
pub(super) fn base64(given: &str) -> Option<String> {
    let octets = BASE64.decode(given.as_bytes()).ok()?;
    (!octets.is_empty()).then(|| given.to_owned())
}

impl Component {
    /// As a zone file has it; none if it is something else.
    fn text(self, value: &Value) -> Option<String> {
        match self {
            Self::U8 => u8::try_from(value.as_u64()?).ok().map(|number| number.to_string()),
            Self::U16 => u16::try_from(value.as_u64()?).ok().map(|number| number.to_string()),
            Self::Word => word(value.as_str()?),
            Self::Text => string(value.as_str()?),
            Self::Host => host(value.as_str()?),
            Self::Hex => hex(value.as_str()?),
            Self::Base64 => base64(value.as_str()?),
            Self::Parameters => parameters(value.as_str()?),
            Self::Direction(one, other) => {
                value.as_str().filter(|text| *text == one || *text == other).map(str::to_owned)
            }
            Self::Decimal(decimals, unit) => value.as_f64().map(|number| format!("{number:.decimals$}{unit}")),
        }
    }
}

fn word(text: &str) -> Option<String> {
    (!text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric())).then(|| text.to_owned())
}

fn string(text: &str) -> Option<String> {
    let is_plain = text.len() <= STRING_OCTETS_MAX && text.bytes().all(|octet| (0x20..=0x7e).contains(&octet));
    is_plain.then(|| txt::render(&[text.as_bytes().to_vec()]))
}

fn host(text: &str) -> Option<String> {
    if text == "." { Some(text.to_owned()) } else { name::host(text).map(|host| format!("{host}.")) }
}

fn hex(text: &str) -> Option<String> {
    let is_hex =
        !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}

fn parameters(text: &str) -> Option<String> {
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_plain = words.iter().all(|word| is_key(word.split_once('=').map_or(word, |(key, _)| key)));
    is_plain.then(|| words.join(" "))
}

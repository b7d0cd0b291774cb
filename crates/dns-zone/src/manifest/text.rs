//! Claims as the values of the manifest's set.
//!
//! `key=value;` pairs in a fixed order. A semicolon in a name is escaped as in any name, and in the beginning of a text percent-encoded, so
//! that neither ends a pair. All is lower case, as in a fence: PowerDNS compares TXT prerequisites without case.

use dns_core::identifier::Installation;
use domain::base::Rtype;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::part::{Beginning, Part};
use super::{Claim, Extent};
use crate::owner::Owner;
use crate::rdata::Rdata;

const VERSION: &str = "dnssync1";

/// What is encoded in the beginning of a text; what is left as it is stands in most of them.
const ENCODED: &AsciiSet = &and_upper_case(
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'=').remove(b':').remove(b'/').remove(b'+'),
);

const fn and_upper_case(mut set: AsciiSet) -> AsciiSet {
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
}

/// A claim, without whose it is.
pub(super) fn claim(claim: &Claim, apex: &Owner) -> String {
    let own = match claim.extent() {
        Extent::Zone => "zone".to_owned(),
        Extent::Below(owner) => format!("below:{}", owner.relative_to(apex)),
        Extent::Name(owner) => format!("name:{}", owner.relative_to(apex)),
    };
    let types: Vec<String> = claim.types().iter().map(|rtype| rtype.to_string().to_ascii_lowercase()).collect();
    let types = if types.is_empty() { String::new() } else { format!("types={};", types.join(",")) };
    let part = match claim.part() {
        Part::Whole => String::new(),
        Part::ValuesFrom(beginning) => format!("part=value:{};", encoded(beginning)),
        part @ (Part::Ttl | Part::Values) => format!("part={part};"),
    };
    format!("own={own};{types}{part}")
}

/// The value that says whose a claim is.
pub(super) fn value(of: &Claim, install: &Installation, apex: &Owner) -> Rdata {
    txt(&format!("v={VERSION};install={install};{}", claim(of, apex)))
}

/// Reads the text of a [`value`]; none if it is anything else, since who doesn't know a word doesn't know whose anything is.
pub(super) fn read(text: &str, apex: &Owner) -> Option<(Installation, Claim)> {
    let pairs = pairs(text)?;
    let [("v", VERSION), ("install", install), ("own", own), more @ ..] = pairs.as_slice() else { return None };
    let (types, more) = match more {
        [("types", types), more @ ..] => (types.split(',').map(|one| one.parse::<Rtype>().ok()).collect(), more),
        more => (Some(Vec::new()), more),
    };
    let part = match more {
        [] => Part::Whole,
        [("part", part)] => read_part(part)?,
        _ => return None,
    };
    Some((install.parse().ok()?, Claim::new(read_extent(own, apex)?, types?, part).ok()?))
}

/// The pairs up to the last semicolon; one after a backslash belongs to a name (RFC 1035 §5.1).
fn pairs(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, octet) in text.bytes().enumerate() {
        if octet == b';' && !escaped {
            pairs.push(text.get(start..at)?.split_once('=')?);
            start = at + 1;
        }
        escaped = octet == b'\\' && !escaped;
    }
    (start == text.len()).then_some(pairs)
}

fn read_extent(own: &str, apex: &Owner) -> Option<Extent> {
    let name = |text: &str| match text {
        "@" => Some(apex.clone()),
        relative => format!("{relative}.{apex}").parse().ok(),
    };
    match own.split_once(':') {
        None if own == "zone" => Some(Extent::Zone),
        Some(("below", text)) => name(text).map(Extent::Below),
        Some(("name", text)) => name(text).map(Extent::Name),
        Some(_) | None => None,
    }
}

/// A part as it is written and no other way, so that no two values make one claim.
fn read_part(text: &str) -> Option<Part> {
    let Some(raw) = text.strip_prefix("value:") else { return text.parse().ok() };
    let beginning = Beginning::new(percent_decode_str(raw).decode_utf8().ok()?)?;
    (encoded(&beginning) == raw).then_some(Part::ValuesFrom(beginning))
}

fn encoded(beginning: &Beginning) -> String {
    utf8_percent_encode(beginning.as_str(), ENCODED).to_string().to_ascii_lowercase()
}

/// A TXT value; texts longer than a string take several.
fn txt(text: &str) -> Rdata {
    let part =
        |part: &[u8]| [&[u8::try_from(part.len()).expect("invariant: a part has at most 255 octets")], part].concat();
    let wire: Vec<u8> = text.as_bytes().chunks(255).flat_map(part).collect();
    Rdata::from_wire(Rtype::TXT, &wire).expect("invariant: strings with their lengths are a TXT")
}

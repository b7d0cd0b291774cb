//! SVCB and HTTPS records (RFC 9460): priority, target, and parameters by key.
//!
//! Parameters are sorted and each stands once, whatever their order in a file. Keys with a form of their own are written in it,
//! all others as `keyN="octets"`, which every server reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::BASE64;
use domain::base::scan::{Scan, Scanner};

use super::scan::{ScanError, Tokens};
use super::write::{Cursor, push_quoted};
use crate::token::octets_of;

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;

/// Keys with names (RFC 9460 §14.3.2, RFC 9461 §5, RFC 9540 §4).
const NAMES: [(&str, u16); 9] = [
    ("mandatory", MANDATORY),
    ("alpn", ALPN),
    ("no-default-alpn", NO_DEFAULT_ALPN),
    ("port", PORT),
    ("ipv4hint", IPV4_HINT),
    ("ech", ECH),
    ("ipv6hint", IPV6_HINT),
    ("dohpath", 7),
    ("ohttp", 8),
];

/// Reads `priority target key=value …`.
pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ScanError> {
    let priority = u16::scan(tokens)?;
    let target = tokens.scan_name()?;
    let mut parameters = BTreeMap::new();
    while tokens.continues() {
        let (key, value) = parameter(tokens)?;
        if parameters.insert(key, value).is_some() {
            return Err(ScanError::new("this key is given twice (RFC 9460 §2.1)"));
        }
    }
    check(&parameters)?;
    let mut wire = [&priority.to_be_bytes()[..], target.as_slice()].concat();
    for (key, value) in parameters {
        let length = u16::try_from(value.len()).map_err(|_| ScanError::new("a value exceeds 65,535 octets"))?;
        wire.extend([key.to_be_bytes(), length.to_be_bytes()].concat());
        wire.extend(value);
    }
    Ok(wire)
}

/// What holds between keys (RFC 9460 §7.1.1, §8).
fn check(parameters: &BTreeMap<u16, Vec<u8>>) -> Result<(), ScanError> {
    if parameters.contains_key(&NO_DEFAULT_ALPN) && !parameters.contains_key(&ALPN) {
        return Err(ScanError::new("`no-default-alpn` needs `alpn` beside it (RFC 9460 §7.1.1)"));
    }
    let mandatory = parameters.get(&MANDATORY).map(Vec::as_slice).unwrap_or_default();
    let missing = |pair: &&[u8]| !parameters.contains_key(&u16::from_be_bytes([pair[0], pair[1]]));
    match mandatory.chunks_exact(2).find(missing) {
        Some(_) => Err(ScanError::new("a key that `mandatory` lists is missing (RFC 9460 §8)")),
        None => Ok(()),
    }
}

/// One parameter: `key`, `key=value` or `key="value"`, of which the last is two tokens without space between them.
fn parameter(tokens: &mut Tokens<'_>) -> Result<(u16, Vec<u8>), ScanError> {
    let token = tokens.next()?;
    let raw = tokens.raw(token);
    if token.quoted {
        return Err(ScanError::new("expected `key=value`; only the value stands in quotes"));
    }
    let Some(equals) = raw.iter().position(|octet| *octet == b'=') else {
        return Ok((key_number(raw)?, value(key_number(raw)?, raw, None)?));
    };
    let (name, text) = (&raw[..equals], &raw[equals + 1..]);
    let key = key_number(name)?;
    let text = match tokens.peek() {
        Some(next) if next.quoted && !next.spaced && text.is_empty() => tokens.next_raw()?,
        Some(_) | None => text,
    };
    let octets = octets_of(text).map_err(ScanError::new)?;
    Ok((key, value(key, name, Some(&octets))?))
}

fn key_number(name: &[u8]) -> Result<u16, ScanError> {
    let text = String::from_utf8_lossy(name);
    if let Some((_, key)) = NAMES.iter().find(|(known, _)| *known == text) {
        return Ok(*key);
    }
    let digits = text.strip_prefix("key").filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
    // No leading zeros (RFC 9460 §2.1), and the last number is reserved (§14.3.2).
    let number =
        digits.filter(|digits| *digits == "0" || !digits.starts_with('0')).and_then(|digits| digits.parse().ok());
    number.filter(|number| *number != u16::MAX).ok_or_else(|| {
        let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        ScanError::new(format!("`{text}` is no key; known are {} and `key0` to `key65534`", known.join(", ")))
    })
}

/// The octets of a value, by its key; written `keyN`, they stand for themselves.
fn value(key: u16, name: &[u8], octets: Option<&[u8]>) -> Result<Vec<u8>, ScanError> {
    let is_named = NAMES.iter().any(|(known, _)| known.as_bytes() == name);
    let given = || octets.filter(|octets| !octets.is_empty()).ok_or_else(|| ScanError::new("this key needs a value"));
    match key {
        _ if !is_named => Ok(octets.unwrap_or_default().to_vec()),
        NO_DEFAULT_ALPN | 8 if octets.is_none() => Ok(Vec::new()),
        NO_DEFAULT_ALPN | 8 => Err(ScanError::new("this key has no value")),
        MANDATORY => mandatory(given()?),
        ALPN => protocols(given()?),
        PORT => Ok(parsed::<u16>(given()?, "a port")?.to_be_bytes().to_vec()),
        IPV4_HINT => Ok(each(given()?, "an IPv4 address", |address: Ipv4Addr| address.octets().to_vec())?.concat()),
        IPV6_HINT => Ok(each(given()?, "an IPv6 address", |address: Ipv6Addr| address.octets().to_vec())?.concat()),
        ECH => BASE64.decode(given()?).map_err(|_| ScanError::new("expected base64")),
        _ => given().map(<[u8]>::to_vec),
    }
}

fn parsed<T: std::str::FromStr>(octets: &[u8], what: &str) -> Result<T, ScanError> {
    let text = String::from_utf8_lossy(octets);
    text.parse().map_err(|_| ScanError::new(format!("`{text}` is not {what}")))
}

fn each<T: std::str::FromStr, R>(octets: &[u8], what: &str, then: impl Fn(T) -> R) -> Result<Vec<R>, ScanError> {
    octets.split(|octet| *octet == b',').map(|item| parsed(item, what).map(&then)).collect()
}

/// Keys in ascending order, each once, `mandatory` itself not among them (RFC 9460 §8).
fn mandatory(octets: &[u8]) -> Result<Vec<u8>, ScanError> {
    let listed: Vec<u16> = octets.split(|octet| *octet == b',').map(key_number).collect::<Result<_, _>>()?;
    let keys: BTreeSet<u16> = listed.iter().copied().collect();
    if keys.len() < listed.len() || keys.contains(&MANDATORY) {
        return Err(ScanError::new("`mandatory` lists each key once, and not itself (RFC 9460 §8)"));
    }
    Ok(keys.into_iter().flat_map(u16::to_be_bytes).collect())
}

/// Protocol names; a comma or backslash in one stands behind a backslash (RFC 9460 appendix A.1).
fn protocols(octets: &[u8]) -> Result<Vec<u8>, ScanError> {
    let mut names = vec![Vec::new()];
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b',' => names.push(Vec::new()),
            octet => {
                let octet = match octet {
                    b'\\' => octets.next().ok_or_else(|| ScanError::new("a `\\` ends the list"))?,
                    octet => octet,
                };
                names.last_mut().expect("invariant: it begins with one").push(*octet);
            }
        }
    }
    let mut wire = Vec::new();
    for name in names {
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0);
        wire.push(length.ok_or_else(|| ScanError::new("a protocol has 1 to 255 octets (RFC 9460 §7.1.1)"))?);
        wire.extend(name);
    }
    Ok(wire)
}

/// Writes the parameters, each behind a space; nothing if one of them has no such form, or they could not be read back.
pub(super) fn write(text: &mut String, cursor: &mut Cursor<'_>) -> Option<()> {
    let mut parameters: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    while !cursor.is_empty() {
        let (key, length) = (cursor.u16()?, cursor.u16()?);
        let value = cursor.take(length.into())?;
        if key == u16::MAX || parameters.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return None;
        }
        write_parameter(text, key, value)?;
        parameters.insert(key, value.to_vec());
    }
    check(&parameters).ok()
}

fn write_parameter(text: &mut String, key: u16, value: &[u8]) -> Option<()> {
    let name = NAMES.iter().find(|(_, number)| *number == key).map(|(name, _)| *name);
    match name {
        Some(name) => write!(text, " {name}").ok()?,
        None => write!(text, " key{key}").ok()?,
    }
    let list = match key {
        NO_DEFAULT_ALPN | 8 if value.is_empty() => return Some(()),
        NO_DEFAULT_ALPN | 8 => return None,
        MANDATORY => {
            listed(value, |[high, low]| key_name(u16::from_be_bytes([high, low]))).filter(|_| is_ascending(value))?
        }
        ALPN => return write_protocols(text, value),
        PORT => u16::from_be_bytes(value.try_into().ok()?).to_string(),
        IPV4_HINT => listed(value, |octets: [u8; 4]| Ipv4Addr::from(octets).to_string())?,
        IPV6_HINT => listed(value, |octets: [u8; 16]| Ipv6Addr::from(octets).to_string())?,
        ECH if !value.is_empty() => BASE64.encode(value),
        ECH => return None,
        _ if value.is_empty() && name.is_some() => return None,
        _ if value.is_empty() => return Some(()),
        _ => {
            text.push('=');
            push_quoted(text, value);
            return Some(());
        }
    };
    write!(text, "={list}").ok()
}

fn key_name(key: u16) -> String {
    NAMES.iter().find(|(_, number)| *number == key).map_or_else(|| format!("key{key}"), |(name, _)| (*name).to_owned())
}

fn is_ascending(value: &[u8]) -> bool {
    let keys: Vec<u16> = value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    keys.first() > Some(&MANDATORY) && keys.is_sorted_by(|one, next| one < next)
}

/// Items of one length, with commas between them; nothing without a whole number of them.
fn listed<const N: usize>(value: &[u8], item: impl Fn([u8; N]) -> String) -> Option<String> {
    let (items, rest) = value.as_chunks::<N>();
    let shown: Vec<String> = items.iter().map(|octets| item(*octets)).collect();
    (rest.is_empty() && !items.is_empty()).then(|| shown.join(","))
}

fn write_protocols(text: &mut String, value: &[u8]) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let mut list = Vec::new();
    while !cursor.is_empty() {
        let length = cursor.u8().filter(|length| *length > 0)?;
        if !list.is_empty() {
            list.push(b',');
        }
        for octet in cursor.take(length.into())? {
            if matches!(octet, b',' | b'\\') {
                list.push(b'\\');
            }
            list.push(*octet);
        }
    }
    if list.is_empty() {
        return None;
    }
    text.push('=');
    let is_plain = |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\' | b';' | b'(' | b')');
    match str::from_utf8(&list) {
        Ok(plain) if list.iter().all(is_plain) => text.push_str(plain),
        Ok(_) | Err(_) => push_quoted(text, &list),
    }
    Some(())
}

//! Names and values as Route 53 writes them.
//!
//! A byte of a name that is not a lower-case letter, a digit, `-` or `_` is an octal escape, so `*` is `\052` (Developer
//! Guide, "DNS domain name format"). A TXT value is one or more strings in double quotes with a space between them; in a
//! string, `"` and `\` have a backslash, and what is not printable ASCII is an octal escape (ibid., "TXT record type").

use std::fmt::Write as _;

use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData};

/// A name with its final dot, as the API takes and answers it.
pub(super) fn of_name(name: &Name) -> String {
    let mut text = String::new();
    for label in name {
        for byte in label.iter().map(u8::to_ascii_lowercase) {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
                _ => octal(&mut text, byte),
            }
        }
        text.push('.');
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// Reads a name, with or without its final dot; `None` if it is none.
pub(super) fn name(text: &str) -> Option<Name> {
    let mut labels: Vec<Vec<u8>> = Vec::new();
    let mut label = Vec::new();
    let mut rest = text.strip_suffix('.').unwrap_or(text).as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'.' => labels.push(std::mem::take(&mut label)),
            b'\\' => {
                let (escaped, after) = unescape(rest)?;
                label.push(escaped.to_ascii_lowercase());
                rest = after;
            }
            plain => label.push(plain.to_ascii_lowercase()),
        }
    }
    labels.push(label);
    let mut name = Name::from_labels(labels).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The values of a set; none if it is an alias.
pub(super) fn of_values(set: &Rrset) -> Vec<String> {
    set.values().iter().map(of_value).collect()
}

fn of_value(value: &RData) -> String {
    match value {
        RData::CNAME(CNAME(target)) => of_name(target),
        other => other.to_string(),
    }
}

/// Reads a value; `None` if it is none of its type.
pub(super) fn value(rtype: GuardedType, text: &str) -> Option<RData> {
    match rtype {
        GuardedType::A => text.parse().ok().map(|address| RData::A(A(address))),
        GuardedType::Aaaa => text.parse().ok().map(|address| RData::AAAA(AAAA(address))),
        GuardedType::Cname => name(text).map(|target| RData::CNAME(CNAME(target))),
    }
}

/// A fence as the value of a TXT record.
pub(super) fn of_fence(fence: &FenceText) -> String {
    fence.strings().iter().map(|string| quoted(string)).collect::<Vec<_>>().join(" ")
}

fn quoted(string: &str) -> String {
    let mut text = String::from("\"");
    for byte in string.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => octal(&mut text, byte),
        }
    }
    text.push('"');
    text
}

/// Reads the value of a TXT record; `None` if it is not made of quoted strings, or they are no text.
pub(super) fn fence(value: &str) -> Option<FenceText> {
    let mut strings = Vec::new();
    let mut rest = value.trim_ascii().as_bytes();
    while !rest.is_empty() {
        let (string, after) = unquote(rest.strip_prefix(b"\"")?)?;
        strings.push(String::from_utf8(string).ok()?);
        rest = after.trim_ascii_start();
    }
    Some(FenceText::from_strings(strings))
}

/// The bytes up to the closing quote, and what follows it.
fn unquote(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut string = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((string, rest)),
            b'\\' => {
                let (escaped, after) = unescape(rest)?;
                string.push(escaped);
                rest = after;
            }
            plain => string.push(plain),
        }
    }
}

/// What follows a backslash: three octal digits of a byte, or the character itself.
fn unescape(rest: &[u8]) -> Option<(u8, &[u8])> {
    if let Some((digits, after)) = rest.split_at_checked(3)
        && digits.iter().all(|digit| matches!(digit, b'0'..=b'7'))
    {
        let value = digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
        return u8::try_from(value).ok().map(|byte| (byte, after));
    }
    rest.split_first().map(|(byte, after)| (*byte, after))
}

fn octal(text: &mut String, byte: u8) {
    write!(text, "\\{byte:03o}").expect("invariant: writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence_of(strings: &[&str]) -> FenceText {
        FenceText::from_strings(strings.iter().map(|&string| string.to_owned()).collect())
    }

    #[test]
    fn names_are_lower_case_with_octal_escapes_in_both_directions() {
        let wildcard = Name::from_ascii("*.W.Example.com.").expect("a name");
        assert_eq!(of_name(&wildcard), "\\052.w.example.com.");
        assert_eq!(name("\\052.w.EXAMPLE.com"), Some(wildcard.to_lowercase()));
        assert_eq!(name("*.w.example.com."), Some(wildcard.to_lowercase()), "unescaped as well");
        let odd = name("a\\057b.example.com.").expect("a name");
        assert_eq!(of_name(&odd), "a\\057b.example.com.");
        assert_eq!(name("a..example.com"), None);
    }

    #[test]
    fn a_fence_survives_quoting() {
        let fence_text = fence_of(&["a=1;", "b=\"\\ x;", "ü"]);
        assert_eq!(of_fence(&fence_text), r#""a=1;" "b=\"\\ x;" "\303\274""#);
        assert_eq!(fence(&of_fence(&fence_text)), Some(fence_text));
    }

    #[test]
    fn what_is_not_quoted_or_no_text_is_no_fence() {
        for bad in ["a=1;", "\"a=1;", "\"a\" b", "\"\\377\"", "\"\\"] {
            assert_eq!(fence(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_are_read_and_written() {
        let target = value(GuardedType::Cname, "LB.Example.net").expect("a name");
        assert_eq!(of_value(&target), "lb.example.net.");
        assert_eq!(of_value(&value(GuardedType::Aaaa, "2001:0db8:0::1").expect("an address")), "2001:db8::1");
        assert_eq!(value(GuardedType::A, "2001:db8::1"), None);
    }
}

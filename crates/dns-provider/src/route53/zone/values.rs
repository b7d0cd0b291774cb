//! Values between their presentation form and Route 53's, which differ in one thing: after a backslash, Route 53 reads octal
//! digits (Developer Guide, "DNS domain name format"), everyone else decimal ones (RFC 1035 §5.1). Pure.

use std::fmt::Write;

use dns_zone::{Rdata, Rtype};

use crate::presentation;

/// A value as Route 53 takes it.
pub(super) fn write(rtype: Rtype, value: &Rdata) -> String {
    octal(&presentation::write(rtype, value))
}

/// Reads a value. The error says what is wrong with it.
pub(super) fn read(rtype: Rtype, text: &str) -> Result<Rdata, String> {
    presentation::read(rtype, &decimal(text))
}

/// Within quotes `\"` and `\\` stay; elsewhere every escape is octal, and so is the asterisk of a name.
fn octal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match next {
            '"' => {
                is_quoted = !is_quoted;
                out.push('"');
            }
            '*' if !is_quoted => push(&mut out, format_args!("\\052")),
            '\\' => {
                let (octet, after) = escaped(rest, 10);
                rest = after;
                match octet {
                    Some(octet @ (b'"' | b'\\')) if is_quoted => out.extend(['\\', char::from(octet)]),
                    Some(octet) => push(&mut out, format_args!("\\{octet:03o}")),
                    None => out.push('\\'),
                }
            }
            plain => out.push(plain),
        }
    }
    out
}

fn decimal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (octet, after) = escaped(after, 8);
        rest = after;
        match octet {
            Some(octet) => push(&mut out, format_args!("\\{octet:03}")),
            None => out.push('\\'),
        }
    }
    out + rest
}

/// What follows a backslash: three digits of an octet, or the character itself; and the rest.
fn escaped(text: &str, radix: u32) -> (Option<u8>, &str) {
    if let Some((digits, after)) = text.split_at_checked(3)
        && digits.chars().all(|digit| digit.is_digit(radix))
        && let Ok(octet) = u8::from_str_radix(digits, radix)
    {
        return (Some(octet), after);
    }
    match text.chars().next() {
        Some(next) if next.is_ascii() => (u8::try_from(next).ok(), &text[1..]),
        _ => (None, text),
    }
}

fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("invariant: writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_octal_there_and_decimal_here() {
        for (rtype, ours, theirs) in [
            (Rtype::A, "192.0.2.1", "192.0.2.1"),
            (Rtype::TXT, r#""\195\164 \" \\ a""#, r#""\303\244 \" \\ a""#),
            (Rtype::CNAME, r"*.a\.b.example.net.", r"\052.a\056b.example.net."),
            (Rtype::MX, "10 mail.example.net.", "10 mail.example.net."),
            (Rtype::CAA, r#"0 issue "ca.example.net""#, r#"0 issue "ca.example.net""#),
        ] {
            let value = presentation::read(rtype, ours).expect("a value");
            assert_eq!(write(rtype, &value), theirs);
            assert_eq!(read(rtype, theirs), Ok(value), "{theirs}");
        }
    }

    #[test]
    fn every_octet_of_a_text_survives() {
        for octet in 0..=u8::MAX {
            let value = Rdata::from_wire(Rtype::TXT, &[3, b'1', octet, b'2']).expect("a text");
            let text = write(Rtype::TXT, &value);
            assert_eq!(read(Rtype::TXT, &text).as_ref(), Ok(&value), "{text}");
        }
    }
}

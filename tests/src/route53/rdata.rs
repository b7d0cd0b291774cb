//! The values that Route 53 takes for each record type (Developer Guide, "Supported DNS record types").
//!
//! The types that the product writes (A, AAAA, CNAME, TXT) are checked in full; of the rest, names, numbers and the count
//! of fields.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::RecordName;

/// Every type that may be asked for (API Reference, `RRType`).
pub(super) const TYPES: [&str; 17] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB",
    "HTTPS",
];

/// The bytes of one string in a TXT record (RFC 1035 §3.3.14).
const STRING_BYTES_MAX: usize = 255;

/// What is wrong with a value, in the words of the service.
pub(super) fn fault(rtype: &str, value: &str) -> Option<String> {
    let checked = match rtype {
        "A" => is(value.parse::<Ipv4Addr>().is_ok(), "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        "AAAA" => {
            is(value.parse::<Ipv6Addr>().is_ok(), "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)")
        }
        "CNAME" | "NS" | "PTR" => name(value),
        "TXT" | "SPF" => strings(value),
        "MX" => fields(value, 2, 1).and_then(|fields| name(fields[1])),
        "SRV" => fields(value, 4, 3).and_then(|fields| name(fields[3])),
        "SOA" => soa(value),
        "CAA" => caa(value),
        "DS" | "TLSA" => fields(value, 4, 3).map(drop),
        "SSHFP" => fields(value, 3, 2).map(drop),
        // NAPTR, SVCB and HTTPS have at least a priority and a target.
        _ => is(value.split_whitespace().count() >= 2, "RRDATANotEnoughFields (Value has too few fields)"),
    };
    let problem = checked.err()?;
    Some(format!("Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''"))
}

fn is(condition: bool, problem: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(problem.to_owned()) }
}

fn name(value: &str) -> Result<(), String> {
    // The root is a target, such as of an MX that takes no mail, but never an owner.
    if value == "." {
        return Ok(());
    }
    RecordName::parse(value).map(drop).map_err(|fault| fault.to_string())
}

/// `count` fields, of which the first `numbers` are numbers of 16 bits.
fn fields(value: &str, count: usize, numbers: usize) -> Result<Vec<&str>, String> {
    let fields: Vec<&str> = value.split_whitespace().collect();
    is(fields.len() == count, "RRDATANotAsManyFields (Value does not have the expected number of fields)")?;
    is(
        fields[..numbers].iter().all(|field| field.parse::<u16>().is_ok()),
        "RRDATAIllegalNumber (Value is not a valid number)",
    )?;
    Ok(fields)
}

fn soa(value: &str) -> Result<(), String> {
    let fields: Vec<&str> = value.split_whitespace().collect();
    is(fields.len() == 7, "SOARRDATANotAsManyFields (Value does not have the expected number of fields)")?;
    is(
        fields[2..].iter().all(|field| field.parse::<u32>().is_ok()),
        "SOARRDATAIllegalNumber (Value is not a valid number)",
    )?;
    name(fields[0]).and_then(|()| name(fields[1]))
}

fn caa(value: &str) -> Result<(), String> {
    let mut parts = value.splitn(3, ' ');
    let flags = parts.next().is_some_and(|flags| flags.parse::<u8>().is_ok());
    let tag = parts.next().is_some_and(|tag| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    is(flags && tag, "CAARRDATAIllegal (Value is not a valid CAA record)")?;
    strings(parts.next().unwrap_or_default())
}

/// One string in quotation marks or several, each of at most 255 bytes.
fn strings(value: &str) -> Result<(), String> {
    const UNQUOTED: &str = "InvalidCharacterString (Value should be enclosed in quotation marks)";
    let mut rest = value.trim().as_bytes();
    is(!rest.is_empty(), UNQUOTED)?;
    while !rest.is_empty() {
        let inside = rest.strip_prefix(b"\"").ok_or(UNQUOTED)?;
        let (length, after) = string(inside).ok_or(UNQUOTED)?;
        is(length <= STRING_BYTES_MAX, "CharacterStringTooLong (Value is too long)")?;
        rest = after.trim_ascii_start();
    }
    Ok(())
}

/// The length of the string that begins here, and what follows its closing mark.
fn string(text: &[u8]) -> Option<(usize, &[u8])> {
    let (mut at, mut length) = (0, 0);
    loop {
        at += match text.get(at)? {
            b'"' => return Some((length, &text[at + 1..])),
            b'\\' if text.get(at + 1)?.is_ascii_digit() => {
                let digits = text.get(at + 1..at + 4)?;
                digits.iter().all(|digit| matches!(digit, b'0'..=b'7')).then_some(4)?
            }
            b'\\' => 2,
            _ => 1,
        };
        length += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_bytes_of_each_string_and_not_of_their_escapes() {
        let full = "x".repeat(255);
        for good in [
            format!("\"{full}\" \"{full}\""),
            "\"a\"\"b\"".to_owned(),
            format!("\"{}\"", "\\101".repeat(255)),
            "\"\\\"\"".to_owned(),
        ] {
            assert_eq!(fault("TXT", &good), None, "{good}");
        }
        for bad in ["", "a", "\"a", "\"a\" b", "\"\\999\"", "\"\\\"", &format!("\"{full}x\"")] {
            assert!(fault("TXT", bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn checks_values_by_type() {
        for (rtype, good, bad) in [
            ("A", "192.0.2.1", "192.0.2.256"),
            ("AAAA", "2001:db8::1", "192.0.2.1"),
            ("CNAME", "www.example.net", "www..example.net"),
            ("MX", "10 mail.example.net.", "mail.example.net."),
            ("SRV", "1 2 443 a.example.net.", "1 2 x a.example.net."),
            ("CAA", "0 issue \"ca.example.net\"", "0 issue ca.example.net"),
            ("SOA", "a. b. 1 7200 900 1209600 86400", "a. b. 1 7200 900 1209600"),
            ("DS", "123 4 5 6ABC", "123 4 5"),
            ("SSHFP", "2 1 123456", "2 1"),
            ("HTTPS", "1 .", "1"),
        ] {
            assert_eq!(fault(rtype, good), None, "{rtype} {good}");
            assert!(fault(rtype, bad).is_some(), "{rtype} {bad}");
        }
    }
}

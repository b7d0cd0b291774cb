//! Contents: what each type takes and how it is stored.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::record::RecordType;
use super::refusal::Refusal;
use super::{data, name, txt};

/// The largest data of one record ("DNS record types").
const WIRE_OCTETS_MAX: usize = 4_096;

/// The content as it is stored.
pub(super) fn stored(rtype: RecordType, owner: &str, given: &str) -> Result<String, Refusal> {
    match rtype {
        RecordType::A => address::<Ipv4Addr>(given, 9005, "Content for A record must be a valid IPv4 address."),
        RecordType::Aaaa => address::<Ipv6Addr>(given, 9006, "Content for AAAA record must be a valid IPv6 address."),
        RecordType::Cname => alias(owner, given),
        RecordType::Ns => host(given, 9008, "Content for NS record is invalid."),
        RecordType::Mx => host(given, 9009, "Content for MX record is invalid."),
        RecordType::Ptr => host(given, 9014, "Content for PTR record is invalid."),
        RecordType::Txt => text(given),
        RecordType::Openpgpkey => {
            data::base64(given).ok_or_else(|| Refusal::body("Content for OPENPGPKEY record must be base64."))
        }
        RecordType::Caa
        | RecordType::Cert
        | RecordType::Dnskey
        | RecordType::Ds
        | RecordType::Https
        | RecordType::Loc
        | RecordType::Naptr
        | RecordType::Smimea
        | RecordType::Srv
        | RecordType::Sshfp
        | RecordType::Svcb
        | RecordType::Tlsa
        | RecordType::Uri => Err(Refusal::body("This type has `data`, of which its content is made.")),
    }
}

fn address<A: std::str::FromStr + ToString>(given: &str, code: u32, message: &str) -> Result<String, Refusal> {
    given.parse::<A>().map(|address| address.to_string()).map_err(|_| Refusal::invalid(code, message))
}

fn host(given: &str, code: u32, message: &str) -> Result<String, Refusal> {
    name::host(given).ok_or_else(|| Refusal::invalid(code, message))
}

fn alias(owner: &str, given: &str) -> Result<String, Refusal> {
    let target = host(given, 9007, "Content for CNAME record is invalid.")?;
    if target.eq_ignore_ascii_case(owner) {
        return Err(Refusal::invalid(9039, "A CNAME record cannot reference itself."));
    }
    Ok(target)
}

fn text(given: &str) -> Result<String, Refusal> {
    let text = txt::parse(given).ok_or_else(|| {
        let message = "Content for TXT record is invalid: it must consist of quoted strings, or have no quotes at all.";
        Refusal::invalid(9012, message)
    })?;
    if text.wire_octets() > WIRE_OCTETS_MAX {
        let message = format!("Record content exceeds the allowed length of {WIRE_OCTETS_MAX} wire format bytes.");
        return Err(Refusal::invalid(9015, message));
    }
    Ok(text.content)
}

//! Record data as text: one line, names absolute or below an origin, always the same for the same octets.
//!
//! The `domain` crate writes such text too, but not always such that it can be read back (names with quotes in them, an IPSECKEY
//! without gateway, fields that are empty), so the fields of each type stand in a table here. What its type's form cannot express
//! is written in the form that every type has (RFC 3597 §5).

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::{BASE32HEX_NOPAD, BASE64, HEXLOWER, HEXUPPER};
use domain::base::Rtype;

use super::{Rdata, location, service};
use crate::owner::Owner;

/// One field of a type's form.
#[derive(Clone, Copy)]
enum Field {
    U8,
    U16,
    U32,
    Ipv4,
    Ipv6,
    Name,
    /// A string with its length.
    Text,
    /// A string with its length, of letters and digits only.
    Word,
    /// All the strings that are left.
    Texts,
    /// The octets that are left, as one string, which may be empty.
    RestText,
    /// The same, never empty.
    Target,
    /// The octets that are left; never none.
    Hex,
    /// The octets that are left; never none.
    Base64,
    /// The number of a type.
    Rtype,
    /// Types as windows of bits (RFC 4034 §4.1.2).
    Rtypes,
    /// Octets with their length, a dash for none (RFC 5155 §3.3).
    Salt,
    /// Octets with their length (RFC 5155 §3.3).
    Hash,
    /// Service parameters (RFC 9460).
    Parameters,
    /// Gateway type, algorithm, gateway and key (RFC 4025 §3.1).
    Gateway,
}

fn fields(rtype: Rtype) -> Option<&'static [Field]> {
    use Field as F;
    Some(match rtype {
        Rtype::A => &[F::Ipv4],
        Rtype::AAAA => &[F::Ipv6],
        Rtype::NS
        | Rtype::CNAME
        | Rtype::PTR
        | Rtype::DNAME
        | Rtype::MB
        | Rtype::MD
        | Rtype::MF
        | Rtype::MG
        | Rtype::MR => &[F::Name],
        Rtype::MX => &[F::U16, F::Name],
        Rtype::MINFO | Rtype::RP => &[F::Name, F::Name],
        Rtype::SOA => &[F::Name, F::Name, F::U32, F::U32, F::U32, F::U32, F::U32],
        Rtype::TXT | Rtype::SPF => &[F::Texts],
        Rtype::HINFO => &[F::Text, F::Text],
        Rtype::SRV => &[F::U16, F::U16, F::U16, F::Name],
        Rtype::NAPTR => &[F::U16, F::U16, F::Text, F::Text, F::Text, F::Name],
        Rtype::CAA => &[F::U8, F::Word, F::RestText],
        Rtype::URI => &[F::U16, F::U16, F::Target],
        Rtype::DS | Rtype::CDS => &[F::U16, F::U8, F::U8, F::Hex],
        Rtype::DNSKEY | Rtype::CDNSKEY => &[F::U16, F::U8, F::U8, F::Base64],
        Rtype::SSHFP => &[F::U8, F::U8, F::Hex],
        Rtype::TLSA | Rtype::SMIMEA => &[F::U8, F::U8, F::U8, F::Hex],
        Rtype::CERT => &[F::U16, F::U16, F::U8, F::Base64],
        Rtype::OPENPGPKEY => &[F::Base64],
        Rtype::ZONEMD => &[F::U32, F::U8, F::U8, F::Hex],
        Rtype::RRSIG => &[F::Rtype, F::U8, F::U8, F::U32, F::U32, F::U32, F::U16, F::Name, F::Base64],
        Rtype::NSEC => &[F::Name, F::Rtypes],
        Rtype::NSEC3 => &[F::U8, F::U8, F::U16, F::Salt, F::Hash, F::Rtypes],
        Rtype::NSEC3PARAM => &[F::U8, F::U8, F::U16, F::Salt],
        Rtype::IPSECKEY => &[F::U8, F::Gateway],
        Rtype::SVCB | Rtype::HTTPS => &[F::U16, F::Name, F::Parameters],
        _ => return None,
    })
}

/// Record data that is going to be written; made by [`Rdata::display`].
#[derive(Clone, Copy)]
pub struct RdataText<'r> {
    pub(crate) rtype: Rtype,
    pub(crate) data: &'r Rdata,
    /// The wire form of the name that names are written below.
    pub(crate) origin: Option<&'r [u8]>,
}

impl fmt::Display for RdataText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = self.data.as_wire();
        let own = if self.rtype == Rtype::LOC { location::write(wire) } else { self.by_fields() };
        match own {
            Some(text) => f.write_str(&text),
            None if wire.is_empty() => f.write_str("\\# 0"),
            None => write!(f, "\\# {} {}", wire.len(), HEXLOWER.encode(wire)),
        }
    }
}

impl RdataText<'_> {
    /// Nothing if the octets are not of that form.
    fn by_fields(&self) -> Option<String> {
        let mut text = String::new();
        let mut cursor = Cursor::new(self.data.as_wire());
        for field in fields(self.rtype)? {
            if !text.is_empty() && !matches!(field, Field::Parameters | Field::Rtypes) {
                text.push(' ');
            }
            self.write_field(&mut text, &mut cursor, *field)?;
        }
        cursor.is_empty().then_some(text)
    }

    fn write_field(&self, text: &mut String, cursor: &mut Cursor<'_>, field: Field) -> Option<()> {
        match field {
            Field::U8 => write!(text, "{}", cursor.u8()?).ok()?,
            Field::U16 => write!(text, "{}", cursor.u16()?).ok()?,
            Field::U32 => write!(text, "{}", cursor.u32()?).ok()?,
            Field::Ipv4 => write!(text, "{}", Ipv4Addr::from(cursor.array::<4>()?)).ok()?,
            Field::Ipv6 => write!(text, "{}", Ipv6Addr::from(cursor.array::<16>()?)).ok()?,
            Field::Name => push_name(text, cursor.name()?, self.origin)?,
            Field::Text => push_quoted(text, cursor.text()?),
            Field::Word => text.push_str(word(cursor.text()?)?),
            Field::Texts => write_texts(text, cursor)?,
            Field::RestText => push_quoted(text, cursor.rest()),
            Field::Target => push_quoted(text, cursor.filled_rest()?),
            Field::Hex => text.push_str(&HEXLOWER.encode(cursor.filled_rest()?)),
            Field::Base64 => text.push_str(&BASE64.encode(cursor.filled_rest()?)),
            Field::Rtype => write!(text, "{}", Rtype::from_int(cursor.u16()?)).ok()?,
            Field::Rtypes => write_rtypes(text, cursor)?,
            Field::Salt => match cursor.text()? {
                [] => text.push('-'),
                salt => text.push_str(&HEXUPPER.encode(salt)),
            },
            Field::Hash => {
                let hash = Some(cursor.text()?).filter(|hash| !hash.is_empty())?;
                text.push_str(&BASE32HEX_NOPAD.encode(hash));
            }
            Field::Parameters => service::write(text, cursor)?,
            Field::Gateway => self.write_gateway(text, cursor)?,
        }
        Some(())
    }

    fn write_gateway(&self, text: &mut String, cursor: &mut Cursor<'_>) -> Option<()> {
        let (kind, algorithm) = (cursor.u8()?, cursor.u8()?);
        write!(text, "{kind} {algorithm} ").ok()?;
        match kind {
            0 => text.push('.'),
            1 => self.write_field(text, cursor, Field::Ipv4)?,
            2 => self.write_field(text, cursor, Field::Ipv6)?,
            3 => self.write_field(text, cursor, Field::Name)?,
            _ => return None,
        }
        match (cursor.rest(), algorithm) {
            ([], 0) => Some(()),
            ([], _) => None,
            (key, _) => write!(text, " {}", BASE64.encode(key)).ok(),
        }
    }
}

fn word(octets: &[u8]) -> Option<&str> {
    str::from_utf8(octets)
        .ok()
        .filter(|word| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_alphanumeric()))
}

/// One string at least: a text without any could not be read back.
fn write_texts(text: &mut String, cursor: &mut Cursor<'_>) -> Option<()> {
    push_quoted(text, cursor.text()?);
    while !cursor.is_empty() {
        text.push(' ');
        push_quoted(text, cursor.text()?);
    }
    Some(())
}

/// Each type behind a space. Windows in another form than the one that is read back have no text.
fn write_rtypes(text: &mut String, cursor: &mut Cursor<'_>) -> Option<()> {
    let mut last = None;
    while !cursor.is_empty() {
        let window = cursor.u8()?;
        let bits = cursor.text()?;
        if last.is_some_and(|last| last >= window) || bits.len() > 32 || bits.last().is_none_or(|octet| *octet == 0) {
            return None;
        }
        last = Some(window);
        for (at, octet) in bits.iter().enumerate() {
            for bit in (0..8).filter(|bit| octet & (0x80 >> bit) != 0) {
                let low = u8::try_from(at * 8 + bit).expect("invariant: a window has 32 octets");
                write!(text, " {}", Rtype::from_int(u16::from_be_bytes([window, low]))).ok()?;
            }
        }
    }
    Some(())
}

/// Writes a name in wire form. It keeps its case: not all record data is compared without it (RFC 4034 §6.2).
fn push_name(text: &mut String, wire: &[u8], origin: Option<&[u8]>) -> Option<()> {
    let mut rest = wire;
    while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length > 0) {
        if origin == Some(rest) {
            // The dot behind the last label goes: what follows it is the origin.
            text.truncate(text.len() - usize::from(rest.len() < wire.len()));
            text.push_str(if rest.len() == wire.len() { "@" } else { "" });
            return Some(());
        }
        let (label, after) = after.split_at_checked(usize::from(*length))?;
        Owner::write_label(text, label).ok()?;
        text.push('.');
        rest = after;
    }
    if wire.len() == 1 {
        text.push('.');
    }
    Some(())
}

/// Writes a string in quotes.
pub(crate) fn push_quoted(text: &mut String, octets: &[u8]) {
    text.push('"');
    for octet in octets {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(*octet)]),
            0x20..=0x7e => text.push(char::from(*octet)),
            octet => write!(text, "\\{octet:03}").expect("invariant: a string takes every text"),
        }
    }
    text.push('"');
}

/// Takes octets apart; nothing where they end too early.
pub(super) struct Cursor<'r>(&'r [u8]);

impl<'r> Cursor<'r> {
    pub(super) fn new(octets: &'r [u8]) -> Self {
        Self(octets)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Octets with their length before them.
    fn text(&mut self) -> Option<&'r [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    fn rest(&mut self) -> &'r [u8] {
        std::mem::take(&mut self.0)
    }

    fn filled_rest(&mut self) -> Option<&'r [u8]> {
        Some(self.rest()).filter(|rest| !rest.is_empty())
    }

    /// A name, its root label included.
    fn name(&mut self) -> Option<&'r [u8]> {
        let mut length = 0;
        loop {
            let label = usize::from(*self.0.get(length)?);
            length += 1 + label;
            if label == 0 {
                return self.take(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rdata::arbitrary::any_rdata;

    fn shown(rtype: Rtype, text: &str) -> String {
        let origin: Owner = "example.test.".parse().expect("a name");
        Rdata::parse(rtype, text, &origin).expect("record data").display(rtype).to_string()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_written_is_read_back_as_the_same((rtype, data) in any_rdata()) {
            let text = data.display(rtype).to_string();
            let read = Rdata::parse(rtype, &text, &Owner::root());
            prop_assert_eq!(read.as_ref(), Ok(&data), "{} {}", rtype, text);
            prop_assert_eq!(Rdata::from_wire(rtype, data.as_wire()), Ok(data));
        }

        #[test]
        fn names_below_an_origin_are_read_back_as_the_same((rtype, data) in any_rdata()) {
            let origin: Owner = "example.test.".parse().expect("a name");
            let text = RdataText { rtype, data: &data, origin: Some(&origin.to_wire()) }.to_string();
            let read = Rdata::parse(rtype, &text, &origin);
            prop_assert_eq!(read.as_ref(), Ok(&data), "{} {}", rtype, text);
        }

        #[test]
        fn no_text_makes_the_reader_panic((rtype, _) in any_rdata(), text in "[\\PC\\n\"\\\\ ]{0,40}") {
            if let Ok(data) = Rdata::parse(rtype, &text, &Owner::root()) {
                let again = Rdata::parse(rtype, &data.display(rtype).to_string(), &Owner::root());
                prop_assert_eq!(again.as_ref(), Ok(&data));
            }
        }
    }

    #[test]
    fn every_type_has_its_form() {
        let long_key = "AwEAAcGvFhgVTkSJvbBEAhHtmHbgsbFSCB4UwdYy9oUCVVBHhHBm5fL0";
        let table = [
            (Rtype::A, "192.0.2.1", "192.0.2.1"),
            (Rtype::AAAA, "2001:DB8:0::1", "2001:db8::1"),
            (Rtype::NS, "NS1", "ns1.example.test."),
            (Rtype::CNAME, "@", "example.test."),
            (Rtype::DNAME, "Other.TEST.", "other.test."),
            (Rtype::PTR, "a\\.b", "a\\.b.example.test."),
            (Rtype::MX, "10 mail", "10 mail.example.test."),
            (Rtype::SRV, "1 2 3 .", "1 2 3 ."),
            (Rtype::RP, "a b.", "a.example.test. b."),
            (Rtype::SOA, "a b ( 1 1h\n15m 1w 300 )", "a.example.test. b.example.test. 1 3600 900 604800 300"),
            (Rtype::TXT, "a \"b c\" \"\" ü", "\"a\" \"b c\" \"\" \"\\195\\188\""),
            (Rtype::SPF, "\"v=spf1 -all\"", "\"v=spf1 -all\""),
            (Rtype::HINFO, "PC \"a \\\" b\"", "\"PC\" \"a \\\" b\""),
            (Rtype::NAPTR, "1 2 u E2U+sip !^.*$!sip:a@b! .", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."),
            (Rtype::CAA, "128 issue ca.test", "128 issue \"ca.test\""),
            (Rtype::URI, "10 1 \"ftp://ftp.test/public\"", "10 1 \"ftp://ftp.test/public\""),
            (Rtype::DS, "60485 5 1 2BB1 83AF", "60485 5 1 2bb183af"),
            (Rtype::CDS, "0 0 0 00", "0 0 0 00"),
            (Rtype::CDNSKEY, "0 3 0 AA==", "0 3 0 AA=="),
            (Rtype::DNSKEY, &format!("257 3 8 {long_key}"), &format!("257 3 8 {long_key}")),
            (Rtype::SSHFP, "4 2 ABCD", "4 2 abcd"),
            (Rtype::TLSA, "3 1 1 00FF", "3 1 1 00ff"),
            (Rtype::SMIMEA, "3 0 0 00FF", "3 0 0 00ff"),
            (Rtype::CERT, "pgp 0 0 AQ ID", "3 0 0 AQID"),
            (Rtype::CERT, "1 60485 8 AQID", "1 60485 8 AQID"),
            (Rtype::OPENPGPKEY, "AQ ID", "AQID"),
            (Rtype::ZONEMD, &format!("1 1 1 {:096}", 0), &format!("1 1 1 {:096}", 0)),
            (Rtype::NSEC, "b A TYPE65300 MX", "b.example.test. A MX TYPE65300"),
            (Rtype::NSEC3PARAM, "1 0 10 -", "1 0 10 -"),
            (Rtype::IPSECKEY, "10 0 0 .", "10 0 0 ."),
            (Rtype::IPSECKEY, "10 3 2 gw AQID", "10 3 2 gw.example.test. AQID"),
            (Rtype::from_int(65_300), "\\# 3 00 FFab", "\\# 3 00ffab"),
            (Rtype::A, "\\# 4 C0000201", "192.0.2.1"),
        ];
        for (rtype, text, wanted) in table {
            assert_eq!(shown(rtype, text), wanted, "{rtype}");
        }
    }

    /// RFC 1876 §3 and appendix B, RFC 9460 appendix D.
    #[test]
    fn places_and_services_are_written_as_their_rfcs_do() {
        let place = shown(Rtype::LOC, "42 21 54 N 71 06 18 W -24m 30m");
        assert_eq!(place, "42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m");
        assert_eq!(shown(Rtype::LOC, "0 S 0 E 0 0"), "0 0 0.000 N 0 0 0.000 E 0.00m 0.00m 10000.00m 10.00m");
        let table = [
            ("0 foo.test.", "0 foo.test."),
            ("1 .", "1 ."),
            ("16 foo port=53", "16 foo.example.test. port=53"),
            ("1 foo. key667=hello", "1 foo. key667=\"hello\""),
            ("1 foo. key667=\"hello\\210qoo\"", "1 foo. key667=\"hello\\210qoo\""),
            ("1 foo. ipv6hint=\"2001:db8::1,2001:db8::53:1\"", "1 foo. ipv6hint=2001:db8::1,2001:db8::53:1"),
            (
                "16 foo. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)",
                "16 foo. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1",
            ),
            ("16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"", "16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\""),
            ("16 foo. alpn=f\\\\\\092oo\\092,bar,h2", "16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\""),
            ("1 . alpn=h2 no-default-alpn ech=AQID", "1 . alpn=h2 no-default-alpn ech=AQID"),
            ("1 . key65=z9 dohpath=/q{?dns} ohttp", "1 . dohpath=\"/q{?dns}\" ohttp key65=\"z9\""),
        ];
        for (text, wanted) in table {
            assert_eq!(shown(Rtype::HTTPS, text), wanted);
        }
    }

    #[test]
    fn what_is_no_record_data_is_refused_where_it_goes_wrong() {
        let table = [
            (Rtype::A, "192.0.2", 1),
            (Rtype::A, "192.0.2.1 192.0.2.2", 11),
            (Rtype::MX, "10", 3),
            (Rtype::MX, "70000 a", 1),
            (Rtype::MX, "\"\" a", 2),
            (Rtype::TXT, "", 1),
            (Rtype::TXT, "\"a", 1),
            (Rtype::NS, "a..b", 1),
            (Rtype::DS, "1 8 2", 6),
            (Rtype::SOA, "a b 1 2x 3 4 5", 7),
            (Rtype::AFSDB, "1 host", 1),
            (Rtype::CERT, "PEM 0 0 AQID", 1),
            (Rtype::CERT, "1 0 0", 6),
            (Rtype::A, "\\# 3 c00002", 6),
            (Rtype::A, "\\# 5 c0000201", 6),
            (Rtype::URI, "1 1 \"\"", 6),
            (Rtype::LOC, "91 N 0 E 0", 4),
            (Rtype::LOC, "1 60 N 0 E 0", 6),
            (Rtype::LOC, "1 1 1.0001 N 0 E 0", 5),
            (Rtype::HTTPS, "1 . port=53 port=54", 13),
            (Rtype::HTTPS, "1 . mandatory=port", 5),
            (Rtype::HTTPS, "1 . mandatory=mandatory", 5),
            (Rtype::HTTPS, "1 . no-default-alpn", 5),
            (Rtype::HTTPS, "1 . key0123=a", 5),
            (Rtype::HTTPS, "1 . alpn=h2,,h3", 5),
        ];
        for (rtype, text, wanted) in table {
            match Rdata::parse(rtype, text, &Owner::root()) {
                Err(crate::RdataError::Text { column, .. }) => assert_eq!(column, wanted, "{rtype} {text}"),
                other => panic!("{rtype} {text}: {other:?}"),
            }
        }
    }
}

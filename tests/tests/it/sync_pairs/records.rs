//! The records of every source, of all types there are. Which of them a pair of providers can hold, those say themselves.

use std::fmt::Write as _;

use dns_zone::Rtype;

/// Lines of a zone file, by type. What one needs beside it (a delegation's glue) is of another type that all hold.
pub(crate) const RECORDS: [(Rtype, &str); 28] = [
    (Rtype::A, "mail A 192.0.2.25"),
    (Rtype::MX, "@ MX 10 mail"),
    (Rtype::TXT, "@ TXT \"v=spf1 -all\""),
    (Rtype::TXT, "text TXT \"a \\\"quoted\\\" word; and a \\\\ backslash\" \"second\""),
    (Rtype::A, "*.wild A 192.0.2.7"),
    (Rtype::A, "api A 192.0.2.1"),
    (Rtype::A, "api A 192.0.2.2"),
    (Rtype::AAAA, "api AAAA 2001:db8::1"),
    (Rtype::CNAME, "www CNAME api"),
    (Rtype::PTR, "1.2.0.192 PTR api"),
    (Rtype::NS, "child NS ns1.child"),
    (Rtype::A, "ns1.child A 192.0.2.53"),
    (Rtype::CAA, "@ CAA 0 issue \"ca.example.net\""),
    (Rtype::CAA, "strict CAA 128 iodef \"mailto:security@example.net\""),
    (Rtype::SRV, "_sip._tcp SRV 1 2 5060 api"),
    (Rtype::SSHFP, "api SSHFP 4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    (Rtype::TLSA, "_443._tcp.api TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    (Rtype::DS, "child DS 60485 8 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a"),
    (Rtype::NAPTR, "sip NAPTR 10 20 \"s\" \"SIP+D2U\" \"\" _sip._udp"),
    (Rtype::SVCB, "_dns SVCB 1 api alpn=dot port=853"),
    (Rtype::HTTPS, "web HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1"),
    (Rtype::LOC, "place LOC 51 30 12.748 N 0 7 39.612 W 10m 2m 100m 10m"),
    (Rtype::URI, "_http._tcp URI 10 1 \"https://www.example.net/path\""),
    (Rtype::CERT, "cert CERT PKIX 60485 8 AwEAAQ=="),
    (Rtype::SMIMEA, "_smimecert SMIMEA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    (Rtype::OPENPGPKEY, "_openpgpkey OPENPGPKEY AwEAAQ=="),
    (Rtype::HINFO, "host HINFO \"a machine\" \"a system\""),
    (Rtype::from_int(65_280), "strange TYPE65280 \\# 4 0a000001"),
];

/// The zone that one source has, of the types that are taken. Some of it no other source has, so that each pair has something
/// to create, to change and to delete; one name has addresses at every other source and is an alias at the rest.
pub(super) fn zone_file(source: &str, number: usize, takes: impl Fn(Rtype) -> bool) -> String {
    let mut text = format!(
        "$ORIGIN example.test.\n$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 604800 30\n@ NS ns1\nns1 A 127.0.0.1\n",
        number + 10
    );
    for (_, line) in RECORDS.into_iter().filter(|(rtype, _)| takes(*rtype)) {
        writeln!(text, "{line}").expect("a String takes every write");
    }
    let turned = if number.is_multiple_of(2) { "CNAME api" } else { "A 192.0.2.98" };
    text + &format!("who TXT \"{source}\"\nonly-{source} 60 A 192.0.2.{number}\nturns {turned}\n")
}

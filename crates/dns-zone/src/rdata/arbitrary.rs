//! Record data of every type, for property tests.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Rdata, Rtype};

/// Types that have a form of their own, some that have none, and one that nobody knows.
pub(crate) const RTYPES: [Rtype; 43] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::NS,
    Rtype::CNAME,
    Rtype::PTR,
    Rtype::DNAME,
    Rtype::MB,
    Rtype::MD,
    Rtype::MF,
    Rtype::MG,
    Rtype::MR,
    Rtype::MX,
    Rtype::MINFO,
    Rtype::RP,
    Rtype::SOA,
    Rtype::TXT,
    Rtype::SPF,
    Rtype::HINFO,
    Rtype::SRV,
    Rtype::NAPTR,
    Rtype::CAA,
    Rtype::URI,
    Rtype::DS,
    Rtype::CDS,
    Rtype::DNSKEY,
    Rtype::CDNSKEY,
    Rtype::SSHFP,
    Rtype::TLSA,
    Rtype::OPENPGPKEY,
    Rtype::ZONEMD,
    Rtype::RRSIG,
    Rtype::NSEC,
    Rtype::NSEC3,
    Rtype::NSEC3PARAM,
    Rtype::IPSECKEY,
    Rtype::SVCB,
    Rtype::HTTPS,
    Rtype::LOC,
    Rtype::AFSDB,
    Rtype::CERT,
    Rtype::SMIMEA,
    Rtype::EUI48,
    Rtype::from_int(65_300),
];

/// Any value of any of [`RTYPES`].
pub(crate) fn any_rdata() -> impl Strategy<Value = (Rtype, Rdata)> {
    proptest::sample::select(&RTYPES[..]).prop_flat_map(|rtype| any_rdata_of(rtype).prop_map(move |data| (rtype, data)))
}

/// Any value of one type.
pub(crate) fn any_rdata_of(rtype: Rtype) -> impl Strategy<Value = Rdata> {
    any_wire(rtype).prop_filter_map("the octets are not of that type", move |wire| Rdata::from_wire(rtype, &wire).ok())
}

/// Octets that mostly are such data.
fn any_wire(rtype: Rtype) -> BoxedStrategy<Vec<u8>> {
    match rtype {
        Rtype::A => octets(4..=4),
        Rtype::AAAA => octets(16..=16),
        Rtype::NS
        | Rtype::CNAME
        | Rtype::PTR
        | Rtype::DNAME
        | Rtype::MB
        | Rtype::MD
        | Rtype::MF
        | Rtype::MG
        | Rtype::MR => name(),
        Rtype::MX => joined(&[octets(2..=2), name()]),
        Rtype::MINFO | Rtype::RP => joined(&[name(), name()]),
        Rtype::SOA => joined(&[name(), name(), octets(20..=20)]),
        Rtype::TXT | Rtype::SPF => vec(text(), 1..4).prop_map(|texts| texts.concat()).boxed(),
        Rtype::HINFO => joined(&[text(), text()]),
        Rtype::SRV => joined(&[octets(6..=6), name()]),
        Rtype::NAPTR => joined(&[octets(4..=4), text(), text(), text(), name()]),
        Rtype::CAA => joined(&[octets(1..=1), word(), octets(0..=20)]),
        Rtype::RRSIG => joined(&[octets(18..=18), name(), octets(0..=9)]),
        Rtype::NSEC => joined(&[name(), windows()]),
        Rtype::NSEC3 => joined(&[octets(4..=4), text(), text(), windows()]),
        Rtype::NSEC3PARAM => joined(&[octets(4..=4), text()]),
        Rtype::IPSECKEY => {
            let gateway = (0_u8..4).prop_flat_map(|kind| {
                let at = [octets(0..=0), octets(4..=4), octets(16..=16), name()][usize::from(kind)].clone();
                (0_u8..3, at).prop_map(move |(algorithm, at)| [&[kind, algorithm][..], &at].concat())
            });
            joined(&[octets(1..=1), gateway.boxed(), octets(0..=5)])
        }
        Rtype::SVCB | Rtype::HTTPS => joined(&[octets(2..=2), name(), parameters()]),
        Rtype::LOC => location(),
        _ => octets(0..=40),
    }
}

fn octets(length: std::ops::RangeInclusive<usize>) -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), length).boxed()
}

fn joined<const N: usize>(parts: &[BoxedStrategy<Vec<u8>>; N]) -> BoxedStrategy<Vec<u8>> {
    parts.to_vec().prop_map(|parts| parts.concat()).boxed()
}

fn text() -> BoxedStrategy<Vec<u8>> {
    let shapes = prop_oneof![vec(any::<u8>(), 0..20), "[ \"\\\\;@$.a-z]{0,9}".prop_map(String::into_bytes)];
    shapes.prop_map(with_length).boxed()
}

fn word() -> BoxedStrategy<Vec<u8>> {
    "[a-zA-Z0-9]{0,9}".prop_map(|word| with_length(word.into_bytes())).boxed()
}

fn with_length(octets: Vec<u8>) -> Vec<u8> {
    let length = u8::try_from(octets.len()).expect("fewer than 256");
    [vec![length], octets].concat()
}

fn name() -> BoxedStrategy<Vec<u8>> {
    let label = prop_oneof![vec(any::<u8>(), 1..6), "[\\[a-z@$.\\\\]{1,4}".prop_map(String::into_bytes)];
    let below = prop_oneof![
        Just(vec![0]),
        Just(b"\x07example\x04test\x00".to_vec()),
        Just(b"\x07EXAMPLE\x04test\x00".to_vec())
    ];
    (vec(label.prop_map(with_length), 0..3), below)
        .prop_map(|(labels, below)| [labels.concat(), below].concat())
        .boxed()
}

fn windows() -> BoxedStrategy<Vec<u8>> {
    let window = vec(any::<u8>(), 0..5).prop_map(with_length);
    vec(window, 0..3)
        .prop_map(|windows| (0..).zip(windows).flat_map(|(number, bits)| [vec![number], bits].concat()).collect())
        .boxed()
}

fn parameters() -> BoxedStrategy<Vec<u8>> {
    let value = prop_oneof![
        text(),
        vec(text(), 1..4).prop_map(|texts| texts.concat()),
        octets(0..=2),
        octets(4..=4),
        octets(16..=16),
        Just(vec![0, 1]),
        Just(b"\x04f\\o,\x02h2".to_vec()),
    ];
    let key = prop_oneof![0_u16..10, any::<u16>()];
    proptest::collection::btree_map(key, value, 0..5)
        .prop_map(|parameters| {
            let encoded = parameters.into_iter().map(|(key, value)| {
                let length = u16::try_from(value.len()).expect("short");
                [&key.to_be_bytes()[..], &length.to_be_bytes(), &value].concat()
            });
            encoded.collect::<Vec<_>>().concat()
        })
        .boxed()
}

fn location() -> BoxedStrategy<Vec<u8>> {
    let angle = |degrees: u32| {
        let most = degrees * 3_600_000;
        ((1_u32 << 31) - most..=(1 << 31) + most).prop_map(|angle| angle.to_be_bytes().to_vec()).boxed()
    };
    let size = (0_u8..11, 0_u8..11).prop_map(|(digit, power)| vec![digit << 4 | power]).boxed();
    let version = prop_oneof![9 => Just(vec![0]), 1 => Just(vec![1])].boxed();
    let known = joined(&[version, size.clone(), size.clone(), size, angle(91), angle(181), octets(4..=4)]);
    prop_oneof![9 => known, 1 => octets(0..=17)].boxed()
}

use dns_zone::ZoneError;
use domain::base::iana::Class;

use super::*;
use crate::fixture::{Answer, address, apex, ns, owner, record, signature, soa, soa_at, zone};

const RECORDS_MAX: usize = 10;

fn take(messages: &[Answer]) -> Result<Zone, Fault> {
    let mut assembly = Assembly::new(apex(), RECORDS_MAX);
    for message in messages {
        assembly.take(&message.wire())?;
    }
    assembly.finish()
}

fn take_one(records: &[Record]) -> Result<Zone, Fault> {
    take(&[Answer::axfr(records)])
}

#[test]
fn a_zone_in_one_message_is_whole() {
    let whole = take_one(&[soa(7), ns(), address("www", 1), soa(7)]);
    assert_eq!(whole, Ok(zone(7, &[address("www", 1)])));
}

#[test]
fn a_zone_in_many_messages_is_whole_with_the_last() {
    let mut assembly = Assembly::new(apex(), RECORDS_MAX);
    for records in [&[soa(7)][..], &[ns(), address("a", 1)], &[address("b", 2)]] {
        assert_eq!(assembly.take(&Answer::axfr(records).wire()), Ok(false));
    }
    assert_eq!(assembly.take(&Answer::axfr(&[address("c", 3), soa(7)]).wire()), Ok(true));
    assert_eq!(assembly.records(), 6);
    assert_eq!(assembly.finish(), Ok(zone(7, &[address("a", 1), address("b", 2), address("c", 3)])));
}

#[test]
fn a_record_that_comes_twice_is_one() {
    assert_eq!(take_one(&[soa(7), ns(), ns(), soa(7)]), Ok(zone(7, &[])));
}

#[test]
fn names_that_point_back_into_the_message_are_followed() {
    let mut wire = Answer::axfr(&[soa(7)]).wire();
    // The apex stands in the question, at octet 12.
    let ns = b"\xc0\x0c\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x05\x02ns\xc0\x0c";
    wire.extend(ns);
    wire[7] += 1;
    let mut assembly = Assembly::new(apex(), RECORDS_MAX);
    assert_eq!(assembly.take(&wire), Ok(false));
    assert_eq!(assembly.take(&Answer::axfr(&[soa(7)]).wire()), Ok(true));
    assert_eq!(assembly.finish(), Ok(zone(7, &[])));
}

#[test]
fn an_unfinished_zone_is_no_zone() {
    assert_eq!(take_one(&[soa(7), ns(), address("www", 1)]), Err(Fault::Cut));
    assert_eq!(take(&[]), Err(Fault::Cut));
}

#[test]
fn a_zone_of_an_soa_alone_is_refused() {
    assert_eq!(take_one(&[soa(7), soa(7)]), Err(Fault::EmptyZone));
}

#[test]
fn a_message_without_records_is_refused() {
    assert_eq!(take(&[Answer::axfr(&[])]), Err(Fault::EmptyMessage));
    assert_eq!(take(&[Answer::axfr(&[soa(7), ns()]), Answer::axfr(&[])]), Err(Fault::EmptyMessage));
}

#[test]
fn what_does_not_begin_with_the_zones_soa_is_refused() {
    assert_eq!(take_one(&[ns(), soa(7)]), Err(Fault::NoSoaFirst("example.test. NS".to_owned())));
    let other = soa_at("other.test.", 7);
    assert_eq!(take_one(&[other]), Err(Fault::NoSoaFirst("other.test. SOA".to_owned())));
}

#[test]
fn an_soa_that_differs_ends_it_badly() {
    let Err(Fault::OtherSoa { first, other, .. }) = take_one(&[soa(7), ns(), soa(8)]) else {
        panic!("another SOA is taken")
    };
    assert_eq!((u32::from(first), u32::from(other)), (7, 8));
    let below = take_one(&[soa(7), ns(), soa_at("sub.example.test.", 7), soa(7)]);
    assert!(matches!(&below, Err(Fault::OtherSoa { owner: at, .. }) if *at == owner("sub.example.test.")), "{below:?}");
}

#[test]
fn nothing_may_follow_the_last_soa() {
    assert_eq!(take_one(&[soa(7), ns(), soa(7), address("www", 1)]), Err(Fault::AfterEnd));
    assert_eq!(take_one(&[soa(7), ns(), soa(7), soa(7)]), Err(Fault::AfterEnd));
}

#[test]
fn a_record_outside_the_zone_is_refused() {
    let outside = record("www.other.test.", Rtype::A, &[192, 0, 2, 1]);
    let expected = ZoneError::OutOfZone { owner: owner("www.other.test."), apex: apex() };
    assert_eq!(take_one(&[soa(7), ns(), outside, soa(7)]), Err(Fault::Zone(expected)));
}

#[test]
fn a_record_of_another_class_is_refused() {
    let chaos = Answer { class: Class::CH, ..Answer::axfr(&[soa(7)]) };
    assert!(matches!(take(&[chaos]), Err(Fault::OtherClass { class: Class::CH, .. })));
}

#[test]
fn a_set_with_two_ttls_is_refused() {
    let slow = Record { ttl: dns_zone::Ttl::received(90), ..address("www", 2) };
    let taken = take_one(&[soa(7), ns(), address("www", 1), slow, soa(7)]);
    assert!(matches!(taken, Err(Fault::Zone(ZoneError::Ttls { .. }))), "{taken:?}");
}

#[test]
fn signatures_at_one_name_come_with_the_ttls_of_what_they_cover() {
    let signatures = [(Rtype::SOA, 3600), (Rtype::NSEC, 30), (Rtype::NSEC3PARAM, 0)];
    let signatures = signatures.map(|(covers, ttl)| signature(covers, ttl));
    let taken = take_one(&[&[soa(7), ns()][..], &signatures, &[soa(7)]].concat()).expect("a zone");
    let key = dns_zone::SetKey::new(apex(), Rtype::RRSIG);
    assert_eq!(taken.get(&key).map(|set| set.values().len()), Some(3), "none is lost");
}

#[test]
fn more_records_than_the_bound_are_refused() {
    let many: Vec<Record> = (0..20).map(|last| address("www", last)).collect();
    let records: Vec<Record> = [soa(7), ns()].into_iter().chain(many).chain([soa(7)]).collect();
    assert_eq!(take_one(&records), Err(Fault::TooMany { max: RECORDS_MAX }));
}

#[test]
fn record_data_that_its_type_does_not_allow_is_refused() {
    let mut short = Answer::axfr(&[soa(7), address("www", 1)]).wire();
    // The length of the address, and the address one octet shorter.
    let at = short.len() - 5;
    short[at] = 3;
    short.pop();
    let taken = Assembly::new(apex(), RECORDS_MAX).take(&short);
    assert!(matches!(taken, Err(Fault::Rdata { .. })), "{taken:?}");
}

#[test]
fn a_message_that_ends_within_a_record_is_refused() {
    let whole = Answer::axfr(&[soa(7), ns(), soa(7)]).wire();
    for length in 31..whole.len() {
        let taken = Assembly::new(apex(), RECORDS_MAX).take(&whole[..length]);
        assert!(matches!(taken, Err(Fault::Malformed(_))), "{length}: {taken:?}");
    }
}

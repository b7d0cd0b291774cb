use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::NULL;

use super::*;
use crate::fixture::{any, minus, name, none, record};

fn check_one(record: &Record) -> Result<(), Refusal> {
    check(&name("example.test."), std::slice::from_ref(record))
}

#[test]
fn takes_every_kind_of_update() {
    for update in [
        record("fresh 60 A 192.0.2.1"),
        any("api.example.test.", RecordType::A),
        any("api.example.test.", RecordType::ANY),
        minus("api 0 A 192.0.2.1"),
    ] {
        assert_eq!(check_one(&update), Ok(()), "{update}");
    }
}

#[track_caller]
fn assert_malformed(record: &Record) {
    let outcome = check_one(record);
    assert!(matches!(outcome, Err(Refusal::Malformed(_))), "{record}: {outcome:?}");
}

#[test]
fn refuses_types_that_are_no_data() {
    for rtype in [RecordType::AXFR, RecordType::IXFR, RecordType::Unknown(253), RecordType::Unknown(254)] {
        let mut added = any("api.example.test.", rtype);
        assert_malformed(&added);
        added.dns_class = DNSClass::IN;
        assert_malformed(&added);
        assert_malformed(&none("api.example.test.", rtype));
    }
    let mut added = any("api.example.test.", RecordType::ANY);
    added.dns_class = DNSClass::IN;
    assert_malformed(&added);
    assert_malformed(&none("api.example.test.", RecordType::ANY));
    let mailb = RData::Unknown { code: RecordType::Unknown(253), rdata: NULL::with(vec![1]) };
    assert_malformed(&Record::from_rdata(name("api.example.test."), 60, mailb));
}

#[test]
fn refuses_ttls_values_and_classes_that_mean_nothing() {
    let with = |mut record: Record, ttl, class| {
        (record.ttl, record.dns_class) = (ttl, class);
        record
    };
    assert_malformed(&with(any("api.example.test.", RecordType::A), 1, DNSClass::ANY));
    assert_malformed(&with(minus("api 0 A 192.0.2.1"), 1, DNSClass::NONE));
    assert_malformed(&with(minus("api 0 A 192.0.2.1"), 0, DNSClass::ANY));
    assert_malformed(&with(minus("api 0 A 192.0.2.1"), 0, DNSClass::CH));
    assert_malformed(&with(any("api.example.test.", RecordType::A), 0, DNSClass::IN));
}

#[test]
fn refuses_names_outside_the_zone_before_their_faults() {
    let mut outside = any("example.org.", RecordType::AXFR);
    outside.ttl = 1;
    assert_eq!(check_one(&outside), Err(Refusal::NotZone(name("example.org."))));
}

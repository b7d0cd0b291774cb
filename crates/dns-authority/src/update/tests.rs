use super::*;
use crate::fixture::{any, exactly, name, record, zone};

fn section(owner: &str, rtype: RecordType, class: DNSClass) -> Query {
    let mut query = Query::query(name(owner), rtype);
    query.set_query_class(class);
    query
}

#[test]
fn zone_section_names_this_zone_once_as_soa() {
    let origin = name("example.test.");
    let own = section("EXAMPLE.test.", RecordType::SOA, DNSClass::IN);
    assert_eq!(check_zone_section(std::slice::from_ref(&own), &origin), Ok(()));
    let rcode = |queries: &[Query]| check_zone_section(queries, &origin).expect_err("refused").rcode();
    assert_eq!(rcode(&[]), ResponseCode::FormErr);
    assert_eq!(rcode(&[own.clone(), own]), ResponseCode::FormErr);
    assert_eq!(rcode(&[section("example.test.", RecordType::A, DNSClass::IN)]), ResponseCode::FormErr);
    assert_eq!(rcode(&[section("sub.example.test.", RecordType::SOA, DNSClass::IN)]), ResponseCode::NotAuth);
    assert_eq!(rcode(&[section("example.test.", RecordType::SOA, DNSClass::CH)]), ResponseCode::NotAuth);
}

#[test]
fn change_bumps_the_serial_once_and_names_what_changed() {
    let before = zone();
    let updates = [record("fresh 60 A 192.0.2.1"), any("api.example.test.", RecordType::A)];
    let changed = judge(&before, &[], &updates).expect("accepted");
    assert_eq!(changed.zone.serial(), 8);
    let names: Vec<String> = changed.names.iter().map(Name::to_ascii).collect();
    assert_eq!(names, ["example.test.", "api.example.test.", "fresh.example.test."]);
}

#[test]
fn update_that_changes_nothing_leaves_the_serial() {
    let before = zone();
    for updates in [
        vec![],
        vec![record("api 60 A 192.0.2.1")],
        vec![any("gone.example.test.", RecordType::A)],
        vec![any("far.example.test.", RecordType::ANY), record("far 60 CNAME far.elsewhere.net.")],
    ] {
        let changed = judge(&before, &[], &updates).expect("accepted");
        assert!(changed.names.is_empty(), "{updates:?}: {:?}", changed.names);
        assert_eq!(changed.zone.serial(), 7);
    }
}

#[test]
fn serial_that_the_update_sets_is_kept() {
    let soa = record("@ 60 SOA ns1 hostmaster 100 3600 600 604800 30");
    let changed = judge(&zone(), &[], &[soa, record("fresh 60 A 192.0.2.1")]).expect("accepted");
    assert_eq!(changed.zone.serial(), 100);
}

#[test]
fn soa_that_changes_without_its_serial_is_bumped() {
    let soa = record("@ 60 SOA ns1 hostmaster 7 3600 600 604800 60");
    let changed = judge(&zone(), &[], &[soa]).expect("accepted");
    assert_eq!((changed.zone.serial(), changed.zone.soa().1.minimum), (8, 60));
}

#[test]
fn one_fault_refuses_the_whole_update() {
    let updates = [record("fresh 60 A 192.0.2.1"), any("example.org.", RecordType::A)];
    let refusal = judge(&zone(), &[], &updates).expect_err("refused");
    assert_eq!(refusal, Refusal::NotZone(name("example.org.")));
}

#[test]
fn prerequisites_come_before_the_prescan() {
    let refusal = judge(&zone(), &[exactly("fence 0 TXT \"other\"")], &[any("example.org.", RecordType::A)]);
    let refusal = refusal.expect_err("refused");
    assert_eq!(refusal.rcode(), ResponseCode::NXRRSet);
    assert_eq!(
        refusal.to_string(),
        "a prerequisite failed: the TXT records of fence.example.test. are others than required"
    );
}

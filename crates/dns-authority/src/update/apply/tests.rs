use super::*;
use crate::fixture::{any, cased_mail, minus, name, record, zone};

fn after(updates: &[Record]) -> Zone {
    let mut zone = zone();
    for update in updates {
        apply(&mut zone, update);
    }
    zone
}

/// TTL and values of an RRset, sorted.
fn held(zone: &Zone, owner: &str, rtype: RecordType) -> Option<(u32, Vec<String>)> {
    let rrset = zone.rrset(&name(owner), rtype)?;
    let mut values: Vec<String> = rrset.values().iter().map(ToString::to_string).collect();
    values.sort();
    Some((rrset.ttl_secs(), values))
}

fn unchanged(updates: &[Record]) -> bool {
    after(updates).changed_since(&zone()).is_empty()
}

#[test]
fn adds_to_an_rrset_and_makes_one() {
    let zone = after(&[record("api 60 A 192.0.2.3"), record("fresh 30 TXT \"x\"")]);
    assert_eq!(held(&zone, "api.example.test.", RecordType::A).expect("there").1.len(), 3);
    assert_eq!(held(&zone, "fresh.example.test.", RecordType::TXT).expect("there").0, 30);
}

#[test]
fn same_value_takes_the_new_ttl_for_the_whole_rrset() {
    let zone = after(&[record("api 300 A 192.0.2.1")]);
    let expected = (300, vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]);
    assert_eq!(held(&zone, "api.example.test.", RecordType::A), Some(expected));
}

#[test]
fn cname_replaces_a_cname_only() {
    let zone = after(&[record("far 30 CNAME near"), record("fresh 60 CNAME api")]);
    let expected = (30, vec!["near.example.test.".to_owned()]);
    assert_eq!(held(&zone, "far.example.test.", RecordType::CNAME), Some(expected));
    assert!(zone.in_use(&name("fresh.example.test.")));
    assert!(unchanged(&[record("api 60 CNAME elsewhere")]), "skipped beside other data");
    assert!(unchanged(&[record("@ 60 CNAME elsewhere")]), "skipped at the apex");
}

#[test]
fn other_data_is_skipped_beside_a_cname() {
    assert!(unchanged(&[record("far 60 A 192.0.2.1")]));
    let zone = after(&[any("far.example.test.", RecordType::CNAME), record("far 60 A 192.0.2.1")]);
    assert!(held(&zone, "far.example.test.", RecordType::A).is_some(), "deletes go first");
    let zone = after(&[record("far 60 A 192.0.2.1"), any("far.example.test.", RecordType::CNAME)]);
    assert!(!zone.in_use(&name("far.example.test.")), "and in their order");
}

#[test]
fn soa_is_replaced_by_a_newer_one_at_the_apex() {
    let soa = |owner: &str, serial: u32| record(&format!("{owner} 90 SOA ns1 hostmaster {serial} 1 1 1 1"));
    assert_eq!(after(&[soa("@", 8)]).serial(), 8);
    assert_eq!(after(&[soa("@", 7)]).soa().0, 90, "the same serial is not older");
    assert_eq!(after(&[soa("@", 0x7fff_ffff)]).serial(), 0x7fff_ffff);
    for older in [6, 0, 0x8000_0007, 0xffff_ffff] {
        assert!(unchanged(&[soa("@", older)]), "{older}");
    }
    assert!(unchanged(&[soa("api", 8)]), "not at the apex");
}

#[test]
fn deletes_an_rrset_or_a_whole_name() {
    let zone = after(&[any("API.example.test.", RecordType::A)]);
    assert_eq!(held(&zone, "api.example.test.", RecordType::A), None);
    assert!(held(&zone, "api.example.test.", RecordType::AAAA).is_some());
    assert!(!after(&[any("api.example.test.", RecordType::ANY)]).in_use(&name("api.example.test.")));
    assert!(unchanged(&[any("any.wild.example.test.", RecordType::ANY)]), "nothing is lent");
}

#[test]
fn deletes_exactly_one_value() {
    let zone = after(&[minus("api 0 A 192.0.2.1"), minus("fence 0 TXT \"A=1;\" \"b=2;\"")]);
    assert_eq!(held(&zone, "api.example.test.", RecordType::A), Some((60, vec!["192.0.2.2".to_owned()])));
    assert!(held(&zone, "fence.example.test.", RecordType::TXT).is_some());
    let mut mail = cased_mail();
    mail.dns_class = DNSClass::NONE;
    assert!(!after(&[mail]).in_use(&name("mail.example.test.")), "names compare without case");
}

#[test]
fn apex_keeps_its_soa_and_ns() {
    let mut updates = vec![record("@ 60 TXT \"x\"")];
    updates.push(any("example.test.", RecordType::ANY));
    assert!(unchanged(&updates), "the TXT goes, SOA and NS stay");
    assert!(unchanged(&[any("example.test.", RecordType::SOA), any("example.test.", RecordType::NS)]));
    assert!(unchanged(&[minus("@ 0 SOA ns1 hostmaster 7 3600 600 604800 30")]));
}

#[test]
fn last_ns_stays_at_the_apex_only() {
    let zone = after(&[minus("@ 0 NS ns1"), minus("@ 0 NS ns.elsewhere.net.")]);
    let expected = (60, vec!["ns.elsewhere.net.".to_owned()]);
    assert_eq!(held(&zone, "example.test.", RecordType::NS), Some(expected));
    let zone = after(&[minus("sub 0 NS ns.sub"), minus("sub 0 NS ns.elsewhere.net.")]);
    assert_eq!(held(&zone, "sub.example.test.", RecordType::NS), None);
    assert_eq!(held(&after(&[any("sub.example.test.", RecordType::NS)]), "sub.example.test.", RecordType::NS), None);
}

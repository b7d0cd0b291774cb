use super::*;
use crate::fixture::{any, cased_mail, exactly, name, none, zone};

#[track_caller]
fn assert_met(prerequisites: &[Record]) {
    assert_eq!(check(&zone(), prerequisites), Ok(()));
}

#[track_caller]
fn assert_fails(prerequisites: &[Record], owner: &str, rtype: RecordType, requirement: Requirement) {
    let failed = FailedPrerequisite { owner: name(owner), rtype, requirement };
    assert_eq!(check(&zone(), prerequisites), Err(Refusal::Prerequisite(failed)));
}

#[track_caller]
fn assert_malformed(record: Record) {
    let outcome = check(&zone(), &[record]);
    assert!(matches!(outcome, Err(Refusal::Malformed(_))), "{outcome:?}");
}

#[test]
fn name_in_use() {
    assert_met(&[any("api.example.test.", RecordType::ANY)]);
    assert_met(&[any("API.example.test.", RecordType::ANY)]);
    for owner in ["gone.example.test.", "any.wild.example.test.", "down.ent.example.test."] {
        assert_fails(&[any(owner, RecordType::ANY)], owner, RecordType::ANY, Requirement::NameInUse);
    }
}

#[test]
fn name_not_in_use() {
    for owner in ["gone.example.test.", "any.wild.example.test.", "down.ent.example.test."] {
        assert_met(&[none(owner, RecordType::ANY)]);
    }
    let owner = "api.example.test.";
    assert_fails(&[none(owner, RecordType::ANY)], owner, RecordType::ANY, Requirement::NameNotInUse);
}

#[test]
fn rrset_present() {
    let owner = "api.example.test.";
    assert_met(&[any(owner, RecordType::A)]);
    assert_fails(&[any(owner, RecordType::TXT)], owner, RecordType::TXT, Requirement::Present);
    let lent = "any.wild.example.test.";
    assert_fails(&[any(lent, RecordType::A)], lent, RecordType::A, Requirement::Present);
    // A CNAME stands for no other type here.
    let alias = "www.example.test.";
    assert_fails(&[any(alias, RecordType::A)], alias, RecordType::A, Requirement::Present);
}

#[test]
fn rrset_absent() {
    let owner = "api.example.test.";
    assert_met(&[none(owner, RecordType::TXT), none("any.wild.example.test.", RecordType::A)]);
    assert_fails(&[none(owner, RecordType::A)], owner, RecordType::A, Requirement::Absent);
}

#[test]
fn rrset_exactly() {
    let api = "api.example.test.";
    let (one, two) = (exactly("api 0 A 192.0.2.1"), exactly("api 0 A 192.0.2.2"));
    assert_met(&[two.clone(), exactly("fence 0 TXT \"a=1;\" \"b=2;\""), one.clone()]);
    assert_met(&[cased_mail()]);
    assert_fails(std::slice::from_ref(&one), api, RecordType::A, Requirement::Exactly);
    let three = exactly("api 0 A 192.0.2.3");
    assert_fails(&[one.clone(), three.clone()], api, RecordType::A, Requirement::Exactly);
    assert_fails(&[one, two, three], api, RecordType::A, Requirement::Exactly);
    for other in ["\"a=1;b=2;\"", "\"a=1;b\" \"=2;\"", "\"A=1;\" \"b=2;\"", "\"a=1;\"", "\"a=1;\" \"b=2;\" \"\""] {
        let prerequisite = exactly(&format!("fence 0 TXT {other}"));
        assert_fails(&[prerequisite], "fence.example.test.", RecordType::TXT, Requirement::Exactly);
    }
    let gone = exactly("gone 0 A 192.0.2.1");
    assert_fails(&[gone], "gone.example.test.", RecordType::A, Requirement::Exactly);
}

#[test]
fn each_kind_has_its_rcode() {
    let rcode = |requirement| FailedPrerequisite { owner: name("a."), rtype: RecordType::A, requirement }.rcode();
    assert_eq!(rcode(Requirement::NameInUse), ResponseCode::NXDomain);
    assert_eq!(rcode(Requirement::NameNotInUse), ResponseCode::YXDomain);
    assert_eq!(rcode(Requirement::Present), ResponseCode::NXRRSet);
    assert_eq!(rcode(Requirement::Exactly), ResponseCode::NXRRSet);
    assert_eq!(rcode(Requirement::Absent), ResponseCode::YXRRSet);
}

#[test]
fn malformed_ones_are_refused() {
    for (base, class) in [(any("api.example.test.", RecordType::A), "ANY"), (exactly("api 0 A 192.0.2.1"), "IN")] {
        let mut with_ttl = base;
        with_ttl.ttl = 1;
        assert!(matches!(check(&zone(), &[with_ttl]), Err(Refusal::Malformed(_))), "class {class} with a TTL");
    }
    for class in [DNSClass::ANY, DNSClass::NONE, DNSClass::CH] {
        let mut with_value = exactly("api 0 A 192.0.2.1");
        with_value.dns_class = class;
        assert_malformed(with_value);
    }
    let mut typeless = any("api.example.test.", RecordType::ANY);
    typeless.dns_class = DNSClass::IN;
    assert_malformed(typeless);
}

#[test]
fn names_outside_the_zone_are_refused() {
    for record in [any("example.org.", RecordType::ANY), none("test.", RecordType::A)] {
        let owner = record.name.clone();
        assert_eq!(check(&zone(), &[record]), Err(Refusal::NotZone(owner)));
    }
}

use super::*;
use crate::fixture::{name, zone};

/// `owner type value` of each record.
fn shown(records: &[Record]) -> Vec<String> {
    let mut shown: Vec<String> = records
        .iter()
        .map(|record| format!("{} {} {} {}", record.name, record.ttl, record.record_type(), record.data))
        .collect();
    shown.sort();
    shown
}

fn ask(owner: &str, rtype: RecordType) -> Answer {
    zone().lookup(&name(owner), rtype)
}

#[track_caller]
fn assert_answers(owner: &str, rtype: RecordType, expected: &[&str]) {
    let answer = ask(owner, rtype);
    assert_eq!(shown(&answer.answers), expected);
    assert!(answer.authoritative && answer.rcode == ResponseCode::NoError, "{answer:?}");
    assert!(answer.authorities.is_empty(), "{answer:?}");
}

#[track_caller]
fn assert_denies(owner: &str, rtype: RecordType, rcode: ResponseCode) {
    let answer = ask(owner, rtype);
    assert_eq!((answer.rcode, answer.authoritative, answer.answers.len()), (rcode, true, 0), "{answer:?}");
    let [soa] = answer.authorities.as_slice() else { panic!("{answer:?}") };
    // The TTL of the SOA is 60, its minimum 30.
    assert_eq!((soa.record_type(), soa.ttl, &soa.name), (RecordType::SOA, 30, &name("example.test.")));
}

#[test]
fn answers_with_the_rrset_under_the_name_asked_for() {
    assert_answers(
        "api.example.test.",
        RecordType::A,
        &["api.example.test. 60 A 192.0.2.1", "api.example.test. 60 A 192.0.2.2"],
    );
    let answer = ask("API.example.TEST.", RecordType::AAAA);
    assert!(answer.answers[0].name.eq_case(&name("API.example.TEST.")), "{answer:?}");
}

#[test]
fn answers_any_with_every_type() {
    let answer = ask("api.example.test.", RecordType::ANY);
    assert_eq!(answer.answers.len(), 3);
    assert_answers("far.example.test.", RecordType::ANY, &["far.example.test. 60 CNAME far.elsewhere.net."]);
}

#[test]
fn denies_type_and_name_with_the_soa() {
    assert_denies("api.example.test.", RecordType::TXT, ResponseCode::NoError);
    assert_denies("gone.example.test.", RecordType::A, ResponseCode::NXDomain);
    assert_denies("below.api.example.test.", RecordType::A, ResponseCode::NXDomain);
}

#[test]
fn negative_ttl_is_the_lesser_of_soa_ttl_and_minimum() {
    let text = "@ 20 SOA ns1 hostmaster 7 3600 600 604800 30\n@ 60 NS ns1\n";
    let zone = Zone::parse(&name("example.test."), text).expect("a zone");
    assert_eq!(zone.lookup(&name("gone.example.test."), RecordType::A).authorities[0].ttl, 20);
    assert_eq!(zone.lookup(&name("example.test."), RecordType::SOA).answers[0].ttl, 20);
}

#[test]
fn empty_non_terminal_exists_without_data() {
    assert_denies("down.ent.example.test.", RecordType::A, ResponseCode::NoError);
    assert_denies("ent.example.test.", RecordType::ANY, ResponseCode::NoError);
    assert_denies("other.ent.example.test.", RecordType::A, ResponseCode::NXDomain);
}

#[test]
fn refuses_names_outside_the_zone() {
    for owner in ["example.org.", "test.", "notexample.test."] {
        let answer = ask(owner, RecordType::A);
        assert_eq!((answer.rcode, answer.authoritative), (ResponseCode::Refused, false), "{owner}");
        assert!(answer.answers.is_empty() && answer.authorities.is_empty());
    }
}

#[test]
fn follows_a_cname_within_the_zone_only() {
    assert_answers(
        "www.example.test.",
        RecordType::AAAA,
        &["api.example.test. 60 AAAA 2001:db8::1", "www.example.test. 60 CNAME api.example.test."],
    );
    assert_answers("www.example.test.", RecordType::CNAME, &["www.example.test. 60 CNAME api.example.test."]);
    assert_answers("far.example.test.", RecordType::A, &["far.example.test. 60 CNAME far.elsewhere.net."]);
}

#[test]
fn rcode_after_a_cname_is_that_of_the_last_name() {
    let dead = ask("dead.example.test.", RecordType::A);
    assert_eq!((dead.rcode, dead.answers.len(), dead.authorities.len()), (ResponseCode::NXDomain, 1, 1));
    let empty = ask("empty.example.test.", RecordType::TXT);
    assert_eq!((empty.rcode, empty.answers.len(), empty.authorities.len()), (ResponseCode::NoError, 1, 1));
}

#[test]
fn loop_of_cnames_ends() {
    let answer = ask("loop1.example.test.", RecordType::A);
    assert_eq!((answer.rcode, answer.answers.len()), (ResponseCode::NoError, ALIASES_MAX));
}

#[test]
fn wildcard_answers_for_names_that_do_not_exist() {
    assert_answers("any.wild.example.test.", RecordType::A, &["any.wild.example.test. 60 A 192.0.2.7"]);
    assert_answers("any.thing.wild.example.test.", RecordType::A, &["any.thing.wild.example.test. 60 A 192.0.2.7"]);
    assert_answers("*.wild.example.test.", RecordType::A, &["*.wild.example.test. 60 A 192.0.2.7"]);
    assert_denies("any.wild.example.test.", RecordType::TXT, ResponseCode::NoError);
    assert_answers(
        "any.alias.example.test.",
        RecordType::AAAA,
        &["any.alias.example.test. 60 CNAME api.example.test.", "api.example.test. 60 AAAA 2001:db8::1"],
    );
}

#[test]
fn wildcard_is_stopped_by_what_exists() {
    // A name with records, an empty non-terminal, and what lies below either (RFC 4592 §2.2.1).
    assert_denies("own.wild.example.test.", RecordType::A, ResponseCode::NoError);
    assert_denies("y.wild.example.test.", RecordType::A, ResponseCode::NoError);
    assert_denies("below.own.wild.example.test.", RecordType::A, ResponseCode::NXDomain);
    assert_denies("below.y.wild.example.test.", RecordType::A, ResponseCode::NXDomain);
    assert_denies("wild.example.test.", RecordType::A, ResponseCode::NoError);
    assert_denies("below.*.wild.example.test.", RecordType::A, ResponseCode::NXDomain);
}

#[test]
fn refers_below_a_delegation_with_glue() {
    for owner in ["sub.example.test.", "ns.sub.example.test.", "hidden.sub.example.test.", "gone.sub.example.test."] {
        let answer = ask(owner, RecordType::A);
        assert_eq!((answer.rcode, answer.authoritative), (ResponseCode::NoError, false), "{owner}");
        assert!(answer.answers.is_empty(), "{owner}");
        assert_eq!(
            shown(&answer.authorities),
            ["sub.example.test. 60 NS ns.elsewhere.net.", "sub.example.test. 60 NS ns.sub.example.test.",]
        );
        assert_eq!(shown(&answer.additionals), ["ns.sub.example.test. 60 A 192.0.2.53"]);
    }
}

#[test]
fn answers_for_ds_at_the_cut_itself() {
    let answer = ask("sub.example.test.", RecordType::DS);
    assert_eq!((answer.authoritative, answer.answers.len()), (true, 1));
    assert!(!ask("below.sub.example.test.", RecordType::DS).authoritative);
}

#[test]
fn answers_ns_of_the_apex_with_addresses() {
    let answer = ask("example.test.", RecordType::NS);
    assert_eq!((answer.authoritative, answer.answers.len()), (true, 2));
    assert_eq!(shown(&answer.additionals), ["ns1.example.test. 60 A 127.0.0.1"]);
}

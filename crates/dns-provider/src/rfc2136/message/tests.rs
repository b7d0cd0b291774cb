use dns_core::rrset::{Alias, GuardedType, RrsetKey, Ttl, canonical_name};
use hickory_proto::serialize::binary::BinEncodable;

use super::*;
use crate::rfc2136::able;

fn name(text: &str) -> Name {
    canonical_name(text).expect("name")
}

fn rrset(owner: &str, rtype: GuardedType, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| rtype.parse_value(text).expect("value"));
    Rrset::new(RrsetKey::new(&name(owner), rtype), Ttl::from_secs(60).expect("ttl"), values).expect("rrset")
}

fn text(strings: &[&str]) -> FenceText {
    FenceText::from_strings(strings.iter().map(|string| (*string).to_owned()).collect())
}

/// Moves `api A` under a fence of two strings.
fn flip() -> ChangeSet {
    let ttl = Ttl::from_secs(60).expect("ttl");
    let old = rrset("api.example.com", GuardedType::A, &["192.0.2.1", "192.0.2.2"]);
    ChangeSet {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        guard: Guard::Exactly { ttl, text: text(&["v=old;", "rev=1;"]) },
        requires: vec![
            Requirement::Exactly(old.clone()),
            Requirement::Absent(RrsetKey::new(&name("api.example.com"), GuardedType::Cname)),
        ],
        deletes: vec![old],
        creates: vec![rrset("api.example.com", GuardedType::A, &["198.51.100.1"])],
        fence_ttl: ttl,
        fence: text(&["v=new;", "rev=2;"]),
    }
}

fn lines(records: &[Record]) -> Vec<String> {
    records.iter().map(ToString::to_string).collect()
}

#[test]
fn requires_then_deletes_then_creates() {
    let message = update(&able("primary".to_owned()), &flip()).expect("message");
    assert_eq!(message.metadata.op_code, OpCode::Update);
    assert_eq!(message.queries[0].to_string(), "example.com. IN SOA");
    assert_eq!(
        lines(&message.answers),
        [
            "_checkout._failover.example.com. 0 IN TXT v=old;rev=1;",
            "api.example.com. 0 IN A 192.0.2.1",
            "api.example.com. 0 IN A 192.0.2.2",
            "api.example.com. 0 NONE CNAME UPDATE",
        ]
    );
    assert_eq!(
        lines(&message.authorities),
        [
            "api.example.com. 0 ANY A UPDATE",
            "_checkout._failover.example.com. 0 ANY TXT UPDATE",
            "api.example.com. 60 IN A 198.51.100.1",
            "_checkout._failover.example.com. 60 IN TXT v=new;rev=2;",
        ]
    );
}

#[test]
fn adoption_requires_the_absence_of_a_fence_and_deletes_none() {
    let adopt = ChangeSet { guard: Guard::Absent, deletes: vec![], creates: vec![], ..flip() };
    let message = update(&able("primary".to_owned()), &adopt).expect("message");
    assert_eq!(lines(&message.answers)[0], "_checkout._failover.example.com. 0 NONE TXT UPDATE");
    assert_eq!(lines(&message.authorities), ["_checkout._failover.example.com. 60 IN TXT v=new;rev=2;"]);
}

#[test]
fn records_have_the_bytes_of_the_rfc() {
    let absent = rrset_absent(&name("a.test"), RecordType::CNAME).to_bytes().expect("bytes");
    assert_eq!(absent, b"\x01a\x04test\x00\x00\x05\x00\xfe\x00\x00\x00\x00\x00\x00");
    let whole = whole_rrset(&name("a.test"), RecordType::A).to_bytes().expect("bytes");
    assert_eq!(whole, b"\x01a\x04test\x00\x00\x01\x00\xff\x00\x00\x00\x00\x00\x00");
    let fence = value(&name("a.test"), 0, txt(&text(&["x=1;", "y=2;"]))).to_bytes().expect("bytes");
    assert_eq!(fence, b"\x01a\x04test\x00\x00\x10\x00\x01\x00\x00\x00\x00\x00\x0a\x04x=1;\x04y=2;");
}

fn refusal(change: &ChangeSet) -> String {
    let Err(ProviderError::Invalid { record, .. }) = update(&able("primary".to_owned()), change) else {
        panic!("invalid")
    };
    record
}

#[test]
fn refuses_what_nothing_is_required_of() {
    let without = ChangeSet { requires: vec![], ..flip() };
    assert_eq!(refusal(&without), "api.example.com. A");
    let other_values = Requirement::Exactly(rrset("api.example.com", GuardedType::A, &["192.0.2.1"]));
    assert_eq!(refusal(&ChangeSet { requires: vec![other_values], ..flip() }), "api.example.com. A");
    let joins = ChangeSet { deletes: vec![], ..flip() };
    assert_eq!(refusal(&joins), "api.example.com. A");
    let elsewhere = ChangeSet { creates: vec![rrset("www.example.com", GuardedType::A, &["192.0.2.1"])], ..flip() };
    assert_eq!(refusal(&elsewhere), "www.example.com. A");
}

#[test]
fn refuses_what_no_server_that_takes_updates_can_hold() {
    let old = rrset("api.example.com", GuardedType::A, &["192.0.2.1", "192.0.2.2"]);
    let alias = Alias::new(&name("lb.example.net"), "Z2").expect("an alias");
    let alias = Rrset::alias_of(old.key().clone(), alias).expect("an address");
    for unable in [alias, old.proxied()] {
        assert_eq!(refusal(&ChangeSet { creates: vec![unable], ..flip() }), "api.example.com. A");
    }
}

#[test]
fn refuses_a_cname_at_the_apex_which_a_server_would_leave_out_silently() {
    let apex = rrset("example.com", GuardedType::Cname, &["lb.example.net"]);
    let requires = vec![Requirement::Absent(apex.key().clone())];
    let change = ChangeSet { requires, deletes: vec![], creates: vec![apex], ..flip() };
    assert_eq!(refusal(&change), "example.com. CNAME");
}

#[test]
fn refuses_what_is_no_record_of_the_zone() {
    assert_eq!(refusal(&ChangeSet { zone: name("example.net"), ..flip() }), "api.example.com.");
    assert_eq!(refusal(&ChangeSet { fence: text(&[]), ..flip() }), "_checkout._failover.example.com.");
    let long = "x".repeat(256);
    assert_eq!(refusal(&ChangeSet { fence: text(&[&long]), ..flip() }), "_checkout._failover.example.com.");
}

use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Ttl, canonical_name};

use super::*;

fn key(owner: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&canonical_name(owner).expect("a name"), rtype)
}

fn set(owner: &str, rtype: GuardedType, ttl: u64, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| rtype.parse_value(text).expect("a value"));
    Rrset::new(key(owner, rtype), Ttl::from_secs(ttl).expect("a TTL"), values).expect("an RRset")
}

fn found() -> Records {
    let list = json!([
        { "id": "f1", "name": "_f.example.com", "type": "TXT", "content": "\"a=1;\"", "ttl": 60, "comment": "theirs" },
        { "id": "a1", "name": "api.example.com", "type": "A", "content": "192.0.2.1", "ttl": 60,
          "comment": "first", "tags": ["team:web"], "settings": { "ipv4_only": true } },
        { "id": "a2", "name": "api.example.com", "type": "A", "content": "192.0.2.2", "ttl": 60, "comment": "second" },
        { "id": "w1", "name": "www.example.com", "type": "CNAME", "content": "lb.example.net", "ttl": 1,
          "proxied": true, "tags": [], "settings": { "flatten_cname": true } },
        { "id": "t1", "name": "api.example.com", "type": "TXT", "content": "not ours", "ttl": 60 },
    ]);
    Records::new(serde_json::from_value::<Vec<Record>>(list).expect("records"))
}

/// Moves `api`, leaves `www`, and writes the next fence.
fn flip() -> ChangeSet {
    let old = set("api.example.com", GuardedType::A, 60, &["192.0.2.1", "192.0.2.2"]);
    let www = set("www.example.com", GuardedType::Cname, 1, &["lb.example.net"]).proxied();
    ChangeSet {
        zone: canonical_name("example.com").expect("a name"),
        fence_name: canonical_name("_f.example.com").expect("a name"),
        guard: Guard::Exactly {
            ttl: Ttl::from_secs(60).expect("a TTL"),
            text: FenceText::from_strings(vec!["a=1;".to_owned()]),
        },
        requires: vec![
            Requirement::Exactly(old.clone()),
            Requirement::Exactly(www),
            Requirement::Absent(key("api.example.com", GuardedType::Cname)),
        ],
        deletes: vec![old],
        creates: vec![set("api.example.com", GuardedType::A, 60, &["192.0.2.2", "198.51.100.1"])],
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: FenceText::from_strings(vec!["a=2;".to_owned(), "b=1;".to_owned()]),
    }
}

#[test]
fn everything_required_goes_by_its_id_also_what_stays() {
    let batch = of(&flip(), &found());
    assert_eq!(
        batch.to_json()["deletes"],
        json!([{ "id": "f1" }, { "id": "a1" }, { "id": "a2" }, { "id": "w1" }]),
        "and nothing that is not ours"
    );
    assert_eq!(batch.operations(), 8);
}

#[test]
fn what_comes_back_keeps_what_people_attached_to_it() {
    let batch = of(&flip(), &found()).to_json();
    let expected = json!([
        { "name": "_f.example.com", "type": "TXT", "content": "\"a=2;\" \"b=1;\"", "ttl": 60, "comment": "theirs" },
        { "name": "www.example.com", "type": "CNAME", "content": "lb.example.net", "ttl": 1, "proxied": true,
          "settings": { "flatten_cname": true } },
        { "name": "api.example.com", "type": "A", "content": "192.0.2.2", "ttl": 60, "comment": "second" },
        { "name": "api.example.com", "type": "A", "content": "198.51.100.1", "ttl": 60,
          "comment": "first", "tags": ["team:web"], "settings": { "ipv4_only": true } },
    ]);
    assert_eq!(batch["posts"], expected);
}

#[test]
fn an_adoption_leaves_other_texts_at_the_fences_name_alone() {
    let change = ChangeSet { guard: Guard::Absent, requires: vec![], deletes: vec![], creates: vec![], ..flip() };
    let batch = of(&change, &found()).to_json();
    assert_eq!(batch["deletes"], json!([]));
    assert_eq!(batch["posts"][0]["comment"], json!(FENCE_COMMENT));
    assert!(FENCE_COMMENT.len() <= 100, "the free plan takes no more");
}

#[test]
fn a_proxied_set_is_posted_with_an_automatic_ttl() {
    let aaaa = set("api.example.com", GuardedType::Aaaa, 60, &["2001:db8::1"]).proxied();
    let requires = vec![Requirement::Absent(aaaa.key().clone())];
    let change = ChangeSet { requires, deletes: vec![], creates: vec![aaaa], ..flip() };
    let posts = &of(&change, &found()).to_json()["posts"];
    let expected =
        json!({ "name": "api.example.com", "type": "AAAA", "content": "2001:db8::1", "ttl": 1, "proxied": true });
    assert_eq!(posts[1], expected, "a new type inherits nothing");
}

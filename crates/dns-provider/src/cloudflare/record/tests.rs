use serde_json::json;

use super::*;

fn records(list: &Value) -> Records {
    Records::new(serde_json::from_value::<Vec<Record>>(list.clone()).expect("records"))
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn rrset(list: &Value, owner: &str, rtype: GuardedType) -> Option<String> {
    records(list).rrset(&RrsetKey::new(&name(owner), rtype)).expect("sound").map(|set| set.to_string())
}

fn fence(contents: &[&str]) -> FoundFence {
    let list: Vec<Value> = contents
        .iter()
        .map(|content| json!({ "id": "1", "name": "_f.example.com", "type": "TXT", "content": content, "ttl": 60 }))
        .collect();
    records(&Value::Array(list)).fence(&name("_f.example.com"))
}

#[test]
fn several_records_of_a_type_are_one_rrset_and_other_types_are_not_ours() {
    let list = json!([
        { "id": "1", "name": "API.example.com", "type": "A", "content": "192.0.2.2", "ttl": 300, "proxied": false },
        { "id": "2", "name": "api.example.com", "type": "A", "content": "192.0.2.1", "ttl": 60, "tags": ["a:b"] },
        { "id": "3", "name": "api.example.com", "type": "TXT", "content": "hello", "ttl": 1, "comment": null },
        { "id": "4", "name": "_x._tcp.example.com", "type": "SRV", "ttl": 1, "data": { "port": 1 }, "settings": {} },
    ]);
    let set = rrset(&list, "api.example.com", GuardedType::A);
    assert_eq!(set.as_deref(), Some("api.example.com. 60 A 192.0.2.1, 192.0.2.2"), "with the lowest TTL");
    assert_eq!(rrset(&list, "api.example.com", GuardedType::Aaaa), None);
    assert_eq!(rrset(&list, "www.example.com", GuardedType::A), None);
}

#[test]
fn one_proxied_record_proxies_its_rrset_with_an_automatic_ttl() {
    let list = json!([
        { "id": "1", "name": "api.example.com", "type": "A", "content": "192.0.2.1", "ttl": 60, "proxied": false },
        { "id": "2", "name": "api.example.com", "type": "A", "content": "192.0.2.2", "ttl": 1, "proxied": true },
    ]);
    let set = rrset(&list, "api.example.com", GuardedType::A);
    assert_eq!(set.as_deref(), Some("api.example.com. 1 A 192.0.2.1, 192.0.2.2 (proxied)"));
}

#[test]
fn names_in_unicode_are_read_as_punycode() {
    let list = json!([
        { "id": "1", "name": "bücher.example.com", "type": "CNAME", "content": "bücher.example.net", "ttl": 60 },
    ]);
    let key = RrsetKey::new(&name("xn--bcher-kva.example.com"), GuardedType::Cname);
    let set = records(&list).rrset(&key).expect("sound").expect("there");
    let RData::CNAME(target) = &set.values()[0] else { panic!("{set}") };
    assert_eq!(target.0.to_ascii(), "xn--bcher-kva.example.net.");
}

#[test]
fn what_is_no_value_of_its_type_cannot_be_guarded() {
    let list = json!([{ "id": "1", "name": "api.example.com", "type": "A", "content": "nonsense", "ttl": 60 }]);
    let outcome = records(&list).rrset(&RrsetKey::new(&name("api.example.com"), GuardedType::A));
    assert!(outcome.is_err_and(|reason| reason.contains("nonsense")));
}

#[test]
fn a_fence_is_one_txt_record_quoted_or_bare() {
    for content in [r#""a=1;" "b=2;""#, "a=1;"] {
        let FoundFence::Present { text, ttl } = fence(&[content]) else { panic!("{content}") };
        assert_eq!((text.strings()[0].as_str(), ttl.as_secs()), ("a=1;", 60));
    }
    assert_eq!(fence(&[]), FoundFence::Absent);
    assert_eq!(fence(&["a=1;", "b=2;"]), FoundFence::Unreadable { found: "2 TXT records".to_owned() });
    assert_eq!(fence(&[r#""a" b"#]), FoundFence::Unreadable { found: "a TXT record that is no text".to_owned() });
    let list = json!([
        { "id": "1", "name": "_f.example.com", "type": "TXT", "content": "a=1;", "ttl": 60 },
        { "id": "2", "name": "_f.example.com", "type": "CNAME", "content": "x.example.com", "ttl": 60 },
    ]);
    assert_eq!(records(&list).fence(&name("_f.example.com")), FoundFence::Unreadable { found: "a CNAME".to_owned() });
}

#[test]
fn writes_names_as_the_api_takes_them() {
    assert_eq!(written(&name("*.W.example.com")), "*.w.example.com");
    assert_eq!(written(&name("example.com.")), "example.com");
}

//! The PATCH of a change set (`PowerDNS`, "Zones endpoint"). Pure.

use dns_core::change::ChangeSet;
use dns_core::rrset::{Rrset, RrsetKey};
use hickory_proto::rr::RData;
use serde_json::{Value, json};

use super::set::TXT;
use crate::quoted;

/// RRsets that go, then those that come, then the fence: the server carries them out in this order, and a CNAME must not
/// meet what it replaces.
pub(super) fn of(change: &ChangeSet) -> Value {
    let comes = |key: &RrsetKey| change.creates.iter().any(|set| set.key() == key);
    let goes = change.deletes.iter().map(Rrset::key).filter(|key| !comes(key));
    let goes = goes.map(|key| delete(&key.name().to_ascii(), &key.rtype().to_string()));
    let creates = change.creates.iter().map(replace);
    let fence = rrset(&change.fence_name.to_ascii(), TXT, change.fence_ttl.as_secs(), &[quoted::write(&change.fence)]);
    json!({ "rrsets": goes.chain(creates).chain([fence]).collect::<Vec<_>>() })
}

pub(super) fn delete(name: &str, rtype: &str) -> Value {
    json!({ "name": name, "type": rtype, "changetype": "DELETE" })
}

fn replace(set: &Rrset) -> Value {
    let values: Vec<String> = set.values().iter().map(content).collect();
    rrset(&set.key().name().to_ascii(), &set.key().rtype().to_string(), set.ttl().as_secs(), &values)
}

/// A name displays in Unicode, and in DNS it is Punycode.
fn content(value: &RData) -> String {
    match value {
        RData::CNAME(target) => target.0.to_ascii(),
        other => other.to_string(),
    }
}

pub(super) fn rrset(name: &str, rtype: &str, ttl: u32, contents: &[String]) -> Value {
    let records: Vec<Value> = contents.iter().map(|content| json!({ "content": content, "disabled": false })).collect();
    json!({ "name": name, "type": rtype, "ttl": ttl, "changetype": "REPLACE", "records": records })
}

#[cfg(test)]
mod tests {
    use dns_core::change::{Guard, Requirement};
    use dns_core::fence::text::FenceText;
    use dns_core::rrset::{GuardedType, Ttl, canonical_name};

    use super::*;

    fn set(rtype: GuardedType, value: &str) -> Rrset {
        let key = RrsetKey::new(&canonical_name("api.example.test").expect("a name"), rtype);
        let value = rtype.parse_value(value).expect("a value");
        Rrset::new(key, Ttl::from_secs(60).expect("a TTL"), [value]).expect("an RRset")
    }

    #[test]
    fn what_goes_comes_first_and_nothing_is_named_twice() {
        let (a, aaaa) = (set(GuardedType::A, "192.0.2.1"), set(GuardedType::Aaaa, "2001:db8::1"));
        let moved = set(GuardedType::A, "198.51.100.1");
        let change = ChangeSet {
            zone: canonical_name("example.test").expect("a name"),
            fence_name: canonical_name("_f.example.test").expect("a name"),
            guard: Guard::Absent,
            requires: [&a, &aaaa].map(|set| Requirement::Exactly(set.clone())).to_vec(),
            deletes: vec![a, aaaa],
            creates: vec![moved],
            fence_ttl: Ttl::from_secs(60).expect("a TTL"),
            fence: FenceText::from_strings(vec!["a=1;".to_owned(), "b=2;".to_owned()]),
        };
        let expected = json!({ "rrsets": [
            { "name": "api.example.test.", "type": "AAAA", "changetype": "DELETE" },
            { "name": "api.example.test.", "type": "A", "ttl": 60, "changetype": "REPLACE",
              "records": [{ "content": "198.51.100.1", "disabled": false }] },
            { "name": "_f.example.test.", "type": "TXT", "ttl": 60, "changetype": "REPLACE",
              "records": [{ "content": "\"a=1;\" \"b=2;\"", "disabled": false }] },
        ] });
        assert_eq!(of(&change), expected);
    }

    #[test]
    fn names_in_unicode_are_written_as_punycode() {
        let value = GuardedType::Cname.parse_value("xn--bcher-kva.example.net").expect("a value");
        assert_eq!(content(&value), "xn--bcher-kva.example.net.");
    }
}

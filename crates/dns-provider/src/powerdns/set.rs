//! RRsets as the API gives them, and the RRsets and fences that they are. Pure.

use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl, canonical_name};
use dns_core::zone::FoundFence;
use hickory_proto::rr::{Name, RData};
use serde::Deserialize;

use crate::quoted;
use crate::whole_names::Found;

/// The type of a fence.
pub(super) const TXT: &str = "TXT";

/// An RRset.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Set {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    ttl: u32,
    records: Vec<Record>,
}

/// One of its values.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub(super) content: String,
    #[serde(default)]
    pub(super) disabled: bool,
}

/// RRsets at some names.
#[derive(Debug)]
pub(super) struct Sets(Vec<Set>);

impl Set {
    pub(super) fn of_one(name: String, rtype: String, ttl: u32, record: Record) -> Self {
        Self { name, rtype, ttl, records: vec![record] }
    }

    pub(super) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(super) fn owner(&self) -> Option<Name> {
        canonical_name(&self.name).ok()
    }

    /// As the API writes it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// As the API calls it: not all of them are DNS types.
    pub(super) fn rtype(&self) -> &str {
        &self.rtype
    }

    pub(super) fn ttl_secs(&self) -> u32 {
        self.ttl
    }

    pub(super) fn is_at(&self, name: &Name) -> bool {
        self.owner().as_ref() == Some(name)
    }

    pub(super) fn is_of(&self, rtype: &str) -> bool {
        self.rtype == rtype
    }

    pub(super) fn served(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter(|record| !record.disabled).map(|record| record.content.as_str())
    }

    pub(super) fn has_disabled(&self) -> bool {
        self.records.iter().any(|record| record.disabled)
    }

    /// A TTL of 0, which no guarded RRset has, is read as 1, and so is one that RFC 2181 §8 calls 0.
    fn ttl(&self) -> Ttl {
        let one = || Ttl::from_secs(1).expect("invariant: the constant is a valid TTL");
        Ttl::from_secs(u64::from(self.ttl)).unwrap_or_else(|_| one())
    }
}

impl Sets {
    pub(super) fn new(sets: Vec<Set>) -> Self {
        Self(sets)
    }

    fn of(&self, name: &Name, rtype: &str) -> Option<&Set> {
        self.0.iter().find(|set| set.is_at(name) && set.is_of(rtype))
    }
}

impl Found for Sets {
    fn fence(&self, name: &Name) -> FoundFence {
        let unreadable = |found: &str| FoundFence::Unreadable { found: found.to_owned() };
        if self.of(name, &GuardedType::Cname.to_string()).is_some() {
            return unreadable("a CNAME");
        }
        let Some(set) = self.of(name, TXT) else { return FoundFence::Absent };
        if set.has_disabled() {
            return unreadable("a disabled TXT record");
        }
        let texts: Vec<&str> = set.served().collect();
        match texts.as_slice() {
            [content] => match quoted::read(content) {
                Some(text) => FoundFence::Present { ttl: set.ttl(), text },
                None => unreadable("a TXT record that is no text"),
            },
            [..] => unreadable(&format!("{} TXT records", texts.len())),
        }
    }

    fn rrset(&self, key: &RrsetKey) -> Result<Option<Rrset>, String> {
        let Some(set) = self.of(key.name(), &key.rtype().to_string()) else { return Ok(None) };
        if set.has_disabled() {
            return Err("it has a disabled record, which a write would remove: enable it or delete it".to_owned());
        }
        let values = set.served().map(|content| key.rtype().parse_value(content));
        let values: Result<Vec<RData>, _> = values.collect();
        let read = values.and_then(|values| Rrset::new(key.clone(), set.ttl(), values));
        read.map(Some).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sets(list: &Value) -> Sets {
        Sets::new(serde_json::from_value(list.clone()).expect("sets"))
    }

    fn key() -> RrsetKey {
        RrsetKey::new(&canonical_name("api.example.test").expect("a name"), GuardedType::A)
    }

    fn texts(contents: &[&str]) -> FoundFence {
        let records: Vec<Value> = contents.iter().map(|content| json!({ "content": content })).collect();
        let list = json!([{ "name": "_f.example.test.", "type": "TXT", "ttl": 60, "records": records }]);
        sets(&list).fence(&canonical_name("_f.example.test").expect("a name"))
    }

    #[test]
    fn reads_an_rrset_with_its_lowest_sound_ttl() {
        let set = |ttl: u32| {
            let records = json!([{ "content": "192.0.2.1", "disabled": false }, { "content": "192.0.2.2" }]);
            let list = json!([{ "name": "API.example.test.", "type": "A", "ttl": ttl, "records": records }]);
            sets(&list).rrset(&key()).expect("sound").expect("there")
        };
        assert_eq!(set(60).to_string(), "api.example.test. 60 A 192.0.2.1, 192.0.2.2");
        assert_eq!((set(0).ttl().as_secs(), set(u32::MAX).ttl().as_secs()), (1, 1));
    }

    #[test]
    fn guards_nothing_that_has_a_disabled_record() {
        let records = json!([{ "content": "192.0.2.1" }, { "content": "192.0.2.2", "disabled": true }]);
        let list = json!([{ "name": "api.example.test.", "type": "A", "ttl": 60, "records": records }]);
        let reason = sets(&list).rrset(&key()).expect_err("disabled");
        assert!(reason.contains("disabled"), "{reason}");
    }

    #[test]
    fn reads_a_fence_of_one_record_and_no_other() {
        assert!(matches!(texts(&[r#""a=1;" "b=2;""#]), FoundFence::Present { text, .. } if text.strings().len() == 2));
        assert_eq!(texts(&[r#""a""#, r#""b""#]), FoundFence::Unreadable { found: "2 TXT records".to_owned() });
        let alias =
            json!([{ "name": "_f.example.test.", "type": "CNAME", "ttl": 60, "records": [{ "content": "x." }] }]);
        let found = sets(&alias).fence(&canonical_name("_f.example.test").expect("a name"));
        assert_eq!(found, FoundFence::Unreadable { found: "a CNAME".to_owned() });
    }
}

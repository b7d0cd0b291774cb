//! Records as the API gives them, and the RRsets and fences that they are. Pure.

use std::collections::BTreeMap;

use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl, canonical_name};
use dns_core::zone::FoundFence;
use hickory_proto::rr::{Name, RData};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::TTL_AUTOMATIC;
use crate::quoted;
use crate::whole_names::Found;

/// The type of a fence.
pub(super) const TXT: &str = "TXT";

/// A record, with everything that is to outlive its replacement.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) rtype: String,
    /// Not every type has one; those that we read do.
    #[serde(default)]
    pub(super) content: String,
    pub(super) ttl: u32,
    /// Of an MX and a URI.
    #[serde(default)]
    pub(super) priority: Option<u16>,
    /// The fields of types that have more than a content.
    #[serde(default)]
    pub(super) data: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) proxied: bool,
    #[serde(default)]
    pub(super) comment: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) settings: Option<Map<String, Value>>,
}

/// Records by name.
#[derive(Debug, Default)]
pub(super) struct Records(BTreeMap<Name, Vec<Record>>);

impl Records {
    /// A record whose name is none is at no name that anyone asks for.
    pub(super) fn new(records: impl IntoIterator<Item = Record>) -> Self {
        let mut by_name: BTreeMap<Name, Vec<Record>> = BTreeMap::new();
        for record in records {
            if let Some(name) = host_name(&record.name) {
                by_name.entry(name).or_default().push(record);
            }
        }
        Self(by_name)
    }

    /// The records of a type at a name.
    pub(super) fn of(&self, name: &Name, rtype: &str) -> impl Iterator<Item = &Record> {
        self.0.get(name).into_iter().flatten().filter(move |record| record.rtype == rtype)
    }

    /// The records of an RRset.
    pub(super) fn under(&self, key: &RrsetKey) -> Vec<&Record> {
        self.of(key.name(), &key.rtype().to_string()).collect()
    }
}

impl Found for Records {
    /// A CNAME beside the fence takes its name over for everyone who asks in DNS.
    fn fence(&self, name: &Name) -> FoundFence {
        let unreadable = |found: &str| FoundFence::Unreadable { found: found.to_owned() };
        if self.of(name, &GuardedType::Cname.to_string()).next().is_some() {
            return unreadable("a CNAME");
        }
        let texts: Vec<&Record> = self.of(name, TXT).collect();
        let record = match texts.as_slice() {
            [] => return FoundFence::Absent,
            [record] => record,
            [..] => return unreadable(&format!("{} TXT records", texts.len())),
        };
        match (quoted::read(&record.content), Ttl::from_secs(u64::from(record.ttl))) {
            (Some(text), Ok(ttl)) => FoundFence::Present { ttl, text },
            (None, _) => unreadable("a TXT record that is no text"),
            (Some(_), Err(error)) => unreadable(&error.to_string()),
        }
    }

    /// The lowest TTL counts (RFC 2181 §5.2), and one proxied record proxies the others.
    fn rrset(&self, key: &RrsetKey) -> Result<Option<Rrset>, String> {
        let records = self.under(key);
        let Some(lowest) = records.iter().map(|record| record.ttl).min() else { return Ok(None) };
        let is_proxied = records.iter().any(|record| record.proxied);
        let secs = if is_proxied { TTL_AUTOMATIC } else { lowest };
        let ttl = Ttl::from_secs(u64::from(secs)).map_err(|error| error.to_string())?;
        let values: Result<Vec<RData>, String> = records.iter().map(|record| value(key.rtype(), record)).collect();
        let set = Rrset::new(key.clone(), ttl, values?).map_err(|error| error.to_string())?;
        Ok(Some(if is_proxied { set.proxied() } else { set }))
    }
}

fn value(rtype: GuardedType, record: &Record) -> Result<RData, String> {
    let text = match rtype {
        GuardedType::A | GuardedType::Aaaa => record.content.clone(),
        GuardedType::Cname => match host_name(&record.content) {
            Some(target) => target.to_ascii(),
            None => record.content.clone(),
        },
    };
    rtype.parse_value(&text).map_err(|error| error.to_string())
}

/// A name as the API writes it: without the final dot, and in Unicode where a person has typed it so. In DNS it is
/// Punycode (RFC 5890 §2.3.2.1).
pub(super) fn host_name(text: &str) -> Option<Name> {
    if text.is_ascii() {
        return canonical_name(text).ok();
    }
    let name = Name::from_utf8(text).ok()?;
    canonical_name(&name.to_ascii()).ok()
}

/// A name as the API takes it.
pub(super) fn written(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;

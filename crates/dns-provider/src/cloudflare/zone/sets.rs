//! Records as the API gives them, as the sets of a zone. Pure.

use std::collections::BTreeMap;

use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetKey, Ttl, Zone};

use super::{TYPES, fields};
use crate::cloudflare::TTL_AUTOMATIC;
use crate::cloudflare::record::{Record, host_name};
use crate::zones::{self, Listing, NotPlain};

/// What "automatic" is served with ("Time to Live").
const TTL_AUTOMATIC_SERVED: u32 = 300;

/// The setting that makes a CNAME answer with addresses.
const FLATTEN: &str = "flatten_cname";

/// Records of one name and type, as the API calls it.
type Groups = BTreeMap<(Owner, String), Vec<Record>>;

/// All of a zone, or some of it. The error says why it is not of this zone.
pub(super) fn listing(apex: &Owner, records: Vec<Record>) -> Result<Listing, String> {
    let mut zone = Zone::new(apex.clone());
    let mut not_plain = Vec::new();
    let mut groups = Groups::new();
    for record in records {
        let Some(name) = host_name(&record.name) else { return Err(format!("`{}` is no name", record.name)) };
        groups.entry((zones::owner(&name), record.rtype.clone())).or_default().push(record);
    }
    for ((owner, rtype), records) in groups {
        if !owner.is_in(apex) {
            return Err(format!("{owner} lies outside of {apex}"));
        }
        match plain(&rtype, &records) {
            Ok((rtype, set)) => {
                zone.put(SetKey::new(owner, rtype), set).map_err(|error| error.to_string())?;
            }
            Err(reason) => not_plain.push(NotPlain { owner, rtype, reason }),
        }
    }
    Ok(Listing { zone, not_plain, serial_stays: None })
}

/// What stands at some names, with ids.
#[derive(Debug, Default)]
pub(super) struct Standing(Groups);

impl Standing {
    /// A record whose name is none is at no name that anyone asks for.
    pub(super) fn new(records: Vec<Record>) -> Self {
        let mut groups = Groups::new();
        for record in records {
            if let Some(name) = host_name(&record.name) {
                groups.entry((zones::owner(&name), record.rtype.clone())).or_default().push(record);
            }
        }
        Self(groups)
    }

    /// The set under a key. The error says why what stands there must not be written.
    pub(super) fn at(&self, key: &SetKey) -> Result<Option<RecordSet>, String> {
        let records = self.records(key);
        if records.is_empty() {
            return Ok(None);
        }
        let (_, set) =
            plain(&key.rtype.to_string(), records).map_err(|reason| format!("{key} is left alone: {reason}"))?;
        Ok(Some(set))
    }

    /// The id of the record that has a value.
    pub(super) fn id(&self, key: &SetKey, value: &Rdata) -> Option<&str> {
        let has = |record: &&Record| fields::read(key.rtype, record).as_ref() == Ok(value);
        self.records(key).iter().find(has).map(|record| record.id.as_str())
    }

    fn records(&self, key: &SetKey) -> &[Record] {
        self.0.get(&(key.owner.clone(), key.rtype.to_string())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Records that are nothing else. The lowest TTL counts (RFC 2181 §5.2). The error says what they are instead.
fn plain(rtype: &str, records: &[Record]) -> Result<(Rtype, RecordSet), String> {
    let known = rtype.parse().ok().filter(|rtype| TYPES.contains(rtype));
    let known: Rtype = known.ok_or_else(|| format!("records of the type {rtype} are not written"))?;
    if records.iter().any(|record| record.proxied) {
        return Err("proxied records".to_owned());
    }
    if records.iter().any(is_flattened) {
        return Err("a CNAME that is flattened".to_owned());
    }
    let secs = records.iter().map(|record| served(record.ttl)).min().ok_or("no records")?;
    let ttl = Ttl::from_secs(secs).ok_or("a TTL that is none")?;
    let values: Result<Vec<Rdata>, String> = records.iter().map(|record| fields::read(known, record)).collect();
    let values = values.map_err(|reason| format!("records that cannot be read: {reason}"))?;
    let set = RecordSet::new(ttl, values).ok_or("no records")?;
    if set.values().len() < records.len() {
        return Err("records of the same value in two spellings".to_owned());
    }
    Ok((known, set))
}

fn served(ttl: u32) -> u32 {
    if ttl == TTL_AUTOMATIC { TTL_AUTOMATIC_SERVED } else { ttl }
}

fn is_flattened(record: &Record) -> bool {
    let setting = record.settings.as_ref().and_then(|settings| settings.get(FLATTEN));
    setting.and_then(serde_json::Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn records(list: Value) -> Vec<Record> {
        serde_json::from_value(list).expect("records")
    }

    fn listed(list: Value) -> Result<Listing, String> {
        listing(&"a.test.".parse().expect("a name"), records(list))
    }

    #[test]
    fn reads_sets_with_the_ttl_that_is_served() {
        let Listing { zone, not_plain, serial_stays: _ } = listed(json!([
            { "id": "1", "name": "w.a.test", "type": "A", "content": "192.0.2.1", "ttl": 1 },
            { "id": "2", "name": "W.a.test", "type": "A", "content": "192.0.2.2", "ttl": 600 },
            { "id": "3", "name": "bücher.a.test", "type": "TXT", "content": "bare text; x", "ttl": 60 },
        ]))
        .expect("a zone");
        let sets: Vec<String> =
            zone.sets().map(|(key, set)| format!("{key} {} {}", set.ttl(), set.values().len())).collect();
        assert_eq!(sets, ["w.a.test. A 300 2", "xn--bcher-kva.a.test. TXT 60 1"]);
        assert_eq!(not_plain, []);
    }

    #[test]
    fn names_what_a_write_would_destroy() {
        let Listing { zone, not_plain, serial_stays: _ } = listed(json!([
            { "id": "1", "name": "p.a.test", "type": "A", "content": "192.0.2.1", "ttl": 1, "proxied": true },
            { "id": "2", "name": "f.a.test", "type": "CNAME", "content": "b.test", "ttl": 60,
              "settings": { "flatten_cname": true } },
            { "id": "3", "name": "l.a.test", "type": "HINFO", "content": "\"a\" \"b\"", "ttl": 60 },
            { "id": "4", "name": "s.a.test", "type": "SRV", "ttl": 60 },
        ]))
        .expect("a zone");
        assert_eq!(zone.sets().len(), 0);
        let left: Vec<String> = not_plain.iter().map(|left| format!("{} {}", left.owner, left.reason)).collect();
        assert_eq!(left.len(), 4, "{left:?}");
        assert!(left.contains(&"p.a.test. proxied records".to_owned()), "{left:?}");
        assert!(left.contains(&"f.a.test. a CNAME that is flattened".to_owned()), "{left:?}");
    }

    #[test]
    fn records_of_another_zone_are_no_records_of_this_one() {
        let list = json!([{ "id": "1", "name": "w.b.test", "type": "A", "content": "192.0.2.1", "ttl": 60 }]);
        assert!(listed(list).is_err());
    }
}

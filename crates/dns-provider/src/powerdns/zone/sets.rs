//! Sets as the API gives them, as those of a zone. Pure.

use std::collections::BTreeMap;
use std::str::FromStr;

use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetKey, Ttl, Zone};

use crate::powerdns::api::serial_stays;
use crate::powerdns::document;
use crate::powerdns::set::Set;
use crate::presentation;
use crate::zones::{Listing, NotPlain};

/// What an API's set is.
enum Read {
    /// Nothing: it has comments only.
    Empty,
    /// Plain records.
    Plain(SetKey, RecordSet),
    /// Something that a write would destroy.
    Special(NotPlain),
}

/// A zone that is being read.
struct Reading {
    zone: Zone,
    not_plain: Vec<NotPlain>,
}

impl Reading {
    fn new(apex: &Owner) -> Self {
        Self { zone: Zone::new(apex.clone()), not_plain: Vec::new() }
    }

    fn take(&mut self, read: Read) -> Result<(), String> {
        match read {
            Read::Empty => {}
            Read::Special(special) => self.not_plain.push(special),
            Read::Plain(key, plain) => {
                let named = key.to_string();
                let before = self.zone.put(key, plain).map_err(|error| error.to_string())?;
                if before.is_some() {
                    return Err(format!("its answer has {named} twice"));
                }
            }
        }
        Ok(())
    }

    fn end(self) -> Result<Listing, String> {
        let Self { zone, not_plain } = self;
        let apex = zone.apex();
        if zone.get(&SetKey::new(apex.clone(), Rtype::SOA)).is_none() {
            return Err(format!("its answer for zone {apex} has no SOA: it is not the whole zone"));
        }
        Ok(Listing { zone, not_plain, serial_stays: None })
    }
}

/// All of a zone. The error says why it is not.
pub(super) fn listing(apex: &Owner, sets: &[Set]) -> Result<Listing, String> {
    let mut reading = Reading::new(apex);
    sets.iter().try_for_each(|set| reading.take(read(set)?))?;
    reading.end()
}

/// The same from the answer itself.
pub(super) fn listing_of(apex: &Owner, body: &[u8]) -> Result<Listing, String> {
    let mut reading = Reading::new(apex);
    let (sets, soa_edit_api) = document::all_sets(body, read)?;
    sets.into_iter().try_for_each(|set| reading.take(set))?;
    Ok(Listing { serial_stays: serial_stays(&soa_edit_api, apex), ..reading.end()? })
}

/// What stands at some names.
pub(super) struct Standing(BTreeMap<(Owner, String), Set>);

impl Standing {
    /// A set whose name is none is at no name that anyone asks for.
    pub(super) fn new(sets: Vec<Set>) -> Self {
        let keyed = |set: Set| Some(((Owner::from_str(set.name()).ok()?, set.rtype().to_owned()), set));
        Self(sets.into_iter().filter_map(keyed).collect())
    }

    /// The set under a key. The error says why what stands there must not be written.
    pub(super) fn at(&self, key: &SetKey) -> Result<Option<RecordSet>, String> {
        let Some(set) = self.0.get(&(key.owner.clone(), key.rtype.to_string())) else { return Ok(None) };
        match read(set)? {
            Read::Empty => Ok(None),
            Read::Plain(_, plain) => Ok(Some(plain)),
            Read::Special(special) => Err(format!("{key} is left alone: {}", special.reason)),
        }
    }
}

/// The error is a name that is none.
fn read(set: &Set) -> Result<Read, String> {
    let owner = Owner::from_str(set.name()).map_err(|error| error.to_string())?;
    let special =
        |reason: String| Ok(Read::Special(NotPlain { owner: owner.clone(), rtype: set.rtype().to_owned(), reason }));
    if set.has_disabled() {
        return special("it has a disabled record, which a write would remove".to_owned());
    }
    let Ok(rtype) = Rtype::from_str(set.rtype()) else {
        return special(format!("{} is a type of PowerDNS's own", set.rtype()));
    };
    let values: Result<Vec<Rdata>, String> = set.served().map(|content| presentation::read(rtype, content)).collect();
    match values {
        Err(reason) => special(format!("it cannot be read: {reason}")),
        Ok(values) => Ok(match RecordSet::new(Ttl::received(set.ttl_secs()), values) {
            None => Read::Empty,
            Some(plain) => Read::Plain(SetKey::new(owner, rtype), plain),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn apex() -> Owner {
        "a.test.".parse().expect("a name")
    }

    fn set(name: &str, rtype: &str, contents: &[&str]) -> Value {
        let records: Vec<Value> = contents.iter().map(|content| json!({ "content": content })).collect();
        json!({ "name": name, "type": rtype, "ttl": 60, "records": records })
    }

    fn soa() -> Value {
        set("a.test.", "SOA", &["ns.a.test. h.a.test. 1 2 3 4 5"])
    }

    fn listed(sets: Vec<Value>) -> Result<Listing, String> {
        let sets: Vec<Set> = serde_json::from_value(Value::Array(sets)).expect("sets");
        listing(&apex(), &sets)
    }

    #[test]
    fn reads_all_that_is_plain() {
        let sets = vec![soa(), set("*.a.test.", "TXT", &[r#""a" "b""#]), set("W.a.test.", "A", &["192.0.2.1"])];
        let Listing { zone, not_plain, serial_stays: _ } = listed(sets).expect("whole");
        let keys: Vec<String> = zone.sets().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["a.test. SOA", "*.a.test. TXT", "w.a.test. A"]);
        assert_eq!(not_plain, []);
    }

    #[test]
    fn names_what_a_write_would_destroy() {
        let mut disabled = set("d.a.test.", "A", &["192.0.2.1", "192.0.2.2"]);
        disabled["records"][0]["disabled"] = json!(true);
        let sets = vec![
            soa(),
            set("l.a.test.", "ALIAS", &["b.test."]),
            set("l.a.test.", "LUA", &["A \"return 1\""]),
            disabled,
            set("o.a.test.", "A", &["not an address"]),
            set("c.a.test.", "A", &[]),
        ];
        let Listing { zone, not_plain, serial_stays: _ } = listed(sets).expect("whole");
        assert_eq!(zone.sets().len(), 1, "only the SOA");
        let left: Vec<String> = not_plain.iter().map(|left| format!("{} {}", left.owner, left.rtype)).collect();
        assert_eq!(left, ["l.a.test. ALIAS", "l.a.test. LUA", "d.a.test. A", "o.a.test. A"]);
    }

    #[test]
    fn what_cannot_be_the_whole_zone_is_an_error() {
        let address = || set("w.a.test.", "A", &["192.0.2.1"]);
        for (sets, words) in [
            (vec![address()], "no SOA"),
            (vec![soa(), address(), address()], "twice"),
            (vec![soa(), set("w.b.test.", "A", &["192.0.2.1"])], "outside"),
        ] {
            let said = listed(sets).expect_err("not whole");
            assert!(said.contains(words), "{said}");
        }
    }
}

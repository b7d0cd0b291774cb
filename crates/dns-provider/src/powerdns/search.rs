//! Looking for names by how they end, which the API's search does over all zones. Whether it did is seen by what has to be
//! found. Pure.
//!
//! The server leaves a backend that cannot search out without a word, and cuts what it finds at a number. So an answer
//! counts only if it has the zone's SOA, which every zone has, and fewer hits than were asked for.

use dns_zone::Owner;
use serde::Deserialize;

use super::set::{Record, Set};

/// Hits of one search. Of so many fences the zone may as well be read whole.
pub(super) const HITS_MAX: usize = 2_000;

/// A record that was found.
#[derive(Debug, Deserialize)]
pub(super) struct Hit {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    zone: String,
    ttl: u32,
    content: String,
    #[serde(default)]
    disabled: bool,
}

/// A name's text as a search matches it: without its final dot. None for a text that it would read as a pattern.
pub(super) fn words(owner: &Owner) -> Option<String> {
    let text = owner.to_string();
    let text = text.strip_suffix('.').filter(|text| !text.is_empty())?;
    (!text.contains(['*', '?', '\\'])).then(|| text.to_owned())
}

/// The sets of a zone among what was found. None if it may not be all.
pub(super) fn sets(zone: &Owner, hits: Vec<Hit>) -> Option<Vec<Set>> {
    if hits.len() >= HITS_MAX {
        return None;
    }
    let is_of_it = |hit: &Hit| hit.zone.parse::<Owner>().is_ok_and(|of| of == *zone);
    let mut sets: Vec<Set> = Vec::new();
    for Hit { name, rtype, zone: _, ttl, content, disabled } in hits.into_iter().filter(is_of_it) {
        let record = Record { content, disabled };
        match sets.iter_mut().find(|set| set.name() == name && set.is_of(&rtype)) {
            Some(set) => set.push(record),
            None => sets.push(Set::of_one(name, rtype, ttl, record)),
        }
    }
    Some(sets)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn owner(text: &str) -> Owner {
        text.parse().expect("a name")
    }

    fn hit(zone: &str, name: &str, content: &str, disabled: bool) -> Value {
        json!({
            "object_type": "record", "zone": zone, "zone_id": zone, "name": name, "type": "TXT", "ttl": 60,
            "content": content, "disabled": disabled,
        })
    }

    fn hits(list: Vec<Value>) -> Vec<Hit> {
        serde_json::from_value(Value::Array(list)).expect("hits")
    }

    #[test]
    fn records_of_other_zones_are_no_sets_of_this_one() {
        let found = sets(
            &owner("a.test."),
            hits(vec![
                hit("a.test.", "_x._failover.a.test.", "\"1\"", false),
                hit("A.test.", "_x._failover.a.test.", "\"2\"", true),
                hit("_failover.a.test.", "_x._failover.a.test.", "\"3\"", false),
            ]),
        )
        .expect("all");
        let [set] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(set.served().collect::<Vec<_>>(), ["\"1\""]);
        assert!(set.has_disabled());
    }

    #[test]
    fn as_many_hits_as_were_asked_for_may_not_be_all() {
        let many = |count: usize| hits(vec![hit("a.test.", "w.a.test.", "\"1\"", false); count]);
        assert!(sets(&owner("a.test."), many(HITS_MAX - 1)).is_some());
        assert!(sets(&owner("a.test."), many(HITS_MAX)).is_none());
    }

    #[test]
    fn a_name_that_would_be_a_pattern_is_not_searched_for() {
        assert_eq!(words(&owner("_x.a.test.")), Some("_x.a.test".to_owned()));
        for pattern in ["*.a.test.", "a\\?.test.", "a\\.b.test.", "."] {
            assert_eq!(words(&owner(pattern)), None, "{pattern}");
        }
    }
}

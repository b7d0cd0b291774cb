//! A whole zone.

use std::collections::BTreeMap;
use std::fmt;

use domain::base::Rtype;
use domain::rdata::ZoneRecordData;

use crate::owner::Owner;
use crate::rdata::Rdata;
use crate::record_set::{RecordSet, SetKey, Ttl};
use crate::serial::Serial;

/// Why something cannot stand in a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// A name that lies elsewhere.
    #[error("{owner} lies outside the zone {apex}")]
    OutOfZone {
        /// The name.
        owner: Owner,
        /// The zone's own.
        apex: Owner,
    },
    /// One RRset has one TTL (RFC 2181 §5.2).
    #[error("{key} has the TTLs {} and {}; an RRset has one (RFC 2181 §5.2)", ttls[0], ttls[1])]
    Ttls {
        /// The set.
        key: SetKey,
        /// The two.
        ttls: [Ttl; 2],
    },
}

/// All record sets of a zone, SOA and apex NS among them, in canonical order. Which of them may stand beside each other is not
/// looked at here.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    apex: Owner,
    sets: BTreeMap<SetKey, RecordSet>,
}

impl Zone {
    /// A zone that holds nothing yet.
    pub fn new(apex: Owner) -> Self {
        Self { apex, sets: BTreeMap::new() }
    }

    /// A zone of whole sets, in any order; of several under one key the last stays. Quicker than one by one, and in less room.
    ///
    /// # Errors
    /// [`ZoneError::OutOfZone`].
    pub fn of_sets(apex: Owner, sets: Vec<(SetKey, RecordSet)>) -> Result<Self, ZoneError> {
        let zone = Self::new(apex);
        sets.iter().try_for_each(|(key, _)| zone.check(key))?;
        Ok(Self { apex: zone.apex, sets: sets.into_iter().collect() })
    }

    /// Its name.
    pub fn apex(&self) -> &Owner {
        &self.apex
    }

    /// Adds one record; whether it was not there yet. Signatures may come with any TTLs ([`SetKey::ttl_of`]).
    ///
    /// # Errors
    /// [`ZoneError`]; the zone is as before.
    pub fn insert(&mut self, key: SetKey, ttl: Ttl, value: Rdata) -> Result<bool, ZoneError> {
        self.check(&key)?;
        let ttl = key.ttl_of(ttl, [&value]);
        let Some(set) = self.sets.get_mut(&key) else {
            self.sets.insert(key, RecordSet::of_one(ttl, value));
            return Ok(true);
        };
        if key.has_one_ttl() && set.ttl() != ttl {
            return Err(ZoneError::Ttls { key, ttls: [set.ttl(), ttl] });
        }
        Ok(set.join(ttl, value))
    }

    /// Puts a whole set in the place of what stands there, if anything does.
    ///
    /// # Errors
    /// [`ZoneError::OutOfZone`]; the zone is as before.
    pub fn put(&mut self, key: SetKey, set: RecordSet) -> Result<Option<RecordSet>, ZoneError> {
        self.check(&key)?;
        Ok(self.sets.insert(key, set))
    }

    fn check(&self, key: &SetKey) -> Result<(), ZoneError> {
        if key.owner.is_in(&self.apex) {
            return Ok(());
        }
        Err(ZoneError::OutOfZone { owner: key.owner.clone(), apex: self.apex.clone() })
    }

    /// Takes a set out.
    pub fn remove(&mut self, key: &SetKey) -> Option<RecordSet> {
        self.sets.remove(key)
    }

    /// The set under a key.
    pub fn get(&self, key: &SetKey) -> Option<&RecordSet> {
        self.sets.get(key)
    }

    /// All sets, in canonical order.
    pub fn sets(&self) -> impl ExactSizeIterator<Item = (&SetKey, &RecordSet)> {
        self.sets.iter()
    }

    /// The sets at one name.
    pub fn at<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = (&'a SetKey, &'a RecordSet)> {
        self.sets
            .range(SetKey::new(owner.clone(), Rtype::from_int(0))..)
            .take_while(move |(key, _)| key.owner == *owner)
    }

    /// The sets at a name and at all names below it: they follow each other in canonical order.
    pub fn under<'a>(&'a self, ancestor: &'a Owner) -> impl Iterator<Item = (&'a SetKey, &'a RecordSet)> {
        self.sets
            .range(SetKey::new(ancestor.clone(), Rtype::from_int(0))..)
            .take_while(move |(key, _)| key.owner.is_in(ancestor))
    }

    /// How many records it holds: values, not sets.
    pub fn records(&self) -> usize {
        self.sets.values().map(|set| set.values().len()).sum()
    }

    /// The serial of its SOA; none without exactly one.
    pub fn serial(&self) -> Option<Serial> {
        let soa = self.get(&SetKey::new(self.apex.clone(), Rtype::SOA))?;
        let [value] = soa.values() else { return None };
        match value.to_data(Rtype::SOA) {
            ZoneRecordData::Soa(soa) => Some(Serial::new(soa.serial().into_int())),
            _ => None,
        }
    }

    /// Gives its SOA the next serial (RFC 1982 §3.1), so that secondaries see that it has changed; which one that is, or none
    /// without exactly one SOA. One that is written as a date (RFC 1912 §2.2) becomes the date's next one.
    pub fn advance_serial(&mut self) -> Option<Serial> {
        let next = self.serial()?.next();
        let set = self.sets.get_mut(&SetKey::new(self.apex.clone(), Rtype::SOA))?;
        let [value] = set.values() else { return None };
        let mut wire = value.as_wire().to_vec();
        // Five numbers of four octets end it (RFC 1035 §3.3.13); the serial is the first.
        let at = wire.len().checked_sub(20)?;
        wire[at..at + 4].copy_from_slice(&u32::from(next).to_be_bytes());
        let value = Rdata::from_wire(Rtype::SOA, &wire).ok()?;
        *set = RecordSet::of_one(set.ttl(), value);
        Some(next)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({}, {} sets)", self.apex, self.sets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_serial(serial: u32) -> Zone {
        let apex: Owner = "example.test.".parse().expect("a name");
        let text = format!("ns1 hostmaster {serial} 3600 600 604800 30");
        let soa = Rdata::parse(Rtype::SOA, &text, &apex).expect("a SOA");
        let mut zone = Zone::new(apex.clone());
        zone.insert(SetKey::new(apex, Rtype::SOA), Ttl::received(60), soa).expect("in the zone");
        zone
    }

    /// A signature over what has this TTL.
    fn signature(covers: Rtype, ttl: u32) -> Rdata {
        let text = format!("{covers} 13 2 {ttl} 20270101000000 20261201000000 7 @ AAAA");
        Rdata::parse(Rtype::RRSIG, &text, &"example.test.".parse().expect("a name")).expect("a signature")
    }

    /// RFC 4034 §3: each has the TTL of what it covers.
    #[test]
    fn signatures_at_a_name_have_several_ttls_and_nothing_else_has() {
        let apex: Owner = "example.test.".parse().expect("a name");
        let key = SetKey::new(apex.clone(), Rtype::RRSIG);
        let records = [(Rtype::SOA, 3600), (Rtype::NSEC, 300), (Rtype::NSEC3PARAM, 0), (Rtype::SOA, 3600)];
        let (mut zone, mut backwards) = (Zone::new(apex.clone()), Zone::new(apex));
        for (covers, ttl) in records {
            zone.insert(key.clone(), Ttl::received(ttl), signature(covers, ttl)).expect("any TTL");
        }
        for (covers, ttl) in records.into_iter().rev() {
            backwards.insert(key.clone(), Ttl::received(ttl), signature(covers, ttl)).expect("any TTL");
        }
        assert_eq!(zone.get(&key).map(|set| (set.values().len(), set.ttl())), Some((3, Ttl::received(0))));
        assert_eq!(zone, backwards, "whichever came first");
        let address = SetKey::new(zone.apex().clone(), Rtype::A);
        let value = Rdata::from_wire(Rtype::A, &[192, 0, 2, 1]).expect("an address");
        assert_eq!(zone.insert(address.clone(), Ttl::received(60), value.clone()), Ok(true));
        let refused = zone.insert(address, Ttl::received(30), value);
        assert!(matches!(refused, Err(ZoneError::Ttls { .. })), "{refused:?}");
    }

    #[test]
    fn a_serial_goes_forward_over_the_end_and_over_the_last_of_a_day() {
        for (serial, next) in [(7, 8), (u32::MAX, 0), (2_026_112_299, 2_026_112_300)] {
            let mut zone = with_serial(serial);
            assert_eq!(zone.advance_serial(), Some(Serial::new(next)));
            assert_eq!(zone, with_serial(next), "nothing else of the SOA changes");
            assert!(Serial::new(next).is_newer_than(Serial::new(serial)));
        }
    }

    #[test]
    fn a_zone_without_a_soa_has_no_next_serial() {
        let mut zone = Zone::new("example.test.".parse().expect("a name"));
        assert_eq!(zone.advance_serial(), None);
    }
}

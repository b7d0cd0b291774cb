//! What a zone holds: RRsets by owner and type. Pure: no clock, no I/O.
//!
//! Invariants: every owner is at or below the apex; the apex has exactly one SOA and at least one NS; a CNAME stands
//! alone and alone in its RRset; no RRset is empty and none holds a value twice; an RRset has one TTL (RFC 2181 §5.2).
//! Owners compare without case and are kept as they were first written.
//!
//! It does not know DNSSEC, and a DNAME is a record like any other: nothing is synthesised from it.

mod lookup;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordData as _, RecordType};

pub use self::lookup::Answer;
pub(crate) use self::text::parse;

/// Text or records that make no zone.
#[derive(Debug, thiserror::Error)]
pub enum ZoneError {
    /// The text cannot be read.
    #[error("cannot read the text of zone {origin}: {reason}")]
    Text {
        /// The zone.
        origin: Name,
        /// What the parser says.
        reason: String,
    },
    /// A record does not belong into this zone.
    #[error("{owner} {rtype} cannot stand in zone {origin}: {reason}")]
    Record {
        /// The zone.
        origin: Name,
        /// The record's owner.
        owner: Name,
        /// The record's type.
        rtype: RecordType,
        /// Why not.
        reason: &'static str,
    },
    /// A record that every zone has is missing.
    #[error("zone {origin} has no {rtype} record at its apex")]
    Missing {
        /// The zone.
        origin: Name,
        /// SOA or NS.
        rtype: RecordType,
    },
}

/// The records of one owner and type.
#[derive(Clone, Debug)]
pub struct Rrset {
    ttl_secs: u32,
    values: Vec<RData>,
}

impl Rrset {
    /// Its TTL.
    pub fn ttl_secs(&self) -> u32 {
        self.ttl_secs
    }

    /// Its values, each once, in the order in which they came.
    pub fn values(&self) -> &[RData] {
        &self.values
    }

    /// Whether `values` are the same set. Names in values compare without case, everything else byte by byte, the
    /// strings of a TXT record one by one (RFC 2136 §1.1).
    pub fn same_values(&self, values: &[RData]) -> bool {
        self.values.iter().all(|value| values.contains(value)) && values.iter().all(|value| self.values.contains(value))
    }
}

impl PartialEq for Rrset {
    fn eq(&self, other: &Self) -> bool {
        self.ttl_secs == other.ttl_secs && self.same_values(&other.values)
    }
}

/// A zone's content.
#[derive(Clone, Debug)]
pub struct Zone {
    origin: Name,
    names: BTreeMap<Name, BTreeMap<RecordType, Rrset>>,
}

impl Zone {
    /// A zone of `records`.
    ///
    /// # Errors
    /// [`ZoneError::Record`] and [`ZoneError::Missing`].
    pub fn from_records(origin: &Name, records: impl IntoIterator<Item = Record>) -> Result<Self, ZoneError> {
        let mut origin = origin.clone();
        origin.set_fqdn(true);
        let mut zone = Self { origin, names: BTreeMap::new() };
        for record in records {
            zone.insert(record)?;
        }
        for rtype in [RecordType::SOA, RecordType::NS] {
            if zone.rrset(&zone.origin, rtype).is_none() {
                return Err(ZoneError::Missing { origin: zone.origin, rtype });
            }
        }
        Ok(zone)
    }

    /// The apex.
    pub fn origin(&self) -> &Name {
        &self.origin
    }

    /// The serial of the SOA.
    pub fn serial(&self) -> u32 {
        self.soa().1.serial
    }

    /// The RRset that stands at `owner` itself; nothing that a wildcard lends or a delegation hides.
    pub fn rrset(&self, owner: &Name, rtype: RecordType) -> Option<&Rrset> {
        self.names.get(owner)?.get(&rtype)
    }

    /// Every record, in canonical order of owners.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.names.iter().flat_map(|(owner, types)| types.values().flat_map(move |rrset| records_of(owner, rrset)))
    }

    /// The owners whose records differ between two zones.
    pub fn changed_since(&self, before: &Self) -> Vec<Name> {
        let owners: BTreeSet<&Name> = self.names.keys().chain(before.names.keys()).collect();
        owners.into_iter().filter(|owner| self.names.get(*owner) != before.names.get(*owner)).cloned().collect()
    }

    /// Whether any record stands at `owner`. An empty non-terminal is not in use (RFC 2136 §2.4.4).
    pub(crate) fn in_use(&self, owner: &Name) -> bool {
        self.names.contains_key(owner)
    }

    /// Whether `owner` is in use or lies above a name that is (RFC 4592 §2.2.2).
    fn exists(&self, owner: &Name) -> bool {
        // Canonical order puts what lies below a name right behind it.
        let below = self.names.range((Bound::Excluded(owner), Bound::Unbounded)).next();
        self.in_use(owner) || below.is_some_and(|(next, _)| owner.zone_of(next))
    }

    fn types(&self, owner: &Name) -> Option<&BTreeMap<RecordType, Rrset>> {
        self.names.get(owner)
    }

    /// The SOA with its TTL.
    pub(crate) fn soa(&self) -> (u32, &SOA) {
        let rrset = self.rrset(&self.origin, RecordType::SOA);
        match rrset.map(|rrset| (rrset.ttl_secs, rrset.values.as_slice())) {
            Some((ttl_secs, [RData::SOA(soa)])) => (ttl_secs, soa),
            _ => unreachable!("invariant: a zone has exactly one SOA"),
        }
    }

    /// Puts one record of the class IN into the zone.
    pub(crate) fn insert(&mut self, record: Record) -> Result<(), ZoneError> {
        let rtype = record.record_type();
        if let Some(reason) = self.objection(&record) {
            return Err(ZoneError::Record { origin: self.origin.clone(), owner: record.name, rtype, reason });
        }
        self.put(record);
        Ok(())
    }

    fn objection(&self, record: &Record) -> Option<&'static str> {
        let rtype = record.record_type();
        let is_apex = record.name == self.origin;
        let is_second =
            |rtype| self.rrset(&record.name, rtype).is_some_and(|rrset| !rrset.values.contains(&record.data));
        match rtype {
            _ if !self.origin.zone_of(&record.name) => Some("its name is outside the zone"),
            _ if record.dns_class != DNSClass::IN => Some("its class is not IN"),
            _ if record.data.is_update() => Some("it has no value"),
            RecordType::SOA if !is_apex => Some("a SOA stands at the apex only"),
            RecordType::SOA if is_second(rtype) => Some("there is a SOA already"),
            RecordType::CNAME if is_second(rtype) => Some("there is a CNAME already"),
            RecordType::CNAME if self.holds_other_than(&record.name, rtype) => Some("a CNAME stands alone"),
            _ if rtype != RecordType::CNAME && self.rrset(&record.name, RecordType::CNAME).is_some() => {
                Some("it would stand beside a CNAME")
            }
            _ => None,
        }
    }

    /// Whether a record of another type stands at `owner`.
    pub(crate) fn holds_other_than(&self, owner: &Name, rtype: RecordType) -> bool {
        self.types(owner).is_some_and(|types| types.keys().any(|held| *held != rtype))
    }

    /// Adds a value to its RRset, or replaces the same one; the whole RRset takes the record's TTL. The caller has
    /// checked that it may stand there.
    pub(crate) fn put(&mut self, record: Record) {
        let Record { mut name, ttl, data, .. } = record;
        name.set_fqdn(true);
        let types = self.names.entry(name).or_default();
        let rrset = types.entry(data.record_type()).or_insert_with(|| Rrset { ttl_secs: ttl, values: Vec::new() });
        rrset.ttl_secs = ttl;
        rrset.values.retain(|value| *value != data);
        rrset.values.push(data);
    }

    /// Removes an RRset.
    pub(crate) fn remove_rrset(&mut self, owner: &Name, rtype: RecordType) {
        self.retain(owner, |held, _| held != rtype);
    }

    /// Removes one value.
    pub(crate) fn remove_value(&mut self, owner: &Name, value: &RData) {
        self.retain(owner, |_, rrset| {
            rrset.values.retain(|held| held != value);
            !rrset.values.is_empty()
        });
    }

    /// Keeps the RRsets of a name that `keep` names. A name without any is gone.
    pub(crate) fn retain(&mut self, owner: &Name, mut keep: impl FnMut(RecordType, &mut Rrset) -> bool) {
        let Some(types) = self.names.get_mut(owner) else { return };
        types.retain(|rtype, rrset| keep(*rtype, rrset));
        if types.is_empty() {
            self.names.remove(owner);
        }
    }

    /// Sets the serial to the next one (RFC 1982 §3.1). Zero is left out: some tools take it for "none".
    pub(crate) fn bump_serial(&mut self) {
        let (ttl_secs, soa) = self.soa();
        let mut soa = soa.clone();
        soa.serial = soa.serial.wrapping_add(1).max(1);
        let origin = self.origin.clone();
        self.remove_rrset(&origin, RecordType::SOA);
        self.put(Record::from_rdata(origin, ttl_secs, RData::SOA(soa)));
    }
}

fn records_of(owner: &Name, rrset: &Rrset) -> Vec<Record> {
    let record = |value: &RData| Record::from_rdata(owner.clone(), rrset.ttl_secs, value.clone());
    rrset.values.iter().map(record).collect()
}

#[cfg(test)]
mod tests;

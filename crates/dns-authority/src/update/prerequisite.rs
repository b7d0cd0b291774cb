//! The five kinds of prerequisite (RFC 2136 §2.4), compared exactly (§3.2.5).
//!
//! Those that name a value are gathered into RRsets, and each must be the zone's RRset: not a part of it and not more.
//! TTLs play no part. Nothing is lent by wildcards here, and an empty non-terminal is not in use.

use std::collections::BTreeMap;
use std::fmt;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordData as _, RecordType};

use super::{Refusal, is_meta};
use crate::zone::Zone;

/// What a prerequisite asks of the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Some record at the name (§2.4.4).
    NameInUse,
    /// No record at the name (§2.4.5).
    NameNotInUse,
    /// An RRset of the type, whatever it holds (§2.4.1).
    Present,
    /// Exactly these values (§2.4.2).
    Exactly,
    /// No RRset of the type (§2.4.3).
    Absent,
}

/// A prerequisite that the zone does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPrerequisite {
    /// The name that it is about.
    pub owner: Name,
    /// The type; `ANY` for the name itself.
    pub rtype: RecordType,
    /// What it asks.
    pub requirement: Requirement,
}

impl FailedPrerequisite {
    /// The rcode that says so.
    pub fn rcode(&self) -> ResponseCode {
        match self.requirement {
            Requirement::NameInUse => ResponseCode::NXDomain,
            Requirement::NameNotInUse => ResponseCode::YXDomain,
            Requirement::Present | Requirement::Exactly => ResponseCode::NXRRSet,
            Requirement::Absent => ResponseCode::YXRRSet,
        }
    }
}

impl fmt::Display for FailedPrerequisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, rtype, requirement } = self;
        match requirement {
            Requirement::NameInUse => write!(f, "{owner} has no records"),
            Requirement::NameNotInUse => write!(f, "{owner} has records"),
            Requirement::Present => write!(f, "{owner} has no {rtype} records"),
            Requirement::Exactly => write!(f, "the {rtype} records of {owner} are others than required"),
            Requirement::Absent => write!(f, "{owner} has {rtype} records"),
        }
    }
}

/// Checks them all, in their order; those with values come last (§3.2.5).
pub(super) fn check(zone: &Zone, prerequisites: &[Record]) -> Result<(), Refusal> {
    let mut exact: BTreeMap<(&Name, RecordType), Vec<RData>> = BTreeMap::new();
    for record in prerequisites {
        let rtype = record.record_type();
        if record.ttl != 0 {
            return Err(Refusal::Malformed("the TTL of a prerequisite is not zero"));
        }
        if !zone.origin().zone_of(&record.name) {
            return Err(Refusal::NotZone(record.name.clone()));
        }
        match record.dns_class {
            DNSClass::ANY | DNSClass::NONE => check_valueless(zone, record)?,
            DNSClass::IN if is_meta(rtype) => {
                return Err(Refusal::Malformed("a prerequisite has a type that is no data"));
            }
            DNSClass::IN => exact.entry((&record.name, rtype)).or_default().push(record.data.clone()),
            _ => return Err(Refusal::Malformed("the class of a prerequisite is neither IN, ANY nor NONE")),
        }
    }
    exact.into_iter().try_for_each(|((owner, rtype), values)| {
        let is_met = zone.rrset(owner, rtype).is_some_and(|rrset| rrset.same_values(&values));
        met(is_met, owner, rtype, Requirement::Exactly)
    })
}

fn check_valueless(zone: &Zone, record: &Record) -> Result<(), Refusal> {
    let (owner, rtype) = (&record.name, record.record_type());
    if !record.data.is_update() {
        return Err(Refusal::Malformed("a prerequisite of class ANY or NONE has a value"));
    }
    let (in_use, present) = (zone.in_use(owner), zone.rrset(owner, rtype).is_some());
    match (record.dns_class, rtype) {
        (DNSClass::ANY, RecordType::ANY) => met(in_use, owner, rtype, Requirement::NameInUse),
        (DNSClass::ANY, _) => met(present, owner, rtype, Requirement::Present),
        (_, RecordType::ANY) => met(!in_use, owner, rtype, Requirement::NameNotInUse),
        (_, _) => met(!present, owner, rtype, Requirement::Absent),
    }
}

fn met(is_met: bool, owner: &Name, rtype: RecordType, requirement: Requirement) -> Result<(), Refusal> {
    if is_met {
        return Ok(());
    }
    Err(Refusal::Prerequisite(FailedPrerequisite { owner: owner.clone(), rtype, requirement }))
}

#[cfg(test)]
mod tests;

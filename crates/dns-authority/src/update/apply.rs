//! One record of an update section applied to a zone (RFC 2136 §3.4.2).
//!
//! What the zone's invariants forbid is skipped without a word, as the RFC says: NOERROR does not mean applied. That is
//! a CNAME beside other data and the reverse, a SOA that is older or elsewhere than at the apex, and a deletion of the
//! apex's SOA, of its NS as a whole or of its last NS.

use std::cmp::Ordering;

use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use crate::zone::Zone;

/// Applies a record that passed the prescan.
pub(super) fn apply(zone: &mut Zone, record: &Record) {
    let (owner, rtype) = (&record.name, record.record_type());
    match record.dns_class {
        DNSClass::ANY if rtype == RecordType::ANY => delete_name(zone, owner),
        DNSClass::ANY => delete_rrset(zone, owner, rtype),
        DNSClass::NONE => delete_value(zone, owner, &record.data),
        _ => add(zone, record),
    }
}

/// §3.4.2.2.
fn add(zone: &mut Zone, record: &Record) {
    let (owner, rtype) = (&record.name, record.record_type());
    match &record.data {
        RData::CNAME(_) if zone.holds_other_than(owner, rtype) => return,
        RData::CNAME(_) => zone.remove_rrset(owner, rtype),
        _ if zone.rrset(owner, RecordType::CNAME).is_some() => return,
        RData::SOA(soa) if owner != zone.origin() || is_older(soa, zone.soa().1) => return,
        RData::SOA(_) => zone.remove_rrset(owner, rtype),
        _ => {}
    }
    zone.put(record.clone());
}

/// Serials half the circle apart have no order (RFC 1982 §3.2); such a one is not taken for newer.
fn is_older(new: &SOA, held: &SOA) -> bool {
    let order = SerialNumber::new(new.serial).partial_cmp(&SerialNumber::new(held.serial));
    !matches!(order, Some(Ordering::Equal | Ordering::Greater))
}

/// §3.4.2.3: every record of a name, except the apex's own.
pub(crate) fn delete_name(zone: &mut Zone, owner: &Name) {
    let is_apex = owner == zone.origin();
    zone.retain(owner, |rtype, _| is_apex && is_apex_own(rtype));
}

/// §3.4.2.3: an RRset, except the apex's own.
pub(crate) fn delete_rrset(zone: &mut Zone, owner: &Name, rtype: RecordType) {
    if owner != zone.origin() || !is_apex_own(rtype) {
        zone.remove_rrset(owner, rtype);
    }
}

/// §3.4.2.4.
fn delete_value(zone: &mut Zone, owner: &Name, value: &RData) {
    let is_apex = owner == zone.origin();
    let is_last = zone.rrset(owner, value.record_type()).is_some_and(|rrset| rrset.values().len() == 1);
    match value.record_type() {
        RecordType::SOA => {}
        RecordType::NS if is_apex && is_last => {}
        _ => zone.remove_value(owner, value),
    }
}

fn is_apex_own(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::SOA | RecordType::NS)
}

#[cfg(test)]
mod tests;

//! The check of all updates before the first is applied (RFC 2136 §3.4.1), so that an UPDATE is never half done.

use hickory_proto::rr::{DNSClass, Name, Record, RecordData as _, RecordType};

use super::{Refusal, is_meta};

/// Checks each record of the update section.
pub(super) fn check(origin: &Name, updates: &[Record]) -> Result<(), Refusal> {
    updates.iter().try_for_each(|record| {
        if !origin.zone_of(&record.name) {
            return Err(Refusal::NotZone(record.name.clone()));
        }
        fault(record).map_or(Ok(()), |fault| Err(Refusal::Malformed(fault)))
    })
}

fn fault(record: &Record) -> Option<&'static str> {
    let rtype = record.record_type();
    let has_value = !record.data.is_update();
    match record.dns_class {
        DNSClass::IN if is_meta(rtype) => Some("an added record has a type that is no data"),
        // No type that is known here has an empty value.
        DNSClass::IN if !has_value => Some("an added record has no value"),
        DNSClass::ANY | DNSClass::NONE if record.ttl != 0 => Some("the TTL of a deletion is not zero"),
        DNSClass::ANY if has_value => Some("the deletion of an RRset has a value"),
        DNSClass::ANY if is_meta(rtype) && rtype != RecordType::ANY => Some("an RRset of no data is deleted"),
        DNSClass::NONE if is_meta(rtype) => Some("a record of no data is deleted"),
        DNSClass::IN | DNSClass::ANY | DNSClass::NONE => None,
        _ => Some("the class of an update is neither IN, ANY nor NONE"),
    }
}

#[cfg(test)]
mod tests;

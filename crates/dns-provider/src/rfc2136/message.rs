//! A change set as an UPDATE message (RFC 2136 §2). Pure.
//!
//! Besides translating, it refuses what must never be sent: a change to an RRset that nothing is required of.

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{Rrset, RrsetKey};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::port::ProviderError;

/// The longest string of a TXT record (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// Builds the message, unsigned, with a random id.
pub(super) fn update(subject: &str, change: &ChangeSet) -> Result<Message, ProviderError> {
    check(change).map_err(|(record, reason)| ProviderError::Invalid {
        subject: subject.to_owned(),
        record,
        reason: reason.to_owned(),
    })?;
    let id = Message::query().metadata.id;
    let mut message = Message::new(id, MessageType::Query, OpCode::Update);
    message.add_query(Query::query(change.zone.clone(), RecordType::SOA));
    message.add_answers(prerequisites(change));
    message.add_authorities(updates(change));
    Ok(message)
}

fn prerequisites(change: &ChangeSet) -> Vec<Record> {
    let fence = match &change.guard {
        Guard::Absent => rrset_absent(&change.fence_name, RecordType::TXT),
        // One record with all its strings: several records would be another RRset.
        Guard::Exactly { text, .. } => value(&change.fence_name, 0, txt(text)),
    };
    let rrsets = change.requires.iter().flat_map(|requirement| match requirement {
        Requirement::Exactly(rrset) => values(rrset, 0),
        Requirement::Absent(key) => vec![rrset_absent(key.name(), key.rtype().record_type())],
    });
    std::iter::once(fence).chain(rrsets).collect()
}

fn updates(change: &ChangeSet) -> Vec<Record> {
    let deletes = change.deletes.iter().map(|rrset| whole_rrset(rrset.key().name(), rrset.key().rtype().record_type()));
    let fence_delete = match change.guard {
        Guard::Absent => None,
        Guard::Exactly { .. } => Some(whole_rrset(&change.fence_name, RecordType::TXT)),
    };
    let creates = change.creates.iter().flat_map(|rrset| values(rrset, rrset.ttl().as_secs()));
    let fence = value(&change.fence_name, change.fence_ttl.as_secs(), txt(&change.fence));
    deletes.chain(fence_delete).chain(creates).chain([fence]).collect()
}

/// RFC 2136 §2.4.3: no RRset of this type.
fn rrset_absent(name: &Name, rtype: RecordType) -> Record {
    let mut record = Record::update0(name.clone(), 0, rtype);
    record.dns_class = DNSClass::NONE;
    record
}

/// RFC 2136 §2.5.2: the whole RRset goes.
fn whole_rrset(name: &Name, rtype: RecordType) -> Record {
    let mut record = Record::update0(name.clone(), 0, rtype);
    record.dns_class = DNSClass::ANY;
    record
}

/// RFC 2136 §2.4.2 with a TTL of 0, §2.5.1 with another.
fn values(rrset: &Rrset, ttl_secs: u32) -> Vec<Record> {
    rrset.values().iter().map(|data| value(rrset.key().name(), ttl_secs, data.clone())).collect()
}

fn value(name: &Name, ttl_secs: u32, data: RData) -> Record {
    Record::from_rdata(name.clone(), ttl_secs, data)
}

fn txt(text: &FenceText) -> RData {
    RData::TXT(TXT::from_bytes(text.strings().iter().map(String::as_bytes).collect()))
}

/// What no change set of a plan violates, but a stored or damaged one could. The error is a record and a reason.
fn check(change: &ChangeSet) -> Result<(), (String, &'static str)> {
    let fence = || change.fence_name.to_string();
    if !fits(&change.fence) || matches!(&change.guard, Guard::Exactly { text, .. } if !fits(text)) {
        return Err((fence(), "a TXT record has one or more strings of at most 255 bytes"));
    }
    let required = change.requires.iter().map(|requirement| match requirement {
        Requirement::Exactly(rrset) => rrset.key(),
        Requirement::Absent(key) => key,
    });
    let named = required.chain(change.deletes.iter().chain(&change.creates).map(Rrset::key)).map(RrsetKey::name);
    if let Some(outside) = named.chain([&change.fence_name]).find(|name| !change.zone.zone_of(name)) {
        return Err((outside.to_string(), "it is outside the zone"));
    }
    if let Some(unread) = change.deletes.iter().find(|rrset| !requires_exactly(change, rrset)) {
        return Err((unread.key().to_string(), "it would be removed without the condition that it is as it was read"));
    }
    if let Some(unread) = change.creates.iter().find(|rrset| !requires_any(change, rrset.key())) {
        return Err((unread.key().to_string(), "it would be written without a condition on what is there"));
    }
    Ok(())
}

fn fits(text: &FenceText) -> bool {
    !text.strings().is_empty() && text.strings().iter().all(|string| string.len() <= STRING_BYTES_MAX)
}

fn requires_exactly(change: &ChangeSet, deleted: &Rrset) -> bool {
    change.requires.iter().any(|requirement| match requirement {
        Requirement::Exactly(rrset) => rrset.same_values(deleted),
        Requirement::Absent(_) => false,
    })
}

/// Exactly what goes, or nothing: a created RRset never joins records that stay.
fn requires_any(change: &ChangeSet, created: &RrsetKey) -> bool {
    change.requires.iter().any(|requirement| match requirement {
        Requirement::Exactly(rrset) => {
            rrset.key() == created && change.deletes.iter().any(|gone| gone.key() == created)
        }
        Requirement::Absent(key) => key == created,
    })
}

#[cfg(test)]
mod tests;

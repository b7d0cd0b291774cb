//! A change set as an UPDATE message (RFC 2136 §2). Pure.

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::Rrset;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::port::{Capabilities, ProviderError};
use crate::sound;

/// Builds the message, unsigned, with a random id.
pub(super) fn update(able: &Capabilities, change: &ChangeSet) -> Result<Message, ProviderError> {
    sound::check(able, change)?;
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

#[cfg(test)]
mod tests;
